"""A book joins addresses with grids: which grid follows from what was found, and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from api.i18n import sentences
from api.usecases.look_up import Book
from api.usecases.look_up_answers import COLUMNS
from api.usecases.look_up_grids import GridPlaces, KnownGrids
from gis.address import AddressIndex, Match, build_index
from tests.address_town import address_plan, address_territory
from tests.service_town import FIRST, SECOND, lon_lat, middle

SIDES = {  # house number on 枫林路 -> grid: the odd side is all in C, the even side changes from A to B
    **dict.fromkeys((1, 5, 9), "C"),
    **dict.fromkeys((2, 6, 10), "A"),
    **dict.fromkeys((14, 18), "B"),
}


def squares(codes: Sequence[str]) -> list[shapely.Polygon]:
    """A row of squares of a hundredth of a degree, from 112.9 east, 28.2 north."""
    return [
        shapely.box(round(112.9 + k / 100, 2), 28.2, round(112.91 + k / 100, 2), 28.21) for k, _ in enumerate(codes)
    ]


def known(codes: Sequence[str] = "ABC", buildings: Mapping[str, str] | None = None, **facts: object) -> KnownGrids:
    return KnownGrids.of_rows(
        code=[f"G{code}" for code in codes],
        name=[f"第{code}网格" for code in codes],
        community=[f"33040201500{k}" for k, _ in enumerate(codes)],
        places=GridPlaces(lambda: np.array(squares(codes), dtype=object)),
        building=list(buildings or {}),
        grid=[f"G{code}" for code in (buildings or {}).values()],
        crosswalk=facts.get("crosswalk", ()),  # type: ignore[arg-type]
        meta={"plan_id": "P-1", **facts.get("meta", {})},  # type: ignore[dict-item]
    )


def index_of(rows: Sequence[tuple[str, str | None, float, float]]) -> AddressIndex:
    """An index of (text, building, lon, lat)."""
    text, building, lon, lat = zip(*rows)
    ids = [f"a{k}" for k, _ in enumerate(rows)]
    return build_index(pd.DataFrame({"id": ids, "text": text, "building_id": building, "lon": lon, "lat": lat}))


@pytest.fixture(scope="module")
def street() -> Book:
    rows = [(f"望城街道枫林路{number}号", f"b{number}", math.nan, math.nan) for number in SIDES]
    return Book.of(index_of(rows), known(buildings={f"b{number}": grid for number, grid in SIDES.items()}))


@pytest.mark.parametrize(
    ("number", "grid", "reason"),
    [
        (3, "GC", "grid_by_side"),
        (11, "GC", "grid_by_side"),
        (17, "GC", "grid_by_side"),
        (4, "GA", "grid_by_neighbours"),
        (8, "GA", "grid_by_neighbours"),
        (16, "GB", "grid_by_neighbours"),
        (12, None, "grids_differ"),
        (20, None, "grids_differ"),
        (19, None, "beyond_known"),
    ],
)
def test_of_a_door_that_does_not_exist_its_side_decides_then_its_neighbours(street, number, grid, reason) -> None:
    answer = street.look_up(f"枫林路{number}号")
    assert (answer.status, answer.building, answer.grid) == ("street", None, grid)
    assert answer.reasons[-1] == reason
    assert not any(code.startswith("grid") for code in answer.reasons[:-1])
    assert "door_absent" in answer.reasons


def test_beyond_one_or_two_doors_nobody_knows_and_a_name_that_was_guessed_proves_no_grid() -> None:
    rows = [(f"望城街道枫林路{one}号", f"b{one}", math.nan, math.nan) for one in (1, 3, 2)]
    book = Book.of(index_of(rows), known(buildings={"b1": "A", "b3": "A", "b2": "A"}))
    for number in (5, 4):
        answer = book.look_up(f"枫林路{number}号")
        assert (answer.status, answer.grid, answer.grids) == ("street", None, ("GA",))
        assert answer.reasons[-1] == "beyond_known"
    match = Match("street", (), np.arange(3, dtype=np.int32), ("corrected", "door_absent"), 0.4)
    answer = book._of_match("风林路9号", match, [], None)
    assert (answer.grid, answer.grids, answer.reasons[-1]) == (None, ("GA",), "place_unsure")


def test_several_that_may_be_meant_prove_their_common_grid_and_one_alone_proves_none() -> None:
    rows = [(f"望城街道枫林路{one}号", f"b{one}", math.nan, math.nan) for one in (1, 3, 2)]
    book = Book.of(index_of(rows), known(buildings={"b1": "A", "b3": "A", "b2": "B"}))
    for among, grid, grids in (((0, 1), "GA", ("GA",)), ((0,), None, ("GA",)), ((0, 2), None, ("GA", "GB"))):
        match = Match("ambiguous", (), np.array(among, dtype=np.int32), ("several_places",), 0.5)
        answer = book._of_match("枫林路", match, [], None)
        assert (answer.status, answer.grid, answer.grids) == ("ambiguous", grid, grids)
        assert ("grid_by_candidates" in answer.reasons) == (grid is not None)


@pytest.mark.parametrize(("number", "grid"), [(3, "GC"), (8, "GA"), (16, "GB"), (12, None), (20, None)])
def test_sides_and_neighbours_count_in_latin_script_too(number, grid) -> None:
    rows = [(f"Landstrasse {one}, 9490 Vaduz", f"b{one}", math.nan, math.nan) for one in SIDES]
    book = Book.of(index_of(rows), known(buildings={f"b{one}": its for one, its in SIDES.items()}))
    answer = book.look_up(f"Landstr. {number}, 9490 Vaduz")
    assert (answer.status, answer.building, answer.grid) == ("street", None, grid)


def test_a_door_that_exists_is_answered_by_itself(street) -> None:
    for number, grid in SIDES.items():
        answer = street.look_up(f"枫林路{number}号")
        assert (answer.building, answer.grid) == (f"b{number}", f"G{grid}")


def test_an_address_without_a_member_building_lies_where_its_point_lies() -> None:
    rows = [
        ("望城街道枫林路1号", None, 112.915, 28.205),
        ("望城街道枫林路3号", "strange", 112.905, 28.205),
        ("望城街道枫林路5号", "b1", 112.905, 28.205),  # its building is a member of another grid: that counts
        ("望城街道枫林路7号", None, math.nan, 28.2),
        ("望城街道枫林路9号", None, 10.0, 10.0),
    ]
    index = index_of(rows)
    for book in (Book(index, known(buildings={"b1": "C"})), Book.of(index, known(buildings={"b1": "C"}))):
        assert [book.look_up(row[0]).grid for row in rows] == ["GB", "GA", "GC", None, None]
        assert book.look_up(rows[3][0]).reasons == ("not_in_plan",)
        assert book.look_up(rows[3][0]).lon is None


def test_a_new_plan_swaps_one_array_and_leaves_the_index_alone(street) -> None:
    other = street.with_plan(known(buildings={f"b{number}": "B" for number in SIDES}, meta={"plan_id": "P-2"}))
    assert other.index is street.index
    assert other.grid_of() is not street.grid_of()
    answer = other.look_up("枫林路1号")
    assert (answer.grid, answer.plan, answer.building) == ("GB", "P-2", "b1")
    assert street.look_up("枫林路1号").grid == "GC"


def test_many_are_answered_as_one_by_one_whatever_way_they_are_joined(street) -> None:
    texts = [*(f"枫林路{k}号" for k in range(25)), "", "GA", "望城街道", "3", "枫林路"]
    alone = [Book(street.index, street.grids).look_up(text) for text in texts]
    assert street.look_up_many(texts) == alone
    assert street.look_up_many(texts * 120) == alone * 120


# -- codes


def test_a_code_is_answered_with_its_grid_and_a_retired_one_with_its_successors() -> None:
    walk = [("GX", "GA", 1.0), ("GY", "GB", 0.25), ("GY", "GC", 0.75), ("GA", "GA", 0.5)]
    book = Book(None, known(crosswalk=walk, meta={"retired_codes": "GX GY GZ"}))
    answer = book.look_up(" GB ")
    assert (answer.status, answer.grid, answer.reasons) == ("exact", "GB", ("grid_code",))
    assert answer.lon is not None
    assert book.look_up_points(answer.lon, answer.lat)[0].grid == "GB"
    answer = book.look_up("GX")
    assert (answer.status, answer.grid, answer.reasons) == ("exact", "GA", ("code_retired",))
    answer = book.look_up("GY")
    assert (answer.status, answer.grid, answer.reasons) == ("ambiguous", None, ("several_successors",))
    assert [(one.grid, one.score_frac) for one in answer.candidates] == [("GC", 0.75), ("GB", 0.25)]
    assert answer.grids == ("GB", "GC")
    answer = book.look_up("GZ")
    assert (answer.status, answer.reasons) == ("not_found", ("code_retired_before",))
    assert book.look_up("GA").reasons == ("grid_code",)
    assert book.look_up("Gå").reasons == ("no_addresses",)


# -- points


@pytest.fixture(scope="module")
def town() -> Book:
    return Book(None, KnownGrids.of_plan(address_plan()))


def test_a_point_lies_in_its_grid_and_one_on_a_border_in_the_lower_code(town) -> None:
    for letter, community in zip("ABCD", (FIRST, FIRST, SECOND, SECOND)):
        answer = town.look_up_points(*middle(letter))[0]
        assert (answer.status, answer.grid, answer.reasons) == ("exact", f"{community}{letter}", ())
    book = Book(None, known())
    assert book.look_up_points(112.91, 28.205)[0].grid == "GA"
    assert book.look_up_points(112.91, 28.205)[0].reasons == ("on_border",)


def test_a_point_outside_says_how_far_away_the_nearest_grid_is(town) -> None:
    answer = town.look_up_points(*lon_lat(-1.0, 1.0))[0]
    assert (answer.status, answer.grid, answer.reasons) == ("not_found", None, ("outside",))
    assert answer.facts["id"] == f"{FIRST}A"
    assert answer.facts["distance_m"] == pytest.approx(100, abs=1)
    assert "100" in answer.details("en")[0]


def test_swapped_coordinates_are_said_to_be_and_never_answered(town) -> None:
    lon, lat = middle("D")
    answer = town.look_up_points(lat, lon)[0]
    assert (answer.status, answer.grid, answer.reasons) == ("not_found", None, ("lon_lat_swapped",))
    assert f"{SECOND}D" in answer.details("zh")[0]


@pytest.mark.parametrize(
    "point", [(math.nan, 30.0), (120.0, math.nan), (math.inf, 0.0), (200.0, 30.0), (120.0, -91.0), (5e5, 3e6)]
)
def test_what_is_no_point_is_said_to_be_none(town, point) -> None:
    answer = town.look_up_points(*point)[0]
    assert (answer.status, answer.reasons) == ("not_found", ("point_unreadable",))
    assert answer.details("en")[0].startswith(("lon is", "lat is"))


def test_many_points_are_answered_as_one_by_one(town) -> None:
    source = np.random.default_rng(3)
    lon, lat = np.array([lon_lat(*place) for place in source.uniform(-1, 5, (300, 2))]).T
    lon[7], lat[9], lon[11] = np.nan, np.inf, 500.0
    many = town.look_up_points(lon, lat)
    alone = [town.look_up_points(x, y)[0] for x, y in zip(lon, lat)]
    assert list(map(repr, many)) == list(map(repr, alone))
    assert {answer.status for answer in many} == {"exact", "not_found"}


def test_without_grids_nothing_is_found_and_nothing_fails() -> None:
    book = Book(index_of([("望城街道枫林路1号", None, 112.9, 28.2)]), known(""))
    assert book.look_up("枫林路1号").reasons == ("not_in_plan",)
    assert book.look_up_points(112.9, 28.2)[0].reasons == ("no_grids",)
    assert book.look_up_points(112.9, 28.2, "33")[0].reasons == ("no_grids",)
    assert book.look_up("枫林路1号", "33").status == "not_found"


# -- jurisdictions


def test_what_lies_outside_the_jurisdiction_is_as_if_it_did_not_exist(street) -> None:
    a, b = street.grids.community[:2]
    assert street.look_up("枫林路1号", a).status == "not_found"
    assert street.look_up("枫林路2号", a).grid == "GA"
    answer = street.look_up("枫林路12号", a)
    assert (answer.grid, answer.grids) == ("GA", ("GA",))
    assert street.look_up("GB", a).status == "not_found"
    assert street.look_up("GB", b).grid == "GB"
    assert street.look_up_points(112.925, 28.205, a)[0].facts["id"] == "GA"
    hidden = street.look_up("枫林路14号", a)
    assert "GB" not in repr(hidden)


# -- properties


@pytest.fixture(scope="module")
def whole() -> Book:
    land = address_territory()
    addresses = land["addresses"].to_crs(4326)
    table = pd.DataFrame(addresses.drop(columns="geometry")).assign(lon=addresses.geometry.x, lat=addresses.geometry.y)
    return Book.of(build_index(table), KnownGrids.of_plan(address_plan()))


def test_every_address_finds_itself_and_the_grid_of_its_building(whole) -> None:
    filed = address_plan()
    grid_of = dict(zip(filed.members["id"], filed.members["grid"]))
    index = whole.index
    assert index is not None
    for row in range(len(index)):
        answer = whole.look_up(index.text(row))
        assert (answer.status, answer.matched_text, answer.building) == (
            "exact",
            index.text(row),
            index.building_id(row),
        )
        if answer.building is not None:
            assert answer.grid == grid_of[answer.building]


@settings(max_examples=300)
@given(st.text(st.sampled_from("望月小区银盆苑枫林路麓山0123456789栋号楼三 ,-之附#（）\x00a😀\ud800"), max_size=30))
def test_any_text_is_answered_with_reasons_that_have_a_sentence(whole, text) -> None:
    answer = whole.look_up(text)
    assert answer.query == text
    assert tuple(answer.row()) == COLUMNS
    assert (answer.grid is not None) <= (answer.grids == (answer.grid,))
    assert answer.status == "exact" or answer.reasons
    assert len(answer.candidates) <= 5
    assert (answer.building is not None) <= (answer.status in ("exact", "building"))
    for code in (*answer.reasons, *(code for one in answer.candidates for code in one.reasons)):
        for language in ("en", "zh"):
            assert f"address_{code}" in sentences(language)
