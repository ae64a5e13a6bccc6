"""What a map of cameras shows, as GeoJSON: grids, cameras, what they see, what is seen and what is not.

Decides which features there are, in which order they come in pages, and that a reader's features end where their
jurisdiction does.  Polygons of sight are drawn when they are asked for, and only those.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import shapely

from api.feature_pages import Page, Told
from api.usecases.coverage_desk import DeskCameras, Ground
from gis.graph import BoolArray, IntArray
from gis.sight import Cameras
from gis.sight.masks import masks
from gis.sight.sweep import visible
from gis.streets.network import ObjectArray
from maps.coverage.stretches import cut_lines, runs_of

MOST_ALIKE = 3
"""So many cameras and more that see a street are one class."""
_SHOWN_M = 0.2


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is asked for: grids, and a box in the metric CRS that features must touch."""

    grids: BoolArray
    box: Any | None = None


def _grids(found: DeskCameras, chosen: Chosen, page: Page) -> Told:
    land, survey = found.ground.land, found.survey
    rows = np.flatnonzero(chosen.grids & _touches(land.geometry, chosen))
    by_code = {row.code: row for row in survey.rows if row.scope == "grid"}

    def facts(row: int) -> Mapping[str, Any]:
        told = by_code[land.codes[row]]
        return {
            "code": land.codes[row],
            "name": land.name[row],
            "community": land.community[row],
            "class_code": land.class_code[row],
            "households": float(land.households[row]),
            "area_km2": round(told.area_km2, 6),
            "positions": told.positions,
            "density_per_km2": _rounded(told.density_per_km2, 3),
            "target_per_km2": told.target_per_km2,
            "missing": told.missing,
            "street_m": round(told.street_m, 1),
            "seen_frac": seen_fracs(told),
            "private_m": round(told.private_m, 1),
        }

    return _told(found.ground, rows, page, lambda part: land.geometry[part], facts)


def seen_fracs(row: Any) -> dict[str, float | None]:
    """Share of the public street metres seen, by level; None where there is no street."""
    return {
        level: round(metres / row.street_m, 5) if row.street_m > 0 else None for level, metres in row.seen_m.items()
    }


def camera_facts(found: DeskCameras, at: int) -> dict[str, Any]:
    """One camera in words and numbers."""
    survey, table = found.survey, found.ground.territory["cameras"]
    cameras, grid = survey.cameras, int(survey.grid[at])
    height = table["height_m"].iloc[int(cameras.row[at])]
    all_round = float(cameras.hfov_deg[at]) >= 360
    return {
        "id": cameras.ids[at],
        "kind": survey.kind[at],
        "grid": found.ground.land.codes[grid] if grid >= 0 else "",
        "working": bool(cameras.is_working[at]),
        "assumed": bool(cameras.is_assumed[at]),
        "forbidden": bool(survey.is_forbidden[at]),
        "heading_deg": None if all_round else round(float(cameras.heading_deg[at]), 1),
        "hfov_deg": round(float(cameras.hfov_deg[at]), 1),
        "height_m": _rounded(height, 2),
        "private_m": round(float(survey.private_m[at]), 1),
        "channels": int(survey.channels[at]),
        "programme": survey.programme[at],
        "owner": survey.owner[at],
        "id_28181": survey.ids_28181[at],
    }


def _camera_rows(found: DeskCameras, chosen: Chosen) -> IntArray:
    survey = found.survey
    of = survey.grid
    inside = np.where(of >= 0, np.append(chosen.grids, False)[of], chosen.grids.all())
    points = shapely.points(survey.cameras.x, survey.cameras.y)
    return np.flatnonzero(inside & _touches(points, chosen))


def _cameras(found: DeskCameras, chosen: Chosen, page: Page) -> Told:
    cameras = found.survey.cameras
    return _told(
        found.ground,
        _camera_rows(found, chosen),
        page,
        lambda part: shapely.points(cameras.x[part], cameras.y[part]),
        lambda at: camera_facts(found, at),
    )


def sights_of(ground: Ground, cameras: Cameras, px_per_m: float) -> ObjectArray:
    """Polygons of what cameras see at a pixel density, as finely as a map can show them."""
    seen: ObjectArray = shapely.simplify(visible(cameras, ground.walls, cameras.range_m(px_per_m)), _SHOWN_M)
    return seen


def take(cameras: Cameras, rows: IntArray) -> Cameras:
    """Some of the cameras."""
    values: dict[str, Any] = {}
    for name in (f.name for f in fields(Cameras)):
        value = getattr(cameras, name)
        values[name] = value[rows] if isinstance(value, np.ndarray) else tuple(value[row] for row in rows.tolist())
    return Cameras(**values)


def _sights(found: DeskCameras, chosen: Chosen, page: Page) -> Told:
    def draw(part: IntArray) -> ObjectArray:
        return sights_of(found.ground, take(found.survey.cameras, part), found.survey.settings.px_per_m)

    rows = _camera_rows(found, chosen)
    return _told(found.ground, rows, page, draw, lambda at: camera_facts(found, at))


