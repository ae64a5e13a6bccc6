"""The planner's desk as the service gives it: its words, its files, its policy, and colours that can be told apart."""

from __future__ import annotations

import json
import re

import pytest
from fastapi.testclient import TestClient

from api.pages.files import page_file, page_files
from api.pages.plan import plan_page
from tests.api.test_patrol_page import contrast, words
from tests.http_kit import app, client, code, embedded_store, migrated_file

__all__ = ["app", "client", "embedded_store", "migrated_file"]

STATES = ("draft", "submitted", "returned", "approved", "filed", "in_force", "superseded", "withdrawn")
FOUND = ("grid", "community", "estate", "building", "unit", "address", "street", "place", "post")


def scripts() -> dict[str, str]:
    return {name: page_file("plan", name)[0].decode() for name in page_files("plan") if name.endswith(".js")}


def styles() -> str:
    return "\n".join(page_file("plan", name)[0].decode() for name in page_files("plan") if name.endswith(".css"))


def test_the_page_is_the_same_for_everybody_but_for_the_language_it_begins_in() -> None:
    zh, en = plan_page("zh"), plan_page("en")
    assert 'lang="zh-CN"' in zh
    assert 'lang="en"' in en
    assert words(zh) == words(en)
    assert "$" not in re.sub(r'id="words">.*?</script>', "", zh, flags=re.DOTALL)


def test_every_word_that_the_page_says_is_there_in_both_languages() -> None:
    said = set(re.findall(r'data-w(?:-\w+)?="(\w+)"', plan_page("zh")))
    for content in scripts().values():
        said |= set(re.findall(r'\bsay\(\s*"(\w+)"\s*[,)]', content))
        said |= set(re.findall(r'\b(?:word|hint): "(\w+)"', content))
    assert len(said) > 80
    for language, table in words(plan_page("zh")).items():
        assert said <= table.keys(), (language, said - table.keys())


@pytest.mark.parametrize(
    ("prefix", "names"),
    [
        ("plan_state", STATES),
        ("search", FOUND),
        ("start", ("choose", "unknown", "denied", "refused", "session", "gone")),
        ("keys", ("doing", "map", "tools", "find", "panels", "page", "mouse")),
        ("mouse", ("drag", "wheel", "double", "right", "touch")),
    ],
)
def test_words_that_are_put_together_are_there(prefix: str, names: tuple[str, ...]) -> None:
    for table in words(plan_page("en")).values():
        assert {f"{prefix}_{name}" for name in names} <= table.keys()


def test_panels_and_tools_have_names() -> None:
    """They are called after their ids, where they state no word of their own."""
    calls = [
        (kind, id)
        for content in scripts().values()
        for kind, call in (("panel", "addPanel"), ("tools", "addTool"))
        for id, rest in re.findall(rf'{call}\(\{{\s*id: "(\w+)"([^}}]*)', content)
        if "word:" not in rest
    ]
    for table in words(plan_page("en")).values():
        assert {f"{kind}_{id}" for kind, id in calls} <= table.keys()


def test_a_word_can_not_end_the_element_it_stands_in() -> None:
    inner = re.search(r'id="words">(.*?)</script>', plan_page("en"), re.DOTALL)[1]  # type: ignore[index]
    assert not set("<>&") & set(inner)
    assert json.loads(inner)


def test_nothing_is_put_into_the_page_as_html_and_nothing_is_asked_of_others() -> None:
    for name, content in scripts().items():
        made = re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", content)
        assert not made, (name, made)
        assert set(re.findall(r"https?://[^\"'` ]+", content)) <= {"http://www.w3.org/2000/svg"}, name
        assert "style=" not in content.replace("style={", ""), name


def test_every_script_and_style_that_is_named_is_given(client: TestClient) -> None:
    given = set(page_files("plan"))
    for name, content in scripts().items():
        imported = set(re.findall(r'(?:from|import)\s*\(?\s*"\./([\w.]+)"', content))
        assert imported <= given, (name, imported - given)
    assert {f"/desk/plan/{one}" for one in given} >= set(
        re.findall(r'(?:href|src)="(/desk/plan/[^"]+)"', plan_page("en"))
    )
    assert client.get("/desk/plan/plan_map.js").headers["content-type"].startswith("text/javascript")
    assert client.get("/desk/plan/plan.css").headers["content-type"].startswith("text/css")
    for name in ("plan.py", "patrol.js", "plan.html", "..%2flogin.js", "planx.js"):
        assert code(client.get(f"/desk/plan/{name}"))[0] == 404


def test_the_page_states_its_policy(client: TestClient) -> None:
    answer = client.get("/desk/plan?lang=zh&plan=2")
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.text == plan_page("zh")
    assert code(client.get("/desk/plan?lang=fr"))[0] in (400, 422)


def test_text_stands_out_from_what_it_stands_on() -> None:
    named = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", page_file("plan", "plan.css")[0].decode()))
    texts = [("ink", "paper"), ("soft", "paper"), ("soft", "soft-paper"), ("main", "paper"), ("on-main", "main")]
    texts += [(f"{one}", f"{one}-paper") for one in ("main", "good", "low", "high", "bad", "warn")]
    texts += [("on-top", "top"), ("low", "paper"), ("high", "paper"), ("bad", "paper"), ("good", "paper")]
    assert not {pair: c for pair in texts if (c := round(contrast(named[pair[0]], named[pair[1]]), 2)) < 4.5}
    assert contrast(named["focus"], named["paper"]) >= 3
    assert contrast(named["edge"], named["paper"]) >= 3


def test_the_page_obeys_what_people_have_set_their_machines_to() -> None:
    content = styles()
    for wish in ("prefers-reduced-motion: reduce", "forced-colors: active", "prefers-contrast: more", "@media print"):
        assert wish in content
