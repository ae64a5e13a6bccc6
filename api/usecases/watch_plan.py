"""Plans checked beside the work: each revision once, on a thread of its own, and none that nobody waits for any more.

An edit makes the check of the revision before it worthless; so a check ends at its next stage as soon as a newer
revision was asked for.  What was found is kept for the last few plans.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from threading import Event, Lock
from typing import Any

import numpy as np
import shapely
from pyproj import Transformer

from api.usecases.inspect_plan import Inspected, inspect_plan
from api.usecases.plan_desk import Desk
from api.usecases.verdict import CheckRow, group_of
from data.store import Store
from data.store.rooms.plan_card import PlanCard
from gis.errors import Fact
from partition.checks.places import FindingPlaces
from partition.checks.thin import Necks, parts_told, thin_grids

_KEPT, _KEPT_NECKS, _KEPT_RUNS = 16, 50_000, 64
MOST_FINDINGS = 500
FAULT, OPEN, EXCUSED, REMARK = "fault", "open", "excused", "remark"
Key = tuple[str, int, datetime]


class Outdated(Exception):
    """The plan moved on; nobody waits for this check."""


@dataclass(frozen=True, slots=True)
class Spot:
    """Where somebody must look.

    Attributes
    ----------
    lon, lat
        A point of it.
    bbox
        West, south, east, north.
    """

    lon: float
    lat: float
    bbox: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found.

    Attributes
    ----------
    weight
        ``fault`` (the plan is not sound), ``open`` (a broken rule without an excuse), ``excused`` (one that has one),
        ``remark`` (lawful, and worth a look).
    group
        As the rows of the verdict are called; ``rules`` for broken rules, ``succession`` and ``other`` besides.
    code, facts
        What it is; the sentence is made of them.
    why
        Of a broken rule: its code.
    spot
        ``None`` for what lies nowhere.
    """

    weight: str
    group: str
    code: str
    facts: Mapping[str, Fact]
    spot: Spot | None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Watched:
    """What a check of one revision found.

    Attributes
    ----------
    revision, at
        What was looked at, and when that was done.
    rows
        One per kind of check.
    findings
        The worst first; ``n`` counts all of each weight, also what is beyond the listed ones.
    """

    revision: int
    at: datetime
    rows: tuple[CheckRow, ...]
    findings: tuple[Finding, ...]
    n: Mapping[str, int]

    @property
    def is_sound(self) -> bool:
        """Nothing stands against submitting it."""
        return not self.n[FAULT] and not self.n[OPEN]


@dataclass(slots=True)
class _Run:
    """One check that was asked for."""

    key: Key
    is_outdated: Event = field(default_factory=Event)
    found: Watched | None = None
    error: Exception | None = None
    done: Event = field(default_factory=Event)


