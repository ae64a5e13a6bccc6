"""Which units are soonest at an incident: who may be sent, how soon each is there, who rests first, and why not others.

Arrival is found in `partition.coverage.reach.dispatch`, for each mode on its own streets; here the modes are put into
one order, and units that came back from an incident just now, or had more of them than others, go behind whoever is
hardly later.  Nobody is sent: that is `api.usecases.dispatch_unit`, and a person decides it.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np

from api.feature_pages import metres_of
from api.usecases.dispatch_ground import DispatchGround, Streets
from api.usecases.units import age_of
from data.store.rooms.incident_cards import IncidentCard
from data.store.rooms.plan_card import PlanCard
from data.store.rooms.units import UnitCard
from gis.errors import Fact, InputError
from partition.coverage.reach.dispatch import nearest_units
from partition.coverage.reach.types import Unit, UnitReach
from partition.coverage.settings import ReachSettings
from partition.incidents.deadlines import IncidentRules

ROTATION_S = 60.0
"""At most so much later is whoever goes before a unit that has to rest."""
TAKEN_S = 10.0
"""So much weighs every incident more than the unit with the fewest had."""
_METRES_PER_DEGREE = 111_320.0
_FIRST_MORE = 8


@dataclass(frozen=True, slots=True)
class Rotation:
    """Why a unit stands behind others.

    Attributes
    ----------
    rest_s, taken_s
        Seconds added because its last incident was over too short a time ago, and because it had more than others; only
        the order follows them, not the arrival.
    """

    rest_s: float = 0.0
    taken_s: float = 0.0

    @property
    def seconds(self) -> float:
        """Both together, at most `ROTATION_S`."""
        return min(self.rest_s + self.taken_s, ROTATION_S)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A unit as it was considered for an incident.

    Attributes
    ----------
    reason
        ``chosen`` by street, ``straight_line`` as the crow flies; of those passed over ``farther``, ``rotation``,
        ``no_street``, ``busy``, ``resting``, ``off``, ``no_position``, ``stale``, ``skill``, ``elsewhere``, ``has_it``.
    facts
        For the sentence of the reason.
    seconds
        Until it is there; infinite where it was not asked.  Of one that is farther at least so much.
    line
        The way in ``crs`` of the streets; none for a straight line.
    """

    unit: UnitCard
    reason: str
    facts: Mapping[str, Fact] = field(default_factory=dict)
    seconds: float = math.inf
    length_m: float = 0.0
    rotation: Rotation = Rotation()
    line: Any = None


@dataclass(frozen=True, slots=True)
class Suggested:
    """The answer to whom to send.

    Attributes
    ----------
    suggestions
        At most as many as were asked for, in their order.
    passed_over
        All others, the soonest first: every unit is in one of the two, once.
    streets
        ``ready``; ``not_ready`` while they are being laid; ``none`` where no plan is in force or it has no streets:
        then times are as the crow flies.
    ground
        Whose CRS the lines are in; none where there are none.
    """

    suggestions: tuple[Candidate, ...]
    passed_over: tuple[Candidate, ...]
    streets: str
    ground: Streets | None


@dataclass(frozen=True, slots=True)
class Call:
    """What is asked.

    Attributes
    ----------
    busy
        Unit to the incident that it has.
    beyond
        Also units that serve another place.
    wait_s
        Seconds that streets which are being laid are waited for.
    """

    incident: IncidentCard
    units: Sequence[UnitCard]
    rules: IncidentRules
    now: datetime
    busy: Mapping[str, str]
    k: int = 3
    beyond: bool = False
    wait_s: float = 5.0


