"""Looking for buildings, addresses and streets on the ground of a plan."""

from __future__ import annotations

import pytest

from api.usecases.plan_desk import Place
from api.usecases.plan_find import Names, fold
from partition.edits import prepare
from tests.plan_kit import drawn_town


@pytest.fixture(scope="module")
def place() -> Place:
    town = drawn_town()
    return Place(town.territory, town.rules, prepare(town.territory, town.atoms, town.rules))


@pytest.fixture(scope="module")
def names(place: Place) -> Names:
    return Names(place)


def test_every_building_is_found_by_its_id_on_its_piece_of_ground(place: Place, names: Names) -> None:
    buildings = place.territory["buildings"]
    for id in buildings["id"].tolist()[::97]:
        first = names.find(id, 1)[0]
        assert (first.kind, first.text) == ("building", id)
        assert first.atom == place.ground.atom_of.get(("building", id))


def test_what_is_called_so_comes_before_what_only_begins_so(place: Place, names: Names) -> None:
    id = place.territory["buildings"]["id"].iloc[0]
    texts = [fold(one.text) for one in names.find(id[:-1], 50)]
    ranks = [0 if t == fold(id[:-1]) else 1 if t.startswith(fold(id[:-1])) else 2 for t in texts]
    assert len(texts) > 1
    assert ranks == sorted(ranks)


def test_an_address_leads_to_the_ground_of_its_building(place: Place, names: Names) -> None:
    row = place.territory["addresses"].iloc[5]
    found = next(one for one in names.find(row["text"], 5) if one.kind == "address")
    assert found.atom == place.ground.atom_of.get(("building", row["building_id"]))


def test_a_street_is_told_once(place: Place, names: Names) -> None:
    name = place.territory["streets"]["name"].dropna().iloc[0]
    found = [one.text for one in names.find(name, 50) if one.kind == "street"]
    assert len(found) == len(set(found)) >= 1


def test_width_case_and_space_do_not_count(place: Place, names: Names) -> None:
    id = place.territory["buildings"]["id"].iloc[0]
    wide = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in id.upper())
    assert names.find(f"  {wide} ", 1)[0].text == id
    assert names.find("   ", 5) == []
