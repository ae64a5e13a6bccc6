"""What may be opened at all: real files of the allowed formats, known by their content and never by their name.

GDAL opens far more than users mean: a virtual dataset renamed ``innocent.geojson`` reads server files and calls
URLs, a JSON text can run a GDAL pipeline, a database can hold a table that reads another file.  So each file is
identified by its first bytes, checked for truncation, and handed to GDAL under a neutral name in an empty folder
with the driver forced.  Zip files are looked into by `gis.readers.archive`.
"""

from __future__ import annotations

import json
import os
import re
import sqlite3
import struct
from collections.abc import Iterator
from contextlib import closing, contextmanager
from enum import Enum
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import BadZipFile, ZipFile

from gis.errors import InputError


class FileKind(Enum):
    """Formats that gridwright reads."""

    GEOPACKAGE = "GeoPackage"
    SHAPEFILE = "ESRI Shapefile"
    GEOJSON = "GeoJSON"
    CSV = "CSV"
    XLSX = "XLSX"
    OSM_PBF = "OSM PBF"
    GEOTIFF = "GeoTIFF"
    ZIP = "ZIP"


ALLOWED = ", ".join(kind.value for kind in FileKind)
SHAPEFILE_PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg")
_HEAD = 4096
_VECTOR_SUFFIX = {FileKind.GEOPACKAGE: ".gpkg", FileKind.GEOJSON: ".geojson"}
# GDAL takes PREFIX:path as an order to use that driver and no other; Shapefile knows no prefix but has its magic.
_PREFIX = {FileKind.GEOPACKAGE: "GPKG:", FileKind.GEOJSON: "GeoJSON:"}
_HARMLESS_MODULES = ("rtree", "fts3", "fts4", "fts5")


def identify(path: Path) -> FileKind:
    """What a file is, by its content; refuses whatever is not a whole file of an allowed format.

    Parameters
    ----------
    path
        Name of a file on this machine.

    Raises
    ------
    InputError
        ``file_not_found`` (URLs and ``/vsi`` names too), ``file_not_regular``, ``file_empty``,
        ``file_format_refused`` (naming what it looks like), ``file_truncated``, ``geopackage_virtual_table``,
        ``shapefile_part_missing``.
    """
    name = path.name
    text = str(path)
    if re.match(r"^[a-zA-Z][a-zA-Z0-9+. -]+:/{0,2}\w", text) or text.startswith("/vsi"):
        raise InputError("file_is_not_local", file=text, allowed=ALLOWED)
    if not path.exists():
        raise InputError("file_not_found", file=text)
    if not path.is_file():
        raise InputError("file_not_regular", file=text)
    size = path.stat().st_size
    if size == 0:
        raise InputError("file_empty", file=name, measured="0 bytes")
    with path.open("rb") as stream:
        head = stream.read(_HEAD)
    kind = _kind_of(head, path)
    if kind is FileKind.GEOPACKAGE:
        _check_geopackage(path, head, size)
    elif kind is FileKind.SHAPEFILE:
        _check_shapefile(path, head, size)
    elif kind is FileKind.GEOJSON:
        _check_tail(path, size)
    elif kind in (FileKind.ZIP, FileKind.XLSX):
        kind = _zip_or_xlsx(path)
    return kind


@contextmanager
def neutral(path: Path, kind: FileKind) -> Iterator[str]:
    """The name to hand to GDAL: a link with a neutral name in an otherwise empty folder, driver forced.

    Only vector kinds that GDAL reads (GeoPackage, Shapefile, GeoJSON).  A Shapefile's ``.cpg`` stays behind:
    `gis.readers.encoding` decides the encoding.
    """
    with TemporaryDirectory(prefix="gridwright-") as folder:
        if kind is FileKind.SHAPEFILE:
            for suffix, part in shapefile_parts(path).items():
                if suffix != ".cpg":
                    os.symlink(part.resolve(), Path(folder) / f"source{suffix}")
            yield str(Path(folder) / "source.shp")
        else:
            link = Path(folder) / f"source{_VECTOR_SUFFIX[kind]}"
            os.symlink(path.resolve(), link)
            yield f"{_PREFIX[kind]}{link}"


def shapefile_parts(path: Path) -> dict[str, Path]:
    """The files that belong to a ``.shp``, by lower-case suffix."""
    found: dict[str, Path] = {}
    for candidate in sorted(path.parent.iterdir()):
        suffix = candidate.suffix.lower()
        if candidate.stem == path.stem and suffix in SHAPEFILE_PARTS and candidate.is_file():
            found.setdefault(suffix, candidate)
    found[".shp"] = path
    return found


