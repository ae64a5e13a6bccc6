"""The first page: which plans there are, how they stand, and the way to their maps."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from api.figures import plan_figures
from api.i18n import number, sentence
from data.files.plan_file import read_plan
from gis.errors import InputError

_PAGE = Path(__file__).parent / "index.html"
_NAME = re.compile(r"[\w.-]+")


@dataclass(frozen=True, slots=True)
class PlanCard:
    """One plan on the first page; ``figures`` is ``None`` where no plan file lies beside the map."""

    name: str
    map_path: Path
    figures: Mapping[str, Any] | None


def cards_of(folder: Path) -> dict[str, PlanCard]:
    """The maps of a folder by plan name, in the order of their names."""
    cards: dict[str, PlanCard] = {}
    for path in sorted(folder.glob("*.html")) if folder.is_dir() else ():
        if not _NAME.fullmatch(path.stem):
            continue
        plan = path.with_suffix(".gpkg")
        try:
            figures = plan_figures(read_plan(plan)) if plan.is_file() else None
        except InputError:
            figures = None
        cards[path.stem] = PlanCard(path.stem, path.resolve(), figures)
    return cards


def index_page(cards: list[PlanCard], language: str) -> str:
    """The page in one language."""

    def say(code: str, **facts: Any) -> str:
        return escape(sentence(code, facts, language))

    other = "en" if language == "zh" else "zh"
    return Template(_PAGE.read_text(encoding="utf-8")).substitute(
        lang="zh-CN" if language == "zh" else "en",
        title=say("page_title"),
        lead=say("page_lead"),
        cards="\n".join(_card(card, language) for card in cards),
        other=other,
        other_name=escape(sentence("page_language", {}, other)),
        footer=say("page_footer"),
    )


def _card(card: PlanCard, language: str) -> str:
    def say(code: str, **facts: Any) -> str:
        return escape(sentence(code, facts, language))

    rows = []
    if card.figures is not None:
        figures = card.figures
        rows = [
            (say("label_communities"), number(figures["communities"], language)),
            (say("label_grids"), number(figures["grids"], language)),
            (say("label_households"), number(figures["households"], language)),
        ]
        if figures["standard_in_band_frac"] is not None:
            rows.append((say("label_in_band_percent"), f"{100 * figures['standard_in_band_frac']:.1f} %"))
        broken = sum(figures["violations"].values())
        rows.append((say("label_violations"), number(broken, language)))
    listed = "".join(f"<div><dt>{label}</dt><dd>{escape(value)}</dd></div>" for label, value in rows)
    link = f'<a class="open" href="/map/{escape(card.name)}">{say("page_open_map")}</a>'
    return f'<section class="card"><h2>{escape(card.name)}</h2><dl>{listed}</dl>{link}</section>'
