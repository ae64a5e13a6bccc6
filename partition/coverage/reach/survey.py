"""Promises of response times on one plan: every rule in every part of the day, checked to the last door.

Decides what is counted and when a promise is kept: a promise to key places by the share of those places; one to
everybody by the share of households, and where it is made without exception (share 1) no building may be late either.
What nobody can reach counts as not reached.  How streets become networks is decided in `gis.streets`, how soon a door
is reached in the rooms beside this one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import geopandas as gpd
import numpy as np

from gis.errors import InputError
from gis.graph import BoolArray, FloatArray, Int32Array
from gis.progress import SILENT, Progress
from gis.report import QualityReport, Remark
from gis.streets import Beats, Mode, NetworkOptions, StreetNetwork, lay_network
from gis.streets.modes import plain
from gis.territory import Territory
from partition.coverage.cameras.types import Land
from partition.coverage.reach.arcs import Arcs
from partition.coverage.reach.arrival import arrive, in_time
from partition.coverage.reach.check import check
from partition.coverage.reach.counts import Times, grid_by_grid, over_all, totals
from partition.coverage.reach.crews import has_means, may_answer
from partition.coverage.reach.doors import door_seconds, find_doors, walk_in
from partition.coverage.reach.ground import Ground, Lattice, find_ground, lattice
from partition.coverage.reach.kerb import Kerb
from partition.coverage.reach.remarks import Remarks
from partition.coverage.reach.types import Doors, ReachSurvey, RuleReach, Shares
from partition.coverage.reach.worst import worst_doors
from partition.coverage.settings import Band, ReachRule, ReachSettings

Laid = Mapping[Mode, tuple[StreetNetwork, Beats]]
"""Networks of modes as `gis.streets.lay_network` gives them."""

LAYERS = ("buildings", "key_places")
_OTHERS = ("warn_grid_without_street", "warn_off_network")  # remarks of patrols


@dataclass(frozen=True, slots=True)
class _Ways:
    """Everything of one mode that does not change with rule and band."""

    network: StreetNetwork
    arcs: Arcs
    doors: Mapping[str, Doors]
    ground: Ground
    post_node: Int32Array
    post_off_m: FloatArray


def survey_reach(
    territory: Territory,
    land: Land,
    settings: ReachSettings,
    *,
    report: QualityReport | None = None,
    progress: Progress = SILENT,
    networks: Laid | None = None,
) -> ReachSurvey:
    """Check every promise of response times.

    Parameters
    ----------
    territory
        Streets, posts, buildings, key places, addresses.
    land
        Grids of the plan.
    settings
        Promises, parts of the day, speeds.
    report
        Gets what laying the streets mended, posts and doors that are off the network, promises nobody answers.
    progress
        Stages ``stage_reach_streets`` and ``stage_reach``.
    networks
        Networks already laid, by mode; other modes in use are laid here.

    Raises
    ------
    InputError
        ``reach_streets_none``, ``reach_grids_none``, ``reach_setting_wrong``, ``reach_name_twice``,
        ``reach_time_wrong``, and what the laying of the streets finds.
    """
    report = QualityReport() if report is None else report
    check(settings)
    if territory["streets"].empty:
        raise InputError("reach_streets_none", layer="streets")
    if not len(land.codes):
        raise InputError("reach_grids_none", layer="grids")
    remarks = Remarks(territory, report)
    points = lattice(territory, land)
    modes = [mode for mode in Mode if any(rule.mode is mode for rule in settings.rules)]
    laid = dict(networks or {})
    progress.stage("stage_reach_streets", len(modes))
    ways: dict[Mode, _Ways] = {}
    for mode in modes:
        if mode not in laid:
            laid[mode] = lay_streets(territory, land, settings, mode, report)
        ways[mode] = _ways(territory, land, settings, laid[mode], points)
        remarks.of_mode(mode, ways[mode].doors, ways[mode].post_node, ways[mode].post_off_m, settings)
        progress.advance()
    progress.stage("stage_reach", len(settings.rules) * len(settings.bands))
    found = []
    for rule in settings.rules:
        for band in settings.bands:
            found.append(_keep(territory, land, settings, rule, band, ways[rule.mode], points, remarks))
            progress.advance()
    return ReachSurvey(
        settings=settings,
        codes=land.codes,
        networks={mode.value: way.network for mode, way in ways.items()},
        doors={(mode.value, layer): doors for mode, way in ways.items() for layer, doors in way.doors.items()},
        rules=tuple(found),
        post_node={mode.value: way.post_node for mode, way in ways.items()},
        post_off_m={mode.value: way.post_off_m for mode, way in ways.items()},
    )


def lay_streets(
    territory: Territory, land: Land, settings: ReachSettings, mode: Mode, report: QualityReport
) -> tuple[StreetNetwork, Beats]:
    """Lay the streets of one mode as responders use them: private lanes are open to them, nothing is to inspect."""
    streets = territory["streets"]
    is_private = plain(streets["foot"]) == "private"
    if is_private.any():
        territory = territory.with_layers(streets=streets.assign(foot=streets["foot"].mask(is_private)))
    kmh = float(settings.speed_kmh[mode])
    options = NetworkOptions(
        mode=mode,
        passing_kmh=kmh,
        inspecting_kmh=kmh,
        classes=frozenset(),
        snap_m=settings.snap_m,
        passage_m=settings.passage_m,
        place_m=settings.place_m,
    )
    grids = gpd.GeoDataFrame({"code": list(land.codes)}, geometry=list(land.geometry), crs=territory.crs)
    own = QualityReport()
    laid = lay_network(territory, grids, options, own)
    known = {_key(remark) for remark in report.remarks}
    for remark in own.remarks:  # what is said of streets; what is off them is said below for reach
        if remark.code not in _OTHERS and _key(remark) not in known:
            report.remarks.append(remark)
    return laid


def _key(remark: Remark) -> str:
    return repr(remark)


def _ways(
    territory: Territory, land: Land, settings: ReachSettings, laid: tuple[StreetNetwork, Beats], points: Lattice
) -> _Ways:
    network, beats = laid
    kerb = Kerb.of(network, np.asarray(territory["barriers"].geometry.array, dtype=object))
    doors = {layer: find_doors(territory, layer, kerb, land.geometry, settings) for layer in LAYERS}
    ground = find_ground(network, kerb, land, points.points)
    return _Ways(network, Arcs.of(network), doors, ground, beats.post_node, beats.post_off_m)


def start_seconds(settings: ReachSettings, mode: Mode, off_m: FloatArray) -> FloatArray:
    """Seconds from the call until each post's people are on the street: turn-out, then their yard in their own mode."""
    return settings.turn_out_s + off_m / (float(settings.speed_kmh[mode]) / 3.6)