def _kind_of(head: bytes, path: Path) -> FileKind:
    if head.startswith(b"SQLite format 3\0"):
        if head[68:72] in (b"GPKG", b"GP10", b"GP11"):
            return FileKind.GEOPACKAGE
        raise _refused(path, "sqlite")
    if head[:4] == b"\x00\x00\x27\x0a":
        return FileKind.SHAPEFILE
    if head[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        return FileKind.ZIP
    if head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return FileKind.GEOTIFF
    if b"OSMHeader" in head[:40]:
        return FileKind.OSM_PBF
    if head[:5] == b"%PDF-":
        raise _refused(path, "pdf")
    if head[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        raise _refused(path, "xls")
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if text[:1] == b"<":
        raise _refused(path, "vrt" if b"VRT" in text[:200] else "xml")
    if text[:1] in (b"{", b"["):
        _check_is_geojson(path, text)
        return FileKind.GEOJSON
    if b"\0" in head and head[:2] not in (b"\xff\xfe", b"\xfe\xff"):
        if path.suffix.lower() in (".gpkg", ".shp", ".tif", ".tiff", ".pbf", ".zip", ".xlsx"):
            raise InputError("file_damaged", file=path.name, measured="its first bytes are not of this format")
        raise _refused(path, "binary")
    if re.match(rb"\s*[a-zA-Z][\w+. -]+:(//|/vsi)", text):
        raise _refused(path, "url")
    if path.suffix.lower() in (".csv", ".txt", ".tsv"):
        return FileKind.CSV
    raise _refused(path, "text")


def _refused(path: Path, looks_like: str) -> InputError:
    return InputError("file_format_refused", file=path.name, looks_like=looks_like, allowed=ALLOWED)


def _check_is_geojson(path: Path, text: bytes) -> None:
    """The first object must say it is GeoJSON; GDAL pipelines and other JSON dialects are refused."""
    if re.search(rb"gdal_streamed_alg|\"stac_version\"|\"Topology\"|\"command_line\"", text):
        raise _refused(path, "json")
    types = (b"FeatureCollection", b"Feature", b"GeometryCollection", b"Point", b"LineString", b"Polygon")
    if not re.search(rb"\"type\"\s*:\s*\"(Multi)?(" + b"|".join(types) + rb")\"", text):
        # The type may follow a long member; then only the whole text can tell.
        try:
            with path.open("rb") as stream:
                whole = json.load(stream)
        except (ValueError, RecursionError) as error:
            raise InputError("file_damaged", file=path.name, measured=str(error)[:120]) from None
        if not (isinstance(whole, dict) and whole.get("type") in ("FeatureCollection", "Feature")):
            raise _refused(path, "json")


def _check_tail(path: Path, size: int) -> None:
    with path.open("rb") as stream:
        stream.seek(max(0, size - 64))
        tail = stream.read().rstrip(b"\0 \t\r\n")
    if not tail.endswith(b"}"):
        raise InputError("file_ends_early", file=path.name, measured=size)


def _check_geopackage(path: Path, head: bytes, size: int) -> None:
    page = struct.unpack(">H", head[16:18])[0]
    page = 65536 if page == 1 else page
    pages = struct.unpack(">I", head[28:32])[0]
    if pages * page > size and not Path(f"{path}-wal").exists():
        raise InputError("file_truncated", file=path.name, measured=f"{size} bytes", allowed=f"{pages * page} bytes")
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)) as store:
            rows = store.execute("select name, sql from sqlite_master where sql like 'create virtual%'").fetchall()
            tables = store.execute("select count(*) from gpkg_contents").fetchone()[0]
    except sqlite3.DatabaseError as error:
        raise InputError("file_damaged", file=path.name, measured=str(error)) from None
    for name, sql in rows:
        module = re.search(r"using\s+[\"'`\[]?(\w+)", sql, re.IGNORECASE)
        if module is None or module[1].lower() not in _HARMLESS_MODULES:
            raise InputError(
                "geopackage_virtual_table", file=path.name, layer=name, measured=module[1] if module else "unknown"
            )
    if tables == 0:
        raise InputError("file_without_layers", file=path.name)


def _check_shapefile(path: Path, head: bytes, size: int) -> None:
    parts = shapefile_parts(path)
    for suffix in (".shx", ".dbf"):
        if suffix not in parts:
            raise InputError("shapefile_part_missing", file=path.name, measured=suffix, allowed=".shp .shx .dbf .prj")
    stated = 2 * struct.unpack(">i", head[24:28])[0]
    if len(head) < 100 or stated > size:
        raise InputError("file_truncated", file=path.name, measured=f"{size} bytes", allowed=f"{stated} bytes")
    dbf = parts[".dbf"]
    with dbf.open("rb") as stream:
        table = stream.read(32)
    if len(table) < 32:
        raise InputError("file_truncated", file=dbf.name, measured=f"{len(table)} bytes", allowed="32 bytes")
    rows, header, width = struct.unpack("<IHH", table[4:12])
    if header + rows * width > dbf.stat().st_size + 1:  # the end-of-file byte is often left out
        raise InputError(
            "file_truncated",
            file=dbf.name,
            measured=f"{dbf.stat().st_size} bytes",
            allowed=f"{header + rows * width} bytes",
        )


def _zip_or_xlsx(path: Path) -> FileKind:
    try:
        with ZipFile(path) as archive:
            names = set(archive.namelist())
    except (BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError) as error:
        raise InputError("file_damaged", file=path.name, measured=str(error)[:120]) from None
    return FileKind.XLSX if "xl/workbook.xml" in names and "[Content_Types].xml" in names else FileKind.ZIP
