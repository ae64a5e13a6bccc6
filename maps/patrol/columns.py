"""The turn list and the missed streets in columns, large enough to be read at arm's length in the rain.

Decides how tall a row is, where a column and a page end, and what a row looks like.
"""

from __future__ import annotations

from dataclasses import dataclass

from maps.atlas.fonts import fit_size, wrap
from maps.atlas.pen import MM, Pen
from maps.atlas.sheets import Box
from maps.patrol.turns import TurnRow
from maps.patrol.words import length_text
from maps.style import COLOURS

SIZE, SMALL = 11.0, 9.0
ROW = 6.6
LINE = 4.4
_NUMBER_W, _SIGN_W, _LENGTH_W, _AT_W = 9.0, 6.5, 18.0, 13.0

DEADHEAD = "#b0003a"
DWELL = "#5b2a86"
INSPECT = COLOURS["chosen"]
KIND_COLOURS = {"inspect": INSPECT, "deadhead": DEADHEAD, "dwell": DWELL, "arrive": COLOURS["ink"]}


@dataclass(frozen=True, slots=True)
class Line:
    """One row ready to be drawn: what it says, wrapped, and how tall it is."""

    height: float
    number: str = ""
    kind: str = ""
    turn: str = ""
    texts: tuple[str, ...] = ()
    size: float = SIZE
    note: tuple[str, ...] = ()
    length: str = ""
    at: str = ""
    is_heading: bool = False


def turn_lines(pen: Pen, rows: list[TurnRow], turns: list[str], width: float, words: dict[str, str]) -> list[Line]:
    """The rows of a turn list, measured for columns of a width; ``turns`` are the signs to draw."""
    room = (width - _NUMBER_W - _SIGN_W - _LENGTH_W - _AT_W - 1.0) * MM
    lines = []
    for row, turn in zip(rows, turns, strict=True):
        size, texts = _wrapped(pen, row.street or row.text, room)
        # Beside a note nothing stands: it may run on below length and time.
        note = tuple(wrap(pen.regular, row.note, SMALL, room + (_LENGTH_W + _AT_W) * MM)) if row.note else ()
        lines.append(
            Line(
                height=ROW + LINE * (len(texts) - 1 + len(note)),
                number=str(row.number) if row.kind != "arrive" else "",
                kind=row.kind,
                turn=turn,
                texts=texts,
                size=size,
                note=note,
                length=length_text(row.length_m, words) if row.kind in ("inspect", "deadhead") else "",
                at=row.at,
            )
        )
    return lines


def street_lines(pen: Pen, streets: list[tuple[str, str]], width: float) -> list[Line]:
    """Names with a length, measured for columns of a width."""
    room = (width - _LENGTH_W - 9.0) * MM
    lines = []
    for name, length in streets:
        size, texts = _wrapped(pen, name, room)
        lines.append(Line(ROW + LINE * (len(texts) - 1), kind="missed", texts=texts, size=size, length=length))
    return lines


def _wrapped(pen: Pen, text: str, room: float) -> tuple[float, tuple[str, ...]]:
    # A name is set a little smaller before it is broken.
    size = fit_size(pen.bold, text, (SIZE, SIZE - 1.0, SIZE - 1.8), room)
    size = size if pen.bold.width(text, size) <= room else SIZE
    return size, tuple(wrap(pen.bold, text, size, room))[:3]


def heading(pen: Pen, text: str, width: float) -> Line:
    """A heading in the list."""
    texts = tuple(wrap(pen.bold, text, SIZE + 1, (width - 2) * MM))
    return Line(ROW + 2.0 + 5.2 * (len(texts) - 1), texts=texts, is_heading=True)


def paragraph(pen: Pen, text: str, width: float) -> Line:
    """A few words under a heading."""
    texts = tuple(wrap(pen.regular, text, SMALL, (width - 2) * MM))
    return Line(1.5 + LINE * len(texts), kind="text", texts=texts)


def fill_columns(lines: list[Line], boxes: tuple[Box, ...]) -> list[list[Line]]:
    """As many lines as fit into each box, in order; a heading never stands alone at the foot."""
    columns: list[list[Line]] = []
    rest = list(lines)
    for box in boxes:
        column: list[Line] = []
        used = 0.0
        while rest and (used + rest[0].height <= box.h or not column):
            if rest[0].is_heading and len(rest) > 1 and column and used + rest[0].height + rest[1].height > box.h:
                break
            used += rest[0].height
            column.append(rest.pop(0))
        columns.append(column)
    return columns


