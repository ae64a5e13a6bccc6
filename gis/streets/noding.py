"""Streets that meet become one network: shared vertices, crossings, ends that fall short, ends without length.

Streets that cross without a common vertex are a bridge, unless the whole layer was drawn without vertices at its
crossings.  An end that touches nothing is joined to what lies within the snap distance, never through a barrier.
"""

from __future__ import annotations

import numpy as np
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from gis.graph import BoolArray, FloatArray, Int32Array, IntArray
from gis.report import QualityReport
from gis.streets.kernels import crossings
from gis.streets.lines import TINY_M, Lines, cut, cut_at_vertices, merge_nodes, unique_points
from gis.streets.network import ObjectArray

_NODE_FIRST_M = 0.5  # an end this much farther than the nearest point of a street is still the better place to join


def cut_at_shared_vertices(lines: Lines) -> Lines:
    """Cut every street where another street, or it itself, has the same vertex."""
    number = unique_points(lines.xy)[1]
    is_cut = np.bincount(number)[number] > 1 if len(number) else np.zeros(0, dtype=bool)
    is_cut[lines.first[:-1]] = False
    is_cut[lines.first[1:] - 1] = False
    return cut_at_vertices(lines, is_cut)[0]


def cut_at_crossings(lines: Lines, report: QualityReport) -> Lines:
    """Count crossings without a common vertex; where they outnumber the junctions of the layer, cut there.

    Run after `cut_at_shared_vertices`: what still crosses has no vertex there.
    """
    line, at_m = _crossings(lines)
    tail, head, xy = lines.nodes()
    n_junctions = int((degree(tail, head, len(xy)) >= 3).sum())
    if len(line) <= n_junctions:
        if len(line):
            report.add("note_streets_bridges", "streets", before=len(line), measured=n_junctions)
        return lines
    report.add("repair_streets_not_noded", "streets", before=len(line), measured=n_junctions)
    cut_lines, _, made = cut(lines, line.T.reshape(-1), at_m.T.reshape(-1))
    # Rounding, or a vertex close by, may have put the two cuts of a crossing apart: bring them together.
    half = len(line)
    tail, head, xy = cut_lines.nodes()
    first, second = _node_at(xy, made[:half]), _node_at(xy, made[half:])
    known = (first >= 0) & (second >= 0) & (first != second)
    pairs = np.stack([first[known], second[known]], axis=1)
    return merge_nodes(cut_lines, pairs, degree(tail, head, len(xy)))


def _crossings(lines: Lines) -> tuple[IntArray, FloatArray]:
    """Pairs of lines that cross (a line with itself, too), and metres along both; ``(n, 2)`` each."""
    shapes = lines.geometry
    if not len(shapes):
        return np.zeros((0, 2), dtype=np.int64), np.zeros((0, 2))
    a, b = shapely.STRtree(shapes).query(shapes)
    a, b = a[a <= b], b[a <= b]
    pair, at_m = crossings(lines.xy, lines.first, lines.along_m, shapely.bounds(shapes), a, b)
    line = np.stack([a[pair], b[pair]], axis=1)
    # One that meets a vertex was found on both sides of it.
    order = np.lexsort((at_m[:, 1], at_m[:, 0], line[:, 1], line[:, 0]))
    line, at_m = line[order], at_m[order]
    again = np.zeros(len(line), dtype=bool)
    again[1:] = (line[1:] == line[:-1]).all(axis=1) & (np.abs(at_m[1:] - at_m[:-1]) <= TINY_M).all(axis=1)
    return line[~again], at_m[~again]


def degree(tail: Int32Array, head: Int32Array, n_nodes: int) -> IntArray:
    """Per node: how many ends of links meet there."""
    return np.bincount(tail, minlength=n_nodes) + np.bincount(head, minlength=n_nodes)


def _node_at(xy: FloatArray, points: FloatArray) -> IntArray:
    """Number of the node at each point, -1 where there is none."""
    if not len(xy) or not len(points):
        return np.full(len(points), -1, dtype=np.int64)
    number = unique_points(np.concatenate([xy, points]))[1]
    node = np.full(int(number.max()) + 1, -1, dtype=np.int64)
    node[number[: len(xy)]] = np.arange(len(xy))
    return node[number[len(xy) :]]


