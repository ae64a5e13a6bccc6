"""Route files: valid by their schemas, in WGS 84 unless asked otherwise, the same every time, safe with any name."""

from __future__ import annotations

import json
import re
import string
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from xml.etree import ElementTree as ET

import gpxpy
import numpy as np
import pytest
import shapely
from lxml import etree
from pyproj import CRS

from gis.errors import InputError, StorageError
from gis.readers.gpx import read_gpx
from gis.shift import gcj02_to_wgs84
from maps.atlas.words import atlas_words
from maps.features import to_lonlat
from maps.patrol import (
    file_name,
    render_geojson,
    render_gpx,
    render_kml,
    turn_dicts,
    turn_rows,
    turn_text,
    turns,
    write_geojson,
    write_gpx,
    write_kml,
)
from maps.patrol.words import LANGUAGES, length_text, patrol_words
from partition.patrol.itinerary import Itinerary
from tests.patrol_kit import WHOLE, itinerary_of, network_of

HOSTILE = "</name><script>alert(1)</script> & ]]> \x00\x07\ufffe\ud800 \"'{{7*7}} \u202eabc"
STARTS = "2026-11-22T09:00:00+08:00"
RENDER = {"gpx": render_gpx, "geojson": render_geojson, "kml": render_kml}
KML = "{http://www.opengis.net/kml/2.2}"


@pytest.fixture(scope="module")
def schema() -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(Path(__file__).with_name("gpx11.xsd")))


@pytest.fixture(scope="module")
def whole() -> Itinerary:
    return itinerary_of(
        WHOLE, post="东湖警务站", starts_at=STARTS, plan_id="P-7", shift="am", patroller=2, n_patrollers=3
    )


def test_the_schema_of_the_tests_refuses_what_gpx_does_not_allow(schema: etree.XMLSchema) -> None:
    head = '<gpx xmlns="http://www.topografix.com/GPX/1/1" version="1.1" creator="t">'
    point = '<rtept lat="1" lon="2"><time>2026-11-22T01:00:00Z</time><name>b</name></rtept>'
    good = f"{head}<rte><name>a</name>{point}</rte></gpx>"
    assert schema.validate(etree.fromstring(good))
    for wrong in (
        good.replace(
            "<time>2026-11-22T01:00:00Z</time><name>b</name>", "<name>b</name><time>2026-11-22T01:00:00Z</time>"
        ),
        good.replace('lat="1"', 'lat="1e-5"'),
        good.replace('lon="2"', 'lon="181"'),
        good.replace('version="1.1"', 'version="1.0"'),
        good.replace("<name>a</name><rtept", "<rtept").replace("</rtept></rte>", "</rtept><name>a</name></rte>"),
    ):
        assert not schema.validate(etree.fromstring(wrong)), wrong


@pytest.mark.parametrize("datum", ["wgs84", "gcj02"])
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("walk", [WHOLE, "@0", "eg -eg~"])
def test_gpx_is_valid_by_its_schema(schema: etree.XMLSchema, walk: str, language: str, datum: str) -> None:
    for starts_at in ("", STARTS):
        content = render_gpx(itinerary_of(walk, starts_at=starts_at), language=language, datum=datum)
        assert schema.validate(etree.fromstring(content)), schema.error_log


def test_gpx_is_valid_beside_greenwich_and_the_equator_where_numbers_are_tiny(schema: etree.XMLSchema) -> None:
    network = network_of(crs=CRS.from_proj4("+proj=tmerc +lon_0=0 +lat_0=0"), corner=(-100.0, -50.0))
    content = render_gpx(itinerary_of(WHOLE, network=network))
    assert schema.validate(etree.fromstring(content)), schema.error_log
    assert not re.search(rb'l(?:at|on)="[^"]*e', content)


def test_a_route_without_a_leg_gives_valid_files(schema: etree.XMLSchema, whole: Itinerary) -> None:
    empty = replace(whole, legs=(), length_m=0.0, required_m=0.0, deadhead_m=0.0, minutes=0.0)
    assert schema.validate(etree.fromstring(render_gpx(empty))), schema.error_log
    assert json.loads(render_geojson(empty))["features"] == []
    ET.fromstring(render_kml(empty))
    assert turn_rows(empty) == []


