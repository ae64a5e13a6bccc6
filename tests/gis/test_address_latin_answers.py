"""Answers to addresses in Latin script: what a row of the layer proves, and nothing else."""

from __future__ import annotations

import csv
import random
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.address import build_index
from gis.address.characters import fold
from gis.address.latin_spelling import number_key


def _layer() -> pd.DataFrame:
    rows = [
        ("Dorfstrasse", "24", "Triesen", "9495"),
        ("Dorfstrasse", "26", "Triesen", "9495"),
        ("Dorfstrasse", "24", "Balzers", "9496"),
        ("Städtle", "9", "Vaduz", "9490"),
        ("Städtle", "9a", "Vaduz", "9490"),
        ("Städtle", "11", "Vaduz", "9490"),
        ("Im Rietacker", "4", "Schaan", "9494"),
        ("Rue Grimaldi", "12bis", "Monaco", "98000"),
        ("Rue Grimaldi", "14", "Monaco", "98000"),
        ("Landstrasse", "2-4", "Schaan", "9494"),
    ]
    return pd.DataFrame(
        {
            "id": [f"a{k}" for k in range(len(rows))],
            "text": [f"{street} {number}, {code} {town}" for street, number, town, code in rows],
            "street": [row[0] for row in rows],
            "number": [row[1] for row in rows],
            "town": [row[2] for row in rows],
            "building_id": [f"b{k}" for k in range(len(rows))],
        }
    )


@pytest.fixture(scope="module")
def index():  # type: ignore[no-untyped-def]
    return build_index(_layer())


@pytest.mark.parametrize(
    ("text", "row", "status"),
    [
        ("Dorfstr. 24 Triesen", 0, "exact"),
        ("24 Dorfstrasse, Balzers", 2, "exact"),
        ("9496 Balzers, Dorfstrasse 24", 2, "exact"),
        ("staedtle 9A, FL-9490 Vaduz", 4, "exact"),
        ("Städtle 9 a", 4, "exact"),
        ("STADTLE 9", 3, "exact"),
        ("12 bis r. Grimaldi Monaco", 7, "building"),
        ("12 bis rue grimaldi", 7, "exact"),
        ("Landstr. 2 - 4, Schaan", 9, "exact"),
        ("Staedle 11, Vaduz", 5, "building"),
        ("Im Rietaker 4", 6, "building"),
        ("Top 3, Städtle 11 Vaduz", 5, "exact"),
    ],
)
def test_an_address_finds_its_row(index, text: str, row: int, status: str) -> None:  # type: ignore[no-untyped-def]
    match = index.find(text)
    assert (match.status, match.row) == (status, row), match


@pytest.mark.parametrize(
    "text",
    [
        "Städtle 10, Vaduz",
        "Städtle 9b, Vaduz",
        "Städtle 90",
        "12 Rue Grimaldi Monaco",
        "Rue Grimaldi 14 bis",
        "Dorfstrasse 26, Balzers",
        "Landstrasse 24, Schaan",
        "Unbekannte Gasse 9, Vaduz",
        "Vaduz",
        "9490 Vaduz",
        "12",
        "Städtle 11 Paris",
        "Obere Dorfstrasse 26 Triesen",
    ],
)
def test_what_is_not_in_the_layer_is_not_answered_with_a_building(index, text: str) -> None:  # type: ignore[no-untyped-def]
    assert index.find(text).row is None


def test_one_street_in_two_towns_is_ambiguous_without_the_town(index) -> None:  # type: ignore[no-untyped-def]
    match = index.find("Dorfstrasse 24")
    assert match.status == "ambiguous"
    assert match.among.tolist() == [0, 2]


def test_a_missing_number_leaves_the_side_of_the_street(index) -> None:  # type: ignore[no-untyped-def]
    match = index.find("Städtle 13, Vaduz")
    assert match.status == "street"
    assert {"door_absent", "grid_by_side"} <= set(match.reasons)
    assert match.among.tolist() == [3, 4, 5]


def test_a_town_that_nobody_knows_leaves_the_answer_open(index) -> None:  # type: ignore[no-untyped-def]
    known, absent = index.find("Städtle 11, Paris"), index.find("Städtle 13, Paris")
    assert (known.status, known.among.tolist(), known.dropped) == ("ambiguous", [5], "PARIS")
    assert "region_unchecked" in known.reasons
    assert (absent.status, absent.reasons) == ("not_found", ("region_unchecked",))


def test_where_the_layer_names_no_towns_an_unknown_word_lowers_the_confidence() -> None:
    table = pd.DataFrame({"id": ["a", "b"], "text": ["1 DELTA AVE", "2 DELTA AVE"]})
    index = build_index(table)
    match = index.find("Blk 1 Delta Avenue Paris")
    assert (match.status, match.row, match.reasons) == ("building", 0, ("region_unchecked",))
    assert match.confidence < index.find("Blk 1 Delta Avenu").confidence < 1.0


