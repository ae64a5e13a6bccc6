"""Steps made by hand on a plan, one after the other, with undo and redo.

``plans.edit`` says how many steps are in effect; those above it are undone and wait to be made again.  A new step
drops them: their rows go, what they did stays readable in ``plan_changes`` and in the audit log.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from sqlalchemy import and_, delete, func, select, update

from data.store.codec import insert_rows
from data.store.numbers import take_numbers
from data.store.places import lon_lat
from data.store.rooms.plan_card import PlanCard
from data.store.rooms.plan_tables import remove_rows
from data.store.tables.plans import (
    PLAN_STATES,
    plan_changes,
    plan_communities,
    plan_crosswalk,
    plan_edits,
    plan_grids,
    plan_members,
    plan_violations,
    plans,
)
from data.store.tx import Tx
from gis.errors import Conflict
from partition.edits import TableChange, Tables
from partition.filed import COMMUNITY_COLUMNS, GRID_COLUMNS, VIOLATION_COLUMNS

MOST_STEPS = 10_000
"""Steps that are kept of one plan; the oldest go when there are more."""
_AT_ONCE = 500
_MOST_CHANGES = 10_000
_BACK_AND_FORTH = ("undo", "redo")
NOT_STEPS = ("lock", "unlock", "rename", "schedule", *PLAN_STATES)
"""Kinds of changes of a plan that leave its grids as they are."""
_TRANSFORMS = ThreadPoolExecutor(1, "transform")
"""Each thread that transforms coordinates sets PROJ up anew, which takes longer than an edit; so one thread does it."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step.

    Attributes
    ----------
    number
        1, 2, ... in the order of the steps.
    kind, name, at, who
        What it was called, when and by whom it was made.
    revision
        Of the plan after it was made.
    change
        ``grids``, ``communities``, ``members`` and ``ground`` that it touched.
    """

    number: int
    kind: str
    name: str
    at: datetime
    who: str
    revision: int
    change: Mapping[str, Any]


class Edits:
    """Steps inside one transaction."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx

    def push(self, card: PlanCard, change: TableChange, name: str, ground: Mapping[str, Any] | None) -> PlanCard:
        """Make a step on a plan that is held (see `Life.hold_editable`).

        Parameters
        ----------
        ground
            The ground that moved, as a GeoJSON geometry in longitude and latitude.
        """
        tx = self._tx
        dropped = self._drop_undone(card)
        number = card.edit + 1
        self._write(card, change)
        body = {**change.to_json(), "ground": ground}
        told = _told(change, ground)
        if dropped:
            told["dropped"] = dropped
        after = tx.life.note(card, change.kind, name, told, "plan.edit", {"edit": number})
        row = {"plan": card.id, "number": number, "kind": change.kind, "name": name, "at": tx.act.at, "who": tx.act.who}
        tx.connection.execute(plan_edits.insert().values(**row, revision=after.revision, change=body))
        old = and_(plan_edits.c.plan == card.id, plan_edits.c.number <= number - MOST_STEPS)
        tx.connection.execute(delete(plan_edits).where(old))
        return after

    def to_undo(self, card: PlanCard) -> TableChange:
        """What taking the newest step back would change.

        Raises
        ------
        Conflict
            ``nothing_to_undo``.
        """
        return self._change(card.id, card.edit, "nothing_to_undo")[0].reversed()

    def to_redo(self, card: PlanCard) -> TableChange:
        """What making the next undone step again would change.

        Raises
        ------
        Conflict
            ``nothing_to_redo``.
        """
        return self._change(card.id, card.edit + 1, "nothing_to_redo")[0]

    def undo(self, card: PlanCard) -> PlanCard:
        """Take the newest step of a plan that is held back.

        Raises
        ------
        Conflict
            ``nothing_to_undo``.
        """
        change, name, ground = self._change(card.id, card.edit, "nothing_to_undo")
        back = change.reversed()
        self._write(card, back)
        told = {**_told(back, ground), "step": card.edit}
        return self._tx.life.note(card, "undo", name, told, "plan.undo", {"edit": card.edit - 1})

    def redo(self, card: PlanCard) -> PlanCard:
        """Make the next undone step of a plan that is held again.

        Raises
        ------
        Conflict
            ``nothing_to_redo``.
        """
        change, name, ground = self._change(card.id, card.edit + 1, "nothing_to_redo")
        self._write(card, change)
        told = {**_told(change, ground), "step": card.edit + 1}
        return self._tx.life.note(card, "redo", name, told, "plan.redo", {"edit": card.edit + 1})

    def restore(self, card: PlanCard, changes: Sequence[TableChange], *, forget: Sequence[str] = ()) -> None:
        """Write changes into the tables of a plan that nobody has seen yet, without making them steps of it.

        Parameters
        ----------
        forget
            Facts of the plan that do not hold for it.
        """
        for change in changes:
            after = change.after
            meta = {key: None if key in forget else value for key, value in after.meta.items()}
            self._write(card, replace(change, after=replace(after, meta=meta)))

    def since(self, card: PlanCard, revision: int) -> tuple[TableChange, ...]:
        """What every edit, undo and redo after a revision changed, the newest first.

        Raises
        ------
        Conflict
            ``revision_out_of_reach``: there was no such revision, or the steps after it are kept no more.
        """
        told = self._tx.life.history.changes(card.id, after=revision, limit=_MOST_CHANGES)
        refused = Conflict("revision_out_of_reach", id=card.id, measured=revision, allowed=card.revision)
        if revision < 1 or revision > card.revision or len(told) != card.revision - revision:
            raise refused
        table = plan_edits.c
        rows = self._tx.connection.execute(select(table.number, table.change).where(table.plan == card.id))
        known: dict[int, Any] = {row.number: row.change for row in rows}
        number, found = card.edit, []
        for one in reversed(told):
            if one.kind not in (*_BACK_AND_FORTH, *NOT_STEPS):
                body = known.pop(number, None)
                # The steps that it dropped were undone before it was made, and could still be made again.
                known |= {old["number"]: old.get("change") for old in one.change.get("dropped", ())}
                number -= 1
            elif one.kind in _BACK_AND_FORTH:
                body = known.get(one.change["step"])
                number = one.change["step"] - (one.kind == "redo")
            else:
                continue
            if body is None:
                raise refused
            change = TableChange.from_json(body)
            found.append(change if one.kind == "undo" else change.reversed())
        return tuple(found)

    def steps(self, id: str, *, after: int = 0, limit: int = 100) -> tuple[Step, ...]:
        """Steps of a plan in their order, also those that are undone."""
        self._tx.plans.card(id)
        table, told = plan_edits.c, plan_changes.c
        columns = (table.number, table.kind, table.name, table.at, table.who, table.revision, told.change)
        both = and_(told.plan == table.plan, told.revision == table.revision)
        wanted = select(*columns).join(plan_changes, both).where(table.plan == id, table.number > after)
        rows = self._tx.connection.execute(wanted.order_by(table.number).limit(limit))
        return tuple(Step(**row._mapping) for row in rows)

    def last(self, id: str) -> int:
        """Number of the newest step, undone or not; 0 for none."""
        wanted = select(func.max(plan_edits.c.number)).where(plan_edits.c.plan == id)
        return int(self._tx.connection.execute(wanted).scalar() or 0)

    def _change(self, id: str, number: int, code: str) -> tuple[TableChange, str, Mapping[str, Any] | None]:
        wanted = select(plan_edits.c.change, plan_edits.c.name).where(
            plan_edits.c.plan == id, plan_edits.c.number == number
        )
        row = self._tx.connection.execute(wanted).first()
        if row is None:
            raise Conflict(code, id=id)
        return TableChange.from_json(row.change), str(row.name), row.change.get("ground")

    def _drop_undone(self, card: PlanCard) -> list[dict[str, Any]]:
        table = plan_edits.c
        undone = and_(table.plan == card.id, table.number > card.edit)
        columns = (table.number, table.kind, table.name, table.revision, table.change)
        wanted = select(*columns).where(undone).order_by(table.number)
        dropped = [dict(row._mapping) for row in self._tx.connection.execute(wanted)]
        if dropped:
            self._tx.connection.execute(delete(plan_edits).where(undone))
        return dropped

    # -- tables -----------------------------------------------------------------------------------------------------

    def _write(self, card: PlanCard, change: TableChange) -> None:
        self._write_grids(card, change.before, change.after)
        self._write_members(card, change)
        self._write_communities(card, change)
        # How old grids became new ones is told when the plan is submitted; until then the old tale would be wrong.
        mine = and_(plan_crosswalk.c.county == card.county, plan_crosswalk.c.plan == card.id)
        self._tx.connection.execute(delete(plan_crosswalk).where(mine))
        if change.after.meta or change.before.meta:
            row = self._tx.connection.execute(select(plans.c.meta, plans.c.file_crs).where(plans.c.id == card.id)).one()
            meta = {**row.meta, **change.after.meta}
            kept = {key: value for key, value in meta.items() if value is not None}
            self._tx.connection.execute(update(plans).where(plans.c.id == card.id).values(meta=kept))

    def _write_grids(self, card: PlanCard, before: Tables, after: Tables) -> None:
        connection, table = self._tx.connection, plan_grids.c
        codes = sorted({*before.grids, *after.grids})
        mine = and_(table.county == card.county, table.plan == card.id)
        fid: dict[str, int] = {}
        for some in _portions(codes):
            named = and_(mine, table.code.in_(some))
            fid |= {row.code: row.fid for row in connection.execute(select(table.code, table.fid).where(named))}
        remove_rows(self._tx, plan_grids, card.county, sorted(fid.values()))
        rows = [after.grids[code] for code in sorted(after.grids)]
        if not rows:
            return
        new = [row["code"] for row in rows if row["code"] not in fid]
        first = take_numbers(self._tx, "plan_grids", len(new)) if new else 0
        fid |= {code: first + i for i, code in enumerate(new)}
        shapes = [base64.b64decode(row["shape"]) for row in rows]
        file_crs = connection.execute(select(plans.c.file_crs).where(plans.c.id == card.id)).scalar_one()
        columns: dict[str, Any] = {
            "fid": [fid[row["code"]] for row in rows],
            "plan": [card.id] * len(rows),
            **{name: [row[name] for row in rows] for name in GRID_COLUMNS},
            "place": [row["community"] for row in rows],
            "shape": shapes,
        }
        outlines = gpd.GeoDataFrame(geometry=shapely.from_wkb(np.array(shapes, dtype=object)), crs=file_crs)
        insert_rows(self._tx, plan_grids, card.county, columns, _TRANSFORMS.submit(lon_lat, outlines).result())

    def _write_members(self, card: PlanCard, change: TableChange) -> None:
        table = plan_members.c
        mine = and_(table.county == card.county, table.plan == card.id)
        to: dict[tuple[str, str], list[str]] = {}
        for kind, name, _, code in change.members:
            to.setdefault((kind, code), []).append(name)
        for (kind, code), names in sorted(to.items()):
            for some in _portions(names):
                named = and_(mine, table.kind == kind, table.id.in_(some))
                if not code:
                    self._tx.connection.execute(delete(plan_members).where(named))  # in no grid again
                    continue
                self._tx.connection.execute(update(plan_members).where(named).values(grid=code))
        # What was in no grid has no row yet.
        new = [(kind, name, code) for kind, name, before, code in change.members if code and not before]
        listed = {(kind, name) for kind, name, _ in new} & self._listed(card, [name for _, name, _ in new])
        self._add_members(card, [row for row in new if row[:2] not in listed])

    def _listed(self, card: PlanCard, names: Sequence[str]) -> set[tuple[str, str]]:
        table, found = plan_members.c, set()
        mine = and_(table.county == card.county, table.plan == card.id)
        for some in _portions(names):
            wanted = select(table.kind, table.id).where(mine, table.id.in_(some))
            found |= {(row.kind, row.id) for row in self._tx.connection.execute(wanted)}
        return found

    def _add_members(self, card: PlanCard, rows: Sequence[tuple[str, str, str]]) -> None:
        if not rows:
            return
        first = take_numbers(self._tx, "plan_members", len(rows))
        columns: dict[str, Any] = {
            "fid": list(range(first, first + len(rows))),
            "plan": [card.id] * len(rows),
            **{name: [row[i] for row in rows] for i, name in enumerate(("kind", "id", "grid"))},
        }
        insert_rows(self._tx, plan_members, card.county, columns)

    def _write_communities(self, card: PlanCard, change: TableChange) -> None:
        connection, table = self._tx.connection, plan_communities.c
        for code, row in sorted(change.after.communities.items()):
            mine = and_(table.county == card.county, table.plan == card.id, table.code == code)
            values = {name: row[name] for name in COMMUNITY_COLUMNS if name not in ("code", "seconds")}
            connection.execute(update(plan_communities).where(mine).values(**values))
        for code, rows in sorted(change.after.violations.items()):
            broken = plan_violations.c
            mine = and_(broken.county == card.county, broken.plan == card.id, broken.community == code)
            connection.execute(delete(plan_violations).where(mine))
            if rows:
                first = take_numbers(self._tx, "plan_violations", len(rows))
                columns: dict[str, Any] = {
                    "fid": list(range(first, first + len(rows))),
                    "plan": [card.id] * len(rows),
                    **{name: [row[name] for row in rows] for name in VIOLATION_COLUMNS},
                }
                insert_rows(self._tx, plan_violations, card.county, columns)


