"""Where a patrol's map is too crowded to read, and the sheets that show those parts larger."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from maps.atlas.sheets import Sheet
from maps.patrol.layout import Bounds, lay_out_detail

SHORT_MM = 8.0
"""A leg shorter than this on paper has no room for its arrow and number."""

_CROWD_MM = 6.0
_LEAST_CROWD = 6
_MOST_SHORT_FRAC = 0.45
_MOST_SPLITS = 3
_MOST_DETAILS = 8


def choose_details(sheet: Sheet, lines: NDArray[np.object_]) -> list[Sheet]:
    """Sheets for the crowded parts of a map, in the order in which they are first walked; at most 8.

    Legs that are short on paper and lie together make a part.  A part that is still crowded at the scale at which it
    fits a page is halved.

    Parameters
    ----------
    sheet
        The map of the whole.
    lines
        Legs in ground metres, in order; places to dwell left out.
    """
    paper = sheet.on_paper(lines)
    frame = sheet.frame
    window = shapely.box(frame.x, frame.y, frame.right, frame.top)
    short = np.flatnonzero((shapely.length(paper) < SHORT_MM) & shapely.intersects(paper, window))
    if len(short) < _LEAST_CROWD:
        return []
    parts = shapely.get_parts(shapely.union_all(shapely.buffer(paper[short], _CROWD_MM)))
    of_leg, of_part = shapely.STRtree(parts).query(paper[short], predicate="within")
    found: list[tuple[int, Sheet]] = []
    for part in range(len(parts)):
        mine = short[of_leg[of_part == part]]
        if len(mine) >= _LEAST_CROWD:
            found += _sheets(sheet, lines, mine, 0)
    chosen: list[Sheet] = []
    for _, detail in sorted(found, key=lambda pair: pair[0]):
        inside = [one for one in chosen if _shows(one.ground, _middle(detail.ground))]
        if not inside:
            chosen.append(detail)
    return chosen[:_MOST_DETAILS]


def _sheets(sheet: Sheet, lines: NDArray[np.object_], mine: NDArray[np.int64], depth: int) -> list[tuple[int, Sheet]]:
    bounds: Bounds = tuple(shapely.total_bounds(lines[mine]).tolist())  # type: ignore[assignment]
    detail = lay_out_detail(bounds, sheet)
    is_crowded = detail is None
    if detail is not None:
        length_mm = shapely.length(lines[mine]) / detail.metres_per_mm
        is_crowded = bool((length_mm < SHORT_MM).mean() > _MOST_SHORT_FRAC)
    if is_crowded and depth < _MOST_SPLITS and len(mine) >= 3 * _LEAST_CROWD:
        middle = shapely.get_coordinates(shapely.centroid(lines[mine]))
        axis = int(bounds[3] - bounds[1] > bounds[2] - bounds[0])
        order = np.argsort(np.round(middle[:, axis], 3), kind="stable")
        half = len(mine) // 2
        halves = [np.sort(mine[order[:half]]), np.sort(mine[order[half:]])]
        return [found for part in halves for found in _sheets(sheet, lines, part, depth + 1)]
    return [] if detail is None else [(int(mine.min()), detail)]


def _middle(bounds: Bounds) -> tuple[float, float]:
    return (bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2


def _shows(bounds: Bounds, point: tuple[float, float]) -> bool:
    return bounds[0] < point[0] < bounds[2] and bounds[1] < point[1] < bounds[3]