def test_another_reader_finds_a_route_point_per_turn_and_the_exact_line(whole: Itinerary) -> None:
    gpx = gpxpy.parse(render_gpx(whole).decode())
    (route,), (track,) = gpx.routes, gpx.tracks
    assert len(route.points) == len(whole.legs) + 1
    assert route.points[0].time.isoformat() == "2026-11-22T01:00:00+00:00"
    took = (route.points[-1].time - route.points[0].time).total_seconds()
    assert took == pytest.approx(whole.minutes * 60, abs=1)
    assert [p.type for p in route.points] == [*(leg.kind for leg in whole.legs), "arrive"]
    assert all(p.name and p.description for p in route.points)
    line = shapely.LineString([(p.longitude, p.latitude) for p in track.segments[0].points])
    moves = [leg.geometry for leg in whole.legs if leg.kind != "dwell"]
    assert track.length_2d() == pytest.approx(whole.length_m, rel=0.01)
    lonlat = to_lonlat(np.array(moves, dtype=object), whole.crs)
    assert shapely.hausdorff_distance(line, shapely.union_all(lonlat)) < 2e-7
    assert shapely.get_num_points(line) == 1 + sum(shapely.get_num_points(move) - 1 for move in moves)


def test_the_line_has_no_times_so_that_a_plan_never_passes_for_a_track(whole: Itinerary) -> None:
    gpx = gpxpy.parse(render_gpx(whole).decode())
    assert [p.time for p in gpx.tracks[0].segments[0].points if p.time] == []
    assert "计划路线" in gpx.description
    assert "planned route" in gpxpy.parse(render_gpx(whole, language="en").decode()).description


@pytest.mark.parametrize("datum", ["wgs84", "gcj02"])
@pytest.mark.parametrize("starts_at", ["", STARTS])
def test_a_planned_route_that_comes_back_as_a_track_is_refused(starts_at: str, datum: str) -> None:
    content = render_gpx(itinerary_of(WHOLE, starts_at=starts_at), datum=datum)
    with pytest.raises(InputError) as caught:
        read_gpx(BytesIO(content), file="330402015001001-1.gpx")
    assert caught.value.faults[0].code == "gpx_route_not_track"
    # What a receiver records on the way has times, or another creator.
    walked = content.replace(b'creator="gridwright"', b'creator="receiver"')
    assert len(read_gpx(BytesIO(walked), file="1.gpx")) > 10


def test_times_are_left_out_where_no_day_is_set() -> None:
    points = gpxpy.parse(render_gpx(itinerary_of(WHOLE)).decode()).routes[0].points
    assert {p.time for p in points} == {None}
    assert points[1].description.startswith("0:02 ")


def test_geojson_has_one_feature_a_leg_in_degrees_with_its_figures(whole: Itinerary) -> None:
    collection = json.loads(render_geojson(whole))
    features = collection["features"]
    assert collection["type"] == "FeatureCollection"
    assert [f["properties"]["number"] for f in features] == list(range(1, len(whole.legs) + 1))
    assert "crs" not in collection
    west, south, east, north = collection["bbox"]
    at = 0.0
    for leg, feature in zip(whole.legs, features):
        told = feature["properties"]
        shape = shapely.geometry.shape(feature["geometry"])
        assert shape.geom_type == ("Point" if leg.kind == "dwell" else "LineString")
        assert shapely.box(west, south, east, north).covers(shape)
        assert 119.9 < shape.bounds[0] < 120.1
        assert 30.6 < shape.bounds[1] < 30.7
        at += leg.length_m
        assert told["end_km"] == pytest.approx(at / 1000, abs=1e-4)
        assert told["required"] == (leg.kind == "inspect")
        assert told["deadhead"] == (leg.kind == "deadhead")
        assert told["start_s"] == pytest.approx(leg.start_s, abs=0.05)
        assert told["link_ids"] == list(leg.link_ids)
        assert (told["mode"], told["name"], told["turn"]) == ("foot", leg.name, leg.turn)
        assert 0 <= told["bearing_deg"] < 360
    route = collection["route"]
    assert route["required_m"] + route["deadhead_m"] == pytest.approx(route["length_m"])
    assert (route["patroller"], route["n_patrollers"], route["plan_id"]) == (2, 3, "P-7")


