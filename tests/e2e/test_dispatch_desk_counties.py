"""A desk that works in several counties: kinds by the names of all of them, and the rules of the one that is chosen."""

from __future__ import annotations

from playwright.sync_api import Browser, Page

from tests.data.store.kit import town
from tests.dispatch_kit import becomes
from tests.dispatch_work_kit import Office, browser, in_page, migrated_file, open_desk, until, work, work_file
from tests.incident_kit import a_place
from tests.stores import act

__all__ = ["browser", "migrated_file", "work", "work_file"]
RULES = "/v1/incidents/rules"
OTHER = "330411"
NAME = "const { kindName } = await import('/desk/dispatch/dispatch_kinds.js'); return kindName(facts[0]);"


def put_rules(work: Office, county: str, kinds: list[dict[str, str]]) -> None:
    before = work.get(RULES, county=county)
    rules = before["rules"] | {"kinds": before["rules"]["kinds"] + kinds}
    sent = {"If-Match": f'"rules-{before["version"]}"'}
    answer = work.http.put(f"{work.address}{RULES}", params={"county": county}, json={"rules": rules}, headers=sent)
    assert answer.status_code == 200, answer.text


def press(page: Page, key: str, wanted: str) -> None:
    page.keyboard.press(key)
    until(page, wanted)


def test_kinds_have_the_names_of_all_counties_and_rules_are_those_of_the_chosen_one(
    browser: Browser, work: Office
) -> None:
    with work.store.read() as tx:
        own = tx.territories.current().county
    with work.store.write(act()) as tx:
        tx.territories.save(town(OTHER, x=540_000), "南湖")
    put_rules(work, OTHER, [{"code": "K-7", "zh": "占用盲道", "en": "Blocked tactile paving"}])
    lon, lat = a_place(work.store, 5)
    body = {"lon": lon, "lat": lat, "kind": "K-7", "priority": 2}
    made = work.http.post(f"{work.address}/v1/incidents", json=body)
    assert made.status_code == 201, made.text
    row = f"#row-{made.json()['id']}"
    with open_desk(browser, work, language="en") as page:
        becomes(page, NAME, "Blocked tactile paving", "K-7")
        until(page, f"document.querySelector('{row}')?.textContent.includes('Blocked tactile paving')")
        assert in_page(page, "return desk.counties.map((one) => one.code).sort()") == sorted([own, OTHER])
        put_rules(work, own, [{"code": "K-8", "zh": "井盖缺失", "en": "Manhole open"}])
        becomes(page, NAME, "Manhole open", "K-8")  # told by the stream
        press(page, "Shift+R", "document.querySelectorAll('dialog[open] .way').length === 2")
        choices = page.locator("dialog[open] .way").all_inner_texts()
        page.locator("dialog[open] .way", has_text="南湖").click()
        until(page, "document.querySelector('dialog.rules[open]')")
        assert f"County {OTHER}" in page.locator("dialog.rules").inner_text()
        assert len(choices) == 2
        page.get_by_role("button", name="Save the rules").click()
        until(page, "!document.querySelector('dialog.rules')")
        assert page.locator("#notices").inner_text()
        press(page, "Shift+R", "document.querySelectorAll('dialog[open] .way').length === 2")
        press(page, "Escape", "!document.querySelector('dialog[open]')")
