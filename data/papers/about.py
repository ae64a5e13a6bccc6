"""The sheet that says what a workbook is about: plan, dates, rules, and what its columns mean."""

from __future__ import annotations

from data.papers.facts import Facts
from data.papers.options import PaperOptions
from data.papers.workbook import Column, Sheet, day

_NOTES = {
    "register": ("about_on_codes", "about_on_boundary", "about_on_posts", "about_on_empty"),
    "statistics": ("about_on_totals", "about_on_band", "about_on_posts", "about_on_empty"),
    "changes": ("about_on_changes", "about_on_empty"),
    "crosswalk": ("about_on_shares", "about_on_codes"),
}


def about_sheet(facts: Facts, options: PaperOptions, paper: str) -> Sheet:
    """The last sheet of a workbook: the plan in facts, then notes on the columns."""
    meta, rules, words = facts.meta, facts.rules, facts.words
    rows: list[tuple[object, ...]] = [
        (words("about_plan"), meta.get("plan_id", "")),
        (words("about_parent"), meta.get("parent_plan", "")),
        (words("about_drawn"), day(meta.get("created_at", ""))),
        (words("about_start"), day(options.effective_from or meta.get("effective_from", ""))),
        (words("about_band"), words("about_band_is", least=rules.min_households, most=rules.max_households)),
        (words("about_preset"), rules.preset),
        (words("about_seed"), meta.get("seed", "")),
        (words("about_basis"), meta.get("households_basis", "")),
        (words("about_land"), meta.get("territory_hash", "")[:16]),
        (words("about_version"), meta.get("version", "")),
    ]
    told = [(name, str(value)) for name, value in rows if value]
    told += [(words("about_note"), words(note)) for note in _NOTES[paper]]
    columns = (Column("what"), Column("value", "long"))
    return Sheet("about", words("about_title"), columns, told, portrait=True)
