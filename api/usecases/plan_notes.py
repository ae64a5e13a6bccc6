"""Notes on plans: what may be kept of a text, and which notes a plan shows.

A plan shows its own notes, and the open ones of the plan it was made from: what a reviewer asked of a draft is not
lost in the scenario that answers it.  They stay where they were written, and are answered and settled there.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from data.store import Tx
from data.store.rooms.notes import Note
from data.store.rooms.plan_card import PlanCard
from gis.errors import InputError, NotFound

if TYPE_CHECKING:
    from data.papers.comments import Comment

MOST_CHARACTERS = 2_000


@dataclass(frozen=True, slots=True)
class Shown:
    """A note as a plan shows it, and the plan it was written on."""

    note: Note
    plan: PlanCard


def clean_text(text: str) -> str:
    """A text as it is kept: line ends alike, nothing around it.

    Raises
    ------
    InputError
        ``note_text_empty``, ``note_text_long``; ``note_looks_personal``: there is an ID or mobile number in it, which
        is kept nowhere.
    """
    from gis.persons import without_numbers

    kept = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    if not any(unicodedata.category(c)[0] not in "CZ" for c in kept):
        raise InputError("note_text_empty")
    if len(kept) > MOST_CHARACTERS:
        raise InputError("note_text_long", measured=len(kept), allowed=MOST_CHARACTERS)
    plain = unicodedata.normalize("NFKC", kept).strip()
    if without_numbers(plain) != plain:
        raise InputError("note_looks_personal")
    return kept


def notes_of(tx: Tx, id: str) -> list[Shown]:
    """The notes that a plan shows: its own, then the open ones of the plan it was made from.

    Raises
    ------
    NotFound
        ``plan_unknown``.
    """
    card = tx.plans.card(id)
    shown = [Shown(note, card) for note in tx.notes.of_plan(id)]
    if card.parent is not None:
        try:
            parent = tx.plans.card(card.parent)
        except NotFound:
            return shown  # it lies beyond the jurisdiction
        shown += [Shown(note, parent) for note in tx.notes.open_of(parent.id)]
    return shown


def note_row(shown: Shown, plan: str, *, reader: str | None = None, is_admin: bool = False) -> dict[str, Any]:
    """A note as plain data.

    Parameters
    ----------
    plan
        The plan that shows it.
    reader
        Account that reads; ``None`` where nobody's account is to be told (a shared link).
    is_admin
        Whether the reader may change what others wrote.
    """
    note = shown.note
    return {
        "plan": shown.plan.id,
        "plan_name": shown.plan.name,
        "is_inherited": shown.plan.id != plan,
        "lon": note.lon,
        "lat": note.lat,
        "grid": note.grid,
        "state": note.state,
        "settled_at": note.settled_at,
        "settled_by": note.settled_by if reader is not None else None,
        "settled_role": note.settled_role,
        "answers": [_said(one, reader, is_admin) for one in note.answers],
        **_said(note, reader, is_admin),
    }


def _said(one: Any, reader: str | None, is_admin: bool) -> dict[str, Any]:
    tells = reader is not None
    return {
        "number": one.number,
        "text": one.text,
        "at": one.at,
        "who": one.who if tells else None,
        "role": one.role,
        "edited_at": one.edited_at,
        "removed_at": one.removed_at,
        "removed_by": one.removed_by if tells else None,
        "removed_role": one.removed_role,
        "may_edit": tells and one.removed_at is None and (is_admin or one.who == reader),
    }


def comments_of(shown: Sequence[Shown], plan: str) -> tuple[Comment, ...]:
    """Notes as the papers tell them; those whose words are gone are left out."""
    from data.papers.comments import Comment, Saying

    def said(one: Any) -> Saying:
        return Saying(one.text, one.role, one.who, one.at)

    comments = []
    for card, note in ((one.plan, one.note) for one in shown if one.note.removed_at is None):
        settled = None
        if note.settled_at is not None:
            settled = Saying("", note.settled_role or "", note.settled_by or "", note.settled_at)
        comments.append(
            Comment(
                note.text,
                note.role,
                note.who,
                note.at,
                number=note.number,
                plan="" if card.id == plan else card.name or card.id,
                lon=note.lon,
                lat=note.lat,
                grid=note.grid or "",
                state=note.state,
                settled=settled,
                answers=tuple(said(answer) for answer in note.answers if answer.removed_at is None),
            )
        )
    return tuple(comments)


def note_features(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Notes as GeoJSON; those whose words are gone are left out."""
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "id": f"{row['plan']}-{row['number']}",
                "geometry": {"type": "Point", "coordinates": [row["lon"], row["lat"]]},
                "properties": {key: value for key, value in row.items() if key not in ("lon", "lat", "may_edit")},
            }
            for row in rows
            if row["removed_at"] is None
        ],
    }
