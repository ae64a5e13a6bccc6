"""The first page: which plans there are, those in force first, how they stand, and the way to their maps."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from html import escape
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import quote

from api.http.moments import CHINA
from api.i18n import number, sentence
from data.store.rooms.plan_card import PlanCard
from data.store.rooms.plan_figures import PlanFigures

_PAGE = Path(__file__).parent / "index.html"


def index_page(
    cards: Sequence[PlanCard],
    figures: Mapping[str, PlanFigures],
    in_force: Collection[str],
    language: str,
    *,
    account: str = "",
    has_desk: bool = True,
) -> str:
    """The page in one language.

    Parameters
    ----------
    cards
        The plans to list, newest first.
    figures
        By plan id.
    in_force
        Ids of the plans that are in force now; they are listed first.
    language
        ``zh`` or ``en``.
    account
        Name of whoever is signed in; empty where there are no accounts.
    has_desk
        Whether the reader works on plans.
    """

    def say(code: str, **facts: Any) -> str:
        return escape(sentence(code, facts, language))

    other = "en" if language == "zh" else "zh"
    ruling = [card for card in cards if card.id in in_force]
    others = [card for card in cards if card.id not in in_force]
    parts = []
    for heading, listed in (("page_in_force", ruling), ("page_other_plans", others)):
        if listed:
            inner = "\n".join(_card(card, figures[card.id], language, has_desk) for card in listed)
            parts.append(f'<section><h2>{say(heading)}</h2><div class="cards">\n{inner}\n</div></section>')
    nothing = f'<p class="nothing">{say("page_no_plans")}</p>'
    signed = f'<a href="/login">{escape(account)}</a>' if account else ""
    desk = f'<a href="/desk/plan?lang={language}">{say("pd_title")}</a>' if has_desk else ""
    return Template(_PAGE.read_text(encoding="utf-8")).substitute(
        lang="zh-CN" if language == "zh" else "en",
        title=say("page_title"),
        lead=say("page_lead"),
        plans="\n".join(parts) or nothing,
        other=other,
        other_lang="en" if other == "en" else "zh-CN",
        other_name=escape(sentence("page_language", {}, other)),
        account=signed,
        desk=desk,
        lookup=f"/lookup?lang={language}",
        lookup_name=say("page_lookup"),
        patrol=f"/desk/patrol?lang={language}",
        patrol_name=say("page_patrol"),
        coverage=f"/desk/coverage?lang={language}",
        coverage_name=say("cover_title"),
        dispatch=f"/desk/dispatch?lang={language}",
        dispatch_name=say("dd_title"),
        statistics=f"/desk/statistics?lang={language}",
        statistics_name=say("st_title"),
        footer=say("page_footer"),
        api=say("page_api"),
    )


def _card(card: PlanCard, figures: PlanFigures, language: str, has_desk: bool) -> str:
    def say(code: str, **facts: Any) -> str:
        return escape(sentence(code, facts, language))

    rows = [
        (say("label_state"), say(f"plan_state_{card.state}")),
        (say("label_communities"), number(figures.communities, language)),
        (say("label_grids"), number(figures.grids, language)),
        (say("label_households"), number(figures.households, language)),
    ]
    if figures.standard:
        rows.append((say("label_in_band_percent"), f"{100 * figures.in_band / figures.standard:.1f} %"))
    rows.append((say("label_violations"), number(figures.violations, language)))
    rows.append((say("label_since" if card.effective_from else "label_changed"), _day(card)))
    listed = "".join(f"<div><dt>{label}</dt><dd>{escape(value)}</dd></div>" for label, value in rows)
    link = f'<a class="open" href="/map/{escape(card.id)}?lang={language}">{say("page_open_map")}</a>'
    if has_desk:
        desk = f"/desk/plan?plan={quote(card.id)}&amp;lang={language}"
        link += f'<a class="open other" href="{desk}">{say("pd_open_desk")}</a>'
    name = escape(card.name or card.id)
    head = f'<h3>{name}</h3><p class="id">{escape(card.id)}</p>'
    return f'<article class="card">{head}<dl>{listed}</dl><p class="ways">{link}</p></article>'


def _day(card: PlanCard) -> str:
    moment: datetime = card.effective_from or card.changed_at
    return moment.astimezone(CHINA).strftime("%Y-%m-%d")
