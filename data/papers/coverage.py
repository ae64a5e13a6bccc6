"""What tables of cameras and of response times share: degrees, shares, the sheet that says what they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from pyproj import CRS, Transformer

from data.papers.words import Words
from data.papers.workbook import Column, Sheet, day
from gis.streets.network import Mode
from gis.territory import Territory

_WGS84 = CRS.from_epsg(4326)


def degrees(territory: Territory, x: Sequence[float], y: Sequence[float]) -> list[tuple[float | None, float | None]]:
    """Longitude and latitude (WGS 84) of places in metres, six places; ``None`` for a place that is none."""
    if not len(x):
        return []
    lon, lat = Transformer.from_crs(territory.crs, _WGS84, always_xy=True).transform(np.asarray(x), np.asarray(y))
    pairs = zip(np.round(lon, 6).tolist(), np.round(lat, 6).tolist())
    return [(a, b) if np.isfinite((a, b)).all() else (None, None) for a, b in pairs]


def share(part: float, whole: float) -> float | None:
    """A share; ``None`` of nothing."""
    return part / whole if whole > 0 else None


def yes_no(value: object, words: Words) -> str:
    """Yes or no in words; nothing for ``None``."""
    return "" if value is None else words("yes") if value else words("no")


def joined(values: Iterable[str], words: Words) -> str:
    """Texts in one cell, in order."""
    return words("list_joint").join(sorted(values))


def mode_word(mode: Mode, words: Words) -> str:
    """How one comes, in words."""
    return words.of("mode", mode.value)


def about(
    meta: Mapping[str, str], words: Words, assumptions: Sequence[tuple[str, object]], notes: Sequence[str]
) -> Sheet:
    """The last sheet: the plan in facts, what was assumed, notes on the columns."""
    rows: list[tuple[object, ...]] = [
        (words("about_plan"), meta.get("plan_id", "")),
        (words("about_drawn"), day(meta.get("created_at", ""))),
        (words("about_basis"), meta.get("households_basis", "")),
        (words("about_land"), meta.get("territory_hash", "")[:16]),
        (words("about_version"), meta.get("version", "")),
        *assumptions,
    ]
    told = [(name, value if hasattr(value, "year") else str(value)) for name, value in rows if value not in ("", None)]
    told += [(words("about_note"), note) for note in notes]
    return Sheet("about", words("about_title"), (Column("what"), Column("value", "long")), told, portrait=True)
