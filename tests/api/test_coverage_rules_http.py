"""The rules of coverage over HTTP: read in two forms, changed with If-Match, undone step by step, all faults told."""

from __future__ import annotations

import json
import tomllib
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.usecases.coverage_rules import text_of
from partition.coverage.settings import CameraSettings
from partition.coverage.settings_toml import cameras_from_toml
from tests.coverage_site import desk, read_service, rows
from tests.drawn_town import drawn_town, loaded_file, town_store
from tests.http_kit import code

__all__ = ["desk", "drawn_town", "loaded_file", "read_service", "town_store"]

PARTS = ["cameras", "reach"]


def url(part: str) -> str:
    return f"/v1/{part}/settings"


def put(service: TestClient, part: str, settings: dict[str, Any], match: str | None = None) -> Any:
    tag = service.get(url(part)).headers["etag"] if match is None else match
    return service.put(url(part), json={"settings": settings}, headers={"If-Match": tag} if tag else {})


@pytest.mark.parametrize("part", PARTS)
def test_rules_never_changed_are_the_defaults_in_both_forms(read_service: TestClient, part: str) -> None:
    told = read_service.get(url(part))
    body = told.json()
    assert (body["version"], body["is_default"], body["can_undo"]) == (0, True, False)
    assert told.headers["etag"] == f'"{part}-0"'
    text = read_service.get(url(part), params={"f": "toml"})
    assert text.headers["content-type"].startswith("application/toml")
    table = tomllib.loads(text.text)[part]
    assert table.keys() == body["settings"].keys()


@pytest.mark.parametrize("part", PARTS)
def test_what_was_read_can_be_put_back_unchanged(desk: TestClient, part: str) -> None:
    before = desk.get(url(part)).json()["settings"]
    assert put(desk, part, before).json()["version"] == 0  # the defaults are no other rules
    changed = {"cameras": {"sample_m": 4.0, "private_most_m": 90.5}, "reach": {"turn_out_s": 45.0}}[part]
    assert put(desk, part, {**before, **changed}).json()["version"] == 1
    after = desk.get(url(part)).json()
    assert after["settings"] == {**before, **changed}
    text = desk.get(url(part), params={"f": "toml"}).text
    headers = {"If-Match": f'"{part}-1"', "Content-Type": "application/toml"}
    assert desk.put(url(part), content=text, headers=headers).json()["version"] == 1
    assert put(desk, part, after["settings"]).json()["version"] == 1


def test_a_target_changes_what_is_missing_at_once_and_is_undone_step_by_step(desk: TestClient) -> None:
    def missing() -> int:
        return int(rows(desk, "all")[0]["missing"])

    found = [missing()]
    for target in (200, 400):
        settings = desk.get(url("cameras")).json()["settings"]
        told = put(desk, "cameras", {**settings, "density": {"urban": target, "rural": target}})
        assert told.json()["settings"]["density"] == {"urban": target, "rural": target}
        assert told.json()["can_undo"]
        found.append(missing())
    assert found[0] < found[1] < found[2]
    for expected in (found[1], found[0]):
        assert desk.post(f"{url('cameras')}/undo").status_code == 200
        assert missing() == expected
    assert code(desk.post(f"{url('cameras')}/undo")) == (409, "coverage_rules_no_undo")
    assert desk.get(url("cameras")).json()["is_default"]


def test_rules_of_reach_change_the_promises(desk: TestClient) -> None:
    rule = {"name": "two", "minutes": 2.0, "posts": ["police"], "places": [], "mode": "car", "target_frac": 0.5}
    assert put(desk, "reach", {"rules": [rule], "bands": [{"name": "day"}]}).status_code == 200
    [told] = desk.get("/v1/reach").json()["rules"]
    assert (told["name"], told["minutes"], told["posts"], told["target_frac"]) == ("two", 2.0, ["police"], 0.5)
    assert desk.post(f"{url('reach')}/undo").status_code == 200
    assert len(desk.get("/v1/reach").json()["rules"]) > 1


