"""The dispatcher's desk stays live: an update is seen, a server that was killed leaves no gap, a gap is noticed."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

from playwright.sync_api import Browser

from api.usecases.incident_ground import IncidentGround
from data.store import SqlStore, open_store
from tests.dispatch_kit import (
    Apart,
    Desk,
    becomes,
    browser,
    desk,
    dispatch_file,
    in_page,
    migrated_file,
    open_desk,
    until,
)
from tests.incident_kit import new_incident, places
from tests.stores import act

__all__ = ["browser", "desk", "dispatch_file", "migrated_file"]

_LISTEN = "window.numbers = []; state.on('told', ({ number }) => window.numbers.push(number)); return desk.event"


def test_what_is_sent_is_seen_and_goes_its_way(browser: Browser, desk: Desk) -> None:
    with open_desk(browser, desk.address, "&q=Burst%20main", language="en") as page:
        assert page.locator("#count").inner_text().startswith("0 of ")
        page.locator("#list-none").wait_for()
        of = in_page(page, "return desk.count")
        begun = in_page(page, _LISTEN)
        made = desk.receive(title="Burst main", priority=1)
        page.locator(f"#row-{made['id']}").wait_for()
        assert page.locator("#count").inner_text() == f"1 of {of + 1:,}"
        becomes(page, "return map.standing().total", 1)
        desk.step(made["id"], "assessed")
        desk.step(made["id"], "assigned", body="water works")
        until(page, f"document.getElementById('row-{made['id']}').textContent.includes('Assigned')")
        numbers = page.evaluate("window.numbers")
        assert numbers == list(range(begun + 1, begun + 4))
        assert in_page(page, "return [live.counts.gaps, live.counts.repeated, live.counts.boards]") == [0, 0, 1]


def test_sound_is_off_until_it_is_asked_for(browser: Browser, desk: Desk) -> None:
    beeps = "return (await import('/desk/dispatch/dispatch_panels.js')).heard.beeps"
    with open_desk(browser, desk.address) as page:
        assert page.locator("#sound").get_attribute("aria-pressed") == "false"
        first = desk.receive(11, priority=1)
        becomes(page, "return desk.incidents.has(facts[0])", True, first["id"])
        assert in_page(page, beeps) == 0
        page.locator("#sound").click()
        for priority in (2, 1):
            made = desk.receive(12 + priority, priority=priority)
            becomes(page, "return desk.incidents.has(facts[0])", True, made["id"])
        assert in_page(page, beeps) == 1


def test_a_missing_event_is_noticed_and_the_board_is_asked_for_anew(browser: Browser, desk: Desk) -> None:
    with open_desk(browser, desk.address) as page:
        becomes(page, "return live.counts.opened", 1)
        in_page(page, "desk.incidents.delete('i5'); desk.event -= 1;")  # as if one had not come
        made = desk.receive(21)
        becomes(page, "return desk.incidents.has(facts[0]) && desk.incidents.has('i5')", True, made["id"])
        assert in_page(page, "return [live.counts.gaps, live.counts.boards]") == [1, 2]


def test_a_server_that_was_killed_and_started_again_leaves_no_gap(
    browser: Browser, dispatch_file: Path, tmp_path: Path
) -> None:
    path = Path(shutil.copy2(dispatch_file, tmp_path / "apart.db"))
    store = open_store(f"sqlite:///{path}")
    server = Apart(store)
    try:
        server.start()
        with open_desk(browser, server.address, language="en", may_say="ERR_|Failed to load") as page:
            becomes(page, "return live.counts.opened", 1)
            begun = in_page(page, _LISTEN)
            server.kill()
            page.locator("#offline").wait_for()
            assert "No word from the service for" in page.locator("#offline-text").inner_text()
            assert in_page(page, "return desk.incidents.size") > 0, "what was there stays"
            ids = [_received_while_down(store, seed) for seed in range(5)]
            server.start()
            becomes(page, "return desk.incidents.has(facts[0])", True, ids[-1])
            page.locator("#offline").wait_for(state="hidden")
            with store.read() as tx:
                last, stored = tx.stream.last(), tx.incidents.count()
            becomes(page, "return desk.event", last)
            assert page.evaluate("window.numbers") == list(range(begun + 1, last + 1))
            assert last - begun >= 5
            assert in_page(page, "return desk.incidents.size") == stored
            assert in_page(page, "return [live.counts.gaps, live.counts.repeated]") == [0, 0]
    finally:
        server.kill()
        store.close()


def _received_while_down(store: SqlStore, seed: int) -> str:
    now = datetime.now(UTC)
    (place,) = places(store, 1, 50 + seed)
    (ground,) = IncidentGround(store).find_many([place[0]], [place[1]], [now])
    assert ground is not None
    with store.write(act(at=now)) as tx:
        return tx.incidents.add(new_incident(place, ground, now, title=f"while down {seed}"), "dispatcher")[0].id