def suggest_units(land: DispatchGround, plan: PlanCard | None, call: Call) -> Suggested:
    """The units soonest at an incident, and why the others are not among them."""
    why = {unit.id: _why_not(unit, call) for unit in call.units}
    free = [unit for unit in call.units if not why[unit.id]]
    settings = ReachSettings() if plan is None else land.reach_settings(plan)
    streets, state = _lay(land, plan, settings, sorted({unit.mode for unit in free}), call.wait_s)
    rotation = _rotation(free, call)
    arrivals, certain_s = _arrivals(free, streets, settings, call, call.k)
    more = _FIRST_MORE
    while _is_open(arrivals, rotation, certain_s, call.k):
        # Who is not among the nearest by time may be by rotation: ask for more until nobody else can be.
        arrivals, certain_s = _arrivals(free, streets, settings, call, call.k + more)
        more *= 4
    chosen, rest = _in_order(free, arrivals, rotation, call.k)
    others = [Candidate(unit, *why[unit.id]) for unit in call.units if why[unit.id]]  # type: ignore[misc]
    passed = tuple(sorted([*rest, *others], key=lambda one: (one.seconds, one.unit.id)))
    return Suggested(tuple(chosen), passed, state, next(iter(streets.values()), None))


def _why_not(unit: UnitCard, call: Call) -> tuple[str, dict[str, Fact]] | None:
    """Why a unit is not considered; none where it is."""
    incident, rules = call.incident, call.rules
    if incident.unit == unit.id:
        return "has_it", {}
    if unit.status == "busy":
        return "busy", {"measured": call.busy.get(unit.id, "—")}
    if unit.status != "available":
        return unit.status, {}
    if unit.lon is None or unit.lat is None or unit.position_at is None:
        return "no_position", {}
    age_s = age_of(unit, call.now) or 0.0
    if age_s > rules.stale_s:
        return "stale", {"measured": math.ceil(age_s), "allowed": round(rules.stale_s)}
    if unit.skills and incident.kind not in unit.skills:
        return "skill", {"measured": incident.kind}
    if not call.beyond and not incident.place.startswith(unit.place):
        return "elsewhere", {"measured": unit.place, "allowed": incident.place}
    return None


def _lay(
    land: DispatchGround, plan: PlanCard | None, settings: ReachSettings, modes: Sequence[str], wait_s: float
) -> tuple[dict[str, Streets], str]:
    """Streets of each mode, and whether they are there."""
    if plan is None:
        return {}, "none"
    laid: dict[str, Streets] = {}
    until = time.monotonic() + wait_s
    try:
        for mode in modes:  # all are begun before any is waited for
            land.streets(plan, settings, mode, 0.0)
        for mode in modes:
            found = land.streets(plan, settings, mode, max(until - time.monotonic(), 0.0))
            if found is not None:
                laid[mode] = found
    except InputError:
        return {}, "none"
    state = "ready" if len(laid) == len(modes) else "not_ready"
    return laid, state


def _rotation(free: Sequence[UnitCard], call: Call) -> dict[str, Rotation]:
    fewest = min((unit.n_taken for unit in free), default=0)
    found = {}
    for unit in free:
        rested_s = math.inf if unit.free_since is None else (call.now - unit.free_since).total_seconds()
        rest_s = ROTATION_S if rested_s < 60.0 * call.rules.rest_min else 0.0
        found[unit.id] = Rotation(rest_s, TAKEN_S * (unit.n_taken - fewest))
    return found


def _arrivals(
    free: Sequence[UnitCard], streets: Mapping[str, Streets], settings: ReachSettings, call: Call, k: int
) -> tuple[dict[str, UnitReach], float]:
    """How soon each unit is there; those that are farther than the ``k`` of their mode are later than the seconds."""
    found: dict[str, UnitReach] = {}
    certain_s = math.inf
    for mode in sorted({unit.mode for unit in free}):
        mine = [unit for unit in free if unit.mode == mode]
        if mode not in streets:
            found |= _straight(mine, settings, mode, call.incident)
            continue
        laid = streets[mode]
        crs = laid.ground.territory.crs
        here = [(float(unit.lon or 0.0), float(unit.lat or 0.0)) for unit in mine]
        spots = metres_of([(call.incident.lon, call.incident.lat), *here], crs)
        asked = [Unit(unit.id, unit.kind, float(x), float(y)) for unit, (x, y) in zip(mine, spots[1:], strict=True)]
        told = nearest_units(
            laid.network,
            asked,
            float(spots[0, 0]),
            float(spots[0, 1]),
            k=k,
            stale_s=math.inf,
            turn_out_s=settings.turn_out_s,
            place_m=settings.place_m,
            off_street_kmh=settings.off_street_kmh,
            index=laid.index,
        )
        found |= {one.unit.id: one for one in told}
        if any(one.reason == "farther" for one in told):
            certain_s = min(certain_s, max(one.seconds for one in told if one.reason == "chosen"))
    return found, certain_s


