"""The sheet: paper, map frame and scale.  A standard scale, the finest at which the place fits, north up.

Decides sizes and orientation; nothing is drawn here.  Lengths on paper in millimetres from the lower left corner.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import shapely
from numpy.typing import NDArray

PAPERS: Mapping[str, tuple[float, float]] = MappingProxyType({"A4": (210.0, 297.0), "A3": (297.0, 420.0)})
"""Short side, long side in millimetres."""

SCALES = (500, 1_000, 2_000, 5_000)
"""What a community sheet takes where the community fits."""

COARSE_SCALES = (10_000, 25_000, 50_000, 100_000, 200_000, 500_000, 1_000_000, 2_000_000, 5_000_000)
"""For communities that do not fit at 1:5,000."""

INDEX_SCALES = tuple(round(m * 10**p) for p in range(3, 7) for m in (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8))
"""For index maps, which nobody measures on."""

MARGIN = 10.0
HEADER = 15.0
FOOTER = 7.0
GAP = 3.0
STRIP = 19.0
"""Height of legend and scale bar below the map."""

LEGEND_W, LEGEND_H = 92.0, 32.0
"""Room of legend and scale bar where they stand beside the table, on a landscape sheet."""

_AIR = 6.0
"""Least distance from the community to the frame, so that its surroundings show."""

_MOST_TABLE_FRAC = 0.4


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on paper."""

    x: float
    y: float
    w: float
    h: float

    @property
    def top(self) -> float:
        """Upper edge."""
        return self.y + self.h

    @property
    def right(self) -> float:
        """Right edge."""
        return self.x + self.w


@dataclass(frozen=True, slots=True)
class Sheet:
    """One map on one page.

    Attributes
    ----------
    width, height
        The page.
    frame
        Where the map lies.
    scale
        Ground metres per metre of paper.
    centre
        Ground metres (x, y) in the middle of the frame.
    legend
        Room for legend and scale bar.
    table
        Room for the table; ``None``: it follows on pages of its own.
    """

    width: float
    height: float
    frame: Box
    scale: int
    centre: tuple[float, float]
    legend: Box
    table: Box | None

    @property
    def landscape(self) -> bool:
        """Wider than high."""
        return self.width > self.height

    @property
    def metres_per_mm(self) -> float:
        """Ground metres in a millimetre of paper."""
        return self.scale / 1000.0

    @property
    def ground(self) -> tuple[float, float, float, float]:
        """What the frame shows, in ground metres."""
        half_w, half_h = self.frame.w * self.metres_per_mm / 2, self.frame.h * self.metres_per_mm / 2
        x, y = self.centre
        return x - half_w, y - half_h, x + half_w, y + half_h

    def on_paper(self, shapes: NDArray[np.object_]) -> NDArray[np.object_]:
        """Ground geometry as millimetres on this page."""
        x, y = self.frame.x + self.frame.w / 2, self.frame.y + self.frame.h / 2
        moved: NDArray[np.object_] = shapely.transform(
            shapes, lambda xy: (xy - self.centre) / self.metres_per_mm + (x, y)
        )
        return moved


TableHeight = Callable[[float], float]
"""Height that a table takes at a width."""


def choose_sheet(
    bounds: tuple[float, float, float, float],
    paper: str,
    table_height: TableHeight,
    scales: tuple[int, ...] = SCALES + COARSE_SCALES,
) -> Sheet:
    """The sheet for a place: portrait or landscape, table on the page or after it, at the finest scale that fits.

    The table stays on the page while it is short.  Landscape is taken only where it shows the place at a finer scale:
    upright pages bind and leaf better.

    Parameters
    ----------
    bounds
        Ground metres of the place.
    paper
        A key of `PAPERS`.
    table_height
        Height of the table for a given width.
    scales
        Scales to choose from, finest first; the last one is taken where none fits.
    """
    short, long = PAPERS[paper]
    sheets = [_sheet(bounds, w, h, table_height, scales) for w, h in ((short, long), (long, short))]
    return min(sheets, key=lambda s: (s.scale, s.table is None, s.landscape))


def table_page(paper: str) -> tuple[float, float, Box]:
    """A portrait page that holds nothing but rows: its width, height and room."""
    w, h = PAPERS[paper]
    return w, h, Box(MARGIN, MARGIN + FOOTER, w - 2 * MARGIN, h - 2 * MARGIN - FOOTER - HEADER)


def fit_scale(w_m: float, h_m: float, frame: Box, scales: tuple[int, ...], air: float = _AIR) -> int:
    """The finest scale at which a place of this size fits into the frame; the coarsest where none does."""
    for scale in scales:
        if w_m * 1000 / scale <= frame.w - 2 * air and h_m * 1000 / scale <= frame.h - 2 * air:
            return scale
    return scales[-1]


def _sheet(
    bounds: tuple[float, float, float, float], w: float, h: float, table_height: TableHeight, scales: tuple[int, ...]
) -> Sheet:
    x0, y0, x1, y1 = bounds
    low, inner_w, inner_h = MARGIN + FOOTER, w - 2 * MARGIN, h - 2 * MARGIN - HEADER - FOOTER
    beside = w > h
    needed = table_height(inner_w - LEGEND_W - GAP if beside else inner_w)
    fits = needed <= inner_h * _MOST_TABLE_FRAC
    if beside and fits:
        legend = Box(MARGIN, low, LEGEND_W, max(needed, LEGEND_H))
        table = Box(legend.right + GAP, low, inner_w - LEGEND_W - GAP, legend.h)
    else:
        below = needed + GAP if fits else 0.0
        legend = Box(MARGIN, low + below, inner_w, STRIP)
        table = Box(MARGIN, low, inner_w, needed) if fits else None
    frame = Box(MARGIN, legend.top + GAP, inner_w, low + inner_h - legend.top - GAP)
    scale = fit_scale(x1 - x0, y1 - y0, frame, scales)
    return Sheet(w, h, frame, scale, ((x0 + x1) / 2, (y0 + y1) / 2), legend, table)
