"""Positions, channels, areas, targets and rates counted again from the layer, the plan and the settings."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import shapely

from gis.errors import Fault
from gis.graph import BoolArray
from gis.territory import Territory
from partition.coverage.cameras.types import CameraSurvey, DensityRow
from partition.coverage.check.terms import Ground, fault, first, is_near
from partition.coverage.settings import URBAN_CLASSES, CameraSettings

_AREA_NEAR_KM2 = 1e-5


def position_faults(territory: Territory, ground: Ground, survey: CameraSurvey) -> Iterator[Fault]:
    """Every position of the layer is counted once, in the grid of its pole, with its channels."""
    layer = territory["cameras"]
    ids = layer["id"].astype(str).to_numpy()
    cameras = survey.cameras
    if len(set(cameras.ids)) != len(cameras):
        yield fault("coverage_check_camera_twice", measured=len(cameras) - len(set(cameras.ids)))
    rows = np.asarray(cameras.row, dtype=np.int64)
    if not all(0 <= row < len(ids) and ids[row] == id for row, id in zip(rows.tolist(), cameras.ids)):
        yield fault("coverage_check_camera_row", measured=len(ids))
        return
    poles = np.asarray(layer.geometry.array, dtype=object)
    stands = shapely.points(cameras.x, cameras.y)
    strays = ground.strays(poles[rows], survey.grid) & ground.strays(stands, survey.grid)
    for at in first(strays):
        grid = int(survey.grid[at])
        code = ground.codes[grid] if 0 <= grid < len(ground.codes) else "—"
        yield fault("coverage_check_camera_grid", id=cameras.ids[at], measured=code)
    held, _ = shapely.STRtree(ground.geometry).query(poles, predicate="within")
    for id in sorted(set(ids[held].tolist()) - set(cameras.ids))[:5]:
        yield fault("coverage_check_camera_missing", id=id)
    stated = layer["channels"].astype("float64").fillna(0.0).to_numpy()[rows]
    for at in first((stated >= 1) & (np.asarray(survey.channels) != stated)):
        yield fault(
            "coverage_check_channels", id=cameras.ids[at], measured=int(survey.channels[at]), allowed=stated[at]
        )


def density_faults(ground: Ground, survey: CameraSurvey) -> Iterator[Fault]:
    """Rows of areas: areas, positions, targets, what is missing, and sums of sums."""
    rows = {(row.scope, row.code): row for row in survey.rows}
    for position, code in enumerate(ground.codes):
        row = rows.get(("grid", code))
        if row is None:
            yield fault("coverage_check_row_missing", id=code, column="grid")
            continue
        yield from _grid_row_faults(ground, survey, position, row)
    scopes = {"community": ground.community, "town": ground.town, "class": ground.class_code}
    for (scope, code), row in rows.items():
        if scope == "all":
            inside = np.ones(len(ground.codes), dtype=bool)
        elif scope in scopes:
            inside = np.asarray([name == code for name in scopes[scope]], dtype=bool)
            if scope == "class" and not inside.any():
                inside = np.asarray([_urban(name) == code for name in ground.class_code], dtype=bool)
        else:
            continue
        yield from _sum_faults(ground, survey, inside, row, rows)


def _grid_row_faults(ground: Ground, survey: CameraSurvey, at: int, row: DensityRow) -> Iterator[Fault]:
    inside = np.asarray(survey.grid) == at
    km2 = float(ground.area_m2[at]) / 1e6
    if abs(row.area_km2 - km2) > _AREA_NEAR_KM2 + 1e-4 * km2:
        yield fault("coverage_check_area", id=row.code, measured=row.area_km2, allowed=km2)
    counted = {
        "positions": int(inside.sum()),
        "channels": int(np.asarray(survey.channels)[inside].sum()),
        "working": int(np.asarray(survey.cameras.is_working)[inside].sum()),
    }
    for column, n in counted.items():
        if getattr(row, column) != n:
            measured = getattr(row, column)
            yield fault("coverage_check_count", id=row.code, column=column, measured=measured, allowed=n)
    target = target_of(survey.settings, ground.class_code[at])
    if target is not None and not is_near(row.target_per_km2, target, 1e-9):
        yield fault("coverage_check_target", id=row.code, measured=row.target_per_km2, allowed=target)
    missing = max(0, math.ceil(row.target_per_km2 * row.area_km2 - 1e-9) - row.positions)
    if row.missing != missing:
        yield fault("coverage_check_count", id=row.code, column="missing", measured=row.missing, allowed=missing)
    yield from _ratio_faults(row)


def _sum_faults(
    ground: Ground,
    survey: CameraSurvey,
    inside: BoolArray,
    row: DensityRow,
    rows: dict[tuple[str, str], DensityRow],
) -> Iterator[Fault]:
    members = [rows[("grid", ground.codes[at])] for at in np.flatnonzero(inside) if ("grid", ground.codes[at]) in rows]
    for column in ("positions", "channels", "working", "missing", "area_km2", "street_m", "private_m", "places"):
        total = sum(getattr(member, column) for member in members)
        if not is_near(getattr(row, column), total, 0.01):
            measured = getattr(row, column)
            yield fault("coverage_check_sum", id=row.code, column=column, measured=measured, allowed=total)
    for level in survey.settings.profile.names:
        total = sum(member.seen_m.get(level, 0.0) for member in members)
        if not is_near(row.seen_m.get(level, 0.0), total, 0.01):
            measured = row.seen_m.get(level, 0.0)
            yield fault("coverage_check_sum", id=row.code, column=level, measured=measured, allowed=total)
    yield from _ratio_faults(row)


def _ratio_faults(row: DensityRow) -> Iterator[Fault]:
    if row.density_per_km2 is not None:
        density = row.positions / row.area_km2 if row.area_km2 > 0 else math.inf
        if not is_near(row.density_per_km2, density, 1e-6):
            yield fault("coverage_check_density", id=row.code, measured=row.density_per_km2, allowed=density)
    elif row.area_km2 > _AREA_NEAR_KM2:
        yield fault("coverage_check_density", id=row.code, measured="—", allowed=row.positions / row.area_km2)


def target_of(settings: CameraSettings, class_code: str) -> float | None:
    """Positions per square kilometre wanted of a class; None where the rules name neither it nor its kind."""
    if class_code in settings.density:
        return settings.density[class_code]
    return settings.density.get(_urban(class_code))


def _urban(class_code: str) -> str:
    return "urban" if class_code in URBAN_CLASSES or class_code == "urban" else "rural"
