"""Rings of minutes: cut where the time ends, one inside the other, and a polygon that holds them."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
import shapely.ops
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.streets.network import Mode
from partition.coverage.reach.arrival import arrive, reached_m
from partition.coverage.reach.cuts import parts_of
from partition.coverage.reach.rings import BLOCK_M2, around, ring, rings
from partition.coverage.settings import Band
from tests.reach_kit import city, random_network
from tests.reach_land import ask, homes, posts, rule, town
from tests.street_land import X0, Y0, street


def test_rings_end_where_the_time_ends_by_day_and_by_night() -> None:
    land = town([street((-2_900, 0), (2_900, 0))], posts=posts((0, 0)), buildings=homes((100, 10, 10)))
    survey, _ = ask(land, [rule()], [Band("day"), Band("night", 1.2)])
    by_day, by_night = rings(survey, 0, [3, 1]), rings(survey, 1, [1])
    assert [r.minutes for r in by_day] == [1, 3]
    for found, metres in ((by_day[0], 666.67), (by_day[1], 2_000), (by_night[0], 800)):
        merged = shapely.line_merge(shapely.union_all(found.lines))
        assert shapely.bounds(merged) == pytest.approx([X0 - metres, Y0, X0 + metres, Y0], abs=0.01)


def test_the_walking_circle_of_15_minutes_is_1125_metres() -> None:
    land = town([street((-2_900, 0), (2_900, 0))], posts=posts((0, 0)), buildings=homes((100, 10, 10)))
    survey, _ = ask(land, [rule(mode=Mode.FOOT)])
    (found,) = rings(survey, 0, [15])
    assert shapely.length(found.lines).sum() == pytest.approx(2 * 1_125)


@settings(max_examples=30)
@given(seed=st.integers(0, 10_000), minutes=st.tuples(st.floats(0.01, 1), st.floats(0.01, 1)))
def test_lines_are_as_long_as_the_metres_reached_and_a_wider_ring_holds_a_narrower_one(
    seed: int, minutes: tuple[float, float]
) -> None:
    network = random_network(seed, 15, 20)
    arrival = arrive(network, [0, 3], [0, 1])
    found = [ring(network, arrival, m) for m in sorted(minutes)]
    for one in found:
        metres = np.minimum(sum(reached_m(network, arrival, 60 * one.minutes)), network.length_m)
        assert shapely.length(one.lines).sum() == pytest.approx(metres.sum(), abs=0.01 * network.n_links)
        assert one.polygon.is_valid
        assert shapely.covers(one.polygon, one.lines).all()
    inner, outer = (shapely.union_all(one.lines) for one in found)
    assert inner.is_empty or shapely.covers(shapely.buffer(outer, 0.05), inner)


@given(
    corners=st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=2, max_size=6, unique=True),
    cut=st.tuples(st.floats(0, 1), st.floats(0, 1)),
)
def test_a_part_of_a_line_is_what_shapely_cuts_out(corners: list[tuple[int, int]], cut: tuple[float, float]) -> None:
    line = shapely.LineString(corners)
    low, high = (line.length * share for share in sorted(cut))
    if high - low < 1e-6:
        return
    other = shapely.LineString([(0, 0), (1, 0), (5, 0)])
    lines, which = np.array([other, line], object), np.array([1, 0, 1])
    parts = parts_of(lines, which, np.array([low, 0.5, 0]), np.array([high, 2, 9_999]))
    wanted = [shapely.ops.substring(line, low, high), shapely.LineString([(0.5, 0), (1, 0), (2, 0)]), line]
    assert (shapely.hausdorff_distance(parts, wanted) < 1e-6).all()
    assert shapely.length(parts) == pytest.approx([high - low, 1.5, line.length])


def test_blocks_are_filled_and_a_lake_stays_open() -> None:
    block, lake = shapely.box(0, 0, 200, 200), shapely.box(1_000, 0, 2_000, 1_000)
    shape = around(np.array([block.exterior, lake.exterior], object))
    assert shapely.covers(shape, block)
    assert not shapely.intersects(shape, lake.centroid)
    assert lake.area > BLOCK_M2 > block.area


def test_nothing_reached_is_an_empty_ring() -> None:
    network = city(4)
    found = ring(network, arrive(network, [], []), 5)
    assert len(found.lines) == 0
    assert shapely.is_empty(found.polygon)
