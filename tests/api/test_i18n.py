"""Sentences: both languages from the same codes, safe with any data."""

from __future__ import annotations

import json
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.i18n import LOCALES, number, sentence, sentences


def placeholders(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


def write(folder, language, room, table) -> None:
    (folder / language).mkdir(exist_ok=True)
    (folder / language / f"{room}.json").write_text(json.dumps(table), encoding="utf-8")


def test_both_languages_have_the_same_codes_with_the_same_facts() -> None:
    english, chinese = sentences("en"), sentences("zh")
    assert set(english) == set(chinese)
    different = [code for code in english if placeholders(english[code]) != placeholders(chinese[code])]
    assert different == []


def test_a_code_in_two_rooms_is_an_error(tmp_path) -> None:
    write(tmp_path, "en", "a", {"twice": "one"})
    write(tmp_path, "en", "b", {"twice": "two"})
    with pytest.raises(ValueError, match=r"twice stands in a\.json and in b\.json"):
        sentences("en", tmp_path)


def test_a_code_twice_in_one_room_is_an_error(tmp_path) -> None:
    (tmp_path / "en").mkdir()
    (tmp_path / "en" / "a.json").write_text('{"twice": "one", "twice": "two"}')
    with pytest.raises(ValueError, match="twice"):
        sentences("en", tmp_path)


def test_facts_fill_the_sentence_in_each_language() -> None:
    facts = {"file": "a.gpkg", "measured": "/nowhere"}
    assert sentence("out_folder_missing", facts, "en").startswith("a.gpkg: the folder /nowhere does not exist")
    assert "文件夹 /nowhere 不存在" in sentence("out_folder_missing", facts, "zh")


def test_a_code_without_a_sentence_shows_the_code_and_its_facts() -> None:
    assert sentence("no_such_code", {"layer": "units", "row": 7}, "zh") == "no_such_code: layer=units, row=7"


def test_a_missing_fact_is_a_question_mark_not_an_error() -> None:
    assert sentence("rules_file_missing", {}, "en").startswith("?: no such rules file")


@pytest.mark.parametrize(
    ("n", "said"),
    [
        (1, "1 plan and"),
        (1.0, "1 plan and"),
        ("1", "1 plan and"),
        (0, "0 plans and"),
        (2, "2 plans and"),
        (1.5, "1.5 plans and"),
        (12345, "12,345 plans and"),
        (None, "none plans and"),
        (True, "yes plans and"),
    ],
)
def test_one_thing_is_said_in_the_singular(n, said) -> None:
    assert sentence("frontier_done", {"measured": n, "file": "f"}, "en").startswith(said)


def test_of_how_many_is_not_known_is_said_in_the_plural() -> None:
    assert sentence("frontier_done", {"file": "f"}, "en").startswith("? plans and")


def test_whole_parts_of_a_sentence_agree_with_the_count() -> None:
    one = sentence("note_slivers_joined", {"n": 1, "before": 9, "after": 8}, "en")
    many = sentence("note_slivers_joined", {"n": 3, "before": 9, "after": 6}, "en")
    assert one.startswith("1 piece of land without households (strips")
    assert "was joined to a neighbour: 9 pieces became 8 atoms." in one
    assert many.startswith("3 pieces of land without households (strips")
    assert "were joined to a neighbour: 9 pieces became 6 atoms." in many


def test_data_can_not_steer_the_terminal_or_the_template() -> None:
    shown = sentence("file_not_found", {"file": "a\x1b[31m\nb{measured}{0.__class__}"}, "en")
    assert "\x1b" not in shown
    assert "\n" not in shown
    assert "b{measured}{0.__class__}" in shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (7, "7"),
        (2021, "2021"),
        (12345, "12,345"),
        (0.123456, "0.1235"),
        (3.0, "3"),
        (1234.5678, "1235"),
        (1e-9, "0.000000001"),
    ],
)
def test_numbers_are_shown_for_people(value, shown) -> None:
    assert number(value) == shown


def test_rows_and_codes_are_never_grouped() -> None:
    assert "1" + "0" * 5 in sentence("port_taken", {"port": 100000, "host": "h", "near": 1}, "en")


@given(st.dictionaries(st.text(max_size=8), st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text())))
def test_any_facts_make_one_printable_line(facts) -> None:
    for code in ("out_folder_missing", "nothing_here"):
        for language in ("en", "zh"):
            assert "\n" not in sentence(code, facts, language)
            assert "\x1b" not in sentence(code, facts, language)


def test_every_locale_file_exists_in_both_languages() -> None:
    assert {p.name for p in (LOCALES / "en").glob("*.json")} == {p.name for p in (LOCALES / "zh").glob("*.json")}
