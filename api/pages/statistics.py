"""The page of incident statistics: figures of a period, charts, map, ranking, papers to take away."""

from __future__ import annotations

from api.pages.desk import desk_page


def statistics_page(language: str) -> str:
    """The page, beginning in one language, ``zh`` or ``en``."""
    return desk_page("statistics", "st_", language)
