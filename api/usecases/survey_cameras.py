"""A territory and a plan in, one folder with its cameras out: load, survey, propose, check, save.

Decides which files there are and what is asked of the siting; what is counted, what is seen and where cameras had
better stand is decided in `partition.coverage`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd

from api.problems import fault_rows
from api.usecases.coverage_files import CameraOrder, write_camera_files
from api.usecases.coverage_land import CoverageLand, Polygons, read_coverage_land, read_polygons
from api.usecases.coverage_summary import camera_content, density_row, report_notes, siting_content
from api.usecases.results_folder import may_replace, write_index
from data.files.whole_folder import whole_folder
from gis.errors import Fault, InputError
from gis.progress import SILENT, Progress
from gis.sight.sweep import visible
from gis.sight.walls import Walls
from partition.coverage.cameras.areas import Area, area_rows
from partition.coverage.cameras.survey import survey_cameras as survey
from partition.coverage.cameras.types import CameraSurvey, DensityRow
from partition.coverage.cameras.what_if import spread
from partition.coverage.cameras.what_if import what_if as what_if_of
from partition.coverage.check import check_cameras
from partition.coverage.settings import CameraSettings
from partition.coverage.siting.problem import SitingAnswer
from partition.coverage.siting.site import site_cameras
from partition.stop import Stop

INDEX = "summary.json"
FORM = "gridwright cameras"
_MOST_CAMERAS = 100_000
_SHOWN_CODES = 5


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of a siting of cameras.

    Attributes
    ----------
    goal
        ``cover`` (as much as ``add`` cameras can see), ``all`` (no blind corner), ``floor`` (density targets).
    add
        How many, for ``cover``; the most, for the others; None: no limit there.
    grids, communities
        Codes of the grids, or of communities whose grids, new cameras may stand in; none: everywhere.
    zones
        File of polygons where no camera may stand.
    refused
        Ids of proposals not to be made again.
    keep_floors
        For ``cover``: grids short of their density are served first.
    """

    goal: str = ""
    add: int | None = None
    grids: tuple[str, ...] = ()
    communities: tuple[str, ...] = ()
    zones: Path | None = None
    refused: tuple[str, ...] = ()
    keep_floors: bool = False

    @property
    def wants_proposals(self) -> bool:
        """Whether cameras are to be proposed at all."""
        return bool(self.goal) or self.add is not None


@dataclass(frozen=True, slots=True)
class SurveyedCameras:
    """What `survey_cameras` wrote.

    Attributes
    ----------
    folder
        The folder.
    summary
        What stands in its ``summary.json``.
    survey
        Counts, sights, blind stretches.
    answer
        Cameras proposed, where any were asked for.
    """

    folder: Path
    summary: Mapping[str, Any]
    survey: CameraSurvey
    answer: SitingAnswer | None


def survey_cameras(
    territory_path: Path,
    plan_path: Path,
    out: Path,
    *,
    settings: CameraSettings | None = None,
    asked: Asked | None = None,
    area: Path | None = None,
    area_target: float | None = None,
    what_if: Mapping[str, int] | None = None,
    with_sight: bool = True,
    with_gcj02: bool = False,
    with_pages: bool = True,
    language: str = "zh",
    seconds: float | None = None,
    progress: Progress = SILENT,
) -> SurveyedCameras:
    """Survey the cameras of a plan, propose further ones, and write both into one folder.

    The folder appears in one step; an earlier one in its place stays as it was until then.  Nothing is written that
    the independent check finds wrong.

    Parameters
    ----------
    territory_path, plan_path
        Territory file, and a plan drawn on it.
    out
        Folder to make, or an earlier one of this kind to replace.
    settings
        Targets, levels, optics, moderation; the defaults when omitted.
    asked
        What is asked of the siting; nothing: no proposals.
    area
        File of polygons (a core area) that get rows of their own.
    area_target
        Positions per square kilometre wanted in these; None: as of the grids beneath.
    what_if
        Grid, community or class code -> positions that are thought to be added.
    with_sight
        Look at what is seen; False: positions, channels and densities alone.
    with_gcj02
        Write the GeoJSON files in GCJ-02 too, named so.
    with_pages
        Write the map and the tables.
    language
        ``zh`` or ``en``: of pages, tables and notes.
    seconds
        Ends the search for better sites; a result cut short by the clock may differ from run to run.
    progress
        Watches the work.

    Raises
    ------
    InputError
        ``coverage_other_territory``, ``coverage_no_grids``, ``coverage_grid_unknown``,
        ``coverage_community_unknown``, ``coverage_what_if_unknown``, ``coverage_goal_without_number``,
        ``coverage_sight_needed``, ``option_out_of_range``, ``results_*``, ``out_folder_missing``, and what the
        readers and the survey find.
    StorageError
        The folder can not be written.
    """
    settings = settings or CameraSettings()
    asked = asked or Asked()
    may = may_replace(out, INDEX, FORM)
    _assert_options(asked, seconds, with_sight=with_sight)
    held = read_coverage_land(territory_path, plan_path, progress)
    territory = held.territory
    zones = read_polygons(asked.zones, territory) if asked.zones else None
    areas = read_polygons(area, territory) if area else None
    barred = gpd.GeoSeries(zones.shapes, crs=territory.crs) if zones else None
    inside = _grids_asked(held, asked)
    walls = Walls.of(territory, held.report)
    found = survey(
        territory,
        held.land,
        settings,
        report=held.report,
        progress=progress,
        walls=walls,
        zones=barred,
        with_sight=with_sight,
        with_polygons=with_sight,
    )
    thought = _thought(found, what_if or {})
    answer = None
    if asked.wants_proposals:
        answer = site_cameras(
            territory,
            held.land,
            found,
            settings,
            goal=asked.goal or "cover",
            add=asked.add,
            grids=inside,
            keep_floors=asked.keep_floors,
            zones=barred,
            refused=asked.refused,
            walls=walls,
            stop=Stop(seconds=seconds),
            report=held.report,
            progress=progress,
        )
    progress.stage("stage_coverage_check")
    check = check_cameras(
        territory,
        held.filed,
        found,
        answer,
        add=asked.add,
        zones=zones.shapes if zones else None,
        refused=asked.refused,
        grids=None if inside is None else [held.land.codes.index(code) for code in inside],
        with_sight=with_sight,
    )
    if not check.passed:
        raise InputError.of(check.faults)
    sights = None
    if answer is not None and len(answer.cameras):
        sights = visible(answer.cameras, walls, answer.cameras.range_m(settings.px_per_m))
    order = CameraOrder(held, found, answer, sights, language, with_gcj02, with_pages)
    with whole_folder(out, may_replace=may) as place:
        write_camera_files(order, place, progress)
        summary = {
            "plan": held.plan_id,
            "plan_file": held.plan_name,
            "territory_file": held.territory_name,
            **camera_content(found, territory),
            "areas": [density_row(row) for row in _area_rows(found, held, areas, area_target)],
            "siting": siting_content(answer, found, territory, asked.add) if answer else None,
            "what_if": thought,
            "checked": check.looked_at,
            "notes": report_notes(held.report, language),
            "faults": fault_rows(check.faults, language),
        }
        write_index(place, INDEX, FORM, summary)
    return SurveyedCameras(out, summary, found, answer)


