"""Recorded tracks in, one folder with what they covered and missed out: load, judge, save.

Decides which grids are judged and which files there are; what counts as patrolled is decided in
`partition.patrol.tracks`.  Nothing of a track is kept but what it covered: no name, no device, no fix.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from api.i18n import sentence
from api.usecases.patrol_land import Land, read_land
from api.usecases.places import check_sources
from api.usecases.results_folder import may_replace, write_index
from data.files.whole_folder import whole_folder
from gis.errors import Fact, Fault, InputError
from gis.progress import SILENT, Progress
from gis.readers.gpx import Track, read_gpx
from gis.report import QualityReport
from gis.shift import Shifted
from maps.patrol import Missed, MissedStreet
from maps.patrol_map import write_patrol_map
from partition.patrol.settings import PatrolSettings
from partition.patrol.tracks import Homes, Matcher, TrackReport
from partition.patrol.tracks import judge_tracks as judge
from partition.patrol.tracks.settings import TrackSettings

INDEX = "report.json"
FORM = "gridwright tracks"
TABLE, MISSED, BLIND, MAP = "missed.csv", "missed.geojson", "blind.geojson", "tracks.html"
_TOUCHED_FRAC = 0.1
"""A grid of which so much was walked was meant to be patrolled; less is passing by."""
_SHOWN_CODES = 5


@dataclass(frozen=True, slots=True)
class JudgedTracks:
    """What `judge_tracks` wrote: the folder, what stands in its ``report.json``, and the report itself."""

    folder: Path
    content: Mapping[str, Any]
    report: TrackReport


def judge_tracks(
    territory_path: Path,
    plan_path: Path,
    track_paths: Sequence[Path],
    out: Path,
    *,
    grids: Sequence[str] = (),
    every_grid: bool = False,
    settings: PatrolSettings | None = None,
    shifted: Shifted | None = None,
    with_pages: bool = True,
    language: str = "zh",
    progress: Progress = SILENT,
) -> JudgedTracks:
    """Judge recorded tracks: what of the streets of their grids was patrolled, and what was missed.

    The folder appears in one step; an earlier one in its place stays as it was until then.

    Parameters
    ----------
    territory_path, plan_path
        Territory file, and a plan drawn on it.
    track_paths
        GPX files, all those of the shift.
    out
        Folder to make, or an earlier one of this kind to replace.
    grids
        Codes of grids to judge.  None: those that files are named after (``GRID-1.gpx``), and those of which the
        other files walked a tenth or more.
    every_grid
        Judge every grid of the plan.
    settings
        Mode and what had to be inspected; the defaults when omitted.
    shifted
        What the coordinates of the tracks were shifted by.
    with_pages
        Write the map.
    language
        ``zh`` or ``en``: of the map and of notes.
    progress
        Watches the work.

    Raises
    ------
    InputError
        ``track_grid_unknown``, ``patrol_no_streets``, ``patrol_other_territory``, ``results_*``,
        ``out_folder_missing``, ``file_not_found``, and what the readers find.
    StorageError
        The folder can not be written.
    """
    settings = settings or PatrolSettings()
    may = may_replace(out, INDEX, FORM)
    check_sources(track_paths)
    remarks = QualityReport()
    land = read_land(territory_path, plan_path, settings, progress)
    _assert_known(land, grids)
    tracks = _read_all(track_paths, land, shifted, remarks, progress)
    matcher = Matcher(land.network, TrackSettings(mode=settings.mode))
    asked = list(land.beats.grids) if every_grid else sorted(set(grids))
    chosen = asked or _touched(land, tracks, matcher, progress) or list(land.beats.grids)
    outlines = dict(zip(land.grids["code"], land.grids.geometry))
    report = judge(
        land.network,
        land.beats,
        tracks,
        matcher.settings,
        grids=chosen,
        outlines={code: outlines[code] for code in chosen},
        homes=_homes(land),
        matcher=matcher,
        progress=progress,
    )
    content = _content(land, report, remarks, settings, is_chosen=not asked, language=language)
    with whole_folder(out, may_replace=may) as place:
        _write_table(place / TABLE, report)
        _write_features(place / MISSED, "missed", content["missed"], land.plan_id)
        _write_features(place / BLIND, "blind", content["blind"], land.plan_id)
        if with_pages:
            progress.stage("stage_map")
            told = _missed(report)
            write_patrol_map((), land.filed, land.territory, place / MAP, missed=(told,), language=language)
        write_index(place, INDEX, FORM, content)
    return JudgedTracks(out, content, report)


def _assert_known(land: Land, grids: Sequence[str]) -> None:
    unknown = sorted(set(grids) - set(land.beats.grids))
    if unknown:
        allowed = ", ".join(land.beats.grids[:_SHOWN_CODES]) + (", …" if len(land.beats.grids) > _SHOWN_CODES else "")
        facts: dict[str, Fact] = {"file": land.plan_name, "allowed": allowed}
        raise InputError.of(Fault("patrol_grid_unknown", {**facts, "measured": code[:80]}) for code in unknown)


def _read_all(
    paths: Sequence[Path], land: Land, shifted: Shifted | None, remarks: QualityReport, progress: Progress
) -> list[Track]:
    """Every track; faults of all files together."""
    progress.stage("stage_read_tracks", len(paths))
    tracks: list[Track] = []
    faults: list[Fault] = []
    grids = set(land.beats.grids)
    for number, path in enumerate(paths, start=1):
        known = {path.stem} if _grid_of(path.stem, grids) else set()
        try:
            tracks.append(read_gpx(path, known=known, running=number, shifted=shifted, report=remarks))
        except InputError as error:
            faults += error.faults
        progress.advance()
    if faults:
        raise InputError.of(faults)
    return tracks


def _grid_of(name: str, grids: set[str]) -> str:
    """Grid of a route's name: ``GRID-1`` or the code alone; empty where it is neither."""
    stem, _, number = name.rpartition("-")
    return name if name in grids else stem if number.isdigit() and stem in grids else ""