def balance(lines: list[Line], boxes: tuple[Box, ...]) -> list[list[Line]]:
    """`fill_columns` into as low boxes as hold all lines, so that columns end level."""
    best = fill_columns(lines, boxes)
    if sum(map(len, best)) < len(lines):
        return best
    low, high = sum(line.height for line in lines) / len(boxes), boxes[0].h
    while high - low > 1.0:
        middle = (low + high) / 2
        tried = fill_columns(lines, tuple(Box(b.x, b.top - middle, b.w, middle) for b in boxes))
        if sum(map(len, tried)) == len(lines):
            best, high = tried, middle
        else:
            low = middle
    return best


def draw_columns(pen: Pen, columns: list[list[Line]], boxes: tuple[Box, ...]) -> None:
    """Draw lines from the top of each box down."""
    for box, lines in zip(boxes, columns, strict=True):
        y = box.top
        for line in lines:
            y -= line.height
            _draw(pen, line, box, y)


def _draw(pen: Pen, line: Line, box: Box, y: float) -> None:
    top = y + line.height
    if line.is_heading:
        for i, text in enumerate(line.texts):
            pen.text(box.x, top - 6.4 - 5.2 * i, text, SIZE + 1, COLOURS["ink"], bold=True)
        pen.stroke(COLOURS["ink"], 0.4)
        pen.line(box.x, y + 0.4, box.right, y + 0.4)
        return
    if line.kind == "text":
        for i, text in enumerate(line.texts):
            pen.text(box.x, top - 3.8 - LINE * i, text, SMALL, COLOURS["ink"])
        return
    _row(pen, line, box, y, top)
    pen.stroke(COLOURS["rule"], 0.2)
    pen.line(box.x, y, box.right, y)


def _row(pen: Pen, line: Line, box: Box, y: float, top: float) -> None:
    colour = KIND_COLOURS.get(line.kind, COLOURS["ink"])
    if line.kind in ("dwell", "deadhead"):
        pen.fill("#efe8f5" if line.kind == "dwell" else "#faf0f2")
        pen.rect(box.x, y, box.w, line.height)
    base = top - 4.7
    x = box.x
    if line.kind == "missed":
        _tick_box(pen, x + 1.2, base - 0.6)
        x += 7.0
    else:
        pen.text(x + _NUMBER_W - 2.0, base, line.number, SIZE, colour, bold=True, anchor="end")
        x += _NUMBER_W
        if line.kind == "dwell":
            _tick_box(pen, x + 0.4, base - 0.6)
        else:
            draw_turn(pen, line.turn, x + 2.2, base + 1.3, COLOURS["ink"])
        x += _SIGN_W
    is_bold = line.kind != "deadhead"
    for i, text in enumerate(line.texts):
        pen.text(x, base - LINE * i, text, line.size, COLOURS["ink"], bold=is_bold)
    for i, text in enumerate(line.note):
        pen.text(x, base - LINE * (i + len(line.texts)), text, SMALL, colour)
    pen.text(box.right - (_AT_W if line.at else 0.5), base, line.length, SIZE, COLOURS["ink"], anchor="end")
    pen.text(box.right - 0.5, base, line.at, SIZE, COLOURS["ink-soft"], anchor="end")


def _tick_box(pen: Pen, x: float, y: float) -> None:
    pen.fill(COLOURS["paper"])
    pen.stroke(COLOURS["ink"], 0.35)
    pen.rect(x, y, 3.6, 3.6, "B")


def draw_turn(pen: Pen, turn: str, x: float, y: float, colour: str) -> None:
    """The sign of a turn, 4 mm tall, around a middle: an arrow that shows it, a ring for the end."""
    pen.stroke(colour, 0.75, round_ends=True)
    pen.fill(colour)
    if turn == "arrive":
        pen.rect(x - 1.4, y - 1.4, 2.8, 2.8, "f")
        return
    if turn in ("start", "straight"):
        pen.line(x, y - 2.0, x, y + 0.8)
        pen.shape([(x - 1.3, y + 0.6), (x + 1.3, y + 0.6), (x, y + 2.4)])
        return
    if turn == "back":
        pen.line(x + 1.1, y - 2.0, x + 1.1, y + 1.0)
        pen.line(x + 1.1, y + 1.0, x + 0.5, y + 1.7)
        pen.line(x + 0.5, y + 1.7, x - 0.5, y + 1.7)
        pen.line(x - 0.5, y + 1.7, x - 1.1, y + 1.0)
        pen.line(x - 1.1, y + 1.0, x - 1.1, y - 0.4)
        pen.shape([(x - 2.3, y - 0.3), (x + 0.1, y - 0.3), (x - 1.1, y - 2.1)])
        return
    side = 1.0 if turn == "right" else -1.0
    pen.line(x - 0.9 * side, y - 2.0, x - 0.9 * side, y + 0.7)
    pen.line(x - 0.9 * side, y + 0.7, x + 0.6 * side, y + 0.7)
    pen.shape([(x + 0.5 * side, y + 2.0), (x + 0.5 * side, y - 0.6), (x + 2.3 * side, y + 0.7)])
