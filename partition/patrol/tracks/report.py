"""What the report of tracks holds: totals, per track and grid, missed streets, blind areas.

Figures are kept unrounded; `TrackReport.to_json` rounds them and turns geometry into longitude and latitude.  Nothing
in it names a person: a track has the number of its patrol.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
import shapely
from pyproj import CRS, Transformer

from gis.errors import Fault
from gis.streets.network import Mode
from partition.patrol.tracks.intervals import Coverage

_DEGREES = 7  # decimals: about a centimetre


@dataclass(frozen=True, slots=True)
class TrackRow:
    """One track.

    Attributes
    ----------
    patrol
        Number of the patrol.
    persons
        People who walked it.
    fixes, used, off_network
        Fixes in the file, believed, and (after averaging) near no street.
    dropped
        Fixes left out, by rule.
    clock_jumps
        How often its clock was set back.
    parts
        Parts it falls into.
    begin_s, end_s
        First and last second since 1970; NaN without times.
    seconds, walked_m
        Time inside the parts (NaN without times) and metres along the streets.
    """

    patrol: str
    persons: int
    fixes: int
    used: int
    off_network: int
    dropped: Mapping[str, int]
    clock_jumps: int
    parts: int
    begin_s: float
    end_s: float
    seconds: float
    walked_m: float


@dataclass(frozen=True, slots=True)
class GridRow:
    """One grid: metres due, patrolled and missed; street-hours with a patrol, by metres (NaN without times)."""

    grid: str
    planned_m: float
    covered_m: float
    missed_streets: int
    metre_hours: float
    metre_hours_with_patrol: float

    @property
    def missed_m(self) -> float:
        """Metres due that nobody patrolled."""
        return self.planned_m - self.covered_m

    @property
    def presence(self) -> float:
        """Presence ratio (见警率); NaN where it is not known."""
        return self.metre_hours_with_patrol / self.metre_hours if self.metre_hours > 0 else float("nan")


@dataclass(frozen=True, slots=True)
class MissedStreet:
    """A street of a grid, or what of it was missed.

    ``length_m`` is what is missing, ``street_m`` all that was due of it; ``households`` live within reach of it.
    """

    grid: str
    street: str
    road_class: str
    link_ids: tuple[str, ...]
    length_m: float
    street_m: float
    households: int
    geometry: Any


@dataclass(frozen=True, slots=True)
class BlindArea:
    """Ground of a grid that lies away from every street that was patrolled."""

    grid: str
    area_m2: float
    households: int
    geometry: Any


@dataclass(frozen=True, slots=True)
class TrackReport:
    """What tracks say of the streets that had to be patrolled.

    Attributes
    ----------
    mode, crs
        How they moved; CRS of all geometry.
    tracks, grids
        Rows, in order of input and of code.
    planned_m, covered_m
        Metres due and patrolled; a street whose two sides are inspected apart counts twice.
    seconds, walked_m
        Of all tracks; seconds are NaN when none has times.
    missed
        Streets, the longest miss first.
    blind
        Areas by grid, largest first; empty when no outlines were given.
    households_missed, households_blind
        Households near a missed street and in blind areas, each once.
    link_ids, links
        Ids of the links that were due, and their numbers in the network.
    coverage
        Per link of the network: intervals, visits.
    warnings
        What the reader has to know, as codes with facts.
    """

    mode: Mode
    crs: CRS
    tracks: tuple[TrackRow, ...]
    grids: tuple[GridRow, ...]
    planned_m: float
    covered_m: float
    seconds: float
    walked_m: float
    missed: tuple[MissedStreet, ...]
    blind: tuple[BlindArea, ...]
    households_missed: int
    households_blind: int
    link_ids: tuple[str, ...]
    links: np.ndarray
    coverage: Coverage
    warnings: tuple[Fault, ...] = field(default=())

    @property
    def missed_m(self) -> float:
        """Metres due that nobody patrolled."""
        return self.planned_m - self.covered_m

    @property
    def coverage_frac(self) -> float:
        """Share of the metres due that were patrolled; NaN where none was due."""
        return self.covered_m / self.planned_m if self.planned_m > 0 else float("nan")

    @property
    def mean_kmh(self) -> float:
        """Metres along the streets of the tracks with times, by their time; NaN without times."""
        timed = [t for t in self.tracks if t.seconds > 0]
        seconds = sum(t.seconds for t in timed)
        return 3.6 * sum(t.walked_m for t in timed) / seconds if seconds else float("nan")

    @property
    def person_times(self) -> int:
        """Person-times (人次): people of every outing."""
        return sum(t.persons for t in self.tracks)

    def to_json(self, *, with_links: bool = True) -> dict[str, Any]:
        """Plain data in a fixed order; lengths in km or m as named, times in ISO 8601 (UTC), shapes in lon/lat.

        ``with_links`` False leaves out the rows of the links (a city has many).
        """
        draw = _Drawer(self.crs)
        totals = {rule: sum(t.dropped.get(rule, 0) for t in self.tracks) for rule in _rules(self.tracks)}
        data: dict[str, Any] = {
            "mode": str(self.mode),
            "fixes": sum(t.fixes for t in self.tracks),
            "used": sum(t.used for t in self.tracks),
            "dropped": totals,
            "person_times": self.person_times,
            "hours": _round(self.seconds / 3600, 4),
            "km": _round(self.walked_m / 1000, 4),
            "mean_kmh": _round(self.mean_kmh, 3),
            "planned_km": _round(self.planned_m / 1000, 4),
            "covered_km": _round(self.covered_m / 1000, 4),
            "missed_km": _round(self.missed_m / 1000, 4),
            "coverage_frac": _round(self.coverage_frac, 5),
            "households_missed": self.households_missed,
            "households_blind": self.households_blind,
            "tracks": [_track(t) for t in self.tracks],
            "grids": [_grid(g) for g in self.grids],
            "missed": [
                {
                    "grid": m.grid,
                    "street": m.street,
                    "road_class": m.road_class,
                    "length_m": _round(m.length_m, 1),
                    "street_m": _round(m.street_m, 1),
                    "households": m.households,
                    "links": list(m.link_ids),
                    "geometry": draw(m.geometry),
                }
                for m in self.missed
            ],
            "blind": [
                {
                    "grid": b.grid,
                    "area_m2": _round(b.area_m2, 0),
                    "households": b.households,
                    "geometry": draw(b.geometry),
                }
                for b in self.blind
            ],
            "warnings": [{"code": w.code, "facts": dict(w.facts)} for w in self.warnings],
        }
        if with_links:
            data["links"] = self._links()
        return data

    def _links(self) -> list[dict[str, Any]]:
        c = self.coverage
        first = np.searchsorted(c.interval_link, self.links, side="left")
        last = np.searchsorted(c.interval_link, self.links, side="right")
        rows = []
        for i, (link, name) in enumerate(zip(self.links, self.link_ids)):
            stretches = [
                [_round(c.interval_low_m[k], 1), _round(c.interval_high_m[k], 1)] for k in range(first[i], last[i])
            ]
            rows.append(
                {
                    "id": name,
                    "patrolled": bool(c.is_patrolled[link]),
                    "due_m": _round(c.due_m[link], 1),
                    "covered_m": _round(c.covered_m[link], 1),
                    "visits": int(c.visits[link]),
                    "first": _moment(c.first_s[link]),
                    "last": _moment(c.last_s[link]),
                    "longest_gap_s": _round(c.longest_gap_s[link], 0),
                    "intervals_m": stretches,
                }
            )
        return rows


class _Drawer:
    """Geometry as GeoJSON in longitude and latitude."""

    def __init__(self, crs: CRS) -> None:
        self._to = Transformer.from_crs(crs, "EPSG:4326", always_xy=True)

    def __call__(self, geometry: Any) -> dict[str, Any]:
        degrees = shapely.transform(geometry, lambda xy: np.column_stack(self._to.transform(xy[:, 0], xy[:, 1])))
        shape: dict[str, Any] = shapely.geometry.mapping(shapely.set_precision(degrees, 0))
        return {"type": shape["type"], "coordinates": _plain(shape["coordinates"])}


def _plain(coordinates: Any) -> Any:
    if isinstance(coordinates, (tuple, list)):
        return [_plain(c) for c in coordinates]
    return round(float(coordinates), _DEGREES)


def _rules(tracks: tuple[TrackRow, ...]) -> list[str]:
    return list(dict.fromkeys(rule for t in tracks for rule in t.dropped))


def _track(t: TrackRow) -> dict[str, Any]:
    return {
        "patrol": t.patrol,
        "persons": t.persons,
        "fixes": t.fixes,
        "used": t.used,
        "off_network": t.off_network,
        "dropped": dict(t.dropped),
        "clock_jumps": t.clock_jumps,
        "parts": t.parts,
        "begin": _moment(t.begin_s),
        "end": _moment(t.end_s),
        "hours": _round(t.seconds / 3600, 4),
        "km": _round(t.walked_m / 1000, 4),
        "mean_kmh": _round(3.6 * t.walked_m / t.seconds if t.seconds > 0 else float("nan"), 3),
    }


def _grid(g: GridRow) -> dict[str, Any]:
    return {
        "grid": g.grid,
        "planned_km": _round(g.planned_m / 1000, 4),
        "covered_km": _round(g.covered_m / 1000, 4),
        "missed_km": _round(g.missed_m / 1000, 4),
        "coverage_frac": _round(g.covered_m / g.planned_m if g.planned_m > 0 else float("nan"), 5),
        "missed_streets": g.missed_streets,
        "presence": _round(g.presence, 5),
    }


def _round(value: float, digits: int) -> float | None:
    """Rounded; None for what is not known, which JSON has no number for."""
    return round(float(value), digits) if np.isfinite(value) else None


def _moment(seconds: float) -> str | None:
    if not np.isfinite(seconds) or abs(seconds) > 1e11:
        return None
    return datetime.fromtimestamp(round(float(seconds)), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
