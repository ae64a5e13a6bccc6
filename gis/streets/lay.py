"""Streets of a territory into the network of one mode, and every grid's beat on it.

Puts the rooms beside this one in their order: check, node, cut at borders, join parts on foot, set posts and places
at the foot of their street, number the parts, share out the streets.  Everything that was mended is in the report.
"""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gis.graph import BoolArray, FloatArray, Int32Array, IntArray
from gis.progress import SILENT, Progress
from gis.report import QualityReport
from gis.streets import modes, noding, owners, places
from gis.streets.beats import Beats
from gis.streets.borders import cut_at_borders, takers
from gis.streets.faults import check
from gis.streets.lines import TINY_M, Lines, cut, unique_points
from gis.streets.network import Mode, NetworkOptions, ObjectArray, StreetNetwork
from gis.streets.parts import find_passages, strong_components
from gis.streets.remarks import note_parts
from gis.territory import Territory

PASSAGE = "passage"
"""Class of a link that no map shows, and beginning of its id."""
_MAIN_M = 1_000.0  # a part of the network with so many metres is one to set posts and places on


@dataclass(frozen=True, slots=True)
class _Pieces:
    """Streets cut at junctions and borders, with what is known of each piece."""

    lines: Lines
    may_go: BoolArray
    in_estate: BoolArray


def lay_network(
    territory: Territory,
    grids: gpd.GeoDataFrame,
    options: NetworkOptions,
    report: QualityReport | None = None,
    progress: Progress = SILENT,
) -> tuple[StreetNetwork, Beats]:
    """Lay the network of one mode and share out its streets.

    Parameters
    ----------
    territory
        Streets, barriers, estates, posts and key places.
    grids
        ``code`` and polygons, in the territory's metric CRS; any order.
    options
        Mode, speeds, what must be inspected, tolerances.
    report
        Gets every repair and everything that stays apart.
    progress
        Stage ``stage_lay_network``.

    Raises
    ------
    InputError
        See `gis.streets.faults.check`.
    """
    report = QualityReport() if report is None else report
    check(territory, grids, options)
    progress.stage("stage_lay_network", 5)
    grids = grids.sort_values("code", kind="stable", ignore_index=True)
    land = np.asarray(shapely.make_valid(np.asarray(grids.geometry.array)), dtype=object)
    streets = territory["streets"]
    if streets.empty:
        report.add("warn_streets_none", "streets")
    road_class = modes.street_classes(streets)
    barriers = np.asarray(territory["barriers"].geometry.array, dtype=object)
    lines = _noded(territory, road_class, options, barriers, report)
    progress.advance()
    pieces = _pieces(territory, lines, land, road_class, options, report)
    progress.advance()
    is_wide = modes.has_two_sides(streets, road_class, options)
    owner, reason = _owners(pieces, road_class, is_wide, land, options)
    progress.advance()
    is_motorway = np.isin(road_class, sorted(modes.MOTORWAYS))
    if options.mode is Mode.FOOT:
        fast = pieces.lines.geometry[is_motorway[pieces.lines.street]]
        lines, piece = _with_passages(pieces, np.concatenate([barriers, fast]), options, report)
    else:
        lines, piece = pieces.lines, np.arange(len(pieces.lines), dtype=np.int64)
    progress.advance()
    may_go = np.ones((len(lines), 2), dtype=bool)
    may_go[piece >= 0] = pieces.may_go[piece[piece >= 0]]
    lines, line, post, place = _with_places(lines, may_go, territory, options)
    piece, may_go = piece[line], may_go[line]
    network = _network(territory, lines, may_go, road_class, is_wide, options)
    known = piece >= 0
    beats = Beats(
        grids=tuple(map(str, grids["code"])),
        link_grid=np.where(known, owner[piece] if len(owner) else -1, -1).astype(np.int32),
        link_reason=np.where(known, reason[piece] if len(reason) else 0, owners.PASSAGE).astype(np.int32),
        place_node=place.node,
        place_grid=places.grids_of(_points(territory, "key_places"), land, options.border_m),
        place_off_m=place.off_m,
        post_node=post.node,
        post_off_m=post.off_m,
        place_dwell_min=territory["key_places"]["dwell_min"].to_numpy(dtype=np.float64).copy(),
    )
    note_parts(network, beats, territory, options, report)
    progress.advance()
    return network, beats


def _points(territory: Territory, layer: str) -> ObjectArray:
    return np.asarray(territory[layer].geometry.array, dtype=object)


def _noded(
    territory: Territory, road_class: ObjectArray, options: NetworkOptions, barriers: ObjectArray, report: QualityReport
) -> Lines:
    streets = territory["streets"]
    lines = Lines.of(np.asarray(streets.geometry.array, dtype=object))
    ids = streets["id"].to_numpy(dtype=object)
    lines = noding.merge_tiny(lines, ids, report)
    lines = noding.cut_at_shared_vertices(lines)
    lines = noding.cut_at_crossings(lines, report)
    is_fast = np.isin(road_class, sorted(modes.MOTORWAYS))
    lines = noding.join_ends(lines, options.snap_m, barriers, is_fast, report)
    return noding.merge_tiny(lines, ids, report)


