"""The street network of the sample town: names and classes, alleys, lanes and gates, noded where lines meet.

All lines of the town (streets, borders, river, railway) are noded together once, so that streets, communities and
villagers' groups share their borders to the last digit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely
import shapely.ops
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from data.sample.buildings import Lattice
from data.sample.land import COUNTRY, OUTSIDE, TOWN, Land
from data.sample.names import MAIN_SUFFIXES, Names, numeral
from data.sample.quarters import USE, Quarters

GRID_M = 0.01
_SPARE = "spare"
CLASSES = ("primary", "secondary", "tertiary", "unclassified", "residential", "service", "footway", "track", _SPARE, "")
"""Street classes from the widest down.  The empty one is no street (a border, the river, the railway); a spare piece
leads up to the railway and becomes a street only where land would else be cut off."""

_SPEED = {"primary": 50.0, "secondary": 40.0, "tertiary": 40.0, "unclassified": 40.0, "residential": 30.0}
_RAIL_CLEAR_M = 24.0
_WALLED = ("estate", "school", "hospital", "government")
_ENTERED = (*_WALLED, "business", "market", "industrial")


@dataclass(frozen=True, slots=True)
class Network:
    """``lines``: every named or nameless line before noding (``shape, class, name, order``), ``order`` its place
    along the street of its name; ``edges``: street pieces between junctions; ``faces``: the land between all lines;
    ``walls``: outlines of walled grounds, open at the gates; ``gates``: points, with the quarter they belong to.
    """

    lines: pd.DataFrame
    edges: pd.DataFrame
    faces: NDArray[np.object_]
    face_superblock: NDArray[np.int64]
    walls: NDArray[np.object_]
    gates: NDArray[np.object_]
    gate_quarter: NDArray[np.int64]


def lay_streets(
    land: Land,
    quarters: Quarters,
    lattice: Lattice,
    built: NDArray[np.object_],
    names: Names,
    rng: np.random.Generator,
) -> Network:
    """Lay all lines of the town and node them; ``built`` are the buildings that lanes keep clear of."""
    main = _main_lines(land, names)
    cuts = _cut_lines(land, quarters, names)
    lanes, gate, gate_quarter = _lanes(quarters, lattice, built, rng)
    lines = pd.concat([main, cuts, lanes], ignore_index=True)
    lines["shape"] = shapely.set_precision(lines["shape"].to_numpy(), GRID_M)
    lines = lines[~shapely.is_empty(lines["shape"].to_numpy())].reset_index(drop=True)
    edges, shapes = _node(lines)
    faces = np.asarray(shapely.get_parts(shapely.polygonize(shapes)))
    inside = shapely.point_on_surface(faces)
    at, block = shapely.STRtree(land.superblocks).query(inside, predicate="intersects")
    face_superblock = np.full(len(faces), -1)
    face_superblock[at[::-1]] = block[::-1]
    known = face_superblock >= 0
    walled = np.flatnonzero(np.isin(quarters.use, [USE[name] for name in _WALLED]))
    rings = shapely.boundary(shapely.buffer(quarters.shape[walled], -9.0, join_style="mitre"))
    openings: NDArray[np.object_] = np.empty(len(walled), dtype=object)
    openings[:] = shapely.MultiPolygon()
    order = np.argsort(gate_quarter, kind="stable")
    for k, members in _grouped(gate_quarter[order], order):
        place = np.searchsorted(walled, k)
        if place < len(walled) and walled[place] == k:
            openings[place] = shapely.buffer(shapely.MultiPoint(list(gate[members])), 14.0)
    walls = shapely.get_parts(shapely.line_merge(shapely.difference(rings, openings)))
    walls = walls[shapely.length(walls) > 5.0]
    return Network(lines, edges, faces[known], face_superblock[known], walls, gate, gate_quarter)


def _grouped(keys: NDArray[np.int64], values: NDArray[np.int64]) -> list[tuple[int, NDArray[np.int64]]]:
    starts = np.flatnonzero(np.append(True, keys[1:] != keys[:-1])) if len(keys) else np.empty(0, dtype=int)
    return [(int(keys[a]), values[a:b]) for a, b in zip(starts, [*starts[1:], len(keys)])]


def _main_lines(land: Land, names: Names) -> pd.DataFrame:
    """The lines of the net: streets where two superblocks meet, else borders."""
    rows: list[tuple[shapely.Geometry, str, str, int]] = []
    label, state = land.label, land.state
    n_u, n_v = state.shape
    for direction in ("row", "column"):
        n_lines = (n_v if direction == "row" else n_u) + 1
        names_of = _line_names(land, direction, n_lines, names)
        for line in range(n_lines):
            for piece in range(n_u if direction == "row" else n_v):
                if direction == "row":
                    sides = [(piece, line - 1), (piece, line)]
                    points = land.across[piece, line]
                else:
                    sides = [(line - 1, piece), (line, piece)]
                    points = land.along[line, piece]
                inside = [(i, j) for i, j in sides if 0 <= i < n_u and 0 <= j < n_v and state[i, j] != OUTSIDE]
                if not inside or (len(inside) == 2 and label[inside[0]] == label[inside[1]]):
                    continue
                shape = shapely.LineString(points)
                klass = _main_class(land, direction, line, piece, [int(state[p]) for p in inside])
                name = names_of[line] if klass else ""
                if direction == "row" and klass and line not in land.rail_rows and abs(line - land.river_row) != 1:
                    shape, rest = _clear_of_railway(shape, piece, land.rail_column)
                    if rest is not None:
                        rows.append((rest, _SPARE, name, piece))
                rows.append((shape, klass, name, piece))
    return pd.DataFrame(rows, columns=["shape", "class", "name", "order"])


def _clear_of_railway(
    line: shapely.LineString, piece: int, rail_column: int
) -> tuple[shapely.LineString, shapely.LineString | None]:
    """A street without a crossing ends short of the railway; the rest of its line is only a border."""
    length = line.length
    if piece == rail_column - 1:
        at = length - _RAIL_CLEAR_M
        return shapely.ops.substring(line, 0, at), shapely.ops.substring(line, at, length)
    if piece == rail_column:
        return shapely.ops.substring(line, _RAIL_CLEAR_M, length), shapely.ops.substring(line, 0, _RAIL_CLEAR_M)
    return line, None


def _line_names(land: Land, direction: str, n_lines: int, names: Names) -> list[str]:
    taken = names.take(n_lines)
    out = [name + MAIN_SUFFIXES[k % len(MAIN_SUFFIXES)] for k, name in enumerate(taken)]
    if direction == "row":
        out[land.river_row - 1], out[land.river_row + 1] = "滨河南路", "滨河北路"
    return out


def _main_class(land: Land, direction: str, line: int, piece: int, states: list[int]) -> str:
    if len(states) < 2:
        return ""
    if direction == "row" and line == land.river_row:
        return ""
    if direction == "column" and line == land.rail_column:
        return ""
    by_river = direction == "column" and piece in (land.river_row - 1, land.river_row)
    if by_river and line not in land.bridge_columns:
        return ""
    n_lines = land.state.shape[1 if direction == "row" else 0] + 1
    rank = (line - n_lines // 2) % 3
    bank = direction == "row" and abs(line - land.river_row) == 1
    klass = "primary" if rank == 0 and not bank else "secondary"
    if klass == "secondary" and TOWN not in states:
        return "tertiary" if bank or by_river or rank == 1 else "unclassified"
    return klass


def _cut_lines(land: Land, quarters: Quarters, names: Names) -> pd.DataFrame:
    """Streets between quarters and between the blocks of a quarter."""
    main, block = quarters.main_cuts, quarters.block_cuts
    state = land.superblock_state[main.owner]
    klass = np.where(state == COUNTRY, "track", np.where(main.depth == 0, "tertiary", "residential"))
    bases = names.take(len(land.superblocks))
    town = state == TOWN
    own = iter(names.take(int((town & (main.depth == 0)).sum())))
    turn: dict[int, int] = {}
    called: list[str] = []
    for k in range(len(main.lines)):
        owner = int(main.owner[k])
        if not town[k]:
            called.append("")
        elif main.depth[k] == 0:
            called.append(next(own) + ("街" if k % 2 else "路"))
        else:
            turn[owner] = turn.get(owner, 0) + 1
            called.append(f"{bases[owner]}{numeral(turn[owner])}街")
    first = pd.DataFrame({"shape": main.lines, "class": klass, "name": called, "order": 0})
    use = quarters.use[block.owner]
    lane = np.where(use == USE["industrial"], "service", "residential")
    turn = {}
    called = []
    for k in range(len(block.lines)):
        owner = int(quarters.superblock[block.owner[k]])
        turn[owner] = turn.get(owner, 0) + 1
        number = numeral(turn[owner]) if turn[owner] < 100 else str(turn[owner])
        called.append("" if use[k] == USE["industrial"] else f"{bases[owner]}{number}巷")
    second = pd.DataFrame({"shape": block.lines, "class": lane, "name": called, "order": 0})
    return pd.concat([first, second], ignore_index=True)


def _lanes(
    quarters: Quarters, lattice: Lattice, built: NDArray[np.object_], rng: np.random.Generator
) -> tuple[pd.DataFrame, NDArray[np.object_], NDArray[np.int64]]:
    """Alleys of the old town, lanes between slabs, and the inner lanes of grounds with a gate."""
    use = quarters.use[quarters.block_quarter[lattice.block]]
    # One lane per pair of rows: at = block position in the lattice, pair = which pair.
    n_pairs = np.maximum(1, lattice.n_rows // 2)
    at = np.repeat(np.arange(len(use)), n_pairs)
    pair = np.arange(len(at)) - np.repeat(np.cumsum(n_pairs) - n_pairs, n_pairs)
    entered = np.isin(use, [USE[name] for name in _ENTERED])
    open_fabric = np.isin(use, [USE["old"], USE["slabs"], USE["hamlet"]])
    middle = pair == n_pairs[at] // 2
    luck = rng.random(len(at))
    wanted = np.where(
        use[at] == USE["old"], luck < 0.82, np.where(use[at] == USE["slabs"], middle & (luck < 0.75), middle)
    )
    wanted &= (open_fabric | entered)[at] & (use[at] != USE["hamlet"])
    at, pair, luck = at[wanted], pair[wanted], luck[wanted]
    heading = lattice.heading[at]
    side = np.stack([-heading[:, 1], heading[:, 0]], axis=1)
    centre = (
        lattice.origin[at]
        + side * (pair * lattice.row_pitch[at] + lattice.depth[at] + lattice.row_gap[at] / 2)[:, None]
    )
    reach = lattice.size[at, :1] / 2 + 25.0
    shapes = quarters.block_shape[lattice.block[at]]
    full = shapely.intersection(
        shapely.linestrings(np.stack([centre - heading * reach, centre + heading * reach], 1)), shapes
    )
    ok = shapely.get_type_id(full) == 1
    at, full, luck, heading, side = at[ok], full[ok], luck[ok], heading[ok], side[ok]
    kind = use[at]
    ends = shapely.get_coordinates(full).reshape(-1, 2, 2)
    flip = rng.random(len(at)) < 0.5
    ends[flip] = ends[flip][:, ::-1]
    length = np.hypot(*(ends[:, 1] - ends[:, 0]).T)
    # A dead end: in the old town for some alleys, elsewhere for every lane (one gate).
    keep = np.where(kind == USE["old"], np.where(luck < 0.3, rng.uniform(0.45, 0.72, len(at)), 1.0), 0.0)
    keep = np.where(kind == USE["slabs"], 0.62, keep)
    is_entered = entered[at]
    keep = np.where(is_entered, 1.0 - 17.0 / np.maximum(length, 35.0), keep)
    ends[:, 1] = ends[:, 0] + (ends[:, 1] - ends[:, 0]) * keep[:, None]
    lines = shapely.linestrings(ends)
    klass = np.where(kind == USE["old"], "footway", "service")
    table = [pd.DataFrame({"shape": lines, "class": klass, "name": "", "order": 0})]
    # Cross lanes inside larger grounds, clear of the wall.
    big = is_entered & (length > 90.0)
    inner = shapely.buffer(quarters.block_shape[lattice.block[at]], -17.0, join_style="mitre")
    tree = shapely.STRtree(shapely.buffer(built, 2.0, join_style="mitre"))
    for shares in ((0.3, 0.24, 0.36, 0.18, 0.42), (0.7, 0.76, 0.64, 0.82, 0.58)):
        # The first place on this half of the lane where no building stands in the way.
        waiting = np.flatnonzero(big)
        for share in shares:
            foot = ends[waiting, 0] + (ends[waiting, 1] - ends[waiting, 0]) * share
            cross = shapely.linestrings(np.stack([foot - side[waiting] * 400.0, foot + side[waiting] * 400.0], 1))
            cross = shapely.intersection(cross, inner[waiting])
            clear = shapely.get_type_id(cross) == 1
            clear[tree.query(cross, predicate="intersects")[0]] = False
            table.append(pd.DataFrame({"shape": cross[clear], "class": "service", "name": "", "order": 0}))
            waiting = waiting[~clear]
    gate = shapely.points(ends[is_entered, 0])
    return pd.concat(table, ignore_index=True), gate, quarters.block_quarter[lattice.block[at[is_entered]]]


def _node(lines: pd.DataFrame) -> tuple[pd.DataFrame, NDArray[np.object_]]:
    """Node all lines; give each piece the class and name of the widest line it lies on."""
    shapes = np.asarray(shapely.get_parts(shapely.union_all(lines["shape"].to_numpy(), grid_size=GRID_M)))
    rank = lines["class"].map({name: k for k, name in enumerate(CLASSES)}).to_numpy()
    middle = shapely.line_interpolate_point(shapes, 0.5, normalized=True)
    piece, source = shapely.STRtree(lines["shape"].to_numpy()).query(middle, predicate="dwithin", distance=0.03)
    order = np.lexsort((source, rank[source], piece))
    piece, source = piece[order], source[order]
    first = np.append(True, piece[1:] != piece[:-1])
    best = np.full(len(shapes), -1)
    best[piece[first]] = source[first]
    known = best >= 0
    klass = np.where(known, lines["class"].to_numpy()[best], "")
    name = np.where(known, lines["name"].to_numpy()[best], "")
    klass = _join_up(shapes, klass)
    street = ~np.isin(klass, ("", _SPARE))
    edges = pd.DataFrame({"shape": shapes[street], "class": klass[street], "name": name[street]})
    xy = shapely.get_coordinates(shapely.line_interpolate_point(edges["shape"].to_numpy(), 0.5, normalized=True))
    order = np.lexsort((xy[:, 0], xy[:, 1], edges["name"].to_numpy().astype(str)))
    edges = edges.iloc[order].reset_index(drop=True)
    edges["speed_kmh"] = edges["class"].map(_SPEED).fillna(15.0)
    edges["surface"] = np.where(edges["class"] == "track", "compacted", "asphalt")
    return edges, shapes


def _join_up(shapes: NDArray[np.object_], klass: NDArray[np.object_]) -> NDArray[np.object_]:
    """One network: open a railway crossing where streets would be cut off, and drop streets that still are."""
    klass = klass.copy()
    ends = shapely.get_coordinates(np.concatenate([shapely.get_point(shapes, 0), shapely.get_point(shapes, -1)]))
    _, node = np.unique(ends, axis=0, return_inverse=True)
    a, b = node[: len(shapes)], node[len(shapes) :]
    length = shapely.length(shapes)

    def cut_off(street: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Per node: on a street that the largest part of the network does not reach."""
        graph = coo_array((np.ones(int(street.sum())), (a[street], b[street])), shape=(len(ends), len(ends)))
        n, part = connected_components(graph, directed=False)
        size = np.bincount(part[a[street]], weights=length[street], minlength=n)
        return (size[part] > 0) & (part != size.argmax())

    away = cut_off(~np.isin(klass, ("", _SPARE)))
    spare = klass == _SPARE
    # Both sides of a crossing open together: pieces that meet at the railway.
    opened = spare & (away[a] | away[b])
    touched = np.zeros(len(ends), dtype=bool)
    touched[a[opened]] = touched[b[opened]] = True
    klass[spare & (touched[a] | touched[b])] = "residential"
    away = cut_off(~np.isin(klass, ("", _SPARE)))
    klass[~np.isin(klass, ("", _SPARE)) & (away[a] | away[b])] = ""
    return klass
