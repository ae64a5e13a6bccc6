"""A period's incidents on paper: one PDF with key figures, charts, a small map and tables; for internal use.

Decides what stands on which page.  Text is searchable, the font embedded; the same summary gives the same bytes.
"""

from __future__ import annotations

import io
import os
from dataclasses import fields
from pathlib import Path
from typing import BinaryIO

from gis.errors import InputError, StorageError
from gis.fill import fill
from maps.atlas.fonts import plain
from maps.atlas.pen import Pen
from maps.incidents.charts import Bar, draw_bars, draw_line, draw_rates
from maps.incidents.sheets import INK, SOFT, Col, Sheets
from maps.incidents.words import incident_words
from maps.style import COLOURS
from maps.words import LANGUAGES
from partition.filed import FiledPlan
from partition.incidents.flags import AGE_DAYS
from partition.incidents.flow import LEVELS
from partition.incidents.rates import Share, Tally
from partition.incidents.summary import GroupRow, IncidentSummary, RankRow

MOST_BARS = 8
MOST_RANKED = 10
NONE = "–"
_WALKED = ("hours", "km", "shifts")


def write_incident_paper(summary: IncidentSummary, filed: FiledPlan | None, path: Path, *, language: str = "zh") -> int:
    """Write a summary as one PDF of A4 pages; it appears as a whole or not at all.

    Parameters
    ----------
    filed
        The plan whose grids the small map shows; none: no map.

    Returns
    -------
    int
        Number of pages.

    Raises
    ------
    InputError
        ``map_language_unknown``.
    StorageError
        ``atlas_font_missing``, ``map_not_written``.
    """
    if language not in LANGUAGES:
        raise InputError("map_language_unknown", measured=language, allowed=", ".join(LANGUAGES))
    # Every foot says how many pages there are: drawn once to count them.
    n_pages = _Paper(summary, filed, io.BytesIO(), language, 0).draw()
    path = Path(path)
    unfinished = path.with_name(path.name + ".part")
    try:
        _Paper(summary, filed, unfinished, language, n_pages).draw()
        os.replace(unfinished, path)
    except OSError as error:
        raise StorageError("map_not_written", file=str(path), measured=error.strerror or str(error)) from error
    finally:
        unfinished.unlink(missing_ok=True)
    return n_pages


