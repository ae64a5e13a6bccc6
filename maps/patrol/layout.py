"""The page of a patrol: where the map, the strip below it and the list lie, and at which scale.

Upright or lying, whichever shows the grid larger.  A short list stands below the map, a long one on pages of its own.
Lengths in millimetres from the lower left corner.
"""

from __future__ import annotations

from dataclasses import dataclass

from maps.atlas.sheets import FOOTER, MARGIN, PAPERS, Box, Sheet, fit_scale

HEAD = 21.0
STRIP = 31.0
GAP = 3.0

SCALES = (
    *(500, 750, 1_000, 1_500, 2_000, 2_500, 3_000, 4_000, 5_000, 6_000, 7_500),
    *(10_000, 12_500, 15_000, 20_000, 25_000, 30_000, 40_000, 50_000, 75_000, 100_000, 200_000, 500_000, 1_000_000),
)

_AIR = 7.0
_MOST_LIST_FRAC = 0.34
_MOST_ROWS_BELOW = 26
_MOST_COARSER = 1.7

Bounds = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class PatrolLayout:
    """The first page, and what lists may use.

    Attributes
    ----------
    sheet
        Page, map frame and scale; its ``legend`` is the strip, its ``table`` is empty.
    below
        Columns for the list below the map; empty when it has pages of its own.
    is_whole
        Whether grid and route lie on the map as a whole; otherwise parts that are far off are cut at the frame.
    """

    sheet: Sheet
    below: tuple[Box, ...]
    is_whole: bool


def lay_out_patrol(views: list[Bounds], list_height_mm: float, n_rows: int) -> PatrolLayout:
    """Choose page and scale.

    Parameters
    ----------
    views
        What the map may show, in ground metres, from all there is to what must be on it: everything inspected.  The
        first that costs less than half of the scale of the last is taken.
    list_height_mm
        Height of the whole list in one column.
    n_rows
        Rows of the list.
    """
    layouts = []
    for w, h in (PAPERS["A4"], PAPERS["A4"][::-1]):
        for below in (True, False):
            columns = 2 if w < h else 3
            needed = list_height_mm / columns + 9.0
            room = h - 2 * MARGIN - HEAD - FOOTER
            if below and (needed > room * _MOST_LIST_FRAC or n_rows > _MOST_ROWS_BELOW):
                continue
            layouts.append(_layout(views, w, h, needed if below else 0.0, columns))
    # Finest scale first; but for a list that fits below the map one step of it is well spent.
    return min(layouts, key=lambda one: (SCALES.index(one.sheet.scale) - 1.5 * bool(one.below), one.sheet.landscape))


def lay_out_detail(bounds: Bounds, of: Sheet) -> Sheet | None:
    """An upright page that shows part of a map at least half as large again; ``None`` where it can not.

    Never larger than 1:1,000, or ten times the map.
    """
    w, h = PAPERS["A4"]
    low = MARGIN + FOOTER
    legend = Box(MARGIN, low, w - 2 * MARGIN, 11.0)
    frame = Box(MARGIN, legend.top + GAP, w - 2 * MARGIN, h - MARGIN - HEAD - legend.top - GAP)
    scale = fit_scale(bounds[2] - bounds[0], bounds[3] - bounds[1], frame, SCALES, _AIR + 3.0)
    scale = max(scale, next(s for s in SCALES if s >= max(1_000, of.scale / 10)))
    if scale * 1.5 > of.scale:
        return None
    return Sheet(w, h, frame, scale, ((bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2), legend, None)


def list_page() -> tuple[float, float, tuple[Box, ...]]:
    """An upright page of lists: width, height, two columns."""
    w, h = PAPERS["A4"]
    low = MARGIN + FOOTER
    return w, h, _columns(Box(MARGIN, low, w - 2 * MARGIN, h - MARGIN - HEAD - low), 2)


def _layout(views: list[Bounds], w: float, h: float, list_mm: float, columns: int) -> PatrolLayout:
    low, inner = MARGIN + FOOTER, w - 2 * MARGIN
    legend = Box(MARGIN, low + list_mm, inner, STRIP - GAP)
    frame = Box(MARGIN, legend.top + GAP, inner, h - MARGIN - HEAD - legend.top - GAP)
    scales = [fit_scale(b[2] - b[0], b[3] - b[1], frame, SCALES, _AIR) for b in views]
    taken = next(i for i, scale in enumerate(scales) if scale <= _MOST_COARSER * scales[-1])
    bounds, scale = views[taken], scales[taken]
    centre = ((bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2)
    below = _columns(Box(MARGIN, low, inner, list_mm - GAP), columns) if list_mm else ()
    return PatrolLayout(Sheet(w, h, frame, scale, centre, legend, None), below, taken == 0)


def _columns(box: Box, n: int) -> tuple[Box, ...]:
    w = (box.w - (n - 1) * 6.0) / n
    return tuple(Box(box.x + i * (w + 6.0), box.y, w, box.h) for i in range(n))
