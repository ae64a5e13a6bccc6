"""Who walks which grid when, and with which vehicle: the schedule of a period.

Vehicles belong to communities (1 car and 2 e-bikes each, or what a district has) and are lent to one watch at a time.
Where watches overlap, the one that is named first has them.  Which patrol and which vehicle gets which chain of
grids, and in which direction the chain is walked, changes from shift to shift, drawn from plan, community, date and
watch.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from gis.errors import Fault, InputError
from gis.streets.network import Mode
from partition.patrol.schedule.calendar import check_period, days_of, held_on
from partition.patrol.schedule.pack import (
    Chain,
    Packed,
    least_minutes,
    limit_that_does,
    pack_first,
    pack_some,
    quickest_minutes,
    too_long,
    way_minutes,
)
from partition.patrol.schedule.types import (
    DAY_MINUTES,
    HALF_DAYS,
    Overload,
    Round,
    Schedule,
    Shift,
    Vehicle,
    Visit,
    Watch,
)
from partition.patrol.schedule.vary import Draws, shift_key

POOL = "joint"
"""What stands for the community of a pooled watch."""


def shared_vehicles(communities: Sequence[str], *, cars: int = 1, ebikes: int = 2) -> tuple[Vehicle, ...]:
    """The same vehicles for every community: ``CODE-car-1``, ``CODE-ebike-1``, ``CODE-ebike-2``."""
    return tuple(
        Vehicle(f"{community}-{mode}-{number}", community, mode)
        for community in sorted(communities)
        for mode, n in ((Mode.CAR, cars), (Mode.EBIKE, ebikes))
        for number in range(1, n + 1)
    )


def plan_schedule(
    rounds: Sequence[Round],
    vehicles: Sequence[Vehicle],
    first: date,
    last: date,
    *,
    watches: Sequence[Watch] = HALF_DAYS,
    holidays: Collection[date] = (),
    cancelled: Mapping[str, Collection[date]] | None = None,
    plan_id: str = "",
) -> Schedule:
    """Spread rounds over patrols, vehicles and days.

    Parameters
    ----------
    rounds
        Every route that has to be walked in each watch.
    vehicles
        What there is to ride and drive.
    first, last
        The period, both days included.
    watches
        What takes place, the most important first.
    holidays
        Days on which watches that need not cover everything do not take place; every grid is patrolled on holidays too.
    cancelled
        Per watch: further days on which it does not take place.
    plan_id
        What the variation is drawn from, beside community, date and watch.

    Raises
    ------
    InputError
        ``schedule_period_wrong``, ``schedule_watch_wrong``, ``schedule_watch_twice``, ``schedule_round_twice``,
        ``schedule_vehicle_twice``.
    """
    check_period(first, last, watches)
    _check_ids(rounds, vehicles)
    cancelled = cancelled or {}
    held = {
        watch.name: held_on(
            watch, first, last, {*cancelled.get(watch.name, ()), *(() if watch.must_cover else holidays)}
        )
        for watch in watches
    }
    desk = _Desk(tuple(sorted(rounds, key=lambda r: (r.community, r.grid, r.id))), vehicles, plan_id)
    for day in sorted({day for days in held.values() for day in days}):
        for watch in watches:
            if day in held[watch.name]:
                desk.hold(watch, day)
    place = {watch.name: number for number, watch in enumerate(watches)}
    shifts = sorted(desk.shifts, key=lambda s: (s.date, place[s.watch], s.patrol))
    possible = {watch.name: len(days_of(watch, first, last)) for watch in watches}
    return Schedule(tuple(shifts), held, possible, tuple(desk.overloads.values()))


def _check_ids(rounds: Sequence[Round], vehicles: Sequence[Vehicle]) -> None:
    faults = []
    for code, ids in (
        ("schedule_round_twice", [r.id for r in rounds]),
        ("schedule_vehicle_twice", [v.id for v in vehicles]),
    ):
        seen: set[str] = set()
        faults += [Fault(code, {"id": id}) for id in ids if id in seen or seen.add(id)]  # type: ignore[func-returns-value]
    if faults:
        raise InputError.of(faults)


@dataclass(slots=True)
class _Desk:
    """What has been given out so far."""

    rounds: tuple[Round, ...]
    vehicles: Sequence[Vehicle]
    plan_id: str
    shifts: list[Shift] = field(default_factory=list)
    overloads: dict[tuple[object, ...], Overload] = field(default_factory=dict)
    busy: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    packed: dict[tuple[object, ...], Packed] = field(default_factory=dict)
    turn: dict[tuple[str, str], int] = field(default_factory=dict)

    def hold(self, watch: Watch, day: date) -> None:
        """One watch on one day."""
        communities = [POOL] if watch.is_pooled else sorted({r.community for r in self.rounds})
        for community in communities:
            mine = self.rounds if watch.is_pooled else tuple(r for r in self.rounds if r.community == community)
            if mine:
                self._hold_in(watch, day, community, mine)

    def _hold_in(self, watch: Watch, day: date, community: str, mine: tuple[Round, ...]) -> None:
        free = self._free(watch, day, community)
        choices = _choices(watch, free, len(mine))
        if watch.must_cover:
            packed = self._all_packed(watch, day, community, mine, choices)
        else:
            begin = self.turn.get((watch.name, community), 0) % len(mine)
            packed, n_taken = pack_some(
                mine[begin:] + mine[:begin], choices[0], watch.minutes, few=watch.n_patrols == 0
            )
            self.turn[watch.name, community] = begin + n_taken
        self._give_out(watch, day, community, packed.chains, free)

    def _free(self, watch: Watch, day: date, community: str) -> list[Vehicle]:
        begin, end = _window(watch, day)
        return [
            vehicle
            for vehicle in sorted(self.vehicles, key=lambda v: v.id)
            if (watch.is_pooled or vehicle.community == community)
            and all(end <= taken or begin >= given_back for taken, given_back in self.busy.get(vehicle.id, ()))
        ]

    def _all_packed(
        self, watch: Watch, day: date, community: str, mine: tuple[Round, ...], choices: tuple[tuple[Mode, ...], ...]
    ) -> Packed:
        key = (watch.name, community, choices)
        if key not in self.packed:
            never = too_long(mine, sorted({mode for slots in choices for mode in slots}), watch.minutes)
            rest = [r for r in mine if r not in never]
            packed = pack_first(rest, choices, watch.minutes, few=watch.n_patrols == 0)
            self.packed[key] = packed
            for code, left in (("patrol_round_too_long", never), ("patrol_too_few_patrols", packed.left_out)):
                if left:
                    rounds = left if code == "patrol_round_too_long" else rest
                    self.overloads[(*key, code)] = _overload(code, watch, day, community, rounds, left, choices)
        return self.packed[key]

    def _give_out(
        self, watch: Watch, day: date, community: str, chains: Sequence[Chain], free: Sequence[Vehicle]
    ) -> None:
        draws = Draws(shift_key(self.plan_id, community, day.isoformat(), watch.name))
        by_mode = {mode: [v for v in free if v.mode == mode] for mode in (Mode.CAR, Mode.EBIKE)}
        for at_hand in by_mode.values():
            at_hand[:] = [at_hand[i] for i in draws.shuffled(len(at_hand))]
        begin, end = _window(watch, day)
        for number, place in enumerate(draws.shuffled(len(chains)), start=1):
            chain = chains[place]
            vehicle = by_mode[chain.mode].pop().id if chain.mode in by_mode else ""
            if vehicle:
                self.busy.setdefault(vehicle, []).append((begin, end))
            rounds = chain.rounds[::-1] if draws.below(2) else chain.rounds
            self.shifts.append(
                Shift(
                    date=day,
                    watch=watch.name,
                    kind=watch.kind,
                    is_night=watch.is_night,
                    patrol=f"{community}-{number}",
                    persons=watch.persons,
                    mode=chain.mode,
                    vehicle=vehicle,
                    visits=_visits(rounds, chain.mode, watch.start),
                    minutes=chain.minutes,
                )
            )


def _window(watch: Watch, day: date) -> tuple[int, int]:
    midnight = day.toordinal() * DAY_MINUTES
    return midnight + watch.start, midnight + watch.end


def _choices(watch: Watch, free: Sequence[Vehicle], n_rounds: int) -> tuple[tuple[Mode, ...], ...]:
    """Modes of the patrols at hand: vehicles while there are any and the rest on foot; then with a vehicle less each.

    A patrol that could ride may have to walk where a grid can only be walked.
    """
    most = watch.n_patrols or n_rounds
    on_foot = Mode.FOOT in watch.modes
    ridden = [mode for mode in watch.modes if mode != Mode.FOOT for v in free if v.mode == mode]
    if on_foot and watch.modes[0] == Mode.FOOT:
        return ((Mode.FOOT,) * most,)
    n_ridden = min(len(ridden), most)
    least = 0 if on_foot and watch.n_patrols else n_ridden
    return tuple((*ridden[:n], *([Mode.FOOT] * (most - n) if on_foot else [])) for n in range(n_ridden, least - 1, -1))


def _visits(rounds: Sequence[Round], mode: Mode, start: float) -> tuple[Visit, ...]:
    visits = []
    at = float(start)
    for number, one in enumerate(rounds):
        at += way_minutes(rounds[number - 1], one, mode) if number else 0.0
        visits.append(Visit(one.id, one.grid, at, one.minutes[mode]))
        at += one.minutes[mode]
    return tuple(visits)


def _overload(
    code: str,
    watch: Watch,
    day: date,
    community: str,
    rounds: Sequence[Round],
    left: Sequence[Round],
    choices: tuple[tuple[Mode, ...], ...],
) -> Overload:
    """What would do: more patrols (on foot, where the watch may walk), or a longer shift."""
    modes = sorted({mode for slots in choices for mode in slots})
    n_patrols = len(choices[0])
    n_needed = 0
    if code == "patrol_too_few_patrols":
        further = Mode.FOOT if Mode.FOOT in watch.modes else watch.modes[0]
        for more in range(1, len(rounds) + 1):
            wider = [(*slots, *[further] * more) for slots in choices]
            if not pack_first(rounds, wider, watch.minutes, few=False).left_out:
                n_needed = n_patrols + more
                break
    is_one = code == "patrol_round_too_long"
    if is_one:
        longest = max(quickest_minutes(r, modes) for r in rounds)
        would_do = [math.ceil(longest) if longest < math.inf else 0]
    else:
        would_do = [limit_that_does(rounds, slots, watch.minutes) for slots in choices]
    return Overload(
        code=code,
        watch=watch.name,
        community=community,
        first=day,
        rounds=tuple(sorted(r.id for r in left)),
        minutes=least_minutes(rounds, modes),
        allowed_minutes=float(watch.minutes if is_one else watch.minutes * n_patrols),
        n_patrols_needed=n_needed,
        shift_minutes_needed=min((minutes for minutes in would_do if minutes), default=0),
    )
