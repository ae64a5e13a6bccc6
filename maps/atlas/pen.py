"""Drawing on a PDF page in millimetres from its lower left corner.

Knows how lines, areas and texts are written down; what is drawn is decided by the rooms that use it.  Geometry comes
as arrays, because a sheet may hold thousands of buildings; the operators are written directly for the same reason.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
import shapely
from numpy.typing import NDArray
from reportlab import rl_config
from reportlab.pdfgen.canvas import Canvas

from maps.atlas.fonts import Face, document_date

# Pages as compressed bytes, not as text that a mail server of 1990 could carry: a quarter smaller.
rl_config.useA85 = 0

MM = 72.0 / 25.4
"""Points in a millimetre."""

BASE = 0.36
"""How far below its middle a line of text has its base, in font sizes."""


class _Canvas(Canvas):  # type: ignore[misc]
    def _make_preamble(self) -> None:
        # reportlab begins every page with Helvetica, which would stand in the file unembedded and unused.
        self._preamble = "1 0 0 1 0 0 cm"


class Pen:
    """One document being drawn.

    Attributes
    ----------
    regular, bold
        The two weights of the font.
    """

    def __init__(self, to: Path | BinaryIO, title: str, subject: str, program: str, created_at: str) -> None:
        self._canvas = _Canvas(str(to) if isinstance(to, Path) else to, pageCompression=1, invariant=1)
        # The document's number comes from what is in it, its date from the plan: neither from the clock.
        self._canvas._doc._timeStamp = document_date(created_at)
        self._canvas._doc.signature = hashlib.md5(b"gridwright atlas", usedforsecurity=False)
        self._canvas.setTitle(title)
        self._canvas.setSubject(subject)
        self._canvas.setAuthor("")
        self._canvas.setCreator(program)
        self._canvas.setProducer(program)
        self.regular, self.bold = Face("regular"), Face("bold")

    @property
    def missing(self) -> list[str]:
        """Characters that were drawn as a box so far."""
        return sorted(self.regular.missing | self.bold.missing)

    def notice(self, texts: Iterable[str]) -> None:
        """Look at texts that will be drawn later, so that `missing` is complete before they are."""
        for text in texts:
            self.regular.width(text, 1)

    # Pages

    def begin_page(self, width_mm: float, height_mm: float, name: str, outline: str = "", level: int = 0) -> None:
        """Start a page that links can lead to by ``name``; with ``outline`` it stands in the reader's side bar."""
        self._canvas.setPageSize((width_mm * MM, height_mm * MM))
        self._canvas.bookmarkPage(name)
        if outline:
            self._canvas.addOutlineEntry(outline, name, level, closed=level == 0)

    def end_page(self) -> None:
        """Finish the page."""
        self._canvas.showPage()

    def finish(self) -> None:
        """Write the file."""
        self._canvas.save()

    def link(self, x: float, y: float, w: float, h: float, name: str) -> None:
        """A rectangle that leads to a page."""
        box = (x * MM, y * MM, (x + w) * MM, (y + h) * MM)
        self._canvas.linkAbsolute("", name, box, Border="[0 0 0]")

    # State

    @contextmanager
    def kept(self) -> Iterator[None]:
        """What is set inside (colours, clip, width) is forgotten after."""
        self._write("q")
        yield
        self._write("Q")

    @contextmanager
    def sheer(self, alpha: float) -> Iterator[None]:
        """Fills inside let shine through what lies below."""
        self._canvas.setFillAlpha(alpha)
        yield
        self._canvas.setFillAlpha(1)

    def fill(self, colour: str) -> None:
        """Colour of areas."""
        self._write(f"{_rgb(colour)} rg")

    def stroke(
        self, colour: str, width_mm: float, dash_mm: tuple[float, ...] = (), *, round_ends: bool = False
    ) -> None:
        """Colour and form of lines."""
        dash = " ".join(_n(d * MM) for d in dash_mm)
        self._write(f"{_rgb(colour)} RG {_n(width_mm * MM)} w [{dash}] 0 d {int(round_ends)} J 1 j")

    # Shapes

    def rect(self, x: float, y: float, w: float, h: float, how: str = "f") -> None:
        """A rectangle; ``how``: ``f`` filled, ``S`` outlined, ``B`` both, ``clip`` limits what follows."""
        self._write(f"{_n(x * MM)} {_n(y * MM)} {_n(w * MM)} {_n(h * MM)} re {'W n' if how == 'clip' else how}")

    def line(self, x0: float, y0: float, x1: float, y1: float) -> None:
        """A straight line."""
        self._write(f"{_n(x0 * MM)} {_n(y0 * MM)} m {_n(x1 * MM)} {_n(y1 * MM)} l S")

    def segments(self, ends: NDArray[np.float64]) -> None:
        """Many straight lines, ``(n, 4)``."""
        rows = np.round(ends * MM, 2).tolist()
        self._write("\n".join(f"{a:g} {b:g} m {c:g} {d:g} l" for a, b, c, d in rows) + "\nS" if rows else "")

    def shape(self, corners: list[tuple[float, float]], how: str = "f") -> None:
        """A closed polygon of a few corners."""
        (x, y), *rest = corners
        steps = " ".join(f"{_n(a * MM)} {_n(b * MM)} l" for a, b in rest)
        self._write(f"{_n(x * MM)} {_n(y * MM)} m {steps} h {how}")

    def areas(self, shapes: NDArray[np.object_], how: str = "f*") -> None:
        """Polygons, each by itself; ``how`` as in `rect`, even-odd, so that holes stay open."""
        for text in _areas(shapes):
            self._write(f"{text} {'W* n' if how == 'clip' else how}")

    def lines(self, shapes: NDArray[np.object_]) -> None:
        """Lines and the outlines of polygons, as one path."""
        parts = shapely.get_parts(np.asarray(shapes, dtype=object))
        is_area = shapely.get_type_id(parts) == shapely.GeometryType.POLYGON
        parts = shapely.get_parts(np.where(is_area, shapely.boundary(parts), parts))
        parts = parts[shapely.get_dimensions(parts) == 1]
        closed = shapely.is_closed(parts)
        xy, owner = shapely.get_coordinates(parts, return_index=True)
        texts = _runs(xy, owner, len(parts))
        if texts:
            self._write("\n".join(t + " h" if c else t for t, c in zip(texts, closed, strict=True)) + "\nS")

    # Text

    def text(
        self,
        x: float,
        y: float,
        text: str,
        size: float,
        colour: str,
        *,
        bold: bool = False,
        anchor: str = "start",
        angle_deg: float = 0.0,
    ) -> None:
        """One line of text; ``x`` is its start, middle or end, ``y`` its base, ``size`` in points."""
        face = self.bold if bold else self.regular
        back = {"start": 0.0, "middle": 0.5, "end": 1.0}[anchor] * face.width(text, size)
        a = np.deg2rad(angle_deg)
        cos, sin = float(np.cos(a)), float(np.sin(a))
        px, py = x * MM - back * cos, y * MM - back * sin
        chunks = []
        for subset, codes in face.splitString(text, self._canvas._doc):
            name = face.getSubsetInternalName(subset, self._canvas._doc)
            chunks.append(f"{name} {_n(size)} Tf <{codes.hex()}> Tj")
        turn = f"{cos:.5f} {sin:.5f} {-sin:.5f} {cos:.5f}" if angle_deg else "1 0 0 1"
        self._write(f"BT {_rgb(colour)} rg {turn} {_n(px)} {_n(py)} Tm {' '.join(chunks)} ET")

    def width_mm(self, text: str, size: float, *, bold: bool = False) -> float:
        """Width of a line of text."""
        return (self.bold if bold else self.regular).width(text, size) / MM

    def _write(self, operators: str) -> None:
        if operators:
            self._canvas._code.append(operators)


