"""The check of patrols finds every way in which routes can be wrong, on a block of streets small enough to see.

Three nodes in a row and one above: 0 -100 m- 1 -100 m- 2, 0 -100 m- 3 -141.4 m- 1, and 2 a dead end.  All is the
grid's, but for the street 3-1, which is a neighbour's.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import shapely
from pyproj import CRS

from gis.streets.beats import Beats
from gis.streets.network import Mode, StreetNetwork
from partition.patrol.check import BeatBook, PatrolCheck, Posing, check_patrol
from partition.patrol.problem import PatrolProblem, PatrolResult, Route, Unreachable

_XY = np.array([[0.0, 0.0], [100.0, 0.0], [200.0, 0.0], [0.0, 100.0]])
_TAIL, _HEAD = np.array([0, 1, 0, 3], np.int32), np.array([1, 2, 3, 1], np.int32)
_LINE = shapely.linestrings([_XY[[a, b]] for a, b in zip(_TAIL, _HEAD)])
_LENGTH = shapely.length(_LINE)
_PASSING = np.repeat((_LENGTH / 1.25)[:, None], 2, axis=1)
_INSPECTING = np.repeat((_LENGTH / 0.8)[:, None], 2, axis=1)
_OWN = np.array([0, 0, 0, -1], np.int32)


def network(**changes: Any) -> StreetNetwork:
    made = StreetNetwork(
        mode=Mode.FOOT,
        crs=CRS("EPSG:32649"),
        node_x=_XY[:, 0].copy(),
        node_y=_XY[:, 1].copy(),
        link_ids=("a", "b", "c", "d"),
        street=np.arange(4, dtype=np.int32),
        tail=_TAIL.copy(),
        head=_HEAD.copy(),
        length_m=_LENGTH.copy(),
        passing_s=_PASSING.copy(),
        inspecting_s=_INSPECTING.copy(),
        both_sides=np.zeros(4, bool),
        road_class=np.array(["residential"] * 4, object),
        name=np.array(["A", "B", "C", "D"], object),
        geometry=_LINE.copy(),
        component=np.zeros(4, np.int32),
    )
    return replace(made, **changes)


def beats(**changes: Any) -> Beats:
    made = Beats(
        grids=("g1",),
        link_grid=_OWN.copy(),
        link_reason=np.array([0, 0, 0, 2], np.int32),
        place_node=np.array([3], np.int32),
        place_grid=np.array([0], np.int32),
        place_off_m=np.zeros(1),
        post_node=np.array([0], np.int32),
        post_off_m=np.zeros(1),
    )
    return replace(made, **changes)


def problem(**changes: Any) -> PatrolProblem:
    made = PatrolProblem(
        n_nodes=4,
        tail=_TAIL.copy(),
        head=_HEAD.copy(),
        length_m=_LENGTH.copy(),
        passing_s=_PASSING.copy(),
        inspecting_s=_INSPECTING.copy(),
        required=_OWN == 0,
        stop_node=np.array([3], np.int32),
        stop_s=np.array([180.0]),
        posts=np.array([0], np.int32),
    )
    return replace(made, **changes)


def posing() -> Posing:
    return Posing(np.arange(4, dtype=np.int32), np.arange(4, dtype=np.int32), np.zeros(1, np.int32))


def route(**changes: Any) -> Route:
    """0-1-2-1-3-0: every street once, the dead end and the neighbour's street without inspection."""
    link = np.array([0, 1, 1, 3, 2], np.int32)
    inspects = np.array([True, True, False, False, True])
    made = Route(
        link=link,
        is_back=np.array([False, False, True, True, True]),
        inspects=inspects,
        stop=np.array([0], np.int32),
        stop_step=np.array([4], np.int32),
        start_node=0,
        end_node=0,
        seconds=float(300 / 0.8 + (100 + _LENGTH[3]) / 1.25 + 180),
        length_m=float(400 + _LENGTH[3]),
        required_m=300.0,
    )
    return replace(made, **changes)


def result(*routes: Route, **changes: Any) -> PatrolResult:
    made = PatrolResult(routes or (route(),), (), 0.0, 0.0, 0.0, "none", "by hand")
    return replace(made, **changes)


def check(
    given: PatrolResult | None = None, asked: PatrolProblem | None = None, of: Beats | None = None, **changes: Any
) -> PatrolCheck:
    return check_patrol(
        BeatBook(network(**changes), of or beats()), "g1", asked or problem(), posing(), given or result()
    )


def codes(found: PatrolCheck) -> set[str]:
    assert all(fault.facts["id"] == "g1" for fault in found.faults)
    return {fault.code for fault in found.faults}