def _pieces(
    territory: Territory,
    lines: Lines,
    land: ObjectArray,
    road_class: ObjectArray,
    options: NetworkOptions,
    report: QualityReport,
) -> _Pieces:
    streets = territory["streets"]
    lines = cut_at_borders(lines, land, options.border_m)
    guarded = territory["estates"]["kind"].isin(owners.GUARDED).to_numpy(dtype=bool)
    in_estate = owners.lie_in_estates(lines.geometry, _points(territory, "estates")[guarded])
    in_estate &= ~np.isin(road_class, sorted(modes.THROUGH | modes.MOTORWAYS))[lines.street]
    open_street, is_private = modes.open_directions(streets, road_class, options.mode, report)
    may_go = open_street[lines.street]
    may_go &= ~(is_private[lines.street] & ~(in_estate & options.inspect_estates))[:, None]
    wanted = modes.is_patrolled(road_class, options.classes)[lines.street]
    return _without_duplicates(_Pieces(lines, may_go, in_estate), wanted, territory, report)


def _without_duplicates(pieces: _Pieces, wanted: BoolArray, territory: Territory, report: QualityReport) -> _Pieces:
    """Drop pieces that lie on another between the same two nodes; the one that stays may be passed as either could."""
    lines, may_go = pieces.lines, pieces.may_go.copy()
    if not len(lines):
        return pieces
    tail, head, _ = lines.nodes()
    low, high = np.minimum(tail, head), np.maximum(tail, head)
    order = np.lexsort((np.arange(len(lines)), high, low))
    pairs = []
    for step in range(1, len(lines)):
        a, b = order[:-step], order[step:]
        same = (low[a] == low[b]) & (high[a] == high[b])
        if not same.any():
            break
        pairs.append(np.stack([a[same], b[same]], axis=1))
    if not pairs:
        return pieces
    a, b = np.concatenate(pairs).T
    shapes = lines.geometry
    near = np.abs(lines.length_m[a] - lines.length_m[b]) <= 2 * TINY_M
    a, b = a[near], b[near]
    twice = shapely.hausdorff_distance(shapes[a], shapes[b]) <= TINY_M
    a, b = a[twice], b[twice]
    if not len(a):
        return pieces
    n = len(lines)
    group = connected_components(coo_array((np.ones(len(a)), (a, b)), shape=(n, n)).tocsr(), directed=False)[1]
    rank = np.lexsort((np.arange(n), ~may_go.any(axis=1), ~wanted, group))
    leads = np.append(True, group[rank][1:] != group[rank][:-1])
    stays = rank[leads][np.cumsum(leads) - 1]
    dropped, kept = rank[~leads], stays[~leads]
    turned = _is_turned(lines, dropped, kept, tail, head)
    for way in (0, 1):
        np.logical_or.at(may_go[:, way], kept, np.where(turned, may_go[dropped, 1 - way], may_go[dropped, way]))
    ids = territory["streets"]["id"].to_numpy(dtype=object)[np.unique(lines.street[dropped])]
    report.add("repair_streets_duplicate", "streets", ", ".join(map(str, ids[:20])), before=len(dropped), after=0)
    keep = np.ones(n, dtype=bool)
    keep[dropped] = False
    return _Pieces(lines.take(keep), may_go[keep], pieces.in_estate[keep])


def _is_turned(lines: Lines, a: IntArray, b: IntArray, tail: Int32Array, head: Int32Array) -> BoolArray:
    """Whether each line runs against another that lies on it; of loops says it the sense of turning."""
    shapes = lines.geometry
    loop = tail[a] == head[a]
    turned: BoolArray = np.where(loop, shapely.is_ccw(shapes[a]) != shapely.is_ccw(shapes[b]), tail[a] != tail[b])
    return turned


def _owners(
    pieces: _Pieces, road_class: ObjectArray, is_wide: BoolArray, land: ObjectArray, options: NetworkOptions
) -> tuple[Int32Array, Int32Array]:
    lines = pieces.lines
    line, grid = takers(lines.geometry, land, options.border_m)
    has_grid = np.bincount(line, minlength=len(lines)) > 0
    reason = np.full(len(lines), owners.INSPECTED, dtype=np.int32)
    # The last line is the first reason.
    reason[~pieces.may_go.any(axis=1)] = owners.CLOSED
    reason[pieces.in_estate & (not options.inspect_estates)] = owners.ESTATE
    reason[~has_grid] = owners.OUTSIDE
    reason[~modes.is_patrolled(road_class, options.classes)[lines.street]] = owners.CLASS
    sides = 1.0 + (is_wide[lines.street] & pieces.may_go.any(axis=1))
    return (
        owners.share_out(lines, line, grid, len(land), reason == owners.INSPECTED, lines.length_m * sides),
        reason,
    )


