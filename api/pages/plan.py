"""The planner's desk: a plan on the map, drawn, locked, mended, compared and filed."""

from __future__ import annotations

from api.pages.desk import desk_page, file_links

_AS_THEY_ARE = ("edit_", "lock_", "plan_", "how_", "step_", "why_", "reason_", "proof_")
"""Sentences of the service that the page says itself, since it judges edits before they are sent."""


def plan_page(language: str) -> str:
    """The page, beginning in one language, ``zh`` or ``en``."""
    preloads = file_links("plan", '<link rel="modulepreload" href="/desk/plan/{}">', ".js")
    return desk_page("plan", "pd_", language, others=_AS_THEY_ARE, preloads=preloads)