def join_ends(lines: Lines, snap_m: float, barriers: ObjectArray, is_fast: BoolArray, report: QualityReport) -> Lines:
    """Join ends to what they nearly touch.

    An end that touches nothing is joined to the nearest street within ``snap_m``, and to every other such end there.
    Two parts of the network that come so close are joined once, at their nearest ends.  Any other end is joined only
    to a street it lies on.

    Parameters
    ----------
    barriers
        Shapes that no join may cross.
    is_fast
        Per street: motorway; nothing is joined to it but its own kind.
    """
    if not len(lines):
        return lines
    tail, head, xy = lines.nodes()
    n = len(xy)
    ends = degree(tail, head, n)
    part = components(tail, head, n)
    shapes = lines.geometry
    points = shapely.points(xy)
    node, line = shapely.STRtree(shapes).query(points, predicate="dwithin", distance=snap_m)
    mine = (tail[line] != node) & (head[line] != node)
    node, line = node[mine], line[mine]
    apart = part[tail[line]] != part[node]
    off_m = shapely.distance(points[node], shapes[line])
    loose, own = _loose(tail, head, ends)
    far_end = np.where(tail[own] == np.arange(n), head[own], tail[own])[node]
    hangs_on_it = loose[node] & (lines.length_m[own[node]] <= 2 * snap_m)
    hangs_on_it &= (far_end == tail[line]) | (far_end == head[line])
    fast = np.zeros(n, dtype=bool)
    fast[tail[is_fast[lines.street]]] = fast[head[is_fast[lines.street]]] = True
    good = (loose[node] & ~hangs_on_it) | apart | (off_m <= TINY_M)
    good &= fast[node] == is_fast[lines.street[line]]
    node, line, off_m = node[good], line[good], off_m[good]

    at_m = shapely.line_locate_point(shapes[line], points[node])
    to_tail, to_head = np.hypot(*(xy[node] - xy[tail[line]]).T), np.hypot(*(xy[node] - xy[head[line]]).T)
    end = np.where(to_tail <= to_head, tail[line], head[line])
    end_off_m = np.minimum(to_tail, to_head)
    both_loose = loose[node] & loose[end] & (end_off_m <= snap_m)
    at_end = both_loose | ((end_off_m <= snap_m) & (end_off_m <= off_m + _NODE_FIRST_M))
    at_m = np.where(at_end, np.where(to_tail <= to_head, 0.0, lines.length_m[line]), at_m)
    target = shapely.get_coordinates(shapely.line_interpolate_point(shapes[line], at_m))
    price = np.round(np.where(at_end, end_off_m - _NODE_FIRST_M, off_m), 6)
    free = np.flatnonzero(~crosses(barriers, xy[node], target))
    order = free[np.lexsort((line[free], ~at_end[free], price[free], node[free]))]
    node, line, at_m, off_m, both_loose = node[order], line[order], at_m[order], off_m[order], both_loose[order]
    best = np.append(True, node[1:] != node[:-1]) if len(node) else np.zeros(0, dtype=bool)
    chosen = best & (loose[node] | (off_m <= TINY_M) | _nearest_of_parts(part[node], part[tail[line]], price[order]))
    chosen |= both_loose
    node, line, at_m = node[chosen], line[chosen], at_m[chosen]
    if not len(node):
        return lines
    ids = lines.street[np.where(loose[node], own[node], line)]
    report.add(
        "repair_streets_joined", "streets", before=len(node), measured=float(snap_m), streets=len(np.unique(ids))
    )
    cut_lines, _, made = cut(lines, line, at_m)
    moved_tail, moved_head, moved_xy = cut_lines.nodes()
    pairs = np.stack([_node_at(moved_xy, xy[node]), _node_at(moved_xy, made)], axis=1)
    pairs = pairs[(pairs >= 0).all(axis=1)]
    rank = degree(moved_tail, moved_head, len(moved_xy))
    return merge_nodes(cut_lines, pairs, rank)


def _nearest_of_parts(a: IntArray, b: IntArray, price: FloatArray) -> BoolArray:
    """Whether each pair is the first of the cheapest between its two parts."""
    low, high = np.minimum(a, b), np.maximum(a, b)
    order = np.lexsort((np.arange(len(a)), price, high, low))
    first = np.zeros(len(a), dtype=bool)
    if len(a):
        changes = (low[order][1:] != low[order][:-1]) | (high[order][1:] != high[order][:-1])
        first[order[np.append(True, changes)]] = True
    return first


def _loose(tail: Int32Array, head: Int32Array, ends: IntArray) -> tuple[BoolArray, IntArray]:
    """Nodes where one link ends and nothing else is, and a link of each node."""
    own = np.zeros(len(ends), dtype=np.int64)
    own[tail] = np.arange(len(tail))
    own[head] = np.arange(len(head))
    return ends == 1, own


def crosses(barriers: ObjectArray, start_xy: FloatArray, end_xy: FloatArray) -> BoolArray:
    """Whether the straight way from start to end meets a barrier."""
    blocked = np.zeros(len(start_xy), dtype=bool)
    if len(barriers) and len(start_xy):
        ways = shapely.linestrings(np.stack([start_xy, end_xy], axis=1))
        blocked[shapely.STRtree(barriers).query(ways, predicate="intersects")[0]] = True
    return blocked


def components(tail: Int32Array, head: Int32Array, n_nodes: int) -> Int32Array:
    """Per node: which part of the network it is in, directions aside."""
    weights = np.ones(len(tail))
    graph = coo_array((weights, (tail, head)), shape=(n_nodes, n_nodes)).tocsr()
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int32)


def merge_tiny(lines: Lines, ids: ObjectArray, report: QualityReport) -> Lines:
    """Merge nodes closer than `TINY_M` and drop what has no length; the report names streets that vanish."""
    before = len(lines)
    streets = np.unique(lines.street)
    while len(lines):
        tail, head, xy = lines.nodes()
        tiny = lines.length_m < TINY_M
        close = cKDTree(xy).query_pairs(TINY_M, output_type="ndarray")
        if not tiny.any() and not len(close):
            break
        pairs = np.concatenate([close.reshape(-1, 2), np.stack([tail[tiny], head[tiny]], axis=1)])
        lines = merge_nodes(lines, pairs, degree(tail, head, len(xy))).take(~tiny)
    if len(lines) < before:
        gone = ids[np.setdiff1d(streets, lines.street)]
        named = ", ".join(map(str, gone[:20]))
        report.add("repair_streets_zero_length", "streets", named, before=before - len(lines), measured=TINY_M)
    return lines
