"""What the report says of a laid network: parts that stay apart, one-way traps, what is off it, empty grids."""

from __future__ import annotations

import numpy as np
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gis.graph import FloatArray, Int32Array
from gis.report import QualityReport
from gis.streets.beats import Beats
from gis.streets.network import Mode, NetworkOptions, StreetNetwork
from gis.territory import Territory

_MOST = 50  # parts named one by one


def note_parts(
    network: StreetNetwork, beats: Beats, territory: Territory, options: NetworkOptions, report: QualityReport
) -> None:
    """Write down everything a planner must know about a network."""
    for passage in np.flatnonzero(network.street < 0).tolist():
        facts = {"measured": round(float(network.length_m[passage]), 1)}
        report.add("repair_streets_passage", "streets", network.link_ids[passage], **facts)
    part = _parts(network)
    _note_separate(network, beats, part, report)
    if network.mode is not Mode.FOOT:
        _note_traps(network, beats, part, report)
    if np.isfinite(network.passing_s).any():
        _note_off(beats, territory, options, report)
    elif network.n_links:
        report.add("warn_streets_all_closed", "streets", before=network.n_links, after=0)
    with_street = set(beats.link_grid[beats.link_grid >= 0].tolist())
    for k, code in enumerate(beats.grids):
        if k not in with_street:
            report.add("warn_grid_without_street", "grids", code)


def _parts(network: StreetNetwork) -> Int32Array:
    """Per node: part of the network, directions aside; only links that may be passed."""
    is_open = np.isfinite(network.passing_s).any(axis=1)
    tail, head, n = network.tail[is_open], network.head[is_open], network.n_nodes
    graph = coo_array((np.ones(len(tail)), (tail, head)), shape=(n, n)).tocsr()
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int32)


def _note_separate(network: StreetNetwork, beats: Beats, part: Int32Array, report: QualityReport) -> None:
    """Parts that do not hang together with the largest: metres, required metres, and how far off."""
    is_open = np.isfinite(network.passing_s).any(axis=1)
    rows = np.flatnonzero(is_open)
    if not len(rows):
        return
    of = part[network.tail[rows]]
    metres = np.bincount(of, weights=network.length_m[rows])
    is_required = beats.link_grid[rows] >= 0
    required = np.bincount(of, weights=network.length_m[rows] * is_required, minlength=len(metres))
    main = int(np.argmax(metres))
    apart = np.flatnonzero((metres > 0) & (np.arange(len(metres)) != main))
    if not len(apart):
        return
    gap = _gaps(network, rows, of, main, len(metres))
    first = np.full(len(metres), len(network.length_m), dtype=np.int64)
    np.minimum.at(first, of, rows)
    told = apart[required[apart] > 0]
    told = told[np.lexsort((first[told], -required[told]))]
    for k in told[:_MOST]:
        report.add(
            "warn_streets_apart",
            "streets",
            network.link_ids[first[k]],
            before=round(float(metres[k])),
            measured=round(float(required[k])),
            gap_m=round(float(gap[k])),
        )
    rest = np.concatenate([told[_MOST:], apart[required[apart] == 0]])
    if len(rest):
        report.add(
            "note_streets_apart",
            "streets",
            before=len(rest),
            measured=round(float(metres[rest].sum())),
            required=round(float(required[rest].sum())),
        )


def _gaps(network: StreetNetwork, rows: np.ndarray, of: np.ndarray, main: int, n: int) -> FloatArray:
    """Per part: metres to the largest part."""
    gap = np.full(n, np.inf)
    away = rows[of != main]
    tree = shapely.STRtree(network.geometry[rows[of == main]])
    at, off = tree.query_nearest(network.geometry[away], all_matches=False, return_distance=True)
    np.minimum.at(gap, of[of != main][at[0]], off)
    return gap


def _note_traps(network: StreetNetwork, beats: Beats, part: Int32Array, report: QualityReport) -> None:
    """Required links that hang on the largest part but from which one can not get back, or to which one can not get."""
    if not network.n_links:
        return
    main = part[
        network.tail[np.argmax((network.component[network.tail] == 0) & (network.component[network.head] == 0))]
    ]
    in_main = part[network.tail] == main
    whole = (network.component[network.tail] == 0) & (network.component[network.head] == 0)
    trapped = np.flatnonzero((beats.link_grid >= 0) & in_main & ~whole)
    if len(trapped):
        report.add(
            "warn_streets_one_way_trap",
            "streets",
            ", ".join(network.link_ids[k] for k in trapped[:20]),
            before=len(trapped),
            measured=round(float(network.length_m[trapped].sum())),
        )


def _note_off(beats: Beats, territory: Territory, options: NetworkOptions, report: QualityReport) -> None:
    for layer, node, off_m in (
        ("posts", beats.post_node, beats.post_off_m),
        ("key_places", beats.place_node, beats.place_off_m),
    ):
        ids = territory[layer]["id"].tolist()
        for k in np.flatnonzero(node < 0):
            off = round(float(off_m[k]))
            report.add("warn_off_network", layer, str(ids[k]), measured=off, allowed=float(options.place_m))
