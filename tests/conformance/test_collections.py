"""OGC API - Features Part 1, points 5 to 11: the collections."""

from __future__ import annotations

from datetime import datetime

import shapely
import shapely.geometry

from data.store.rooms.collections import COLLECTIONS
from tests.served import Served

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"


def of(served: Served, collection: str) -> dict:
    (found,) = [each for each in served.json("/collections")["collections"] if each["id"] == collection]
    return found


def test_05_collections_answer_with_links_and_collections(served: Served) -> None:
    document = served.json("/collections")
    assert document["links"]
    assert document["collections"]


def test_06_collections_link_to_themselves_and_state_the_type(served: Served) -> None:
    document = served.json("/collections")
    (own,) = [link for link in document["links"] if link["rel"] == "self"]
    assert own == own | {"href": f"{served.url}/collections", "type": "application/json"}
    assert all(link["type"] for link in document["links"])


def test_07_every_collection_that_is_served_is_listed_once(served: Served) -> None:
    assert [each["id"] for each in served.json("/collections")["collections"]] == list(COLLECTIONS)


def test_08_every_collection_links_to_its_items_in_each_encoding(served: Served, collection: str) -> None:
    items = [link for link in of(served, collection)["links"] if link["rel"] == "items"]
    assert [link["type"] for link in items] == ["application/geo+json"]
    answer = served.get(items[0]["href"], headers={"Accept": items[0]["type"]})
    assert answer.headers["content-type"] == items[0]["type"]


def test_09_the_extent_holds_every_feature(served: Served, collection: str) -> None:
    features = served.all_features(f"/collections/{collection}/items?limit=10000")
    assert features, "the town has something of everything"
    extent = of(served, collection)["extent"]
    (box,) = extent["spatial"]["bbox"]
    west, south, east, north = shapely.total_bounds([shapely.geometry.shape(f["geometry"]) for f in features])
    assert box == [west, south, east, north]
    times = COLLECTIONS[collection].times
    assert ("temporal" in extent) == (times is not None)
    if times is not None:
        ((first, last),) = extent["temporal"]["interval"]
        starts = [datetime.fromisoformat(f["properties"][times[0]]) for f in features]
        assert datetime.fromisoformat(first) == min(starts)
        ends = [f["properties"][times[1]] for f in features]
        assert (last is None) == (None in ends)


def test_10_coordinates_are_longitude_and_latitude(served: Served, collection: str) -> None:
    document = of(served, collection)
    assert document["crs"][0] == CRS84
    features = served.json(f"/collections/{collection}/items?limit=200")["features"]
    for feature in features:
        shape = shapely.geometry.shape(feature["geometry"])
        west, south, east, north = shape.bounds
        assert -180 <= west <= east <= 180
        assert -90 <= south <= north <= 90
        assert not shapely.has_z(shape)


def test_11_a_collection_alone_says_what_the_list_says(served: Served, collection: str) -> None:
    alone, listed = served.json(f"/collections/{collection}"), of(served, collection)
    assert alone == listed
    assert {"id", "title", "description", "extent", "itemType", "links"} <= alone.keys()
    assert alone["itemType"] == "feature"
    assert all(served.get(link["href"]).status_code == 200 for link in alone["links"])


def test_11_titles_come_in_the_readers_language(served: Served, collection: str) -> None:
    path = f"/collections/{collection}"
    chinese = served.json(path, headers={"Accept-Language": "zh-CN,zh;q=0.9"})["title"]
    english = served.json(path, headers={"Accept-Language": "en"})["title"]
    assert any("\u4e00" <= letter <= "\u9fff" for letter in chinese)
    assert english.isascii()
    assert served.json(f"{path}?lang=zh", headers={"Accept-Language": "en"})["title"] == chinese