def _keep(
    territory: Territory,
    land: Land,
    settings: ReachSettings,
    rule: ReachRule,
    band: Band,
    ways: _Ways,
    points: Lattice,
    remarks: Remarks,
) -> RuleReach:
    """One promise in one band."""
    posts, network, n = territory["posts"], ways.network, len(land.codes)
    of_kind = may_answer(posts, rule, band)
    answers = of_kind & has_means(posts, rule.mode, band) & (ways.post_node >= 0)
    row = np.flatnonzero(answers)
    arrival = arrive(
        network,
        ways.post_node[row],
        row,
        start_s=start_seconds(settings, rule.mode, ways.post_off_m[row]),
        speed_factor=band.speed_factor,
        arcs=ways.arcs,
    )
    seconds, post = {}, {}
    for layer, doors in ways.doors.items():
        seconds[layer], post[layer] = door_seconds(network, arrival, doors, settings.off_street_kmh, band.speed_factor)
    spots = ways.ground.spots
    ground_s, _ = walk_in(
        network, arrival, spots.link, spots.along_m, spots.off_m, settings.off_street_kmh, band.speed_factor
    )
    kind = territory["key_places"]["kind"].astype("str").to_numpy(dtype=object)
    counts_place = np.isin(kind, sorted(rule.places)) if rule.places else np.ones(len(kind), dtype=bool)
    times = Times(
        network, arrival, band.speed_factor, ways.doors["buildings"], ways.doors["key_places"],
        seconds["buildings"], seconds["key_places"], ground_s, counts_place, ways.ground, points,
    )  # fmt: skip
    minutes = sorted({*settings.ring_minutes, rule.minutes})
    tables = {m: totals(times, 60.0 * m, n) for m in minutes}
    table = tables[rule.minutes]
    layer = "key_places" if rule.places else "buildings"
    promised = counts_place if rule.places else np.ones(len(seconds[layer]), dtype=bool)
    shares = over_all(table)
    asked = _is_asked(rule, band)
    finite = seconds[layer][promised & np.isfinite(seconds[layer])]
    result = RuleReach(
        rule=rule,
        band=band.name,
        n_posts=len(row),
        arrival=arrival,
        shares=shares,
        by_grid=grid_by_grid(table, land.codes),
        ring={m: over_all(tables[m]) for m in minutes},
        door_s=seconds[layer],
        is_kept=is_kept(rule, shares, seconds[layer][promised]) if asked else None,
        worst=worst_doors(
            territory, land.codes, ways.doors[layer], seconds[layer], post[layer], promised, settings.worst
        )
        if len(row)
        else (),
        worst_s=float(finite.max()) if len(finite) else None,
        unreachable=int(np.isinf(seconds[layer][promised]).sum()),
        promised=promised,
    )
    remarks.of_rule(result, asked, of_kind, ways.doors[layer], ways.post_node)
    return result


def _is_asked(rule: ReachRule, band: Band) -> bool:
    """Whether any kind of post that the rule names is on duty in the band at all."""
    return not (rule.posts and band.posts) or bool(rule.posts & band.posts)


def is_kept(rule: ReachRule, shares: Shares, seconds: FloatArray) -> bool | None:
    """Whether a promise is kept; None where there is nobody it is made to.

    Parameters
    ----------
    seconds
        To every door promised.
    """
    if not len(seconds):
        return None
    on_time: BoolArray = in_time(seconds, 60.0 * rule.minutes)
    frac = float(on_time.mean())
    if not rule.places and shares.households > 0:
        if rule.target_frac >= 1.0:
            return bool(on_time.all())
        frac = shares.households_in / shares.households
    return frac >= rule.target_frac - 1e-12
