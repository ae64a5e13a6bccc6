"""The page a patrol takes along: its map, its turn list, a QR code, and what the patrol before left out.

Decides what stands where; the map is drawn in `maps.patrol.drawing`, lists in `maps.patrol.columns`, ground and
letters come from the atlas.  Same route, same bytes: dates come from plan and route, never from the clock.
"""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import segno
import shapely

from gis.crs import crs_text
from gis.errors import InputError
from gis.fill import fill
from maps.atlas.fonts import elide, fit_size, plain, wrap
from maps.atlas.furniture import draw_scale_bar
from maps.atlas.land import Land, survey
from maps.atlas.pen import MM, Pen
from maps.atlas.sheets import MARGIN, Box, Sheet
from maps.atlas.words import atlas_words
from maps.patrol.columns import (
    Line,
    balance,
    draw_columns,
    fill_columns,
    heading,
    paragraph,
    street_lines,
    turn_lines,
)
from maps.patrol.datum import clean, file_name, write_whole
from maps.patrol.details import choose_details
from maps.patrol.drawing import (
    PatrolGround,
    bring_to_land,
    draw_lane_sign,
    draw_patrol_map,
    draw_place_sign,
    objects,
)
from maps.patrol.layout import HEAD, PatrolLayout, lay_out_patrol, list_page
from maps.patrol.missed import Missed
from maps.patrol.turns import facts, turn_rows
from maps.patrol.words import LANGUAGES, length_text, patrol_words
from maps.style import COLOURS, MISSED
from partition.filed import FiledPlan
from partition.patrol.itinerary import Itinerary

__all__ = ["render_patrol_page", "survey", "write_patrol_page"]

_QR_MM = 27.0
_TITLE, _FACTS = 19.0, 11.5


def write_patrol_page(
    itinerary: Itinerary,
    filed: FiledPlan,
    land: Land,
    folder: Path,
    *,
    language: str = "zh",
    gpx_url: str = "",
    missed: Missed | None = None,
) -> Path:
    """Write the page of one patrol as a PDF into a folder; returns the file.

    Parameters
    ----------
    itinerary
        The route.
    filed
        The plan it patrols.
    land
        What `maps.patrol.page.survey` makes of plan and territory, once for all routes of a plan.
    language
        ``zh`` or ``en``.
    gpx_url
        Where a phone finds the GPX file; the QR code holds it.  Empty: the code holds the name of the file and of
        the plan, and the page says so.
    missed
        What the patrol before left out.

    Raises
    ------
    InputError
        ``atlas_language_unknown``, ``patrol_page_grid_unknown``.
    StorageError
        ``atlas_font_missing``, ``patrol_file_not_written``.
    """
    content = render_patrol_page(itinerary, filed, land, language=language, gpx_url=gpx_url, missed=missed)
    return write_whole(content, Path(folder) / file_name(itinerary, "pdf"))


def render_patrol_page(
    itinerary: Itinerary,
    filed: FiledPlan,
    land: Land,
    *,
    language: str = "zh",
    gpx_url: str = "",
    missed: Missed | None = None,
) -> bytes:
    """The file of `write_patrol_page` as bytes; raises the same errors but ``patrol_file_not_written``."""
    if language not in LANGUAGES:
        raise InputError("atlas_language_unknown", measured=language, allowed=", ".join(LANGUAGES))
    found = np.flatnonzero(filed.grids["code"].to_numpy() == itinerary.grid)
    if not len(found):
        raise InputError("patrol_page_grid_unknown", measured=itinerary.grid)
    words = {**atlas_words(language), **patrol_words(language)}
    to = BytesIO()
    subject = words["list_plan"].format(plan=clean(itinerary.plan_id))
    program = words["program"].format(version=filed.meta.get("version", "")).strip()
    title = words["list_title"].format(id=clean(itinerary.id))
    pen = Pen(to, title, subject, program, itinerary.starts_at or filed.meta.get("created_at", ""))
    ground = bring_to_land(itinerary, land.grids[int(found[0])], land, missed)
    _Page(pen, itinerary, filed, land, ground, words, language, gpx_url, missed, int(found[0])).draw()
    pen.finish()
    return to.getvalue()


