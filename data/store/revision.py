"""Which revision the tables of a store have, and which one this release works with, without the tools that change them.

The service asks at every start and `/readyz` at every call; loading those tools would take longer than the answer.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from sqlalchemy import Connection, inspect, text

_VERSIONS = Path(__file__).parents[1] / "migrations" / "versions"


def revision_of(connection: Connection) -> str:
    """Revision of the tables; empty for none."""
    if not inspect(connection).has_table("alembic_version"):
        return ""
    return str(connection.execute(text("select version_num from alembic_version")).scalar() or "")


@lru_cache(maxsize=1)
def revisions() -> tuple[str, ...]:
    """Every revision this release has, the oldest first: files are called ``<revision>_<what>.py``."""
    return tuple(sorted(path.name.partition("_")[0] for path in _VERSIONS.glob("[0-9]*_*.py")))


def is_known(revision: str) -> bool:
    """Whether this release has a revision; one that it has not is of a newer release."""
    return revision in revisions()


def head() -> str:
    """The revision that this release works with."""
    return revisions()[-1]
