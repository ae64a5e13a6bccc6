"""The examples in deploy/ call commands and settings that exist."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from api.cli import commands
from api.cli.parser import build_parser, parse

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
UNITS = sorted(DEPLOY.glob("*.service"))
SOURCE = "".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "api").rglob("*.py")))
DOCUMENT = (ROOT / "docs" / "operation.md").read_text(encoding="utf-8")


def understood(words: list[str]) -> str:
    name, _ = parse(words, *build_parser(commands.ALL, "en"))
    return name


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_the_commands_of_a_unit_are_understood(unit: Path) -> None:
    lines = re.findall(r"^ExecStart=(.+)$", unit.read_text(encoding="utf-8"), re.MULTILINE)
    assert lines
    for line in lines:
        words = shlex.split(line)
        if words[0] == "/bin/sh":
            words = shlex.split(words[2].removeprefix("exec ").replace("$(date +%%u)", "1"))
        assert words[0] == "/opt/gridwright/.venv/bin/gridwright"
        assert understood(words[1:]) in line


def test_the_command_of_the_container_is_understood() -> None:
    found = re.search(r"^CMD \[(.+)\]$", (DEPLOY / "Containerfile").read_text(encoding="utf-8"), re.MULTILINE)
    assert found is not None
    words = re.findall(r'"([^"]+)"', found[1])
    assert words[0] == "gridwright"
    assert understood(words[1:]) == "serve"


def test_every_setting_of_the_example_is_read_by_the_program_and_explained() -> None:
    names = re.findall(r"^(\w+)=", (DEPLOY / "environment.example").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(names) >= 6
    for name in names:
        assert f'"{name}"' in SOURCE, name
        assert f"`{name}`" in DOCUMENT, name


def test_every_setting_the_program_reads_is_explained() -> None:
    read = set(re.findall(r'environ\.get\("(GRIDWRIGHT_\w+)"', SOURCE)) - {"GRIDWRIGHT_DEBUG"}
    assert len(read) >= 6
    assert {name for name in read if f"`{name}`" not in DOCUMENT} == set()


def test_every_figure_that_is_explained_is_one_the_service_gives() -> None:
    source = (ROOT / "api" / "operation" / "figures.py").read_text(encoding="utf-8")
    told = set(re.findall(r"`(gridwright_\w+)", DOCUMENT))
    given = set(re.findall(r'"(gridwright_\w+)"', source))
    assert {name.removesuffix("_total") for name in told} == given


def test_every_example_that_is_named_is_there() -> None:
    for name in re.findall(r"deploy/([\w.-]+)", DOCUMENT):
        assert (DEPLOY / name).exists(), name
