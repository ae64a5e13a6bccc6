"""What tags of the map mean in our columns."""

from __future__ import annotations

import pytest

from gis.households import USES
from gis.readers.osm import tags as read
from gis.readers.osm.estates import estate_kind
from gis.readers.osm.scan import KEPT


@pytest.mark.parametrize(
    ("tags", "use"),
    [
        ({"building": "yes"}, None),
        ({"building": "apartments"}, "apartments"),
        ({"building": "detached"}, "house"),
        ({"building": "Mixed_Use"}, "mixed"),
        ({"building": "yes", "amenity": "school"}, "school"),
        ({"building": "yes", "amenity": "place_of_worship"}, "religious"),
        ({"building": "yes", "office": "government"}, "government"),
        ({"building": "yes", "tourism": "hotel"}, "hotel"),
        ({"building": "yes", "shop": "bakery"}, "mixed"),
        ({"building": "yes", "shop": "vacant"}, None),
        ({"building": "yes", "amenity": "restaurant"}, None),
        ({"building": "garages"}, "garage"),
        ({"building": "yes", "historic": "castle"}, "culture"),
    ],
)
def test_the_use_of_a_building_comes_from_its_tags(tags: dict[str, str], use: str | None) -> None:
    assert read.building_use(tags) == use


def test_every_use_the_map_gives_is_one_the_household_model_knows() -> None:
    assert set(read._BUILDING_USES.values()) | set(read._AMENITY_USES.values()) | set(read._ZONE_USES.values()) <= set(
        USES
    )


@pytest.mark.parametrize(
    ("tags", "levels"),
    [
        ({"building:levels": "5"}, 5),
        ({"building:levels": "2.5"}, 3),
        ({"building:levels": "0"}, 1),
        ({"building:levels": "3;4"}, None),
        ({"building:levels": "-1"}, None),
        ({"building:levels": "9999"}, None),
        ({"height": "32 m"}, 10),
        ({"height": "100 ft"}, 10),
        ({}, None),
    ],
)
def test_levels_are_parsed_or_left_open(tags: dict[str, str], levels: int | None) -> None:
    assert read.levels(tags) == levels


@pytest.mark.parametrize(
    ("text", "speed"), [("50", 50.0), ("30 mph", 48.3), ("walk", 7.0), ("CH:urban", None), ("none", None), (None, None)]
)
def test_speeds_are_in_kilometres_an_hour(text: str | None, speed: float | None) -> None:
    assert read.speed_kmh(text) == speed


@pytest.mark.parametrize(
    ("tags", "heading"),
    [
        ({"camera:direction": "90"}, 90.0),
        ({"direction": "NW"}, 315.0),
        ({"direction": "350-10"}, 0.0),
        ({"direction": "90-180"}, 135.0),
        ({"direction": "forward"}, None),
        ({"direction": "400"}, None),
        ({}, None),
    ],
)
def test_camera_headings_are_degrees_from_north(tags: dict[str, str], heading: float | None) -> None:
    assert read.heading_deg(tags) == heading


@pytest.mark.parametrize(
    ("tags", "way"),
    [
        ({"highway": "residential"}, "no"),
        ({"highway": "residential", "oneway": "yes"}, "yes"),
        ({"highway": "residential", "oneway": "-1"}, "-1"),
        ({"highway": "residential", "junction": "roundabout"}, "yes"),
        ({"highway": "motorway"}, "yes"),
        ({"highway": "motorway", "oneway": "no"}, "no"),
    ],
)
def test_oneway_is_read_and_implied(tags: dict[str, str], way: str) -> None:
    assert read.oneway(tags) == way


@pytest.mark.parametrize(
    ("tags", "foot"),
    [
        ({"highway": "service", "access": "private"}, "private"),
        ({"highway": "service", "access": "private", "foot": "yes"}, "yes"),
        ({"highway": "motorway"}, "no"),
        ({"highway": "primary", "foot": "no"}, "no"),
        ({"highway": "residential"}, "yes"),
    ],
)
def test_whether_people_may_walk(tags: dict[str, str], foot: str) -> None:
    assert read.foot(tags) == foot


@pytest.mark.parametrize(
    ("tags", "kind"),
    [
        ({"waterway": "river"}, "river"),
        ({"waterway": "stream"}, None),
        ({"waterway": "canal", "tunnel": "culvert"}, None),
        ({"railway": "rail"}, "railway"),
        ({"railway": "rail", "tunnel": "yes"}, None),
        ({"railway": "rail", "bridge": "viaduct"}, None),
        ({"railway": "rail", "service": "yard"}, None),
        ({"railway": "tram"}, None),
        ({"railway": "abandoned"}, None),
        ({"highway": "motorway"}, "motorway"),
        ({"highway": "trunk"}, None),
        ({"highway": "trunk", "motorroad": "yes"}, "motorway"),
        ({"barrier": "fence"}, "wall"),
        ({"barrier": "kerb"}, None),
    ],
)
def test_what_divides_the_land(tags: dict[str, str], kind: str | None) -> None:
    assert read.barrier_kind(tags) == kind


@pytest.mark.parametrize(
    ("tags", "text"),
    [
        ({"addr:street": "Kirchstrasse", "addr:housenumber": "67", "addr:postcode": "9490", "addr:city": "Vaduz"},
         "Kirchstrasse 67, 9490 Vaduz"),
        ({"addr:street": "成府路", "addr:housenumber": "53", "addr:city": "北京市", "addr:district": "海淀区"},
         "北京市海淀区成府路53号"),
        ({"addr:street": "成府路", "addr:housenumber": "8", "addr:housename": "大厦D座"}, "成府路8号大厦D座"),
        ({"addr:street": "成府路", "addr:housenumber": "甲28号"}, "成府路甲28号"),
        ({"addr:full": "1 Some Lane"}, "1 Some Lane"),
    ],
)  # fmt: skip
def test_addresses_read_in_the_order_of_their_language(tags: dict[str, str], text: str) -> None:
    number = tags.get("addr:housenumber", "")
    assert read.address_text(tags, tags.get("addr:street", ""), number, tags.get("addr:city", "")) == text


def test_two_house_numbers_in_one_tag_are_two_addresses() -> None:
    assert read.house_numbers({"addr:housenumber": "12;14, 14"}) == ["12", "14"]
    assert read.house_numbers({"addr:housenumber": "12-16"}) == ["12-16"]
    assert read.house_numbers({}) == []


@pytest.mark.parametrize(
    ("tags", "kind"),
    [
        ({"landuse": "residential"}, "estate"),
        ({"amenity": "school"}, "school"),
        ({"amenity": "school", "building": "yes"}, None),
        ({"amenity": "marketplace"}, "market"),
        ({"landuse": "retail"}, "business"),
        ({"leisure": "park"}, "park"),
        ({"landuse": "forest"}, None),
    ],
)
def test_which_kind_of_estate_an_area_could_be(tags: dict[str, str], kind: str | None) -> None:
    assert estate_kind(tags) == kind


def test_no_tag_about_a_person_or_an_operator_is_ever_kept() -> None:
    assert not [key for key in KEPT if any(word in key for word in ("operator", "contact", "phone", "email", "owner"))]
