"""What the first change would otherwise wait for: libraries that the start of the service leaves out.

Some use cases load table libraries and the solver's floor when they are first called.  In the first change after a
start that would happen inside its transaction, with its locks held; so it is done beforehand, beside the first answers.
So is what the first mistyped address would wait for.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING

from api.usecases.address_books import load_address_reader
from data.store import SqlStore
from data.store.rooms.life import EDITABLE

if TYPE_CHECKING:
    from api.usecases.plan_desk import Desk

LATE = (
    "api.usecases.plan_life",
    "api.usecases.plan_desk",
    "api.usecases.edit_plan",
    "api.usecases.plan_features",
    "api.usecases.plan_ground",
    "data.store.rooms.plans",
    "data.store.rooms.territories",
    "data.store.rooms.edits",
    "api.patrol_answers",
    "api.usecases.track_desk",
)
_LOOKED_AT = 100
_LOG = logging.getLogger("gridwright.service")


def warm_up(store: SqlStore, desk: Callable[[], Desk]) -> threading.Thread:
    """Load them in a thread that nobody has to wait for; then lay out the ground of the plan that was edited last.

    Parameters
    ----------
    store
        Whose plans.
    desk
        The desk of the service.
    """
    thread = threading.Thread(target=lambda: _load(store, desk), name="warm-up", daemon=True)
    thread.start()
    return thread


def _load(store: SqlStore, desk: Callable[[], Desk]) -> None:
    for name in LATE:
        _try(name, partial(import_module, name))
    _try("gis.address", load_address_reader)
    _try("the plan that was edited last", partial(_lay_out, store, desk))


def _lay_out(store: SqlStore, desk: Callable[[], Desk]) -> None:
    """Whoever opens the plan that is worked on finds its ground ready."""
    from api.usecases.plan_ground import kept_ground, kept_key

    with store.read() as tx:
        drafts = [card for state in EDITABLE for card in tx.plans.cards(state=state, limit=_LOOKED_AT)]
    if drafts:
        last = max(drafts, key=lambda card: (card.changed_at, card.id))
        place = desk().place(last.id, "")
        kept_key(place)
        kept_ground(place)


def _try(name: str, load: Callable[[], object]) -> None:
    try:
        load()
    except Exception:
        # Whoever needs it will be told; the service itself goes on.
        _LOG.exception("%s can not be loaded", name)
