"""Promises of response times: counted over everything there is, checked to the last door, by day and by night."""

from __future__ import annotations

from dataclasses import astuple, replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.errors import InputError
from gis.streets.network import Mode
from partition.coverage.reach.survey import lay_streets
from partition.coverage.settings import Band, ReachSettings
from tests.reach_land import DAY, addresses, ask, grids, halves, homes, places, posts, rule, town
from tests.street_land import X0, Y0, box, codes, line, street

NIGHT = Band("night", 1.25, frozenset({"police"}))
LONG = [street((-2_900, 0), (2_900, 0))]
WALK_S = 5 / 4.5 * 3.6  # from the street to a building whose wall is 5 m from it


def test_doors_are_reached_by_street_and_then_on_foot() -> None:
    # 40 km/h: 2,000 m in 3 minutes, less the walk of 5 m.
    before = 2_000 - WALK_S / 3.6 * 40
    land = town(LONG, posts=posts((0, 0)), buildings=homes((before - 2, 10, 30), (before + 2, 10, 70), (-500, 10, 0)))
    survey, _ = ask(land, [rule(minutes=3)])
    found = survey.rules[0]
    assert found.door_s[0] == pytest.approx((before - 2) / 40 * 3.6 + WALK_S, abs=1e-6)
    assert (found.shares.households, found.shares.households_in) == (100, 30)
    assert (found.shares.buildings, found.shares.buildings_in) == (3, 2)
    assert found.is_kept is False
    assert ask(land, [rule(minutes=3, target_frac=0.3)])[0].rules[0].is_kept is True


def test_thirty_minutes_are_kept_by_the_last_door_exactly() -> None:
    land = town(LONG, posts=posts((-2_900, 0)), buildings=homes((2_250, 5, 10)))
    exact = ask(land, [rule(minutes=60)])[0].rules[0].worst_s
    assert exact is not None
    kept = [ask(land, [rule(minutes=exact / 60 + late)])[0].rules[0].is_kept for late in (0, 1e-9, -1e-4)]
    assert kept == [True, True, False]


def test_a_promise_without_exception_is_broken_by_a_building_where_nobody_lives() -> None:
    land = town(LONG, posts=posts((0, 0)), buildings=homes((100, 10, 50), (2_500, 10, 0)))
    all_of_it, nearly = (ask(land, [rule(minutes=2, target_frac=t)])[0].rules[0] for t in (1.0, 0.99))
    assert all_of_it.shares.households_in == all_of_it.shares.households
    assert (all_of_it.is_kept, nearly.is_kept) == (False, True)


def test_a_promise_to_places_counts_those_of_its_kinds_only() -> None:
    land = town(LONG, posts=posts((0, 0)), key_places=places((100, 0, "学校"), (2_800, 0, "学校"), (200, 0, "银行")))
    found = ask(land, [rule(minutes=1, places={"学校"})])[0].rules[0]
    assert (found.shares.places, found.shares.places_in) == (2, 1)
    assert found.promised.tolist() == [True, True, False]
    assert [door.id for door in found.worst] == ["k1", "k0"]
    assert found.worst[0].name == "place 1"


def test_only_posts_of_the_rule_and_of_the_band_answer() -> None:
    land = town(
        LONG,
        posts=posts((-1_000, 0), (1_000, 0), (2_000, 0), kind=("police", "service", "patrol")),
        buildings=homes((1_000, 10, 10)),
    )
    wanted = [rule(posts={"police", "service"})]
    survey, report = ask(land, wanted, [*DAY, NIGHT])
    day, night = survey.rules
    assert (day.n_posts, night.n_posts) == (2, 1)
    assert day.worst_s is not None
    assert night.worst_s is not None
    assert day.worst[0].post == "p1"
    assert night.worst[0].post == "p0"
    assert night.worst_s == pytest.approx(2_000 / 50 * 3.6 + WALK_S)
    assert "warn_reach_no_posts" not in codes(report)


def test_a_promise_whose_posts_are_off_duty_is_not_asked_for() -> None:
    land = town(LONG, posts=posts((0, 0), kind="service"), buildings=homes((100, 10, 10)))
    survey, report = ask(land, [rule(posts={"service"})], [*DAY, NIGHT])
    assert [found.is_kept for found in survey.rules] == [True, None]
    assert codes(report) == ["note_reach_off_duty"]


def test_a_promise_without_posts_of_its_kind_is_broken_and_said_so() -> None:
    land = town(LONG, posts=posts((0, 0), kind="service"), buildings=homes((100, 10, 10)))
    survey, report = ask(land, [rule(posts={"emergency"})])
    found = survey.rules[0]
    assert (found.is_kept, found.n_posts, found.worst_s, found.unreachable) == (False, 0, None, 1)
    assert (found.shares.street_in_m, found.shares.area_in_m2) == (0, 0)
    assert codes(report) == ["warn_reach_no_posts"]
    without = ask(town(LONG, buildings=homes((100, 10, 10))))[0].rules[0]
    assert (without.is_kept, without.n_posts) == (False, 0)


