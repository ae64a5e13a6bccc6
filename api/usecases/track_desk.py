"""A recorded track of one shift, judged against the routes of that shift and kept in the store.

What is kept is what was found: figures, missed streets, intervals per link, blind areas.  The fixes themselves are
forgotten, and so is every name in the file; a track has the number of its patrol.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import IO, Any

import numpy as np

from api.usecases.patrol_desk import DeskPatrol, Ground
from data.store import Act, Store
from data.store.rooms.tracks import TrackCard, TrackFigures, TrackKey, track_id
from gis.errors import Fault, InputError
from gis.readers.gpx import GpxLimits, Track, read_gpx
from gis.report import QualityReport
from gis.shift import Shifted
from partition.patrol.itinerary import Itinerary
from partition.patrol.tracks.judge import NO_HOMES, Homes, judge_tracks
from partition.patrol.tracks.report import TrackReport

LIMITS = GpxLimits(fixes=2_000_000, bytes=256 * 1024 * 1024)
"""More in one file is no shift of one patrol."""
_BLOCK = 1 << 20
_CHINA = timezone(timedelta(hours=8))
_HOMES_M = 60.0


@dataclass(frozen=True, slots=True)
class Judged:
    """A track that is kept, what was found, and whether it is new."""

    card: TrackCard
    report: dict[str, Any]
    is_new: bool


def judge_upload(
    store: Store,
    act: Act,
    found: DeskPatrol,
    file: IO[bytes],
    *,
    patroller: int = 0,
    shifted: Shifted | None = None,
    done: Callable[[], object] = lambda: None,
) -> Judged:
    """Judge the track of one shift and keep what was found.

    Parameters
    ----------
    store, act
        Where it is kept, and who sends it.
    found
        The routes of the shift; it has a day and a half.
    file
        GPX, from its beginning.
    patroller
        Which of the routes was walked; 0: all of them, by one patrol.
    shifted
        What its coordinates were shifted by.
    done
        Called once it is kept.

    Returns
    -------
    Judged
        The same file sent again for the same shift gives the track that is there.

    Raises
    ------
    InputError
        ``track_patroller_unknown``, ``track_nothing_to_judge``, and what `read_gpx` says of the file.
    """
    question, ground = found.question, found.ground
    if question.day is None or not question.half:
        raise InputError("track_without_shift")
    routes = _routes(found, patroller)
    key = TrackKey(
        plan=ground.card.id,
        revision=ground.card.revision,
        grid=question.grid,
        route=routes[0].id if len(routes) == 1 else question.grid,
        mode=question.mode,
        day=question.day.isoformat(),
        half=question.half,
    )
    # Other routes of the same shift (more patrollers, another post) make another judgement.
    asked = f"{question.patrollers} {question.shift_minutes} {question.post} {shifted or ''}"
    id = track_id(key, hashlib.sha256(asked.encode() + _digest(file)).digest())
    with store.read(act.jurisdiction) as tx:
        there = tx.tracks.find(id)
        if there is not None:
            return Judged(there, tx.tracks.report(id), is_new=False)
    remarks = QualityReport()
    file.seek(0)
    track = read_gpx(file, patrol=key.route, known=(key.route,), shifted=shifted, limits=LIMITS, report=remarks)
    report = judge_tracks(
        ground.land.network,
        ground.land.beats,
        [track],
        ground.matcher.settings,
        grids=[question.grid],
        outlines={question.grid: ground.outline(question.grid)},
        itineraries=routes,
        homes=_homes(ground, question.grid),
        matcher=ground.matcher,
    )
    told = report.to_json()
    told["warnings"] = _warnings(report, remarks, track, question.day)
    figures = TrackFigures(
        fixes=told["fixes"],
        used=told["used"],
        hours=told["hours"],
        km=told["km"],
        planned_m=round(report.planned_m, 1),
        covered_m=round(report.covered_m, 1),
    )
    with store.write(act) as tx:
        community = ground.community[question.grid]
        card, is_new = tx.tracks.add(id, key, figures, told, county=ground.card.county, community=community)
    if is_new:
        done()
    return Judged(card, told, is_new)


def _routes(found: DeskPatrol, patroller: int) -> list[Itinerary]:
    if not found.itineraries:
        raise InputError("track_nothing_to_judge", id=found.question.grid)
    if not patroller:
        return list(found.itineraries)
    routes = [itinerary for itinerary in found.itineraries if itinerary.patroller == patroller]
    if not routes:
        raise InputError("track_patroller_unknown", measured=patroller, allowed=len(found.itineraries))
    return routes


def _digest(file: IO[bytes]) -> bytes:
    digest = hashlib.sha256()
    file.seek(0)
    while block := file.read(_BLOCK):
        digest.update(block)
    return digest.digest()


def _homes(ground: Ground, grid: str) -> Homes:
    """Buildings in and around a grid."""
    buildings = ground.land.territory["buildings"]
    if buildings.empty:
        return NO_HOMES
    near = np.sort(ground.building_tree.query(ground.outline(grid), predicate="dwithin", distance=_HOMES_M))
    households = buildings["households"].fillna(0).to_numpy(dtype=np.int64)[near]
    return Homes(np.asarray(buildings.geometry.array, dtype=object)[near], households)


def _warnings(report: TrackReport, remarks: QualityReport, track: Track, day: Any) -> list[dict[str, Any]]:
    """What the reader has to know, as codes with facts: sentences are made for each reader."""
    faults = [Fault(remark.code, {**remark.facts}) for remark in remarks.remarks]
    times = track.time_s[np.isfinite(track.time_s)]
    if len(times):
        walked = datetime.fromtimestamp(float(np.median(times)), _CHINA).date()
        if walked != day:
            facts = {"measured": walked.isoformat(), "allowed": day.isoformat()}
            faults.append(Fault("warn_track_other_day", facts))
    return [{"code": fault.code, "facts": dict(fault.facts)} for fault in (*faults, *report.warnings)]
