"""The page as a file: whole, the same every time, asking nobody for anything.  How it behaves: tests/e2e."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely

import maps.ground
from gis.errors import InputError, StorageError
from maps import offline, words
from maps.coverage.words import coverage_page_words
from maps.ground import pack_ground
from maps.incidents.words import incident_page_words
from maps.patrol_map import patrol_page_words
from maps.plan_map import json_block, render_plan_map, write_plan_map
from maps.plan_shapes import shape_plan
from partition.filed import FiledPlan
from tests.maps.plans import make_plan

HOSTILE = "</script><img src=x onerror=window.__t=1>${window.__t=1}`\u2028{{7*7}}{{{% raw %}{#"


def data_of(html: str) -> dict:
    block = re.search(r'<script type="application/json" id="gw-data">(.*?)</script>', html, re.DOTALL)
    assert block
    return json.loads(block[1])


@pytest.fixture(scope="module")
def page() -> str:
    return render_plan_map(*make_plan(24, 3))


def test_the_same_plan_gives_the_same_bytes(tmp_path: Path, page: str) -> None:
    write_plan_map(*make_plan(24, 3), tmp_path / "a.html")
    write_plan_map(*make_plan(24, 3), tmp_path / "b.html")
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes() == page.encode()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.html", "b.html"]


def test_the_page_refers_to_nothing_outside_itself(page: str) -> None:
    assert not re.findall(r"<(?:script|img|link|iframe)[^>]*\b(?:src|href)=", page)
    assert not re.findall(r"@import|url\((?!['\"]?(?:data:|#))", page.split("<body>")[0])


def test_only_the_scripts_of_the_page_may_run(page: str) -> None:
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy
    assert "default-src 'none'" in policy[1]
    assert "unsafe-eval" not in policy[1]
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    assert len(scripts) >= 9
    for script in scripts:
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy[1]


def test_the_page_holds_every_grid_and_community(page: str) -> None:
    filed, territory = make_plan(24, 3)
    data = data_of(page)
    assert [g["code"] for g in data["grids"]] == filed.grids["code"].tolist()
    assert [c["code"] for c in data["communities"]] == filed.communities["code"].tolist()
    assert [c["name"] for c in data["communities"]] == territory["communities"]["name"].tolist()
    counts = filed.members.groupby("grid").size()
    assert all(g["members"] == counts.get(g["code"], 0) for g in data["grids"])
    assert all(g["rings"] for g in data["grids"])
    assert all(c["rings"] for c in data["communities"])
    assert len(data["ground"]["buildings"]) == len(territory["buildings"])
    assert data["plan"]["id"] == "P-0001"
    assert not data["plan"]["modelled"]


def test_hostile_text_stays_data() -> None:
    filed, territory = make_plan(12, 2, names={0: HOSTILE, 1: "<!--<script>"})
    html = render_plan_map(filed, territory, title=HOSTILE)
    assert html.count("</script>") == html.count("<script")
    assert "<img src=x" not in html
    assert data_of(html)["communities"][0]["name"] == HOSTILE
    assert data_of(html)["title"] == HOSTILE


def test_a_json_block_cannot_be_ended_from_within() -> None:
    text = json_block({"a": "</script><!--&\u2028\u2029", "n": np.int64(3)})
    assert not set("<>&\u2028\u2029") & set(text)
    assert json.loads(text) == {"a": "</script><!--&\u2028\u2029", "n": 3}
    with pytest.raises(ValueError, match="not JSON compliant"):
        json_block({"x": float("nan")})


def test_without_a_territory_grids_and_outlines_remain() -> None:
    filed, _ = make_plan(12, 2)
    data = data_of(render_plan_map(filed, None, language="en"))
    assert data["ground"] is None
    assert data["language"] == "en"
    assert all(c["rings"] and c["name"] == "" for c in data["communities"])


@pytest.mark.parametrize("basis", ["modelled: 90 m2 of floor a household", "Model of 2024"])
def test_modelled_households_are_said_to_be_modelled(basis: str) -> None:
    filed, territory = make_plan(6, 1, basis=basis)
    facts = data_of(render_plan_map(filed, territory))["plan"]
    assert facts["modelled"]
    assert facts["basis"] == basis


def test_an_empty_plan_and_a_strange_language_are_refused() -> None:
    filed, territory = make_plan(6, 1)
    empty = FiledPlan(filed.grids.iloc[:0], filed.members, filed.communities, filed.violations, filed.meta)
    with pytest.raises(InputError, match="map_nothing_to_show"):
        render_plan_map(empty, territory)
    with pytest.raises(InputError, match="map_language_unknown"):
        render_plan_map(filed, territory, language="fr")


def test_grids_without_members_violations_or_shape_do_not_stop_the_map() -> None:
    filed, territory = make_plan(6, 1)
    grids = filed.grids.copy()
    grids.loc[0, "geometry"] = shapely.Polygon()
    nothing = FiledPlan(grids, filed.members.iloc[:0], filed.communities, filed.violations.iloc[:0], {})
    data = data_of(render_plan_map(nothing, territory))
    assert data["grids"][0]["rings"] == []
    assert data["grids"][0]["spot"] == []
    assert all(g["members"] == 0 for g in data["grids"])


def test_a_folder_that_is_not_there_is_an_error_with_a_name(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="map_not_written"):
        write_plan_map(*make_plan(6, 1), tmp_path / "nowhere" / "map.html")


def test_missing_browser_packages_are_an_error_with_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offline, "ASSETS", tmp_path)
    with pytest.raises(StorageError, match="map_assets_missing"):
        render_plan_map(*make_plan(6, 1))


def test_a_link_to_an_outside_host_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offline.OfflineMap, "default_js", [("leaflet", "https://example.org/leaflet.js")])
    with pytest.raises(ValueError, match="outside host"):
        render_plan_map(*make_plan(6, 1))


def test_too_many_buildings_and_streets_are_thinned_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    _, territory = make_plan(24, 3)
    monkeypatch.setattr(maps.ground, "MOST_BUILDINGS", 50)
    monkeypatch.setattr(maps.ground, "MOST_STREETS", 12)
    ground = pack_ground(territory, (117.0, 30.6))
    assert ground["n_buildings"] == len(territory["buildings"])
    assert len(ground["buildings"]) == ground["buildings_drawn"] == 50
    assert ground["streets_drawn"] == 12
    assert sum(map(len, ground["streets"][3:])) == 0  # the widest are kept


def test_simplified_grids_still_meet_without_gaps() -> None:
    filed, _ = make_plan(30, 3)
    wavy = filed.grids.copy()
    wavy["geometry"] = wavy.geometry.segmentize(3.0)
    shapes = shape_plan(FiledPlan(wavy, filed.members, filed.communities, filed.violations, filed.meta))
    n_before = int(shapely.get_num_coordinates(wavy.geometry.array).sum())
    n_after = sum(len(ring) // 2 for rings in shapes.grid_rings for ring in rings)
    assert n_after < n_before / 5
    # Every inner border has the same vertices from both sides: steps of one run backwards in the other.
    corners = [
        set(map(tuple, np.cumsum(np.array(r).reshape(-1, 2), axis=0).tolist())) for rr in shapes.grid_rings for r in rr
    ]
    shared = pd.Series([c for ring in corners for c in ring]).value_counts()
    assert (shared >= 2).mean() > 0.7


def test_labels_stand_inside_their_grids() -> None:
    filed, _ = make_plan(30, 3)
    shapes = shape_plan(filed)
    for rings, spot, room_m in zip(shapes.grid_rings, shapes.spots, shapes.room_m):
        ring = shapely.Polygon(np.cumsum(np.array(rings[0]).reshape(-1, 2), axis=0))
        assert ring.contains(shapely.Point(spot))
        assert room_m > 10


def test_both_languages_say_the_same_things() -> None:
    table = words.page_words()
    assert table["zh"].keys() == table["en"].keys()
    for key, english in table["en"].items():
        assert english.strip()
        assert table["zh"][key].strip()
        assert set(re.findall(r"{\w+}", english)) == set(re.findall(r"{\w+}", table["zh"][key])), key


def test_every_word_the_page_asks_for_is_there() -> None:
    every = words.page_words()["en"].keys()
    camera, reach = (coverage_page_words("en", page).keys() for page in ("camera", "reach"))
    own = {"patrol": patrol_page_words("en").keys(), "camera": camera, "reach": reach, "coverage": camera & reach}
    own["incident"] = incident_page_words("en").keys()
    for path in sorted(offline.STATIC.iterdir()):
        text = path.read_text(encoding="utf-8")
        known = own.get(path.name.split("_")[0], every)
        asked = set(re.findall(r'\bsay\("(\w+)"', text)) | set(re.findall(r'data-say(?:-\w+)?="(\w+)"', text))
        asked |= set(re.findall(r'\b(?:row|figure|button)\("(\w+)"', text)) | set(re.findall(r'"(help_\w+)"', text))
        assert asked <= known, (path.name, asked - known)
