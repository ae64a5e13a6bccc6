"""The newest events of the dispatcher's desk in memory, each as it is sent, and who may see which.

Every message names the message its listener was sent before (``after``), so that a listener can prove that none is
missing.  An event is encoded once for everybody; only that number is put in for each jurisdiction.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import orjson

from data.store.rooms.incident_cards import LEFT, DeskEvent, said

KEPT = 5_000
MOST_BYTES = 64 * 1024
"""Of messages sent at once, beyond the last of them."""
_MOST_JOINED = 64
_NAMES = {"incidents": "import"}
_FOR_ALL_WITHIN = frozenset({"import", "rules"})
"""What happens to a whole county is told to whoever sees a part of it, without figures of the rest."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """An event as it is sent, but for the number of the message before.

    Attributes
    ----------
    tail
        As whoever sees its whole place is told.
    tail_within
        As whoever sees a part of its place is told; empty: not at all.
    left
        Place that its subject was in before; empty: it stays where it was.
    tail_left
        As whoever sees that one alone is told: nothing of where it is now.
    """

    number: int
    place: str
    head: bytes
    tail: bytes
    tail_within: bytes = b""
    left: str = ""
    tail_left: bytes = b""

    def message(self, jurisdiction: str, after: int) -> bytes:
        """Text of the stream for a jurisdiction; empty where it may not be seen there."""
        if self.place.startswith(jurisdiction):
            return b"%b%d%b" % (self.head, after, self.tail)
        if self.left and self.left.startswith(jurisdiction):
            return b"%b%d%b" % (self.head, after, self.tail_left)
        if self.tail_within and jurisdiction.startswith(self.place):
            return b"%b%d%b" % (self.head, after, self.tail_within)
        return b""


@dataclass(frozen=True, slots=True)
class Batch:
    """Messages that follow each other.

    Attributes
    ----------
    text
        Empty where there is nothing to be seen.
    sent
        Number of the last message.
    position
        Everything up to this number is in it, or is not to be seen.
    """

    text: bytes
    sent: int
    position: int


def encoded(event: DeskEvent) -> Encoded:
    """An event as it is sent."""
    name = event.kind.partition(".")[0]
    name = _NAMES.get(name, name)
    said_of = {
        "kind": event.kind,
        "at": said(event.at),
        "subject": event.subject,
        "role": event.role,
        "before": event.before,
        "after_state": event.after,
    }
    head = b'id: %d\nevent: %b\ndata: {"number":%d,"after":' % (event.number, name.encode(), event.number)
    row = dict(event.data)
    left = str(row.pop(LEFT, ""))
    tail = _tail(said_of | {"row": row})
    within = _tail(said_of | {"row": {}}) if name in _FOR_ALL_WITHIN else b""
    gone = {"id": event.subject, "revision": row.get("revision")}
    tail_left = _tail(said_of | {"kind": f"{name}.left", "row": gone}) if left else b""
    return Encoded(event.number, event.place, head, tail, within, left, tail_left)


def resync(number: int, after: int) -> bytes:
    """What a listener is told whose place in the stream is gone: take the board anew, and go on from ``number``."""
    plain = {"number": number, "after": after, "kind": "resync"}
    return b"id: %d\nevent: resync\ndata: %b\n\n" % (number, orjson.dumps(plain))


def alive(after: int, now: datetime) -> bytes:
    """What a listener is told when nothing happens: that the line stands, and which message was the last."""
    plain = {"after": after, "kind": "alive", "now": said(now)}
    return b"event: alive\ndata: %b\n\n" % orjson.dumps(plain)


def thinned(events: Iterable[DeskEvent]) -> list[DeskEvent]:
    """Events without those positions of units that a later event of the same unit overtakes."""
    kept: list[DeskEvent] = []
    told: set[str] = set()
    for event in reversed(list(events)):
        if event.kind == "unit.moved" and event.subject in told:
            continue
        if event.kind.startswith("unit."):
            told.add(event.subject)
        kept.append(event)
    kept.reverse()
    return kept


def batch_of(events: Sequence[Encoded], jurisdiction: str, sent: int, last: int) -> Batch:
    """Some of a jurisdiction's messages among events, up to `MOST_BYTES`.

    Parameters
    ----------
    sent
        Number of the message sent before.
    last
        Where the listener is once it has all of these events.
    """
    texts: list[bytes] = []
    n_bytes = 0
    for event in events:
        if n_bytes >= MOST_BYTES:
            return Batch(b"".join(texts), sent, sent)
        text = event.message(jurisdiction, sent)
        if text:
            texts.append(text)
            n_bytes += len(text)
            sent = event.number
    return Batch(b"".join(texts), sent, last)


class Ring:
    """The newest events, by number.

    Attributes
    ----------
    floor, last
        Every event after ``floor`` up to ``last`` is here, but for positions that were overtaken.
    """

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._events: list[Encoded] = []
        self._numbers: list[int] = []
        self._joined: dict[tuple[str, int], Batch] = {}
        self.floor = self.last = 0

    def __len__(self) -> int:
        return len(self._events)

    def begin(self, number: int) -> None:
        """Hold nothing, and go on after a number."""
        self._events, self._numbers = [], []
        self._joined.clear()
        self.floor = self.last = number

    def add(self, events: Sequence[Encoded], last: int) -> None:
        """Add events that follow; everything up to ``last`` is then here."""
        self._events.extend(events)
        self._numbers.extend(event.number for event in events)
        self._joined.clear()
        self.last = last
        surplus = len(self._events) - self._kept
        if surplus > self._kept // 8:  # now and then, not at every event
            self.floor = self._numbers[surplus - 1]
            del self._events[:surplus], self._numbers[:surplus]

    def batch(self, jurisdiction: str, sent: int, position: int) -> Batch:
        """What follows for a listener: the same text for all that are equally far."""
        key = (jurisdiction, sent)  # between ``sent`` and ``position`` there is nothing to be seen
        found = self._joined.get(key)
        if found is None:
            if len(self._joined) >= _MOST_JOINED:
                self._joined.clear()
            events = self._events[bisect_right(self._numbers, position) :]
            found = self._joined[key] = batch_of(events, jurisdiction, sent, self.last)
        return found


def _tail(plain: dict[str, object]) -> bytes:
    return b",%b\n\n" % orjson.dumps(plain, default=str)[1:]
