"""The merger wizard in a real browser: a whole merger from load to filed papers, and what can go wrong on the way."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from data.sample import make_town
from tests.desk_kit import until
from tests.job_kit import now
from tests.maps.pdf import texts
from tests.merger_kit import at_work, cells, download, take_step
from tests.plan_desk_kit import (
    ServedDesk,
    browser,
    desk_file,
    migrated_file,
    open_desk,
    ready,
    served_desk,
    served_office,
)
from tests.stores import act

__all__ = ["browser", "desk_file", "migrated_file", "served_desk", "served_office"]
WAIT_MS = 180_000
HOSTILE = "<img src=x onerror=window.__t=1>${7*7}\u202e村"


def put_in_force(served: ServedDesk) -> None:
    """The plan of the town is the one in force, so that its codes are official."""
    for state, who in (("submitted", "li"), ("approved", "zhao"), ("filed", "li"), ("in_force", "zhao")):
        with served.store.write(act(who, at=now())) as tx:
            tx.life.change_state(served.plan, state)


def merger_of_the_town() -> tuple[str, str]:
    """The two villages that the sample town merges."""
    a, b = sorted(make_town(3_000, seed=1).merger)
    return a, b


def pick(page: Page, *codes: str) -> None:
    """Villages by their codes, found by typing."""
    if page.evaluate("document.body.dataset.panel") != "merger":
        page.locator("#tab-merger").click()
    for code in codes:
        page.locator("[data-act=find]").fill(code)
        page.locator(f"[data-code='{code}'] input").check()
    page.locator("[data-act=find]").fill("")


def go_on(page: Page) -> None:
    button = page.locator("[data-act=next]")
    expect(button).to_be_enabled(timeout=WAIT_MS)
    button.click()


def middle_of(page: Page, what: str) -> tuple[float, float]:
    """Where something stands that may be drawn anew at any moment."""
    box = page.evaluate("(what) => document.querySelector(what).getBoundingClientRect().toJSON()", what)
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def weigh(page: Page) -> None:
    page.locator("[data-act=weigh]").click()
    page.locator(".merge-chart").wait_for(timeout=WAIT_MS)


def test_a_whole_merger_from_load_to_filed_papers(browser: Browser, served_office: ServedDesk, tmp_path: Path) -> None:
    served = served_office
    put_in_force(served)
    a, b = merger_of_the_town()
    with served.store.read() as tx:
        before = tx.plans.load(served.plan).grids
    old_codes = set(before["code"])
    merged_codes = set(before.loc[before["community"].isin((a, b)), "code"])
    here = (served, "li")
    with at_work(served.store), open_desk(browser, served.address, served.plan, language="en", who=here) as page:
        pick(page, a, b)
        page.locator(".verdict.good").wait_for()
        sums = page.locator(".merge-card.active .facts").inner_text()
        households = int(before.loc[before["community"].isin((a, b)), "households"].sum())
        assert str(households) in sums
        go_on(page)
        new = page.locator(".merger fieldset strong").nth(2).inner_text()
        assert new.isdigit()
        assert new not in set(before["community"])
        page.locator(".merger fieldset input[type=radio]").nth(2).check()
        page.locator("[data-act=name-0]").fill("新合村")
        page.locator("[data-act=name-0]").press("Tab")
        expect(page.locator(".merger")).to_contain_text(f"{a}, {b}")
        go_on(page)
        page.locator("[data-act=weigh]").click()
        until(page, 'Object.keys(localStorage).some((key) => localStorage[key].includes(\'"job":"j\'))')
        page.reload()  # the job goes on, and the wizard finds it again
        ready(page)
        page.locator(".merge-chart").wait_for(timeout=WAIT_MS)
        expect(page.locator(".merge-chart .is-least")).to_have_count(1)
        page.locator("[data-act=next]").click()
        page.locator("[data-act=draft-name]").fill("two villages, one")
        page.locator("[data-act=draft]").click()
        page.wait_for_url(lambda address: served.plan not in address)
        ready(page)
        draft = str(page.evaluate("new URLSearchParams(location.search).get('plan')"))
        page.locator("[data-act=compare]").click()
        page.locator(".compare").first.wait_for()
        page.keyboard.press("Escape")
        page.locator("[data-act=publish]").click()
        expect(page.locator(".life [aria-current=step]")).to_contain_text("draft")
        take_step(page, "submitted", "submitted")
        expect(page.locator(".not-mine").first).to_contain_text("reviewers")
        with open_desk(browser, served.address, draft, language="en", who=(served, "zhao")) as other:
            other.locator("#tab-status").click()
            take_step(other, "approved", "approved")
            page.reload()
            ready(page)
            take_step(page, "filed", "filed")
            other.reload()
            ready(other)
            take_step(other, "in_force", "in_force")
        page.reload()
        ready(page)
        expect(page.locator(".life [aria-current=step]")).to_contain_text("in force")
        page.locator("[data-act=papers-all]").click()
        page.locator("[data-act=paper-zip]").wait_for(timeout=WAIT_MS)
        papers = {name: download(page, name, tmp_path) for name in ("register", "crosswalk", "changes", "statistics")}
        atlas = download(page, "atlas", tmp_path)
        whole = download(page, "zip", tmp_path)
    with served.store.read() as tx:
        card = tx.plans.card(draft)
        after = tx.plans.load(draft)
        reigning = tx.life.in_force("", now())
    assert (card.state, card.submitted_by, card.approved_by) == ("in_force", "li", "zhao")
    assert set(reigning.values()) == {draft}
    assert {new} <= set(after.communities["code"])
    assert not {a, b} & set(after.communities["code"])
    now_codes = set(after.grids["code"])
    assert merged_codes.isdisjoint(now_codes)
    assert old_codes | now_codes <= cells(papers["crosswalk"])
    assert now_codes <= cells(papers["register"])
    assert "新合村" in " ".join(cells(papers["register"]))
    assert merged_codes <= cells(papers["changes"])
    said = "".join(texts(atlas))
    assert all(code in said for code in now_codes)
    assert whole.read_bytes()[:2] == b"PK"


def test_a_point_is_walked_to_by_arrows_shown_on_the_map_and_survives_a_reload(
    browser: Browser, served_desk: ServedDesk
) -> None:
    a, b = merger_of_the_town()
    with at_work(served_desk.store), open_desk(browser, served_desk.address, served_desk.plan, language="en") as page:
        pick(page, a, b)
        for _ in range(2):
            go_on(page)
        weigh(page)
        rows = page.locator(".merge-points tbody tr")
        marks = page.locator(".merge-chart .mark")
        assert rows.count() == marks.count()
        assert rows.first.bounding_box()["height"] > 20
        marks.first.focus()
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Enter")
        expect(page.locator(".merge-points input:checked")).to_have_count(1)
        chosen = page.locator(".merge-chart .chosen").get_attribute("aria-label")
        assert chosen
        assert page.evaluate("document.activeElement.classList.contains('mark')")
        until(page, "document.querySelector('.merge-card details') !== null")
        grids = page.evaluate(
            "async () => (await import('/desk/plan/plan_merge_state.js')).facts.point.grids.features.length"
        )
        assert grids > 0
        page.reload()
        ready(page)
        page.locator(".merge-chart .chosen").wait_for(timeout=WAIT_MS)
        assert page.locator(".merge-chart .chosen").get_attribute("aria-label") == chosen


def test_villages_are_picked_on_the_map_in_two_mergers(browser: Browser, served_desk: ServedDesk) -> None:
    villages = served_desk.get(f"/v1/plans/{served_desk.plan}/villages")["villages"]
    by_code = {row["code"]: row for row in villages}
    first = merger_of_the_town()
    urban = [row["code"] for row in villages if row["kind"] == "urban"]
    second = next(
        (code, beside["code"])
        for code in urban
        for beside in by_code[code]["neighbours"]
        if by_code[beside["code"]]["kind"] == "urban"
    )
    with open_desk(browser, served_desk.address, served_desk.plan, language="en") as page:
        page.locator("#tab-merger").click()
        page.locator(".village").first.wait_for()
        page.locator("[data-act=map]").click()
        for code in first:
            click_village(page, code)
        page.locator(".verdict").wait_for()
        page.locator("[data-act=another]").click()
        for code in second:
            click_village(page, code)
        expect(page.locator(".merge-card .verdict")).to_have_count(2, timeout=WAIT_MS)
        page.locator("[data-act=map]").click()
        shown = page.evaluate("async () => (await import('/desk/plan/plan_merge_state.js')).wizard.groups")
        assert [set(group["villages"]) for group in shown] == [set(first), set(second)]
        painted = page.evaluate("async () => (await import('/desk/plan/plan_state.js')).kept().tool")
        assert painted == "choose"
        page.reload()
        ready(page)
        expect(page.locator(".merge-card .verdict")).to_have_count(2, timeout=WAIT_MS)


def click_village(page: Page, code: str) -> None:
    """A click on some piece of a community that is in sight."""
    x, y = page.evaluate(
        """async (code) => {
            const { desk } = await import('/desk/plan/plan_state.js');
            const { map, atomAt } = await import('/desk/plan/plan_map.js');
            const { ground } = desk;
            const box = map.canvas.getBoundingClientRect();
            for (let atom = 0; atom < ground.n; atom += 1) {
                if (ground.communities[ground.community[atom]].code !== code) continue;
                const place = [ground.x_m[atom], ground.y_m[atom]];
                const [x, y] = map.toPixels(place);
                const isFree = document.elementFromPoint(x + box.left, y + box.top) === map.canvas;
                if (atomAt(place) === atom && isFree) return [x + box.left, y + box.top];
            }
        }""",
        code,
    )
    page.mouse.click(x, y)
    page.wait_for_timeout(400)  # two quick ones would be a double click


def test_villages_apart_and_wrong_codes_stop_the_wizard_with_the_reason(
    browser: Browser, served_desk: ServedDesk
) -> None:
    villages = served_desk.get(f"/v1/plans/{served_desk.plan}/villages")["villages"]
    a, b = next(
        (one["code"], other["code"])
        for one in villages
        for other in villages
        if one["code"] < other["code"] and other["code"] not in {beside["code"] for beside in one["neighbours"]}
    )
    with open_desk(browser, served_desk.address, served_desk.plan, language="en") as page:
        pick(page, a, b)
        expect(page.locator(".merger .faults")).to_contain_text("do not touch")
        expect(page.locator("[data-act=next]")).to_be_disabled()
        page.locator(f"[data-code='{a}'] input").uncheck()
        page.locator(f"[data-code='{b}'] input").uncheck()
        first, second = merger_of_the_town()
        pick(page, first, second)
        go_on(page)
        page.locator("[data-act=other-0]").fill("12")
        page.locator("[data-act=other-0]").press("Tab")
        expect(page.locator(".merger .faults")).to_contain_text("2 characters")
        expect(page.locator("[data-act=next]")).to_be_disabled()


def test_a_hostile_name_is_text_in_every_step(browser: Browser, served_desk: ServedDesk) -> None:
    a, b = merger_of_the_town()
    with at_work(served_desk.store), open_desk(browser, served_desk.address, served_desk.plan, language="zh") as page:
        pick(page, a, b)
        go_on(page)
        page.locator("[data-act=name-0]").fill(HOSTILE)
        page.locator("[data-act=name-0]").press("Tab")
        page.locator(".merger .faults").wait_for()  # the signs of a change are no part of a name, and that is said
        expect(page.locator("[data-act=next]")).to_be_disabled()
        page.locator("[data-act=name-0]").fill("<b onclick>${7*7}\u202e村")
        page.locator("[data-act=name-0]").press("Tab")
        go_on(page)
        weigh(page)
        page.locator("[data-act=next]").click()
        page.locator("[data-act=draft-name]").fill(HOSTILE)
        page.locator("[data-act=draft]").click()
        page.wait_for_url(lambda address: served_desk.plan not in address)
        ready(page)
        page.locator("[data-act=publish]").click()
        expect(page.locator(".status .named strong")).to_have_text(HOSTILE)
        assert page.locator("img").count() == 0


def test_a_trade_off_is_cancelled_and_that_is_said(browser: Browser, served_desk: ServedDesk) -> None:
    a, b = merger_of_the_town()
    with open_desk(browser, served_desk.address, served_desk.plan, language="en") as page:  # nobody works: it waits
        pick(page, a, b)
        for _ in range(2):
            go_on(page)
        page.locator("[data-act=weigh]").click()
        page.locator(".merge-run [data-act=stop]").click()
        page.locator("text=It was cancelled").wait_for()
        expect(page.locator("[data-act=weigh]")).to_be_enabled()
    jobs = served_desk.get("/v1/jobs")["jobs"]
    assert [job["state"] for job in jobs] == ["cancelled"]


def test_what_is_typed_outlives_the_drawing_of_the_panel_and_a_reload(
    browser: Browser, served_desk: ServedDesk
) -> None:
    a, b = merger_of_the_town()
    with at_work(served_desk.store), open_desk(browser, served_desk.address, served_desk.plan, language="en") as page:
        pick(page, a, b)
        go_on(page)
        page.locator("[data-act=name-0]").press_sequentially("New ")
        page.wait_for_timeout(700)  # it is reckoned with while the field has the focus
        page.evaluate("import('/desk/plan/plan_state.js').then(({tell}) => tell('weighed'))")
        page.locator("[data-act=name-0]").press("Home")
        page.locator("[data-act=name-0]").press_sequentially("The ")
        until(page, "document.activeElement.dataset.act === 'name-0' && document.activeElement.selectionStart === 4")
        assert page.locator("[data-act=name-0]").input_value() == "The New "
        page.locator("[data-act=name-0]").press("End")
        x, y = middle_of(page, "[data-act=next]")
        page.locator("[data-act=name-0]").press_sequentially("Village")
        page.mouse.move(x, y)
        page.mouse.down()  # at once, with the sums of the new name not there yet
        page.wait_for_timeout(100)
        page.mouse.up()
        weigh(page)
        page.locator("[data-act=next]").click()
        page.locator("[data-act=draft-name]").fill("A name of my own")
        page.evaluate("import('/desk/plan/plan_state.js').then(({tell}) => tell('weighed'))")
        expect(page.locator("[data-act=draft-name]")).to_have_value("A name of my own")
        page.reload()
        ready(page)
        expect(page.locator("[data-act=draft-name]")).to_have_value("A name of my own", timeout=WAIT_MS)
        page.locator(".merge-step").nth(1).click()
        expect(page.locator("[data-act=name-0]")).to_have_value("The New Village")


def test_a_syllable_half_typed_outlives_news_of_the_panel(browser: Browser, served_desk: ServedDesk) -> None:
    a, b = merger_of_the_town()
    with open_desk(browser, served_desk.address, served_desk.plan, language="zh") as page:
        pick(page, a, b)
        go_on(page)
        field = page.locator("[data-act=name-0]")
        field.focus()
        keyboard = page.context.new_cdp_session(page)
        keyboard.send("Input.imeSetComposition", {"text": "xin", "selectionStart": 3, "selectionEnd": 3})
        expect(field).to_have_value("xin")
        field.evaluate("(one) => { one.dataset.mark = 'the same'; }")
        page.evaluate("import('/desk/plan/plan_state.js').then(({tell}) => tell('weighed'))")
        expect(field).to_have_attribute("data-mark", "the same")
        keyboard.send("Input.insertText", {"text": "新"})
        expect(field).to_have_value("新")
        keyboard.send("Input.insertText", {"text": "村"})
        expect(field).to_have_value("新村")
        expect(page.locator(".merger .faults")).to_have_count(0)
