"""What the first change would otherwise wait for: libraries that the start of the service leaves out.

Some use cases load table libraries and the solver's floor when they are first called.  In the first change after a
start that would happen inside its transaction, with its locks held; so it is done beforehand, beside the first answers.
So is what the first mistyped address would wait for.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from importlib import import_module

from api.usecases.address_books import load_address_reader

LATE = (
    "api.usecases.plan_life",
    "api.usecases.plan_desk",
    "api.usecases.edit_plan",
    "api.usecases.plan_features",
    "data.store.rooms.plans",
    "data.store.rooms.territories",
    "data.store.rooms.edits",
    "api.patrol_answers",
    "api.usecases.track_desk",
)
_LOG = logging.getLogger("gridwright.service")


def warm_up() -> threading.Thread:
    """Load them in a thread that nobody has to wait for."""
    thread = threading.Thread(target=_load, name="warm-up", daemon=True)
    thread.start()
    return thread


def _load() -> None:
    for name in LATE:
        _try(name, lambda name=name: import_module(name))
    _try("gis.address", load_address_reader)


def _try(name: str, load: Callable[[], object]) -> None:
    try:
        load()
    except Exception:
        # Whoever needs it will be told; the service itself goes on.
        _LOG.exception("%s can not be loaded", name)