@pytest.mark.parametrize(
    ("mode", "columns", "answering"),
    [
        (Mode.CAR, {"officers": [3, 3], "vehicles": [0, 1]}, 1),
        (Mode.EBIKE, {"officers": [3, 3], "vehicles": [0, 1]}, 2),
        (Mode.FOOT, {"officers": [0, 3]}, 1),
        (Mode.EBIKE, {"ebikes": [1, 0]}, 1),
        (Mode.CAR, {"vehicles": [1, 1], "vehicles_night": [0, 1]}, 1),
    ],
)
def test_posts_without_crew_or_means_do_not_answer(mode: Mode, columns: dict[str, list[int]], answering: int) -> None:
    land = town(LONG, posts=posts((0, 0), (100, 0), **columns), buildings=homes((200, 10, 10)))
    survey, report = ask(land, [rule(mode=mode)], [Band("night")])
    assert survey.rules[0].n_posts == answering
    assert codes(report) == (["note_reach_no_means"] if answering < 2 else [])


def test_a_post_off_the_network_is_named_with_its_distance_and_the_rest_goes_on() -> None:
    land = town(LONG, posts=posts((0, 950), (0, 0)), buildings=homes((100, 10, 10)))
    survey, report = ask(land)
    assert survey.rules[0].n_posts == 1
    assert survey.post_off_m["car"].tolist() == pytest.approx([950, 0])
    (remark,) = [r for r in report.remarks if r.code == "warn_reach_post_off"]
    assert (remark.id, remark.facts["measured"], remark.facts["allowed"]) == ("p0", 950, 200)


def test_the_way_from_a_post_to_its_street_takes_time() -> None:
    land = town(LONG, posts=posts((0, 100)), buildings=homes((500, 10, 10)))
    found = ask(land, turn_out_s=60.0)[0].rules[0]
    assert found.worst_s == pytest.approx(60 + 600 / 40 * 3.6 + WALK_S)


def test_demand_nobody_reaches_is_listed_and_counts_as_not_reached() -> None:
    island = street((0, 2_000), (1_500, 2_000))
    land = town(
        [*LONG, island], posts=posts((0, 0)), buildings=homes((100, 10, 60), (700, 2_010, 30), (-2_000, 1_500, 10))
    )
    survey, report = ask(land, [rule(minutes=30)])
    found = survey.rules[0]
    assert (found.shares.households, found.shares.households_in, found.unreachable) == (100, 60, 2)
    assert found.is_kept is False
    assert [door.id for door in found.worst] == ["h1", "h2", "h0"]
    assert [door.post for door in found.worst] == ["", "", "p0"]
    assert found.worst_s == pytest.approx(found.door_s[0])
    said = {remark.code: remark.id for remark in report.remarks}
    assert (said["warn_reach_nobody"], said["warn_reach_doors_off"]) == ("h1", "h2")


def test_a_one_way_trap_is_no_way() -> None:
    land = town(
        [*LONG, street((1_000, 500), (1_000, 0), oneway="yes")],
        posts=posts((0, 0)),
        buildings=homes((1_010, 400, 10), (1_010, 60, 10)),
    )
    by_car, on_foot = (ask(land, [rule(minutes=60, mode=m)])[0].rules[0] for m in (Mode.CAR, Mode.FOOT))
    assert np.isinf(by_car.door_s).all()
    assert np.isfinite(on_foot.door_s).all()


def test_worst_doors_are_named_by_their_address_or_by_one_near() -> None:
    land = town(
        LONG,
        posts=posts((0, 0)),
        buildings=homes((2_500, 10, 5), (2_000, 10, 5), (1_500, 10, 5)),
        addresses=addresses(
            (0, 0, "Far Lane 1", "h0"),
            (2_500, 10, "elsewhere", "h9"),
            (2_010, 20, "Near 2", ""),
            (0, 9, "x", "h0"),
        ),
    )
    found = ask(land)[0].rules[0]
    assert [door.name for door in found.worst] == ["Far Lane 1", "Near 2", ""]
    assert [door.grid for door in found.worst] == ["E"] * 3
    assert (found.worst[0].x - X0, found.worst[0].y - Y0) == (pytest.approx(2_500), pytest.approx(10))


def test_doors_stand_on_the_street_on_their_side_of_a_barrier() -> None:
    far = street((-2_900, 60), (2_900, 60))
    joined = street((-2_900, 0), (-2_900, 60))
    river = ("river", line((-2_800, 5), (2_900, 5)))
    land = town([*LONG, far, joined], barriers=[river], posts=posts((-2_890, 0)), buildings=homes((0, 15, 10)))
    without = town([*LONG, far, joined], posts=posts((-2_890, 0)), buildings=homes((0, 15, 10)))
    assert [ask(t)[0].doors["car", "buildings"].off_m[0] for t in (land, without)] == pytest.approx([40, 10])


