"""The network of real maps and of the sample town: metres kept, noded by shared vertices, hanging together on foot."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely

from data.sample import make_town
from gis.readers.osm import read_osm
from gis.report import QualityReport
from gis.streets import Mode, NetworkOptions, lay_network
from gis.territory import Territory
from tests.street_land import SPEEDS

FILES = {
    "liechtenstein": "osm-liechtenstein/liechtenstein-2021.osm.pbf",
    "monaco": "osm-monaco/monaco-2023.osm.pbf",
    "helsinki": "osm-helsinki/helsinki-centre.osm.pbf",
}
# Of the required metres that a passage could reach, those that hang together on foot with the largest part, at least.
TOGETHER = {"liechtenstein": 0.999, "monaco": 0.999, "helsinki": 0.999, "town": 1.0}
# Required metres farther from the largest part than a passage is long, at most: in Monaco service ways that only
# private ones lead to, and a piece of a boulevard cut off by the edge of the map.
BEYOND_M = {"liechtenstein": 0, "monaco": 580, "helsinki": 0, "town": 0}
PATROLLED = frozenset(name + link for name in ("trunk", "primary", "secondary", "tertiary") for link in ("", "_link"))
PATROLLED |= {"unclassified", "residential", "living_street", "pedestrian", "service", "road"}


def options(mode: str) -> NetworkOptions:
    return NetworkOptions(Mode(mode), *SPEEDS[mode], PATROLLED, frozenset({"trunk", "primary"}))


def quarters(territory: Territory) -> gpd.GeoDataFrame:
    """Communities as grids, each cut in four."""
    rows, shapes = [], []
    for code, shape in zip(territory["communities"]["code"], territory["communities"].geometry):
        x0, y0, x1, y1 = shape.bounds
        x, y = (x0 + x1) / 2, (y0 + y1) / 2
        for k, part in enumerate([(x0, y0, x, y), (x, y0, x1, y), (x0, y, x, y1), (x, y, x1, y1)]):
            piece = shapely.intersection(shape, shapely.box(*part))
            if piece.area > 1.0:
                rows.append(f"{code}-{k}")
                shapes.append(piece)
    return gpd.GeoDataFrame({"code": rows}, geometry=shapes, crs=territory.crs)


@pytest.fixture(scope="module", params=[*FILES, "town"])
def place(request: pytest.FixtureRequest) -> tuple[str, Territory]:
    if request.param == "town":
        return "town", make_town(12_000).territory
    layers = read_osm(request.getfixturevalue("shared_data") / Path(FILES[request.param]))
    if "communities" not in layers or layers["communities"].empty:
        box = shapely.box(*layers["streets"].total_bounds)
        row = {"code": ["C"], "name": ["C"], "kind": ["urban"]}
        layers["communities"] = gpd.GeoDataFrame(row, geometry=[box], crs=layers["streets"].crs)
    return request.param, Territory.of({name: table for name, table in layers.items() if len(table)})


def test_every_metre_is_kept_and_has_an_owner_or_a_reason(place: tuple[str, Territory]) -> None:
    _, territory = place
    grids = quarters(territory)
    for mode in ("foot", "ebike", "car"):
        network, beats = lay_network(territory, grids, options(mode))
        streets = network.street >= 0
        drawn = float(territory["streets"].geometry.length.sum())
        assert network.length_m[streets].sum() == pytest.approx(drawn, rel=0.01)
        assert ((beats.link_grid >= 0) == (beats.link_reason == 0)).all()
        assert len(set(network.link_ids)) == network.n_links
        required = np.isin(network.road_class, sorted(PATROLLED))
        assert not required[beats.link_reason == 1].any()
        assert np.isfinite(network.passing_s[beats.link_grid >= 0]).any(axis=1).all()
        xy = np.stack([network.node_x, network.node_y], axis=1)
        first = shapely.get_coordinates(shapely.get_point(network.geometry, 0))
        last = shapely.get_coordinates(shapely.get_point(network.geometry, -1))
        assert np.array_equal(first, xy[network.tail])
        assert np.array_equal(last, xy[network.head])


def test_owned_streets_lie_in_their_grid_or_on_its_border(place: tuple[str, Territory]) -> None:
    _, territory = place
    grids = quarters(territory)
    network, beats = lay_network(territory, grids, options("foot"))
    mine = np.flatnonzero(beats.link_grid >= 0)
    near = dict(zip(grids["code"], shapely.buffer(np.asarray(grids.geometry.array), 3.2)))
    ground = np.array([near[beats.grids[k]] for k in beats.link_grid[mine]], dtype=object)
    assert shapely.covers(ground, network.geometry[mine]).all()


def test_maps_noded_by_shared_vertices_keep_their_bridges(place: tuple[str, Territory]) -> None:
    _, territory = place
    report = QualityReport()
    lay_network(territory, quarters(territory), options("foot"), report)
    assert "repair_streets_not_noded" not in {remark.code for remark in report.remarks}


def test_on_foot_almost_everything_hangs_together_and_the_rest_is_named(place: tuple[str, Territory]) -> None:
    name, territory = place
    asked, report = options("foot"), QualityReport()
    network, beats = lay_network(territory, quarters(territory), asked, report)
    required = beats.link_grid >= 0
    part = network.component[network.tail]
    metres = np.bincount(part[required], weights=network.length_m[required])
    is_open = np.isfinite(network.passing_s).any(axis=1)
    largest = shapely.union_all(network.geometry[is_open & (part == 0)])
    apart = [k for k in np.flatnonzero(metres) if k != 0]
    gap = {k: shapely.union_all(network.geometry[is_open & (part == k)]).distance(largest) for k in apart}
    beyond_m = sum(metres[k] for k in apart if gap[k] > asked.passage_m)
    assert beyond_m <= BEYOND_M[name]
    assert metres[0] / (metres.sum() - beyond_m) >= TOGETHER[name]
    told = [remark for remark in report.remarks if remark.code == "warn_streets_apart"]
    assert sorted(remark.facts["gap_m"] for remark in told) == pytest.approx(sorted(gap.values()), abs=0.6)
    assert sorted(remark.facts["measured"] for remark in told) == pytest.approx(
        sorted(metres[k] for k in apart), abs=0.6
    )


def test_the_order_of_rows_changes_nothing(place: tuple[str, Territory]) -> None:
    _, territory = place
    grids = quarters(territory)
    network, beats = lay_network(territory, grids, options("foot"))
    rng = np.random.default_rng(7)
    layers = {n: t.iloc[rng.permutation(len(t))] for n, t in territory.layers.items() if len(t)}
    mixed = Territory.of(layers, crs=territory.crs)
    again, beats2 = lay_network(mixed, grids.iloc[rng.permutation(len(grids))], options("foot"))
    assert again.link_ids == network.link_ids
    assert np.array_equal(again.passing_s, network.passing_s)
    assert (shapely.to_wkb(again.geometry) == shapely.to_wkb(network.geometry)).all()
    assert np.array_equal(beats2.link_grid, beats.link_grid)
    assert np.array_equal(beats2.place_node, beats.place_node)
