"""A survey of the cameras of a plan: density that is honest, and beside it what is seen.

Puts together what `gis.sight` finds (who stands where and sees what) and what the rooms beside this one count.  Which
cameras could be added is decided in `partition.coverage.siting`; what if some were, in `what_if`.
"""

from __future__ import annotations

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gis.graph import FloatArray, Int32Array
from gis.progress import SILENT, Progress
from gis.report import QualityReport
from gis.sight import Cameras, Samples, Sights
from gis.sight.masks import masks
from gis.sight.sampling import sample_land
from gis.sight.see import see
from gis.sight.stand import stand_cameras
from gis.sight.sweep import visible
from gis.sight.walls import Walls
from gis.territory import Territory
from partition.coverage.cameras import gb28181
from partition.coverage.cameras.density import SeenByGrid, Stock, Tally, density_rows, grids_at
from partition.coverage.cameras.forbidden import why_forbidden
from partition.coverage.cameras.seen import blind_stretches, finest_of, private_of_cameras, seen_by, seen_by_grid
from partition.coverage.cameras.types import CameraSurvey, Land
from partition.coverage.settings import CameraSettings
from partition.coverage.settings_faults import assert_settings

_TOLD = 20
_NOT_NETWORKED = ("未联网", "不联网", "没联网", "未接入", "not networked", "not connected", "standalone")
_NETWORKED = ("联网", "已接入", "networked")


def survey_cameras(
    territory: Territory,
    land: Land,
    settings: CameraSettings,
    *,
    report: QualityReport | None = None,
    progress: Progress = SILENT,
    walls: Walls | None = None,
    zones: gpd.GeoSeries | None = None,
    with_sight: bool = True,
    with_polygons: bool = False,
) -> CameraSurvey:
    """Count cameras, and what working ones see of public streets and places.

    Parameters
    ----------
    territory
        Cameras, buildings, streets, estates and key places.
    land
        The grids, as `partition.coverage.land.grids_of` gives them.
    settings
        Targets, levels, assumed optics.
    report
        Gets every repair and assumption.
    progress
        Watches the work.
    walls
        The walls, where they are made already.
    zones
        Areas where no camera may stand.
    with_sight
        Without it there are counts and densities only: no sample points, nothing seen.
    with_polygons
        Draw what each camera sees and the private part of it; takes longest of all.

    Raises
    ------
    InputError
        Faults of the settings, as `partition.coverage.settings_faults` finds them.
    """
    assert_settings(settings)
    report = QualityReport() if report is None else report
    walls = Walls.of(territory, report) if walls is None else walls
    cameras = stand_cameras(territory, settings.default, report, high_m=settings.high_m, walls=walls)
    table = territory["cameras"]
    poles = np.asarray(table.geometry.array, dtype=object)[cameras.row]
    grid = grids_at(poles, land)
    channels = _channels(table["channels"], cameras.row, report)
    programme, owner, kind, status = (_texts(table[c], cameras.row) for c in ("programme", "owner", "kind", "status"))
    networked = {word: is_networked(word) for word in set(status)}
    stock = Stock(grid, channels, cameras.is_working, tuple(networked[word] for word in status))
    why = why_forbidden(poles, territory, settings, zones)
    _remark(report, land, cameras, stock, why)

    samples, sights = _nothing(len(cameras))
    if with_sight:
        progress.stage("stage_coverage_sample")
        samples = sample_land(territory, land.geometry, every_m=settings.sample_m, report=report, walls=walls)
        progress.stage("stage_coverage_see")
        sights = see(cameras, samples, walls, min(px for _, px in settings.profile.levels))
    polygon = mask = np.full(len(cameras), shapely.Polygon(), dtype=object)
    if with_polygons:
        progress.stage("stage_coverage_polygons")
        polygon = visible(cameras, walls, cameras.range_m(settings.px_per_m))
        mask = masks(polygon, territory)

    progress.stage("stage_coverage_count")
    finest = finest_of(sights, cameras.is_working)
    by = seen_by(sights, cameras.is_working, settings.px_per_m)
    n_levels = len(settings.profile.levels)
    seen = SeenByGrid.nothing(len(land.codes), n_levels)
    if with_sight:
        seen = seen_by_grid(samples, finest, by, settings, len(land.codes))
    return CameraSurvey(
        settings=settings,
        land=land,
        cameras=cameras,
        grid=grid,
        channels=channels,
        programme=programme,
        owner=owner,
        kind=kind,
        samples=samples,
        sights=sights,
        seen_by=by,
        polygon=polygon,
        mask=mask,
        private_m=private_of_cameras(samples, sights, settings.profile.px_per_m(settings.private_level)),
        rows=density_rows(land, settings, Tally.of(land, settings, stock, seen), _names(territory)),
        by_programme=_sums(programme, channels),
        by_owner=_sums(owner, channels),
        progress=_progress(settings, programme, channels),
        blind=blind_stretches(samples, finest, settings.px_per_m),
        is_forbidden=np.array([bool(reason) for reason in why], dtype=bool),
        ids_28181=tuple(gb28181.verdict(id) for id in cameras.ids),
        is_networked=tuple(stock.is_networked),
    )


