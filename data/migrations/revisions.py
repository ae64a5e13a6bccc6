"""Which revisions there are, and which one a store has: for backups, which carry theirs along."""

from __future__ import annotations

from pathlib import Path

from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection


def revision_of(connection: Connection) -> str:
    """Revision of the tables; empty for none."""
    return MigrationContext.configure(connection).get_current_revision() or ""


def is_known(revision: str) -> bool:
    """Whether this release has a revision; one that it has not is of a newer release."""
    scripts = ScriptDirectory(str(Path(__file__).parent))
    return revision in {script.revision for script in scripts.walk_revisions()}


def head() -> str:
    """The revision that this release works with."""
    return ScriptDirectory(str(Path(__file__).parent)).get_current_head() or ""
