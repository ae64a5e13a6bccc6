"""Notes pinned on the map of a plan: written, answered, settled, removed; they never raise the plan's revision.

Whose note it is and whether its text may be kept is decided by whoever calls.  The log says that something was
written and how long it is, never the words: what is removed is gone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, or_, select, update

from data.store.rooms.plan_card import PlanCard
from data.store.tables.notes import plan_notes
from data.store.tables.plans import plan_grids
from data.store.tx import Tx
from gis.errors import Conflict, InputError, NotFound

MOST_NOTES = 10_000
"""Notes and answers of one plan, also removed ones."""
CLOSED = ("superseded", "withdrawn")


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer to a note; one that was removed has no text.

    Attributes
    ----------
    number
        Within the plan; notes and answers are counted together.
    role
        Of the account when it wrote.
    edited_at
        When its text was last changed.
    """

    number: int
    text: str
    at: datetime
    who: str
    role: str
    edited_at: datetime | None
    removed_at: datetime | None
    removed_by: str | None
    removed_role: str | None


@dataclass(frozen=True, slots=True)
class Note(Answer):
    """A note at a place, with its answers.

    Attributes
    ----------
    plan
        The plan it was written on.
    grid
        Code, where it is about a grid.
    state
        ``open`` or ``settled``.
    """

    plan: str
    lon: float
    lat: float
    grid: str | None
    state: str
    settled_at: datetime | None
    settled_by: str | None
    settled_role: str | None
    answers: tuple[Answer, ...] = field(default=())


_ANSWER = tuple(f.name for f in fields(Answer))
_NOTE = tuple(f.name for f in fields(Note) if f.name != "answers")


