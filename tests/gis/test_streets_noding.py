"""Streets become links that meet at nodes: junctions, bridges, ends that fall short, zero lengths, doubles, loops."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from gis.streets.lines import Lines, cut, unique_points
from tests.street_land import codes, ends, land, lay, line, street


def test_a_street_is_cut_where_another_shares_a_vertex() -> None:
    network, _, _ = lay(land([street((0, 0), (50, 0), (100, 0)), street((50, -40), (50, 0), (50, 40))]))
    assert ends(network) == {
        "a": ((0, 0), (50, 0)),
        "a#2": ((50, 0), (100, 0)),
        "b": ((50, -40), (50, 0)),
        "b#2": ((50, 0), (50, 40)),
    }
    assert network.n_nodes == 5


def test_links_run_from_tail_to_head_and_their_lengths_are_those_of_their_lines() -> None:
    network, _, _ = lay(land([street((0, 0), (30, 40), (60, 0)), street((30, 40), (30, 90))]))
    for k, shape in enumerate(network.geometry):
        xy = shapely.get_coordinates(shape)
        assert tuple(xy[0]) == (network.node_x[network.tail[k]], network.node_y[network.tail[k]])
        assert tuple(xy[-1]) == (network.node_x[network.head[k]], network.node_y[network.head[k]])
    assert network.length_m.tolist() == pytest.approx([50, 50, 50])


def test_a_crossing_without_a_common_vertex_is_a_bridge() -> None:
    sides = [street((100 * k, 0), (100 * k, 50)) for k in range(1, 4)]
    joined = street((0, 0), (100, 0), (200, 0), (300, 0))
    network, _, report = lay(land([*sides, joined, street((250, -50), (250, 50))]))
    assert "e#2" not in network.link_ids
    bridges = next(remark for remark in report.remarks if remark.code == "note_streets_bridges")
    assert bridges.before == 1


def test_a_layer_drawn_without_vertices_is_cut_at_every_crossing() -> None:
    rows = [street((-50, 100 * k), (350, 100 * k)) for k in range(4)]
    rows += [street((100 * k, -50), (100 * k, 350)) for k in range(4)]
    network, _, report = lay(land(rows))
    assert network.n_nodes == 16 + 16
    assert network.n_links == 8 * 5
    assert network.component.max() == 0
    told = next(remark for remark in report.remarks if remark.code == "repair_streets_not_noded")
    assert (told.before, told.facts["measured"]) == (16, 0)


def test_three_streets_that_cross_in_one_point_without_vertices_get_one_node() -> None:
    network, _, _ = lay(land([street((-60, -60), (60, 60)), street((-60, 60), (60, -60)), street((0, -77), (0, 60))]))
    assert network.n_nodes == 7
    assert network.n_links == 6


def test_an_end_that_falls_short_is_joined_to_the_street_it_nearly_touches() -> None:
    network, _, report = lay(land([street((0, 0), (100, 0)), street((40, 1.5), (40, 60))]))
    assert ends(network)["b"] == ((40, 0), (40, 60))
    assert network.n_links == 3
    assert "repair_streets_joined" in codes(report)


def test_an_end_farther_off_than_the_snap_distance_stays_where_it_is() -> None:
    network, _, report = lay(land([street((0, 0), (100, 0)), street((40, 2.5), (40, 60))]), passage_m=0.0)
    assert ends(network)["b"] == ((40, 2.5), (40, 60))
    assert network.component.max() == 1
    assert "warn_streets_apart" in codes(report)


def test_an_end_joins_the_end_beside_it_rather_than_the_middle_of_a_street() -> None:
    network, _, _ = lay(land([street((0, 0), (100, 0)), street((100.4, 0.3), (160, 40))]))
    assert network.n_nodes == 3
    assert network.n_links == 2


def test_four_ends_a_little_apart_become_one_junction() -> None:
    rows = [
        street((0.1, 0.0), (100, 0)),
        street((-0.1, 0.0), (-100, 0)),
        street((0.0, 0.9), (0, 100)),
        street((-0.1, 1.0), (-80, 80)),
    ]
    network, _, _ = lay(land(rows))
    assert network.n_nodes == 5
    assert network.component.max() == 0


def test_an_end_is_not_joined_through_a_wall() -> None:
    rows = [street((0, 0), (100, 0)), street((40, 1.5), (40, 60))]
    wall = ("wall", line((-20, 0.7), (120, 0.7)))
    network, _, _ = lay(land(rows, barriers=[wall]))
    assert network.component.max() == 1
    assert ends(network)["b"] == ((40, 1.5), (40, 60))


def test_a_short_dead_end_is_not_bent_back_to_its_own_street() -> None:
    rows = [street((0, 0), (50, 0)), street((50, 0), (100, 0)), street((50, 0), (50, 1.8))]
    network, _, report = lay(land(rows))
    assert ends(network)["c"] == ((50, 0), (50, 1.8))
    assert "repair_streets_joined" not in codes(report)


def test_two_ends_of_one_short_street_stay_apart() -> None:
    network, _, _ = lay(land([street((0, 0), (1.5, 0)), street((50, 0), (90, 0))]))
    assert ends(network)["a"] == ((0, 0), (1.5, 0))


def test_a_street_lying_on_the_middle_of_another_with_both_ends_taken_is_joined_where_it_lies_on_it() -> None:
    # Two streets meet at a point of a third that has no vertex there, and all hang together elsewhere already.
    rows = [
        street((0, 0), (100, 0)),
        street((0, 0), (0, 50), (50, 0)),
        street((50, 0), (100, 50), (100, 0)),
    ]
    network, _, _ = lay(land(rows))
    assert ends(network)["a"] == ((0, 0), (50, 0))
    assert ends(network)["a#2"] == ((50, 0), (100, 0))


def test_a_street_without_length_is_merged_and_named() -> None:
    network, _, report = lay(land([street((0, 0), (50, 0)), street((50, 0), (50, 0)), street((50, 0), (90, 0))]))
    assert network.link_ids == ("a", "c")
    told = next(remark for remark in report.remarks if remark.code == "repair_streets_zero_length")
    assert (told.id, told.before) == ("b", 1)
    assert network.component.max() == 0


def test_a_street_of_a_few_centimetres_does_not_break_the_way_through_it() -> None:
    network, _, _ = lay(land([street((0, 0), (50, 0)), street((50, 0), (50.04, 0)), street((50.04, 0), (90, 0))]))
    assert network.link_ids == ("a", "c")
    assert network.component.max() == 0
    assert network.length_m.min() > 0.05


def test_a_street_drawn_twice_is_kept_once() -> None:
    double = street((100, 0), (50, 0), (0, 0))
    network, beats, report = lay(land([street((0, 0), (50, 0), (100, 0)), double, street((100, 0), (100, 50))]))
    assert network.link_ids == ("a", "a#2", "c")
    assert network.length_m[beats.link_grid >= 0].sum() == pytest.approx(150)
    told = next(remark for remark in report.remarks if remark.code == "repair_streets_duplicate")
    assert (told.id, told.before) == ("b", 2)


def test_of_doubles_the_one_that_is_inspected_stays() -> None:
    rows = [street((0, 0), (100, 0), klass="footway"), street((0, 0), (100, 0), klass="residential")]
    network, _, _ = lay(land(rows))
    assert network.link_ids == ("b",)


def test_two_one_way_doubles_against_each_other_leave_one_street_open_both_ways() -> None:
    rows = [street((0, 0), (100, 0), oneway="yes"), street((100, 0), (0, 0), oneway="yes")]
    network, _, _ = lay(land(rows), mode="car")
    assert network.n_links == 1
    assert np.isfinite(network.passing_s).all()


def test_one_way_rings_against_each_other_leave_one_ring_open_both_ways() -> None:
    ring = [(0, 0), (100, 0), (100, 100), (0, 0)]
    back = [(0, 0), (100.01, 100.02), (100.02, -0.01), (0, 0)]  # centimetres off, so that it shares no other vertex
    rows = [street(*ring, oneway="yes"), street(*back, oneway="yes"), street((0, 0), (-50, 0))]
    network, _, _ = lay(land(rows), mode="car")
    assert network.link_ids == ("a", "c")
    assert np.isfinite(network.passing_s).all()
    same, _, _ = lay(land([rows[0], street(*ring, oneway="yes"), rows[2]]), mode="car")
    assert np.isfinite(same.passing_s[: same.n_links - 1]).tolist() == [[True, False]] * (same.n_links - 1)


def test_parallel_streets_and_loops_stay_apart() -> None:
    rows = [
        street((0, 0), (100, 0)),
        street((0, 0), (50, 12), (100, 0)),
        street((100, 0), (150, 30), (150, -30), (100, 0)),
    ]
    network, beats, report = lay(land(rows))
    assert network.link_ids == ("a", "b", "c")
    assert network.tail[2] == network.head[2]
    assert {*network.tail[:2].tolist(), *network.head[:2].tolist()} == {0, 1}
    assert (beats.link_grid == 0).all()
    assert "repair_streets_duplicate" not in codes(report)


def test_a_street_that_meets_itself_is_cut_there() -> None:
    network, _, _ = lay(land([street((0, 0), (50, 0), (90, 20), (90, -20), (50, 0))]))
    assert ends(network) == {"a": ((0, 0), (50, 0)), "a#2": ((50, 0), (50, 0))}


def test_parts_of_a_street_and_streets_with_such_names_never_share_an_id() -> None:
    rows = [
        street((0, 0), (50, 0), (100, 0), id="a"),
        street((50, 0), (50, 50), id="a#2"),
        street((300, 0), (400, 0), id="passage#1"),
    ]
    network, _, _ = lay(land(rows), passage_m=250.0)
    assert len(set(network.link_ids)) == network.n_links
    assert "a##2" in network.link_ids
    assert "passage##1" in network.link_ids


def test_a_street_of_several_lines_keeps_them_all() -> None:
    both = {"class": "residential", "geometry": shapely.MultiLineString([[(0, 0), (50, 0)], [(50, 0), (50, 70)]])}
    network, _, _ = lay(land([both]))
    assert network.link_ids == ("a", "a#2")
    assert network.length_m.sum() == pytest.approx(120)


def test_a_territory_without_streets_gives_an_empty_network_and_says_so() -> None:
    network, beats, report = lay(land([], posts=[(0, 0)], places=[(5, 5)]))
    assert (network.n_links, network.n_nodes) == (0, 0)
    assert beats.post_node.tolist() == beats.place_node.tolist() == [-1]
    assert {"warn_streets_none", "warn_grid_without_street"} <= set(codes(report))


def test_cutting_keeps_every_metre_and_names_the_place_of_each_cut() -> None:
    rng = np.random.default_rng(3)
    shapes = [shapely.LineString(rng.uniform(0, 500, (n, 2))) for n in rng.integers(2, 9, 40)]
    lines = Lines.of(np.array(shapes, dtype=object))
    line_of = rng.integers(0, 40, 200)
    at_m = rng.uniform(-5, 1.05, 200) * lines.length_m[line_of]
    pieces, parent, made = cut(lines, line_of, at_m)
    assert np.bincount(parent, weights=pieces.length_m) == pytest.approx(lines.length_m, abs=0.02)
    where = shapely.distance(shapely.points(made), lines.geometry[line_of])
    assert where.max() < 0.001
    tail, head, xy = pieces.nodes()
    known = {tuple(p) for p in xy}
    assert all(tuple(p) in known for p in made)
    assert (pieces.street == lines.street[parent]).all()
    joins = parent[1:] == parent[:-1]
    assert (head[:-1][joins] == tail[1:][joins]).all()


def test_points_are_told_apart_to_the_millimetre() -> None:
    xy = np.array([[1.0, 2.0], [1.001, 2.0], [1.0, 2.0], [0.0, 9.0]])
    points, number = unique_points(xy)
    assert points.tolist() == [[0.0, 9.0], [1.0, 2.0], [1.001, 2.0]]
    assert number.tolist() == [1, 2, 1, 0]
