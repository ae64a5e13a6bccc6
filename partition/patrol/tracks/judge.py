"""Judging tracks: from what receivers wrote to what was patrolled, what was missed, and what nobody looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import shapely

from gis.errors import Fact, Fault, InputError, NotFound
from gis.graph import BoolArray, FloatArray, IntArray
from gis.progress import SILENT, Progress
from gis.readers.gpx import Track
from gis.shift import gcj02_to_wgs84
from gis.streets.beats import Beats
from gis.streets.blind import blind_areas, left_over, lie_in, near_lines, stretches
from gis.streets.network import ObjectArray, StreetNetwork
from partition.patrol.itinerary import Itinerary
from partition.patrol.tracks.clean import CleanTrack, clean_track
from partition.patrol.tracks.intervals import Coverage, cover
from partition.patrol.tracks.match import Matcher, Passes
from partition.patrol.tracks.presence import metre_hours
from partition.patrol.tracks.report import BlindArea, GridRow, MissedStreet, TrackReport, TrackRow
from partition.patrol.tracks.settings import TrackSettings

_MANY_DROPPED = 0.2
_MANY_OFF = 0.5


@dataclass(frozen=True, slots=True)
class Homes:
    """Buildings and how many households live in each; geometry in the CRS of the network."""

    geometry: ObjectArray
    households: IntArray


NO_HOMES = Homes(np.empty(0, dtype=object), np.empty(0, dtype=np.int64))


def judge_tracks(
    network: StreetNetwork,
    beats: Beats,
    tracks: Sequence[Track],
    settings: TrackSettings | None = None,
    *,
    grids: Sequence[str] | None = None,
    outlines: Mapping[str, Any] | None = None,
    itineraries: Sequence[Itinerary] = (),
    homes: Homes = NO_HOMES,
    within: tuple[float, float] | None = None,
    persons: Mapping[str, int] | None = None,
    matcher: Matcher | None = None,
    progress: Progress = SILENT,
) -> TrackReport:
    """What some tracks together patrolled of what they had to.

    Parameters
    ----------
    network, beats
        Streets of the mode of the patrol, and whose they are.
    tracks
        As read by `gis.readers.gpx`; all those of the shift.
    settings
        Figures; the mode is that of the network.
    grids
        Codes of the grids to judge; all by default.
    outlines
        Grid code to polygon in the network's CRS: blind areas are drawn for these.
    itineraries
        Routes that were to be walked: then only what they inspect is due, not the whole beat of the grids.
    homes
        Buildings with their households.
    within
        First and last second (since 1970) of the shift; what lies outside does not count.
    persons
        People per patrol number, 1 where it is not named.
    matcher
        Of the same network and settings, to be used again for many calls.
    progress
        Stage ``stage_match_tracks``.

    Raises
    ------
    NotFound
        ``track_grid_unknown``.
    InputError
        ``track_link_unknown`` (an itinerary of another network).
    """
    settings = replace(settings or TrackSettings(), mode=network.mode)
    if matcher is None or matcher.network is not network or matcher.settings != settings:
        matcher = Matcher(network, settings)
    due = _due(network, beats, grids, itineraries)
    progress.stage("stage_match_tracks", len(tracks))
    rows: list[TrackRow] = []
    passes: list[Passes] = []
    warnings: list[Fault] = []
    for number, track in enumerate(tracks, 1):
        track = track if track.patrol else replace(track, patrol=str(number))
        clean = clean_track(track, settings, within=within)
        found = matcher.match(clean)
        rows.append(_row(clean, found, (persons or {}).get(track.patrol, 1)))
        warnings += _warnings(clean, found, matcher)
        passes.append(found)
        progress.advance()
    coverage = cover(network, passes, settings, degree=matcher.degree)
    if not due.any():
        warnings.append(Fault("warn_tracks_nothing_due", {"measured": len(beats.grids if grids is None else grids)}))
    missed = _missed(network, beats, due, coverage, homes, settings)
    blind = _blind(network, coverage, _chosen(beats, grids), outlines or {}, homes, settings)
    missed_lines = np.array([m.geometry for m in missed], dtype=object)
    near = np.unique(near_lines(homes.geometry, missed_lines, settings.blind_m)[1])
    blind_shapes = np.array([b.geometry for b in blind], dtype=object)
    timed = [r.seconds for r in rows if np.isfinite(r.seconds)]
    links = np.flatnonzero(due)
    return TrackReport(
        mode=network.mode,
        crs=network.crs,
        tracks=tuple(rows),
        grids=_grids(network, beats, due, coverage, passes, missed, _chosen(beats, grids), rows, within),
        planned_m=float(coverage.due_m[due].sum()),
        covered_m=float(coverage.covered_m[due].sum()),
        seconds=float(sum(timed)) if timed else float("nan"),
        walked_m=float(sum(r.walked_m for r in rows)),
        missed=missed,
        blind=blind,
        households_missed=int(homes.households[near].sum()),
        households_blind=int(homes.households[lie_in(homes.geometry, blind_shapes)].sum()),
        link_ids=tuple(network.link_ids[k] for k in links),
        links=links,
        coverage=coverage,
        warnings=tuple(warnings),
    )


def _chosen(beats: Beats, grids: Sequence[str] | None) -> list[str]:
    return sorted(set(beats.grids if grids is None else grids))


def _due(
    network: StreetNetwork, beats: Beats, grids: Sequence[str] | None, itineraries: Sequence[Itinerary]
) -> BoolArray:
    """Links that had to be patrolled."""
    if itineraries:
        position = {name: i for i, name in enumerate(network.link_ids)}
        named = [name for i in itineraries for leg in i.legs if leg.kind == "inspect" for name in leg.link_ids]
        unknown = sorted({name for name in named if name not in position})
        if unknown:
            raise InputError("track_link_unknown", id=", ".join(unknown[:5]), measured=len(unknown))
        due = np.zeros(network.n_links, np.bool_)
        due[[position[name] for name in named]] = True
        return due
    if grids is None:
        return np.asarray(beats.link_grid >= 0)
    place = {code: i for i, code in enumerate(beats.grids)}
    strangers = sorted(set(grids) - place.keys())
    if strangers:
        raise NotFound("track_grid_unknown", id=", ".join(strangers[:5]), allowed=len(place))
    return np.isin(beats.link_grid, [place[code] for code in grids])


def _row(clean: CleanTrack, found: Passes, persons: int) -> TrackRow:
    ends = (float(clean.time_s.min()), float(clean.time_s.max())) if clean.is_timed else (np.nan, np.nan)
    return TrackRow(
        patrol=clean.patrol,
        persons=persons,
        fixes=clean.n_read,
        used=len(clean),
        off_network=found.n_off,
        dropped=clean.dropped,
        clock_jumps=clean.clock_jumps,
        parts=clean.n_parts,
        begin_s=ends[0],
        end_s=ends[1],
        seconds=clean.seconds,
        walked_m=found.walked_m,
    )


def _warnings(clean: CleanTrack, found: Passes, matcher: Matcher) -> list[Fault]:
    s = matcher.settings
    patrol: dict[str, Fact] = {"patrol": clean.patrol}
    if not len(clean):
        return [Fault("warn_track_without_fixes", patrol | {"measured": clean.n_read})]
    out = []
    if len(clean) == 1:
        out.append(Fault("warn_track_one_fix", patrol))
    dropped = clean.n_read - len(clean)
    if dropped > _MANY_DROPPED * clean.n_read:
        worst = max(clean.dropped, key=lambda rule: clean.dropped[rule])
        why: dict[str, Fact] = {"reason": worst, "most": clean.dropped[worst]}
        out.append(Fault("warn_track_many_dropped", patrol | why | {"measured": dropped, "total": clean.n_read}))
    if clean.clock_jumps:
        out.append(Fault("warn_track_clock", patrol | {"measured": clean.clock_jumps}))
    if not clean.is_timed:
        out.append(Fault("note_track_without_time", patrol))
    elif len(clean) > 1 and float(np.median(np.diff(clean.time_s))) > s.bridge_s:
        median_s = round(float(np.median(np.diff(clean.time_s))))
        out.append(Fault("warn_track_sparse", patrol | {"measured": median_s, "allowed": round(s.bridge_s)}))
    if found.n_off > _MANY_OFF * found.n_fixes:
        facts: dict[str, Fact] = {"measured": found.n_off, "total": found.n_fixes, "allowed": round(s.reach_m)}
        lon, lat = gcj02_to_wgs84(clean.lon, clean.lat)
        shifted = matcher.share_near(lon, lat) > 1 - _MANY_OFF
        out.append(Fault("warn_track_looks_shifted" if shifted else "warn_track_off_network", patrol | facts))
    return out


def _missed(
    network: StreetNetwork, beats: Beats, due: BoolArray, coverage: Coverage, homes: Homes, settings: TrackSettings
) -> tuple[MissedStreet, ...]:
    """What is missing, put together by grid and street, the longest first."""
    c = coverage
    links = np.flatnonzero(due & ~c.is_patrolled)
    if not len(links):
        return ()
    rest, low, high = left_over(links, c.interval_link, c.interval_low_m, c.interval_high_m, network.length_m)
    # A street missed on one of its two sides only has no stretch that was not passed: all of it is drawn.
    sides = np.setdiff1d(links, rest).astype(np.int32)
    rest = np.concatenate([rest, sides])
    lines = stretches(
        network,
        rest,
        np.concatenate([low, np.zeros(len(sides))]),
        np.concatenate([high, network.length_m[sides]]),
    )
    groups: dict[tuple[int, str], list[int]] = {}
    for k in links:
        name = str(network.name[k])
        groups.setdefault((int(beats.link_grid[k]), name or f"#{network.street[k]}"), []).append(int(k))
    whole = _metres_by_street(network, beats, due, c.due_m)
    shapes = [shapely.line_merge(shapely.MultiLineString(list(lines[np.isin(rest, own)]))) for own in groups.values()]
    street, home = near_lines(homes.geometry, np.array(shapes, dtype=object), settings.blind_m)
    households = np.bincount(street, weights=homes.households[home], minlength=len(shapes))
    found = [
        MissedStreet(
            grid=beats.grids[grid] if grid >= 0 else "",
            street=str(network.name[own[0]]),
            road_class=str(network.road_class[own[0]]),
            link_ids=tuple(network.link_ids[k] for k in own),
            length_m=float((c.due_m[own] - c.covered_m[own]).sum()),
            street_m=whole[grid, name],
            households=int(households[i]),
            geometry=shapes[i],
        )
        for i, ((grid, name), own) in enumerate(groups.items())
    ]
    return tuple(sorted(found, key=lambda m: (-m.length_m, m.grid, m.link_ids)))


def _metres_by_street(
    network: StreetNetwork, beats: Beats, due: BoolArray, due_m: FloatArray
) -> dict[tuple[int, str], float]:
    metres: dict[tuple[int, str], float] = {}
    for k in np.flatnonzero(due):
        key = (int(beats.link_grid[k]), str(network.name[k]) or f"#{network.street[k]}")
        metres[key] = metres.get(key, 0.0) + float(due_m[k])
    return metres


def _blind(
    network: StreetNetwork,
    coverage: Coverage,
    chosen: Sequence[str],
    outlines: Mapping[str, Any],
    homes: Homes,
    settings: TrackSettings,
) -> tuple[BlindArea, ...]:
    codes = [code for code in chosen if code in outlines]
    if not codes:
        return ()
    c = coverage
    seen = stretches(network, c.interval_link, c.interval_low_m, c.interval_high_m)
    land = np.array([outlines[code] for code in codes], dtype=object)
    owner, areas = blind_areas(land, seen, settings.blind_m, settings.least_blind_m2)
    area, home = near_lines(homes.geometry, areas, 0.0)
    households = np.bincount(area, weights=homes.households[home], minlength=len(areas))
    return tuple(BlindArea(codes[g], float(shape.area), int(n), shape) for g, shape, n in zip(owner, areas, households))


def _grids(
    network: StreetNetwork,
    beats: Beats,
    due: BoolArray,
    coverage: Coverage,
    passes: Sequence[Passes],
    missed: Sequence[MissedStreet],
    chosen: Sequence[str],
    rows: Sequence[TrackRow],
    within: tuple[float, float] | None,
) -> tuple[GridRow, ...]:
    n = len(beats.grids)
    own = np.flatnonzero(due & (beats.link_grid >= 0))
    grid = beats.link_grid[own]
    planned = np.bincount(grid, weights=coverage.due_m[own], minlength=n)
    covered = np.bincount(grid, weights=coverage.covered_m[own], minlength=n)
    begun = [r.begin_s for r in rows if np.isfinite(r.begin_s)]
    ended = [r.end_s for r in rows if np.isfinite(r.end_s)]
    period = within or ((min(begun), max(ended)) if begun else None)
    hours, present = metre_hours(network, beats, due, coverage, passes, period)
    streets = dict.fromkeys(chosen, 0)
    for m in missed:
        if m.grid in streets:
            streets[m.grid] += 1
    place = {code: i for i, code in enumerate(beats.grids)}
    return tuple(
        GridRow(
            code,
            float(planned[place[code]]),
            float(covered[place[code]]),
            streets[code],
            float(hours[place[code]]),
            float(present[place[code]]),
        )
        for code in chosen
    )
