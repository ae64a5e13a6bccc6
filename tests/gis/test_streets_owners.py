"""Whose is each street: cut at grid borders, border streets shared out once, and why some are nobody's."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from gis.streets import Beats, StreetNetwork
from tests.street_land import CLASSES, box, codes, ends, grids, here, land, lay, owned, street

WEST_EAST = grids(W=box(-500, -500, 0, 500), E=box(0, -500, 500, 500))


def metres(network: StreetNetwork, beats: Beats) -> dict[str, float]:
    return {code: round(float(network.length_m[beats.link_grid == k].sum()), 2) for k, code in enumerate(beats.grids)}


def test_a_street_across_a_border_is_cut_there_and_each_grid_has_its_part() -> None:
    network, beats, _ = lay(land([street((-100, 10), (70, 10))]), WEST_EAST)
    assert ends(network) == {"a": ((-100, 10), (0, 10)), "a#2": ((0, 10), (70, 10))}
    assert owned(network, beats) == {"a": "W", "a#2": "E"}


def test_a_street_along_a_border_stays_whole_and_has_one_owner() -> None:
    wiggles = [(2.5 * (-1) ** k, 40.0 * k) for k in range(10)]
    network, beats, _ = lay(land([street(*wiggles)]), WEST_EAST)
    assert network.link_ids == ("a",)
    assert len(owned(network, beats)) == 1


def test_a_street_that_leaves_the_border_for_one_grid_is_that_grids() -> None:
    network, beats, _ = lay(land([street((1, -100), (-1, 0), (1, 100), (80, 150))]), WEST_EAST)
    assert owned(network, beats) == {"a": "E"}


def test_a_short_street_up_to_the_border_is_the_grids_it_lies_in() -> None:
    network, beats, _ = lay(land([street((0, -100), (0, 0), (0, 100)), street((0, 0), (-3, 0))]), WEST_EAST)
    assert owned(network, beats)["b"] == "W"


def test_border_streets_even_out_the_work_of_the_neighbours() -> None:
    rows = [street((0, 100 * k), (0, 100 * k + 100)) for k in range(4)]
    rows += [street((0, 100 * k), (-100, 100 * k)) for k in range(4)]
    network, beats, _ = lay(land(rows), WEST_EAST)
    assert metres(network, beats) == {"E": 400.0, "W": 400.0}


def test_a_border_street_between_two_junctions_stays_in_one_hand() -> None:
    pieces = [street((0, 50 * k), (0, 50 * k + 50), id=f"s{k}") for k in range(4)]
    cross = [street((-80, 0), (0, 0), (80, 0)), street((-80, 200), (0, 200), (80, 200))]
    network, beats, _ = lay(land([*pieces, *cross]), WEST_EAST)
    whose = owned(network, beats)
    assert len({whose[f"s{k}"] for k in range(4)}) == 1


def test_a_border_street_goes_to_a_grid_that_works_at_its_ends() -> None:
    # East has nothing here and less to do; the street hangs on what West already walks.
    rows = [
        street((0, 0), (0, 40)),
        street((0, 0), (-60, 0)),
        street((0, 40), (-60, 40)),
        street((200, 300), (260, 300)),
    ]
    network, beats, _ = lay(land(rows), WEST_EAST)
    assert owned(network, beats)["a"] == "W"


def test_both_sides_of_a_wide_street_count_when_work_is_evened_out() -> None:
    rows = [
        street((0, 0), (0, 100), klass="primary"),
        street((0, 100), (0, 200)),
        street((0, 200), (0, 300)),
        *(street((-50, y), (0, y), (50, y), klass="footway") for y in (0, 100, 200, 300)),
    ]
    network, beats, _ = lay(land(rows), WEST_EAST)
    whose = owned(network, beats)
    assert whose["b"] == whose["c"] != whose["a"]


def test_a_street_just_outside_all_grids_is_the_nearest_grids() -> None:
    network, beats, _ = lay(land([street((501, -100), (502, 100))]), WEST_EAST)
    assert owned(network, beats) == {"a": "E"}


@pytest.mark.parametrize(
    ("row", "options", "reason"),
    [
        (street((10, 0), (90, 0), klass="track"), {}, 1),
        (street((600, 0), (700, 0)), {}, 2),
        (street((210, 10), (290, 10), klass="service"), {}, 3),
        (street((10, 0), (90, 0), foot="no"), {}, 4),
        (street((10, 0), (90, 0), foot="private"), {}, 4),
        (street((10, 0), (90, 0), klass="motorway"), {"classes": CLASSES | {"motorway"}}, 4),
        (street((600, 0), (700, 0), klass="track"), {}, 1),
        (street((210, 10), (290, 10), klass="service", foot="private"), {}, 3),
    ],
)
def test_a_street_nobody_inspects_has_its_reason(row: dict, options: dict, reason: int) -> None:
    network, beats, _ = lay(land([row], estates=[("estate", box(200, -50, 300, 50))]), WEST_EAST, **options)
    assert beats.link_reason.tolist() == [reason] * network.n_links
    assert beats.link_grid.tolist() == [-1] * network.n_links


def test_lanes_inside_estates_are_inspected_when_wished_and_private_ones_opened() -> None:
    rows = [street((210, 10), (290, 10), klass="service", foot="private"), street((190, 10), (210, 10))]
    territory = land(rows, estates=[("estate", box(200, -50, 300, 50))])
    network, beats, _ = lay(territory, WEST_EAST, inspect_estates=True)
    assert owned(network, beats) == {"a": "E", "b": "E"}
    assert np.isfinite(network.passing_s).all()


@pytest.mark.parametrize(
    "row",
    [
        street((205, -100), (205, 100), klass="primary"),  # a public street through an estate
        street((200, -50), (200, 50)),  # along its outline
        street((150, 0), (230, 0)),  # mostly outside
        street((310, 10), (390, 10), klass="service"),  # in a park
    ],
)
def test_public_streets_at_or_through_an_estate_are_the_patrols(row: dict) -> None:
    grounds = [("estate", box(200, -50, 300, 50)), ("park", box(300, -50, 400, 50))]
    _, beats, _ = lay(land([row], estates=grounds), WEST_EAST)
    assert (beats.link_reason == 0).all()


def test_a_class_nobody_knows_counts_as_a_road() -> None:
    _, beats, _ = lay(land([street((0, 0), (90, 0), klass="Alley-A"), street((0, 0), (0, 50), klass=None)]))
    assert beats.link_reason.tolist() == [0, 0]
    _, beats, _ = lay(land([street((0, 0), (90, 0), klass="Alley-A")]), classes=frozenset({"primary"}))
    assert beats.link_reason.tolist() == [1]


def test_a_grid_without_a_street_is_named() -> None:
    _, _, report = lay(land([street((-100, 10), (-70, 10))]), WEST_EAST)
    told = [remark.id for remark in report.remarks if remark.code == "warn_grid_without_street"]
    assert told == ["E"]


def test_no_grids_at_all_leave_every_street_outside() -> None:
    _, beats, report = lay(land([street((0, 0), (90, 0))]), grids())
    assert beats.link_reason.tolist() == [2]
    assert beats.grids == ()
    assert "warn_grid_without_street" not in codes(report)


def test_crossing_a_corner_of_a_grid_for_a_few_metres_cuts_nothing() -> None:
    three = grids(A=box(-500, -500, 0, 0), B=box(0, -500, 500, 0), C=box(-500, 0, 500, 500))
    network, beats, _ = lay(land([street((-102, 2), (-2, -100))]), three)
    assert owned(network, beats) == {"a": "A"}


cells = st.integers(0, 6)
point = st.tuples(cells, cells)
drawn = st.lists(
    st.tuples(st.lists(point, min_size=2, max_size=5), st.sampled_from(["residential", "primary", "footway"])),
    min_size=1,
    max_size=12,
)


def world(rows: list, shift: tuple[float, float]) -> list[dict]:
    return [
        street(*[(37.0 * x + shift[0], 41.0 * y + shift[1]) for x, y in points], klass=klass) for points, klass in rows
    ]


@given(drawn, st.floats(-4, 4), st.floats(-4, 4), st.randoms(use_true_random=False))
@settings(max_examples=40, phases=[Phase.explicit, Phase.reuse, Phase.generate])
def test_every_required_metre_has_one_owner_whatever_the_order_of_rows(rows, dx, dy, random) -> None:
    streets = [{"id": f"s{k:02d}", **row} for k, row in enumerate(world(rows, (dx, dy)))]
    four = {
        "A": box(-20, -20, 111, 123),
        "B": box(111, -20, 250, 123),
        "C": box(-20, 123, 111, 200),
        "D": box(111, 123, 250, 200),
    }
    network, beats, _ = lay(land(streets), grids(**four))
    whole = np.zeros(len(streets))
    shapes = [shapely.LineString(row["geometry"]) for row in streets]
    inspected = beats.link_grid >= 0
    assert (inspected == (beats.link_reason == 0)).all()
    # Nothing drawn is missing, no street has become longer, and each metre is counted once.
    ground = shapely.union_all([shape for shape in shapes if shape.length > 0])
    laid = shapely.buffer(shapely.union_all(network.geometry), 2.1)
    assert shapely.is_empty(shapely.difference(here(ground), laid))
    np.add.at(whole, network.street[network.street >= 0], network.length_m[network.street >= 0])
    assert (whole <= [shape.length + 0.1 for shape in shapes]).all()
    for k in np.flatnonzero(inspected):
        code = beats.grids[beats.link_grid[k]]
        assert network.road_class[k] in CLASSES
        at = shapely.transform(network.geometry[k], lambda xy: xy - (500_000.0, 3_100_000.0))
        assert shapely.buffer(four[code], 3.1).contains(at)
    for k in np.flatnonzero(beats.link_reason == 2):
        at = shapely.transform(network.geometry[k], lambda xy: xy - (500_000.0, 3_100_000.0))
        assert shapely.length(shapely.intersection(at, shapely.union_all(list(four.values())))) <= 6.5

    random.shuffle(streets)
    names = list(four)
    random.shuffle(names)
    again, beats2, _ = lay(land(streets), grids(**{name: four[name] for name in names}))
    assert again.link_ids == network.link_ids
    assert beats2.grids == beats.grids
    assert np.array_equal(beats2.link_grid, beats.link_grid)
    assert np.array_equal(beats2.link_reason, beats.link_reason)
    assert (shapely.to_wkb(again.geometry) == shapely.to_wkb(network.geometry)).all()