def test_a_right_patrol_passes_and_is_counted() -> None:
    found = check()
    assert found.passed, found.faults
    assert (found.required_m, found.covered_m, found.unreachable_m) == (300.0, 300.0, 0.0)
    assert found.length_m == pytest.approx(route().length_m)
    assert found.seconds == found.longest_s == pytest.approx(route().seconds)


_WRONG_ROUTES = {
    "patrol_check_not_joined": {"is_back": np.array([False, True, True, True, True])},
    "patrol_check_ends": {"start_node": 1},
    "patrol_check_not_from_post": {"start_node": 3, "end_node": 3},
    "patrol_check_not_closed": {"end_node": 3},
    "patrol_check_stop_elsewhere": {"stop_step": np.array([2], np.int32)},
    "patrol_check_stop_missed": {"stop": np.zeros(0, np.int32), "stop_step": np.zeros(0, np.int32)},
    "patrol_check_missed": {"inspects": np.array([True, False, False, False, True])},
    "patrol_check_twice": {"inspects": np.array([True, True, True, False, True])},
    "patrol_check_inspects_others": {"inspects": np.array([True, True, False, True, True])},
    "patrol_check_numbers": {"link": np.array([0, 1, 1, 9, 2], np.int32)},
    "patrol_check_total": {"seconds": 600.0},
}


@pytest.mark.parametrize("code", sorted(_WRONG_ROUTES))
def test_a_wrong_route_is_found(code: str) -> None:
    found = codes(check(result(route(**_WRONG_ROUTES[code]))))
    assert code in found, found


@pytest.mark.parametrize("column", ["seconds", "length_m", "required_m"])
def test_totals_are_added_up_again(column: str) -> None:
    found = check(result(route(**{column: getattr(route(), column) + 1.0})))
    assert [(fault.code, fault.facts["column"]) for fault in found.faults] == [("patrol_check_total", column)]


def test_a_stop_visited_by_two_routes_is_found() -> None:
    again = route(inspects=np.zeros(5, bool), required_m=0.0, seconds=route().length_m / 1.25 + 180)
    assert codes(check(result(route(), again))) == {"patrol_check_stop_twice"}


def test_a_forbidden_direction_is_found() -> None:
    passing, inspecting = _PASSING.copy(), _INSPECTING.copy()
    passing[3, 1] = inspecting[3, 1] = np.inf
    found = check(
        result(), problem(passing_s=passing, inspecting_s=inspecting), passing_s=passing, inspecting_s=inspecting
    )
    assert "patrol_check_forbidden" in codes(found)


def test_a_problem_that_opens_a_one_way_street_is_found() -> None:
    closed = _PASSING.copy()
    closed[3, 1] = np.inf
    assert codes(check(passing_s=closed)) == {"patrol_check_time_differs"}


def test_steps_apart_on_the_ground_are_found_although_the_nodes_agree() -> None:
    moved = _LINE.copy()
    moved[2] = shapely.LineString([(0, 10), (0, 100)])
    moved[3] = shapely.LineString([(9, 100), (100, 0)])
    gaps = [fault for fault in check(geometry=moved).faults if fault.code == "patrol_check_gap"]
    assert [fault.facts["measured"] for fault in gaps] == [9.0]


def test_a_street_left_out_of_the_problem_is_found() -> None:
    asked = problem(required=np.array([True, False, True, False]))
    given = result(route(inspects=np.array([True, False, False, False, True]), required_m=200.0, seconds=0.0))
    assert "patrol_check_beat_differs" in codes(check(given, asked))


def test_a_street_with_two_sides_is_asked_for_twice() -> None:
    sides = np.array([True, False, False, False])
    found = check(both_sides=sides)
    assert codes(found) == {"patrol_check_beat_differs"}
    assert found.required_m == 400.0


def test_a_place_left_out_of_the_problem_is_found() -> None:
    more = beats(place_node=np.array([3, 2], np.int32), place_grid=np.zeros(2, np.int32), place_off_m=np.zeros(2))
    assert codes(check(of=more)) == {"patrol_check_place_left_out"}


def test_a_place_off_the_network_is_nobodys_fault() -> None:
    more = beats(
        place_node=np.array([3, -1], np.int32), place_grid=np.zeros(2, np.int32), place_off_m=np.array([0.0, 900.0])
    )
    assert check(of=more).passed


def test_a_place_planned_elsewhere_is_found() -> None:
    assert codes(check(of=beats(place_node=np.array([2], np.int32)))) == {"patrol_check_place_moved"}


def test_a_link_between_other_nodes_is_found() -> None:
    assert "patrol_check_link_moved" in codes(check(tail=np.array([0, 1, 1, 3], np.int32)))