def _with_passages(
    pieces: _Pieces, barriers: ObjectArray, options: NetworkOptions, report: QualityReport
) -> tuple[Lines, IntArray]:
    """The pieces cut at passages, with the passages after them; per line its piece, -1 for a passage."""
    lines = pieces.lines
    found = find_passages(lines, pieces.may_go.any(axis=1), barriers, options.passage_m)
    if not len(found):
        return lines, np.arange(len(lines), dtype=np.int64)
    cut_lines, piece, made = cut(lines, found.line.reshape(-1), found.at_m.reshape(-1))
    first = np.append(cut_lines.first, cut_lines.first[-1] + 2 * np.arange(1, len(found) + 1))
    street = np.append(cut_lines.street, np.full(len(found), -1, dtype=np.int32)).astype(np.int32)
    joined = Lines(np.concatenate([cut_lines.xy, made]), first, street)
    return joined, np.append(piece, np.full(len(found), -1, dtype=np.int64))


@dataclass(frozen=True, slots=True)
class _Feet:
    node: Int32Array
    off_m: FloatArray


def _with_places(
    lines: Lines, may_go: BoolArray, territory: Territory, options: NetworkOptions
) -> tuple[Lines, IntArray, _Feet, _Feet]:
    """Lines cut at the feet of posts and key places; the line each came from; nodes of posts and of places."""
    tail, head, xy = lines.nodes()
    part = strong_components(tail, head, len(xy), may_go, lines.length_m)
    inner = (part[tail] == part[head]) & may_go.any(axis=1)
    metres = np.bincount(part[tail[inner]], weights=lines.length_m[inner], minlength=len(xy) + 1)
    is_main = inner & ((part[tail] == 0) | (metres[part[tail]] >= _MAIN_M))
    points = [_points(territory, layer) for layer in ("posts", "key_places")]
    feet = places.find_feet(np.concatenate(points), lines, may_go.any(axis=1), is_main, options.place_m)
    on = feet.line >= 0
    lines, line, made = cut(lines, feet.line[on], feet.at_m[on])
    xy = lines.nodes()[2]
    node = np.full(len(on), -1, dtype=np.int32)
    if on.any():
        number = unique_points(np.concatenate([xy, made]))[1]
        node[on] = number[len(xy) :]
    n = len(points[0])
    return lines, line, _Feet(node[:n], feet.off_m[:n]), _Feet(node[n:], feet.off_m[n:])


def _network(
    territory: Territory,
    lines: Lines,
    may_go: BoolArray,
    road_class: ObjectArray,
    is_wide: BoolArray,
    options: NetworkOptions,
) -> StreetNetwork:
    streets = territory["streets"]
    is_street = lines.street >= 0
    tail, head, xy = lines.nodes()
    length_m = np.maximum(lines.length_m, 0.001)
    passing, inspecting = modes.speeds_kmh(streets, road_class, options)
    passing = np.append(passing, options.passing_kmh)[lines.street] / 3.6
    inspecting = np.append(inspecting, options.inspecting_kmh)[lines.street] / 3.6
    classes = np.append(road_class, PASSAGE)[lines.street]
    named = streets["name"]
    names = np.append(named.astype("str").where(named.notna(), "").to_numpy(dtype=object), "")[lines.street]
    return StreetNetwork(
        mode=options.mode,
        crs=territory.crs,
        node_x=xy[:, 0].copy(),
        node_y=xy[:, 1].copy(),
        link_ids=_link_ids(streets["id"].tolist(), lines.street),
        street=np.where(is_street, lines.street, -1).astype(np.int32),
        tail=tail,
        head=head,
        length_m=length_m,
        passing_s=np.where(may_go, (length_m / passing)[:, None], np.inf),
        inspecting_s=np.where(may_go, (length_m / inspecting)[:, None], np.inf),
        both_sides=np.append(is_wide, False)[lines.street] & may_go.any(axis=1),
        road_class=classes,
        name=names,
        geometry=lines.geometry,
        component=strong_components(tail, head, len(xy), may_go, length_m),
    )


def _link_ids(ids: list[str], street: Int32Array) -> tuple[str, ...]:
    """The street's id, with ``#2`` and so on for its further parts; ``passage#1`` and so on after them."""
    start = np.searchsorted(street[street >= 0], street)
    part = np.arange(len(street)) - start + 1
    taken = set(ids)
    found: list[str] = []
    n_streets = int((street >= 0).sum())
    for row, k in zip(street.tolist(), part.tolist()):
        if row < 0:
            k = len(found) - n_streets + 1
        elif k == 1:
            found.append(ids[row])
            continue
        stem = ids[row] if row >= 0 else PASSAGE
        mark = "#"
        while f"{stem}{mark}{k}" in taken:
            mark += "#"
        found.append(f"{stem}{mark}{k}")
    return tuple(found)
