"""Seeing at the planner's desk: balance bars, communities, and why a grid is as it is."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

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
    served_desk,
)
from tests.plan_sync_kit import idle

__all__ = ["browser", "desk_file", "migrated_file", "served_desk"]
ROWS = "#bars .long-row"
MANY = 3_000
MOST_ROWS, MOST_ELEMENTS = 40, 3_000


def codes(page: Page) -> list[str]:
    """Codes of the rows that are there, in their order."""
    return page.locator(ROWS).evaluate_all("(rows) => rows.map((row) => row.dataset.code)")


def listed(page: Page) -> list[dict[str, Any]]:
    """All rows of the list, also those that are not seen."""
    return in_page(
        page,
        """
        const { rowsNow } = await import('/desk/plan/plan_bars.js');
        return rowsNow().map((at) => ({ code: desk.plan.grids[at].code, households: desk.plan.grids[at].households }));
        """,
    )


def to_grids(page: Page) -> None:
    page.keyboard.press("t")
    page.locator(ROWS).first.wait_for()


def chosen(page: Page) -> str:
    return in_page(page, "return desk.grid >= 0 ? desk.plan.grids[desk.grid].code : ''")


def view(page: Page) -> list[float]:
    return in_page(page, "const { map } = await import('/desk/plan/plan_map.js'); return [map.scale, ...map.middle];")


def put_out(page: Page, side: str = "high") -> str:
    """Make one lawful edit that puts a grid out of the band; its code."""
    code = in_page(
        page,
        """
        const { doEdit } = await import('/desk/plan/plan_do.js');
        const { plan } = desk;
        const { ground } = plan;
        const { touch_a: one, touch_b: two } = ground;
        const sides = [...one.keys()].flatMap((i) => [[one[i], two[i]], [two[i], one[i]]]);
        for (const [a, b] of sides) {
            const [from, to] = [plan.atomGrid[a], plan.atomGrid[b]];
            if (from < 0 || to < 0 || from === to) continue;
            const body = { kind: 'move', atoms: [ground.ids[a]], grid: plan.grids[to].code };
            const verdict = plan.judge(body);
            const out = verdict.effects.find((one) => one.after.band === facts[0] && one.before.band === 'in');
            if (verdict.faults.length || !out) continue;
            await doEdit(body, { title: 'out of the band' });
            return out.code;
        }
        return '';
        """,
        side,
    )
    assert code, f"no move puts a grid {side}"
    idle(page)
    return code


def test_bars_are_sorted_filtered_and_walked_by_keys(browser: Browser, served_desk: ServedDesk) -> None:
    with open_desk(browser, served_desk.address, served_desk.plan, language="en") as page:
        to_grids(page)
        sheet = served_desk.get(f"/v1/plans/{served_desk.plan}/sheet")["grids"]
        assert [row["code"] for row in listed(page)] == sorted(grid["code"] for grid in sheet)
        page.locator("#bars-sort").select_option("households")
        sizes = [row["households"] for row in listed(page)]
        assert sizes == sorted((grid["households"] for grid in sheet), reverse=True)
        assert codes(page)[0] == listed(page)[0]["code"]
        page.locator("#bars-way").click()
        assert [row["households"] for row in listed(page)] == sizes[::-1]
        page.locator("#bars-status").select_option("dedicated")
        dedicated = {grid["code"] for grid in sheet if grid["kind"] == "dedicated"}
        assert set(codes(page)) == dedicated
        page.locator("#bars-status").select_option("")
        page.locator("#bars-community").select_option(sheet[0]["community"])
        assert {row["code"] for row in listed(page)} == {
            grid["code"] for grid in sheet if grid["community"] == sheet[0]["community"]
        }
        page.locator("#bars-community").select_option("")
        page.locator("#bars-text").fill("002001")
        assert codes(page) == [grid["code"] for grid in sheet if "002001" in grid["code"]]
        page.locator("#bars-text").fill("<img src=x onerror=window.__t=1>")
        assert codes(page) == []
        page.locator("#bars-text").fill("")
        # By keys alone: down three times, and the map goes there with Enter.
        page.locator("#bars").focus()
        before = view(page)
        for _ in range(3):
            page.keyboard.press("ArrowDown")
        third = listed(page)[2]["code"]
        active = page.locator("#bars").get_attribute("aria-activedescendant")
        assert page.locator(f"#{active}").get_attribute("data-code") == third
        assert chosen(page) == ""
        page.keyboard.press("Enter")
        assert chosen(page) == third
        assert view(page) != before
        page.keyboard.press("End")
        page.keyboard.press("Enter")
        assert chosen(page) == listed(page)[-1]["code"]
        # And by a click.
        page.locator(ROWS).first.scroll_into_view_if_needed()
        first = page.locator(ROWS).first
        wanted = first.get_attribute("data-code")
        first.click()
        assert chosen(page) == wanted


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_bar_says_by_word_sign_and_pattern_what_it_says_by_colour(
    browser: Browser, served_desk: ServedDesk, language: str
) -> None:
    with open_desk(browser, served_desk.address, served_desk.plan, language=language) as page:
        to_grids(page)
        for side, sign in (("high", "▲"), ("low", "▼")):
            code = put_out(page, side)
            until(page, f"document.querySelector('{ROWS}[data-code=\"{code}\"] .see-status.{side}') !== null")
            row = page.locator(f'{ROWS}[data-code="{code}"]')
            households = in_page(page, "return desk.plan.grids[desk.plan.gridAt.get(facts[0])].households", code)
            off = households - 500 if side == "high" else 300 - households
            assert sign in row.inner_text()
            assert str(households) in row.inner_text()
            assert str(off) in row.inner_text()
            assert str(households) in row.get_attribute("aria-label")
            fill = row.locator(".bar-fill")
            assert "gradient" in fill.evaluate("(one) => getComputedStyle(one).backgroundImage")
            band = row.locator(".bar-band").bounding_box()
            bar = row.locator(".bar").bounding_box()
            assert band["x"] > bar["x"]
            assert band["x"] + band["width"] < bar["x"] + bar["width"]
            changed = row.locator(".see-change").inner_text()
            assert re.fullmatch(r"[+−]\d+", changed)


def test_bars_follow_what_is_held_and_go_back(browser: Browser, served_desk: ServedDesk) -> None:
    with open_desk(browser, served_desk.address, served_desk.plan, language="en") as page:
        to_grids(page)
        assert not page.locator(".see-held").is_visible()
        told = in_page(
            page,
            """
            const { hold } = await import('/desk/plan/plan_tools_hold.js');
            const { plan } = desk;
            const { ground } = plan;
            for (let i = 0; i < ground.touch_a.length; i += 1) {
                const [a, b] = [ground.touch_a[i], ground.touch_b[i]];
                const [from, to] = [plan.atomGrid[a], plan.atomGrid[b]];
                if (from === to || !ground.households[a]) continue;
                const body = { kind: 'move', atoms: [ground.ids[a]], grid: plan.grids[to].code };
                const verdict = plan.judge(body);
                if (verdict.faults.length) continue;
                hold({ body, at: [ground.x_m[a], ground.y_m[a]] });
                return verdict.effects.map((one) => [one.code, one.before.households, one.after.households]);
            }
            return [];
            """,
        )
        assert len(told) == 2
        held = page.locator(".see-held")
        held.wait_for()
        for code, before, after in told:
            row = page.locator(f'.see-held .long-row[data-code="{code}"]')
            assert f"{before} → {after}" in row.inner_text()
            below = page.locator(f'{ROWS}[data-code="{code}"].held')
            assert f"{before} → {after}" in below.inner_text()
        in_page(page, "const { drop } = await import('/desk/plan/plan_tools_hold.js'); drop();")
        until(page, "document.querySelector('.see-held').hidden")
        assert page.locator(f"{ROWS}.held").count() == 0
        for code, before, _ in told:
            assert f"{before}" in page.locator(f'{ROWS}[data-code="{code}"]').inner_text()
        assert served_desk.card()["revision"] == 1


def test_a_grid_of_512_is_explained_and_mended_by_the_move_that_is_offered(
    browser: Browser, served_desk: ServedDesk
) -> None:
    with open_desk(browser, served_desk.address, served_desk.plan, language="en") as page:
        to_grids(page)
        code = put_out(page)
        households = next(
            grid["households"]
            for grid in served_desk.get(f"/v1/plans/{served_desk.plan}/sheet")["grids"]
            if grid["code"] == code
        )
        in_page(
            page,
            "const m = await import('/desk/plan/plan_bars.js'); m.chooseGrid(desk.plan.gridAt.get(facts[0]))",
            code,
        )
        page.keyboard.press("i")
        page.locator("#why .see-way").first.wait_for()
        text = page.locator("#why").inner_text()
        assert f"{code} has {households} households, {households - 500} more than" in text
        assert "after an edit by hand" in text  # the reason the plan has stored
        assert "Standard grids have" in text  # the arithmetic of its community
        assert "No lawful plan" not in text
        way = page.locator("#why .see-way.into").first
        way.get_by_role("button", name="Show").click()
        revision = served_desk.card()["revision"]
        way.get_by_role("button", name=re.compile("Make th")).click()
        until(page, f"!document.querySelector('{ROWS}[data-code=\"{code}\"] .see-status.high')")
        idle(page)
        now = next(
            grid for grid in served_desk.get(f"/v1/plans/{served_desk.plan}/sheet")["grids"] if grid["code"] == code
        )
        assert 300 <= now["households"] <= 500
        assert served_desk.card()["revision"] > revision
        page.locator("#why .see-way").first.wait_for(state="detached")
        # What the page knows stands there at once, what the service finds follows.
        until(page, "document.querySelector('#why').textContent.includes('inside the band')")
        # In the other language nothing is lost.
        page.locator("#language").click()
        until(page, "document.querySelector('#why').textContent.includes('户数范围内')")


def test_what_the_page_offers_is_what_the_service_says(browser: Browser, served_desk: ServedDesk) -> None:
    with open_desk(browser, served_desk.address, served_desk.plan, language="en") as page:
        to_grids(page)
        code = put_out(page, "low")
        told = served_desk.get(f"/v1/plans/{served_desk.plan}/grids/{code}/why")
        in_page(
            page, "const m = await import('/desk/plan/plan_why.js'); m.explain(desk.plan.gridAt.get(facts[0]))", code
        )
        until(page, f"document.querySelectorAll('#why .see-way').length === {len(told['ways'])}")
        for i, way in enumerate(told["ways"]):
            shown = page.locator("#why .see-way").nth(i).inner_text()
            assert way["title"]["en"] in shown
            for effect in way["effects"]:
                assert f"{effect['before']} →" in shown
            verdict = in_page(
                page,
                "return desk.plan.judge(facts[0]).effects.map((one) => [one.code, one.after.households])",
                way["edits"][0],
            )
            if len(way["edits"]) == 1 and way["kind"] == "move":
                assert dict(verdict) == {effect["grid"]: effect["after"] for effect in way["effects"]}
        assert page.locator("#why .see-stops li").count() == len(told["stops"])


def test_communities_show_their_counts_shares_and_proofs(browser: Browser, served_desk: ServedDesk) -> None:
    with open_desk(browser, served_desk.address, served_desk.plan, language="en") as page:
        to_grids(page)
        page.locator("[data-view=communities]").click()
        counts = served_desk.get(f"/v1/plans/{served_desk.plan}/arithmetic")["communities"]
        grids = served_desk.get(f"/v1/plans/{served_desk.plan}/sheet")["grids"]
        n_now = Counter(grid["code"][:12] for grid in grids)
        until(page, f"document.querySelectorAll('#bars-communities .long-row').length === {len(counts)}")
        until(page, "document.querySelector('#bars-communities').textContent.includes(' fit')")
        for count in counts:
            row = page.locator(f'#bars-communities .long-row[data-code="{count["code"]}"]')
            text = row.inner_text()
            assert count["n_grids_min"] <= n_now[count["code"]] <= count["n_grids_max"], "grids of every kind"
            if count["standard_households"]:
                assert f"{count['n_grids_min']}–{count['n_grids_max']} fit" in text
            assert re.search(r"proved best|at most|no lawful plan|no proof", text)
        # A community is opened: its grids alone are listed.
        page.locator("#bars-communities .long-row").nth(1).click()
        code = counts[1]["code"]
        assert {one.startswith(code) for one in codes(page)} == {True}


def test_three_thousand_grids_stay_a_few_rows(browser: Browser, served_desk: ServedDesk) -> None:
    with open_desk(browser, served_desk.address, served_desk.plan, language="en") as page:
        to_grids(page)
        in_page(
            page,
            """
            const state_ = await import('/desk/plan/plan_state.js');
            const community = desk.plan.grids[0].community;
            for (let n = 0; n < facts[0]; n += 1) {
                const code = `${community}${String(n).padStart(6, '0')}`;
                const at = desk.plan.addGrid({ code, community, kind: 'standard', name: 'many' });
                Object.assign(desk.plan.grids[at], { is_gone: false, households: 250 + (n * 7919) % 300 });
            }
            state_.tell('changed', { grids: [], isAll: true });
            """,
            MANY,
        )
        until(page, f"document.querySelector('.see-count').textContent.includes('{MANY // 1000}')")
        assert len(listed(page)) >= MANY
        for key in ("Home", "End", "PageUp", "Home"):
            page.locator("#bars").focus()
            page.keyboard.press(key)
            page.wait_for_timeout(60)
            assert 0 < page.locator(ROWS).count() <= MOST_ROWS
            active = page.locator("#bars").get_attribute("aria-activedescendant")
            assert page.locator(f"#{active}").is_visible()
        page.locator("#bars").evaluate("(one) => { one.scrollTop = one.scrollHeight / 2; }")
        page.wait_for_timeout(100)
        assert 0 < page.locator(ROWS).count() <= MOST_ROWS
        assert page.evaluate("document.querySelectorAll('*').length") < MOST_ELEMENTS
        seen = page.locator(ROWS).first
        assert seen.get_attribute("aria-setsize") == str(len(listed(page)))


def test_layers_go_and_come_and_the_legend_names_every_pattern(browser: Browser, served_desk: ServedDesk) -> None:
    picture = "document.getElementById('map').toDataURL()"
    with open_desk(browser, served_desk.address, served_desk.plan, language="en") as page:
        page.wait_for_timeout(500)
        page.locator("#layers summary").click()
        for layer in ("fills", "borders", "labels"):
            page.wait_for_timeout(150)
            before = page.evaluate(picture)
            page.locator(f"[data-layer={layer}]").uncheck()
            until(page, f"{picture} !== {before!r}")
            page.locator(f"[data-layer={layer}]").check()
        page.locator("#layers summary").click()
        page.locator("#legend summary").click()
        text = page.locator("#legend-list").inner_text()
        for word in ("300–500", "fewer than 300", "more than 500", "in no grid", "dedicated", "rural"):
            assert word in text
        pictures = (
            page.locator("#legend-list ul")
            .first.locator("canvas")
            .evaluate_all("(all) => all.map((one) => one.toDataURL())")
        )
        assert len(set(pictures)) == len(pictures) >= 7


def test_nothing_is_clipped_on_laptop_and_tablet(browser: Browser, served_desk: ServedDesk) -> None:
    for size in (DESK, TABLET):
        with open_desk(browser, served_desk.address, served_desk.plan, size, language="zh") as page:
            page.locator("#tab-grids").click() if page.evaluate("document.body.dataset.panel !== 'grids'") else None
            page.locator(ROWS).first.wait_for()
            page.locator(ROWS).first.click()
            # At one moment: the card of the grid is drawn again when the service has answered.
            beyond = page.evaluate(
                """() => {
                    const panel = document.querySelector('#panel-grids').getBoundingClientRect();
                    return [...document.querySelectorAll('#panel-grids :is(button, select, input)')]
                        .filter((one) => one.checkVisibility())
                        .filter((one) => {
                            const box = one.getBoundingClientRect();
                            return box.left < panel.left - 1 || box.right > panel.right + 1;
                        })
                        .map((one) => one.outerHTML);
                }"""
            )
            assert beyond == []
            assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
