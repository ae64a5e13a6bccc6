"""The patrol desk as the service gives it: its words, its files, and the script that keeps it on the phone."""

from __future__ import annotations

import json
import re

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api.pages.files import page_file, page_files
from api.pages.patrol import patrol_page, patrol_worker, shell_version
from gis.errors import NotFound
from tests.http_kit import app, client, code, embedded_store, migrated_file

__all__ = ["app", "client", "embedded_store", "migrated_file"]


def words(page: str) -> dict[str, dict[str, str]]:
    return json.loads(re.search(r'<script type="application/json" id="words">(.*?)</script>', page, re.DOTALL)[1])


def script() -> str:
    names = [name for name in page_files("patrol") if name.endswith(".js")]
    return "\n".join(page_file("patrol", name)[0].decode() for name in names)


def test_the_page_is_the_same_for_everybody_but_for_the_language_it_begins_in() -> None:
    zh, en = patrol_page("zh"), patrol_page("en")
    assert 'lang="zh-CN"' in zh
    assert 'lang="en"' in en
    assert words(zh) == words(en)
    assert shell_version() in zh
    assert "$" not in zh.replace(re.search(r'id="words">(.*?)</script>', zh, re.DOTALL)[1], "")


def test_every_word_that_the_page_says_is_there_in_both_languages() -> None:
    page = patrol_page("zh")
    said = set(re.findall(r'say\("(\w+)"', script())) | set(re.findall(r'data-w(?:-\w+)?="(\w+)"', page))
    assert len(said) > 80
    for table in words(page).values():
        assert said <= table.keys()


def test_a_word_can_not_end_the_element_it_stands_in() -> None:
    page = patrol_page("en")
    inner = re.search(r'id="words">(.*?)</script>', page, re.DOTALL)[1]
    assert not set("<>&") & set(inner)


def test_only_files_of_the_page_are_given(client: TestClient) -> None:
    assert client.get("/desk/patrol/desk_map.js").headers["content-type"].startswith("text/javascript")
    assert client.get("/desk/patrol/patrol.css").headers["content-type"].startswith("text/css")
    for name in ("patrol.py", "login.js", "patrol.html", "..%2flogin.js", "patrolx.js"):
        assert code(client.get(f"/desk/patrol/{name}"))[0] == 404
    with pytest.raises(NotFound):
        page_file("patrol", "../login.js")


def test_the_worker_may_ask_this_service_alone_and_serve_the_page_alone(client: TestClient) -> None:
    answer = client.get("/desk/patrol/patrol_worker.js")
    assert answer.headers["service-worker-allowed"] == "/desk/patrol"
    assert "connect-src 'self'" in answer.headers["content-security-policy"]
    assert "$" not in answer.text
    kept = json.loads(re.search(r"new Set\((\[.*?\])\)", answer.text)[1])
    assert set(kept) == {f"/desk/patrol/{name}" for name in page_files("patrol") if name != "patrol_worker.js"}
    assert answer.text == patrol_worker()
    for path in kept:
        assert client.get(path).status_code == 200


def test_the_page_states_its_policy_and_says_nothing_of_who_reads_it(app: FastAPI, client: TestClient) -> None:
    answer = client.get("/desk/patrol?lang=zh&grid=1&plan=2")
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.text == patrol_page("zh")
    assert code(client.get("/desk/patrol?lang=fr"))[0] in (400, 422)


def colours(of: str) -> dict[str, str]:
    """Variables of the style sheet by day, or by night."""
    css = page_file("patrol", "patrol.css")[0].decode()
    day, night = re.findall(r":root \{(.*?)\}", css, re.DOTALL)[:2]
    found = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", day))
    return found if of == "day" else found | dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", night))


def contrast(one: str, other: str) -> float:
    """Of two colours, after WCAG."""

    def light(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        r, g, b = (p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
        return 0.2126 * r + 0.7152 * g + 0.0722 * b

    high, low = sorted((light(one), light(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("of", ["day", "night"])
def test_text_can_be_read_in_rain_and_in_the_dark(of: str) -> None:
    named = colours(of)
    pairs = [("ink", "paper"), ("soft", "paper"), ("soft", "soft-paper"), ("main", "paper"), ("on-main", "main")]
    pairs += [("on-top", "top"), ("warn", "warn-paper"), ("good", "good-paper"), ("map-ink", "map-now")]
    poor = {pair: round(contrast(named[pair[0]], named[pair[1]]), 2) for pair in pairs}
    night_only = {("map-ink", "map-now")} if of == "night" else set()
    assert not {pair: value for pair, value in poor.items() if value < 7 and pair not in night_only}
    lines = ("map-route", "map-empty", "map-missed", "map-grid", "map-place", "map-me")
    poor = {line: round(contrast(named[line], named["map-street"]), 2) for line in lines}
    assert not {line: value for line, value in poor.items() if value < 4.5}
