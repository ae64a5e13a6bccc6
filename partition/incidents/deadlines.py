"""When an incident is due: by kind and priority, on an editable table, and when it goes up a level.

"1, 3, 5 minutes" to arrive by priority; 30 minutes where it is not urgent, and working days to settle it.  How days
are counted is decided in `partition.incidents.calendar`; the file form is in `partition.incidents.rules_toml`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from partition.incidents.calendar import CHINA, Span, WorkCalendar
from partition.incidents.flow import HANDLED, LEVELS, OPEN

ANY = "*"
ASKED = ("assess", "arrive", "handle")
"""What is due, in the order it is due."""


def minutes(amount: float) -> Span:
    """A span of minutes."""
    return Span(amount, "min")


@dataclass(frozen=True, slots=True)
class Deadline:
    """One row of the table.

    Attributes
    ----------
    kind, priority
        Of the incident; ``*`` and 0: any.  The row that names both goes before one that names the kind, that before
        one that names the priority.
    assess, arrive
        From receipt until somebody has looked at it, and until somebody is there.
    handle
        From receipt until the work is done.  What a row leaves out is taken from the row that goes next.
    """

    kind: str = ANY
    priority: int = 0
    assess: Span | None = None
    arrive: Span | None = None
    handle: Span | None = None


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of incident: how it is kept, and what it is called in both languages."""

    code: str
    zh: str
    en: str


DEFAULT_KINDS = (
    Kind("占道经营", "占道经营", "Trading on the road"),
    Kind("环境卫生", "环境卫生", "Cleanliness"),
    Kind("设施损坏", "设施损坏", "Damaged facility"),
    Kind("矛盾纠纷", "矛盾纠纷", "Dispute"),
    Kind("消防隐患", "消防隐患", "Fire hazard"),
    Kind("噪声扰民", "噪声扰民", "Noise"),
    Kind("道路积水", "道路积水", "Flooded road"),
    Kind("违章停车", "违章停车", "Illegal parking"),
)
_IN_DAYS = {"占道经营": 2, "环境卫生": 1, "设施损坏": 3, "矛盾纠纷": 3}
"""Kinds that are ordinary: working days to settle them."""
DEFAULT_ROWS = (
    Deadline(ANY, 0, minutes(10), minutes(30), Span(3, "working days")),
    Deadline(ANY, 1, minutes(1), minutes(1), Span(2, "hours")),
    Deadline(ANY, 2, minutes(3), minutes(3), Span(1, "days")),
    Deadline(ANY, 3, minutes(5), minutes(5), Span(1, "days")),
    *(Deadline(kind, 3, minutes(10), minutes(30), Span(days, "working days")) for kind, days in _IN_DAYS.items()),
)
_FLAG_DUE = Span(15, "days")


@dataclass(frozen=True, slots=True)
class IncidentRules:
    """The editable rules of incidents.

    Attributes
    ----------
    deadlines
        Rows of the table, in any order; the one for everything (``*``, 0) states all three spans.
    escalate_every
        By priority 1, 2, 3: the time between two levels once an incident is overdue.
    duplicate_m, duplicate_min
        Another one of the same kind so near and so soon may be the same.
    stale_s
        A unit's position that is older is not trusted.
    rest_min
        A unit rests so long after an incident before others go first.
    flag_due
        A site with a red flag has to be put right within so long, where nobody says when.
    kinds
        Kinds of incidents and what they are called.
    calendar
        Which days are worked.
    """

    deadlines: tuple[Deadline, ...] = DEFAULT_ROWS
    escalate_every: tuple[Span, Span, Span] = (minutes(15), minutes(60), Span(1, "days"))
    duplicate_m: float = 150.0
    duplicate_min: float = 30.0
    stale_s: float = 300.0
    rest_min: float = 10.0
    flag_due: Span = _FLAG_DUE
    kinds: tuple[Kind, ...] = DEFAULT_KINDS
    calendar: WorkCalendar = CHINA


RULES = IncidentRules()


@dataclass(frozen=True, slots=True)
class Clocks:
    """The three moments an incident is due by."""

    assess_at: datetime
    arrive_at: datetime
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Running:
    """What an open incident waits for.

    Attributes
    ----------
    what
        ``assess``, ``arrive`` or ``handle``; empty once nothing runs.
    at
        When it is due.
    """

    what: str = ""
    at: datetime | None = field(default=None)


def row_for(rules: IncidentRules, kind: str, priority: int) -> Deadline:
    """What holds for an incident, from all rows of the table that fit it; every span is stated."""
    fitting = [row for row in rules.deadlines if row.kind in (ANY, kind) and row.priority in (0, priority)]
    fitting.sort(key=lambda row: (row.kind != ANY, row.priority != 0), reverse=True)
    found = {}
    for name in ASKED:
        stated = (getattr(row, name) for row in (*fitting, DEFAULT_ROWS[0]))
        found[name] = next(span for span in stated if span is not None)
    return Deadline(kind, priority, **found)


def clocks(rules: IncidentRules, kind: str, priority: int, received_at: datetime) -> Clocks:
    """When an incident of a kind and priority is due."""
    row = row_for(rules, kind, priority)
    spans = (getattr(row, name) for name in ASKED)
    return Clocks(*(rules.calendar.after(received_at, span) for span in spans))


def sent_again(
    rules: IncidentRules, kind: str, priority: int, due: Clocks, met_at: datetime | None, at: datetime
) -> Clocks:
    """Deadlines of an incident that goes back to work.

    Parameters
    ----------
    met_at
        When somebody was there, or it was cancelled.  In time: there is one more span for being there; late stays late.
    at
        When it goes back.
    """
    if met_at is None or met_at > due.arrive_at:
        return due
    span = row_for(rules, kind, priority).arrive
    assert span is not None  # every span of a found row is stated
    return replace(due, arrive_at=rules.calendar.after(at, span))


def running(state: str, due: Clocks) -> Running:
    """The deadline that runs in a state."""
    if state == "received":
        return Running("assess", due.assess_at)
    if state in ("assessed", "assigned", "dispatched"):
        return Running("arrive", due.arrive_at)
    if state == "arrived":
        return Running("handle", due.due_at)
    return Running()


def next_escalation(rules: IncidentRules, state: str, priority: int, due: Clocks, level: int) -> datetime | None:
    """When an incident goes up to the level after ``level``; none where it is handled, or at the top already.

    From grid to community the moment its deadline passes, from there on one span after the other.
    """
    now = running(state, due)
    if state not in OPEN or state in HANDLED or now.at is None or level >= len(LEVELS) - 1:
        return None
    every = rules.escalate_every[priority - 1]
    return rules.calendar.after(now.at, Span(level * every.amount, every.unit)) if level else now.at


def is_overdue(state: str, due: Clocks, now: datetime) -> bool:
    """Whether the deadline that runs has passed."""
    at = running(state, due).at
    return at is not None and at < now


def kinds_of(rules: IncidentRules) -> Sequence[str]:
    """Kinds that the rules name."""
    return [kind.code for kind in rules.kinds]
