"""Coverage pages opened in a browser: a small page of each kind, and looking at what is drawn and said."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from maps.camera_map import write_camera_map
from maps.reach_map import write_reach_map
from tests.coverage_kit import camera_survey, posts_answer, reach_of, sights_of, siting_of, with_places
from tests.e2e import test_plan_map_in_browser as plan_page
from tests.maps.plans import make_plan

HOSTILE = plan_page.HOSTILE
PHONE = plan_page.PHONE
LAPTOP = {"width": 1280, "height": 800}
LINES, POINTS = 3, 4
"""Canvases of a coverage page: land, grids, land over them, lines, points."""
opened, zoom = plan_page.opened, plan_page.zoom


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    yield from plan_page.browser.__wrapped__()


@pytest.fixture(scope="module")
def cameras(tmp_path_factory: pytest.TempPathFactory) -> Path:
    filed, territory = make_plan(24, 3)
    territory = with_places(territory, filed)
    survey = camera_survey(filed, territory)
    siting = siting_of(survey)
    path = tmp_path_factory.mktemp("maps") / "cameras.html"
    write_camera_map(survey, filed, territory, path, siting=siting, sights=sights_of(siting.cameras, 125.0))
    return path


@pytest.fixture(scope="module")
def reach(tmp_path_factory: pytest.TempPathFactory) -> Path:
    filed, territory = make_plan(24, 3)
    territory = with_places(territory, filed)
    survey = reach_of(filed, territory)
    path = tmp_path_factory.mktemp("maps") / "reach.html"
    answers = [posts_answer(survey, filed, rule=k) for k in (2, 4)]
    write_reach_map(survey, filed, territory, path, posts_answer=answers)
    return path


def painted(page: Page, canvas: int) -> float:
    return plan_page.painted_frac(page, canvas)


def picture(page: Page, canvas: int) -> str:
    return page.evaluate("(n) => document.querySelectorAll('canvas.gw-canvas')[n].toDataURL()", canvas)


def unsaid(page: Page) -> list[str]:
    """Texts that are keys of words instead of words."""
    return page.evaluate(
        """() => [...document.querySelectorAll('body *')]
            .filter((n) => !['SCRIPT', 'STYLE', 'NOSCRIPT'].includes(n.tagName))
            .flatMap((n) => [...n.childNodes].filter((c) => c.nodeType === 3).map((c) => c.textContent.trim()))
            .filter((t) => /^[a-z0-9]+(_[a-z0-9]+)+$/.test(t) || /[{?]\\w*}/.test(t))"""
    )
