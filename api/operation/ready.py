"""Whether a service can do its work now: its store answers, has the tables of this release, and has room to write."""

from __future__ import annotations

import shutil
from pathlib import Path

from data.store import SqlStore
from data.store.revision import head, revision_of
from gis.errors import Fault, GridwrightError

LEAST_FREE_BYTES = 20_000_000
"""Below this an embedded store could not finish a larger change."""


def obstacle(store: SqlStore) -> Fault | None:
    """The first thing that keeps the service from its work; ``None`` for nothing."""
    try:
        with store.read() as tx:
            found = revision_of(tx.connection)
    except GridwrightError as error:
        return error.faults[0]
    if found != head():
        return Fault("ready_tables_differ", {"measured": found, "allowed": head()})
    if store.kind == "embedded" and store.url.database:
        free = shutil.disk_usage(Path(store.url.database).parent).free
        if free < LEAST_FREE_BYTES:
            return Fault("ready_disk_full", {"measured": free // 10**6, "allowed": LEAST_FREE_BYTES // 10**6})
    return None
