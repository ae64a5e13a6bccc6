"""Charts of the printed summary: bars, a line over time, a small map of rates.  All of them say their numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from pyproj import CRS

from maps.atlas.fonts import elide
from maps.atlas.pen import MM, Pen
from maps.atlas.sheets import Box
from maps.features import to_metres
from maps.style import COLOURS
from partition.filed import FiledPlan
from partition.incidents.summary import AreaRow

INK, SOFT, RULE = COLOURS["ink"], COLOURS["ink-soft"], COLOURS["rule"]
BAR, BAR_BEFORE, HANDLED = "#0b4f9c", "#b9c6d6", "#00735a"
CLASSES = ("#fdf6d5", "#fadf9a", "#f3b567", "#e0823f", "#b3541e")
NO_RATE = "#e7e9ec"


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: what it is, now and before, and what is said of the change."""

    name: str
    now: float
    before: float
    said: str


def draw_bars(pen: Pen, box: Box, bars: Sequence[Bar], keys: tuple[str, str]) -> None:
    """Bars beside those of the period compared with; the number at their end, the change at the edge."""
    _keys(pen, box, (("B", BAR, keys[0]), ("B", BAR_BEFORE, keys[1])))
    if not bars:
        return
    most = max(1.0, *(max(bar.now, bar.before) for bar in bars))
    step = min(9.0, (box.h - 6) / len(bars))
    name_w, said_w = box.w * 0.3, 15.0
    room = box.w - name_w - said_w - 12
    for i, bar in enumerate(bars):
        y = box.top - 6 - (i + 1) * step
        high = step * 0.36
        pen.text(box.x, y + step * 0.4, elide(pen.regular, bar.name, 7.5, (name_w - 2) * MM), 7.5, INK)
        for value, colour, at in ((bar.now, BAR, y + step * 0.46), (bar.before, BAR_BEFORE, y + step * 0.1)):
            pen.fill(colour)
            pen.rect(box.x + name_w, at, max(0.2, room * value / most), high)
        end = box.x + name_w + room * max(bar.now, 0) / most
        pen.text(end + 1, y + step * 0.46 + high * 0.15, f"{bar.now:,g}", 7, INK, bold=True)
        pen.text(box.right, y + step * 0.4, bar.said, 7.5, INK, anchor="end")


