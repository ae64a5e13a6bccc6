"""The pages of the atlas, drawn one after the other as the layout says."""

from __future__ import annotations

import numpy as np

from gis.fill import fill
from gis.progress import Progress
from gis.territory import Territory
from maps.atlas.drawing import draw_map, page_name
from maps.atlas.fonts import plain, wrap
from maps.atlas.furniture import draw_foot, draw_head, draw_legend, draw_scale_bar
from maps.atlas.index import draw_index_map, fills_of
from maps.atlas.land import Land, Place
from maps.atlas.layout import Chapter, Entry, Layout, page_signs, town_page_name
from maps.atlas.pen import MM, Pen
from maps.atlas.sheets import LEGEND_W, Box, Sheet, table_page
from maps.atlas.words import atlas_words, count
from maps.figures import plan_rules, summary
from maps.style import COLOURS
from partition.filed import FiledPlan

_BAR_MM = 50.0
_INDEX_SIGNS = [
    ("town_edge", "l_town_edge"),
    ("thin_edge", "l_community_edge"),
    ("sheet", "l_sheet"),
    ("page", "l_page"),
]


class Pages:
    """Draws the pages of one atlas."""

    def __init__(
        self,
        pen: Pen,
        filed: FiledPlan,
        territory: Territory | None,
        land: Land,
        layout: Layout,
        language: str,
        crs: str,
    ) -> None:
        self.pen, self.filed, self.land, self.layout = pen, filed, land, layout
        self.words = atlas_words(language)
        self.crs = crs
        meta = {} if territory is None else territory.meta
        self.basis = plain(filed.meta.get("households_basis") or meta.get("households_basis") or "")
        modelled = plain(meta.get("households_modelled")).lower() not in ("", "0", "false", "no", "none")
        self.modelled = modelled or "model" in self.basis.lower()
        self.shorts = {entry.place.code: _short_codes(entry.place, filed) for entry in layout.entries}

    def draw(self, progress: Progress) -> None:
        """Draw every page."""
        self._notice_all()
        self._cover()
        progress.advance()
        for n, (start, stop) in enumerate(self.layout.list_pages, start=2):
            self._list_page(n, start, stop)
            progress.advance()
        for chapter in self.layout.chapters:
            if chapter.sheet is not None:
                self._town_page(chapter)
                progress.advance()
            for entry in chapter.entries:
                self._community(entry)
                progress.advance(1 + len(entry.table_pages))

    def _notice_all(self) -> None:
        texts = [plain(name) for name in self.land.streets.names.tolist()]
        for entry in self.layout.entries:
            texts += [plain(entry.place.name), plain(entry.place.town)]
            texts += [text for row in entry.table.rows for text in (*row.cells.values(), row.reason)]
        self.pen.notice([*texts, self.basis])

    def _foot(self, width: float, page: int) -> None:
        meta, words = self.filed.meta, self.words
        parts = [
            words["internal"],
            words["plan"].format(plan=plain(meta.get("plan_id", ""))),
            words["date"].format(date=plain(meta.get("created_at", ""))[:10]),
            self._basis(),
            words["crs"].format(crs=self.crs),
        ]
        right = words["page"].format(page=page, pages=self.layout.n_pages)
        draw_foot(self.pen, width, "  ·  ".join(parts), right)

    def _basis(self) -> str:
        return self.words["basis"].format(basis=self.basis) if self.basis else self.words["basis_none"]

    def _cover(self) -> None:
        pen, words, layout, sheet = self.pen, self.words, self.layout, self.layout.cover
        figures = summary(self.filed)
        rules = plan_rules(self.filed)
        pen.begin_page(sheet.width, sheet.height, "index", words["index"])
        facts = fill(words["facts"], **{k: count(figures[k]) for k in ("communities", "grids", "households")})
        kinds = fill(
            words["facts_kinds"],
            standard=count(figures["standard"]),
            in_band=count(figures["standard_in_band"]),
            dedicated=count(figures["dedicated"]),
            rural=count(figures["rural"]),
            action=count(figures["action"]),
        )
        band = words["band"].format(low=rules.min_households, high=rules.max_households)
        draw_head(pen, sheet.width, sheet.height, words["title"], facts, f"{kinds}  ·  {band}", words["index"])
        by_town = layout.by_town
        fills = fills_of(layout.cover_shapes)
        sheets = [(entry.sheet, entry.place.code) for entry in layout.entries]
        draw_index_map(
            pen,
            self.land,
            sheet,
            layout.cover_shapes,
            fills,
            layout.cover_signs,
            layout.cover_spots,
            sheets if not by_town else [],
            words["north"],
        )
        self._legend(sheet, _INDEX_SIGNS[: 2 if by_town else 4] + self._ground_items(("water", "rail", "streets")))
        if sheet.table is not None:
            layout.listing.draw(sheet.table)
        if pen.missing:
            self._missing_note(sheet)
        self._foot(sheet.width, 1)
        pen.end_page()

    def _missing_note(self, sheet: Sheet) -> None:
        characters = " ".join(f"U+{ord(c):04X}" for c in self.pen.missing)
        text = self.words["missing"].format(characters=characters)
        most = (sheet.frame.w - 3) * MM
        lines = wrap(self.pen.regular, text, 6.5, most)[:4]
        for i, line in enumerate(reversed(lines)):
            self.pen.text(sheet.frame.x + 1.5, sheet.frame.y + 1.5 + 3 * i, line, 6.5, COLOURS["action-text"])

    def _list_page(self, page: int, start: int, stop: int) -> None:
        width, height, room = table_page(self.layout.paper)
        words = self.words
        outline = words["community_list"] if start == 0 else ""
        self.pen.begin_page(width, height, f"list-{page}", outline)
        title = words["community_list"] + (words["continued"] if start else "")
        draw_head(self.pen, width, height, title, "", words["title"], words["index"])
        self.layout.listing.draw(room, start, stop)
        self._foot(width, page)
        self.pen.end_page()

    def _town_page(self, chapter: Chapter) -> None:
        pen, words, sheet = self.pen, self.words, chapter.sheet
        assert sheet is not None
        assert chapter.listing is not None
        assert chapter.spots is not None
        town = plain(chapter.town) or words["no_town"]
        pen.begin_page(sheet.width, sheet.height, town_page_name(chapter.town), town)
        mine = np.concatenate([entry.place.grids for entry in chapter.entries])
        draw_head(pen, sheet.width, sheet.height, town, words["key_map"], self._counts(mine), words["index"])
        shapes = np.array([entry.place.outline for entry in chapter.entries], dtype=object)
        sheets = [(entry.sheet, entry.place.code) for entry in chapter.entries]
        signs = page_signs(chapter.entries)
        draw_index_map(pen, self.land, sheet, shapes, fills_of(shapes), signs, chapter.spots, sheets, words["north"])
        self._legend(sheet, _INDEX_SIGNS + self._ground_items(("water", "rail", "streets")))
        if sheet.table is not None:
            chapter.listing.draw(sheet.table)
        self._foot(sheet.width, chapter.page)
        pen.end_page()

    def _counts(self, grids: np.ndarray) -> str:
        table = self.filed.grids.iloc[grids]
        return fill(
            self.words["summary"],
            grids=count(len(table)),
            households=count(table["households"].sum()),
            population=count(table["population"].sum()),
        )

    def _community(self, entry: Entry) -> None:
        pen, words, sheet, place = self.pen, self.words, entry.sheet, entry.place
        name = plain(place.name)
        title = name if name != place.code else plain(place.code)
        level = 1 if self.layout.by_town else 0
        pen.begin_page(sheet.width, sheet.height, page_name(place.code), f"{name} {plain(place.code)}".strip(), level)
        side = "  ".join(t for t in (plain(place.code) if name != place.code else "", plain(place.town)) if t)
        below = self._counts(place.grids)
        if sheet.table is None:
            below += "  ·  " + words["on_next_page"]
        scale = words["scale"].format(scale=f"{sheet.scale:,}")
        draw_head(pen, sheet.width, sheet.height, title, side, below, scale)
        households = self.filed.grids["households"].to_numpy()
        labels = {
            i: (short, words["households"].format(n=count(households[i])))
            for i, short in zip(place.grids.tolist(), self.shorts[place.code], strict=True)
        }
        pages = {e.place.code: words["page_short"].format(page=e.page) for e in self.layout.entries}
        draw_map(pen, self.land, sheet, place, labels, pages, words["north"])
        self._legend(sheet, self._community_items(place))
        if sheet.table is not None:
            entry.table.draw(sheet.table)
        self._foot(sheet.width, entry.page)
        pen.end_page()
        for n, (start, stop) in enumerate(entry.table_pages, start=1):
            self._table_page(entry, title, side, entry.page + n, start, stop)

    def _table_page(self, entry: Entry, title: str, side: str, page: int, start: int, stop: int) -> None:
        width, height, room = table_page(self.layout.paper)
        self.pen.begin_page(width, height, f"table-{page}")
        heading = self.words["table"] + (self.words["continued"] if start else "")
        draw_head(self.pen, width, height, title, side, self._counts(entry.place.grids), heading)
        entry.table.draw(room, start, stop)
        self._foot(width, page)
        self.pen.end_page()

    def _community_items(self, place: Place) -> list[tuple[str, str]]:
        mine = {self.land.status[i] for i in place.grids}
        kinds = {self.land.kinds[i] for i in place.grids if self.land.status[i] != "action"}
        items = [("grid", "l_grid")]
        items += [("action", "l_action")] if "action" in mine else []
        items += [(kind, f"l_{kind}") for kind in ("dedicated", "rural") if kind in kinds]
        short = self.shorts[place.code] != [str(c) for c in self.filed.grids["code"].to_numpy()[place.grids]]
        items += [("grid_edge", "l_grid_edge"), ("community_edge", "l_community_edge")]
        items.append(("label", "l_label" if short else "l_label_full"))
        return items + self._ground_items(("streets", "rail", "water", "buildings", "green"))

    def _ground_items(self, layers: tuple[str, ...]) -> list[tuple[str, str]]:
        signs = {"streets": "street", "buildings": "building"}
        return [
            (signs.get(layer, layer), f"l_{signs.get(layer, layer)}") for layer in layers if layer in self.land.present
        ]

    def _legend(self, sheet: Sheet, items: list[tuple[str, str]]) -> None:
        box = sheet.legend
        named = [(sign, self.words[key]) for sign, key in items]
        narrow = box.w <= LEGEND_W
        draw_scale_bar(self.pen, sheet, box.x, box.y + (1 if narrow else 3), _BAR_MM, self.words)
        if narrow:
            draw_legend(self.pen, Box(box.x, box.y + 14, box.w, box.h - 14), named)
        else:
            draw_legend(self.pen, Box(box.x + 66, box.y, box.w - 66, box.h), named)


def _short_codes(place: Place, filed: FiledPlan) -> list[str]:
    # What tells the grids of one community apart: the code without the community's, at least two characters of it.
    codes = [plain(code) for code in filed.grids["code"].to_numpy()[place.grids]]
    community = plain(place.code)
    if codes and all(code.startswith(community) and len(code) > len(community) for code in codes):
        return [code[len(community) :] for code in codes]
    shared = 0
    if len(codes) > 1:
        first, last = min(codes), max(codes)
        while first[: shared + 1] == last[: shared + 1]:
            shared += 1
        shared = min(shared, min(map(len, codes)) - 2)
    return [code[max(shared, 0) :] for code in codes]
