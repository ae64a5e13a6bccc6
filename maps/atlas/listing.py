"""The list of communities: which page each is on, how many grids and households it has.

Columns side by side, grouped by town, with a total; measured before it is drawn.
"""

from __future__ import annotations

from dataclasses import dataclass

from maps.atlas.fonts import elide, fit_size
from maps.atlas.pen import MM, Pen
from maps.atlas.sheets import Box
from maps.style import COLOURS

SIZE = 7.0
ROW = 4.3
HEAD = 4.8
_LEAST_W = 84.0
_GAP = 5.0

# Key, share of a column, alignment.
_COLUMNS = (
    ("page", 0.08, "end"),
    ("code", 0.27, "start"),
    ("name", 0.26, "start"),
    ("grids", 0.10, "end"),
    ("households", 0.13, "end"),
    ("scale", 0.16, "end"),
)


@dataclass(frozen=True, slots=True)
class Line:
    """One line: texts by column, the page it leads to; ``strong``: a heading or a total."""

    cells: dict[str, str]
    target: str = ""
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Listing:
    """Lines ready to be measured and drawn."""

    heads: dict[str, str]
    lines: list[Line]
    pen: Pen

    def height(self, width: float) -> float:
        """Height when all lines stand together."""
        return HEAD + ROW * -(-len(self.lines) // _n_columns(width)) + 1.0

    def pages(self, box: Box) -> list[tuple[int, int]]:
        """Lines of each page of this room: first and the one after the last."""
        per_page = int((box.h - HEAD) // ROW) * _n_columns(box.w)
        return [(i, min(i + per_page, len(self.lines))) for i in range(0, len(self.lines), per_page)]

    def draw(self, box: Box, start: int = 0, stop: int | None = None) -> None:
        """Draw lines, column after column, from the top of ``box``."""
        lines = self.lines[start:stop]
        n_columns = _n_columns(box.w)
        w = (box.w - _GAP * (n_columns - 1)) / n_columns
        most = int((box.h - HEAD) // ROW)
        deep = min(most, -(-len(lines) // n_columns)) if stop is None or stop == len(self.lines) else most
        for column in range(n_columns):
            mine = lines[column * deep : (column + 1) * deep]
            if mine:
                self._column(box.x + column * (w + _GAP), box.top, w, mine)

    def _column(self, x: float, top: float, w: float, lines: list[Line]) -> None:
        pen = self.pen
        y = top - HEAD
        pen.fill(COLOURS["paper-soft"])
        pen.rect(x, y, w, HEAD)
        self._cells(self.heads, x, y + 1.4, w, 6.0, COLOURS["ink-soft"])
        pen.stroke(COLOURS["ink"], 0.2)
        pen.line(x, top, x + w, top)
        for line in lines:
            y -= ROW
            if line.strong:
                pen.fill(COLOURS["paper-soft"])
                pen.rect(x, y, w, ROW)
            self._cells(line.cells, x, y + 1.3, w, SIZE, COLOURS["ink"], strong=line.strong)
            pen.stroke(COLOURS["rule"], 0.12)
            pen.line(x, y, x + w, y)
            if line.target:
                pen.link(x, y, w, ROW, line.target)

    def _cells(
        self, cells: dict[str, str], x: float, y: float, w: float, size: float, colour: str, *, strong: bool = False
    ) -> None:
        pen = self.pen
        face = pen.bold if strong else pen.regular
        for key, share, anchor in _COLUMNS:
            room = share * w
            text = cells.get(key, "")
            if key == "code" and strong:
                room_text = (share + 0.26) * w - 2
            else:
                room_text = room - 1.2
            fitting = fit_size(face, text, (size, size * 0.85, size * 0.75), room_text * MM + 0.5)
            text = elide(face, text, fitting, room_text * MM + 0.5)
            blue = key == "page" and not strong and cells is not self.heads
            if text:
                pen.text(
                    x + room - 0.6 if anchor == "end" else x + 1.2,
                    y,
                    text,
                    fitting,
                    COLOURS["chosen"] if blue else colour,
                    bold=strong or blue,
                    anchor=anchor,
                )
            x += room


def _n_columns(width: float) -> int:
    return max(1, int((width + _GAP) // (_LEAST_W + _GAP)))
