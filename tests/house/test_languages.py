"""Every code has a sentence in English and in Chinese, and the two say the same facts."""

from __future__ import annotations

import ast
import json
import re
import string
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCALES = ROOT / "api" / "locales"
LANGUAGES = ("en", "zh")
PACKAGES = ("gis", "partition", "data", "maps", "api")

# Calls whose first argument is a message code.
CODED_CALLS = {"Fault", "InputError", "NotFound", "Conflict", "StorageError", "GridwrightError", "Refusal", "Remark"}
CODED_CALLS |= {"Violation"}
CODED_METHODS = {"stage"}
# Sentences about two things or more, never one.
MANY = {"compare_largest", "pd_tools_menu_merge", "page:buildings_left_out"}
PREFIXED_CODE = re.compile(r"(stage|repair|note|warn|reason)_[a-z0-9_]*[a-z0-9]")


@cache
def sentences(language: str) -> dict[str, str]:
    """Every sentence by code, and the words of the pages as ``page:KEY``."""
    merged: dict[str, str] = {}
    for path in sorted((LOCALES / language).glob("*.json")):
        merged.update(json.loads(path.read_text(encoding="utf-8")))
    page = json.loads((ROOT / "maps" / "static" / f"words.{language}.json").read_text(encoding="utf-8"))
    return merged | {f"page:{key}": text for key, text in page.items()}


def placeholders(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}


def first_texts(call: ast.Call) -> list[str]:
    """The code or codes in the first argument: a literal, or both branches of a choice between literals."""
    arguments = call.args[1:] if getattr(call.func, "id", "") == "Refusal" else call.args  # its status comes first
    argument = arguments[0] if arguments else next((k.value for k in call.keywords if k.arg == "code"), None)
    choices = [argument.body, argument.orelse] if isinstance(argument, ast.IfExp) else [argument]
    return [c.value for c in choices if isinstance(c, ast.Constant) and isinstance(c.value, str)]


@cache
def modules() -> tuple[tuple[Path, ast.Module], ...]:
    paths = [p for package in PACKAGES for p in sorted((ROOT / package).rglob("*.py")) if "node_modules" not in p.parts]
    return tuple((path.relative_to(ROOT), ast.parse(path.read_text(encoding="utf-8"))) for path in paths)


@cache
def helpers() -> frozenset[str]:
    """Functions of ours that take a code first and pass it on; ``add`` is left out, sets have one too."""
    names = set()
    for _, module in modules():
        for node in ast.walk(module):
            if isinstance(node, ast.FunctionDef):
                arguments = [a.arg for a in node.args.args if a.arg not in {"self", "cls"}]
                if arguments[:1] == ["code"]:
                    names.add(node.name)
    return frozenset(names - {"add", "__init__"})


def is_coded(call: ast.Call) -> bool:
    function = call.func
    if isinstance(function, ast.Name):
        return function.id in CODED_CALLS | helpers()
    if not isinstance(function, ast.Attribute):
        return False
    if function.attr in CODED_METHODS | CODED_CALLS | helpers():
        return True
    receiver = function.value
    owner = receiver.attr if isinstance(receiver, ast.Attribute) else getattr(receiver, "id", "")
    return function.attr == "add" and owner.lstrip("_") == "report"


@cache
def codes_in_use() -> dict[str, str]:
    """Code -> the first place that uses it."""
    found: dict[str, str] = {}
    for path, module in modules():
        for node in ast.walk(module):
            texts: list[str] = []
            if isinstance(node, ast.Call) and is_coded(node):
                texts = first_texts(node)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                texts = [node.value] if PREFIXED_CODE.fullmatch(node.value) else []
            for text in texts:
                if re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)+", text):
                    found.setdefault(text, f"{path}:{getattr(node, 'lineno', 0)}")
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_the_source_uses_has_a_sentence(language: str) -> None:
    known = sentences(language)
    missing = {code: where for code, where in codes_in_use().items() if code not in known}
    assert not missing, f"{language}: {missing}"


def test_the_search_for_codes_finds_the_ones_we_know_of() -> None:
    assert {"layer_missing", "rules_band_empty", "crs_not_metres"} <= codes_in_use().keys()


def test_both_languages_have_the_same_files_and_keys() -> None:
    files = {language: {p.name for p in (LOCALES / language).glob("*.json")} for language in LANGUAGES}
    assert files["en"] == files["zh"]
    assert sentences("en").keys() == sentences("zh").keys()


def test_no_code_has_two_sentences() -> None:
    for language in LANGUAGES:
        seen: dict[str, str] = {}
        for path in sorted((LOCALES / language).glob("*.json")):
            pairs = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=list)
            for key, _ in pairs:
                assert key not in seen, f"{language}: {key} in {seen[key]} and {path.name}"
                seen[key] = path.name


def test_both_languages_say_the_same_facts() -> None:
    differ = {
        code: (sorted(placeholders(text)), sorted(placeholders(sentences("zh")[code])))
        for code, text in sentences("en").items()
        if code in sentences("zh") and placeholders(text) != placeholders(sentences("zh")[code])
    }
    assert not differ, differ


def fields(text: str) -> list[tuple[str, str]]:
    return [(name, spec or "") for _, name, spec, _ in string.Formatter().parse(text) if name is not None]


def test_a_choice_of_words_has_two_parts_and_its_count_is_said() -> None:
    # {n:edit|edits}: what is said of one and of many; the count itself is said too, in this language or the other.
    wrong = []
    for language in LANGUAGES:
        for code, text in sentences(language).items():
            said = {name for other in LANGUAGES for name, spec in fields(sentences(other)[code]) if "|" not in spec}
            for name, spec in fields(text):
                parts = spec.split("|")
                if len(parts) > 1 and (len(parts) != 2 or not all(parts) or "{" in spec or name not in said):
                    wrong.append((language, code, spec))
    assert not wrong, wrong


def test_what_is_counted_agrees_with_the_count() -> None:
    things = "edits|changes|steps|days|times|households|people|grids|communities|buildings|rows|files|posts|cameras"
    wrong = [c for c, t in sentences("en").items() if re.search(rf"\{{n(_\w+)?}} (\w+ )?({things})\b(?!\|)", t)]
    assert set(wrong) <= MANY, set(wrong) - MANY


def test_each_language_is_written_in_its_own_script() -> None:
    chinese = re.compile(r"[\u4e00-\u9fff]")
    words = {
        language: {c: t for c, t in sentences(language).items() if not c.startswith("example_")}
        for language in LANGUAGES
    }
    in_zh = [c for c, t in words["zh"].items() if len(re.findall(r"[A-Za-z]{3,}", t)) > 2 and not chinese.search(t)]
    in_en = [c for c, t in words["en"].items() if len(t) > 6 and 2 * len(chinese.findall(t)) > len(t)]
    assert not in_zh + in_en, in_zh + in_en