class _Page:
    def __init__(
        self,
        pen: Pen,
        itinerary: Itinerary,
        filed: FiledPlan,
        land: Land,
        ground: PatrolGround,
        words: dict[str, str],
        language: str,
        gpx_url: str,
        missed: Missed | None,
        row: int,
    ) -> None:
        self.pen, self.itinerary, self.filed, self.land, self.ground = pen, itinerary, filed, land, ground
        self.words, self.language, self.gpx_url, self.missed = words, language, gpx_url, missed
        name = plain(filed.grids["name"].iloc[row])
        code = plain(itinerary.grid)
        self.title = name if name and name != code else code
        self.side = code if self.title != code else ""

    def draw(self) -> None:
        """All pages."""
        lines = self._lines(list_page()[2][0].w)
        layout = self._layout(lines)
        columns: list[list[Line]] = []
        if layout.below:
            narrow = self._lines(layout.below[0].w)
            columns = balance(narrow, layout.below)
            if sum(map(len, columns)) < len(narrow):
                layout, columns = self._layout(lines, list_apart=True), []
        pages = [] if columns else self._paged(lines)
        moves = [g for g, leg in zip(self.ground.legs, self.itinerary.legs, strict=True) if leg.kind != "dwell"]
        details = choose_details(layout.sheet, objects(moves))
        n_pages = 1 + len(details) + len(pages)
        self._first(layout, columns, details, n_pages)
        for n, sheet in enumerate(details, start=1):
            self._detail(sheet, n, n_pages)
        for page, of_page in enumerate(pages, start=2 + len(details)):
            width, height, boxes = list_page()
            self.pen.begin_page(width, height, f"list-{page}")
            self._head(
                width, height, self.words["turns"] + (self.words["continued"] if of_page is not pages[0] else "")
            )
            draw_columns(self.pen, of_page, boxes)
            self._foot(width, page, n_pages)
            self.pen.end_page()

    def _lines(self, width: float) -> list[Line]:
        words, pen = self.words, self.pen
        rows = turn_rows(self.itinerary, self.language)
        signs = [*(leg.turn for leg in self.itinerary.legs), *(["arrive"] if rows else [])]
        lines = turn_lines(pen, rows, signs, width, words)
        if not rows:
            lines.append(paragraph(pen, words["no_legs"], width))
        if self.missed is None:
            return lines
        lines.append(heading(pen, words["missed_title"].format(shift=clean(self.missed.shift)).strip(), width))
        if not self.missed.streets and not self.missed.blind:
            lines.append(paragraph(pen, words["missed_none"], width))
            return lines
        said = fill(
            words["missed_facts"],
            n=len(self.missed.streets),
            length=length_text(self.missed.length_m, words),
            blind=len(self.missed.blind),
        )
        streets = [
            (clean(s.name) or words.get(f"road_{s.road_class}", words["road"]), length_text(s.length_m, words))
            for s in sorted(self.missed.streets, key=lambda s: (-round(s.length_m, 1), s.name))
        ]
        return [*lines, paragraph(pen, said, width), *street_lines(pen, streets, width)]

    def _layout(self, lines: list[Line], *, list_apart: bool = False) -> PatrolLayout:
        ground, legs = self.ground, self.itinerary.legs
        work = [shape for shape, leg in zip(ground.legs, legs, strict=True) if leg.kind != "deadhead"]
        # Of a grid in several parts those that the route does not come to may be far away.
        parts = [p for p in shapely.get_parts(ground.outline) if shapely.intersects(ground.legs, p).any()]
        views = [[ground.outline, *ground.legs], [*parts, *ground.legs], [*parts, *work], [*ground.legs], work]
        bounds = [tuple(shapely.total_bounds(objects(view)).tolist()) for view in views if view]
        height = sum(line.height for line in lines)
        return lay_out_patrol(bounds, 1e6 if list_apart else height, len(lines))

    def _paged(self, lines: list[Line]) -> list[list[list[Line]]]:
        boxes = list_page()[2]
        pages, rest = [], lines
        while rest:
            columns = fill_columns(rest, boxes)
            n = sum(map(len, columns))
            rest = rest[n:]
            pages.append(columns if rest else balance(lines[len(lines) - n :], boxes))
        return pages

    def _first(self, layout: PatrolLayout, columns: list[list[Line]], details: list[Sheet], n_pages: int) -> None:
        pen, sheet = self.pen, layout.sheet
        pen.begin_page(sheet.width, sheet.height, "map", self.words["list_title"].format(id=plain(self.itinerary.id)))
        right = ""
        if self.itinerary.n_patrollers > 1:
            right = self.words["list_patroller"].format(n=self.itinerary.patroller, of=self.itinerary.n_patrollers)
        self._head(sheet.width, sheet.height, right)
        signs = [self.words["detail_on"].format(n=n, page=n + 1) for n in range(1, len(details) + 1)]
        larger = list(zip(details, signs, strict=True))
        draw_patrol_map(pen, self.land, sheet, self.ground, self.itinerary, self.words, larger)
        self._strip(sheet, layout)
        if columns:
            draw_columns(pen, columns, layout.below)
        self._foot(sheet.width, 1, n_pages)
        pen.end_page()

    def _detail(self, sheet: Sheet, n: int, n_pages: int) -> None:
        self.pen.begin_page(sheet.width, sheet.height, f"detail-{n}")
        self._head(sheet.width, sheet.height, self.words["detail"].format(n=n))
        draw_patrol_map(self.pen, self.land, sheet, self.ground, self.itinerary, self.words)
        draw_scale_bar(self.pen, sheet, sheet.legend.x, sheet.legend.y, 60.0, self.words)
        self._foot(sheet.width, n + 1, n_pages)
        self.pen.end_page()

    def _head(self, width: float, height: float, right: str) -> None:
        pen, top = self.pen, height - MARGIN
        most = (width - 2 * MARGIN - pen.width_mm(right, 13, bold=True) - 4) * MM
        size = fit_size(pen.bold, self.title, (_TITLE, 16.0, 14.0), most)
        title = elide(pen.bold, self.title, size, most)
        pen.text(MARGIN, top - 6.6, title, size, COLOURS["ink"], bold=True)
        used = pen.width_mm(title, size, bold=True)
        side = elide(pen.regular, self.side, 10, most - (used + 3) * MM) if most - (used + 15) * MM > 0 else ""
        pen.text(MARGIN + used + 3, top - 6.6, side, 10, COLOURS["ink-soft"])
        pen.text(width - MARGIN, top - 6.6, right, 13, COLOURS["ink"], bold=True, anchor="end")
        told = facts(self.itinerary, self.language)
        room = (width - 2 * MARGIN) * MM
        post = self.words["list_post"].format(post=clean(self.itinerary.post)) if self.itinerary.post else ""
        said = " · ".join(filter(None, (told[0], post)))
        pen.text(MARGIN, top - 12.6, _fitted(pen, said, room), _FACTS, COLOURS["ink"], bold=True)
        skipped = 2 if self.itinerary.n_patrollers > 1 else 1
        second = " · ".join([plain(self.itinerary.id), *told[skipped:]])
        pen.text(MARGIN, top - 17.4, elide(pen.regular, second, 9.0, room), 9.0, COLOURS["ink-soft"])
        if self.itinerary.unreachable_m > 0:
            warn = self.words["unreachable"].format(length=length_text(self.itinerary.unreachable_m, self.words))
            pen.text(width - MARGIN, top - 17.4, warn, 9.0, COLOURS["action-text"], bold=True, anchor="end")
        pen.stroke(COLOURS["ink"], 0.5)
        pen.line(MARGIN, top - HEAD + 1.6, width - MARGIN, top - HEAD + 1.6)

    def _strip(self, sheet: Sheet, layout: PatrolLayout) -> None:
        pen, words, box = self.pen, self.words, sheet.legend
        draw_scale_bar(pen, sheet, box.x, box.y + 14.5, 46.0, words)
        note = [] if layout.is_whole else [words["cut_at_frame"]]
        self._small(note, Box(box.x, box.y, 50.0, 9.0))
        self._legend(Box(box.x + 56.0, box.y, box.w - 56.0 - _QR_MM - 50.0, box.h))
        self._qr(Box(box.right - _QR_MM - 46.0, box.y, _QR_MM + 46.0, box.h))

    def _legend(self, box: Box) -> None:
        pen, words = self.pen, self.words
        rows: list[tuple[str, str]] = [("inspect", words["l_inspect"]), ("deadhead", words["l_deadhead"])]
        rows += [("dwell", words["l_dwell"])] if any(leg.kind == "dwell" for leg in self.itinerary.legs) else []
        rows.append(("outline", words["l_outline"]))
        rows += [("missed", words["l_missed"])] if self.missed is not None and self.missed.streets else []
        y = box.top
        for kind, text in rows:
            y -= 5.4
            middle = y + 1.4
            if kind in ("inspect", "deadhead"):
                draw_lane_sign(pen, kind, box.x, middle, 11.0)
            elif kind == "dwell":
                draw_place_sign(pen, box.x + 5.5, middle)
            elif kind == "outline":
                pen.stroke(COLOURS["community-edge"], 1.2)
                pen.line(box.x, middle, box.x + 11.0, middle)
            else:
                pen.fill(MISSED)
                pen.rect(box.x, middle - 1.6, 11.0, 3.2)
            pen.text(box.x + 13.0, y, elide(pen.regular, text, 9.5, (box.w - 13.0) * MM), 9.5, COLOURS["ink"])

    def _qr(self, box: Box) -> None:
        pen, words = self.pen, self.words
        name = file_name(self.itinerary, "gpx")
        parts = ["gridwright", name, self.itinerary.plan_id and f"plan {clean(self.itinerary.plan_id)}"]
        held = self.gpx_url or " ".join(part for part in parts if part)
        code = segno.make(held, error="m", micro=False)
        matrix = np.array([list(row) for row in code.matrix], dtype=bool)
        cell = _QR_MM / len(matrix)
        x0, y0 = box.right - _QR_MM, box.top - _QR_MM
        pen.fill(COLOURS["paper"])
        pen.rect(x0 - 1, y0 - 1, _QR_MM + 2, _QR_MM + 2)
        pen.fill("#000000")
        for i, row in enumerate(matrix):
            edges = np.flatnonzero(np.diff(np.concatenate([[0], row.astype(int), [0]])))
            for start, stop in edges.reshape(-1, 2).tolist():
                pen.rect(x0 + start * cell, y0 + (len(matrix) - 1 - i) * cell, (stop - start) * cell, cell)
        said = [words["qr_url"], self.gpx_url] if self.gpx_url else [words["qr_name"].format(file=name)]
        self._small(said, Box(box.x, box.y, box.w - _QR_MM - 3.0, box.h), anchor_top=True)

    def _small(self, texts: list[str], box: Box, *, anchor_top: bool = False) -> None:
        pen = self.pen
        lines = [line for text in texts for line in wrap(pen.regular, text, 8.0, box.w * MM)]
        most = int(box.h // 3.7)
        y = box.top if anchor_top else box.y + 3.7 * min(len(lines), most)
        for line in lines[:most]:
            y -= 3.7
            pen.text(box.x, y + 0.8, line, 8.0, COLOURS["ink"])

    def _foot(self, width: float, page: int, pages: int) -> None:
        words, pen = self.words, self.pen
        parts = [
            words["internal"],
            words["plan"].format(plan=plain(self.itinerary.plan_id or self.filed.meta.get("plan_id", ""))),
            words["date"].format(date=date) if (date := plain(self.filed.meta.get("created_at", ""))[:10]) else "",
            words["crs"].format(crs=crs_text(self.land.crs)),
        ]
        right = words["page"].format(page=page, pages=pages)
        room = (width - 2 * MARGIN - pen.width_mm(right, 9) - 4) * MM
        pen.text(
            MARGIN, MARGIN, elide(pen.regular, "  ·  ".join(filter(None, parts)), 7.0, room), 7.0, COLOURS["ink-soft"]
        )
        pen.text(width - MARGIN, MARGIN, right, 9, COLOURS["ink"], anchor="end")


def _fitted(pen: Pen, text: str, room: float) -> str:
    return elide(pen.bold, text, _FACTS, room)