def _grids_asked(held: CoverageLand, asked: Asked) -> list[str] | None:
    """Codes of the grids that cameras may be proposed in, ascending; None: all."""
    if not asked.grids and not asked.communities:
        return None
    land = held.land
    faults = []
    for wanted, known, code in (
        (asked.grids, set(land.codes), "coverage_grid_unknown"),
        (asked.communities, set(land.community), "coverage_community_unknown"),
    ):
        near = ", ".join(sorted(known)[:_SHOWN_CODES]) + (", …" if len(known) > _SHOWN_CODES else "")
        for name in sorted(set(wanted) - known):
            faults.append(Fault(code, {"file": held.plan_name, "measured": name[:80], "allowed": near}))
    if faults:
        raise InputError.of(faults)
    chosen = set(asked.grids)
    chosen |= {code for code, of in zip(land.codes, land.community, strict=True) if of in asked.communities}
    return sorted(chosen)


def _thought(found: CameraSurvey, counts: Mapping[str, int]) -> list[dict[str, Any]]:
    """Rows that change if so many positions were added, before and after; areas are shared out over their grids."""
    if not counts:
        return []
    scopes = {row.code: row.scope for row in reversed(found.rows)}
    added: dict[str, int] = {}
    faults = []
    for code, n in counts.items():
        if code not in scopes:
            known = ", ".join([*list(scopes)[:_SHOWN_CODES], "…"])
            faults.append(Fault("coverage_what_if_unknown", {"measured": code[:80], "allowed": known}))
            continue
        if scopes[code] == "grid":
            added[code] = added.get(code, 0) + n
            continue
        for grid, more in spread(found, n, scopes[code], code).items():
            added[grid] = added.get(grid, 0) + more
    if faults:
        raise InputError.of(faults)
    answer = what_if_of(found, counts=added)
    return [{"before": density_row(before), "after": density_row(after)} for before, after in answer.rows]


def _area_rows(
    found: CameraSurvey, held: CoverageLand, areas: Polygons | None, target: float | None
) -> Sequence[DensityRow]:
    if areas is None:
        return ()
    given = [
        Area(str(number), name, shape, target)
        for number, (name, shape) in enumerate(zip(areas.names, areas.shapes, strict=True), start=1)
    ]
    return area_rows(found, held.territory, given)


def _assert_options(asked: Asked, seconds: float | None, *, with_sight: bool) -> None:
    faults = []
    if asked.add is not None and not 0 <= asked.add <= _MOST_CAMERAS:
        facts = {"column": "--add", "measured": asked.add, "allowed": f"0-{_MOST_CAMERAS}"}
        faults.append(Fault("option_out_of_range", facts))
    if asked.goal == "cover" and asked.add is None:
        faults.append(Fault("coverage_goal_without_number", {"column": "--goal", "measured": asked.goal}))
    if asked.wants_proposals and not with_sight:
        faults.append(Fault("coverage_sight_needed", {"column": "--no-sight"}))
    if seconds is not None and not 0 < seconds <= 86_400:
        faults.append(Fault("option_out_of_range", {"column": "--seconds", "measured": seconds, "allowed": "0-86400"}))
    if faults:
        raise InputError.of(faults)
