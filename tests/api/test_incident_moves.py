"""An incident that is moved to another community, as listeners of both are told: each desk has what its store has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from api.routes import incident_feed
from data.store import SqlStore
from tests.account_kit import make_site
from tests.api.test_incident_stream import COUNTY, WAIT_S, last, served, take, town
from tests.incident_kit import put_unit
from tests.incident_stream_kit import Message, applied, listening, messages, rows_of_board
from tests.postgis import postgis_server
from tests.service_town import FIRST, SECOND, middle
from tests.stores import embedded_store, migrated_file, migrated_server, postgis_store, store

__all__ = ["embedded_store", "migrated_file", "migrated_server", "postgis_server", "postgis_store", "store"]
PLACES = {"first": FIRST, "second": SECOND, "town": FIRST[:9], "county": COUNTY}


class Office:
    """A service with a dispatcher of the county and one listener of every place."""

    def __init__(self, store: SqlStore, site: Any, address: str) -> None:
        self.store, self.address = store, address
        self.keys = {}
        for name, place in PLACES.items():
            site.add(name, "dispatcher", place)
            self.keys[name] = site.key(name)

    def call(self, method: str, path: str, who: str = "county", **more: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.keys[who]}"}
        answer = httpx.request(method, f"{self.address}{path}", headers=headers, timeout=WAIT_S, **more)
        assert answer.status_code < 300, answer.text
        return answer.json()

    def board(self, who: str) -> Any:
        return self.call("GET", "/v1/incidents/board", who)

    def move(self, id: str, letter: str) -> None:
        self.call("PATCH", f"/v1/incidents/{id}", json=dict(zip(("lon", "lat"), middle(letter), strict=True)))

    def count(self, who: str) -> int:
        return int(self.call("GET", "/v1/incidents", who)["count"])


@pytest.fixture
def office(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    monkeypatch.setenv("GRIDWRIGHT_SECRET", "for tests only: 0123456789abcdef0123456789")
    town(store)
    site = make_site(store)
    site.add("root", "admin")
    with served(store, site.app) as (address, _):
        yield Office(store, site, address)


def assert_true(office: Office, who: str, board: Any, told: list[Message]) -> None:
    """The board that a listener had, with what it was told since, is the board that it would be given now."""
    kept = applied(board, told)
    now = office.board(who)
    assert kept == rows_of_board(now)
    assert len(kept) == now["count"] == office.count(who)


@pytest.mark.parametrize("way", ["live", "from memory", "from the table", "asked now and then"])
def test_whoever_sees_the_former_place_alone_is_told_that_it_left(office: Office, monkeypatch, way: str) -> None:
    if way == "from the table":
        monkeypatch.setattr(incident_feed, "_BEGIN", 0)
    there = dict(zip(("lon", "lat"), middle("A"), strict=True))
    id = office.call("POST", "/v1/incidents", json={**there, "kind": "道路积水"})["id"]
    boards = {who: office.board(who) for who in PLACES}
    start = last(office.store)
    wanted = {
        "first": ["incident.left", "incident.changed"],
        "second": ["incident.changed", "incident.left"],
        "town": ["incident.changed"] * 2,
        "county": ["incident.changed"] * 2,
    }
    told: dict[str, list[Message]] = {}
    if way == "live":
        lines = {who: listening(office.address, after=start, key=key) for who, key in office.keys.items()}
        streams = {who: line.__enter__() for who, line in lines.items()}
        office.move(id, "C")
        told = {who: take(stream, 1) for who, stream in streams.items()}
        for who in PLACES:
            assert_true(office, who, boards[who], told[who])
        office.move(id, "B")
        told = {who: told[who] + take(stream, 1) for who, stream in streams.items()}
        for line in lines.values():
            line.__exit__(None, None, None)
    else:
        office.move(id, "C")
        office.move(id, "B")
        for who, key in office.keys.items():
            if way == "asked now and then":
                url, headers = f"{office.address}/v1/incidents/stream", {"Authorization": f"Bearer {key}"}
                text = httpx.get(url, params={"after": start, "seconds": 0}, headers=headers, timeout=WAIT_S).text
                told[who] = list(messages(text.split("\n")))
            else:
                with listening(office.address, last_id=str(start), key=key) as stream:
                    told[who] = take(stream, 2)
    assert {who: [one.data["kind"] for one in of_one] for who, of_one in told.items()} == wanted
    for who in PLACES:
        assert_true(office, who, boards[who], told[who])
    gone = next(one.data for one in told["first"] if one.data["kind"] == "incident.left")
    assert gone["row"] == {"id": id, "revision": 2}
    assert not any(SECOND in str(value) for value in gone.values())


def test_who_was_away_is_told_nothing_of_where_it_went_on(office: Office) -> None:
    there = dict(zip(("lon", "lat"), middle("A"), strict=True))
    id = office.call("POST", "/v1/incidents", json={**there, "kind": "道路积水"})["id"]
    board, start = office.board("first"), last(office.store)
    office.move(id, "C")
    office.call("POST", f"/v1/incidents/{id}/transitions", "second", json={"to": "assessed"})
    office.move(id, "D")
    with listening(office.address, last_id=str(start), key=office.keys["first"], seconds=1) as stream:
        told = list(stream)
    assert [one.data["kind"] for one in told] == ["incident.left"]
    assert_true(office, "first", board, told)


def test_a_unit_that_belongs_to_another_community_leaves_the_desk_of_the_former(office: Office) -> None:
    put_unit(office.store, "car-1", middle("A"), place=FIRST)
    start = last(office.store)
    assert [one["id"] for one in office.board("first")["units"]] == ["car-1"]
    unit = {"name": "巡逻", "kind": "patrol", "mode": "foot", "place": SECOND, "skills": []}
    office.call("PUT", "/v1/units/car-1", json=unit)
    kinds = {}
    for who in ("first", "second", "county"):
        with listening(office.address, after=start, key=office.keys[who]) as stream:
            (told,) = take(stream, 1)
        kinds[who] = told.data["kind"]
        assert told.event == "unit"
    assert kinds == {"first": "unit.left", "second": "unit.changed", "county": "unit.changed"}
    assert office.board("first")["units"] == []