def test_kml_has_a_line_a_leg_and_pins_for_places_and_the_end(whole: Itinerary) -> None:
    document = ET.fromstring(render_kml(whole)).find(f"{KML}Document")
    assert document is not None
    marks = document.findall(f"{KML}Placemark")
    assert len(marks) == len(whole.legs) + 1
    styles = {style.get("id") for style in document.findall(f"{KML}Style")}
    for leg, mark in zip(whole.legs, marks):
        line, pin = mark.find(f"{KML}LineString"), mark.find(f"{KML}Point")
        assert (pin is not None) == (leg.kind == "dwell")
        assert (line is not None) == (leg.kind != "dwell")
        text = mark.findtext(f".//{KML}coordinates")
        assert text is not None
        assert all(119.9 < float(pair.split(",")[0]) < 120.1 for pair in text.split())
        if line is not None:
            assert mark.findtext(f"{KML}styleUrl", "")[1:] == leg.kind
    assert {"inspect", "deadhead"} <= styles


@pytest.mark.parametrize("kind", RENDER)
def test_the_shifted_variant_is_made_only_on_request_and_says_so_in_name_and_content(
    kind: str, whole: Itinerary, tmp_path: Path
) -> None:
    plain, shifted = RENDER[kind](whole), RENDER[kind](whole, datum="gcj02")
    assert file_name(whole, kind) == f"330402015001001-1.{kind}"
    assert file_name(whole, kind, "gcj02") == f"330402015001001-1.gcj02.{kind}"
    assert b"GCJ-02" not in plain
    assert "WGS 84" in plain.decode()
    assert shifted.decode().count("GCJ-02") >= 2
    far = first_position(kind, shifted) - first_position(kind, plain)
    assert 300 < np.hypot(far[0] * 95_800, far[1] * 110_900) < 700
    back = np.ravel(gcj02_to_wgs84(*first_position(kind, shifted)))
    assert np.abs(back - first_position(kind, plain)).max() < 3e-7
    write = {"gpx": write_gpx, "geojson": write_geojson, "kml": write_kml}[kind]
    assert write(whole, tmp_path, datum="gcj02") == tmp_path / file_name(whole, kind, "gcj02")
    assert write(whole, tmp_path).read_bytes() == plain
    assert len(list(tmp_path.iterdir())) == 2


def first_position(kind: str, content: bytes) -> np.ndarray:
    if kind == "geojson":
        return np.array(json.loads(content)["features"][0]["geometry"]["coordinates"][0])
    if kind == "kml":
        text = ET.fromstring(content).findtext(f".//{KML}LineString/{KML}coordinates") or ""
        return np.array([float(v) for v in text.split()[0].split(",")])
    point = gpxpy.parse(content.decode()).routes[0].points[0]
    return np.array([point.longitude, point.latitude])


def test_a_datum_that_does_not_exist_is_refused(whole: Itinerary) -> None:
    for render in RENDER.values():
        with pytest.raises((ValueError, KeyError), match="bd09"):
            render(whole, datum="bd09")  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", RENDER)
def test_hostile_names_stay_text(kind: str, schema: etree.XMLSchema) -> None:
    names = dict.fromkeys(("North Street", "West Street"), HOSTILE)
    itinerary = itinerary_of(WHOLE, network=network_of(names=names), post=HOSTILE, shift=HOSTILE, plan_id=HOSTILE)
    content = RENDER[kind](itinerary)
    shown = "</name><script>alert(1)</script> & ]]> \"'{{7*7}} abc"
    if kind == "geojson":
        names_found = {f["properties"]["name"] for f in json.loads(content)["features"]}
        assert shown in names_found
        return
    root = etree.fromstring(content)
    assert not [node for node in root.iter() if etree.QName(node).localname == "script"]
    assert any(shown in (node.text or "") for node in root.iter())
    assert kind != "gpx" or schema.validate(root), schema.error_log


@pytest.mark.parametrize("id", ["../../etc/passwd", "a/b\\c:d", "...", "网格 7-1", "\x00", "con\nname"])
def test_no_id_leads_out_of_the_folder(id: str, whole: Itinerary, tmp_path: Path) -> None:
    path = write_gpx(replace(whole, id=id), tmp_path)
    assert path.parent == tmp_path
    assert path.is_file()
    assert not path.name.startswith(".")


