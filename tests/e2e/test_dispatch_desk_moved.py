"""The desk of one community: an incident that is moved out of it goes from the list, the map and the card at once."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, Page

from api.accounts.passwords import Passwords
from api.usecases.accounts import add_account
from api.usecases.incident_ground import IncidentGround
from tests.account_kit import CHEAP
from tests.dispatch_kit import becomes
from tests.dispatch_work_kit import Office, browser, in_page, migrated_file, office, open_desk, until, work_file
from tests.incident_kit import places
from tests.plan_desk_kit import choose_password
from tests.stores import act

__all__ = ["browser", "migrated_file", "office", "work_file"]
NEW = """
const { change } = await import('/desk/dispatch/desk_ask.js');
const body = JSON.stringify({ lon: facts[0], lat: facts[1], kind: '道路积水', priority: 2 });
const headers = { 'Content-Type': 'application/json' };
return (await (await change('/v1/incidents', { method: 'POST', body, headers })).json()).id;
"""
MOVE = """
const { changeIncident } = await import('/desk/dispatch/dispatch_steps.js');
const card = await (await fetch(`/v1/incidents/${facts[0]}`)).json();
return (await changeIncident(card, { lon: facts[1], lat: facts[2] })).community;
"""
COUNTS = """
const stored = (await (await fetch('/v1/incidents?open=true')).json()).count;
return [desk.incidents.size, desk.count, stored];
"""


PARTS = ("history", "surroundings", "duplicates", "dispatch")
"""What a card asks for, beside the incident itself."""
READY = """
const [around, units] = await Promise.all(
    [`/v1/incidents/${facts[0]}/surroundings`, `/v1/dispatch?incident=${facts[0]}`]
    .map(async (path) => (await fetch(path)).json()));
return units.streets !== 'not_ready' && Object.values(around).every((one) => one?.state !== 'not_ready');
"""


def open_card(page: Page, id: str) -> tuple[set[str], set[str]]:
    """Choose an incident; what the page asks of it from then on, and what of that was answered."""
    asked: set[str] = set()
    answered: set[str] = set()
    page.on("request", lambda one: asked.add(one.url) if id in one.url else None)
    page.on("requestfinished", lambda one: answered.add(one.url) if id in one.url else None)
    in_page(page, "state.select(facts[0]);", id)
    until(page, f"document.querySelector('#card .number')?.textContent === {id!r}")
    return asked, answered


def communities(office: Office) -> dict[str, tuple[float, float]]:
    """A place in each of two communities."""
    found: dict[str, tuple[float, float]] = {}
    spots = places(office.store, 60, 17)
    now = datetime.now(UTC)
    grounds = IncidentGround(office.store).find_many([x for x, _ in spots], [y for _, y in spots], [now] * len(spots))
    for spot, ground in zip(spots, grounds, strict=True):
        assert ground is not None
        found.setdefault(ground.community, spot)
    assert len(found) > 1
    return dict(list(found.items())[:2])


def shows(page: Page, n: int) -> None:
    """Wait until list and map show so many, and the store has as many open ones for this account."""
    becomes(page, COUNTS, [n, n, n])
    becomes(page, "return map.standing().total", n)
    until(page, f"document.querySelectorAll('#incidents [role=option]').length === {n}")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_is_moved_out_of_the_community_goes_and_what_is_moved_in_comes(
    browser: Browser, office: Office, language: str
) -> None:
    (first, here), (second, there) = communities(office).items()
    name = f"li-{language}"
    made = add_account(office.store, act("root"), name, role="dispatcher", place=first, passwords=Passwords(CHEAP))
    office.passwords[name] = choose_password(office.address, name, made.password)
    with (
        open_desk(browser, office, who=name, language=language) as page,
        open_desk(browser, office, who="qian", language=language) as county,
    ):
        n = in_page(page, "return desk.count")
        id = in_page(county, NEW, *here)
        shows(page, n + 1)
        becomes(county, READY, True, id)  # nothing is asked for a second time
        asked, answered = open_card(page, id)
        while not (asked and asked == answered and len(asked) >= len(PARTS)):
            page.wait_for_timeout(20)
        before = in_page(page, "return desk.event")
        assert in_page(county, MOVE, id, *there) == second
        shows(page, n)
        becomes(page, "return desk.event", before + 1)
        assert page.locator(f"#row-{id}").count() == 0
        assert page.locator("#card .number").count() == 0, "what the card said goes as well"
        assert f"incident={id}" not in page.url
        notice = page.locator(".notice.warn").inner_text()
        assert id in notice
        assert second not in page.content()
        assert in_page(page, "return [live.counts.gaps, live.counts.boards]") == [0, 1]
        assert in_page(county, "return desk.incidents.get(facts[0]).community", id) == second, "there it stays"
        assert in_page(county, MOVE, id, *here) == first
        shows(page, n + 1)