def test_private_lanes_are_open_to_responders_and_forbidden_ones_are_not() -> None:
    lanes = [street((500, 0), (500, 400), foot="private"), street((900, 0), (900, 400), foot="no")]
    land = town([*LONG, *lanes], posts=posts((0, 0)), buildings=homes((510, 300, 10), (910, 300, 10)))
    found = ask(land, place_m=100.0)[0].rules[0]
    assert found.door_s[0] == pytest.approx((500 + 300) / 40 * 3.6 + WALK_S)
    assert np.isinf(found.door_s[1])


def test_what_nobody_reaches_is_said_once_and_not_for_every_minute_and_band() -> None:
    lane = street((100, 500), (1_500, 500))
    land = town([*LONG, lane], posts=posts((0, 0)), buildings=homes((510, 510, 10)))
    _, report = ask(land, [rule("a", 3), rule("b", 5)], [*DAY, NIGHT])
    assert codes(report).count("warn_reach_nobody") == 1


def test_streets_that_are_all_closed_to_the_mode_do_not_disturb_the_others() -> None:
    closed = [street((x, 100), (x, 300), klass="footway") for x in range(-2_800, 2_800, 100)]
    land = town([*closed, *LONG], posts=posts((0, 0)), buildings=homes((100, 10, 10)))
    assert ask(land)[0].rules[0].is_kept


def test_a_fragment_of_street_near_a_door_does_not_cut_it_off() -> None:
    land = town([*LONG, street((100, 20), (140, 20))], posts=posts((0, 0)), buildings=homes((120, 30, 10)))
    found = ask(land)[0]
    assert found.doors["car", "buildings"].off_m[0] == pytest.approx(25)
    assert found.rules[0].unreachable == 0


def test_nobody_lives_on_a_motorway() -> None:
    fast = street((-2_900, 20), (2_900, 20), klass="motorway", oneway="no")
    land = town([*LONG, fast], posts=posts((0, 0)), buildings=homes((500, 12, 10)))
    doors = ask(land)[0].doors["car", "buildings"]
    assert doors.off_m[0] == pytest.approx(7)


def test_street_metres_and_ground_are_counted_by_grid() -> None:
    land = town(LONG, posts=posts((0, 0)), buildings=homes((100, 10, 10)))
    found = ask(land, [rule(minutes=3)])[0].rules[0]
    assert found.shares.street_m == pytest.approx(5_800)
    assert found.shares.street_in_m == pytest.approx(4_000)
    for code in ("E", "W"):
        assert found.by_grid[code].street_in_m == pytest.approx(2_000)
        assert found.by_grid[code].area_m2 == pytest.approx(18e6)
        assert 0 < found.by_grid[code].area_in_m2 < 18e6
    late = ask(land, [rule(minutes=600)])[0].rules[0]
    assert late.shares.area_in_m2 == late.shares.area_m2
    assert late.shares.street_in_m == late.shares.street_m


def test_grids_add_up_to_all_and_shares_are_no_more_than_the_whole() -> None:
    land = town(
        [*LONG, street((0, -2_900), (0, 2_900))],
        posts=posts((10, 0)),
        buildings=homes((-1_000, 10, 4), (1_500, 10, 5), (10, 2_000, 6)),
        key_places=places((-500, 0, "学校"), (600, 0, "学校")),
    )
    found = ask(land, [rule(minutes=2)])[0].rules[0]
    whole = np.array([astuple(shares) for shares in found.by_grid.values()]).sum(axis=0)
    np.testing.assert_allclose(whole, astuple(found.shares))
    for shares in (found.shares, *found.by_grid.values(), *found.ring.values()):
        values = astuple(shares)
        assert all(part <= all_of_it for all_of_it, part in zip(values[::2], values[1::2]))


def test_a_car_keeps_the_speed_of_the_street() -> None:
    land = town([street((-2_900, 0), (2_900, 0), speed_kmh=20.0)], posts=posts((0, 0)), buildings=homes((1_000, 10, 1)))
    by_mode = {m: ask(land, [rule(mode=m)])[0].rules[0].worst_s for m in (Mode.CAR, Mode.EBIKE)}
    assert by_mode[Mode.CAR] == pytest.approx(1_000 / 20 * 3.6 + WALK_S)
    assert by_mode[Mode.EBIKE] == pytest.approx(1_000 / 18 * 3.6 + WALK_S)