class _Paper:
    def __init__(
        self, summary: IncidentSummary, filed: FiledPlan | None, to: Path | BinaryIO, language: str, n_pages: int
    ) -> None:
        self.summary, self.filed = summary, filed
        self.words, self.language = incident_words(language), language
        title = self.word(f"p_title_{summary.period.kind}")
        plans = self.word("p_plan", plan="、".join(summary.plans) or NONE)
        program = f"gridwright {summary.version}".strip()
        self.pen = Pen(to, f"{title} {summary.period.label}", plans, program, summary.made_at)
        period = summary.period
        days = self.word("p_days", first=period.first, last=period.last, zone=summary.zone)
        compared = self.word("p_compared", period=summary.compared.label)
        made = self.word("p_made", at=summary.made_at[:16].replace("T", " "))
        head = (title, f"{summary.period.label} · {days}", f"{plans} · {compared} · {made}", self.word("p_internal"))
        self.sheets = Sheets(self.pen, head, f"{plans} · {self.word('p_note_internal')}", self.word("p_page"), n_pages)

    def word(self, key: str, **facts: object) -> str:
        text = self.words[key]
        return fill(text, **facts) if facts else text

    def draw(self) -> int:
        """Draw every page; returns how many there are."""
        self.sheets.begin()
        self._tiles()
        self._pictures()
        self._kinds()
        self._levels()
        self._flags()
        self._beside()
        self._areas()
        self._ranking()
        for key in ("due", "left_out", "smoothed"):
            self.sheets.words(self.word(f"p_note_{key}"))
        self.sheets.end()
        self.pen.finish()
        return self.sheets.n

    # -- page one

    def _tiles(self) -> None:
        one, change = self.summary.totals, self.summary.change
        before = self.word("p_before", n=_count(change.before), change=self._change(change.text, change.trend))
        tiles = (
            (self.word("p_received"), _count(one.received), before),
            (self.word("p_handled_of_due"), *self._share(one.handled_of_due)),
            (self.word("p_in_time_of_due"), *self._share(one.in_time_of_due)),
            (self.word("p_open"), _count(one.open), self.word("p_overdue", n=_count(one.overdue))),
        )
        box = self.sheets.take(23)
        gap = 3.0
        wide = (box.w - gap * (len(tiles) - 1)) / len(tiles)
        for i, (name, value, below) in enumerate(tiles):
            x = box.x + i * (wide + gap)
            self.pen.fill(COLOURS["paper-soft"])
            self.pen.rect(x, box.y + 1, wide, 21)
            self.pen.fill("#0b4f9c")
            self.pen.rect(x, box.y + 1, 0.9, 21)
            self.pen.text(x + 3, box.top - 5.2, name, 7.5, SOFT)
            self.pen.text(x + 3, box.top - 13, value, 17, INK, bold=True)
            self.pen.text(x + 3, box.top - 18.6, below, 7, SOFT)
        aside = self.word(
            "p_aside",
            cancelled=_count(one.cancelled),
            duplicates=_count(one.duplicates),
            of=_text(one.handled_of_received),
        )
        self.sheets.words(aside)

    def _pictures(self) -> None:
        summary, pen = self.summary, self.pen
        has_map = self.filed is not None and not self.filed.grids.empty
        bars = [
            Bar(
                plain(row.named(self.language)) or self.word("p_none"),
                row.tally.received,
                row.change.before,
                self._change(row.change.text, row.change.trend),
            )
            for row in summary.kinds[:MOST_BARS]
        ]
        self.sheets.heading(self.word("p_by_kind"), 60, "" if not has_map else self.word("p_map_beside"))
        box = self.sheets.take(68)
        left = type(box)(box.x, box.y, box.w * (0.56 if has_map else 1.0), box.h)
        draw_bars(pen, left, bars, (summary.period.label, summary.compared.label))
        if has_map and self.filed is not None:
            x = left.right + 6
            draw_rates(pen, type(box)(x, box.y, box.right - x, box.h), self.filed, summary.areas, self.words)
        self.sheets.heading(self.word("p_over_time"), 40)
        past = summary.steps[: summary.n_begun]
        lines = (
            (self.word("p_received"), [one.received for one in past]),
            (self.word("p_done"), [one.handled for one in past]),
        )
        draw_line(pen, self.sheets.take(46), [one.label for one in summary.steps], lines, self.word("p_nothing"))

    # -- tables

    def _kinds(self) -> None:
        columns = (
            Col(self.word("p_kind"), 2.2, "start"),
            *self._rate_columns(),
            Col(self.word("p_was"), 1),
            Col(self.word("p_change"), 1.1),
        )
        rows = [self._group(row) for row in self.summary.kinds]
        change = self.summary.change
        total = (
            self.word("p_all"),
            *_rates(self.summary.totals),
            _count(change.before),
            self._change(change.text, change.trend),
        )
        self.sheets.heading(self.word("p_kinds"), 16, self.word("p_was_is", period=self.summary.compared.label))
        self.sheets.table(columns, rows, self.word("p_nothing"), total=total)

    def _group(self, row: GroupRow) -> tuple[str, ...]:
        name = plain(row.named(self.language)) or self.word("p_none")
        return name, *_rates(row.tally), _count(row.change.before), self._change(row.change.text, row.change.trend)

    def _levels(self) -> None:
        shares = self.summary.totals.settled_by_level
        if not any(share.of for share in shares):
            return
        self.sheets.heading(self.word("p_levels"), 24)
        columns = (Col(self.word("p_level"), 2, "start"), Col(self.word("p_settled"), 1), Col(self.word("p_share"), 1))
        rows = [(self.word(f"level_{level}"), _count(share.n), _text(share)) for level, share in zip(LEVELS, shares)]
        self.sheets.table(columns, rows, "")

    def _flags(self) -> None:
        flags = self.summary.flags
        if flags is None:
            return
        self.sheets.heading(self.word("p_flags"), 14)
        names = [*(self.word("p_age_upto", days=days) for days in AGE_DAYS), self.word("p_age_over", days=AGE_DAYS[-1])]
        heads = [*(self.word(f"p_flags_{key}") for key in ("before", "raised", "cleared", "open", "late")), *names]
        values = (flags.before, flags.raised, flags.cleared, flags.open, flags.overdue, *flags.ages)
        self.sheets.table([Col(head, 1) for head in heads], [[_count(value) for value in values]], "")

    def _beside(self) -> None:
        one = self.summary.beside
        known = [(f.name, getattr(one, f.name)) for f in fields(one) if getattr(one, f.name) is not None]
        if not known:
            return
        self.sheets.heading(self.word("p_beside"), 14)
        walked = [pair for pair in known if pair[0] in _WALKED]
        for part in (walked, [pair for pair in known if pair not in walked]):  # side by side their heads have no room
            if part:
                columns = [Col(self.word(f"p_beside_{key}"), 1) for key, _ in part]
                self.sheets.table(columns, [[_beside(value) for _, value in part]], "")

    def _areas(self) -> None:
        self.sheets.heading(self.word("p_areas"), 20, self.word("p_small_mark"))
        columns = (
            Col(self.word("col_grid"), 2.2, "start"),
            Col(self.word("p_name"), 2.0, "start"),
            *self._rate_columns(),
            Col(self.word("households"), 1.2),
            Col(self.word("p_raw"), 1),
            Col(self.word("p_smoothed"), 1.1),
            Col(self.word("p_hot"), 1.2),
        )
        rows = [
            (
                plain(row.code),
                plain(row.name) or plain(row.community),
                *_rates(row.tally),
                NONE if row.households is None else _count(row.households),
                (NONE if row.per_1000 is None else f"{row.per_1000:.2f}") + ("*" if row.is_small else ""),
                NONE if row.smoothed is None else f"{row.smoothed:.2f}",
                self._hot(row.hot),
            )
            for row in self.summary.areas
        ]
        self.sheets.table(columns, rows, self.word("p_nothing"))

    def _ranking(self) -> None:
        ranking = self.summary.ranking
        if not ranking:
            return
        columns = (
            Col(self.word("p_place"), 0.6),
            Col(self.word("col_grid"), 2, "start"),
            Col(self.word("p_name"), 2.4, "start"),
            Col(self.word("p_score"), 1),
            Col(self.word("p_streak"), 1),
            Col(self.word("p_step"), 1.4, "start"),
        )
        shown = ((self.word("p_ranking"), ranking), (self.word("p_bottom"), self.summary.bottom))
        for title, rows in shown:
            self.sheets.heading(title, 20, self.word("p_first_of", n=min(MOST_RANKED, len(rows)), of=len(rows)))
            self.sheets.table(columns, [self._rank(row) for row in rows[:MOST_RANKED]], self.word("p_nothing"))

    def _rank(self, row: RankRow) -> tuple[str, ...]:
        score = NONE if row.score is None else f"{row.score:.2f}"
        step = self.word(f"step_{row.step}") if row.step else ""
        return str(row.place), plain(row.code), plain(row.name), score, str(row.streak or ""), step

    # -- words

    def _rate_columns(self) -> tuple[Col, ...]:
        return tuple(
            Col(self.word(f"p_{key}"), share)
            for key, share in (("received", 0.9), ("due", 0.9), ("rate", 1.2), ("in_time", 1.2))
        )

    def _change(self, text: str | None, trend: str) -> str:
        if text is None:
            return self.word(f"p_trend_{trend}")
        sign = {"fell": "▼", "rose": "▲"}.get(trend, "")
        return f"{sign} {text} %".strip()

    def _hot(self, found: str) -> str:
        way, _, level = found.partition("_")
        return f"{self.word(f'p_hot_{way}')} {level} %" if found else ""

    def _share(self, share: Share) -> tuple[str, str]:
        return _text(share), f"{_count(share.n)} / {_count(share.of)}"


def _rates(one: Tally) -> tuple[str, ...]:
    return _count(one.received), _count(one.due), _text(one.handled_of_due), _text(one.in_time_of_due)


def _text(share: Share) -> str:
    return NONE if share.text is None else f"{share.text} %"


def _beside(value: float | str) -> str:
    if isinstance(value, str):  # a ratio as it is printed
        return value
    return f"{value:,.1f}" if isinstance(value, float) else _count(value)


def _count(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"
