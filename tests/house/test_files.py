"""The files of the repository: short, free of addresses and machine paths, links that lead somewhere."""

from __future__ import annotations

import json
import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MOST_LINES = 400
CODE = {".py", ".js", ".mjs", ".css", ".html", ".sh", ".sql"}

# Put together here so that this file does not hold the words it looks for.
ADDRESSES = ["pypi" + ".org", "python" + "hosted.org", "registry." + "npmjs", "index" + "-url =", "find" + "-links ="]
MACHINE_PATHS = ["/" + "work/", "/tmp" + "/w/", "/" + "root/", "/" + "home/", "/opt" + "/wheels", "/opt" + "/pypi"]


@cache
def our_files() -> tuple[Path, ...]:
    """Every file of the repository that git does not ignore."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return tuple(sorted(p for p in (ROOT / name for name in listed.split("\0") if name) if p.is_file()))


@cache
def texts() -> tuple[tuple[Path, str], ...]:
    pairs = []
    for path in our_files():
        content = path.read_bytes()
        if b"\0" not in content:
            pairs.append((path.relative_to(ROOT), content.decode("utf-8", errors="replace")))
    return tuple(pairs)


def is_code(path: Path) -> bool:
    return path.suffix in CODE or path.parts[0] == "scripts" or path.name in {"Makefile", "run"}


def test_no_code_file_is_longer_than_a_reader_can_hold() -> None:
    long = {
        str(path): text.count("\n")
        for path, text in texts()
        if is_code(path) and path.suffix != ".requirements" and text.count("\n") > MOST_LINES
    }
    assert not long, f"over {MOST_LINES} lines: {long}"


@pytest.mark.parametrize("word", ADDRESSES + MACHINE_PATHS)
def test_no_file_names_a_registry_or_a_folder_of_one_machine(word: str) -> None:
    found = [f"{path}:{text[: text.index(word)].count(chr(10)) + 1}" for path, text in texts() if word in text]
    assert not found, found


def test_the_locks_pin_versions_and_hashes_and_no_address() -> None:
    for name in ("requirements.lock", "scripts/uv.requirements", "scripts/node.requirements"):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert "://" not in text, name
        pins = re.findall(r"^[\w.-]+==\S+", text, re.MULTILINE)
        assert pins, name
        assert text.count("--hash=sha256:") >= len(pins), name


def test_the_browser_lock_holds_exact_versions_with_hashes_and_no_address() -> None:
    wanted = json.loads((ROOT / "maps/assets/package.json").read_text(encoding="utf-8"))["dependencies"]
    locked = json.loads((ROOT / "maps/assets/package-lock.json").read_text(encoding="utf-8"))["packages"]
    assert wanted == locked[""]["dependencies"]
    for name, version in wanted.items():
        assert re.fullmatch(r"\d+\.\d+\.\d+", version), f"{name} {version} is not an exact version"
        assert locked[f"node_modules/{name}"]["version"] == version
    for name, entry in locked.items():
        assert "resolved" not in entry, f"{name} names the address it came from"
        assert not name or entry["integrity"].startswith("sha512-"), name


def test_every_declared_dependency_is_locked() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = project["dependencies"] + [d for group in project["optional-dependencies"].values() for d in group]
    names = {re.split(r"[\[<>=!~; ]", d)[0].lower().replace("_", "-") for d in declared}
    locked = set(re.findall(r"^([\w.-]+)==", (ROOT / "requirements.lock").read_text(encoding="utf-8"), re.MULTILINE))
    assert names <= locked, f"run `make lock`: {sorted(names - locked)}"


def test_browser_code_of_others_is_installed_not_copied_in() -> None:
    copied = [
        str(p)
        for p, text in texts()
        if p.suffix in {".js", ".css"} and re.search(r"@license|Leaflet 1\.|jQuery v", text)
    ]
    assert not copied, copied


def test_links_between_our_documents_lead_somewhere() -> None:
    broken = []
    for path, text in texts():
        if path.suffix != ".md":
            continue
        for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"```.*?```", "", text, flags=re.DOTALL)):
            if "://" in target or target.startswith(("#", "mailto:")):
                continue
            if not (ROOT / path.parent / target.split("#")[0]).exists():
                broken.append(f"{path}: {target}")
    assert not broken, broken


def test_nothing_is_left_for_later_in_the_code() -> None:
    marks = re.compile(
        r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X")) + r")\b|raise NotImplemented" + "Error"
    )
    found = [str(path) for path, text in texts() if is_code(path) and marks.search(text)]
    assert not found, found


def test_continuous_integration_runs_the_commands_of_the_readme() -> None:
    script = (ROOT / ".ci/run").read_text(encoding="utf-8")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for command in ("make test", "make check"):
        assert re.search(rf"^{command}$", script, re.MULTILINE), command
        assert command in readme, command