def _portions(values: Sequence[str]) -> list[Sequence[str]]:
    return [values[start : start + _AT_ONCE] for start in range(0, len(values), _AT_ONCE)]


def _told(change: TableChange, ground: Mapping[str, Any] | None) -> dict[str, Any]:
    """What the history says of a step."""
    before, after = change.before.grids, change.after.grids
    return {
        "grids": list(change.grids),
        "communities": list(change.communities),
        "members": [list(row) for row in change.members],
        "sizes": _sizes(change),
        "atoms": [list(row) for row in change.atoms],
        "came": [_brief(row) for code, row in sorted(after.items()) if code not in before],
        "went": [_brief(row) for code, row in sorted(before.items()) if code not in after],
        "ground": None if ground is None else dict(ground),
    }


def _brief(row: Mapping[str, Any]) -> dict[str, Any]:
    """A grid without its outline and sums."""
    return {name: row[name] for name in ("code", "name", "community", "kind", "reason", "parent")}


def _sizes(change: TableChange) -> list[list[Any]]:
    """Households of every grid that it touched, before and after; ``None`` where there is no such grid."""
    before, after = (
        {code: row["households"] for code, row in side.grids.items()} for side in (change.before, change.after)
    )
    return [[code, before.get(code), after.get(code)] for code in sorted({*before, *after})]
