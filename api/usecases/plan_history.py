"""The history of a plan: who did what, when and why, with what was there before and after.

It is read from the audit log, which holds every act on a plan with its reason, and from what each revision changed.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from api.i18n import sentence
from data.store import Store, Tx
from data.store.rooms.audit import Entry
from data.store.rooms.history import Change as Revision

GROUPS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "edits": ("plan.edit", "plan.undo", "plan.redo"),
        "states": (
            *("plan.create", "plan.submit", "plan.return", "plan.approve", "plan.file", "plan.schedule"),
            *("plan.enforce", "plan.supersede", "plan.withdraw"),
        ),
        "locks": ("plan.lock", "plan.unlock"),
        "names": ("plan.rename",),
        "notes": ("note.add", "note.answer", "note.edit", "note.settle", "note.reopen", "note.remove"),
        "shares": ("share.make", "share.revoke"),
    }
)
"""What a reader may ask for, and the actions of the log it stands for."""
_GROUP_OF = {action: group for group, actions in GROUPS.items() for action in actions}
_SIDES: Mapping[str, tuple[str | None, str]] = {
    "note.add": (None, "written"),
    "note.answer": (None, "written"),
    "note.edit": ("written", "written_anew"),
    "note.settle": ("open", "settled"),
    "note.reopen": ("settled", "open"),
    "note.remove": ("written", "removed"),
    "share.make": (None, "live"),
    "share.revoke": ("live", "revoked"),
}
"""Before and after: the log says what became of a note, never its words."""
_AT_ONCE = 200
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_COLUMNS = ("number", "at", "who", "act", "title", "why", "revision", "what", "id", "before", "after")


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that an act changed: ``grid`` (its households), ``building``, ``unit``, ``lock``, ``state``, ``name``,
    ``note``; what it was before and after, ``None`` for not there."""

    what: str
    id: str
    before: str | int | None
    after: str | int | None


@dataclass(frozen=True, slots=True)
class Event:
    """One act on a plan.

    Attributes
    ----------
    number
        In the audit log.
    action, group
        As in `GROUPS`; another action of the log is in group ``others``.
    reason
        In the words of whoever acted.
    revision
        Of the plan afterwards; ``None`` for what leaves it alone.
    kind, name
        Of the change, for its title.
    change
        What the revision says it changed.
    """

    number: int
    at: datetime
    who: str
    action: str
    group: str
    reason: str
    revision: int | None
    kind: str
    name: str
    change: Mapping[str, Any]
    items: tuple[Item, ...]


def events_of(tx: Tx, id: str, *, group: str | None = None, before: int | None = None, limit: int = 100) -> list[Event]:
    """Acts on a plan, the newest first.

    Parameters
    ----------
    group
        Only of this group.
    before
        Only acts with a smaller number.

    Raises
    ------
    NotFound
        ``plan_unknown``.
    """
    tx.plans.card(id)
    entries = tx.audit.about(id, before=before, limit=limit, actions=GROUPS[group] if group else ())
    return _events(tx, id, entries)


def history_table(
    store: Store,
    id: str,
    jurisdiction: str,
    language: str,
    title: Callable[[Event], str],
    group: str | None = None,
) -> Iterator[bytes]:
    """Every act on a plan as CSV, the newest first: one row for each thing that it changed, at least one an act.

    Text that a spreadsheet would take for a formula is marked as text.  A long history is read piece by piece.

    Parameters
    ----------
    title
        What an act did, in one line.
    """
    yield b"\xef\xbb\xbf" + _csv([[sentence(f"history_column_{name}", {}, language) for name in _COLUMNS]])
    before: int | None = None
    while True:
        with store.read(jurisdiction) as tx:
            events = events_of(tx, id, group=group, before=before, limit=_AT_ONCE)
        if events:
            yield _csv([row for event in events for row in _rows(event, title(event), language)])
        if len(events) < _AT_ONCE:
            return
        before = events[-1].number


def act_word(event: Event, language: str) -> str:
    """What kind of act it was, with the number of the note or the label of the link."""
    change = event.change
    facts = {"measured": change.get("note"), "allowed": change.get("about"), "name": change.get("label") or ""}
    return sentence(f"history_{event.action.replace('.', '_')}", facts, language)


def _events(tx: Tx, id: str, entries: list[Entry]) -> list[Event]:
    revisions = {number for entry in entries if (number := _revision(entry)) is not None}
    changes = tx.life.history.at(id, revisions) if revisions else {}
    return [_event(entry, changes.get(_revision(entry) or 0)) for entry in entries]


def _revision(entry: Entry) -> int | None:
    return (entry.after or {}).get("revision") if entry.action.startswith("plan.") else None


def _event(entry: Entry, revision: Revision | None) -> Event:
    told = dict(entry.after or {}) if revision is None else dict(revision.change)
    return Event(
        number=entry.number,
        at=entry.at,
        who=entry.who,
        action=entry.action,
        group=_GROUP_OF.get(entry.action, "others"),
        reason=entry.reason,
        revision=_revision(entry),
        kind="" if revision is None else revision.kind,
        name="" if revision is None else revision.name,
        change=told,
        items=tuple(_items(entry, told)),
    )


def _items(entry: Entry, told: Mapping[str, Any]) -> Iterator[Item]:
    for code, before, after in told.get("sizes", ()):
        yield Item("grid", code, before, after)
    for kind, id, before, after in told.get("members", ()):
        yield Item(kind, id, before or None, after or None)
    for lock in told.get("locks", ()):
        yield Item("lock", lock, *((None, "locked") if entry.action == "plan.lock" else ("locked", None)))
    if entry.action == "plan.create":
        yield Item("state", "", None, told.get("state"))
    elif "from" in told:
        yield Item("name" if entry.action == "plan.rename" else "state", "", told["from"], told.get("to"))
    if "effective_from" in told:
        yield Item("effective_from", "", None, told["effective_from"])
    if entry.action in _SIDES:
        what = entry.action.partition(".")[0]
        yield Item(what, str(told[what]), *_SIDES[entry.action])


def _rows(event: Event, title: str, language: str) -> Iterator[list[Any]]:
    moment = event.at.isoformat(timespec="seconds")
    said = [event.number, moment, event.who, act_word(event, language), title, event.reason, event.revision]
    for item in event.items or (Item("", "", None, None),):
        what = sentence(f"history_what_{item.what}", {}, language) if item.what else ""
        yield [*said, what, item.id, word_of(item, item.before, language), word_of(item, item.after, language)]


def word_of(item: Item, value: str | int | None, language: str) -> str | int | None:
    """What stands for a value before or after: states have words, all else says itself."""
    if item.what == "state" and isinstance(value, str):
        return sentence(f"how_{value}", {}, language)
    if item.what in ("lock", "note", "share") and isinstance(value, str):
        return sentence(f"history_value_{value}", {}, language)
    return value


def _csv(rows: list[list[Any]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue().encode("utf-8", "replace")


def _cell(value: Any) -> Any:
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return "" if value is None else value