def _masks(found: DeskCameras, chosen: Chosen, page: Page) -> Told:
    survey = found.survey

    def draw(part: IntArray) -> ObjectArray:
        seen = sights_of(found.ground, take(survey.cameras, part), survey.settings.px_per_m)
        return masks(seen, found.ground.territory)

    rows = _camera_rows(found, chosen)
    return _told(found.ground, rows[survey.private_m[rows] > 0], page, draw, lambda at: camera_facts(found, at))


def _blind(found: DeskCameras, chosen: Chosen, page: Page) -> Told:
    survey, streets = found.survey, found.ground.territory["streets"]
    blind = survey.blind
    grid = np.array([one.grid for one in blind], dtype=np.int64)
    rows = np.flatnonzero(chosen.grids[grid]) if len(blind) else np.zeros(0, dtype=np.int64)
    lines = _shapes(streets)
    if chosen.box is not None and len(rows):
        rows = rows[_touches(lines[[blind[row].street for row in rows.tolist()]], chosen)]
    rank = {row: n for n, row in enumerate(rows.tolist(), start=1)}
    codes = found.ground.land.codes

    def draw(part: IntArray) -> ObjectArray:
        some = [blind[row] for row in part.tolist()]
        street = np.array([one.street for one in some], dtype=np.int64)
        ends = np.array([(one.from_m, one.to_m) for one in some], dtype=np.float64).reshape(-1, 2)
        return cut_lines(lines, street, ends[:, 0], ends[:, 1])

    def facts(row: int) -> Mapping[str, Any]:
        one = blind[row]
        return {
            "rank": rank[row],
            **_street_facts(streets, one.street),
            "grid": codes[one.grid],
            "from_m": round(one.from_m, 1),
            "to_m": round(one.to_m, 1),
            "length_m": round(one.length_m, 1),
        }

    return _told(found.ground, rows, page, draw, facts)


def _seen(found: DeskCameras, chosen: Chosen, page: Page) -> Told:
    survey, streets = found.survey, found.ground.territory["streets"]
    samples, lines = survey.samples, _shapes(streets)
    # Stretches that are seen alike, cut where the grid changes.
    n_classes = MOST_ALIKE + 1
    alike = samples.grid.astype(np.int64) * n_classes + np.minimum(survey.seen_by, MOST_ALIKE)
    runs = runs_of(samples, alike)
    grid, seen_by = np.divmod(runs.level, n_classes)
    rows = np.flatnonzero((grid >= 0) & np.append(chosen.grids, False)[grid])
    if chosen.box is not None:
        rows = rows[_touches(lines[runs.street[rows]], chosen)]
    codes = found.ground.land.codes

    def facts(row: int) -> Mapping[str, Any]:
        return {
            **_street_facts(streets, int(runs.street[row])),
            "grid": codes[int(grid[row])],
            "seen_by": int(seen_by[row]),
            "length_m": round(float(runs.to_m[row] - runs.from_m[row]), 1),
        }

    def draw(part: IntArray) -> ObjectArray:
        return cut_lines(lines, runs.street[part], runs.from_m[part], runs.to_m[part])

    return _told(found.ground, rows, page, draw, facts)


KINDS: Mapping[str, Callable[[DeskCameras, Chosen, Page], Told]] = {
    "grids": _grids,
    "cameras": _cameras,
    "sights": _sights,
    "masks": _masks,
    "blind": _blind,
    "seen": _seen,
}
"""Kinds of features; what is shown of each camera follows from the survey's level."""


def _told(
    ground: Ground,
    rows: IntArray,
    page: Page,
    draw: Callable[[IntArray], ObjectArray],
    facts: Callable[[int], Mapping[str, Any]],
) -> Told:
    part = rows[page.offset : page.offset + page.limit]
    shapes = draw(part) if len(part) else np.zeros(0, dtype=object)
    return Told(shapes, ground.territory.crs, [facts(row) for row in part.tolist()], len(rows))


def _touches(shapes: ObjectArray, chosen: Chosen) -> BoolArray:
    if chosen.box is None:
        return np.ones(len(shapes), dtype=bool)
    return np.asarray(shapely.intersects(shapes, chosen.box), dtype=bool)


def _shapes(table: Any) -> ObjectArray:
    return np.asarray(table.geometry.array, dtype=object)


def _street_facts(streets: Any, row: int) -> dict[str, Any]:
    name, kind = streets["name"].iloc[row], streets["class"].iloc[row]
    return {
        "street": str(streets["id"].iloc[row]),
        "name": name if isinstance(name, str) else "",
        "class": kind if isinstance(kind, str) else "",
    }


def _rounded(value: Any, digits: int) -> float | None:
    return None if value is None or value != value else round(float(value), digits)


__all__ = ["KINDS", "Chosen", "camera_facts", "seen_fracs", "sights_of", "take"]