def draw_line(
    pen: Pen, box: Box, labels: Sequence[str], lines: Sequence[tuple[str, Sequence[float]]], empty: str
) -> None:
    """Counts over time; the lines differ by dash and by mark, too, and end where what is to come begins."""
    looks = ((BAR, ()), (HANDLED, (1.6, 1.0)))
    _keys(pen, box, [("L", look[0], name) for look, (name, _) in zip(looks, lines)])
    low, left = box.y + 5, box.x + 9
    high, wide = box.h - 12, box.w - 10
    most = max([0.0, *(value for _, values in lines for value in values)])
    if not labels or not most:
        pen.text(box.x + box.w / 2, box.y + box.h / 2, empty, 8, SOFT, anchor="middle")
        return
    top = _round_up(most)
    for k in range(5):
        y = low + high * k / 4
        pen.stroke(RULE, 0.15)
        pen.line(left, y, left + wide, y)
        if k % 2 == 0:
            pen.text(left - 1.5, y - 0.9, f"{top * k / 4:,g}", 6.5, SOFT, anchor="end")
    n = len(labels)
    at = [left + wide * (i + 0.5) / n for i in range(n)]
    for (colour, dash), (_, values) in zip(looks, lines):
        pen.stroke(colour, 0.55, dash, round_ends=True)
        ends = np.array([(x, low + high * value / top) for x, value in zip(at, values)])
        if len(ends) > 1:
            pen.segments(np.column_stack([ends[:-1], ends[1:]]))
        pen.fill(colour)
        for x, y in ends.tolist():
            pen.rect(x - 0.45, y - 0.45, 0.9, 0.9)
    every = -(-n // 12)
    for i in range(0, n, every):
        pen.text(at[i], box.y + 1.2, labels[i], 6.3, SOFT, anchor="middle")


def draw_rates(pen: Pen, box: Box, filed: FiledPlan, areas: Sequence[AreaRow], words: dict[str, str]) -> None:
    """Grids by their smoothed rate in up to five classes, with a legend; grids without households stay grey."""
    shapes, _ = to_metres(np.asarray(filed.grids.geometry.array, dtype=object), CRS(filed.grids.crs))
    x0, y0, x1, y1 = shapely.total_bounds(shapes)
    key_h = 11.0
    scale = min(box.w / max(x1 - x0, 1.0), (box.h - key_h) / max(y1 - y0, 1.0))
    left = box.x + (box.w - (x1 - x0) * scale) / 2
    low = box.y + key_h + (box.h - key_h - (y1 - y0) * scale) / 2
    small = shapely.simplify(shapes, 0.15 / scale)
    paper = shapely.transform(small, lambda xy: (xy - (x0, y0)) * scale + (left, low))
    rate = {area.code: area.smoothed if area.smoothed is not None else area.per_1000 for area in areas}
    values = [rate.get(str(code)) for code in filed.grids["code"]]
    cuts = rate_classes([value for value in values if value is not None])
    for k in range(-1, len(cuts)):
        chosen = [i for i, value in enumerate(values) if class_of(value, cuts) == k]
        if not chosen:
            continue
        pen.fill(NO_RATE if k < 0 else colour_of(k, len(cuts)))
        pen.stroke("#33415c", 0.12)
        pen.areas(paper[chosen], "B*")
    if not cuts:
        pen.text(box.x + box.w / 2, box.y + 4, words["p_no_rate"], 7, SOFT, anchor="middle")
        return
    pen.text(box.x, box.y + 7, words["p_rate_key"], 6.5, SOFT)
    wide = box.w / len(cuts)
    for k, upto in enumerate(cuts):
        pen.fill(colour_of(k, len(cuts)))
        pen.stroke("#33415c", 0.12)
        pen.rect(box.x + k * wide, box.y + 3, wide - 1, 2.6, "B")
        pen.text(box.x + k * wide + (wide - 1) / 2, box.y, f"≤ {upto:.2f}", 6.3, INK, anchor="middle")


def rate_classes(values: Sequence[float]) -> list[float]:
    """Upper ends of up to five classes with as many values each as equal ones allow."""
    ordered = sorted(math.ceil(value * 100) / 100 for value in values)  # as they are printed
    if not ordered or ordered[-1] <= 0:
        return []
    return sorted({ordered[int(q * (len(ordered) - 1))] for q in (0.2, 0.4, 0.6, 0.8)} | {ordered[-1]})


def class_of(value: float | None, cuts: Sequence[float]) -> int:
    """Class of a value; -1 for none."""
    return -1 if value is None or not cuts else next(k for k, upto in enumerate(cuts) if value <= upto)


def colour_of(k: int, n: int) -> str:
    """Colour of one of ``n`` classes."""
    return CLASSES[2] if n < 2 else CLASSES[round(k * (len(CLASSES) - 1) / (n - 1))]


def _keys(pen: Pen, box: Box, keys: Sequence[tuple[str, str, str]]) -> None:
    x = box.x
    for form, colour, name in keys:
        if form == "B":
            pen.fill(colour)
            pen.rect(x, box.top - 2.6, 4, 2.2)
        else:
            pen.stroke(colour, 0.6, () if colour == BAR else (1.6, 1.0))
            pen.line(x, box.top - 1.5, x + 6, box.top - 1.5)
            x += 2
        pen.text(x + 5.5, box.top - 2.6, name, 7, SOFT)
        x += pen.width_mm(name, 7) + 11


def _round_up(value: float) -> float:
    for top in (4, 8, 12, 20, 40, 60, 80):
        if value <= top:
            return float(top)
    power = 10 ** (len(str(int(value))) - 1)
    return next(float(k * power) for k in (1, 2, 4, 6, 8, 10, 20) if value <= k * power)