def _areas(shapes: NDArray[np.object_]) -> list[str]:
    parts, owner = shapely.get_parts(np.asarray(shapes, dtype=object), return_index=True)
    areal = shapely.get_dimensions(parts) == 2
    parts, owner = parts[areal], owner[areal]
    rings, of_part = shapely.get_rings(parts, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    texts = _runs(xy, ring, len(rings))
    whole: dict[int, list[str]] = {}
    for text, shape in zip(texts, owner[of_part].tolist(), strict=True):
        whole.setdefault(shape, []).append(text + " h")
    return ["\n".join(rings) for rings in whole.values()]


def _runs(xy: NDArray[np.float64], owner: NDArray[np.int64], n: int) -> list[str]:
    steps = [f"{x:g} {y:g}" for x, y in np.round(xy * MM, 2).tolist()]
    ends = np.searchsorted(owner, np.arange(n + 1))
    texts = []
    for start, stop in zip(ends[:-1].tolist(), ends[1:].tolist()):
        rest = " l ".join(steps[start + 1 : stop])
        texts.append(f"{steps[start]} m {rest} l" if rest else f"{steps[start]} m")
    return texts


def _rgb(colour: str) -> str:
    return " ".join(f"{int(colour[i : i + 2], 16) / 255:.3g}" for i in (1, 3, 5))


def _n(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if value else "0"
