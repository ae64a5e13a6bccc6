"""When: the moment written into files is the state of the data, never the clock (same input, same bytes)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from api import settings


def moment_of_territory(path: Path, meta: Mapping[str, str]) -> str:
    """ISO 8601 moment of a territory: ``SOURCE_DATE_EPOCH``, else its own ``created_at``, else its last change."""
    return settings.fixed_moment() or meta.get("created_at") or last_change(path) or ""


def moment_of_sources(paths: Iterable[Path], stated: str = "") -> str:
    """ISO 8601 moment of sources: ``SOURCE_DATE_EPOCH``, else what they state, else their latest change.

    Empty where no source states one: the time of a file on the disk says when it was copied, not how old it is.
    """
    fixed = settings.fixed_moment()
    return fixed or stated or max((last_change(path) for path in paths), default="")


def last_change(path: Path) -> str:
    """The latest ``last_change`` that a GeoPackage states about its layers; empty for any other file."""
    with path.open("rb") as file:
        if file.read(15) != b"SQLite format 3":
            return ""
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
    try:
        (latest,) = connection.execute("SELECT max(last_change) FROM gpkg_contents").fetchone()
    except sqlite3.DatabaseError:
        return ""
    finally:
        connection.close()
    try:
        moment = datetime.fromisoformat(str(latest))
    except ValueError:
        return ""
    if moment.replace(tzinfo=None) == datetime(1970, 1, 1):
        return ""  # what a writer puts where it knows no date
    return settings.iso_moment(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