def test_rules_changed_meanwhile_are_not_overwritten(desk: TestClient) -> None:
    first = desk.get(url("cameras")).headers["etag"]
    assert put(desk, "cameras", {"sample_m": 4}).status_code == 200
    for language in ("zh", "en"):
        answer = desk.put(
            url("cameras"), json={"settings": {}}, headers={"If-Match": first, "Accept-Language": language}
        )
        assert code(answer) == (412, "coverage_rules_changed")
        assert answer.headers["etag"] == '"cameras-1"'
    assert code(desk.post(f"{url('cameras')}/undo", headers={"If-Match": first})) == (412, "coverage_rules_changed")
    assert desk.get(url("cameras")).json()["settings"]["sample_m"] == 4


@pytest.mark.parametrize(
    ("match", "expected"),
    [
        ("", (428, "if_match_missing")),
        ("*", (400, "coverage_if_match_malformed")),
        ('"reach-0"', (400, "coverage_if_match_malformed")),
        ('W/"cameras-0"', (400, "coverage_if_match_malformed")),
        ('"cameras-7"', (412, "coverage_rules_changed")),
    ],
)
def test_a_change_says_which_rules_it_was_made_for(desk: TestClient, match: str, expected) -> None:
    assert code(put(desk, "cameras", {"sample_m": 4}, match)) == expected


def test_all_faults_are_told_and_nothing_is_kept(desk: TestClient) -> None:
    answer = put(desk, "cameras", {"sample_m": -1, "colour": "red", "density": {"urban": "many"}, "headings": 1.5})
    assert answer.status_code == 422
    told = {fault["code"] for fault in answer.json()["faults"]}
    assert {"coverage_settings_unknown_key", "coverage_settings_wrong_type"} <= told
    assert desk.get(url("cameras")).json()["version"] == 0


@pytest.mark.parametrize(
    ("content", "kind", "expected"),
    [
        ("{}", "application/json", (422, "coverage_rules_body")),
        ('{"settings": {}, "toml": ""}', "application/json", (422, "coverage_rules_body")),
        ('{"settings": 3}', "application/json", (422, "parameter_wrong")),
        ('{"rules": {}}', "application/json", (422, "parameter_wrong")),
        ("[cameras", "application/toml", (422, "coverage_settings_not_toml")),
        ("[reach]\n", "application/toml", (422, "coverage_settings_no_table")),
        (b'[cameras]\nlevel = "\xff"', "application/toml", (400, "coverage_settings_not_text")),
        ("x", "text/plain", (415, "content_type_refused")),
        ("# " + "x" * 100_000, "application/toml", (422, "coverage_rules_long")),
    ],
)
def test_a_body_that_is_none_is_refused_with_the_reason(desk: TestClient, content, kind: str, expected) -> None:
    headers = {"If-Match": '"cameras-0"', "Content-Type": kind}
    assert code(desk.put(url("cameras"), content=content, headers=headers)) == expected


def test_plain_data_becomes_the_toml_that_says_the_same() -> None:
    table = {
        "density": {"urban": 70, "111": 90.5},
        "planned_channels": {'天网 "一期"': 12, "all": 30},
        "forbidden_estates": ["school"],
        "forbidden_near_m": {'a"b\\c\n': 5},
        "private_most_m": None,
        "profile": {"edition": "X", "levels": {"see": 20, "know": 200}},
        "level": "see",
        "private_level": "know",
    }
    text = text_of("cameras", json.loads(json.dumps(table)))
    read = cameras_from_toml(text)
    assert read.density["111"] == 90.5
    assert dict(read.planned_channels) == {'天网 "一期"': 12, "": 30}
    assert read.forbidden_estates == {"school"}
    assert dict(read.forbidden_near_m) == {'a"b\\c\n': 5}
    assert read.private_most_m == CameraSettings().private_most_m
    assert read.profile.names == ("see", "know")