def test_houses_of_a_village_without_streets_are_found_by_its_name() -> None:
    table = pd.DataFrame({"id": ["a", "b", "c"], "text": ["21, Balzers", "22, Balzers", "Balznerstrasse 21, Vaduz"]})
    index = build_index(table)
    assert index.find("21 Balzers").row == 0
    assert index.find("Balzers 22").row == 1
    assert index.find("Balzers 23").row is None


def test_who_types_the_umlaut_means_it() -> None:
    table = pd.DataFrame({"id": ["a", "b"], "text": ["Bodastrasse 4, Triesenberg", "Bödastrasse 4, Triesenberg"]})
    index = build_index(table.assign(building_id=["x", "y"]))
    assert index.find("4 Bödastrasse, Triesenberg").row == 1
    assert index.find("4 Bodastr., Triesenberg").status == "ambiguous"


def test_one_mistake_in_a_kind_of_way_is_mended_whatever_the_layer_writes() -> None:
    table = pd.DataFrame({"id": ["a", "b"], "text": ["5 BEDOK NTH AVE 1", "5 BEDOK STH AVE 1"]})
    index = build_index(table)
    for text in ("5 Bedok North Aveneu 1", "5 Bedok Nroth Avenue 1", "5 Bedok Norht Ave 1"):
        assert (index.find(text).status, index.find(text).row) == ("building", 0), text
    assert index.find("5 Bedok Ave 1").status == "ambiguous"
    assert index.find("5 Bedok North Ave 2").row is None


def test_a_range_asked_is_never_one_of_its_numbers_for_sure(index) -> None:  # type: ignore[no-untyped-def]
    match = index.find("Städtle 9-11, Vaduz")
    assert match.status == "ambiguous"
    assert "range_asked" in match.reasons


def test_every_row_of_a_layer_finds_itself(index) -> None:  # type: ignore[no-untyped-def]
    for row, (text, number, street, town) in enumerate(
        _layer()[["text", "number", "street", "town"]].itertuples(index=False)
    ):
        assert index.find(text).row == row
        assert index.find(f"{number} {street}, {town}").row == row


def test_a_row_more_changes_no_other_answer() -> None:
    table = _layer()
    more = pd.concat(
        [
            table,
            table.iloc[[5]].assign(
                id="z", building_id="bz", street="Neugut", text="Neugut 77, 9495 Triesen", number="77"
            ),
        ],
        ignore_index=True,
    )
    before, after = build_index(table), build_index(more)
    for text in (*table["text"], "Dorfstr. 24", "Staedle 11", "Nowhere 5", "Rue Grimaldi 13"):
        one, other = before.find(text), after.find(text)
        assert (one.status, one.row, one.reasons) == (other.status, other.row, other.reasons)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "Städtle",
                "Dorfstrasse",
                "9",
                "9a",
                "24",
                "Vaduz",
                ",",
                "9490",
                "-",
                "/",
                "bis",
                "#",
                "(",
                "Rue",
                "Grimaldi",
            ]
        ),
    )
)
def test_an_answered_number_is_the_number_asked(index, words: list[str]) -> None:  # type: ignore[no-untyped-def]
    match = index.find(" ".join(words))
    if match.row is not None:
        asked = number_key(fold(" ".join(words)))
        assert number_key(fold(_layer()["number"][match.row])) in asked


def test_singapore_blocks_are_found_written_out_and_never_mixed_up(shared_data: Path) -> None:
    with (shared_data / "singapore-hdb" / "blocks.csv").open(encoding="utf-8") as file:
        rows = [(row["blk_no"], row["street"]) for row in csv.DictReader(file)]
    table = pd.DataFrame(
        {
            "id": [str(k) for k in range(len(rows))],
            "text": [f"{block} {street}" for block, street in rows],
            "street": [street for _, street in rows],
            "number": [block for block, _ in rows],
        }
    )
    index = build_index(table)
    long = {"AVE": "Avenue", "ST": "Street", "RD": "Road", "NTH": "North", "BT": "Bukit", "JLN": "Jalan", "DR": "Drive"}
    known = set(rows)
    for k in random.Random(2).sample(range(len(rows)), 300):
        block, street = rows[k]
        written = " ".join(long.get(word, word.title()) for word in street.split())
        assert index.find(f"Blk {block} {written} #03-14 S(5600{k % 100:02d})").row == k
        absent = f"{block}X" if (f"{block}X", street) not in known else f"{block}Y"
        assert index.find(f"{absent} {written}").row is None
