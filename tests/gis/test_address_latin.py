"""Addresses in Latin script: one spelling, numbers that stay themselves, and names the layer decides."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.address.characters import fold
from gis.address.latin import latin_row, read_latin
from gis.address.latin_lists import mistyped_kinds
from gis.address.latin_names import LatinBook
from gis.address.latin_spelling import is_latin, name_key, number_key
from gis.address.latin_words import OTHERS, SIDES, TYPES

STREETS = [
    "Ang Mo Kio Ave 1",
    "Ang Mo Kio Ave 10",
    "Bedok North Road",
    "Bedok South Road",
    "Upper Bedok Road",
    "Lor 1 Toa Payoh",
    "Queen's Close",
    "Rue Grimaldi",
    "Boulevard de Suisse",
    "Rue du 11 Novembre",
    "Avenue Albert II",
    "Schaaner Strasse",
    "Äulestrasse",
    "Dorfstrasse",
    "Obere Landstraße",
    "Untere Landstraße",
]
TOWNS = ["Vaduz", "Triesen", "Monaco"]


def _key(text: str) -> str:
    return name_key(fold(text))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Avenue de la Madone", "AV MADONE"),
        ("Avinguda Carlemany", "Av. Carlemany"),
        ("Carrer de la Unió", "C Unio"),
        ("Boulevard d'Italie", "bd italie"),
        ("Boulevard d'Italie", "BLVD. D’ITALIE"),
        ("Saint-Michel", "St. Michel"),
        ("Jalan Bukit Merah", "JLN BT MERAH"),
        ("Lorong 1 Toa Payoh", "LOR 1 TOA PAYOH"),
        ("Tanjong Pagar Plaza", "TG PAGAR PLAZA"),
        ("Upper Cross Street", "UPP CROSS ST"),
        ("Commonwealth Close", "C'WEALTH CL"),
        ("Queen's Close", "QUEENS CL"),
        ("Toa Payoh Central", "TOA PAYOH CTRL"),
        ("Bedok North Crescent", "bedok nth cres"),
        ("Schaanerstrasse", "Schaaner-Straße"),
        ("Hauptstr.", "Hauptstraße"),
        ("Josef Murr Weg", "Josef-Murr-Weg"),
        ("Goethegasse", "Göthegasse"),
        ("Mühleweg", "MUEHLEWEG"),
        ("Mühleweg", "Muhleweg"),
        ("Quai Antoine 1er", "QUAI ANTOINE 1ER"),
        ("Quai Antoine 1er", "quai Antoine Premier"),
        ("Avenue Albert II", "av. Albert 2"),
        ("Via IV Novembre", "via Quattro Novembre"),
        ("Rue du Huit Mai 1945", "Rue du 8 Mai 1945"),
        ("Lorong One Toa Payoh", "LOR 1 TOA PAYOH"),
    ],
)
def test_forms_of_one_name_have_one_key(one: str, other: str) -> None:
    assert _key(one) == _key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ang Mo Kio Ave 1", "Ang Mo Kio Ave 10"),
        ("Ang Mo Kio Ave 1", "Ang Mo Kio St 1"),
        ("Bedok North Road", "Bedok South Road"),
        ("Rue des Roses", "Avenue des Roses"),
        ("Im Dorf", "Dorf"),
        ("Austrasse", "Strasse"),
    ],
)
def test_different_names_have_different_keys(one: str, other: str) -> None:
    assert _key(one) != _key(other)


def test_a_key_is_its_own_key() -> None:
    for name in STREETS:
        assert name_key(_key(name)) == _key(name)


def test_every_form_leads_to_a_form_that_stays() -> None:
    table = {**OTHERS, **SIDES, **TYPES}
    assert len(table) == len(OTHERS) + len(SIDES) + len(TYPES), "a word is in two tables"
    assert [form for form, short in table.items() if table.get(short, short) != short] == []


@pytest.mark.parametrize(
    ("written", "spelt"),
    [
        ("11 a", "11A"),
        ("Blk 09", "9"),
        ("32 Bis", "32BIS"),
        ("12 – 14", "12-14"),
        ("36 a-b", "36A-B"),
        ("12/3", "12/3"),
        ("No. 7", "7"),
        ("100", "100"),
    ],
)
def test_house_numbers_have_one_spelling(written: str, spelt: str) -> None:
    assert number_key(fold(written)) == spelt
    assert number_key(spelt) == spelt


@pytest.mark.parametrize(
    ("text", "number", "postcode"),
    [
        ("9A Bedok South Avenue 2 #05-12 S(460009)", "9A", "460009"),
        ("Blk 12 Lor 1 Toa Payoh Singapore 310012", "12", "310012"),
        ("Dorfstrasse 24, 9495 Triesen", "24", "9495"),
        ("FL-9490 Vaduz, Städtle 23", "23", "9490"),
        ("12 bis Rue du 11 Novembre 98000 Monaco", "12BIS", "98000"),
        ("34 b Rue Grimaldi", "34B", ""),
        ("dorstener str. 415 44809 bochum", "415", "44809"),
        ("marie-curie-str. 3 | 40764 langenfeld", "3", "40764"),
        ("fröbelstraße 17 / 30451 hannover", "17", "30451"),
        ("100 Rue des Haies75020", "100", "75020"),
        ("vondelpark 5 1071AA amsterdam", "5", "1071AA"),
        ("12 Downing Street SW1A 2AA", "12", "SW1A2AA"),
        ("6 rue brulee - 57100 - thionville", "6", "57100"),
        ("2 Place du 12 Mai Figeac", "2", ""),
        ("3rd floor, 12-14 Kirchstr. 9490", "12-14", "9490"),
        ("Wien, Landstr. 12/3", "12/3", ""),
        ("933 Route d'Apt 04100", "933", "04100"),
        ("28 L'Hôtel Corbet", "28", ""),
        ("Apt 4B, 5 Rue Grimaldi", "5", ""),
    ],
)
def test_numbers_are_told_apart(text: str, number: str, postcode: str) -> None:
    parts = read_latin(fold(text))
    assert (parts.options[0].number, parts.postcode) == (number, postcode)
    assert parts.options[-1].number == ""


def test_what_lies_inside_a_building_is_left_out() -> None:
    parts = read_latin(fold("9A Bedok South Avenue 2 #05-12, Level 3, tel 0042312345678"))
    assert parts.dropped == ("#05-12", "0042312345678", "LEVEL 3")
    kept = {
        word.text for option in parts.options for run in (option.before, option.after, *option.others) for word in run
    }
    assert not kept & {"05", "LEVEL", "0042312345678"}


def test_a_row_without_columns_is_read_by_grammar() -> None:
    assert latin_row(fold("Dorfstrasse 24, 9495 Triesen")) == {
        "number": "24",
        "street": "DORFSTRASSE",
        "town": "TRIESEN",
    }
    assert latin_row(fold("9A DELTA AVE")) == {"number": "9A", "street": "DELTA AVE"}
    assert latin_row(fold("48, Triesenberg")) == {"number": "48", "town": "TRIESENBERG"}


@pytest.fixture(scope="module")
def book() -> LatinBook:
    return LatinBook.of(STREETS, TOWNS)


@pytest.mark.parametrize(
    ("text", "street", "number"),
    [
        ("Ang Mo Kio Avenue 1", "Ang Mo Kio Ave 1", ""),
        ("5 Ang Mo Kio Avenue 10", "Ang Mo Kio Ave 10", "5"),
        ("5 Toa Payoh Lorong 1", "Lor 1 Toa Payoh", "5"),
        ("12 boulevard de suisse monaco", "Boulevard de Suisse", "12"),
        ("Schaanerstr. 7", "Schaaner Strasse", "7"),
        ("aeulestr 7", "Äulestrasse", "7"),
        ("7 rue du 11 novembre", "Rue du 11 Novembre", "7"),
        ("7 Rue Grimladi", "Rue Grimaldi", "7"),
        ("7 Bedok Nroth Road", "Bedok North Road", "7"),
        ("Unteere Landstrasse 7", "Untere Landstraße", "7"),
        ("7 Grimaldi", "Rue Grimaldi", "7"),
        ("7 Ru Grimaldi", "Rue Grimaldi", "7"),
        ("Dorfstrase 7, Triesen", "Dorfstrasse", "7"),
    ],
)
def test_the_names_of_the_layer_decide_how_an_address_is_read(
    book: LatinBook, text: str, street: str, number: str
) -> None:
    first = book.read(fold(text))[0]
    assert ([STREETS[place] for place in first.streets], first.number) == ([street], number)


@pytest.mark.parametrize(
    ("text", "never"),
    [
        ("5 Ang Mo Kio Ave 100", "Ang Mo Kio Ave 10"),
        ("5 Ang Mo Kio Ave 2", "Ang Mo Kio Ave 1"),
        ("5 Avenue Albert III", "Avenue Albert II"),
    ],
)
def test_numerals_of_a_name_are_never_mended(book: LatinBook, text: str, never: str) -> None:
    for reading in book.read(fold(text)):
        assert never not in [STREETS[place] for place in reading.streets] or reading.apart


@pytest.mark.parametrize(
    ("text", "never"),
    [("5 Bedok West Road", "Bedok North Road"), ("5 Avenue Grimaldi", "Rue Grimaldi"), ("5 Obere Dorfstrasse", "")],
)
def test_kinds_and_sides_are_not_mended_to_others(book: LatinBook, text: str, never: str) -> None:
    for reading in book.read(fold(text)):
        names = [STREETS[place] for place in reading.streets]
        assert never not in names or reading.street_similar_frac < 0.75 or reading.apart


def test_slips_that_may_mean_a_kind_of_way_are_known_in_the_spelling_compared() -> None:
    assert mistyped_kinds("AVNEUE") == ("AV",)
    assert mistyped_kinds("STRET") == ("ST",)
    assert mistyped_kinds("VANUE") == ("AV",), "VAENUE, as names are compared"
    assert mistyped_kinds("GRIMALDI") == ()


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60) | st.from_regex(re.compile(r"[A-Za-z0-9 ,.#()/'-]{0,60}"), fullmatch=True))
def test_no_text_breaks_the_reading(text: str) -> None:
    folded = fold(text)
    parts = read_latin(folded)
    assert parts.options[-1].number == ""
    digits = re.sub(r"[^0-9]", "", folded)
    for option in parts.options:
        assert re.sub(r"[^0-9]", "", option.number).lstrip("0") in digits
    assert is_latin(folded) in (True, False)
    assert name_key(folded) == name_key(folded.lower().upper())


def test_published_cases_are_split_into_street_and_number(shared_data: Path) -> None:
    lines = (shared_data / "address" / "latin_geocoder_tester.jsonl").read_text(encoding="utf-8").splitlines()
    cases = [
        case for case in map(json.loads, lines) if case.get("expected_street") and case.get("expected_housenumber")
    ]
    cases = random.Random(6).sample(cases, 1_500)
    streets = sorted({case["expected_street"] for case in cases})
    book = LatinBook.of(streets)
    right = 0
    for case in cases:
        first = book.read(fold(case["query"]))[0]
        is_street = any(_key(streets[place]) == _key(case["expected_street"]) for place in first.streets)
        right += is_street and first.number == number_key(fold(case["expected_housenumber"]))
    assert right / len(cases) > 0.985