def test_a_street_listed_as_out_of_reach_must_be_so() -> None:
    given = result(
        route(inspects=np.array([True, False, False, False, True]), required_m=200.0, seconds=0.0),
        unreachable=(Unreachable(1, -1, "patrol_not_connected"),),
    )
    assert "patrol_check_is_reachable" in codes(check(given))


def test_a_street_that_can_not_be_reached_may_be_listed() -> None:
    apart = np.array([0, 2, 0, 3], np.int32), np.array([1, 2, 3, 1], np.int32)
    lines = _LINE.copy()
    asked = problem(tail=apart[0], head=apart[1])
    given = result(
        replace(
            route(),
            link=np.array([0, 3, 2], np.int32),
            is_back=np.array([False, True, True]),
            inspects=np.array([True, False, True]),
            stop_step=np.array([2], np.int32),
            seconds=float(200 / 0.8 + _LENGTH[3] / 1.25 + 180),
            length_m=float(200 + _LENGTH[3]),
            required_m=200.0,
        ),
        unreachable=(Unreachable(1, -1, "patrol_not_connected"),),
    )
    found = check(given, asked, tail=apart[0], head=apart[1], geometry=lines)
    assert found.passed, found.faults
    assert (found.covered_m, found.unreachable_m) == (200.0, 100.0)


def test_without_a_post_a_street_beside_the_route_is_not_out_of_reach() -> None:
    given = result(
        route(inspects=np.array([True, False, False, False, True]), required_m=200.0),
        unreachable=(Unreachable(1, -1, "patrol_not_connected"),),
    )
    assert "patrol_check_is_reachable" in codes(check(given, problem(posts=np.zeros(0, np.int32))))


def test_a_street_beyond_the_shift_may_be_listed() -> None:
    asked = problem(shift_s=310.0, stop_node=np.zeros(0, np.int32), stop_s=np.zeros(0))
    short = Route(
        link=np.array([0, 0], np.int32),
        is_back=np.array([False, True]),
        inspects=np.array([True, False]),
        stop=np.zeros(0, np.int32),
        stop_step=np.zeros(0, np.int32),
        start_node=0,
        end_node=0,
        seconds=205.0,
        length_m=200.0,
        required_m=100.0,
    )
    other = replace(short, link=np.array([2, 2], np.int32))
    given = result(short, other, unreachable=(Unreachable(1, -1, "patrol_beyond_shift", 365.0),))
    nowhere = beats(place_grid=np.array([-1], np.int32))
    where = Posing(np.arange(4, dtype=np.int32), np.arange(4, dtype=np.int32), np.zeros(0, np.int32))
    assert check_patrol(BeatBook(network(), nowhere), "g1", asked, where, given).passed
    longer = replace(asked, shift_s=370.0)
    assert codes(check_patrol(BeatBook(network(), nowhere), "g1", longer, where, given)) == {
        "patrol_check_is_reachable"
    }


def test_a_route_over_its_shift_must_say_so() -> None:
    asked = problem(shift_s=600.0)
    assert codes(check(result(), asked)) == {"patrol_check_over_shift"}
    assert check(result(n_patrollers_needed=2), asked).passed
    assert check(result(shift_s_needed=800.0), asked).passed


def test_more_routes_than_patrollers_are_found() -> None:
    again = route(
        inspects=np.zeros(5, bool),
        required_m=0.0,
        seconds=route().length_m / 1.25,
        stop=np.zeros(0, np.int32),
        stop_step=np.zeros(0, np.int32),
    )
    assert codes(check(result(route(), again), problem(n_patrollers=1))) == {"patrol_check_too_many_routes"}


def test_no_route_and_no_reason_is_found() -> None:
    found = codes(check(replace(result(), routes=())))
    assert found == {"patrol_check_nothing", "patrol_check_missed", "patrol_check_stop_missed"}


@pytest.mark.parametrize("column", ["bound_s", "bound_m", "longest_bound_s"])
def test_a_bound_above_the_routes_is_found(column: str) -> None:
    found = check(result(**{column: 1000.0}))
    assert [(fault.code, fault.facts["column"]) for fault in found.faults] == [("patrol_check_bound", column)]


def test_a_proof_whose_bound_is_not_met_is_found() -> None:
    assert codes(check(result(proof="matching", bound_s=500.0))) == {"patrol_check_proof"}
    assert check(result(proof="matching", bound_s=route().seconds)).passed


def test_a_grid_without_a_beat_is_found() -> None:
    found = check_patrol(BeatBook(network(), beats(grids=("g2",))), "g1", problem(), posing(), result())
    assert [fault.code for fault in found.faults] == ["patrol_check_no_beat"]
