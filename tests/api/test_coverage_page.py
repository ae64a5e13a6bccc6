"""The coverage desk as the service gives it: its words, its files, its policy, and colours that can be told apart."""

from __future__ import annotations

import itertools
import json
import re

import pytest
from fastapi.testclient import TestClient

from api.pages.coverage import coverage_page
from api.pages.files import page_file, page_files
from gis.layers import POST_KINDS
from gis.streets import Mode
from tests.api.test_patrol_page import contrast, words
from tests.http_kit import app, client, code, embedded_store, migrated_file

__all__ = ["app", "client", "embedded_store", "migrated_file"]

CLASSES = [f"map-class-{i}" for i in range(5)]


def script() -> str:
    names = [name for name in page_files("coverage") if name.endswith(".js")]
    assert len(names) > 12
    return "\n".join(page_file("coverage", name)[0].decode() for name in names)


def colours() -> dict[str, str]:
    css = page_file("coverage", "coverage.css")[0].decode()
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", css))


def light(colour: str) -> float:
    return contrast(colour, "#000000")


def as_seen(colour: str, kind: str) -> str:
    """A colour as people see it who lack one kind of cones (Machado and others 2009, severity 1)."""
    table = {
        "protan": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
        "deutan": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
        "tritan": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
    }[kind]
    linear = [((c / 12.92) if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4) for c in parts(colour)]
    seen = [min(max(sum(a * b for a, b in zip(row, linear, strict=True)), 0.0), 1.0) for row in table]
    coded = [12.92 * c if c <= 0.0031308 else 1.055 * c ** (1 / 2.4) - 0.055 for c in seen]
    return "#" + "".join(f"{round(255 * c):02x}" for c in coded)


def parts(colour: str) -> list[float]:
    return [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]


def test_the_page_is_the_same_for_everybody_but_for_the_language_it_begins_in() -> None:
    zh, en = coverage_page("zh"), coverage_page("en")
    assert 'lang="zh-CN"' in zh
    assert 'lang="en"' in en
    assert words(zh) == words(en)
    assert "$" not in re.sub(r'id="words">.*?</script>', "", zh, flags=re.DOTALL)


def test_every_word_that_the_page_says_is_there_in_both_languages() -> None:
    said = set(re.findall(r'say\("(\w+)"', script())) | set(re.findall(r'data-w(?:-\w+)?="(\w+)"', coverage_page("zh")))
    said |= {f"load_{name}" for name in re.findall(r'"load_(\w+)"', script())}
    assert len(said) > 150
    for table in words(coverage_page("zh")).values():
        assert said <= table.keys(), said - table.keys()


@pytest.mark.parametrize(
    ("prefix", "names"),
    [
        ("scale", [f"{m}_{i}" for m in ("density", "seen", "missing", "private", "reach") for i in range(5)]),
        ("metric", ["density", "seen", "missing", "private"]),
        ("posts_goal", ["center", "median", "most", "cover"]),
        ("posts", ["center", "median", "most", "cover"]),
        ("goal", ["cover", "all", "floor"]),
        ("left", ["off_grid", "in_building", "private", "in_water", "forbidden"]),
        ("level", ["detect", "observe", "recognise", "identify"]),
        ("state", ["draft", "submitted", "returned", "approved", "filed", "in_force", "superseded", "withdrawn"]),
        ("promises", ["name", "minutes", "mode", "frac", "posts", "places"]),
        ("promises_fault", ["number", "out_of_range", "not_one_of", "name_twice", "empty", "wrong_type"]),
        ("kind", list(POST_KINDS)),
        ("mode", [mode.value for mode in Mode]),
        ("rule", ["1", "3", "5", "30", "circle15"]),
    ],
)
def test_words_that_are_put_together_are_there(prefix: str, names: list[str]) -> None:
    for table in words(coverage_page("en")).values():
        assert {f"{prefix}_{name}" for name in names} <= table.keys()


def test_promises_offer_every_kind_of_posts_and_every_mode() -> None:
    content = page_file("coverage", "coverage_promises.js")[0].decode()
    for name, wanted in (("POST_KINDS", POST_KINDS), ("MODES", [mode.value for mode in Mode])):
        listed = re.search(rf"const {name} = (\[.*?\]);", content)[1]  # type: ignore[index]
        assert sorted(json.loads(listed)) == sorted(wanted)


def test_a_word_can_not_end_the_element_it_stands_in() -> None:
    inner = re.search(r'id="words">(.*?)</script>', coverage_page("en"), re.DOTALL)[1]  # type: ignore[index]
    assert not set("<>&") & set(inner)
    assert json.loads(inner)


def test_nothing_is_put_into_the_page_as_html_and_nothing_is_asked_of_others() -> None:
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", script())
    assert set(re.findall(r"https?://[^\"'` ]+", script())) <= {"http://www.w3.org/2000/svg"}


def test_only_files_of_the_page_are_given(client: TestClient) -> None:
    assert client.get("/desk/coverage/coverage_map.js").headers["content-type"].startswith("text/javascript")
    assert client.get("/desk/coverage/desk_map.js").status_code == 200
    assert client.get("/desk/coverage/coverage.css").headers["content-type"].startswith("text/css")
    for name in ("coverage.py", "patrol.js", "coverage.html", "..%2flogin.js", "coveragex.js"):
        assert code(client.get(f"/desk/coverage/{name}"))[0] == 404
    imported = set(re.findall(r'from "\./([\w.]+)"', script()))
    assert imported <= set(page_files("coverage"))


def test_the_page_states_its_policy(client: TestClient) -> None:
    answer = client.get("/desk/coverage?lang=zh&plan=2")
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.text == coverage_page("zh")
    assert code(client.get("/desk/coverage?lang=fr"))[0] in (400, 422)


def test_text_and_lines_stand_out_from_what_they_stand_on() -> None:
    named = colours()
    texts = [("ink", "paper"), ("soft", "paper"), ("soft", "soft-paper"), ("main", "paper"), ("on-main", "main")]
    texts += [("on-top", "top"), ("warn", "warn-paper"), ("good", "good-paper"), ("main", "main-paper")]
    assert not {pair: c for pair in texts if (c := round(contrast(named[pair[0]], named[pair[1]]), 2)) < 4.5}
    lines = [f"map-{one}" for one in ("seen", "unseen", "blind", "camera", "mask", "bad", "chosen", "new", "time-3")]
    assert not {one: c for one in lines if (c := round(contrast(named[one], named["map-way"]), 2)) < 3}
    assert all(contrast(named["map-ink"], named[one]) >= 4.5 for one in CLASSES)


@pytest.mark.parametrize("kind", ["protan", "deutan", "tritan"])
def test_classes_grow_lighter_step_by_step_for_every_eye(kind: str) -> None:
    lightness = [light(as_seen(colours()[one], kind)) for one in CLASSES[:4]]
    assert all(b / a > 1.12 for a, b in itertools.pairwise(lightness)), lightness
