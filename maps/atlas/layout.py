"""The plan of the atlas: sheets, tables, lists and their page numbers, before anything is drawn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from maps.atlas.drawing import page_name
from maps.atlas.fonts import plain
from maps.atlas.index import Sign, spots_of
from maps.atlas.labels import Spot
from maps.atlas.land import Land, Place
from maps.atlas.listing import Line, Listing
from maps.atlas.pen import Pen
from maps.atlas.sheets import INDEX_SCALES, Sheet, choose_sheet, table_page
from maps.atlas.table import Table, make_table
from maps.atlas.words import atlas_words, count
from maps.features import properties
from partition.filed import FiledPlan


@dataclass(slots=True)
class Entry:
    """One community: its sheet, its table, its first page (1-based), the pages of a table that follows."""

    place: Place
    sheet: Sheet
    table: Table
    page: int = 0
    table_pages: tuple[tuple[int, int], ...] = ()


@dataclass(slots=True)
class Chapter:
    """One town: its communities and, in a large atlas, the page that maps them."""

    town: str
    entries: list[Entry]
    shape: shapely.Geometry
    sheet: Sheet | None = None
    listing: Listing | None = None
    spots: list[Spot | None] | None = None
    page: int = 0


@dataclass(slots=True)
class Layout:
    """Everything that will be drawn, in order.

    Attributes
    ----------
    cover, cover_spots, cover_signs
        The index map, and what stands on it: communities, or towns when there are chapters with a page.
    listing, list_pages
        All communities; ``list_pages`` is empty when the list stands on the cover.
    chapters
        Towns; ``entries`` of all of them in order are the sheets.
    n_pages
        Pages of the whole atlas.
    """

    cover: Sheet
    cover_signs: list[Sign]
    cover_spots: list[Spot | None]
    cover_shapes: NDArray[np.object_]
    listing: Listing
    list_pages: list[tuple[int, int]]
    chapters: list[Chapter]
    n_pages: int
    paper: str

    @property
    def entries(self) -> list[Entry]:
        """All sheets in page order."""
        return [entry for chapter in self.chapters for entry in chapter.entries]

    @property
    def by_town(self) -> bool:
        """Whether towns have pages of their own."""
        return any(chapter.sheet is not None for chapter in self.chapters)


def lay_out(pen: Pen, filed: FiledPlan, land: Land, paper: str, language: str) -> Layout:
    """Choose all sheets and number all pages."""
    words = atlas_words(language)
    chapters = _chapters(_entries(pen, filed, land, paper, language), land)
    entries = [entry for chapter in chapters for entry in chapter.entries]
    listing = Listing(_heads(words), _lines(chapters, land, filed, words, {}), pen)
    cover = choose_sheet(tuple(shapely.total_bounds(land.outlines.shapes)), paper, listing.height, INDEX_SCALES)
    list_pages = [] if cover.table else listing.pages(table_page(paper)[2])
    shapes = np.array([entry.place.outline for entry in entries], dtype=object)
    # Whether page numbers find room is asked with the widest number there can be.
    widest = [Sign("0" * len(str(2 * len(entries) + 9)), "", "") for _ in entries]
    spots = spots_of(pen, cover, shapes, widest, leaders=False)
    if None in spots and len(chapters) > 1:
        for chapter in chapters:
            _town_page(pen, chapter, paper, words, land, filed)
    n_pages = _number(chapters, 1 + len(list_pages), paper)
    pages = {entry.place.code: entry.page for entry in entries}
    listing = Listing(listing.heads, _lines(chapters, land, filed, words, pages), pen)
    by_town = any(chapter.sheet for chapter in chapters)
    if by_town:
        for chapter in chapters:
            _town_page(pen, chapter, paper, words, land, filed, pages)
        shapes = np.array([chapter.shape for chapter in chapters], dtype=object)
        signs = [
            Sign(_town(c.town, words), words["page_short"].format(page=c.page), town_page_name(c.town))
            for c in chapters
        ]
    else:
        signs = page_signs(entries)
    spots = spots_of(pen, cover, shapes, signs, leaders=True)
    return Layout(cover, signs, spots, shapes, listing, list_pages, chapters, n_pages, paper)


def town_page_name(town: str) -> str:
    """Name of a town's page, for links."""
    return f"town-{town}"


def page_signs(entries: list[Entry]) -> list[Sign]:
    """The page number of each community, as it stands on an index map."""
    return [Sign(str(entry.page), "", page_name(entry.place.code)) for entry in entries]


