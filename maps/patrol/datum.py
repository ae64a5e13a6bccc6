"""What every route file shares: degrees, the name of the file, texts that any format can hold, files written whole.

WGS 84 is what all files are in.  Phone maps sold in China draw GCJ-02, so that a route laid over one stands some
hundred metres off; for them there is a second variant.  It is made only when asked for, and it says what it is in
the name of the file and inside.
"""

from __future__ import annotations

import os
import re
import unicodedata
from pathlib import Path
from typing import Any, Literal

import numpy as np
import shapely
from numpy.typing import NDArray

from gis.errors import StorageError
from gis.shift import shift
from maps.features import to_lonlat
from partition.patrol.itinerary import Itinerary

Datum = Literal["wgs84", "gcj02"]
DATUMS = ("wgs84", "gcj02")

DECIMALS = 7
"""Digits after the point of a degree: about 1 cm."""


def degrees(itinerary: Itinerary, datum: Datum = "wgs84", *more: Any) -> NDArray[np.object_]:
    """Geometry of every leg, then ``more`` of the same CRS, as longitude and latitude, rounded."""
    shapes = np.array([*(leg.geometry for leg in itinerary.legs), *more, None], dtype=object)[:-1]
    lonlat = to_lonlat(shapes, itinerary.crs)
    if datum == "gcj02":
        lonlat = shift(lonlat, "gcj02")
    elif datum != "wgs84":
        raise ValueError(f"no datum {datum!r}; there are {', '.join(DATUMS)}")
    rounded: NDArray[np.object_] = shapely.transform(lonlat, lambda xy: np.round(xy, DECIMALS))
    return rounded


def file_name(itinerary: Itinerary, suffix: str, datum: Datum = "wgs84") -> str:
    """Name of a route's file: ``GRID-1.gpx``, ``GRID-1.gcj02.gpx``.

    Characters of the id that a file name cannot hold everywhere become ``_``.
    """
    stem = re.sub(r"[^\w.-]+", "_", clean(itinerary.id)).lstrip(".") or "route"
    return f"{stem}.{suffix}" if datum == "wgs84" else f"{stem}.{datum}.{suffix}"


def title(itinerary: Itinerary, datum: Datum = "wgs84") -> str:
    """The route's id, with the datum where it is not WGS 84."""
    name = clean(itinerary.id)
    return name if datum == "wgs84" else f"{name} (GCJ-02)"


def clean(text: object) -> str:
    """One line of text that XML and JSON can hold: what is no character there becomes a space, spaces are single."""
    if not isinstance(text, str):
        return ""
    lost = ("Cc", "Cf", "Cs", "Zl", "Zp")
    kept = (" " if unicodedata.category(c) in lost or c in "\ufffe\uffff" else c for c in text)
    return " ".join("".join(kept).split())


def write_whole(content: bytes, path: Path) -> Path:
    """Write a file as a whole or not at all.

    Raises
    ------
    StorageError
        ``patrol_file_not_written``.
    """
    path = Path(path)
    unfinished = path.with_name(path.name + ".part")
    try:
        unfinished.write_bytes(content)
        os.replace(unfinished, path)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        measured = error.strerror or str(error)
        raise StorageError("patrol_file_not_written", file=str(path), measured=measured) from error
    return path
