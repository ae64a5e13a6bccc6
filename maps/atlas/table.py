"""Tables of grids: rows measured before they are drawn, so that a sheet knows its room and nothing is cut.

Decides columns, wrapping and page breaks.  A grid that needs action carries its reason below its row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from maps.atlas.fonts import elide, plain, wrap
from maps.atlas.pen import MM, Pen
from maps.atlas.sheets import Box
from maps.atlas.words import count
from maps.style import COLOURS, FILLS

SIZE = 7.2
LINE = 3.3
ROW = 4.5
HEAD = 5.0
NONE = "–"
_PAD = 1.0

# Share of the width and alignment: code, name, kind, households, population, buildings, area.
_COLUMNS = (
    ("code", 0.20, "start"),
    ("name", 0.30, "start"),
    ("kind", 0.08, "start"),
    ("households", 0.11, "end"),
    ("population", 0.11, "end"),
    ("buildings", 0.09, "end"),
    ("area", 0.11, "end"),
)


@dataclass(frozen=True, slots=True)
class Row:
    """One grid: texts by column, the fill of its swatch, what there is to say of it, and whether that is pressing."""

    cells: dict[str, str]
    fill: int
    reason: str = ""
    pressing: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """The grids of a community, ready to be measured and drawn."""

    heads: dict[str, str]
    rows: list[Row]
    total: dict[str, str]
    empty: str
    notes: list[str]
    pen: Pen

    def height(self, width: float) -> float:
        """Height in millimetres with head, total and notes."""
        return HEAD + sum(self._row_height(row, width) for row in self.rows or [None]) + self._end_height(width)

    def pages(self, width: float, room: float) -> list[tuple[int, int]]:
        """Rows of each page when it goes on over several: first row and the one after the last."""
        pages, start, used = [], 0, HEAD
        for i, row in enumerate(self.rows):
            needed = self._row_height(row, width)
            if used + needed + self._end_height(width) > room and i > start:
                pages.append((start, i))
                start, used = i, HEAD
            used += needed
        return [*pages, (start, len(self.rows))]

    def draw(self, box: Box, start: int = 0, stop: int | None = None) -> None:
        """Draw rows from the top of ``box`` down; the total follows the last row."""
        stop = len(self.rows) if stop is None else stop
        pen = self.pen
        y = box.top - HEAD
        pen.fill(COLOURS["paper-soft"])
        pen.rect(box.x, y, box.w, HEAD)
        self._cells(self.heads, box, y + 1.5, COLOURS["ink-soft"], size=6.3)
        for row in self.rows[start:stop]:
            y = self._draw_row(row, box, y)
        if not self.rows:
            y -= ROW
            pen.text(box.x + _PAD, y + 1.4, self.empty, SIZE, COLOURS["ink"])
        if stop == len(self.rows):
            y -= ROW
            self._cells(self.total, box, y + 1.4, COLOURS["ink"], bold=True)
        pen.stroke(COLOURS["ink"], 0.2)
        pen.line(box.x, box.top, box.right, box.top)
        pen.line(box.x, y, box.right, y)
        for line in self._note_lines(box.w) if stop == len(self.rows) else []:
            y -= LINE
            pen.text(box.x + _PAD, y + 0.6, line, 6.3, COLOURS["action-text"])

    def _draw_row(self, row: Row, box: Box, top: float) -> float:
        pen = self.pen
        reason = self._reason(row, box.w)
        y = top - ROW
        pen.fill(FILLS[row.fill])
        pen.stroke(COLOURS["action"] if row.pressing else COLOURS["grid-edge"], 0.25)
        pen.rect(box.x + 0.4, y + 0.9, 2.6, 2.6, "B")
        self._cells(row.cells, box, y + 1.4, COLOURS["ink"])
        for line in reason:
            y -= LINE
            pen.text(box.x + 4.2, y + 1.3, line, 6.3, COLOURS["action-text" if row.pressing else "ink-soft"])
        pen.stroke(COLOURS["rule"], 0.15)
        pen.line(box.x, y, box.right, y)
        return y

    def _cells(
        self,
        cells: dict[str, str],
        box: Box,
        y: float,
        colour: str,
        *,
        size: float = SIZE,
        bold: bool = False,
    ) -> None:
        x = box.x
        face = self.pen.bold if bold else self.pen.regular
        for key, share, anchor in _COLUMNS:
            w = share * box.w
            left = 4.2 if key == "code" else _PAD
            text = elide(face, cells.get(key, ""), size, (w - left - _PAD) * MM + 0.5)
            self.pen.text(
                x + w - _PAD if anchor == "end" else x + left, y, text, size, colour, bold=bold, anchor=anchor
            )
            x += w

    def _reason(self, row: Row, width: float) -> list[str]:
        return wrap(self.pen.regular, row.reason, 6.3, (width - 5.5) * MM) if row.reason else []

    def _note_lines(self, width: float) -> list[str]:
        return [line for note in self.notes for line in wrap(self.pen.regular, note, 6.3, (width - 2 * _PAD) * MM)]

    def _end_height(self, width: float) -> float:
        return ROW + LINE * len(self._note_lines(width))

    def _row_height(self, row: Row | None, width: float) -> float:
        if row is None:
            return ROW
        return ROW + LINE * len(self._reason(row, width))


def make_table(
    rows: list[dict[str, Any]],
    reasons: list[str],
    pressing: list[bool],
    fills: list[int],
    notes: list[str],
    words: dict[str, str],
    pen: Pen,
    *,
    has_buildings: bool = True,
) -> Table:
    """The table of some grids.

    Parameters
    ----------
    rows
        Grids as plain data, columns of the plan file.
    reasons
        What there is to say of each grid, or nothing.
    pressing
        Whether each grid needs action.
    fills
        Position of its fill in `maps.style.FILLS`.
    notes
        What there is to say of the community as a whole.
    words
        The words of the atlas in one language.
    pen
        What will draw it; it knows how wide texts are.
    has_buildings
        Whether the plan counts buildings; a plan made of units does not.
    """
    heads = {key: words[f"c_{key}"] for key, _, _ in _COLUMNS}
    lines = []
    for row, reason, urgent, fill in zip(rows, reasons, pressing, fills, strict=True):
        cells = {
            "code": plain(row["code"]),
            "name": plain(row["name"]),
            "kind": words.get(f"kind_{row['kind']}", plain(row["kind"])),
            "households": count(row["households"]),
            "population": count(row["population"]),
            "buildings": count(row["buildings"]) if has_buildings else NONE,
            "area": f"{row['area_m2'] / 10_000:,.2f}",
        }
        lines.append(Row(cells, fill, plain(reason), urgent))
    total = {"code": words["total"]}
    total |= {key: count(sum(row[key] for row in rows)) for key in ("households", "population", "buildings")}
    total["buildings"] = total["buildings"] if has_buildings else NONE
    total["area"] = f"{sum(row['area_m2'] for row in rows) / 10_000:,.2f}"
    return Table(heads, lines, total, words["no_grids"], [plain(note) for note in notes], pen)