def _entries(pen: Pen, filed: FiledPlan, land: Land, paper: str, language: str) -> list[Entry]:
    words = atlas_words(language)
    rows = properties(filed.grids.drop(columns=filed.grids.geometry.name))
    said: dict[str, list[str]] = {}
    for row in properties(filed.violations):
        # Of a community as a whole where no grid is named: a space keeps the two kinds of code apart.
        key = row["grid"] or f" {row['community']}"
        said.setdefault(key, []).append(row[f"detail_{language}"] or row["code"])
    has_buildings = bool((filed.members["kind"] == "building").any())
    result = []
    for place in land.places:
        if place.outline is None:
            continue
        mine = [rows[i] for i in place.grids]
        reasons = [_reason(rows[i], land.status[i], said, words) for i in place.grids]
        pressing = [land.status[i] == "action" for i in place.grids]
        notes = said.get(f" {place.code}", [])
        fills = [int(land.fill[i]) for i in place.grids]
        table = make_table(mine, reasons, pressing, fills, notes, words, pen, has_buildings=has_buildings)
        result.append(Entry(place, choose_sheet(place.outline.bounds, paper, table.height), table))
    return result


def _reason(row: dict[str, object], status: str, said: dict[str, list[str]], words: dict[str, str]) -> str:
    sentences = said.get(str(row["code"]), [])
    if sentences:
        return " ".join(sentences)
    if row["reason"]:
        return words["out_of_band_why"].format(reason=row["reason"])
    return words["out_of_band"] if status == "action" else ""


def _chapters(entries: list[Entry], land: Land) -> list[Chapter]:
    shapes = dict(zip(land.towns.names.tolist(), land.towns.shapes, strict=True))
    chapters: list[Chapter] = []
    for entry in entries:
        if not chapters or chapters[-1].town != entry.place.town:
            chapters.append(Chapter(entry.place.town, [], shapes[entry.place.town]))
        chapters[-1].entries.append(entry)
    return chapters


def _town_page(
    pen: Pen,
    chapter: Chapter,
    paper: str,
    words: dict[str, str],
    land: Land,
    filed: FiledPlan,
    pages: dict[str, int] | None = None,
) -> None:
    lines = _lines([chapter], land, filed, words, pages or {})
    chapter.listing = Listing(_heads(words), lines, pen)
    chapter.sheet = choose_sheet(chapter.shape.bounds, paper, chapter.listing.height, INDEX_SCALES)
    if pages:
        shapes = np.array([entry.place.outline for entry in chapter.entries], dtype=object)
        chapter.spots = spots_of(pen, chapter.sheet, shapes, page_signs(chapter.entries), leaders=True)


def _number(chapters: list[Chapter], before: int, paper: str) -> int:
    page = before
    _, _, room = table_page(paper)
    for chapter in chapters:
        if chapter.sheet is not None:
            page += 1
            chapter.page = page
        for entry in chapter.entries:
            page += 1
            entry.page = page
            if entry.sheet.table is None:
                entry.table_pages = tuple(entry.table.pages(room.w, room.h))
                page += len(entry.table_pages)
    return page


def _heads(words: dict[str, str]) -> dict[str, str]:
    return {
        "page": words["c_page"],
        "code": words["c_community"],
        "name": words["c_name"],
        "grids": words["c_grids"],
        "households": words["c_households"],
        "scale": words["c_scale"],
    }


def _lines(
    chapters: list[Chapter], land: Land, filed: FiledPlan, words: dict[str, str], pages: dict[str, int]
) -> list[Line]:
    households = filed.grids["households"].to_numpy()
    lines: list[Line] = []
    n_grids = n_households = 0
    for chapter in chapters:
        if len({c.town for c in chapters}) > 1 or chapter.town:
            cells = {"code": _town(chapter.town, words)}
            target = town_page_name(chapter.town) if chapter.sheet is not None else ""
            if target and chapter.page:
                cells["page"] = str(chapter.page)
            lines.append(Line(cells, target, strong=True))
        for entry in chapter.entries:
            mine = int(households[entry.place.grids].sum())
            n_grids, n_households = n_grids + len(entry.place.grids), n_households + mine
            cells = {
                "page": str(pages.get(entry.place.code, "")),
                "code": plain(entry.place.code),
                "name": plain(entry.place.name),
                "grids": count(len(entry.place.grids)),
                "households": count(mine),
                "scale": words["scale"].format(scale=f"{entry.sheet.scale:,}"),
            }
            lines.append(Line(cells, page_name(entry.place.code)))
    total = {"code": words["total"], "grids": count(n_grids), "households": count(n_households)}
    return [*lines, Line(total, strong=True)]


def _town(town: str, words: dict[str, str]) -> str:
    return plain(town) or words["no_town"]
