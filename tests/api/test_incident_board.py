"""The board of the dispatcher's desk: everything that is open, as of one number of the stream, and what follows it."""

from __future__ import annotations

import random
import zlib
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.http.settings import ServiceSettings
from api.routes.incident_feed import poll
from api.usecases.escalate_incidents import escalate_overdue
from api.usecases.incident_board import board_of, since_of
from api.usecases.incident_ground import IncidentGround
from data.store import SqlStore
from gis.errors import Conflict
from partition.incidents.flow import NEXT, OPEN, STATES
from tests.account_kit import make_site
from tests.incident_kit import NOW, a_place, many_incidents, new_incident, places, put_unit
from tests.incident_stream_kit import applied, messages, rows_of_board
from tests.service_town import FIRST, put_town
from tests.stores import act, embedded_store, migrated_file, migrated_server, postgis_server, postgis_store, store

__all__ = ["embedded_store", "migrated_file", "migrated_server", "postgis_server", "postgis_store", "store"]
COUNTY = FIRST[:6]


def board(store: SqlStore, now: Any = NOW, **options: Any) -> dict[str, Any]:
    with store.read(options.pop("jurisdiction", "")) as tx:
        return board_of(tx, now, since_of(now, options.get("since")), tx.stream.last())


def client_of(store: SqlStore) -> TestClient:
    return TestClient(create_app(store, ServiceSettings(now=lambda: NOW)), base_url="http://127.0.0.1")


def walk(store: SqlStore, n: int, seed: int) -> None:
    """Incidents come in, go from state to state, up and down, to units and away from them."""
    chance = random.Random(seed)
    spots = places(store, 40, seed)
    ground = IncidentGround(store)
    ids: list[str] = []
    units = [put_unit(store, f"u{k}-{seed}", spots[k]).id for k in range(2)]
    for k in range(n):
        at = NOW + timedelta(seconds=seed * 1_000 + k, microseconds=chance.randrange(1_000_000))
        try:
            with store.write(act(at=at)) as tx:
                what = chance.random()
                if what < 0.3 or not ids:
                    spot = chance.choice(spots)
                    found = ground.find(*spot, at, "")
                    new = new_incident(spot, found, at, priority=chance.choice((1, 2, 3)), title=f"第{k}件")
                    ids.append(tx.incidents.add(new, "dispatcher")[0].id)
                elif what < 0.45:
                    tx.units.set(chance.choice(units), "patrol", kind="unit.moved", lon=spots[0][0], lat=spots[0][1])
                elif what < 0.6:
                    tx.incidents.change(chance.choice(ids), "dispatcher", level=chance.randrange(4))
                else:
                    id = chance.choice(ids)
                    after = chance.choice(NEXT[tx.incidents.card(id).state])
                    unit = chance.choice(units) if after == "dispatched" else None
                    body = "城管" if after == "assigned" else None
                    tx.incidents.step(id, after, "dispatcher", happened_at=at, unit=unit, body=body, result="settled")
        except Conflict:
            pass  # the unit is taken; nothing of it is kept, no event either


def test_the_board_shows_what_is_open_and_what_ended_within_a_day(store) -> None:
    put_town(store)
    many_incidents(store, 90, days=0.5)
    many_incidents(store, 45, seed=2, now=NOW - timedelta(days=2), days=0.5)
    told = board(store)
    rows = rows_of_board(told)
    states = [row["state"] for row in rows.values()]
    assert told["count"] == len(rows) == 90 + 45 * len(OPEN) // len(STATES)
    assert (states.count("closed"), states.count("cancelled")) == (10, 10)
    assert list(rows) == sorted(rows, key=lambda id: int(id[1:]))
    with store.read() as tx:
        for card in tx.incidents.cards(limit=20):
            row = rows[card.id]
            assert (row["kind"], row["grid"], row["community"]) == (card.kind, card.grid, card.community)
            assert row["received_at"] == int(card.received_at.timestamp())
            runs = {"received": card.assess_due_at, "arrived": card.due_at}.get(card.state, card.arrive_due_at)
            is_running = card.state in STATES[:5]
            assert row["clock_at"] == (int(runs.timestamp()) if is_running else None)
            assert (row["closed_at"] is None) == (card.state in OPEN)
    longer = board(store, since=NOW - timedelta(days=4))
    assert longer["count"] == 135
    assert board(store, since=NOW)["count"] == told["count"]  # never less than a day