class Notes:
    """Notes inside one transaction."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx

    def add(self, plan: str, lon: float, lat: float, text: str, role: str, *, grid: str | None = None) -> Note:
        """Pin a note.

        Raises
        ------
        NotFound
            ``plan_unknown``.
        InputError
            ``edit_grid_unknown``.
        Conflict
            ``plan_closed``, ``notes_too_many``.
        """
        card = self._open(plan)
        if grid is not None and not self._has_grid(card, grid):
            raise InputError("edit_grid_unknown", measured=grid)
        number = self._insert(card, text, role, lon=lon, lat=lat, grid=grid, state="open")
        self._record(card, "add", "added", number, after={"grid": grid, "n_characters": len(text)})
        return self.note(plan, number)

    def answer(self, plan: str, number: int, text: str, role: str) -> tuple[Note, int]:
        """Answer a note; returns the note and the number of the answer.

        Raises
        ------
        NotFound
            ``plan_unknown``, ``note_unknown``.
        Conflict
            ``plan_closed``, ``notes_too_many``, ``note_removed``.
        """
        card = self._open(plan)
        self._there(plan, number, threads_only=True)
        made = self._insert(card, text, role, about=number)
        self._record(card, "answer", "added", made, after={"about": number, "n_characters": len(text)})
        return self.note(plan, number), made

    def write_anew(self, plan: str, number: int, text: str) -> Note:
        """Change the text of a note or an answer; the same text changes nothing.

        Raises
        ------
        NotFound, Conflict
            As `answer`.
        """
        card = self._open(plan)
        before = self._there(plan, number)
        if before["text"] != text:
            self._set(plan, number, text=text, edited_at=self._tx.act.at)
            lengths = ({"n_characters": len(one)} for one in (before["text"], text))
            self._record(card, "edit", "changed", number, *lengths)
        return self.thread_of(plan, number)

    def settle(self, plan: str, number: int, state: str, role: str) -> Note:
        """Settle a note, or open it again; as it is already changes nothing.

        Raises
        ------
        NotFound, Conflict
            As `answer`.
        """
        card, act = self._open(plan), self._tx.act
        before = self._there(plan, number, threads_only=True)
        if before["state"] != state:
            said = (act.at, act.who, role) if state == "settled" else (None, None, None)
            self._set(plan, number, state=state, **dict(zip(("settled_at", "settled_by", "settled_role"), said)))
            verb = "settle" if state == "settled" else "reopen"
            self._record(card, verb, "changed", number, {"state": before["state"]}, {"state": state})
        return self.note(plan, number)

    def remove(self, plan: str, number: int, role: str) -> Note:
        """Take the words of a note or an answer away; that there was one, and who removed it, stays.

        Raises
        ------
        NotFound, Conflict
            As `answer`.
        """
        card, act = self._open(plan), self._tx.act
        before = self._there(plan, number)
        self._set(plan, number, text="", removed_at=act.at, removed_by=act.who, removed_role=role)
        lost = {"n_characters": len(before["text"]), "who": before["who"]}
        self._record(card, "remove", "removed", number, lost)
        return self.thread_of(plan, number)

    def note(self, plan: str, number: int) -> Note:
        """One note with its answers.

        Raises
        ------
        NotFound
            ``plan_unknown``, ``note_unknown``.
        """
        found = self._read(plan, or_(plan_notes.c.number == number, plan_notes.c.about == number))
        if not found:
            raise NotFound("note_unknown", measured=number)
        return found[0]

    def thread_of(self, plan: str, number: int) -> Note:
        """The note that a number is, or that it answers.

        Raises
        ------
        NotFound
            ``plan_unknown``, ``note_unknown``.
        """
        return self.note(plan, self.row(plan, number)["about"] or number)

    def row(self, plan: str, number: int) -> Mapping[str, Any]:
        """One note or answer as it stands in its table.

        Raises
        ------
        NotFound
            ``plan_unknown``, ``note_unknown``.
        """
        self._tx.plans.card(plan)
        wanted = select(plan_notes).where(self._is(plan, number))
        found = self._tx.connection.execute(wanted).mappings().first()
        if found is None:
            raise NotFound("note_unknown", measured=number)
        return dict(found)

    def of_plan(self, plan: str) -> tuple[Note, ...]:
        """The notes of a plan in the order they were written, also settled and removed ones."""
        return self._read(plan, None)

    def open_of(self, plan: str) -> tuple[Note, ...]:
        """The notes of a plan that are not settled and not removed."""
        return tuple(note for note in self._read(plan, None) if note.state == "open" and note.removed_at is None)

    def _read(self, plan: str, condition: Any) -> tuple[Note, ...]:
        self._tx.plans.card(plan)
        wanted = select(plan_notes).where(plan_notes.c.plan == plan).order_by(plan_notes.c.number)
        rows = self._tx.connection.execute(wanted if condition is None else wanted.where(condition)).mappings().all()
        answers: dict[int, list[Answer]] = {}
        for row in rows:
            if row["about"] is not None:
                answers.setdefault(row["about"], []).append(Answer(**{name: row[name] for name in _ANSWER}))
        return tuple(
            Note(**{name: row[name] for name in _NOTE}, answers=tuple(answers.get(row["number"], ())))
            for row in rows
            if row["about"] is None
        )

    def _open(self, plan: str) -> PlanCard:
        """The plan, held: of two that write at once the second waits here, so that numbers have no gap."""
        card = self._tx.life.hold(plan)
        if card.state in CLOSED:
            raise Conflict("plan_closed", id=plan, measured=card.state, how=card.state)
        return card

    def _insert(self, card: PlanCard, text: str, role: str, **values: Any) -> int:
        tx = self._tx
        newest = select(func.max(plan_notes.c.number)).where(plan_notes.c.plan == card.id)
        number = int(tx.connection.execute(newest).scalar() or 0) + 1
        if number > MOST_NOTES:
            raise Conflict("notes_too_many", id=card.id, allowed=MOST_NOTES)
        row = {"plan": card.id, "number": number, "text": text, "at": tx.act.at, "who": tx.act.who, "role": role}
        tx.connection.execute(plan_notes.insert().values(**row, **values))
        return number

    def _has_grid(self, card: PlanCard, code: str) -> bool:
        table = plan_grids.c
        wanted = select(table.fid).where(table.county == card.county, table.plan == card.id, table.code == code)
        return self._tx.connection.execute(wanted).first() is not None

    def _there(self, plan: str, number: int, *, threads_only: bool = False) -> Mapping[str, Any]:
        row = self.row(plan, number)
        if threads_only and row["about"] is not None:
            raise NotFound("note_unknown", measured=number)
        if row["removed_at"] is not None:
            raise Conflict("note_removed", measured=number)
        return row

    def _set(self, plan: str, number: int, **values: Any) -> None:
        self._tx.connection.execute(update(plan_notes).where(self._is(plan, number)).values(**values))

    def _record(
        self,
        card: PlanCard,
        verb: str,
        event: str,
        number: int,
        before: Mapping[str, Any] | None = None,
        after: Mapping[str, Any] | None = None,
    ) -> None:
        told = {"note": number, **(after or {})}
        self._tx.audit.record(f"note.{verb}", card.id, place=card.place, before=before, after=told)
        self._tx.outbox.put(f"note.{event}", card.id, {"plan": card.id, "note": number}, place=card.place)

    @staticmethod
    def _is(plan: str, number: int) -> Any:
        return and_(plan_notes.c.plan == plan, plan_notes.c.number == number)
