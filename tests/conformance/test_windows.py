"""OGC API - Features Part 1, points 17 and 18: windows in space and time, against plain answers of our own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import shapely
import shapely.geometry

from tests.served import SINCE, Served

# What the official test suite asks for; the third crosses the antimeridian, the last two reach to the poles.
ETS_BOXES = ["-1.5,50,1.5,53", "-80,-5,-70,5", "177,65,-177,70", "-180,85,180,90", "-180,-90,180,-85"]
BAD_BOXES = [
    "",
    "1",
    "1,2,3",
    "1,2,3,4,5",
    "1,2,3,4,5,6,7",
    "a,b,c,d",
    "1,2,3,",
    "nan,2,3,4",
    "1,inf,3,4",
    "1,2,3,1e400",
    "114,44,115,43",
    "114,43,200,44",
    "-200,43,114,44",
    "114,-91,115,44",
    "114,43,115,91",
    "114,43,9,115,44,1",
    "0x1,2,3,4",
    "1_0,2,3,4",
    "１,2,3,4",
]
GOOD_TIMES = [
    "2026-06-01T00:00:00Z",
    "2026-06-01T00:00:00+08:00",
    "2026-06-01t00:00:00.123456789z",
    "2026-06-30T23:59:60Z",
    "2026-06-01",
    "2026-06-01T00:00:00Z/2026-07-01T00:00:00Z",
    "2026-06-01T00:00:00Z/..",
    "../2026-06-01T00:00:00Z",
    "2026-06-01T00:00:00Z/",
    "/2026-06-01T00:00:00Z",
    "../..",
    "2026-06-01T00:00:00Z/P1M",
    "P1Y2M3DT4H5M6S/2026-06-01T00:00:00Z",
    "2026-01-31T00:00:00Z/P1M",
    "0001-01-01T00:00:00Z/9999-12-31T23:59:59Z",
]
BAD_TIMES = [
    "",
    "notadate",
    "2026",
    "2026-13-01T00:00:00Z",
    "2026-02-30T00:00:00Z",
    "2026-06-01T25:00:00Z",
    "2026-06-01T00:00:00",
    "2026-06-01T00:00Z",
    "2026-07-01T00:00:00Z/2026-06-01T00:00:00Z",
    "2026-06-01T00:00:00Z/2026-07-01T00:00:00Z/..",
    "2026-06-01T00:00:00Z/x",
    "P1M/..",
    "../P1M",
    "P1M/P1M",
    "P/2026-06-01T00:00:00Z",
    "2026-06-01T00:00:00Z/P99999Y",
    "now",
]


def items(collection: str) -> str:
    return f"/collections/{collection}/items"


@pytest.fixture(scope="session")
def everything(served: Served) -> dict[str, tuple[list[str], np.ndarray]]:
    """Ids and geometries of each collection, read once."""
    found = {}
    for each in served.json("/collections")["collections"]:
        features = served.all_features(f"{items(each['id'])}?limit=10000")
        found[each["id"]] = (
            [f["id"] for f in features],
            np.array([shapely.geometry.shape(f["geometry"]) for f in features]),
        )
    return found


def in_box(everything: dict, collection: str, *boxes: shapely.Geometry) -> list[str]:
    ids, shapes = everything[collection]
    hit = np.logical_or.reduce([shapely.intersects(shapes, box) for box in boxes])
    return [id for id, is_in in zip(ids, hit) if is_in]


@pytest.mark.parametrize("box", ETS_BOXES)
def test_17_the_boxes_of_the_official_suite_are_answered(served: Served, collection: str, box: str) -> None:
    assert served.json(items(collection), params={"bbox": box})["features"] == []


def test_17_a_box_gives_what_touches_it_and_nothing_else(served: Served, collection: str, everything: dict) -> None:
    rng = np.random.default_rng(5)
    west, south, east, north = shapely.total_bounds(everything[collection][1])
    wide = max(east - west, north - south, 1e-4)
    for size in (0.5, 0.2, 0.05, 0.001):
        x, y = west + rng.random() * (east - west), south + rng.random() * (north - south)
        box = (x - size * wide, y - size * wide, x + size * wide, y + size * wide)
        text = ",".join(map(repr, map(float, box)))  # with all their sixteen digits, as GDAL sends them
        pages = list(served.pages(f"{items(collection)}?limit=40&bbox={text}"))
        found = [f["id"] for page in pages for f in page["features"]]
        assert found == in_box(everything, collection, shapely.box(*box))
        assert {page["numberMatched"] for page in pages} == {len(found)}


def test_17_a_box_of_six_numbers_counts_without_its_heights(served: Served, collection: str, everything: dict) -> None:
    west, south, east, north = shapely.total_bounds(everything[collection][1])
    middle = (west + east) / 2
    flat = served.json(items(collection), params={"bbox": f"{west},{south},{middle},{north}", "limit": 10000})
    high = served.json(items(collection), params={"bbox": f"{west},{south},-5,{middle},{north},900", "limit": 10000})
    assert high["features"] == flat["features"]
    assert [f["id"] for f in flat["features"]] == in_box(
        everything, collection, shapely.box(west, south, middle, north)
    )


def test_17_a_box_across_the_antimeridian_is_both_of_its_sides(
    served: Served, collection: str, everything: dict
) -> None:
    west, south, east, north = shapely.total_bounds(everything[collection][1])
    first, second = west + (east - west) / 3, east - (east - west) / 3
    # From the second third eastwards around the world to the first: all but what lies wholly between.
    params = {"bbox": f"{second},{south},{first},{north}", "limit": 10000}
    found = [f["id"] for f in served.json(items(collection), params=params)["features"]]
    sides = shapely.box(second, south, 180, north), shapely.box(-180, south, first, north)
    assert found == in_box(everything, collection, *sides)


def test_17_a_box_without_width_is_a_line_or_a_point(served: Served, everything: dict) -> None:
    inside = shapely.point_on_surface(everything["grids"][1][0])
    x, y = inside.x, inside.y
    for box in ((x, y, x, y), (x, y - 1, x, y + 1)):
        params = {"bbox": ",".join(map(repr, box)), "limit": 10000}
        found = [f["id"] for f in served.json(items("grids"), params=params)["features"]]
        shape = shapely.Point(x, y) if box[1] == box[3] else shapely.LineString([(x, y - 1), (x, y + 1)])
        assert found == in_box(everything, "grids", shape)
        assert found


@pytest.mark.parametrize("box", BAD_BOXES)
def test_17_a_box_that_is_none_is_refused(served: Served, box: str) -> None:
    answer = served.get(items("grids"), params={"bbox": box})
    assert answer.status_code == 400
    assert answer.json()["code"] == "bbox_wrong"


def test_18_datetime_is_described_as_the_standard_writes_it(served: Served) -> None:
    document = served.json("/api")
    (path,) = [p for p in document["paths"] if p.endswith("/items")]
    (found,) = [p for p in document["paths"][path]["get"]["parameters"] if p["name"] == "datetime"]
    assert (found["in"], found["required"], found["style"], found["explode"]) == ("query", False, "form", False)
    assert found["schema"]["type"] == "string"


@pytest.mark.parametrize("moment", GOOD_TIMES)
def test_18_moments_and_intervals_are_answered(served: Served, collection: str, moment: str) -> None:
    document = served.json(items(collection), params={"datetime": moment, "limit": 10000})
    if collection not in ("grids", "incidents"):
        assert document["numberMatched"] == served.json(items(collection))["numberMatched"]


@pytest.mark.parametrize("moment", BAD_TIMES)
def test_18_a_time_that_is_none_is_refused(served: Served, moment: str) -> None:
    answer = served.get(items("buildings"), params={"datetime": moment})
    assert answer.status_code == 400
    assert answer.json()["code"] == "datetime_wrong"


def test_18_incidents_are_those_that_were_open_then(served: Served) -> None:
    incidents = [f["properties"] for f in served.all_features(f"{items('incidents')}?limit=10000")]
    spans = [
        (datetime.fromisoformat(p["received_at"]), datetime.fromisoformat(p["closed_at"]) if p["closed_at"] else None)
        for p in incidents
    ]
    first = min(start for start, _ in spans)
    asked = [
        (first + timedelta(days=d), first + timedelta(days=d + n)) for d, n in ((0, 0), (30, 20), (200, 1), (360, 400))
    ]
    asked += [(None, first + timedelta(days=90)), (first + timedelta(days=90), None)]
    total = 0
    for start, end in asked:
        text = "/".join("" if m is None else m.astimezone(UTC).isoformat().replace("+00:00", "Z") for m in (start, end))
        expected = sorted(
            p["id"]
            for p, (began, ended) in zip(incidents, spans)
            if (end is None or began <= end) and (start is None or ended is None or ended >= start)
        )
        document = served.json(items("incidents"), params={"datetime": text, "limit": 10000})
        assert sorted(f["properties"]["id"] for f in document["features"]) == expected
        assert document["numberMatched"] == len(expected)
        total += len(expected)
    assert len(incidents) < total < len(incidents) * len(asked)


def test_18_grids_are_those_of_the_plan_in_force_then(served: Served) -> None:
    now = served.json(items("grids"))
    assert now["numberMatched"] > 0
    for moment, expected in (
        (SINCE - timedelta(seconds=1), 0),
        (SINCE, now["numberMatched"]),
        (SINCE + timedelta(days=9999), now["numberMatched"]),
    ):
        text = moment.isoformat().replace("+00:00", "Z")
        assert served.json(items("grids"), params={"datetime": text})["numberMatched"] == expected
    for feature in now["features"]:
        assert feature["properties"]["plan"] == served.plan
        assert datetime.fromisoformat(feature["properties"]["valid_from"]) == SINCE
        assert feature["properties"]["valid_to"] is None
