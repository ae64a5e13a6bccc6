"""Finding problems at the planner's desk: each kind is really there, and its key goes to it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from tests.desk_kit import until
from tests.plan_desk_kit import (
    DESK,
    TABLET,
    ServedDesk,
    browser,
    desk_file,
    in_page,
    migrated_file,
    open_desk,
    sample_town,
    served_desk,
)
from tests.plan_spoil_kit import apart_from, codes_of, ground_of, with_codes, with_cut_estate, with_splinter
from tests.plan_sync_kit import edit_some, idle
from tests.stores import act

__all__ = ["browser", "desk_file", "migrated_file", "served_desk"]
TOWN = "990101001002"  # three grids of one community of the sample town
KEYS = {"unassigned": "u", "band": "o", "pieces": "p", "sliver": "v", "estate": "e", "crossing": "x"}
CARD = "#found-card"


@pytest.fixture
def spoilt(served_desk: ServedDesk) -> tuple[ServedDesk, str]:
    """A plan in which everything is wrong once."""
    town = sample_town()
    ground = ground_of(town.territory)
    codes = codes_of(town.filed, town.territory, ground)
    graph = ground.graph
    one, two, three = (f"{TOWN}00{n}" for n in (1, 2, 3))
    away = apart_from(ground, codes, two, one)
    codes[away] = one  # in pieces
    rural = np.flatnonzero(codes == "990101101200001")
    codes[rural[0]] = "990101101201001"  # across the border of two villages
    least = ground.rules.min_households
    while graph.households[codes == three].sum() >= least:  # in no grid, and the rest is too few
        codes[max(np.flatnonzero(codes == three).tolist(), key=lambda a: (graph.households[a], -a))] = ""
    filed = with_codes(town.filed, ground, codes)
    estate = next(a for a in range(graph.n_atoms) if graph.estate_index[a] >= 0 and str(codes[a]) in (one, two, three))
    taker = next(code for code in (one, two, three) if code != codes[estate])
    filed = with_cut_estate(filed, ground, estate, taker)
    filed = with_splinter(filed, "990101001001600")
    with served_desk.store.write(act("li")) as tx:
        territory = tx.plans.card(served_desk.plan).territory
        plan = tx.plans.save(filed, territory_id=territory, name="spoilt").id
    return served_desk, str(plan)


def checked(page: Page) -> None:
    """Wait until the service has checked what is shown."""
    until(
        page,
        """(async () => {
            const { checkNow } = await import('/desk/plan/plan_problems.js');
            const now = checkNow();
            return Boolean(now.check) && !now.isOutdated && !now.isRunning;
        })()""",
    )


def found(page: Page, kind: str) -> list[str]:
    """What is known of a kind, in words."""
    return in_page(
        page,
        """
        const { findAll } = await import('/desk/plan/plan_find.js');
        const { checkNow } = await import('/desk/plan/plan_problems.js');
        return findAll(checkNow().check?.answer)[facts[0]].map((one) => one.text);
        """,
        kind,
    )


def view(page: Page) -> list[float]:
    return in_page(page, "const { map } = await import('/desk/plan/plan_map.js'); return [map.scale, ...map.middle];")


def test_every_kind_of_problem_is_found_by_its_key(browser: Browser, spoilt: tuple[ServedDesk, str]) -> None:
    served, plan = spoilt
    with open_desk(browser, served.address, plan, language="en") as page:
        page.keyboard.press("q")
        page.locator("#panel-problems").wait_for()
        checked(page)
        assert "things must be mended" in page.locator("#check").inner_text()
        for kind, key in KEYS.items():
            texts = found(page, kind)
            assert texts, f"no {kind}"
            page.locator("#map").focus()
            page.keyboard.press("0")
            page.wait_for_timeout(100)
            whole = view(page)
            page.keyboard.press(key)
            card = page.locator(CARD)
            card.wait_for()
            assert texts[0] in card.inner_text(), kind
            assert f"1 of {len(texts)}" in card.inner_text()
            page.wait_for_timeout(100)
            assert view(page) != whole, f"{kind}: the map did not go there"
            page.keyboard.press(f"Shift+{key.upper()}")
            assert texts[-1] in card.inner_text(), kind
        # The same by the list: every row goes somewhere.
        rows = page.locator("#problem-list .long-row")
        assert rows.count() >= len(KEYS)
        page.keyboard.press("0")
        whole = view(page)
        rows.first.click()
        page.wait_for_timeout(100)
        assert view(page) != whole
        badge = page.locator("#tab-problems .badge").inner_text()
        assert int(badge) >= len(KEYS)
        assert not [row for row in rows.all_inner_texts() if "{" in row or "undefined" in row]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_where_nothing_is_wrong_each_key_says_so(browser: Browser, served_desk: ServedDesk, language: str) -> None:
    with open_desk(browser, served_desk.address, served_desk.plan, language=language) as page:
        checked(page)
        said = set()
        for key in KEYS.values():
            page.keyboard.press(key)
            page.locator(CARD).wait_for()
            said.add(page.locator(CARD).inner_text())
            assert page.locator(f"{CARD}.none").count() == 1
        assert len(said) == len(KEYS)
        page.locator(f"{CARD} button").last.click()
        assert not page.locator(CARD).is_visible()
        page.keyboard.press("q")
        wanted = "nothing wrong" if language == "en" else "没有问题"
        assert wanted in page.locator("#check").inner_text()
        assert page.locator("#tab-problems .badge").inner_text() == ""


def test_keys_of_problems_do_nothing_in_form_fields(browser: Browser, served_desk: ServedDesk) -> None:
    with open_desk(browser, served_desk.address, served_desk.plan, language="en") as page:
        page.keyboard.press("t")
        page.locator("#bars-text").click()
        page.keyboard.type("uopvex")
        assert page.locator("#bars-text").input_value() == "uopvex"
        assert not page.locator(CARD).is_visible()
        page.locator("#bars-text").fill("")


def test_an_edit_makes_the_check_outdated_and_the_next_one_follows_by_itself(
    browser: Browser, served_desk: ServedDesk
) -> None:
    with open_desk(browser, served_desk.address, served_desk.plan, language="en") as page:
        page.keyboard.press("q")
        checked(page)
        assert "revision 1" in page.locator("#check").inner_text()
        edit_some(page, 1, kinds="move", apart=TOWN[-4:])
        page.wait_for_timeout(400)
        if in_page(page, "return desk.unsaved > 0 || desk.card.revision > 1"):
            until(page, "document.querySelector('#check .see-checked, #check .soft') !== null")
        idle(page)
        checked(page)
        until(page, "document.getElementById('check').textContent.includes('revision 2')")
        assert served_desk.card()["revision"] == 2


def test_while_changes_wait_the_check_says_that_it_is_outdated(browser: Browser, served_desk: ServedDesk) -> None:
    offline = r"net::ERR_INTERNET_DISCONNECTED"
    with open_desk(browser, served_desk.address, served_desk.plan, language="en", may_say=offline) as page:
        page.keyboard.press("q")
        checked(page)
        page.context.set_offline(True)
        edit_some(page, 2, kinds="move", apart=TOWN[-4:])
        until(page, "document.getElementById('check').textContent.includes('newer changes wait')")
        # What the browser sees itself goes on.
        page.keyboard.press("p")
        page.locator(CARD).wait_for()
        page.context.set_offline(False)
        idle(page)
        checked(page)
        until(page, "document.getElementById('check').textContent.includes('revision 3')")


def test_problems_on_a_tablet_fit(browser: Browser, spoilt: tuple[ServedDesk, str], tmp_path: Path) -> None:
    served, plan = spoilt
    for size in (TABLET, DESK):
        with open_desk(browser, served.address, plan, size, language="zh") as page:
            page.locator("#tab-problems").click()
            checked(page)
            page.keyboard.press("o")
            page.locator(CARD).wait_for()
            box = page.locator(CARD).bounding_box()
            around = page.locator("#map-box").bounding_box()
            assert box["x"] >= around["x"]
            assert box["x"] + box["width"] <= around["x"] + around["width"]
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= size[0]
            page.screenshot(path=str(tmp_path / f"problems-{size[0]}.png"))
