"""Named areas with targets of their own over the grids (a core area, say): the same row for each as grids have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from gis.graph import BoolArray
from gis.sight import Seen
from gis.streets.network import ObjectArray
from gis.territory import Territory
from partition.coverage.cameras.density import missing_positions, targets_of
from partition.coverage.cameras.seen import finest_of, is_private
from partition.coverage.cameras.types import CameraSurvey, DensityRow
from partition.coverage.land import land_area_m2, polygons_of


@dataclass(frozen=True, slots=True)
class Area:
    """A named polygon in the territory's metric CRS.

    Attributes
    ----------
    code, name
        What it is called.
    geometry
        Polygon or multipolygon; areas may overlap each other and cut through grids.
    target_per_km2
        Positions wanted; None: the mean by area of the grids in it.
    """

    code: str
    name: str
    geometry: Any
    target_per_km2: float | None = None


def area_rows(survey: CameraSurvey, territory: Territory, areas: Sequence[Area]) -> tuple[DensityRow, ...]:
    """A row of scope ``area`` for each area; a camera on its outline is inside it."""
    shapes = polygons_of(np.array([area.geometry for area in areas], dtype=object))
    m2 = land_area_m2(shapes, territory)
    poles = np.asarray(territory["cameras"].geometry.array, dtype=object)[survey.cameras.row]
    finest = finest_of(survey.sights, survey.cameras.is_working)
    return tuple(
        _row(survey, area, shape, float(area_m2) / 1e6, poles, finest)
        for area, shape, area_m2 in zip(areas, shapes, m2, strict=True)
    )


def _row(
    survey: CameraSurvey, area: Area, shape: Any, km2: float, poles: ObjectArray, finest: np.ndarray
) -> DensityRow:
    settings, samples = survey.settings, survey.samples
    shapely.prepare(shape)
    stands = np.asarray(shapely.intersects(shape, poles), dtype=bool)
    inside = np.asarray(shapely.intersects_xy(shape, samples.x, samples.y), dtype=bool)
    street = inside & (samples.kind == Seen.STREET)
    place = inside & (samples.kind == Seen.PLACE)
    seen = {level: finest >= np.float32(px) for level, px in settings.profile.levels}
    networked = [value for value, here in zip(survey.is_networked, stands) if here and value is not None]
    target = _target(survey, shape) if area.target_per_km2 is None else area.target_per_km2
    positions = int(stands.sum())

    def metres(chosen: BoolArray) -> float:
        return float(samples.metres[chosen].sum())

    return DensityRow(
        scope="area",
        code=area.code,
        name=area.name,
        area_km2=km2,
        positions=positions,
        channels=int(survey.channels[stands].sum()),
        working=int(survey.cameras.is_working[stands].sum()),
        target_per_km2=target,
        density_per_km2=positions / km2 if km2 > 0 else None,
        missing=missing_positions(target, km2, positions),
        street_m=metres(street),
        seen_m={level: metres(street & fine) for level, fine in seen.items()},
        places=int(place.sum()),
        places_seen={level: int((place & fine).sum()) for level, fine in seen.items()},
        private_m=metres(inside & is_private(samples) & seen[settings.private_level]),
        networked=sum(networked),
        networked_known=len(networked),
        twice_m=metres(street & (survey.seen_by >= 2)),
    )


def _target(survey: CameraSurvey, shape: Any) -> float:
    """Mean target of the grids in the area, by the area they share with it."""
    shared = shapely.area(shapely.intersection(survey.land.geometry, shape))
    targets = targets_of(survey.land.class_code, survey.settings.density)
    return float((targets * shared).sum() / shared.sum()) if shared.sum() > 0 else 0.0
