"""Files of named arrays: how an address index is kept, and mapped into memory again without reading it.

A head in JSON says which arrays there are, and what their maker notes about them; the arrays follow, each at a place
that suits its type.  The file appears whole or not at all, is mapped read-only, and carries a format number and a
check value: what does not fit is no file of ours and is made anew by the caller.  What the arrays mean is decided in
`gis.address`, and when they are out of date by whoever keeps them.
"""

from __future__ import annotations

import json
import mmap
import os
import stat
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.files.atomic import whole_file
from gis.errors import StorageError

FORMAT = 1
"""Raised whenever the arrangement of the file changes; other numbers are not read."""

_MAGIC = b"gridwright addresses\n\0\0\0"
_FRONT = struct.Struct("<24sIIQ")  # magic, format, check value of the head, length of the head
_ALIGN = 64
_MOST_HEAD = 16_000_000
_KINDS = "biuf"


@dataclass(frozen=True, slots=True)
class NamedArrays:
    """What such a file holds.

    Attributes
    ----------
    arrays
        Read-only arrays by name; pages of them come into memory when they are first looked at.
    meta
        What the maker noted.
    """

    arrays: Mapping[str, NDArray[Any]]
    meta: Mapping[str, str]


def write_arrays(path: Path, arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, str]) -> None:
    """Write arrays as one file; same arrays and notes, same bytes.

    Parameters
    ----------
    path
        The file to make or to replace.  A symbolic link is refused, not followed.
    arrays
        Of booleans, integers or floats, of any shape.
    meta
        Notes for the reader.

    Raises
    ------
    StorageError
        ``path_is_link``, ``path_is_folder``, ``folder_missing``, ``disk_full``, ``file_not_writable``.
    TypeError
        An array is of another kind.
    """
    path = Path(path)
    if path.is_symlink():
        raise StorageError("path_is_link", file=str(path))
    rows, place, flat = [], 0, []
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        if array.dtype.kind not in _KINDS:
            raise TypeError(f"{name}: arrays of {array.dtype} are not kept")
        array = array.astype(array.dtype.newbyteorder("<"), copy=False)
        raw = array.reshape(-1).view(np.uint8) if array.size else np.zeros(0, np.uint8)
        rows.append(
            {
                "name": name,
                "type": array.dtype.str,
                "shape": list(np.shape(arrays[name])),
                "at": place,
                "check": zlib.crc32(raw),
            }
        )
        flat.append(raw)
        place = _up(place + raw.nbytes)
    head = json.dumps({"arrays": rows, "bytes": place, "meta": dict(sorted(meta.items()))}, ensure_ascii=False).encode()
    with whole_file(path) as scratch, scratch.open("wb") as file:
        file.write(_FRONT.pack(_MAGIC, FORMAT, zlib.crc32(head), len(head)))
        file.write(head)
        for raw in flat:
            file.write(bytes(_up(file.tell()) - file.tell()))
            file.write(memoryview(raw))
        file.write(bytes(_up(file.tell()) - file.tell()))


def read_arrays(path: Path) -> NamedArrays | None:
    """Map a file of arrays into memory.

    Returns
    -------
    NamedArrays or None
        ``None`` where there is no such file, or what is there is damaged, of another format, a link, no file at all,
        or may not be read: whatever the reason, the index is to be made anew.
    """
    mapped = _map(Path(path))
    if mapped is None or len(mapped) < _FRONT.size:
        return None
    magic, number, check, length = _FRONT.unpack_from(mapped)
    if magic != _MAGIC or number != FORMAT or length > min(_MOST_HEAD, len(mapped) - _FRONT.size):
        return None
    raw = mapped[_FRONT.size : _FRONT.size + length]
    if zlib.crc32(raw) != check:
        return None
    try:
        head = json.loads(raw)
        begin = _up(_FRONT.size + length)
        if len(mapped) != begin + head["bytes"]:
            return None
        arrays = {row["name"]: _array(mapped, begin, row) for row in head["arrays"]}
        meta = {str(key): str(value) for key, value in head["meta"].items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return NamedArrays(MappingProxyType(arrays), MappingProxyType(meta))


def _array(mapped: mmap.mmap, begin: int, row: Mapping[str, Any]) -> NDArray[Any]:
    kind = np.dtype(row["type"])
    shape = tuple(int(n) for n in row["shape"])
    if kind.kind not in _KINDS or min(shape, default=0) < 0 or row["at"] < 0:
        raise ValueError(row["name"])
    count = 1
    for n in shape:
        count *= n
    found = np.frombuffer(mapped, kind, count, begin + row["at"]) if count else np.zeros(0, kind)
    if zlib.crc32(found.view(np.uint8)) != row["check"]:
        raise ValueError(row["name"])
    return found.reshape(shape)


def _map(path: Path) -> mmap.mmap | None:
    if path.is_symlink():
        return None
    try:
        number = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except OSError:
        return None
    try:
        facts = os.fstat(number)
        if not stat.S_ISREG(facts.st_mode) or facts.st_size == 0:
            return None
        return mmap.mmap(number, 0, access=mmap.ACCESS_READ)
    except OSError:
        return None
    finally:
        os.close(number)


def _up(place: int) -> int:
    return -(-place // _ALIGN) * _ALIGN
