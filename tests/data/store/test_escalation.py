"""Overdue incidents go up level by level: each step once, in order, whoever looks and whatever happened meanwhile."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

from api.usecases.escalate_incidents import escalate_overdue
from data.store import SqlStore
from data.store.rooms.incident_cards import Ground, IncidentCard
from tests.incident_kit import new_incident
from tests.postgis import postgis_server
from tests.stores import act, embedded_store, migrated_file, migrated_server, postgis_store, store

__all__ = ["embedded_store", "migrated_file", "migrated_server", "postgis_server", "postgis_store", "store"]
NOW = datetime(2026, 11, 20, 2, tzinfo=UTC)
GROUND = Ground("330402", "330402015001")
ROOT = Path(__file__).resolve().parents[3]


def after(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


def take_in(store: SqlStore, n: int = 1) -> list[str]:
    """Urgent incidents of this moment: assessed within a minute, and then a level every quarter of an hour."""
    with store.write(act(at=NOW)) as tx:
        new = new_incident((120.7, 30.7), GROUND, NOW, priority=1)
        return [tx.incidents.add(new, "dispatcher")[0].id for _ in range(n)]


def card(store: SqlStore, id: str) -> IncidentCard:
    with store.read() as tx:
        return tx.incidents.card(id)


def levels(store: SqlStore, id: str) -> list[int]:
    """Levels an incident was brought to, in the order of the events."""
    with store.read() as tx:
        return [e.data["level"] for e in tx.incidents.history(id) if e.kind == "incident.escalated"]


def test_nothing_goes_up_before_its_time_and_each_level_once(store: SqlStore) -> None:
    (id,) = take_in(store)
    assert escalate_overdue(store, after(0.9)) == 0
    assert escalate_overdue(store, after(1)) == 1
    assert escalate_overdue(store, after(1)) == 0
    assert (card(store, id).level, card(store, id).escalate_at) == (1, after(16))
    assert escalate_overdue(store, after(17)) == 1
    assert levels(store, id) == [1, 2]


def test_after_a_long_outage_the_levels_are_caught_up_in_order_with_an_event_each(store: SqlStore) -> None:
    ids = take_in(store, 3)
    assert escalate_overdue(store, after(60 * 24 * 30)) == 9
    for id in ids:
        assert levels(store, id) == [1, 2, 3]
        assert card(store, id).escalate_at is None
    with store.read() as tx:
        events = tx.stream.since(0)
    assert [event.number for event in events] == list(range(1, len(events) + 1))
    assert {(e.who, e.role, e.reason) for e in events if e.kind == "incident.escalated"} == {
        ("system", "system", "assess")
    }


def test_what_is_done_in_time_does_not_go_up_and_another_deadline_starts_anew(store: SqlStore) -> None:
    (id,) = take_in(store)
    with store.write(act(at=NOW)) as tx:
        tx.incidents.step(id, "assessed", "dispatcher", happened_at=NOW, escalate_at=None)
    assert escalate_overdue(store, after(60 * 24)) == 0
    assert card(store, id).level == 0


def test_two_who_look_at_once_make_each_step_once(store: SqlStore) -> None:
    ids = take_in(store, 20)
    made: list[int] = []
    start = threading.Barrier(3)

    def look() -> None:
        start.wait()
        made.append(escalate_overdue(store, after(20)))

    threads = [threading.Thread(target=look) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(made) == 40
    assert [levels(store, id) for id in ids] == [[1, 2]] * 20


_WORK = """
import sys, time
from datetime import datetime
from api.usecases import escalate_incidents as work
from data.store import open_store
url, at = sys.argv[1], datetime.fromisoformat(sys.argv[2])
raise_one, n = work._raise, 0
def slowly(tx, id, now):
    global n
    made = raise_one(tx, id, now)
    n += 1
    if n == 5:
        print("in the middle", flush=True)
        time.sleep(60)
    return made
work._raise, work.MOST_AT_ONCE = slowly, 3
work.escalate_overdue(open_store(url), at)
"""


def test_a_process_killed_in_the_middle_leaves_whole_steps_and_the_next_one_makes_the_rest(store: SqlStore) -> None:
    ids = take_in(store, 8)
    url = store.url.render_as_string(hide_password=False)
    command = [sys.executable, "-c", _WORK, url, after(2).isoformat()]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "in the middle\n"
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
    assert [levels(store, id) for id in ids] == [[1]] * 3 + [
        []
    ] * 5  # the first batch of three is kept, the rest undone
    assert escalate_overdue(store, after(2)) == 5
    assert [levels(store, id) for id in ids] == [[1]] * 8