def test_buildings_outside_every_grid_count_over_all_and_are_named() -> None:
    land = town(LONG, posts=posts((0, 0)), buildings=homes((100, 10, 3), (-100, 10, 4)))
    survey, report = ask(land, of=grids(("E", box(0, -3_000, 3_000, 3_000))))
    found = survey.rules[0]
    assert found.shares.households == 7
    assert found.by_grid["E"].households == 3
    assert [(r.code, r.id) for r in report.remarks] == [("note_reach_doors_outside", "h1")]


def test_no_doors_is_a_result_and_no_streets_or_grids_a_fault() -> None:
    survey, report = ask(town(LONG, posts=posts((0, 0))))
    assert survey.rules[0].is_kept is None
    assert survey.rules[0].worst == ()
    assert codes(report) == ["note_reach_no_doors"]
    with pytest.raises(InputError) as caught:
        ask(town([street((0, 0), (1, 0))]).with_layers(streets=town(LONG)["streets"].iloc[:0]))
    assert caught.value.code == "reach_streets_none"
    with pytest.raises(InputError) as caught:
        ask(town(LONG), of=grids())
    assert caught.value.code == "reach_grids_none"


def test_settings_that_make_no_sense_are_refused_all_at_once() -> None:
    with pytest.raises(InputError) as caught:
        ask(
            town(LONG),
            [rule("a", 0.0), rule("a", target_frac=1.5)],
            [Band("day", -1.0)],
            off_street_kmh=float("nan"),
            turn_out_s=-1.0,
        )
    found = {(fault.code, fault.facts.get("option", fault.facts.get("id"))) for fault in caught.value.faults}
    assert found == {
        ("reach_setting_wrong", "rules.a.minutes"),
        ("reach_setting_wrong", "rules.a.target_frac"),
        ("reach_setting_wrong", "bands.day.speed_factor"),
        ("reach_setting_wrong", "off_street_kmh"),
        ("reach_setting_wrong", "turn_out_s"),
        ("reach_name_twice", "a"),
    }


def test_networks_laid_before_are_used_as_they_are() -> None:
    land = town(LONG, posts=posts((0, 0)), buildings=homes((100, 10, 3)))
    settings = ReachSettings(rules=(rule(),), bands=DAY)
    _, report = ask(land)
    laid = {Mode.CAR: lay_streets(land, halves(), settings, Mode.CAR, report)}
    survey, _ = ask(land, networks=laid)
    assert survey.networks["car"] is laid[Mode.CAR][0]
    assert survey.rules[0].is_kept


SPOTS = st.tuples(st.integers(-2_800, 2_800), st.integers(-2_800, 2_800))


@settings(max_examples=25)
@given(
    doors=st.lists(SPOTS, min_size=1, max_size=6, unique=True),
    stations=st.lists(SPOTS, min_size=1, max_size=3),
    limits=st.tuples(st.floats(0.2, 12), st.floats(0.2, 12)),
)
def test_more_time_more_posts_and_faster_streets_never_reach_less(
    doors: list[tuple[int, int]], stations: list[tuple[int, int]], limits: tuple[float, float]
) -> None:
    streets = [street((-2_900, y), (2_900, y)) for y in (-1_500, 0, 1_500)]
    streets += [street((x, -2_900), (x, 2_900), oneway="yes" if x else "") for x in (-1_500, 0, 1_500)]
    buildings = homes(*[(x, y, 1 + k) for k, (x, y) in enumerate(doors)])
    many = town(streets, posts=posts(*stations), buildings=buildings)
    few = town(streets, posts=posts(stations[0]), buildings=buildings)
    wanted = [rule(f"{k}", m) for k, m in enumerate(sorted(limits))]
    bands = [Band("day"), Band("fast", 1.5)]
    of_many, of_few = (ask(t, wanted, bands, place_m=2_000.0)[0].rules for t in (many, few))

    def reached(found: object) -> np.ndarray:
        return np.array(astuple(found.shares)[1::2])  # type: ignore[attr-defined]

    for sooner, later in ((0, 2), (1, 3), (0, 1), (2, 3)):
        assert (reached(of_many[sooner]) <= reached(of_many[later]) + 1e-6).all()
        assert (of_many[sooner].door_s >= of_many[later].door_s - 1e-9).all()
    for one, more in zip(of_few, of_many):
        assert (reached(one) <= reached(more) + 1e-6).all()
    minutes = sorted(of_many[0].ring)
    rings = [np.array(astuple(of_many[0].ring[m])[1::2]) for m in minutes]
    assert all((a <= b + 1e-6).all() for a, b in pairwise(rings))


def test_the_same_land_gives_the_same_answer() -> None:
    land = town(LONG, posts=posts((0, 0)), buildings=homes((100, 10, 3), (200, 10, 3)))
    a, b = (ask(land)[0].rules[0] for _ in range(2))
    assert a.shares == b.shares
    assert a.worst == b.worst
    assert replace(a, arrival=b.arrival, door_s=b.door_s, promised=b.promised) == b
