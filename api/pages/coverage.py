"""The planner's page of coverage: cameras and minutes on one map, what would change, and proposals to decide on."""

from __future__ import annotations

from api.pages.desk import desk_page


def coverage_page(language: str) -> str:
    """The page, beginning in one language, ``zh`` or ``en``."""
    return desk_page("coverage", "cover_", language)
