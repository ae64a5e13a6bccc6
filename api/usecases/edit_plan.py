"""Edits of a plan by hand: one transaction each, checked against the rules, the locks and everybody else's edits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from api.usecases.plan_desk import Desk, Place
from api.usecases.run_draw import explain
from data.store import Tx
from data.store.rooms.history import Change
from data.store.rooms.life import Stale
from data.store.rooms.plans import PlanCard
from gis.errors import Fault, GridwrightError
from partition.edits import Sheet, TableChange, Wish, check_locks, edit, refuse_locked

_DECIMALS = 7
_MOST_CHANGES = 10_000


@dataclass(frozen=True, slots=True)
class Edited:
    """A step that was made, taken back or made again.

    Attributes
    ----------
    before, card
        The plan before and after.
    change
        What it changed.
    ground
        The ground that moved, as GeoJSON geometry.
    sheet
        The plan afterwards; to be kept at the desk once the transaction has ended well.
    """

    before: PlanCard
    card: PlanCard
    change: TableChange
    ground: Mapping[str, Any] | None
    sheet: Sheet | None


@dataclass(frozen=True, slots=True)
class Difference:
    """What others changed since a revision, and what was asked for.

    Attributes
    ----------
    card
        The plan as it is.
    revision
        The one the request knew.
    theirs
        Changes since then.
    yours
        What the request would change in the plan as it is; ``None`` where it can not be made any more, or where it was
        no edit of ground.
    ground
        The ground it would move.
    faults
        Why it can not be made.
    is_disjoint
        Nothing that it touches was touched by anybody else: it can be made on the plan as it is.
    """

    card: PlanCard
    revision: int
    theirs: tuple[Change, ...]
    yours: TableChange | None = None
    ground: Mapping[str, Any] | None = None
    faults: tuple[Fault, ...] = ()
    is_disjoint: bool = False


class StaleEdit(Stale):
    """An edit was made for an older revision; says what changed since."""

    def __init__(self, difference: Difference) -> None:
        super().__init__(difference.card, difference.revision)
        self.difference = difference


def make_edit(
    desk: Desk, tx: Tx, id: str, place: Place, wish: Wish, *, revision: int, name: str = "", merges: bool = False
) -> Edited:
    """Make one edit of a plan.

    Parameters
    ----------
    place
        From ``desk.place``, asked for before the transaction began: making it can take long.
    revision
        The one the edit was made for.
    name
        What to call the step.
    merges
        Whether it may go on a newer revision, where nobody touched what it touches.

    Raises
    ------
    NotFound, Conflict
        As `data.store.rooms.life.Life.hold_editable`.
    StaleEdit
        ``plan_changed_meanwhile``.
    InputError, Conflict
        As `partition.edits.edit`.
    """
    card = tx.life.hold_editable(id)
    sheet = desk.sheet(tx, card, place)
    locks = tx.life.locks(id)
    if card.revision != revision:
        difference = _difference(tx, card, place, sheet, wish, revision, locks)
        if not (merges and difference.is_disjoint):
            raise StaleEdit(difference)
    after, change = edit(place.ground, sheet, wish, explain, locks)
    ground = ground_of(place, change)
    return Edited(card, tx.life.edits.push(card, change, name, ground), change, ground, after)


def undo_edit(desk: Desk, tx: Tx, id: str, place: Place, *, revision: int, again: bool = False) -> Edited:
    """Take the newest step of a plan back, or make the next undone one again.

    Raises
    ------
    NotFound, Stale, Conflict
        As `hold_editable`; ``nothing_to_undo``, ``nothing_to_redo``, ``edit_locked``.
    """
    card = tx.life.hold_editable(id, revision)
    edits = tx.life.edits
    change = edits.to_redo(card) if again else edits.to_undo(card)
    sheet = desk.sheet(tx, card, place)
    refuse_locked(place.ground, sheet, change, tx.life.locks(id))
    done = edits.redo(card) if again else edits.undo(card)
    return Edited(card, done, change, ground_of(place, change), sheet.after(place.ground, change))


def lock_plan(desk: Desk, tx: Tx, id: str, place: Place, locks: Sequence[str], *, revision: int) -> PlanCard:
    """Lock parts of a plan.

    Raises
    ------
    InputError
        ``lock_unknown``, ``lock_kind_unknown``.
    NotFound, Stale, Conflict
        As `hold_editable`.
    """
    card = tx.life.hold_editable(id, revision)
    check_locks(place.ground, desk.sheet(tx, card, place), locks)
    return tx.life.add_locks(id, locks)


def changes_since(tx: Tx, card: PlanCard, revision: int) -> Difference:
    """What others changed, for a request that was no edit of ground."""
    return Difference(card, revision, tx.life.history.changes(card.id, after=revision, limit=_MOST_CHANGES))


def _difference(
    tx: Tx, card: PlanCard, place: Place, sheet: Sheet, wish: Wish, revision: int, locks: Sequence[str]
) -> Difference:
    theirs = changes_since(tx, card, revision).theirs
    try:
        _, yours = edit(place.ground, sheet, wish, explain, locks)
    except GridwrightError as error:
        return Difference(card, revision, theirs, faults=error.faults)
    touched = {code for change in theirs for code in change.change.get("grids", ())}
    known = revision < card.revision and len(theirs) == card.revision - revision
    disjoint = known and not touched & set(yours.grids)
    return Difference(card, revision, theirs, yours, ground_of(place, yours), is_disjoint=disjoint)


def ground_of(place: Place, change: TableChange) -> Mapping[str, Any] | None:
    """The ground that a change moves, as a GeoJSON geometry in longitude and latitude; ``None`` for unknown ground."""
    at = [place.ground.atom_at[name] for name, _, _ in change.atoms if name in place.ground.atom_at]
    if not at:
        return None
    united = shapely.union_all(place.ground.lon_lat[at])
    # Right-hand rings and no more digits than a centimetre needs (RFC 7946).
    whole = shapely.orient_polygons(shapely.transform(united, lambda xy: np.round(xy, _DECIMALS)))
    body: dict[str, Any] = shapely.geometry.mapping(whole)
    return body