@pytest.mark.parametrize("seed", [1, 2])
def test_a_board_and_the_events_after_it_are_the_later_board(store, seed) -> None:
    put_town(store)
    walk(store, 60, seed)
    first = board(store)
    told: list[Any] = []
    for part in range(1, 4):
        walk(store, 40, seed + 10 * part)
        number = told[-1].id if told else first["event"]
        told += messages(poll(store, "", number).decode().split("\n"))
        later = board(store)
        assert told[-1].id == later["event"]
        assert applied(first, told) == rows_of_board(later)


def test_a_board_of_ten_thousand_is_small(embedded_store) -> None:
    put_town(embedded_store)
    titles = [f"某某路与某某街路口东南侧第{i}号井盖缺失,影响通行" for i in range(2_000)]
    many_incidents(embedded_store, 10_000, days=0.9, titles=titles)
    with client_of(embedded_store) as client:
        answer = client.get("/v1/incidents/board", headers={"Accept-Encoding": "identity"})
        assert answer.json()["count"] == len(answer.json()["columns"]["id"]) == 10_000
        assert len(zlib.compress(answer.content, 5)) < 300_000


def test_a_board_that_did_not_change_is_not_sent_again(store) -> None:
    put_town(store)
    many_incidents(store, 9)
    escalate_overdue(store, NOW)  # as the service does as soon as it runs, and that is a change
    with client_of(store) as client:
        first = client.get("/v1/incidents/board")
        assert first.json()["now"] == "2026-11-22T08:00:00.000Z"
        again = client.get("/v1/incidents/board", headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        other = client.get("/v1/incidents/board?since=2026-11-01", headers={"If-None-Match": first.headers["etag"]})
        assert other.status_code == 200
        many_incidents(store, 1, seed=5)
        later = client.get("/v1/incidents/board", headers={"If-None-Match": first.headers["etag"]})
        assert (later.status_code, later.json()["count"]) == (200, first.json()["count"] + 1)


@pytest.mark.parametrize("since", ["yesterday", "2026-13-01", "", "1"])
def test_a_moment_that_is_none_is_refused(embedded_store, since) -> None:
    with client_of(embedded_store) as client:
        answer = client.get("/v1/incidents/board", params={"since": since})
        assert answer.status_code == 400, answer.text


def test_everybody_sees_their_own_part_of_the_board(store) -> None:
    put_town(store)
    many_incidents(store, 30)
    put_unit(store, "u1", a_place(store))
    parts = {place: rows_of_board(board(store, jurisdiction=place)) for place in (COUNTY, FIRST, "999999")}
    assert {row["community"] for row in parts[FIRST].values()} == {FIRST}
    assert (len(parts[COUNTY]), len(parts["999999"])) == (30, 0)
    assert [unit["id"] for unit in board(store, jurisdiction=COUNTY)["units"]] == ["u1"]
    assert board(store, jurisdiction=FIRST)["units"] == []


def test_only_some_roles_read_the_board_and_the_stream(embedded_store, monkeypatch) -> None:
    monkeypatch.setenv("GRIDWRIGHT_SECRET", "for tests only: 0123456789abcdef0123456789")
    site = make_site(embedded_store)
    site.add("root", "admin")
    for role, status in (("lookup", 403), ("dispatcher", 200), ("patrol", 200)):
        site.add(role, role, COUNTY)
        client = site.client(site.key(role))
        for path in ("/v1/incidents/board", "/v1/incidents/stream?seconds=0"):
            assert client.get(path).status_code == status
