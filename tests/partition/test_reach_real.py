"""Response times on real maps: held against networkx and against the independent check."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import geopandas as gpd
import networkx as nx
import numpy as np
import pytest
import shapely

from gis.readers.osm import read_osm
from gis.streets.network import Mode
from gis.territory import Territory
from partition.coverage.cameras.types import Land
from partition.coverage.check import check_reach
from partition.coverage.reach.dispatch import UnitIndex, nearest_units
from partition.coverage.reach.rings import rings
from partition.coverage.reach.survey import survey_reach
from partition.coverage.reach.types import ReachSurvey, Unit
from partition.coverage.settings import Band, ReachRule, ReachSettings
from partition.filed import FiledPlan
from tests.reach_kit import as_graph

FILES = {
    "liechtenstein": "osm-liechtenstein/liechtenstein-2021.osm.pbf",
    "monaco": "osm-monaco/monaco-2023.osm.pbf",
}
TURN_OUT_S = 60.0
RULES = (
    ReachRule("5", 5.0, frozenset({"police"})),
    ReachRule("30", 30.0),
    ReachRule("circle15", 15.0, mode=Mode.FOOT),
)


@pytest.fixture(scope="module", params=FILES)
def place(request: pytest.FixtureRequest) -> tuple[Territory, Land, ReachSurvey]:
    """A country, its communities as grids, and its posts as the map has them."""
    layers = read_osm(request.getfixturevalue("shared_data") / Path(FILES[request.param]))
    territory = Territory.of({name: table for name, table in layers.items() if len(table)})
    communities = territory["communities"]
    nothing = ("",) * len(communities)
    shapes = np.asarray(communities.geometry.array, dtype=object)
    codes = tuple(communities["code"])
    land = Land(codes, nothing, nothing, codes, nothing, shapes, shapely.area(shapes), np.zeros(len(codes)))
    bands = (Band("day"), Band("night", 1.2, frozenset({"police", "emergency"})))
    return territory, land, survey_reach(territory, land, ReachSettings(RULES, bands, turn_out_s=TURN_OUT_S))


def test_the_independent_check_finds_nothing(place: tuple[Territory, Land, ReachSurvey]) -> None:
    territory, land, survey = place
    grids = {"code": land.codes, "community": land.codes, "name": land.codes, "kind": ["standard"] * len(land.codes)}
    table = gpd.GeoDataFrame(grids, geometry=list(land.geometry), crs=territory.crs)
    check = check_reach(territory, cast(FiledPlan, SimpleNamespace(grids=table)), survey)
    assert check.faults == ()
    assert check.looked_at["promises"] == 6


def test_times_on_the_streets_equal_networkx(place: tuple[Territory, Land, ReachSurvey]) -> None:
    territory, _, survey = place
    for reach in (survey.rules[1], survey.rules[4]):  # posts of one kind by car at night, all on foot by day
        network, nodes = survey.networks[reach.rule.mode.value], survey.post_node[reach.rule.mode.value]
        graph = as_graph(network, 1.2 if reach.band == "night" else 1.0)
        kind = territory["posts"]["kind"].to_numpy()
        off_s = survey.post_off_m[reach.rule.mode.value] / survey.settings.speed_kmh[reach.rule.mode] * 3.6
        graph.add_node("call")
        for row in np.flatnonzero(nodes >= 0).tolist():
            if not reach.rule.posts or kind[row] in reach.rule.posts:
                graph.add_edge("call", int(nodes[row]), weight=TURN_OUT_S + float(off_s[row]))
        wanted = np.full(network.n_nodes, np.inf)
        for node, seconds in nx.single_source_dijkstra_path_length(graph, "call").items():
            if node != "call":
                wanted[node] = seconds
        np.testing.assert_allclose(reach.arrival.node_s, wanted, atol=1e-6)


def test_the_nearest_units_equal_networkx(place: tuple[Territory, Land, ReachSurvey]) -> None:
    network = place[2].networks["car"]
    rng, index, backwards = np.random.default_rng(3), UnitIndex.of(network), as_graph(network).reverse()
    usable = np.flatnonzero(index.kerb.is_main & (network.road_class != "motorway"))
    nodes = network.tail[rng.choice(usable, 12, replace=False)]
    units = [Unit(f"u{k}", "car", network.node_x[v], network.node_y[v]) for k, v in enumerate(nodes.tolist())]
    for node in network.tail[rng.choice(usable, 8)].tolist():
        answer = nearest_units(network, units, network.node_x[node], network.node_y[node], index=index)
        to_it = nx.single_source_dijkstra_path_length(backwards, node)
        ours = [reach.seconds for reach in answer if reach.reason == "chosen"]
        theirs = sorted(to_it[v] for v in nodes.tolist() if v in to_it)[:3]
        assert ours == pytest.approx(theirs, abs=0.1)


def test_rings_lie_one_in_the_other_and_their_metres_are_those_of_the_table(
    place: tuple[Territory, Land, ReachSurvey],
) -> None:
    survey = place[2]
    found = rings(survey, 0, survey.settings.ring_minutes)
    assert len(found[0].lines) == 0  # one minute is spent on turning out
    for inner, outer in pairwise(found):
        assert shapely.length(inner.lines).sum() < shapely.length(outer.lines).sum()
    for ring in found:
        assert ring.polygon.is_valid
        assert shapely.covers(ring.polygon, ring.lines).sum() >= 0.999 * len(ring.lines)
        inside = survey.rules[0].ring[ring.minutes].street_in_m
        assert shapely.length(ring.lines).sum() >= inside - 1.0  # the table counts streets of the grids only
