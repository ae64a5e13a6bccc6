"""What axe-core finds wrong with a page: faults that keep people with disabilities out."""

from __future__ import annotations

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

GRAVE = ("serious", "critical")
STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def grave_faults(page: Page) -> list[str]:
    """The serious and critical faults of the page as it stands, each with where it is."""
    options = {"resultTypes": ["violations"], "runOnly": {"type": "tag", "values": STANDARDS}}
    found = Axe().run(page, options=options).response["violations"]
    return [
        f"{one['impact']} {one['id']}: {where}" for one in found if one["impact"] in GRAVE for where in _places(one)
    ]


def _places(fault: dict[str, Any]) -> list[str]:
    return [f"{' '.join(map(str, node['target']))} {node['html'][:120]}" for node in fault["nodes"][:5]]
