"""The words of the papers: both languages have the same keys and facts, and every word that is asked for is there."""

from __future__ import annotations

import ast
import json
import re
import string
from pathlib import Path

import pytest

from data.papers.words import LANGUAGES, paper_words

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "data" / "papers"


def facts(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def asked_for() -> set[str]:
    """Keys that stand in the source as they are."""
    found = set()
    for path in FOLDER.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not node.args or not isinstance(node.args[0], ast.Constant):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name == "words":
                found.add(node.args[0].value)
            if name == "Column" and len(node.args) < 3:
                found.add(f"col_{node.args[0].value}")
    return found


def test_both_languages_have_the_same_keys_and_facts() -> None:
    zh, en = paper_words()["zh"], paper_words()["en"]
    assert list(zh) == list(en)
    assert not {key for key in zh if facts(zh[key]) != facts(en[key])}


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_key_stands_twice_in_a_file(language: str) -> None:
    pairs = json.loads((FOLDER / f"words.{language}.json").read_text(encoding="utf-8"), object_pairs_hook=list)
    assert len({key for key, _ in pairs}) == len(pairs)


def test_every_word_that_is_asked_for_is_there() -> None:
    wanted = asked_for()
    assert len(wanted) > 40
    assert not wanted - set(paper_words()["zh"])


def test_each_language_is_written_in_its_own_script() -> None:
    chinese = re.compile(r"[\u4e00-\u9fff]")
    assert not [key for key, text in paper_words()["en"].items() if chinese.search(text)]
    wordless = {
        "side_and",
        "side_joint",
        "plan_joint",
        "list_joint",
        "why_joint",
        "title_of_town",
        "post_count",
        "many_alike",
        "comment_role_who",
    }
    assert not [
        key
        for key, text in paper_words()["zh"].items()
        if not chinese.search(text) and key not in wordless | {"notice_blank"}
    ]


def test_every_reason_the_maps_know_is_known_to_the_papers() -> None:
    maps = json.loads((ROOT / "maps" / "static" / "words.zh.json").read_text(encoding="utf-8"))
    assert {key for key in maps if key.startswith("reason_")} <= set(paper_words()["zh"])


def test_every_role_template_and_relation_has_its_word() -> None:
    from data.papers.staffing import TEMPLATES
    from partition.crosswalk import RELATIONS

    keys = {f"template_{key}" for key in TEMPLATES}
    keys |= {f"role_{role.key}" for template in TEMPLATES.values() for role in template.roles}
    keys |= {f"per_{role.per}" for template in TEMPLATES.values() for role in template.roles}
    keys |= {f"relation_{relation}" for relation in RELATIONS}
    assert keys <= set(paper_words()["zh"])
