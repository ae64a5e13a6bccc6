"""Files of named arrays: whole or absent, mapped read-only, and anything doubtful is no file at all."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import data.files.address_file as room
from data.files.address_file import read_arrays, write_arrays
from gis.errors import StorageError

ARRAYS = {
    "text": np.frombuffer("望月路3号".encode(), dtype=np.uint8),
    "row": np.array([[3, -1], [2**31 - 1, 0]], dtype=np.int32),
    "lon": np.array([112.95, np.nan]),
    "empty": np.zeros((0, 4), dtype=np.int64),
    "one": np.array(True),
}
META = {"region": "湖南省长沙市", "rows": "2"}


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "town.gpkg.addresses"


@pytest.fixture
def written(path) -> Path:
    write_arrays(path, ARRAYS, META)
    return path


def test_what_was_written_comes_back(written) -> None:
    kept = read_arrays(written)
    assert kept is not None
    assert dict(kept.meta) == META
    assert set(kept.arrays) == set(ARRAYS)
    for name, array in ARRAYS.items():
        assert kept.arrays[name].dtype == array.dtype
        assert kept.arrays[name].shape == array.shape
        np.testing.assert_array_equal(kept.arrays[name], array)


def test_arrays_can_not_be_written_to_and_begin_where_their_type_wants_them(written) -> None:
    kept = read_arrays(written)
    assert kept is not None
    for array in kept.arrays.values():
        assert array.flags.aligned
    with pytest.raises(ValueError, match="read-only"):
        kept.arrays["row"][0, 0] = 1


def test_the_same_arrays_give_the_same_bytes_in_whatever_order_they_come(written, tmp_path) -> None:
    other = tmp_path / "other"
    write_arrays(other, dict(reversed(ARRAYS.items())), dict(reversed(META.items())))
    assert other.read_bytes() == written.read_bytes()
    assert {p.name for p in tmp_path.iterdir()} == {written.name, "other"}


def test_every_byte_that_is_changed_is_noticed(written) -> None:
    sound = written.read_bytes()
    padding = 0
    for place in range(len(sound)):
        spoilt = bytearray(sound)
        spoilt[place] ^= 0x41
        written.write_bytes(spoilt)
        kept = read_arrays(written)
        if kept is not None:  # between two arrays: nothing that anybody reads
            padding += 1
            for name, array in ARRAYS.items():
                np.testing.assert_array_equal(kept.arrays[name], array)
            assert dict(kept.meta) == META
    assert padding < room._ALIGN * (len(ARRAYS) + 1)


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.9, 0.999])
def test_a_file_that_was_cut_off_is_no_file(written, share) -> None:
    sound = written.read_bytes()
    written.write_bytes(sound[: int(share * len(sound))])
    assert read_arrays(written) is None


def test_a_file_with_something_behind_its_end_is_no_file(written) -> None:
    written.write_bytes(written.read_bytes() + b"\0")
    assert read_arrays(written) is None


@pytest.mark.parametrize("content", [b"", b"SQLite format 3\0" * 99, b"\0" * 4096, pickle.dumps(ARRAYS)])
def test_files_of_others_are_no_file(path, content) -> None:
    path.write_bytes(content)
    assert read_arrays(path) is None


def test_another_format_number_is_not_read(written, monkeypatch) -> None:
    monkeypatch.setattr(room, "FORMAT", room.FORMAT + 1)
    assert read_arrays(written) is None


def test_what_is_absent_or_no_file_is_no_file(path, tmp_path) -> None:
    assert read_arrays(path) is None
    assert read_arrays(tmp_path) is None
    os.mkfifo(path)
    assert read_arrays(path) is None


def test_a_link_is_neither_read_nor_written_through(written, tmp_path) -> None:
    link, secret = tmp_path / "link", tmp_path / "secret"
    secret.write_bytes(written.read_bytes())
    link.symlink_to(secret)
    assert read_arrays(link) is None
    with pytest.raises(StorageError) as refused:
        write_arrays(link, ARRAYS, {})
    assert refused.value.code == "path_is_link"
    assert link.is_symlink()
    assert secret.read_bytes() == written.read_bytes()


def test_a_write_that_fails_leaves_the_last_file_as_it_was(written, monkeypatch) -> None:
    before = written.read_bytes()

    def full(source: object, target: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(StorageError) as refused:
        write_arrays(written, {"row": np.arange(9)}, {})
    assert refused.value.code == "disk_full"
    assert written.read_bytes() == before
    assert [p.name for p in written.parent.iterdir()] == [written.name]


def test_a_reader_keeps_what_it_mapped_while_the_file_is_replaced(written) -> None:
    kept = read_arrays(written)
    assert kept is not None
    write_arrays(written, {"row": np.arange(9)}, {})
    np.testing.assert_array_equal(kept.arrays["row"], ARRAYS["row"])


def test_objects_are_not_kept(path) -> None:
    with pytest.raises(TypeError):
        write_arrays(path, {"names": np.array(["a", None], dtype=object)}, {})
    assert not path.exists()


@given(
    st.dictionaries(
        st.text(max_size=8),
        hnp.arrays(
            st.one_of(hnp.integer_dtypes(), hnp.unsigned_integer_dtypes(), hnp.floating_dtypes(), hnp.boolean_dtypes()),
            hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=5),
        ),
        max_size=4,
    ),
    st.dictionaries(st.text(max_size=8), st.text(max_size=20), max_size=3),
)
def test_whatever_is_written_comes_back(tmp_path_factory, arrays, meta) -> None:
    path = tmp_path_factory.mktemp("any") / "file"
    write_arrays(path, arrays, meta)
    kept = read_arrays(path)
    assert kept is not None
    assert dict(kept.meta) == meta
    assert set(kept.arrays) == set(arrays)
    for name, array in arrays.items():
        np.testing.assert_array_equal(kept.arrays[name], array)
        assert kept.arrays[name].shape == array.shape
