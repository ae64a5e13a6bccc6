"""OGC API - Features Part 1, points 12 to 16, 19 and 21 to 23: features, their pages, single ones, GeoJSON."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
import shapely
import shapely.geometry
from sqlalchemy import select

from data.store.rooms.collections import COLLECTIONS
from tests.served import Served, another_camera

GEOJSON = "application/geo+json"


def items(collection: str, query: str = "") -> str:
    return f"/collections/{collection}/items{query}"


def parameter(served: Served, name: str) -> dict:
    (path,) = [p for p in served.json("/api")["paths"] if p.endswith("/items")]
    (found,) = [p for p in served.json("/api")["paths"][path]["get"]["parameters"] if p["name"] == name]
    return found


def by_rel(document: dict) -> dict[str, dict]:
    return {link["rel"]: link for link in document["links"]}


def test_12_features_come_as_a_feature_collection(served: Served, collection: str) -> None:
    answer = served.get(items(collection), headers={"Accept": GEOJSON})
    assert (answer.status_code, answer.headers["content-type"]) == (200, GEOJSON)
    document = answer.json()
    assert document["type"] == "FeatureCollection"
    assert isinstance(document["features"], list)
    assert {feature["type"] for feature in document["features"]} == {"Feature"}


def test_13_features_link_to_themselves_and_every_link_has_a_type(served: Served, collection: str) -> None:
    path = items(collection, "?limit=2")
    document = served.json(path)
    assert by_rel(document)["self"] == {"href": served.url + path, "rel": "self", "type": GEOJSON}
    assert all(link["type"] for link in document["links"])
    again = served.json(by_rel(document)["self"]["href"])
    assert [f["id"] for f in again["features"]] == [f["id"] for f in document["features"]]


def test_14_limit_is_described_as_the_standard_writes_it(served: Served) -> None:
    limit = parameter(served, "limit")
    assert limit["in"] == "query"
    assert limit["required"] is False
    assert (limit["style"], limit["explode"]) == ("form", False)
    schema = limit["schema"]
    assert schema["type"] == "integer"
    assert 0 <= schema["minimum"] <= schema["default"] <= schema["maximum"]


def test_15_limit_is_kept_and_a_larger_one_than_allowed_counts_as_the_largest(served: Served, collection: str) -> None:
    schema = parameter(served, "limit")["schema"]
    total = served.json(items(collection, "?limit=1"))["numberMatched"]
    for limit in (schema["minimum"], 7, schema["maximum"], schema["maximum"] + 1, 10**30):
        features = served.json(items(collection, f"?limit={limit}"))["features"]
        assert len(features) == min(limit, total, schema["maximum"])


def test_15_without_limit_the_default_of_the_description_counts(served: Served, collection: str) -> None:
    default = parameter(served, "limit")["schema"]["default"]
    document = served.json(items(collection))
    assert len(document["features"]) == min(default, document["numberMatched"])


def test_16_bbox_is_described_as_the_standard_writes_it(served: Served) -> None:
    bbox = parameter(served, "bbox")
    assert (bbox["in"], bbox["required"], bbox["style"], bbox["explode"]) == ("query", False, "form", False)
    schema = bbox["schema"]
    assert (schema["type"], schema["minItems"], schema["maxItems"]) == ("array", 4, 6)
    assert schema["items"]["type"] == "number"


def test_19_the_numbers_say_what_the_pages_hold(served: Served, collection: str) -> None:
    before = datetime.now(UTC)
    pages = list(served.pages(items(collection, "?limit=150")))
    for page in pages:
        assert page["numberReturned"] == len(page["features"])
        said = datetime.fromisoformat(page["timeStamp"])
        assert before - timedelta(seconds=1) <= said <= datetime.now(UTC) + timedelta(seconds=1)
    assert {page["numberMatched"] for page in pages} == {sum(page["numberReturned"] for page in pages)}


def test_21_pages_followed_to_the_end_hold_every_feature_once(served: Served, collection: str) -> None:
    whole = [f["id"] for f in served.json(items(collection, "?limit=10000"))["features"]]
    in_pages = [f["id"] for f in served.all_features(items(collection, f"?limit={max(1, len(whole) // 7)}"))]
    assert in_pages == whole
    assert len(set(whole)) == len(whole)
    with served.store.read() as tx:
        if collection == "grids":
            expected = set(tx.plans.load(served.plan).grids["code"])
        else:
            rows, key = COLLECTIONS[collection].table, COLLECTIONS[collection].key
            keys = tx.connection.execute(select(rows.c[key])).scalars()
            expected = {k if COLLECTIONS[collection].keyed_by_code else f"990101:{k}" for k in keys}
    assert set(whole) == expected


def test_21_pages_miss_nothing_and_show_nothing_twice_while_another_writes(served: Served) -> None:
    known = {f["id"] for f in served.all_features(items("cameras", "?limit=10000"))}
    seen: list[str] = []
    with another_camera(served.store) as add:
        for number, page in enumerate(served.pages(items("cameras", "?limit=10"))):
            seen += [f["id"] for f in page["features"]]
            add(f"late-{number}")
    assert len(seen) > len(known)
    assert len(seen) == len(set(seen))
    assert known < set(seen)


def test_22_single_features_link_to_themselves_and_to_their_collection(served: Served, collection: str) -> None:
    sampled = served.json(items(collection, "?limit=3"))["features"]
    for feature in sampled:
        answer = served.get(items(collection, f"/{quote(feature['id'], safe='')}"))
        assert (answer.status_code, answer.headers["content-type"]) == (200, GEOJSON)
        found = answer.json()
        assert {name: found[name] for name in feature} == feature
        links = by_rel(found)
        assert links["self"]["href"] == f"{served.url}{items(collection)}/{quote(feature['id'], safe='')}"
        assert links["collection"]["href"] == f"{served.url}/collections/{collection}"
        assert all(link["type"] for link in found["links"])
        assert served.json(links["self"]["href"])["id"] == feature["id"]


@pytest.mark.parametrize("odd", ["a/b", "50%", "南门 摄像机", "a?b#c&d", "..", "x:y", "%2F", "'; drop table plans; --"])
def test_22_odd_ids_go_there_and_back(served: Served, odd: str) -> None:
    with another_camera(served.store) as add:
        add(odd)
        (found,) = [f for f in served.all_features(items("cameras", "?limit=10000")) if f["properties"]["id"] == odd]
        assert found["id"] == f"990101:{odd}"
        alone = served.json(items("cameras", f"/{quote(found['id'], safe='')}"))
        assert alone["id"] == found["id"]
        assert served.json(by_rel(alone)["self"]["href"])["properties"]["id"] == odd


def test_23_geometry_is_geojson_as_rfc_7946_wants_it(served: Served, collection: str) -> None:
    document = served.json(items(collection, "?limit=500"))
    assert "crs" not in document
    shapes = []
    for feature in document["features"]:
        assert "crs" not in feature
        assert "links" not in feature["properties"]
        shape = shapely.geometry.shape(feature["geometry"])
        assert shape.is_valid
        shapes.append(shape)
    polygons = [p for p in shapely.get_parts(shapes) if p.geom_type == "Polygon"]
    assert all(polygon.exterior.is_ccw for polygon in polygons)
    assert not any(ring.is_ccw for polygon in polygons for ring in polygon.interiors)


def test_23_properties_are_native_values_and_never_not_a_number(served: Served, collection: str) -> None:
    text = served.get(items(collection, "?limit=500")).text
    assert "NaN" not in text
    assert "Infinity" not in text
    told = served.json(items(collection, "?limit=500"))["features"]
    values = [value for feature in told for value in feature["properties"].values()]
    assert {type(value) for value in values} <= {str, int, float, bool, type(None)}


def test_23_the_schema_names_every_property_and_its_type(served: Served, collection: str) -> None:
    stated = served.json(f"/collections/{collection}/schema")["properties"]["properties"]["properties"]
    types = {"string": str, "integer": int, "number": (int, float), "boolean": bool}
    for feature in served.json(items(collection, "?limit=300"))["features"]:
        for name, value in feature["properties"].items():
            if name != "id" and value is not None and (collection != "posts" or name in stated):
                assert isinstance(value, types[stated[name]["type"]]), name


def test_23_everything_but_features_is_plain_json(served: Served) -> None:
    for path in ("/", "/conformance", "/collections", "/collections/grids"):
        assert served.get(path).headers["content-type"] == "application/json", path


def test_23_served_geometry_is_the_geometry_of_the_plan(served: Served) -> None:
    with served.store.read() as tx:
        grids = tx.plans.load(served.plan).grids.to_crs(4326).set_index("code").geometry
    for feature in served.all_features(items("grids")):
        shape = shapely.geometry.shape(feature["geometry"])
        assert shapely.hausdorff_distance(shape, grids[feature["id"]]) < 1e-12
