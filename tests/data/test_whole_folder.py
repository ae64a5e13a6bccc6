"""Folders appear whole, change places with an earlier one, or leave it as it was."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

import data.files.whole_folder as room
from data.files.whole_folder import whole_folder
from gis.errors import StorageError


def texts(folder: Path) -> dict[str, str]:
    return {p.relative_to(folder).as_posix(): p.read_text() for p in folder.rglob("*") if p.is_file()}


@pytest.fixture(params=["exchange", "step aside"])
def system(request, monkeypatch) -> str:
    """Systems that can exchange two folders in one step, and systems that can not."""
    if request.param == "step aside":
        monkeypatch.setattr(room, "_exchange", lambda one, other: False)
    return request.param


def test_a_new_folder_and_an_empty_one_are_filled(system, tmp_path) -> None:
    (tmp_path / "empty").mkdir()
    for name in ("new", "empty"):
        with whole_folder(tmp_path / name) as place:
            (place / "sub").mkdir()
            (place / "sub" / "a.txt").write_text("a")
            assert texts(tmp_path / name) == {}
        assert texts(tmp_path / name) == {"sub/a.txt": "a"}
    assert {p.name for p in tmp_path.iterdir()} == {"new", "empty"}


def test_an_earlier_folder_is_replaced_as_a_whole_and_keeps_its_rights(system, tmp_path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out").chmod(0o750)
    (tmp_path / "out" / "old.txt").write_text("old")
    (tmp_path / "link").symlink_to(tmp_path / "out")
    with whole_folder(tmp_path / "link", may_replace=True) as place:
        (place / "new.txt").write_text("new")
        assert texts(tmp_path / "out") == {"old.txt": "old"}
    assert texts(tmp_path / "out") == {"new.txt": "new"}
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o750
    assert {p.name for p in tmp_path.iterdir()} == {"out", "link"}


@pytest.mark.parametrize("trouble", [KeyboardInterrupt(), OSError(errno.ENOSPC, "No space left on device"), KeyError()])
def test_whatever_goes_wrong_the_earlier_folder_stays(system, trouble, tmp_path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "old.txt").write_text("old")
    kind = StorageError if isinstance(trouble, OSError) else type(trouble)

    def fill() -> None:
        with whole_folder(tmp_path / "out", may_replace=True) as place:
            (place / "new.txt").write_text("new")
            raise trouble

    with pytest.raises(kind):
        fill()
    assert texts(tmp_path) == {"out/old.txt": "old"}


def test_a_move_that_fails_brings_the_earlier_folder_back(tmp_path, monkeypatch) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "old.txt").write_text("old")
    monkeypatch.setattr(room, "_exchange", lambda one, other: False)
    rename = os.rename

    def refuse(source, target) -> None:
        if Path(source).name == "out" and Path(target) == tmp_path / "out":
            raise OSError(errno.EACCES, "Permission denied")
        rename(source, target)

    monkeypatch.setattr(os, "rename", refuse)
    with (
        pytest.raises(StorageError, match="file_not_writable"),
        whole_folder(tmp_path / "out", may_replace=True) as place,
    ):
        (place / "new.txt").write_text("new")
    assert texts(tmp_path) == {"out/old.txt": "old"}


def test_faults_of_writers_name_the_file_in_its_final_place(tmp_path) -> None:
    out = tmp_path / "out"
    with pytest.raises(StorageError) as caught, whole_folder(out) as outer, whole_folder(outer / "data") as inner:
        raise StorageError("disk_full", file=str(inner / "a.shp"))
    assert caught.value.facts["file"] == str(tmp_path / "out" / "data" / "a.shp")


def test_places_where_no_folder_can_be_are_refused(tmp_path) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_text("x")
    for path, code in (
        (tmp_path / "file", "out_not_folder"),
        (tmp_path / "no" / "out", "folder_missing"),
        (tmp_path / "full", "folder_not_empty"),
    ):
        with pytest.raises(StorageError, match=code), whole_folder(path):
            raise AssertionError("not reached")
    assert texts(tmp_path) == {"file": "x", "full/x": "x"}
