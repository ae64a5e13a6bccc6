"""The floors: who may import whom, and who may look at the clock, the environment and the network."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("gis", "partition", "data", "maps", "api")
BELOW_THE_COUNTER = ("gis", "partition", "data", "maps")

FORBIDDEN_MODULES = {"socket", "requests", "httpx", "urllib.request", "http.client", "aiohttp"}
FORBIDDEN_CALLS = {
    "datetime.now",
    "datetime.utcnow",
    "datetime.today",
    "date.today",
    "time.time",
    "time.localtime",
    "os.getenv",
    "os.environ",
}


def python_files(*packages: str) -> Iterator[Path]:
    for package in packages:
        yield from sorted(p for p in (ROOT / package).rglob("*.py") if "node_modules" not in p.parts)


def dotted(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def test_every_floor_imports_only_the_floors_below_it() -> None:
    tool = Path(sys.executable).with_name("lint-imports")
    run = subprocess.run([tool, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("package", BELOW_THE_COUNTER)
def test_only_the_api_floor_reads_the_environment_the_wall_clock_or_the_network(package: str) -> None:
    found = []
    for path in python_files(package):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            where = f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"
            if isinstance(node, ast.Import):
                found += [f"{where} {a.name}" for a in node.names if a.name in FORBIDDEN_MODULES]
            elif isinstance(node, ast.ImportFrom) and node.module in FORBIDDEN_MODULES:
                found.append(f"{where} {node.module}")
            elif isinstance(node, ast.Attribute):
                name = ".".join(dotted(node).split(".")[-2:])
                if name in FORBIDDEN_CALLS:
                    found.append(f"{where} {name}")
    assert not found, found


@pytest.mark.parametrize("package", BELOW_THE_COUNTER)
def test_below_the_api_floor_nothing_prints(package: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in python_files(package)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and dotted(node.func) == "print"
    ]
    assert not found, found


@pytest.mark.parametrize("package", PACKAGES)
def test_nothing_depends_on_the_built_in_hash_which_differs_from_run_to_run(package: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in python_files(package)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and dotted(node.func) == "hash"
    ]
    assert not found, found


def test_our_generic_package_names_are_ours_from_any_folder(tmp_path: Path) -> None:
    code = f"import {', '.join(PACKAGES)}\nfor m in ({', '.join(PACKAGES)}): print(m.__file__)"
    run = subprocess.run([sys.executable, "-I", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert [Path(line) for line in run.stdout.split()] == [ROOT / name / "__init__.py" for name in PACKAGES]
