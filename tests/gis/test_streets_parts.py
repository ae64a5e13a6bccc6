"""What hangs together: components of each mode, passages on foot, one-way traps, posts and places on the network."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from tests.street_land import box, codes, ends, grids, land, lay, line, owned, street


def remarks(report, code: str) -> list:
    return [remark for remark in report.remarks if remark.code == code]


def test_parts_a_few_metres_apart_are_joined_on_foot_by_the_shortest_passage() -> None:
    rows = [street((0, 0), (100, 0)), street((30, 12), (30, 80)), street((70, 25), (70, 80), (90, 80), (90, 20))]
    network, beats, report = lay(land(rows))
    assert network.component.max() == 0
    made = {name: end for name, end in ends(network).items() if name.startswith("passage")}
    assert made == {"passage#1": ((30, 0), (30, 12)), "passage#2": ((90, 0), (90, 20))}
    passages = network.street < 0
    assert network.road_class[passages].tolist() == ["passage", "passage"]
    assert beats.link_reason[passages].tolist() == [5, 5]
    assert beats.link_grid[passages].tolist() == [-1, -1]
    assert [r.facts["measured"] for r in remarks(report, "repair_streets_passage")] == [12.0, 20.0]


def test_passages_are_a_tree_the_shortest_gaps_first() -> None:
    rows = [street((0, 30 * k), (80 + k, 30 * k)) for k in range(5)]
    network, _, _ = lay(land(rows), passage_m=65.0)
    assert (network.street < 0).sum() == 4
    assert network.length_m[network.street < 0].tolist() == pytest.approx([30] * 4)


@pytest.mark.parametrize("kind", ["river", "water", "railway", "motorway", "wall"])
def test_no_passage_leads_through_a_barrier(kind: str) -> None:
    rows = [street((0, 0), (100, 0)), street((30, 12), (30, 80))]
    across = box(-20, 5, 120, 7) if kind == "water" else line((-20, 6), (120, 6))
    network, _, report = lay(land(rows, barriers=[(kind, across)]))
    assert network.component.max() == 1
    (told,) = remarks(report, "warn_streets_apart")
    assert (told.id, told.before, told.facts["measured"], told.facts["gap_m"]) == ("b", 68, 68, 12)


def test_a_passage_goes_round_a_wall_that_ends() -> None:
    rows = [street((0, 0), (100, 0)), street((30, 12), (70, 12), (70, 40))]
    network, _, _ = lay(land(rows, barriers=[("wall", line((-20, 6), (50, 6)))]))
    assert ends(network)["passage#1"] == ((70, 0), (70, 12))


def test_no_passage_leads_over_a_motorway() -> None:
    rows = [street((0, 0), (100, 0)), street((0, 20), (100, 20)), street((-50, 10), (150, 10), klass="motorway")]
    network, _, _ = lay(land(rows))
    assert "passage#1" not in network.link_ids


def test_a_bridge_is_no_passage() -> None:
    town = [street((0, 100 * k), (100, 100 * k), (100, 100 * k + 100)) for k in range(5)]
    rows = [
        *town,
        *(street((0, 100 * k), (100, 100 * k + 100)) for k in range(5)),
        street((50, -80), (50, -20), (50, 20)),
    ]
    network, _, _ = lay(land(rows), passage_m=0.5)
    assert "passage#1" not in network.link_ids


def test_e_bikes_and_cars_use_no_passages() -> None:
    rows = [street((0, 0), (100, 0)), street((30, 12), (30, 80))]
    for mode in ("ebike", "car"):
        network, _, report = lay(land(rows), mode=mode)
        assert network.component.max() == 1
        assert "warn_streets_apart" in codes(report)


def test_passages_wider_than_allowed_are_left_and_the_gap_told() -> None:
    rows = [street((0, 0), (100, 0)), street((30, 42), (30, 80)), street((30, 200), (35, 200), klass="track")]
    _, _, report = lay(land(rows))
    assert [r.facts["gap_m"] for r in remarks(report, "warn_streets_apart")] == [42]
    (rest,) = remarks(report, "note_streets_apart")
    assert (rest.before, rest.facts["measured"], rest.facts["required"]) == (1, 5, 0)


def test_parts_are_numbered_by_their_metres() -> None:
    rows = [street((0, 0), (50, 0)), street((0, 200), (90, 200)), street((0, 400), (70, 400))]
    network, _, _ = lay(land(rows))
    assert network.component[network.tail].tolist() == [2, 0, 1]


def test_a_one_way_dead_end_is_a_trap_for_cars_and_none_on_foot() -> None:
    ring = [street((0, 0), (100, 0), (100, 100)), street((100, 100), (0, 100), (0, 0))]
    trap = street((100, 100), (160, 100), oneway="yes")
    network, _, report = lay(land([*ring, trap]), mode="car")
    assert network.component[network.head[network.link_ids.index("c")]] != 0
    (told,) = remarks(report, "warn_streets_one_way_trap")
    assert (told.id, told.before, told.facts["measured"]) == ("c", 1, 60)
    on_foot, _, report = lay(land([*ring, trap]))
    assert on_foot.component.max() == 0
    assert not remarks(report, "warn_streets_one_way_trap")


def test_a_one_way_ring_hangs_together() -> None:
    rows = [street((0, 0), (100, 0), oneway="yes"), street((100, 0), (50, 80), oneway="yes")]
    network, _, _ = lay(land([*rows, street((0, 0), (50, 80), oneway="-1")]), mode="car")
    assert network.component.max() == 0


def test_three_hundred_parallel_streets_are_still_one_part() -> None:
    rows = [street((0, 0), (50, 10.0 + k), (100, 0)) for k in range(300)]
    network, _, _ = lay(land(rows))
    assert network.n_links == 300
    assert network.component.max() == 0


def test_a_post_stands_at_the_foot_of_its_street() -> None:
    network, beats, _ = lay(land([street((0, 0), (100, 0))], posts=[(30, 20), (99.5, 4), (-3, 4)]))
    x = network.node_x[beats.post_node] - 500_000.0
    assert x.tolist() == pytest.approx([30, 100, 0])
    assert beats.post_off_m.tolist() == pytest.approx([20, 4, 5], abs=0.1)
    assert network.n_links == 2
    assert network.length_m.sum() == pytest.approx(100)


def test_two_places_on_one_street_cut_it_twice() -> None:
    network, beats, _ = lay(land([street((0, 0), (100, 0))], places=[(70, 5), (20, -5), (70, -8)], dwell=[5, 2.5, 0]))
    assert (network.node_x[beats.place_node] - 500_000.0).tolist() == pytest.approx([70, 20, 70])
    assert beats.place_node[0] == beats.place_node[2]
    assert network.n_links == 3
    assert beats.place_dwell_min.tolist() == [5, 2.5, 0]


def test_a_post_two_kilometres_off_is_off_the_network_with_its_distance() -> None:
    _, beats, report = lay(land([street((0, 0), (100, 0))], posts=[(50, 2000)], places=[(50, 99), (50, 101)]))
    assert beats.post_node.tolist() == [-1]
    assert beats.post_off_m.tolist() == pytest.approx([2000])
    assert (beats.place_node >= 0).tolist() == [True, False]
    off = [(r.layer, r.id, r.facts["measured"], r.facts["allowed"]) for r in remarks(report, "warn_off_network")]
    assert off == [("posts", "p0", 2000, 100.0), ("key_places", "k1", 101, 100.0)]


def test_a_land_whose_streets_are_all_closed_to_the_mode_says_so() -> None:
    network, beats, report = lay(land([street((0, 0), (100, 0), klass="steps")], posts=[(50, 5)]), mode="car")
    assert codes(report)[:1] == ["warn_streets_all_closed"]
    assert beats.post_node.tolist() == [-1]
    assert beats.link_reason.tolist() == [1]
    assert network.n_links == 1


def test_a_post_stands_rather_on_a_street_one_can_leave() -> None:
    rows = [street((0, 0), (900, 0)), street((100, 60), (100, 90))]
    wall = ("wall", line((-50, 30), (950, 30)))
    network, beats, _ = lay(land(rows, barriers=[wall], posts=[(95, 50)]))
    assert network.component[beats.post_node[0]] == 0
    assert beats.post_off_m[0] == pytest.approx(50)


def test_a_post_far_from_the_main_part_still_stands_on_its_own() -> None:
    rows = [street((0, 0), (900, 0)), street((100, 300), (180, 300))]
    network, beats, _ = lay(land(rows, posts=[(140, 310)]))
    assert network.component[beats.post_node[0]] == 1


def test_posts_stand_on_streets_that_the_mode_may_use() -> None:
    rows = [street((0, 0), (100, 0)), street((0, 0), (0, 30), (100, 30), klass="steps")]
    for mode, off in (("foot", 5), ("car", 35)):
        _, beats, _ = lay(land(rows, posts=[(50, 35)]), mode=mode)
        assert beats.post_off_m[0] == pytest.approx(off)


def test_places_belong_to_the_grid_they_stand_in() -> None:
    two = grids(B=box(0, 0, 100, 100), A=box(100, 0, 200, 100))
    places = [(50, 50), (150, 50), (100, 50), (50, -2), (50, -90)]
    _, beats, _ = lay(land([street((0, 50), (200, 50))], places=places), two)
    assert beats.grids == ("A", "B")
    assert beats.place_grid.tolist() == [1, 0, 0, 1, -1]


def test_a_place_does_not_change_whose_its_street_is() -> None:
    two = grids(A=box(0, 0, 100, 100), B=box(100, 0, 200, 100))
    rows = [street((100, 0), (100, 100)), street((100, 0), (20, 0)), street((100, 100), (180, 100))]
    bare = owned(*lay(land(rows), two)[:2])
    network, beats, _ = lay(land(rows, places=[(101, 40), (99, 60)]), two)
    assert {owned(network, beats)[name] for name in ("a", "a#2", "a#3")} == {bare["a"]}


def test_the_network_stays_on_the_ground() -> None:
    rng = np.random.default_rng(5)
    rows = [street(*rng.uniform(0, 400, (3, 2)).tolist()) for _ in range(25)]
    places = rng.uniform(0, 400, (9, 2)).tolist()
    territory = land(rows, places=places, posts=places[:3])
    network, _, _ = lay(territory)
    ground = shapely.union_all(np.asarray(territory["streets"].geometry.array))
    mapped = network.geometry[network.street >= 0]
    assert shapely.distance(ground, shapely.points(shapely.get_coordinates(mapped))).max() < 2.1
    assert network.length_m[network.street >= 0].sum() == pytest.approx(
        sum(s.length for s in territory["streets"].geometry), abs=20
    )
