"""GPX in: the fixes of one patrol, streamed, without anything that names a person or a device.

One file is one track, whatever ``trk`` and ``trkseg`` it is made of.  Names, descriptions, authors, links and whatever
else a file says about who carried the receiver are passed over and kept nowhere: a track is known by the number of its
patrol (`patrol_number`).  Which of the fixes are to be believed is decided by `partition.patrol.tracks.clean`.

The text is fed to a parser that refuses every document type and every entity, so a file can neither grow in memory
nor open another; nothing is kept of it but numbers, so a million fixes need some tens of megabytes.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import BinaryIO
from xml.etree.ElementTree import ParseError

import numpy as np
import pandas as pd
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from gis.errors import Fact, InputError
from gis.graph import FloatArray, Int32Array
from gis.readers.patrol_number import patrol_number
from gis.report import QualityReport
from gis.shift import Shifted, bd09_to_wgs84, gcj02_to_wgs84

HDOP_M = 5.0
"""Metres of error per unit of ``hdop``: the usual range error of a single receiver under open sky."""

_ACCURACY = frozenset({"accuracy", "hacc", "horizontalaccuracy", "horizontal_accuracy", "acc", "epe"})
_TEXTS = frozenset({"time", "hdop"}) | _ACCURACY
_CHUNK_BYTES = 1 << 18
_BLOCK = 1 << 16  # fixes whose texts are turned into numbers together
_LONGEST_TEXT = 64
_DEEPEST = 64
_UNDERSTOOD = frozenset({"utf-8", "utf8", "us-ascii", "ascii", "iso-8859-1", "latin-1", "utf-16"})  # by the parser


@dataclass(frozen=True, slots=True)
class GpxLimits:
    """Caps on one file: fixes, and bytes of text."""

    fixes: int = 5_000_000
    bytes: int = 2 * 1024**3


LIMITS = GpxLimits()


PLANNER = "gridwright"
"""Creator that our own route files name; their lines have no times."""


@dataclass(frozen=True, slots=True)
class Track:
    """Fixes of one patrol in the order of the file.  Arrays are read-only.

    Attributes
    ----------
    patrol
        Number of the patrol; never a name.
    lon, lat
        WGS 84 degrees.
    time_s
        Seconds since 1970 (UTC); NaN where the fix has no readable time.
    accuracy_m
        Stated accuracy; NaN where none is stated.
    segment
        Running number of the ``trkseg`` the fix is in.
    dropped
        Fixes left out while reading, by rule: ``no_position`` (not two numbers), ``outside_earth`` (latitude
        or longitude too large, or both 0: what receivers write before they know where they are).
    """

    patrol: str
    lon: FloatArray
    lat: FloatArray
    time_s: FloatArray
    accuracy_m: FloatArray
    segment: Int32Array
    dropped: Mapping[str, int]

    def __post_init__(self) -> None:
        for name in (f.name for f in fields(self)):
            value = getattr(self, name)
            if isinstance(value, np.ndarray):
                value.setflags(write=False)

    def __len__(self) -> int:
        return len(self.lon)


def read_gpx(
    source: Path | BinaryIO,
    *,
    patrol: str = "",
    known: Collection[str] = (),
    running: int = 1,
    file: str = "",
    shifted: Shifted | None = None,
    limits: GpxLimits = LIMITS,
    report: QualityReport | None = None,
) -> Track:
    """Read one GPX 1.0 or 1.1 file.

    Parameters
    ----------
    source
        A file, or an open binary stream (an upload).
    patrol
        Number of the patrol; taken from the file name when empty, see `patrol_number`.
    known
        Ids of routes and grids that are no names, whatever they look like.
    running
        Number of the patrol where neither ``patrol`` nor the file name holds one.
    file
        Name of a stream, for messages.
    shifted
        What the coordinates were shifted by (phones in China may write ``gcj02``); never guessed.
    report
        Takes ``note_gpx_names_dropped``, ``warn_gpx_fixes_dropped``, ``warn_gpx_ends_early``.

    Raises
    ------
    InputError
        ``file_not_found``, ``gpx_entities_refused`` (a document type or an entity), ``gpx_not_gpx``, ``gpx_damaged``,
        ``gpx_encoding_unknown``, ``gpx_too_deep``, ``gpx_too_large``, ``gpx_too_many_fixes``, ``gpx_route_not_track``,
        ``gpx_no_fixes``, ``gpx_axes_swapped``, ``gpx_outside_earth``.
    """
    if isinstance(source, Path):
        if not source.is_file():
            raise InputError("file_not_found", file=str(source))
        with source.open("rb") as stream:
            return _read(stream, file or source.name, patrol, known, running, shifted, limits, report)
    return _read(source, file, patrol, known, running, shifted, limits, report)


def _read(
    stream: BinaryIO,
    file: str,
    patrol: str,
    known: Collection[str],
    running: int,
    shifted: Shifted | None,
    limits: GpxLimits,
    report: QualityReport | None,
) -> Track:
    gathered = _Fixes(file, limits)
    ends_early = _parse(stream, gathered, file, limits)
    gathered.flush()
    columns = [np.concatenate(blocks) for blocks in zip(*gathered.blocks)] if gathered.blocks else []
    if not columns or not len(columns[0]):
        raise _without_fixes(gathered, file)
    lon, lat, time_s, accuracy_m, segment = columns
    if gathered.is_plan and np.isnan(time_s).all():
        # The file that was taken along to walk by: judged, it would say that all of it was walked.
        raise InputError("gpx_route_not_track", file=file)
    on_earth = (np.abs(lat) <= 90) & (np.abs(lon) <= 180) & ((lat != 0) | (lon != 0))
    _check_earth(file, lon, lat, on_earth)
    has_position = np.isfinite(lon) & np.isfinite(lat)
    dropped = {"no_position": int((~has_position).sum()), "outside_earth": int((has_position & ~on_earth).sum())}
    lon, lat = lon[on_earth], lat[on_earth]
    if shifted is not None:
        lon, lat = (gcj02_to_wgs84 if shifted == "gcj02" else bd09_to_wgs84)(lon, lat)
    number = patrol_number(patrol or Path(file).stem, known) or str(running)
    if report is not None:
        if gathered.has_names:
            report.add("note_gpx_names_dropped", patrol=number)
        if any(dropped.values()):
            report.add("warn_gpx_fixes_dropped", patrol=number, measured=sum(dropped.values()), total=len(on_earth))
        if ends_early:
            report.add("warn_gpx_ends_early", patrol=number, measured=len(lon))
    return Track(number, lon, lat, time_s[on_earth], accuracy_m[on_earth], segment[on_earth].astype(np.int32), dropped)


class _Fixes:
    """Receives the elements of a file as they are parsed and keeps numbers only."""

    def __init__(self, file: str, limits: GpxLimits) -> None:
        self.file, self.limits = file, limits
        self.blocks: list[tuple[np.ndarray, ...]] = []
        self.is_gpx = self.is_plan = self.has_names = self.has_route = False
        self._depth = self._n = 0
        self._segment = -1
        self._inside = self._in_extensions = False
        self._taken = ""  # the element whose text is being read
        self._text = ""
        self._lat: list[str] = []
        self._lon: list[str] = []
        self._time: list[str] = []
        self._accuracy: list[float] = []
        self._segments: list[int] = []

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """An element begins."""
        name = tag.rpartition("}")[2]
        self._depth += 1
        if self._depth == 1:
            if name.lower() != "gpx":
                raise InputError("gpx_not_gpx", file=self.file, measured=name[:40])
            self.is_gpx = True
            self.is_plan = attributes.get("creator") == PLANNER
        elif self._depth > _DEEPEST:
            raise InputError("gpx_too_deep", file=self.file, allowed=_DEEPEST)
        if name == "trkpt":
            self._begin(attributes)
        elif self._inside:
            if name == "extensions":
                self._in_extensions = True
            elif name in _TEXTS or name.lower() in _ACCURACY:
                self._taken, self._text = name.lower(), ""
        elif name == "trkseg":
            self._segment += 1
        elif name in ("name", "desc", "author", "cmt", "link", "email"):
            self.has_names = True
        elif name == "rtept":
            self.has_route = True

    def data(self, text: str) -> None:
        """Some text."""
        if self._taken and len(self._text) < _LONGEST_TEXT:
            self._text += text[:_LONGEST_TEXT]

    def end(self, tag: str) -> None:
        """An element ends."""
        self._depth -= 1
        if not self._inside:
            return
        if self._taken:
            self._keep(self._taken, self._text.strip())
            self._taken = ""
        elif tag.endswith("extensions"):
            self._in_extensions = False
        elif tag.endswith("trkpt"):
            self._inside = self._in_extensions = False
            if len(self._lat) >= _BLOCK:
                self.flush()

    def close(self) -> None:
        """The document ends."""

    def flush(self) -> None:
        """Turn the texts gathered so far into numbers."""
        if not self._lat:
            return
        times = pd.to_datetime(pd.Series(self._time, dtype=str), utc=True, format="ISO8601", errors="coerce")
        stamps = times.dt.tz_localize(None).to_numpy(dtype="datetime64[us]")
        time_s = np.where(np.isnat(stamps), np.nan, stamps.astype(np.int64) / 1e6)
        accuracy_m, segment = np.array(self._accuracy), np.array(self._segments, np.int32)
        self.blocks.append((_numbers(self._lon), _numbers(self._lat), time_s, accuracy_m, segment))
        self._lat, self._lon, self._time, self._accuracy, self._segments = [], [], [], [], []

    @property
    def has_fixes(self) -> bool:
        """Some fix was met."""
        return self._n > 0

    def _begin(self, attributes: Mapping[str, str]) -> None:
        self._n += 1
        if self._n > self.limits.fixes:
            raise InputError("gpx_too_many_fixes", file=self.file, allowed=self.limits.fixes)
        self._inside, self._in_extensions = True, False
        self._lat.append(attributes.get("lat", "")[:_LONGEST_TEXT])
        self._lon.append(attributes.get("lon", "")[:_LONGEST_TEXT])
        self._time.append("")
        self._accuracy.append(np.nan)
        self._segments.append(max(self._segment, 0))

    def _keep(self, name: str, text: str) -> None:
        if name == "time":
            if not self._in_extensions:
                self._time[-1] = text
            return
        try:
            value = float(text)
        except ValueError:
            return
        if value > 0 and (name != "hdop" or np.isnan(self._accuracy[-1])):
            self._accuracy[-1] = value * HDOP_M if name == "hdop" else value


def _numbers(texts: list[str]) -> FloatArray:
    values: FloatArray = pd.to_numeric(pd.Series(texts, dtype=str), errors="coerce").to_numpy(float, na_value=np.nan)
    return np.where(np.isfinite(values), values, np.nan)


def _parse(stream: BinaryIO, gathered: _Fixes, file: str, limits: GpxLimits) -> bool:
    """Feed the whole stream; whether it breaks off after some fixes (a receiver that lost its power)."""
    head = stream.read(_CHUNK_BYTES)
    if not head.strip(b"\0 \t\r\n\xef\xbb\xbf\xff\xfe"):
        raise InputError("file_empty", file=file, measured=f"{len(head)} bytes")
    encoding = _encoding(head, file)
    parser = DefusedXMLParser(target=gathered, encoding="utf-8" if encoding else None, forbid_dtd=True)
    try:
        for chunk in _decoded(_chunks(stream, head, file, limits), encoding):
            parser.feed(chunk)
        parser.close()
    except DefusedXmlException as error:
        raise InputError("gpx_entities_refused", file=file, measured=type(error).__name__) from None
    except UnicodeError as error:
        raise InputError("gpx_damaged", file=file, row=0, measured=str(error)[:80]) from None
    except ParseError as error:
        # Code 3: no element found, 5: unclosed token: the text ends too soon and is sound up to there.
        if error.code in (3, 5) and gathered.has_fixes:
            return True
        if not gathered.is_gpx:
            raise InputError("gpx_not_gpx", file=file, measured=_shown(head)) from None
        raise InputError("gpx_damaged", file=file, row=error.position[0], measured=str(error)[:80]) from None
    return False


def _chunks(stream: BinaryIO, head: bytes, file: str, limits: GpxLimits) -> Iterator[bytes]:
    size, chunk = 0, head
    while chunk:
        size += len(chunk)
        if size > limits.bytes:
            raise InputError("gpx_too_large", file=file, allowed=limits.bytes)
        yield chunk
        chunk = stream.read(_CHUNK_BYTES)


def _encoding(head: bytes, file: str) -> str:
    """The encoding to turn into UTF-8 first; empty where the parser reads the bytes as they are."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if head.startswith(b"\xef\xbb\xbf"):
        return "utf-8-sig"  # the mark is right, whatever the declaration says
    stated = re.match(rb"\s*<\?xml[^>]*?encoding\s*=\s*[\"']([\w.-]+)", head[:300])
    name = stated[1].decode().lower() if stated else "utf-8"
    if name in _UNDERSTOOD:
        return ""
    try:
        return codecs.lookup("gb18030" if name in ("gbk", "gb2312") else name).name
    except LookupError:
        raise InputError("gpx_encoding_unknown", file=file, measured=name) from None


def _decoded(chunks: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    if not encoding:
        yield from chunks
        return
    decoder = codecs.getincrementaldecoder(encoding)()
    for chunk in chunks:
        yield decoder.decode(chunk).encode("utf-8")
    decoder.decode(b"", final=True)


def _without_fixes(gathered: _Fixes, file: str) -> InputError:
    if not gathered.is_gpx:
        return InputError("gpx_not_gpx", file=file, measured="")
    return InputError("gpx_route_not_track" if gathered.has_route else "gpx_no_fixes", file=file)


def _check_earth(file: str, lon: FloatArray, lat: FloatArray, on_earth: np.ndarray) -> None:
    swapped = (np.abs(lat) > 90) & (np.abs(lat) <= 180) & (np.abs(lon) <= 90)
    facts: dict[str, Fact] = {"measured": int((~on_earth).sum()), "total": len(lon)}
    if swapped.sum() > 0.5 * len(lon):
        raise InputError("gpx_axes_swapped", file=file, **facts)
    if not on_earth.any():
        raise InputError("gpx_outside_earth", file=file, **facts)


def _shown(head: bytes) -> str:
    return re.sub(r"[^\x20-\x7e]+", " ", head[:40].decode("ascii", errors="replace")).strip()
