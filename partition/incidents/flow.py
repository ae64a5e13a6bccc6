"""The states of an incident, what may follow which, and who may say so.

事件受理 (received), 分析研判 (assessed), 分流处置 (assigned), 调度指挥 (dispatched, arrived), 督办反馈 (feedback,
verified, closed).  A step that is not listed is refused; several at once are made one after the other, each with its
own row of the history.  Deadlines are decided in `partition.incidents.deadlines`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from gis.errors import Conflict

STATES = (
    "received",
    "assessed",
    "assigned",
    "dispatched",
    "arrived",
    "feedback",
    "verified",
    "closed",
    "cancelled",
)
OPEN = STATES[:7]
"""States in which somebody still has to do something."""
ENDED = STATES[7:]
HANDLED = ("feedback", "verified", "closed")
"""States in which the work on the spot is done."""
WAITING = tuple(state for state in OPEN if state not in HANDLED)
"""States in which a deadline runs."""
HELD = ("assigned", "dispatched", "arrived", "feedback")
"""States in which an assignment is open: somebody is responsible."""
LEVELS = ("grid", "community", "town", "county")
"""Who settles it: 小事不出网格, 难事不出社区, 大事不出乡街; an overdue incident goes up by one."""
RESULTS = ("settled", "transferred", "unfounded", "not_settled")
"""What came of it; one of them is needed to close."""
SOURCES = ("phone", "grid", "patrol", "video", "public", "api", "cap", "import")
PRIORITIES = (1, 2, 3)
"""1 urgent, 2 pressing, 3 ordinary."""

NEXT: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "received": ("assessed", "cancelled"),
        "assessed": ("assigned", "cancelled"),
        "assigned": ("dispatched", "assessed", "cancelled"),
        "dispatched": ("arrived", "assigned", "assessed", "cancelled"),
        "arrived": ("feedback", "assessed"),
        "feedback": ("verified", "dispatched"),
        "verified": ("closed", "assessed"),
        "closed": ("assessed",),
        "cancelled": ("assessed",),
    }
)
"""State -> the states that may follow.  Steps back: taken over by somebody else (assessed, assigned), sent out again
(feedback to dispatched), opened again (closed or cancelled to assessed)."""
NEEDS_REASON = frozenset(
    {
        ("assigned", "assessed"),
        ("dispatched", "assigned"),
        ("dispatched", "assessed"),
        ("arrived", "assessed"),
        ("feedback", "dispatched"),
        ("verified", "assessed"),
        ("closed", "assessed"),
        ("cancelled", "assessed"),
        *((state, "cancelled") for state in ("received", "assessed", "assigned", "dispatched")),
    }
)
"""Steps back and aside, which say why."""
MAY: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "assessed": frozenset({"dispatcher"}),
        "assigned": frozenset({"dispatcher"}),
        "dispatched": frozenset({"dispatcher"}),
        "arrived": frozenset({"dispatcher", "patrol"}),
        "feedback": frozenset({"dispatcher", "patrol"}),
        "verified": frozenset({"dispatcher", "reviewer"}),
        "closed": frozenset({"dispatcher", "reviewer"}),
        "cancelled": frozenset({"dispatcher"}),
    }
)
"""State -> roles that may bring an incident there; ``admin`` always may."""


def check_step(before: str, after: str, role: str, reason: str = "", result: str | None = None) -> None:
    """Whether a step may be made.

    Parameters
    ----------
    before, after
        States.
    role
        Of the account that makes it.
    reason
        In the words of whoever makes it.
    result
        One of `RESULTS`; asked for by the step to ``closed``.

    Raises
    ------
    Conflict
        ``incident_step_illegal`` (the states that may follow are named), ``incident_step_role``,
        ``incident_reason_missing``, ``incident_result_missing``.
    """
    allowed = NEXT[before]
    if after not in allowed:
        raise Conflict("incident_step_illegal", measured=after, state=before, allowed=", ".join(allowed))
    if role != "admin" and role not in MAY[after]:
        raise Conflict("incident_step_role", measured=role, state=after, allowed=", ".join(sorted(MAY[after])))
    if (before, after) in NEEDS_REASON and not reason.strip():
        raise Conflict("incident_reason_missing", state=before, measured=after)
    if after == "closed" and result not in RESULTS:
        raise Conflict("incident_result_missing", measured=result or "", allowed=", ".join(RESULTS))


def way(before: str, after: str) -> tuple[str, ...]:
    """The states to go through forwards from one to another, the last one included; empty where there is no way."""
    line = STATES[:8]
    if before not in line or after not in line or line.index(after) <= line.index(before):
        return ()
    return line[line.index(before) + 1 : line.index(after) + 1]
