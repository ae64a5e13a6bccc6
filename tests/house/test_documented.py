"""The documents say what the program can do, and no more."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from api.cli import commands
from api.cli.parser import build_parser
from api.i18n import sentences

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
SECTIONS = {part.split("\n", 1)[0].strip(): part for part in re.split(r"^## gridwright ", TEXT, flags=re.MULTILINE)[1:]}
NAMES = [command.NAME for command in commands.ALL]
_, PARSERS = build_parser(commands.ALL, "en")


def options(name: str) -> set[str]:
    common = {"--json", "--lang", "--help", "-h"}
    return {option for action in PARSERS[name]._actions for option in action.option_strings} - common


def test_every_command_has_its_section_and_every_section_its_command() -> None:
    assert list(SECTIONS) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_the_section_of_a_command_names_exactly_the_options_it_has(name: str) -> None:
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]*", SECTIONS[name]))
    assert named == options(name)


@pytest.mark.parametrize("option", ["--json", "--lang", "--help"])
def test_the_options_of_every_command_are_said_once_for_all(option: str) -> None:
    assert option in TEXT.split("## gridwright ", 1)[0]
    for parser in PARSERS.values():
        assert any(option in action.option_strings for action in parser._actions)


@pytest.mark.parametrize("name", NAMES)
def test_the_readme_shows_every_command_of_the_main_road(name: str) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"gridwright {name}" in readme or f"make {name}" in readme or name == "serve"


def test_the_readme_has_every_target_of_the_makefile_that_users_need() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in ("setup", "setup-tests", "demo", "test", "check", "bench"):
        assert f"make {target}" in readme, target
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_the_codes_in_the_list_of_bad_input_are_codes_with_a_sentence() -> None:
    listed = re.findall(r"`([a-z]+(?:_[a-z]+)+)`", (ROOT / "docs" / "bad-input.md").read_text(encoding="utf-8"))
    assert len(listed) > 40
    assert set(listed) <= sentences("en").keys()


def test_every_reason_in_the_concepts_has_a_sentence() -> None:
    text = (ROOT / "docs" / "concepts.md").read_text(encoding="utf-8")
    table = text.split("| reason |", 1)[1].split("\n\n", 1)[0]
    reasons = re.findall(r"^\| `([a-z_]+)` \|", table, re.MULTILINE)
    assert len(reasons) >= 7
    assert set(reasons) <= sentences("en").keys()