def _straight(
    units: Sequence[UnitCard], settings: ReachSettings, mode: str, incident: IncidentCard
) -> dict[str, UnitReach]:
    """As the crow flies, at the plain speed of a mode: no route."""
    m_s = {one.value: kmh for one, kmh in settings.speed_kmh.items()}[mode] / 3.6
    shrink = math.cos(math.radians(incident.lat))
    found = {}
    for unit in units:
        dx, dy = (float(unit.lon or 0.0) - incident.lon) * shrink, float(unit.lat or 0.0) - incident.lat
        length_m = math.hypot(dx, dy) * _METRES_PER_DEGREE
        seconds = length_m / m_s + settings.turn_out_s
        found[unit.id] = UnitReach(Unit(unit.id, unit.kind, 0.0, 0.0), seconds, length_m, None, "straight_line")
    return found


def _is_open(arrivals: Mapping[str, UnitReach], rotation: Mapping[str, Rotation], certain_s: float, k: int) -> bool:
    """Whether a unit that was not looked for might be among the first ``k`` all the same."""
    if not np.isfinite(certain_s):
        return False
    scores = sorted(one.seconds + rotation[id].seconds for id, one in arrivals.items() if one.reason == "chosen")
    return len(scores) < k or scores[k - 1] > certain_s


def _in_order(
    free: Sequence[UnitCard], arrivals: Mapping[str, UnitReach], rotation: Mapping[str, Rotation], k: int
) -> tuple[list[Candidate], list[Candidate]]:
    """The first ``k``, and the rest with their reasons; by street goes before as the crow flies."""
    rank = {"chosen": 0, "straight_line": 1}

    def place(unit: UnitCard) -> tuple[int, float, float, str]:
        one = arrivals[unit.id]
        return rank.get(one.reason, 2), one.seconds + rotation[unit.id].seconds, one.seconds, unit.id

    units = sorted(free, key=place)
    n_by_street = sum(arrivals[unit.id].reason == "chosen" for unit in units)
    sent = [unit.id for unit in units if arrivals[unit.id].reason in rank][:k]
    latest_s = max((arrivals[id].seconds for id in sent if arrivals[id].reason == "chosen"), default=-1.0)
    chosen: list[Candidate] = []
    rest: list[Candidate] = []
    for unit in units:
        one, turn = arrivals[unit.id], rotation[unit.id]
        is_sent = unit.id in sent
        reason = one.reason if is_sent else _passed(one, turn, latest_s, n_by_street)
        facts = _facts(reason, one, turn)
        line = one.line if is_sent else None
        told = Candidate(unit, reason, facts, one.seconds, one.length_m, turn, line)
        (chosen if is_sent else rest).append(told)
    return chosen, rest


def _facts(reason: str, one: UnitReach, turn: Rotation) -> dict[str, Fact]:
    """What the sentence of a reason tells."""
    facts: dict[str, Fact] = {}
    if reason in ("chosen", "straight_line", "farther", "rotation"):
        facts["minutes"] = round(one.seconds / 60, 1)
    if reason in ("chosen", "straight_line"):
        facts["metres"] = round(one.length_m)
    if reason == "rotation":
        facts["seconds"] = round(turn.seconds)
    return facts


def _passed(one: UnitReach, turn: Rotation, latest_s: float, n_by_street: int) -> str:
    """Why a unit that is free is not among the first."""
    if one.reason == "chosen":
        return "rotation" if turn.seconds > 0 and one.seconds < latest_s else "farther"
    if one.reason == "straight_line":
        return "no_street" if n_by_street else "farther"
    return "farther" if one.reason == "farther" else "no_street"
