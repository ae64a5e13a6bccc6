"""Who may go where and how fast: the table of classes, directions, access and speeds."""

from __future__ import annotations

import numpy as np
import pytest

from tests.street_land import codes, land, lay, street


def may_go(mode: str, **facts: object) -> tuple[bool, bool]:
    network, _, _ = lay(land([street((0, 0), (100, 0), **facts)]), mode=mode)
    assert (np.isfinite(network.passing_s) == np.isfinite(network.inspecting_s)).all()
    forward, back = np.isfinite(network.passing_s[0]).tolist()
    return forward, back


OPEN = {
    "motorway": (False, False, True),
    "trunk": (True, True, True),
    "primary_link": (True, True, True),
    "tertiary": (True, True, True),
    "residential": (True, True, True),
    "service": (True, True, True),
    "living_street": (True, True, True),
    "track": (True, True, True),
    "pedestrian": (True, True, False),
    "path": (True, True, False),
    "cycleway": (True, True, False),
    "footway": (True, True, False),
    "busway": (True, False, False),
    "steps": (True, False, False),
    "construction": (False, False, False),
    "Gasse": (True, True, True),
}


@pytest.mark.parametrize("klass", OPEN)
def test_each_class_is_open_to_the_modes_of_the_table(klass: str) -> None:
    assert tuple(may_go(mode, klass=klass, oneway="no")[0] for mode in ("foot", "ebike", "car")) == OPEN[klass]


@pytest.mark.parametrize(
    ("value", "forward", "back"),
    [
        ("yes", True, False),
        ("true", True, False),
        ("1", True, False),
        ("YES ", True, False),
        ("-1", False, True),
        ("reverse", False, True),
        ("no", True, True),
        ("0", True, True),
        (None, True, True),
        ("reversible", True, True),
        ("alternating", True, True),
        ("maybe", True, True),
    ],
)
def test_one_way_values_bind_cars_and_e_bikes_and_nobody_on_foot(value: str | None, forward: bool, back: bool) -> None:
    assert may_go("car", oneway=value) == (forward, back)
    assert may_go("ebike", oneway=value) == (forward, back)
    assert may_go("foot", oneway=value) == (True, True)


def test_a_motorway_is_one_way_unless_it_says_otherwise() -> None:
    assert may_go("car", klass="motorway") == (True, False)
    assert may_go("car", klass="motorway", oneway="no") == (True, True)


@pytest.mark.parametrize(
    ("value", "code"), [("reversible", "note_streets_reversible"), ("hm", "note_streets_oneway_unknown")]
)
def test_directions_that_are_no_clear_word_are_reported(value: str, code: str) -> None:
    _, _, report = lay(land([street((0, 0), (100, 0), oneway=value)]), mode="car")
    assert code in codes(report)
    _, _, on_foot = lay(land([street((0, 0), (100, 0), oneway=value)]))
    assert code not in codes(on_foot)


@pytest.mark.parametrize(
    ("facts", "foot", "car"),
    [
        ({"klass": "primary", "foot": "no"}, False, True),
        ({"klass": "service", "foot": "no"}, False, False),
        ({"klass": "service", "foot": "private"}, False, False),
        ({"klass": "service", "foot": "yes"}, True, True),
    ],
)
def test_closed_to_people_on_foot_or_private(facts: dict, foot: bool, car: bool) -> None:
    assert may_go("foot", **facts) == (foot, foot)
    assert may_go("car", **facts) == (car, car)


def seconds(mode: str, **facts: object) -> tuple[float, float]:
    network, _, _ = lay(land([street((0, 0), (100, 0), **facts)]), mode=mode)
    return float(network.passing_s[0, 0]), float(network.inspecting_s[0, 0])


def test_times_follow_the_speeds_of_the_mode() -> None:
    assert seconds("foot") == pytest.approx((100 / 4.5 * 3.6, 100 / 3 * 3.6))
    assert seconds("ebike") == pytest.approx((20, 30))
    assert seconds("car") == pytest.approx((12, 18))


def test_a_streets_own_speed_caps_cars_only() -> None:
    assert seconds("car", speed_kmh=10.0) == pytest.approx((36, 36))
    assert seconds("car", speed_kmh=120.0) == seconds("car")
    assert seconds("foot", speed_kmh=1.0) == seconds("foot")


def test_stairs_take_twice_as_long_and_a_bike_on_a_footway_is_pushed() -> None:
    assert seconds("foot", klass="steps") == pytest.approx(tuple(2 * s for s in seconds("foot")))
    assert seconds("ebike", klass="footway") == pytest.approx((90, 90))
    assert seconds("car", klass="track") == pytest.approx((24, 24))


def test_inspection_never_goes_faster_than_passing() -> None:
    network, _, _ = lay(land([street((0, 0), (100, 0))]), passing_kmh=3.0, inspecting_kmh=6.0)
    assert (network.inspecting_s >= network.passing_s).all()


def test_wide_streets_have_two_sides_on_foot_only() -> None:
    rows = land([street((0, 0), (100, 0), klass="primary"), street((0, 0), (0, 100))])
    assert lay(rows)[0].both_sides.tolist() == [True, False]
    assert lay(rows, mode="car")[0].both_sides.tolist() == [False, False]


def test_half_of_a_divided_road_has_one_side() -> None:
    rows = land([street((0, 0), (100, 0), klass="primary", oneway="yes"), street((100, 12), (0, 12), klass="primary")])
    assert lay(rows, passage_m=0.0)[0].both_sides.tolist() == [False, True]


def test_names_and_classes_travel_with_the_links() -> None:
    rows = [street((0, 0), (50, 0), (100, 0), name="人民路"), street((50, 0), (50, 90), name=None, klass=None)]
    network, _, _ = lay(land(rows))
    assert network.name.tolist() == ["人民路", "人民路", ""]
    assert network.road_class.tolist() == ["residential", "residential", "road"]