@pytest.mark.parametrize("kind", RENDER)
def test_the_same_route_gives_the_same_bytes(kind: str) -> None:
    first, second = (RENDER[kind](itinerary_of(WHOLE, starts_at=STARTS)) for _ in range(2))
    assert first == second


def test_a_folder_that_is_not_there_is_said_and_leaves_nothing(whole: Itinerary, tmp_path: Path) -> None:
    with pytest.raises(StorageError) as caught:
        write_kml(whole, tmp_path / "none")
    assert caught.value.faults[0].code == "patrol_file_not_written"
    assert list(tmp_path.iterdir()) == []


def test_the_turn_list_tells_in_chinese_what_to_do(whole: Itinerary) -> None:
    rows = turn_rows(whole, "zh")
    texts = [row.text for row in rows]
    assert texts[0] == "从东湖警务站向南出发，沿West Street，巡查 100 米"
    assert "东湖小学，停留 3 分钟" in texts
    assert any(text.endswith("，尽头折返") for text in texts)
    assert "掉头，沿Middle Street返回，巡查另一侧 100 米" in texts
    assert any("空驶 100 米" in text for text in texts)
    assert texts[-1] == "回到东湖警务站"
    assert {row.turn for row in rows} == {"出发", "左转", "右转", "直行", "掉头", "停留", "到达"}
    notes = {row.note for row in rows}
    assert {"空驶", "尽头折返", "停留 3 分钟", "另一侧", ""} <= notes


def test_the_turn_list_tells_in_english_what_to_do(whole: Itinerary) -> None:
    texts = [row.text for row in turn_rows(whole, "en")]
    assert texts[1] == "Left into South Street, patrol 100 m"
    assert any(text.endswith(", dead end: turn round") for text in texts)
    assert texts[-1].startswith("Back at ")


def test_times_in_the_list_are_of_the_clock_where_a_moment_is_set_and_from_the_start_else(whole: Itinerary) -> None:
    rows = turn_rows(whole)
    assert (rows[0].at, rows[1].at) == ("09:00", "09:02")
    assert rows[-1].at == "09:34"
    assert [row.at for row in turn_rows(replace(whole, starts_at=""))][:2] == ["0:00", "0:02"]


def test_a_moment_without_an_offset_is_refused(whole: Itinerary) -> None:
    with pytest.raises(ValueError, match="offset"):
        turn_rows(replace(whole, starts_at="2026-11-22T09:00:00"))


def test_the_list_as_text_and_as_data_say_the_same(whole: Itinerary) -> None:
    for language in LANGUAGES:
        text, dicts = turn_text(whole, language), turn_dicts(whole, language)
        assert [line.split(None, 2)[2] for line in text.splitlines()[2:]] == [row["text"] for row in dicts]
        json.dumps(dicts, allow_nan=False)


def test_lengths_are_said_as_people_say_them() -> None:
    words = patrol_words("en")
    assert [length_text(m, words) for m in (0.4, 7.5, 999.4, 999.6, 12_345)] == [
        "0 m",
        "8 m",
        "999 m",
        "1.00 km",
        "12.35 km",
    ]


def test_both_languages_have_the_same_words_with_the_same_facts() -> None:
    zh, en = (patrol_words(language) for language in LANGUAGES)
    assert list(zh) == list(en)
    for key, text in zh.items():
        said, also = ({name for _, name, _, _ in string.Formatter().parse(t) if name} for t in (text, en[key]))
        assert said == also, key


def test_every_word_that_is_asked_for_is_there() -> None:
    known = {*patrol_words("en"), *atlas_words("en")}
    folder = Path(turns.__file__).parent
    asked = {
        (path.name, key)
        for path in sorted(folder.glob("*.py"))
        for key in re.findall(r'words\["(\w+)"\]', path.read_text(encoding="utf-8"))
    }
    assert len(asked) > 40
    assert not [pair for pair in asked if pair[1] not in known]
    for prefix, ends in {
        "turn_": ("start", "straight", "left", "right", "back", "dwell", "arrive"),
        "say_": ("start", "straight", "left", "right", "back", "inspect", "deadhead", "other_side"),
        "mode_": ("foot", "ebike", "car"),
        "heading_": tuple("01234567"),
        "datum_": ("wgs84", "gcj02"),
    }.items():
        assert {prefix + end for end in ends} <= known
