"""Every fault and remark of the readers has a sentence in both languages that its facts can fill."""

from __future__ import annotations

import ast
import json
import string
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = [*sorted((ROOT / "gis" / "readers").glob("*.py")), *sorted((ROOT / "gis" / "assemble").glob("*.py"))]
RECEIVERS = {"faults", "report"}
# What the callee adds by itself: FaultList the file, `each` the rows of its lines, a remark its own fields.
ALWAYS = {
    "add": {"file", "layer", "id", "before", "after"},
    "each": {"file", "layer", "row", "id", "measured", "other", "community", "where", "before_m2", "after_m2"},
    "_each_row": {"file", "layer", "row", "id"},
}


def uses() -> list[tuple[str, str, set[str], bool]]:
    """(where, code, facts given, whether all of them are visible here) of every literal code."""
    found = []
    for path in ROOMS:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            owner = (
                node.func.value.id
                if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name)
                else ""
            )
            is_ours = name in ("each", "_each_row", "InputError") or (name == "add" and owner in RECEIVERS)
            if not is_ours:
                continue
            first = node.args[0]
            choices = [first.body, first.orelse] if isinstance(first, ast.IfExp) else [first]
            facts = {k.arg for k in node.keywords if k.arg} | ALWAYS.get(name, {"file"})
            whole = all(k.arg for k in node.keywords)
            found += [
                (f"{path.name}:{node.lineno}", c.value, facts, whole)
                for c in choices
                if isinstance(c, ast.Constant) and isinstance(c.value, str)
            ]
    return found


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_code_of_the_readers_has_a_sentence_that_its_facts_fill(language: str) -> None:
    sentences: dict[str, str] = {}
    for path in (ROOT / "api" / "locales" / language).glob("*.json"):
        sentences |= json.loads(path.read_text(encoding="utf-8"))
    wrong = []
    for where, code, facts, whole in uses():
        if code not in sentences:
            wrong.append(f"{where} {code}: no sentence")
            continue
        wanted = {name for _, name, _, _ in string.Formatter().parse(sentences[code]) if name}
        if whole and wanted - facts:
            wrong.append(f"{where} {code}: no fact for {sorted(wanted - facts)}")
    assert not wrong, "\n".join(wrong)


def test_the_search_finds_the_codes_there_are() -> None:
    codes = {code for _, code, _, _ in uses()}
    assert {"buildings_outside", "geometry_broken", "encoding_used", "zip_nested", "note_layer_read"} <= codes
    assert len(codes) > 90
