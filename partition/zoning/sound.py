"""Whether a graph makes sense at all: what no reader should let through, refused before any kernel meets it."""

from __future__ import annotations

import numpy as np

from gis.errors import Fault, InputError
from gis.graph import AtomGraph

_MOST_TOTAL = 2**50
_MOST_FAULTS = 20


def check_graph(graph: AtomGraph) -> None:
    """Refuse counts, measures and contacts that can not be.

    Raises
    ------
    InputError
        ``graph_count_negative``, ``graph_count_huge``, ``graph_not_finite``, ``graph_contact_wrong``,
        ``graph_contact_crosses``, ``graph_community_wrong``, ``graph_estate_wrong``; all that were found.
    """
    faults: list[Fault] = []

    def wrong(code: str, column: str, positions: object, values: object, allowed: str) -> None:
        for i, value in zip(np.asarray(positions).tolist()[:_MOST_FAULTS], np.asarray(values).tolist()):
            name = graph.atom_ids[i] if 0 <= i < graph.n_atoms else str(i)
            faults.append(Fault(code, {"id": name, "column": column, "measured": str(value), "allowed": allowed}))

    for column in ("households", "population", "n_buildings", "largest_building"):
        values = np.asarray(getattr(graph, column))
        if values.dtype.kind == "f":
            bad = np.flatnonzero(~np.isfinite(values))
            wrong("graph_not_finite", column, bad, values[bad], "finite")
            if len(bad):
                continue
        bad = np.flatnonzero(values < 0)
        wrong("graph_count_negative", column, bad, values[bad], ">= 0")
        total = float(np.asarray(values, float).sum())
        if total > _MOST_TOTAL:
            most = int(np.argmax(values))
            wrong("graph_count_huge", column, [most], [values[most]], f"<= {_MOST_TOTAL}")
    for column in ("area_m2", "perimeter_m", "x_m", "y_m", "inertia_m2"):
        values = getattr(graph, column)
        bad = np.flatnonzero(~np.isfinite(values))
        wrong("graph_not_finite", column, bad, values[bad], "finite")
    bad = np.flatnonzero((graph.community_index < 0) | (graph.community_index >= len(graph.communities)))
    wrong(
        "graph_community_wrong", "community_index", bad, graph.community_index[bad], f"0-{len(graph.communities) - 1}"
    )
    bad = np.flatnonzero((graph.estate_index < -1) | (graph.estate_index >= len(graph.estate_ids)))
    wrong("graph_estate_wrong", "estate_index", bad, graph.estate_index[bad], f"-1-{len(graph.estate_ids) - 1}")
    ends = np.concatenate([graph.edge_a, graph.edge_b])
    bad = np.flatnonzero((ends < 0) | (ends >= graph.n_atoms))
    wrong("graph_contact_wrong", "edge", ends[bad], ends[bad], f"0-{graph.n_atoms - 1}")
    length = graph.edge_length_m
    lost = np.flatnonzero(~np.isfinite(length) | (length < 0))
    wrong("graph_not_finite", "edge_length_m", graph.edge_a[lost], length[lost], ">= 0")
    if not faults and len(graph.edge_a):
        crossing = np.flatnonzero(graph.community_index[graph.edge_a] != graph.community_index[graph.edge_b])
        names = [graph.atom_ids[b] for b in graph.edge_b[crossing]]
        wrong("graph_contact_crosses", "edge", graph.edge_a[crossing], np.array(names), "one community")
    if faults:
        raise InputError.of(faults)
