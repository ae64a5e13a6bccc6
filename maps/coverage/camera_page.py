"""Everything the camera map holds, as plain data: figures by area, stretches by level, cameras, blind ends, proposals.

Decides what is left out so that the page of a city stays small, and says how much there was (``*_total``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import shapely

from gis.graph import FloatArray
from gis.sight import Samples, Seen
from gis.streets.network import ObjectArray
from gis.territory import Territory
from maps.coverage.stretches import cut_lines, finest_level, runs_of
from maps.features import to_lonlat
from maps.pack import pack_lines, pack_points, pack_polygons
from maps.patrol.datum import clean
from partition.coverage.cameras.types import CameraSurvey, DensityRow
from partition.coverage.siting.problem import SitingAnswer

MOST_STRETCHES = 150_000
"""Stretches of street drawn; of more, the shortest are left out."""
MOST_BLIND = 1_000
"""Blind stretches listed: the longest."""
MOST_CORNERS = 900_000
"""Corners of all sight polygons together; of more, they are drawn more coarsely."""
_TOLERANCES_M = (0.3, 0.6, 1.2, 2.5, 5.0)
_LINE_TOLERANCE_M = 0.5

Origin = tuple[float, float]


def camera_data(
    survey: CameraSurvey,
    territory: Territory,
    origin: Origin,
    siting: SitingAnswer | None,
    sights: ObjectArray | None,
) -> dict[str, Any]:
    """The data of the page beside grids and ground.

    Parameters
    ----------
    sights
        What each proposed camera would see; ``None``: not drawn.
    """
    settings = survey.settings
    return {
        "edition": clean(settings.profile.edition),
        "levels": [{"name": name, "px_per_m": density} for name, density in settings.profile.levels],
        "asked": settings.profile.names.index(settings.level),
        "private_level": settings.private_level,
        "sample_m": settings.sample_m,
        "has_sight": len(survey.samples) > 0,
        "has_polygons": bool((~shapely.is_empty(survey.polygon)).any()),
        "rows": [_row(row, settings.profile.names) for row in survey.rows],
        "programmes": _counts(survey.by_programme),
        "owners": _counts(survey.by_owner),
        "progress": [[clean(name), *map(float, figures)] for name, figures in survey.progress.items()],
        "stretches": _stretches(survey, territory, origin),
        "blind": _blind(survey, territory, origin),
        "blind_total": len(survey.blind),
        "blind_m": round(float(sum(blind.length_m for blind in survey.blind))),
        "places": _places(survey, territory, origin),
        "cameras": _cameras(survey, territory, origin),
        "siting": None if siting is None else _siting(siting, survey, territory, origin, sights),
    }


def _row(row: DensityRow, names: Sequence[str]) -> dict[str, Any]:
    return {
        "scope": row.scope,
        "code": clean(row.code),
        "name": clean(row.name),
        "km2": round(row.area_km2, 4),
        "positions": row.positions,
        "channels": row.channels,
        "working": row.working,
        "target": round(row.target_per_km2, 3),
        "density": None if row.density_per_km2 is None else round(row.density_per_km2, 3),
        "missing": row.missing,
        "street_m": round(row.street_m),
        "seen_m": [round(row.seen_m.get(name, 0.0)) for name in names],
        "places": row.places,
        "places_seen": [row.places_seen.get(name, 0) for name in names],
        "private_m": round(row.private_m),
        "networked": row.networked,
        "networked_known": row.networked_known,
        "twice_m": round(row.twice_m),
    }


def _counts(table: Any) -> list[list[Any]]:
    return [[clean(name), int(positions), int(channels)] for name, (positions, channels) in sorted(table.items())]


def _lonlat(shapes: ObjectArray, territory: Territory) -> ObjectArray:
    return to_lonlat(shapes, territory.crs)


def _shapes(territory: Territory, layer: str) -> ObjectArray:
    return np.asarray(territory[layer].geometry.array, dtype=object)


def _stretches(survey: CameraSurvey, territory: Territory, origin: Origin) -> dict[str, Any]:
    """Lines by how many levels they are seen at, from none to all."""
    samples = survey.samples
    densities = tuple(density for _, density in survey.settings.profile.levels)
    level = finest_level(samples, survey.sights, survey.cameras.is_working, densities)
    runs = runs_of(samples, level)
    lines = shapely.simplify(cut_lines(_shapes(territory, "streets"), runs.street, runs.from_m, runs.to_m), 0.5)
    seen = runs.level
    n = len(lines)
    if n > MOST_STRETCHES:
        longest = np.sort(np.argsort(-shapely.length(lines), kind="stable")[:MOST_STRETCHES])
        lines, seen = lines[longest], seen[longest]
    packed = pack_lines(_lonlat(lines, territory), origin)
    by_level: list[list[list[int]]] = [[] for _ in range(len(densities) + 1)]
    for one, steps in zip(seen.tolist(), packed, strict=True):
        by_level[one].extend(steps)
    return {"by_level": by_level, "total": n, "drawn": len(lines)}


def _blind(survey: CameraSurvey, territory: Territory, origin: Origin) -> list[list[Any]]:
    listed = survey.blind[:MOST_BLIND]
    street = np.array([blind.street for blind in listed], dtype=np.int64)
    ends = np.array([(blind.from_m, blind.to_m) for blind in listed], dtype=np.float64).reshape(-1, 2)
    lines = cut_lines(_shapes(territory, "streets"), street, ends[:, 0], ends[:, 1])
    packed = pack_lines(_lonlat(shapely.simplify(lines, _LINE_TOLERANCE_M), territory), origin)
    table = territory["streets"]
    name, road = table["name"].to_numpy(dtype=object), table["class"].to_numpy(dtype=object)
    return [
        [clean(name[one.street]), clean(road[one.street]), one.grid, round(one.length_m, 1), steps[0] if steps else []]
        for one, steps in zip(listed, packed, strict=True)
    ]


def _places(survey: CameraSurvey, territory: Territory, origin: Origin) -> list[list[Any]]:
    """Key places with the number of levels each is seen at."""
    samples = survey.samples
    at = np.flatnonzero(samples.kind == Seen.PLACE)
    densities = tuple(density for _, density in survey.settings.profile.levels)
    level = finest_level(samples, survey.sights, survey.cameras.is_working, densities)[at]
    table = territory["key_places"]
    name, kind = table["name"].to_numpy(dtype=object), table["kind"].to_numpy(dtype=object)
    spots = pack_points(_lonlat(shapely.points(samples.x[at], samples.y[at]), territory), origin)
    return [
        [clean(name[row]), clean(kind[row]), seen, spot]
        for row, seen, spot in zip(samples.row[at].tolist(), level.tolist(), spots, strict=True)
    ]


def _cameras(survey: CameraSurvey, territory: Territory, origin: Origin) -> dict[str, Any]:
    """Columns, one entry a camera: a city has thousands."""
    cameras = survey.cameras
    spots = pack_points(_lonlat(shapely.points(cameras.x, cameras.y), territory), origin)
    kinds = sorted({clean(kind) for kind in survey.kind})
    place = {kind: k for k, kind in enumerate(kinds)}
    sights, tolerance = _coarse(survey.polygon)
    masks = shapely.simplify(survey.mask, _TOLERANCES_M[0])
    return {
        "id": [clean(name) for name in cameras.ids],
        "spot": spots,
        "grid": survey.grid.tolist(),
        "kinds": kinds,
        "kind": [place[clean(kind)] for kind in survey.kind],
        "programme": [clean(text) for text in survey.programme],
        "owner": [clean(text) for text in survey.owner],
        "channels": survey.channels.tolist(),
        "heading": [round(v) for v in cameras.heading_deg.tolist()],
        "hfov": [round(v) for v in cameras.hfov_deg.tolist()],
        "assumed": cameras.is_assumed.astype(int).tolist(),
        "working": cameras.is_working.astype(int).tolist(),
        "forbidden": survey.is_forbidden.astype(int).tolist(),
        "private_m": [round(v, 1) for v in survey.private_m.tolist()],
        "seen_m": [round(v) for v in _seen_by_camera(survey).tolist()],
        "number": [clean(text) for text in survey.ids_28181],
        "sight": pack_polygons(_lonlat(sights, territory), origin),
        "mask": pack_polygons(_lonlat(masks, territory), origin),
        "sight_tolerance_m": tolerance,
    }


def _seen_by_camera(survey: CameraSurvey) -> FloatArray:
    """Metres of public street that each camera sees at the level asked for."""
    sights, samples = survey.sights, survey.samples
    counts = (samples.kind == Seen.STREET)[sights.point] & (sights.px_per_m >= np.float32(survey.settings.px_per_m))
    owner = np.repeat(np.arange(sights.n_cameras), np.diff(sights.start))[counts]
    return np.bincount(owner, _metres(samples)[sights.point[counts]], sights.n_cameras).astype(np.float64)


def _metres(samples: Samples) -> FloatArray:
    return np.asarray(samples.metres, dtype=np.float64)


def _coarse(polygons: ObjectArray) -> tuple[ObjectArray, float]:
    """Polygons with as many corners as a page can hold, and how coarsely they are drawn for it.

    For the eye only: a shape may touch itself then.
    """
    found, tolerance = np.array([*polygons, None], dtype=object)[:-1], 0.0
    for tolerance in _TOLERANCES_M:
        found = shapely.simplify(found, tolerance, preserve_topology=False)
        if int(shapely.get_num_coordinates(found).sum()) <= MOST_CORNERS:
            break
    return found, tolerance


def _siting(
    siting: SitingAnswer,
    survey: CameraSurvey,
    territory: Territory,
    origin: Origin,
    sights: ObjectArray | None,
) -> dict[str, Any]:
    proposals, cameras = siting.proposals, siting.cameras
    spots = pack_points(_lonlat(shapely.points(cameras.x, cameras.y), territory), origin)
    nothing: Callable[[], list[list[list[int]]]] = lambda: [[] for _ in proposals]  # noqa: E731
    seen = nothing() if sights is None else pack_polygons(_lonlat(_coarse(sights)[0], territory), origin)
    return {
        "goal": siting.goal,
        "level": siting.level,
        "edition": clean(siting.edition),
        "before_m": round(siting.seen_before_m),
        "after_m": round(siting.seen_after_m),
        "street_m": round(siting.street_m),
        "reachable_m": round(siting.reachable_m),
        "worth": round(siting.worth, 1),
        "bound": round(siting.bound, 1),
        "frac": _share_of_bound(siting),
        "is_proved": siting.is_proved,
        "density": [[name, *(round(v, 2) for v in pair)] for name, pair in sorted(siting.density.items())],
        "short": [[clean(code), n] for code, n in sorted(siting.floor_short.items()) if n],
        "left_out": [[reason, n] for reason, n in sorted(siting.left_out.items()) if n],
        "proposals": [
            {
                "rank": one.rank,
                "id": clean(one.id),
                "spot": spot,
                "heading": round(one.heading_deg),
                "grid": one.grid,
                "gain_m": round(one.gain_m, 1),
                "total_m": round(one.total_m, 1),
                "street_m": round(one.street_m, 1),
                "places": one.places,
                "private_m": round(one.private_m, 1),
                "floor": one.is_for_floor,
                "sight": rings,
            }
            for one, spot, rings in zip(proposals, spots, seen, strict=True)
        ],
    }


def _share_of_bound(siting: SitingAnswer) -> float:
    """How near to the best possible the answer is; for a least number of cameras the bound lies below it."""
    if siting.goal == "all":
        return round(siting.bound / siting.worth, 6) if siting.worth > 0 else 1.0
    return round(siting.worth / siting.bound, 6) if siting.bound > 0 else 1.0
