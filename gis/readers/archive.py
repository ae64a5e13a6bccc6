"""Zip files: what may be inside and how much of it.  Nothing is written under a name from the archive.

Refused: names that leave the folder (``..``, absolute, drive letters, backslash, NUL), links, encrypted members,
archives inside archives, and bombs (caps on members, bytes and compression ratio, counted while streaming: the
sizes an archive states about itself are not believed).
"""

from __future__ import annotations

import re
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from zipfile import BadZipFile, ZipFile, ZipInfo

from gis.errors import Fact, InputError
from gis.readers.faults import FaultList
from gis.readers.guard import SHAPEFILE_PARTS


@dataclass(frozen=True, slots=True)
class ZipLimits:
    """Caps on what a zip file may hold: members, bytes unpacked, bytes unpacked per byte packed."""

    members: int = 2_000
    bytes: int = 4 * 1024**3
    ratio: float = 200.0


LIMITS = ZipLimits()
XLSX_LIMITS = ZipLimits(bytes=1024**3)
_DATA = (".gpkg", ".geojson", ".json", ".csv", ".txt", ".tsv", ".xlsx", *SHAPEFILE_PARTS)
_NESTED = (".zip", ".7z", ".rar", ".gz", ".tgz", ".bz2", ".xz", ".tar", ".kmz")
_CHUNK = 1 << 20
_RATIO_FROM = 10 * 1024**2  # small members compress well by nature; only much data out of little is a bomb


def check_zip(path: Path, limits: ZipLimits = LIMITS) -> list[ZipInfo]:
    """Members of a zip file (or of an .xlsx, which is one) after every check that needs no unpacking.

    Raises
    ------
    InputError
        ``zip_name_refused``, ``zip_link_refused``, ``zip_nested``, ``zip_encrypted``, ``zip_too_many_members``,
        ``zip_too_large``, ``file_damaged``; one fault per member concerned.
    """
    faults = FaultList(path.name)
    try:
        with ZipFile(path) as archive:
            members = archive.infolist()
    except (BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise InputError("file_damaged", file=path.name, measured=str(error)[:120]) from None
    if len(members) > limits.members:
        raise InputError("zip_too_many_members", file=path.name, measured=len(members), allowed=limits.members)
    for member in members:
        # ZipInfo cuts names at NUL and turns the local separator round: judge the name as it was written.
        name = member.orig_filename
        if not is_safe_name(name):
            faults.add("zip_name_refused", id=name.replace("\0", "\\0"))
        if stat.S_ISLNK(member.external_attr >> 16):
            faults.add("zip_link_refused", id=name)
        if name.lower().endswith(_NESTED):
            faults.add("zip_nested", id=name)
        if member.flag_bits & 1:
            faults.add("zip_encrypted", id=name)
    stated = sum(m.file_size for m in members)
    if stated > limits.bytes:
        faults.add("zip_too_large", measured=f"{stated} bytes", allowed=f"{limits.bytes} bytes")
    for member in members:
        ratio = member.file_size / max(member.compress_size, 1)
        if stated <= limits.bytes and member.file_size > _RATIO_FROM and ratio > limits.ratio:
            facts: dict[str, Fact] = {"id": member.filename, "measured": round(ratio), "allowed": limits.ratio}
            faults.add("zip_ratio", **facts)
    faults.stop_if_any()
    return members


def is_safe_name(name: str) -> bool:
    """Whether a member name stays inside the archive's own folder on every system."""
    if not name or "\\" in name or "\0" in name or name.startswith("/") or re.match(r"^[a-zA-Z]:", name):
        return False
    return ".." not in PurePosixPath(name).parts


@contextmanager
def unpacked(path: Path, limits: ZipLimits = LIMITS) -> Iterator[list[tuple[Path, str]]]:
    """The data files of a zip file, unpacked under numbered names into a folder that goes away again.

    Yields
    ------
    list of (Path, str)
        Each file to read (a Shapefile once, by its ``.shp``) and its name in the archive, sorted by name.

    Raises
    ------
    InputError
        See `check_zip`; ``zip_too_large`` and ``zip_ratio`` while unpacking; ``zip_without_data``.
    """
    members = [m for m in check_zip(path, limits) if not m.is_dir()]
    wanted = sorted(
        (m for m in members if PurePosixPath(m.filename).suffix.lower() in _DATA and "__MACOSX" not in m.filename),
        key=lambda m: m.filename,
    )
    stems: dict[str, int] = {}
    with TemporaryDirectory(prefix="gridwright-") as folder:
        found: list[tuple[Path, str]] = []
        left = limits.bytes
        with ZipFile(path) as archive:
            for member in wanted:
                name = PurePosixPath(member.filename)
                number = stems.setdefault(str(name.with_suffix("")), len(stems))
                target = Path(folder) / f"{number}{name.suffix.lower()}"
                left -= _unpack(archive, member, target, left, limits, path.name)
                if name.suffix.lower() not in SHAPEFILE_PARTS or name.suffix.lower() == ".shp":
                    found.append((target, member.filename))
        if not found:
            raise InputError("zip_without_data", file=path.name, measured=len(members))
        yield found


def _unpack(archive: ZipFile, member: ZipInfo, target: Path, left: int, limits: ZipLimits, file: str) -> int:
    written = 0
    try:
        with archive.open(member) as source, target.open("wb") as sink:
            while chunk := source.read(_CHUNK):
                written += len(chunk)
                if written > left:
                    allowed = f"{limits.bytes} bytes"
                    raise InputError("zip_too_large", file=file, measured=member.filename, allowed=allowed)
                if written > _RATIO_FROM and written > limits.ratio * max(member.compress_size, 1):
                    raise InputError(
                        "zip_ratio",
                        file=file,
                        id=member.filename,
                        measured=round(written / max(member.compress_size, 1)),
                        allowed=limits.ratio,
                    )
                sink.write(chunk)
    except (BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise InputError("file_damaged", file=file, id=member.filename, measured=str(error)[:120]) from None
    return written
