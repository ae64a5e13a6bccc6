"""A survey counted anew: for other targets, another level, other planned channels, or for some of the grids only.

Who sees which point, and how finely, stays as it was found: that takes long, counting does not.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import shapely

from gis.graph import BoolArray
from gis.territory import Territory
from partition.coverage.cameras.density import SeenByGrid, Stock, Tally, density_rows
from partition.coverage.cameras.seen import blind_stretches, finest_of, private_of_cameras, seen_by, seen_by_grid
from partition.coverage.cameras.types import CameraSurvey, DensityRow, Land
from partition.coverage.settings import CameraSettings

SIGHT_FIELDS = ("sample_m", "default", "high_m", "forbidden_estates", "forbidden_near_m")
"""Settings that decide who sees what, beside the coarsest level of the profile."""


def sight_settings(settings: CameraSettings) -> CameraSettings:
    """The defaults with what decides who sees what: equal for settings that differ in nothing else."""
    base = CameraSettings()
    decisive = {name: getattr(settings, name) for name in SIGHT_FIELDS}
    names = settings.profile.names
    level = base.level if base.level in names else names[0]
    private = base.private_level if base.private_level in names else names[0]
    return replace(base, **decisive, profile=settings.profile, level=level, private_level=private)


def recount(survey: CameraSurvey, territory: Territory, settings: CameraSettings) -> CameraSurvey:
    """The same survey under settings that differ in nothing that decides who sees what.

    Polygons are left out where the level is another one.

    Raises
    ------
    ValueError
        The settings decide otherwise who sees what.
    InputError
        ``sight_level_unknown``.
    """
    if sight_settings(settings) != sight_settings(survey.settings):
        raise ValueError("these settings need a survey of their own")
    works, px_per_m = survey.cameras.is_working, settings.px_per_m
    finest = finest_of(survey.sights, works)
    private_m = private_of_cameras(survey.samples, survey.sights, settings.profile.px_per_m(settings.private_level))
    made = replace(
        survey,
        settings=settings,
        seen_by=seen_by(survey.sights, works, px_per_m),
        private_m=private_m,
        blind=blind_stretches(survey.samples, finest, px_per_m),
        progress=_progress(survey, settings),
    )
    if px_per_m != survey.settings.px_per_m:
        nothing = np.full(len(survey.cameras), shapely.Polygon(), dtype=object)
        made = replace(made, polygon=nothing, mask=nothing)
    return replace(made, rows=rows_within(made, territory))


def rows_within(survey: CameraSurvey, territory: Territory, grids: BoolArray | None = None) -> tuple[DensityRow, ...]:
    """Density by grid, community, town, class and all, of some of the grids only; of all where none are named."""
    land, settings = survey.land, survey.settings
    n = len(land.codes)
    stock = Stock(survey.grid, survey.channels, survey.cameras.is_working, survey.is_networked)
    seen = SeenByGrid.nothing(n, len(settings.profile.levels))
    if len(survey.samples):
        finest = finest_of(survey.sights, survey.cameras.is_working)
        seen = seen_by_grid(survey.samples, finest, survey.seen_by, settings, n)
    tally = Tally.of(land, settings, stock, seen)
    if grids is not None and not grids.all():
        land, tally = part_of(land, grids), Tally(tally.names, tally.values[grids])
    communities = territory["communities"]
    names = {("community", str(code)): str(name) for code, name in zip(communities["code"], communities["name"])}
    return density_rows(land, settings, tally, names)


def part_of(land: Land, grids: BoolArray) -> Land:
    """Some of the grids."""
    rows = np.flatnonzero(grids)

    def some(texts: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(texts[row] for row in rows.tolist())

    return Land(
        codes=some(land.codes),
        community=some(land.community),
        town=some(land.town),
        name=some(land.name),
        class_code=some(land.class_code),
        geometry=land.geometry[rows],
        area_m2=land.area_m2[rows],
        households=land.households[rows],
    )


def _progress(survey: CameraSurvey, settings: CameraSettings) -> dict[str, tuple[int, int, float]]:
    built = {name: channels for name, (_, channels) in survey.by_programme.items()} | {"": int(survey.channels.sum())}
    done = {name: (built.get(name, 0), planned) for name, planned in sorted(settings.planned_channels.items())}
    return {name: (n, planned, n / planned) for name, (n, planned) in done.items()}