def is_networked(status: str) -> bool | None:
    """Whether a status says that a camera is networked (联网); None where it says nothing of it.

    Online and offline (在线, 离线) tell whether it works, not whether it is connected to anyone else.
    """
    text = status.strip().lower()
    if any(word in text for word in _NOT_NETWORKED):
        return False
    return True if any(word in text for word in _NETWORKED) else None


def _channels(column: pd.Series, rows: Int32Array, report: QualityReport) -> Int32Array:
    stated = pd.to_numeric(column, errors="coerce").to_numpy(dtype=float, na_value=np.nan)[rows]
    unstated = ~(stated >= 1)
    if unstated.any():
        report.add("note_coverage_channels_assumed", "cameras", measured=int(unstated.sum()))
    channels: Int32Array = np.where(unstated, 1.0, np.minimum(stated, 1e6)).astype(np.int32)
    return channels


def _texts(column: pd.Series, rows: Int32Array) -> tuple[str, ...]:
    return tuple(str(text).strip() for text in column.fillna("").to_numpy(dtype=object)[rows])


def _remark(report: QualityReport, land: Land, cameras: Cameras, stock: Stock, why: Sequence[str]) -> None:
    for at in np.flatnonzero(land.area_m2 <= 0)[:_TOLD].tolist():
        report.add("note_coverage_grid_without_land", "grids", land.codes[at])
    unknown = sum(value is None for value in stock.is_networked)
    if unknown:
        report.add("note_coverage_network_unknown", "cameras", before=len(cameras), measured=unknown)
    off = np.flatnonzero(stock.grid < 0)
    if len(off):
        some = ", ".join(cameras.ids[at] for at in off[:_TOLD].tolist())
        report.add("warn_coverage_cameras_off_grids", "cameras", some, measured=len(off))
    forbidden = [at for at, reason in enumerate(why) if reason]
    for at in forbidden[:_TOLD]:
        report.add("warn_coverage_camera_forbidden", "cameras", cameras.ids[at], why=why[at])
    if len(forbidden) > _TOLD:
        report.add("warn_coverage_cameras_forbidden", "cameras", measured=len(forbidden) - _TOLD)


def _nothing(n_cameras: int) -> tuple[Samples, Sights]:
    x: FloatArray = np.zeros(0)
    whole = np.zeros(0, dtype=np.int32)
    none = Samples(x, x, whole.astype(np.int64), whole, x, x, whole, x, x)
    start = np.zeros(n_cameras + 1, dtype=np.int64)
    return none, Sights(start, whole.copy(), np.zeros(0, dtype=np.float32), 0)


def _names(territory: Territory) -> dict[tuple[str, str], str]:
    communities = territory["communities"]
    return {("community", str(code)): str(name) for code, name in zip(communities["code"], communities["name"])}


def _sums(names: Sequence[str], channels: Int32Array) -> dict[str, tuple[int, int]]:
    """Name -> positions and channels, the most positions first."""
    table = pd.DataFrame({"name": list(names), "channels": channels.astype(np.int64)})
    summed = table.groupby("name", sort=True)["channels"].agg(["size", "sum"])
    rows = [(str(name), int(n), int(total)) for name, n, total in summed.itertuples()]
    return {name: (n, total) for name, n, total in sorted(rows, key=lambda row: (-row[1], row[0]))}


def _progress(
    settings: CameraSettings, programme: Sequence[str], channels: Int32Array
) -> dict[str, tuple[int, int, float]]:
    built = {name: total for name, (_, total) in _sums(programme, channels).items()} | {"": int(channels.sum())}
    done = {name: (built.get(name, 0), planned) for name, planned in sorted(settings.planned_channels.items())}
    return {name: (n, planned, n / planned) for name, (n, planned) in done.items()}
