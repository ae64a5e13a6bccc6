"""The set-up scripts: plain sh, and they find a Python that runs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ["bootstrap", "bootstrap-peers", "bootstrap-tests", "find-python", "lock", "surroundings.sh"]


def find_python(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    bare = {"PATH": "/usr/bin:/bin", **environment}
    command = ["/bin/sh", ROOT / "scripts" / "find-python", *arguments]
    return subprocess.run(command, env=bare, capture_output=True, text=True, check=False)


def version(python: str) -> tuple[int, int]:
    said = subprocess.run([python, "-c", "import sys; print(*sys.version_info[:2])"], capture_output=True, text=True)
    major, minor = map(int, said.stdout.split())
    return major, minor


def program(path: Path, text: str) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize("script", SCRIPTS)
def test_the_scripts_are_plain_sh(script: str) -> None:
    path = ROOT / "scripts" / script
    done = subprocess.run(["/bin/sh", "-n", path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert script.endswith(".sh") or (path.read_text().startswith("#!/bin/sh\n") and os.access(path, os.X_OK))


def test_the_python_that_the_user_names_comes_first() -> None:
    found = find_python(GRIDWRIGHT_PYTHON=sys.executable)
    assert found.stdout.strip() == sys.executable


def test_a_command_that_exists_but_refuses_to_run_is_passed_over(tmp_path: Path) -> None:
    shim = program(tmp_path / "shims" / "python3.12", "echo 'pyenv: python3.12: command not found' >&2; exit 127")
    real = program(tmp_path / "pyenv" / "versions" / "3.12.9" / "bin" / "python3", f'exec "{sys.executable}" "$@"')
    found = find_python(PATH=f"{tmp_path}/shims:/usr/bin:/bin", PYENV_ROOT=str(tmp_path / "pyenv"))
    assert found.stdout.strip() not in ("", shim)
    assert (3, 12) <= version(found.stdout.strip()) <= (3, 14)
    assert real == found.stdout.strip() or found.stdout.startswith("/usr/")


def test_a_python_that_is_too_old_or_too_new_is_passed_over(tmp_path: Path) -> None:
    # A stand-in that answers as another version would: every test of the version range fails.
    other = program(tmp_path / "python3.12", "exit 1")
    found = find_python(GRIDWRIGHT_PYTHON=other, PATH=f"{tmp_path}:/usr/bin:/bin")
    assert found.stdout.strip() != other


def test_the_locked_packages_are_the_ones_that_run_here() -> None:
    """`make setup` and this environment do not drift apart: the libraries that decide results are as locked."""
    from importlib.metadata import version as installed

    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    for name in ("numpy", "scipy", "shapely", "geopandas", "pyproj", "highspy", "pymetis", "numba", "pandas"):
        assert f"\n{name}=={installed(name)} " in lock, f"{name} {installed(name)} is not the locked one"
