"""What a schedule is made of: rounds to walk, vehicles, watches, and the shifts that come out.

A patrol is a number of a community, never a person.  Moments are a date and minutes after its midnight; a shift may
end on the day after (more than 1440 minutes).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from gis.streets.network import Mode

DAY_MINUTES = 1440
NIGHT_FROM, NIGHT_TO = 18 * 60, 6 * 60
"""Night lies between these minutes of the day; a watch is a night watch when most of it does."""


class Kind(StrEnum):
    """Who patrols: full-time patrols (专职), several services together (联勤), volunteers (志愿)."""

    DEDICATED = "dedicated"
    JOINT = "joint"
    VOLUNTEER = "volunteer"


@dataclass(frozen=True, slots=True)
class Round:
    """One route of one grid: what a patrol walks when it is the grid's turn.

    Attributes
    ----------
    id
        Unique: the id of the route (``GRID-1``).
    grid, community
        Codes.
    minutes
        How long it takes, by mode; a mode that is missing can not do it.
    x, y
        Where it begins, in metres: for the way from one grid to the next.
    """

    id: str
    grid: str
    community: str
    minutes: Mapping[Mode, float]
    x: float = 0.0
    y: float = 0.0


@dataclass(frozen=True, slots=True)
class Vehicle:
    """A car or an e-bike of a community."""

    id: str
    community: str
    mode: Mode


@dataclass(frozen=True, slots=True)
class Watch:
    """A row of shifts that comes back: every morning, Tuesday and Thursday evenings.

    Attributes
    ----------
    name
        Unique: ``am``, ``pm``, ``sweep``; part of what a shift's variation is drawn from.
    kind
        Who patrols.
    start, minutes
        Minute of the day it begins at, and how long it lasts.
    weekdays
        0 for Monday to 6 for Sunday.
    modes
        How its patrols may move, the preferred first; vehicles are taken while there are any.
    n_patrols
        Patrols of a community (of all communities together where ``is_pooled``); 0: as many as it takes.
    persons
        People of one patrol.
    must_cover
        Every round has to be walked, and what can not be is an overload; else the watch goes as far as it comes, and
        begins elsewhere each time.
    is_pooled
        Patrols and vehicles work in all communities.
    """

    name: str
    kind: Kind
    start: int
    minutes: int
    weekdays: frozenset[int] = frozenset(range(7))
    modes: tuple[Mode, ...] = (Mode.FOOT,)
    n_patrols: int = 0
    persons: int = 1
    must_cover: bool = True
    is_pooled: bool = False

    @property
    def is_night(self) -> bool:
        """Most of it lies in the night."""
        dark = sum(not NIGHT_TO <= minute % DAY_MINUTES < NIGHT_FROM for minute in range(self.start, self.end))
        return 2 * dark > self.minutes

    @property
    def end(self) -> int:
        """Minute of the day it ends at; more than 1440 on the day after."""
        return self.start + self.minutes


WALK_OR_RIDE = (Mode.EBIKE, Mode.CAR, Mode.FOOT)
HALF_DAYS = (
    Watch("am", Kind.DEDICATED, 8 * 60, 240, modes=WALK_OR_RIDE),
    Watch("pm", Kind.DEDICATED, 14 * 60, 240, modes=WALK_OR_RIDE),
)
"""Every grid once per half day (网格半日1巡)."""
EVENING_SWEEP = Watch(
    "sweep",
    Kind.JOINT,
    19 * 60 + 30,
    150,
    weekdays=frozenset({1, 3}),
    modes=(Mode.CAR, Mode.EBIKE, Mode.FOOT),
    persons=6,
    must_cover=False,
    is_pooled=True,
    n_patrols=18,
)
"""Tuesday and Thursday evenings, several services together: about 18 vehicles and 107 people."""
NIGHT = Watch("night", Kind.DEDICATED, 22 * 60, 240, modes=(Mode.CAR, Mode.EBIKE), must_cover=False)
VOLUNTEERS = Watch(
    "volunteer", Kind.VOLUNTEER, 9 * 60, 120, weekdays=frozenset({5, 6}), n_patrols=2, persons=2, must_cover=False
)


@dataclass(frozen=True, slots=True)
class Visit:
    """One round within a shift: ``start_min`` is the minute of the shift's date it begins at."""

    round: str
    grid: str
    start_min: float
    minutes: float


@dataclass(frozen=True, slots=True)
class Shift:
    """What one patrol does in one watch of one day.

    Attributes
    ----------
    date, watch, kind
        When and what.
    patrol
        ``COMMUNITY-2``: number of the patrol among those of its community (``joint-2`` where pooled).
    persons
        People in it.
    mode, vehicle
        How it moves, and with which vehicle; empty on foot.
    visits
        Rounds in the order they are walked.
    minutes
        From the beginning of the first round to the end of the last, with the ways between grids.
    """

    date: date
    watch: str
    kind: Kind
    is_night: bool
    patrol: str
    persons: int
    mode: Mode
    vehicle: str
    visits: tuple[Visit, ...]
    minutes: float


@dataclass(frozen=True, slots=True)
class Overload:
    """Rounds that a watch has to cover and can not, with what would do.

    Attributes
    ----------
    code
        ``patrol_round_too_long`` (one round alone exceeds the shift in every mode at hand),
        ``patrol_too_few_patrols`` (they do not fit into the patrols there are).
    watch, community
        Where; it holds for every day of the watch with the same vehicles, and ``first`` is the first such day.
    rounds
        What is left out.
    minutes, allowed_minutes
        What all rounds of the community take at least, and what the patrols have.
    n_patrols_needed
        Patrols that would do with this shift; 0 where no number does.
    shift_minutes_needed
        Shift that would do with these patrols.
    """

    code: str
    watch: str
    community: str
    first: date
    rounds: tuple[str, ...]
    minutes: float
    allowed_minutes: float
    n_patrols_needed: int
    shift_minutes_needed: int


@dataclass(frozen=True, slots=True)
class Schedule:
    """Shifts of a period, by date, watch and patrol.

    Attributes
    ----------
    shifts
        All of them.
    held, possible
        Per watch: the dates it takes place on, and how many the calendar has.
    overloads
        What does not fit.
    """

    shifts: tuple[Shift, ...]
    held: Mapping[str, tuple[date, ...]]
    possible: Mapping[str, int]
    overloads: tuple[Overload, ...] = field(default=())