def _touched(land: Land, tracks: Sequence[Track], matcher: Matcher, progress: Progress) -> list[str]:
    """Grids that tracks are named after, and those that the other tracks walked a good part of."""
    grids = set(land.beats.grids)
    named = {_grid_of(track.patrol, grids) for track in tracks} - {""}
    others = [track for track in tracks if not _grid_of(track.patrol, grids)]
    if others:
        report = judge(land.network, land.beats, others, matcher.settings, matcher=matcher, progress=progress)
        named |= {row.grid for row in report.grids if 0 < _TOUCHED_FRAC * row.planned_m <= row.covered_m}
    return sorted(named)


def _homes(land: Land) -> Homes:
    buildings = land.territory["buildings"]
    households = buildings["households"].fillna(0).to_numpy(dtype=np.int64)
    lived_in = households > 0
    return Homes(np.asarray(buildings.geometry.array, dtype=object)[lived_in], households[lived_in])


def _content(
    land: Land,
    report: TrackReport,
    remarks: QualityReport,
    settings: PatrolSettings,
    *,
    is_chosen: bool,
    language: str,
) -> dict[str, Any]:
    told = report.to_json()
    warnings: list[tuple[str, Mapping[str, Any]]] = [(fault.code, fault.facts) for fault in report.warnings]
    warnings += [(remark.code, {"id": remark.id, **remark.facts}) for remark in remarks.remarks]
    if is_chosen:
        warnings.append(("track_grids_chosen", {"measured": len(report.grids)}))
    told["warnings"] = [
        {"code": code, "message": sentence(code, facts, language), "facts": dict(facts)} for code, facts in warnings
    ]
    return {
        "plan": land.plan_id,
        "plan_file": land.plan_name,
        "territory_file": land.territory_name,
        **told,
        "mode": settings.mode.value,
    }


def _missed(report: TrackReport) -> Missed:
    streets = tuple(MissedStreet(m.street, m.road_class, m.length_m, m.geometry) for m in report.missed)
    return Missed(report.crs, streets, tuple(b.geometry for b in report.blind))


def _write_table(path: Path, report: TrackReport) -> None:
    """Missed streets as CSV that office programs open."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("grid", "street", "class", "missed_m", "street_m", "households_near", "links"))
        for m in report.missed:
            length, street = f"{m.length_m:.1f}", f"{m.street_m:.1f}"
            named = (_harmless(m.grid), _harmless(m.street), _harmless(m.road_class))
            rows.writerow((*named, length, street, m.households, _harmless(" ".join(m.link_ids))))


def _harmless(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def _write_features(path: Path, name: str, rows: Sequence[Mapping[str, Any]], plan: str) -> None:
    features = []
    for row in rows:
        facts = {key: value for key, value in row.items() if key != "geometry"}
        features.append({"type": "Feature", "properties": facts, "geometry": row["geometry"]})
    collection = {"type": "FeatureCollection", "name": name, "plan": plan, "features": features}
    path.write_text(json.dumps(collection, ensure_ascii=False) + "\n", encoding="utf-8", newline="\n")