class PlanWatch:
    """Checks plans, each revision once.

    Parameters
    ----------
    now
        The clock of the service.
    """

    def __init__(self, store: Store, desk: Desk, now: Callable[[], datetime]) -> None:
        self._store, self._desk, self._now = store, desk, now
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="check")
        self._runs: OrderedDict[str, _Run] = OrderedDict()  # by plan, the newest revision asked for
        self._before: OrderedDict[str, Watched] = OrderedDict()  # by plan, the last that was found
        self._necks: Necks = {}
        self._lock = Lock()

    def look(self, card: PlanCard) -> Watched | None:
        """What is found of a plan as it is; ``None`` while that is being found out.

        Raises
        ------
        Exception
            What stopped the check; asked again, the plan is checked again.
        """
        key = (card.id, card.revision, card.changed_at)
        with self._lock:
            run = self._runs.get(card.id)
            if run is not None and run.key == key and not run.is_outdated.is_set():
                if run.error is not None:
                    del self._runs[card.id]
                    raise run.error
                self._runs.move_to_end(card.id)
                return run.found
            if run is not None:
                run.is_outdated.set()
            fresh = self._runs[card.id] = _Run(key)
            self._runs.move_to_end(card.id)
            for id in [id for id, one in self._runs.items() if one.done.is_set()][: max(0, len(self._runs) - _KEPT)]:
                del self._runs[id]
            while len(self._runs) > _KEPT_RUNS:
                _, forgotten = self._runs.popitem(last=False)
                forgotten.is_outdated.set()
            self._threads.submit(self._work, fresh)
        return None

    def last(self, id: str) -> Watched | None:
        """What was found of an earlier revision."""
        with self._lock:
            return self._before.get(id)

    def end(self) -> None:
        """Begin nothing more; what runs ends at its next stage."""
        with self._lock:
            for run in self._runs.values():
                run.is_outdated.set()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _work(self, run: _Run) -> None:
        try:
            found = self._check(run)
        except Outdated:
            return
        except Exception as error:  # told to whoever asks next: a thread has nobody to tell
            run.error = error
        else:
            with self._lock:
                run.found = found
                self._before[run.key[0]] = found
                self._before.move_to_end(run.key[0])
                while len(self._before) > _KEPT:
                    self._before.popitem(last=False)
        finally:
            run.done.set()

    def _check(self, run: _Run) -> Watched:
        def stage() -> None:
            if run.is_outdated.is_set():
                raise Outdated

        stage()
        inspected = inspect_plan(self._store, self._desk, run.key[0], "", stage)
        if (inspected.card.revision, inspected.card.changed_at) != run.key[1:]:
            raise Outdated  # somebody was faster; who asks again asks for that
        found = _findings(inspected, self._necks_kept())
        stage()
        n = {weight: sum(one.weight == weight for one in found) for weight in (FAULT, OPEN, EXCUSED, REMARK)}
        return Watched(run.key[1], self._now(), inspected.verdict.rows, tuple(found[:MOST_FINDINGS]), n)

    def _necks_kept(self) -> Necks:
        if len(self._necks) > _KEPT_NECKS:
            self._necks.clear()
        return self._necks


def _findings(inspected: Inspected, necks: Necks) -> list[Finding]:
    whole, territory, verdict = inspected.whole, inspected.territory, inspected.verdict
    places = FindingPlaces(whole, territory)
    spots = _Spots(Transformer.from_crs(territory.crs, 4326, always_xy=True))
    found: list[Finding] = []
    of_verdict = len(verdict.faults)
    for i, fault in enumerate(inspected.faults[:MOST_FINDINGS]):
        group = group_of(fault.code) if i < of_verdict else "succession"
        found.append(Finding(FAULT, group, fault.code, fault.facts, spots.of(places.find(fault.code, fault.facts))))
    rules = [(OPEN, verdict.open_rules), (EXCUSED, verdict.excused)]
    sizes = dict(zip(whole.grids["code"].astype(str), whole.grids["households"].tolist()))
    for weight, rows in rules:
        for why, grid, community in rows[:MOST_FINDINGS]:
            facts: dict[str, Fact] = {"grid": grid or community, "community": community, "why": why}
            facts["measured"] = int(sizes.get(grid, 0))
            code = "plan_rule_open" if weight == OPEN else "plan_rule_excused"
            found.append(
                Finding(weight, "rules", code, facts, spots.of(places.find(code, {**facts, "grid": grid})), why)
            )
    there = whole.grids if whole.grids.crs == territory.crs else whole.grids.to_crs(territory.crs)
    there = there[shapely.is_valid(np.asarray(there.geometry.array))].reset_index(drop=True)
    for fault, point in thin_grids(there, necks):
        grid = places.grid(str(fault.facts["grid"]))
        found.append(Finding(REMARK, "shape", fault.code, fault.facts, spots.of(grid, point)))
    for fault in parts_told(there, territory):
        found.append(Finding(REMARK, "shape", fault.code, fault.facts, spots.of(places.find(fault.code, fault.facts))))
    return found


class _Spots:
    """Geometry of a territory as places in longitude and latitude."""

    def __init__(self, to_degrees: Transformer) -> None:
        self._to_degrees = to_degrees

    def of(self, shape: Any, point: Any = None) -> Spot | None:
        """A point of a shape (or a given one), and its box."""
        if shape is None or shapely.is_empty(shape):
            return None
        at = shapely.point_on_surface(shape) if point is None else point
        west, south, east, north = shapely.bounds(shape).tolist()
        x = [at.x, west, east, east, west]
        y = [at.y, south, south, north, north]
        lon, lat = (np.round(side, 7).tolist() for side in self._to_degrees.transform(x, y))
        return Spot(lon[0], lat[0], (min(lon[1:]), min(lat[1:]), max(lon[1:]), max(lat[1:])))
