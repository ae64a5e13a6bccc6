"""Pages of the printed summary: heads, feet, headings, tables that go on over pages.  Lengths in millimetres."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from maps.atlas.fonts import elide, wrap
from maps.atlas.furniture import draw_foot, draw_head
from maps.atlas.pen import MM, Pen
from maps.atlas.sheets import FOOTER, HEADER, MARGIN, PAPERS, Box
from maps.style import COLOURS

INK, SOFT = COLOURS["ink"], COLOURS["ink-soft"]
WIDTH, HEIGHT = PAPERS["A4"]
LEFT, RIGHT = MARGIN, WIDTH - MARGIN
TOP, BOTTOM = HEIGHT - MARGIN - HEADER, MARGIN + FOOTER
_ROW, _SIZE, _HEAD_SIZE = 4.6, 7.2, 6.8


@dataclass(frozen=True, slots=True)
class Col:
    """A column: its head, its share of the width, how its cells stand."""

    head: str
    share: float
    anchor: str = "end"


class Sheets:
    """Pages that are filled from the top; a new one begins where the next thing does not fit.

    Parameters
    ----------
    n_pages
        What the feet say; of a first run, which only counts, 0.
    """

    def __init__(self, pen: Pen, head: tuple[str, str, str, str], foot: str, page_of: str, n_pages: int) -> None:
        self.pen = pen
        self.n = 0
        self.y = 0.0
        self._head, self._foot, self._page_of, self._n_pages = head, foot, page_of, n_pages

    def begin(self) -> None:
        """Start a page."""
        if self.n:
            self.pen.end_page()
        self.n += 1
        self.pen.begin_page(WIDTH, HEIGHT, f"page-{self.n}", self._head[0] if self.n == 1 else "")
        draw_head(self.pen, WIDTH, HEIGHT, *self._head)
        draw_foot(self.pen, WIDTH, self._foot, self._page_of.format(page=self.n, pages=self._n_pages))
        self.y = TOP

    def end(self) -> None:
        """Finish the last page."""
        self.pen.end_page()

    def room(self, height: float) -> None:
        """Begin a new page unless there is so much room."""
        if self.y - height < BOTTOM:
            self.begin()

    def take(self, height: float, x: float = LEFT, w: float = RIGHT - LEFT) -> Box:
        """A box below what is there."""
        self.room(height)
        self.y -= height
        return Box(x, self.y, w, height)

    def heading(self, text: str, below: float = 20.0, beside: str = "") -> None:
        """A heading that never stands alone at the foot of a page."""
        self.room(8.5 + below)
        self.y -= 7.2
        self.pen.text(LEFT, self.y, text, 10.5, INK, bold=True)
        used = self.pen.width_mm(text, 10.5, bold=True) + 3
        if beside:
            self.pen.text(LEFT + used, self.y, elide(self.pen.regular, beside, 7, (RIGHT - LEFT - used) * MM), 7, SOFT)
        self.y -= 1.6

    def words(self, text: str, size: float = 7.2) -> None:
        """A paragraph."""
        for line in wrap(self.pen.regular, text, size, (RIGHT - LEFT) * MM):
            self.room(3.6)
            self.y -= 3.6
            self.pen.text(LEFT, self.y, line, size, SOFT)
        self.y -= 0.8

    def table(
        self, columns: Sequence[Col], rows: Sequence[Sequence[str]], empty: str, *, total: Sequence[str] = ()
    ) -> None:
        """A table; its head stands again on every page."""
        self._table_head(columns)
        if not rows:
            self.y -= _ROW
            self.pen.text(LEFT + 1, self.y + 1.4, empty, _SIZE, SOFT)
        for i, row in enumerate(rows):
            if self.y - _ROW * (2 if total and i == len(rows) - 1 else 1) < BOTTOM:
                self.begin()
                self._table_head(columns)
            self._row(columns, row)
        if total:
            self._row(columns, total, bold=True)
        self.pen.stroke(INK, 0.2)
        self.pen.line(LEFT, self.y, RIGHT, self.y)
        self.y -= 1.5

    def _table_head(self, columns: Sequence[Col]) -> None:
        self.room(_ROW * 3)
        self.y -= 1.0
        self.pen.stroke(INK, 0.2)
        self.pen.line(LEFT, self.y, RIGHT, self.y)
        self.y -= _ROW + 0.4
        self.pen.fill(COLOURS["paper-soft"])
        self.pen.rect(LEFT, self.y, RIGHT - LEFT, _ROW + 0.4)
        self._cells(columns, [column.head for column in columns], _HEAD_SIZE, SOFT, bold=True)

    def _row(self, columns: Sequence[Col], cells: Sequence[str], *, bold: bool = False) -> None:
        self.y -= _ROW
        self._cells(columns, cells, _SIZE, INK, bold=bold)
        self.pen.stroke(COLOURS["rule"], 0.12)
        self.pen.line(LEFT, self.y, RIGHT, self.y)

    def _cells(self, columns: Sequence[Col], cells: Sequence[str], size: float, colour: str, *, bold: bool) -> None:
        whole = sum(column.share for column in columns)
        x = LEFT
        face = self.pen.bold if bold else self.pen.regular
        for column, text in zip(columns, cells, strict=True):
            w = column.share / whole * (RIGHT - LEFT)
            shown = elide(face, text, size, (w - 2) * MM + 0.5)
            at = x + w - 1 if column.anchor == "end" else x + 1
            self.pen.text(at, self.y + 1.4, shown, size, colour, bold=bold, anchor=column.anchor)
            x += w
