"""What pyproject.toml declares is what the code imports: nothing missing, nothing left over."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {"gis", "partition", "data", "maps", "api"}
DECLARED = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = DECLARED["project"]
BELONGS = packages_distributions()
# Run in an environment of their own, which holds the group "bench" and not gridwright.
PEERS = tuple(ROOT / "tests" / "bench" / name for name in ("peers_adapters.py", "posts_spopt.py", "siting_spopt.py"))
# The same for the group "bench-lookup".
LOOKUP_PEERS = ROOT / "tests" / "bench" / "lookup_peers.py"
# Runs under the Python that QGIS belongs to.
QGIS = ROOT / "tests" / "clients" / "qgis_reads.py"
# Declared for what it does, not for an import of ours.
TOOLS = {
    "hatchling",  # builds the package
    "httpx",  # what starlette's test client speaks with
    "import-linter",
    "mypy",
    "psycopg",  # named in database addresses
    "pytest-xdist",
    "ruff",
}


def names(requirements: list[str]) -> set[str]:
    return {re.split(r"[\[<>=!~; ]", r)[0].lower().replace("_", "-") for r in requirements}


def imported(folders: set[str]) -> dict[str, str]:
    """Distribution -> a file that imports it."""
    found: dict[str, str] = {}
    for folder in sorted(folders):
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "node_modules" not in path.parts and path not in (*PEERS, LOOKUP_PEERS, QGIS):
                found = imports_of(path) | found
    return found


def imports_of(path: Path) -> dict[str, str]:
    """Distribution -> this file, for everything it imports that is not ours."""
    found: dict[str, str] = {}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        modules = [a.name for a in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            modules = [node.module]
        for module in {m.split(".")[0] for m in modules} - sys.stdlib_module_names - PACKAGES - {"tests"}:
            for distribution in BELONGS.get(module, [module]):
                found.setdefault(distribution.lower().replace("_", "-"), str(path.relative_to(ROOT)))
    return found


def test_everything_the_program_imports_is_declared() -> None:
    declared = names(PROJECT["dependencies"]) | names(PROJECT["optional-dependencies"]["cluster"])
    undeclared = {d: where for d, where in imported(PACKAGES).items() if d not in declared}
    assert not undeclared, undeclared


def test_everything_declared_is_imported_by_the_program() -> None:
    declared = names(PROJECT["dependencies"]) | names(PROJECT["optional-dependencies"]["cluster"])
    unused = declared - imported(PACKAGES).keys()
    assert not unused, unused


def test_the_cluster_extra_is_imported_in_one_room_only() -> None:
    extra = names(PROJECT["optional-dependencies"]["cluster"])
    rooms = {
        str(path.relative_to(ROOT))
        for folder in sorted(PACKAGES)
        for path in sorted((ROOT / folder).rglob("*.py"))
        if "node_modules" not in path.parts and extra & imports_of(path).keys()
    }
    assert rooms == {"api/cluster.py"}


def test_the_job_engine_is_imported_in_one_room_only() -> None:
    rooms = {
        str(path.relative_to(ROOT))
        for folder in sorted(PACKAGES)
        for path in sorted((ROOT / folder).rglob("*.py"))
        if "node_modules" not in path.parts and "dbos" in imports_of(path)
    }
    assert rooms == {"api/jobs/engine.py"}


def test_everything_the_tests_need_is_declared_and_nothing_else() -> None:
    declared = names(PROJECT["optional-dependencies"]["dev"])
    needed = imported({"tests"}).keys() - names(PROJECT["dependencies"])
    needed -= names(PROJECT["optional-dependencies"]["cluster"])
    assert needed - declared == set()
    assert declared - needed - TOOLS == set()


def test_the_peers_that_are_measured_are_declared_apart_and_nothing_else() -> None:
    assert {name for path in PEERS for name in imports_of(path)} == names(DECLARED["dependency-groups"]["bench"])
    own = names(PROJECT["dependencies"])
    assert imports_of(LOOKUP_PEERS).keys() - own == names(DECLARED["dependency-groups"]["bench-lookup"])
