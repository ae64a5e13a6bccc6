"""What happens on the dispatcher's desk, as listeners are told: in order, once, without a gap, whatever is cut off."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from api.app import create_app
from api.operation.door import open_door
from api.operation.patience import Patient
from api.routes import incident_feed
from data.store import SqlStore
from data.store.rooms.incident_cards import incident_row
from tests.account_kit import make_site
from tests.incident_kit import many_incidents
from tests.incident_stream_kit import Message, applied, listening, messages, rows_of_board
from tests.running import running_service, wait_for
from tests.service_town import FIRST, put_town
from tests.stores import act, embedded_store, migrated_file, migrated_server, postgis_server, postgis_store, store

__all__ = ["embedded_store", "migrated_file", "migrated_server", "postgis_server", "postgis_store", "store"]
COUNTY = FIRST[:6]
WAIT_S = 120.0


@contextmanager
def served(store: SqlStore, app: FastAPI | None = None) -> Iterator[tuple[str, FastAPI]]:
    """The service with its own HTTP, in a thread."""
    app = app or create_app(store)
    door = open_door("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(app, http=Patient, log_level="error", access_log=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [door]}, daemon=True)
    thread.start()
    address = f"http://127.0.0.1:{door.getsockname()[1]}"
    try:
        assert httpx.get(f"{address}/healthz", timeout=WAIT_S).status_code == 200
        yield address, app
    finally:
        app.state.observer.drain()
        server.should_exit = True
        thread.join(WAIT_S)
        door.close()
        assert not thread.is_alive()


def town(store: SqlStore) -> None:
    put_town(store)
    many_incidents(store, 9, states=("feedback",))  # none that goes up a level by itself


def happen(store: SqlStore, n: int = 1, *, place: str = COUNTY, kind: str = "incident.changed") -> list[int]:
    """Events about one incident, in one change."""
    with store.write(act(at=datetime.now(UTC))) as tx:
        row = incident_row(tx.incidents.card("i1"))
        return [tx.stream.put(kind, "i1", row, county=place[:6], place=place, role="dispatcher") for _ in range(n)]


def last(store: SqlStore) -> int:
    with store.read() as tx:
        return tx.stream.last()


def take(stream: Iterator[Message], n: int) -> list[Message]:
    return [next(stream) for _ in range(n)]


def read_on(line: socket.socket) -> None:
    while line.recv(65_536):
        pass


def chain(told: list[Message], after: int) -> list[int]:
    """Numbers of messages, each of which names the one before."""
    for message in told:
        assert (message.data["after"], message.data["number"]) == (after, message.id)
        after = message.id
    return [message.id for message in told]


def test_what_happens_is_told_to_whoever_listens_and_keeps_the_board_up_to_date(store) -> None:
    town(store)
    with served(store) as (address, _):
        board = httpx.get(f"{address}/v1/incidents/board").json()
        with listening(address, after=board["event"]) as stream:
            moment = datetime.now(UTC)
            with store.write(act(at=moment)) as tx:
                tx.incidents.step("i2", "verified", "dispatcher", happened_at=moment)
            (told,) = take(stream, 1)
            assert (told.event, told.data["kind"], told.data["subject"]) == ("incident", "incident.step", "i2")
            assert (told.data["before"], told.data["after_state"]) == ("feedback", "verified")
            for id in ("i3", "i4"):
                with store.write(act(at=moment)) as tx:
                    tx.incidents.change(id, "system", told_as="incident.escalated", level=1)
            more = take(stream, 2)
        now = rows_of_board(httpx.get(f"{address}/v1/incidents/board").json())
    assert applied(board, [told, *more]) == now
    assert (now["i2"]["state"], now["i3"]["level"]) == ("verified", 1)


def test_a_server_database_wakes_the_service_by_itself(postgis_store, monkeypatch) -> None:
    monkeypatch.setattr(incident_feed, "_FULL_LOOK_S", 3600.0)
    town(postgis_store)
    start = last(postgis_store)
    with served(postgis_store) as (address, _), listening(address, after=start) as stream:
        for after in range(start, start + 3):
            happen(postgis_store)
            assert chain(take(stream, 1), after) == [after + 1]


def test_a_stream_that_was_cut_off_goes_on_where_it_was(store) -> None:
    town(store)
    start = last(store)
    numbers = happen(store, 30)
    with served(store) as (address, _):
        with listening(address, after=start) as stream:
            first = take(stream, 10)
        with listening(address, after=0, last_id=str(first[-1].id)) as stream:  # what a browser does: it says both
            second = take(stream, 20)
        late = happen(store, 3)
        with listening(address, last_id=str(second[-1].id)) as stream:
            third = take(stream, 3)
    assert chain([*first, *second, *third], start) == [*numbers, *late]


def test_the_service_is_killed_again_and_again_and_no_event_is_lost_or_told_twice(store, tmp_path: Path) -> None:
    town(store)
    url = store.url.render_as_string(hide_password=False)
    start = last(store)
    told: list[Message] = []
    numbers: list[int] = []
    for round_ in range(2 if store.kind == "embedded" else 1):
        with running_service(url, tmp_path) as service:
            known = told[-1].id if told else start
            with listening(service.address, last_id=str(known)) as stream:
                happened = happen(store, 5)
                told += take(stream, len(numbers) + 5 - len(told))
                numbers += happened
                numbers += happen(store, 4 + round_)  # perhaps on their way when it is killed
                service.kill()
                with suppress(httpx.TransportError):  # cut in the middle: read anew from the last that counted
                    told += list(stream)
    with running_service(url, tmp_path) as service, listening(service.address, after=told[-1].id) as stream:
        told += take(stream, len(numbers) - len(told))
    assert chain(told, start) == numbers


def test_everybody_is_told_of_their_own_part_and_in_one_chain(store, monkeypatch) -> None:
    monkeypatch.setenv("GRIDWRIGHT_SECRET", "for tests only: 0123456789abcdef0123456789")
    town(store)
    site = make_site(store)
    site.add("root", "admin")
    places = {"one": FIRST, "two": f"{FIRST[:-1]}9", "all": COUNTY}
    assert places["one"] != places["two"]
    keys = {}
    for name, place in places.items():
        site.add(name, "dispatcher", place)
        keys[name] = site.key(name)
    start = last(store)
    made = {name: [] for name in places}
    for n in range(12):
        name = ("one", "two", "all")[n % 3]
        made[name] += happen(store, place=places[name])
    (imported,) = happen(store, place=COUNTY, kind="incidents.imported")
    with served(store, site.app) as (address, _):
        for name in places:
            wanted = sorted(n for one in made.values() for n in one) if name == "all" else made[name]
            with listening(address, after=start, key=keys[name]) as stream:
                told = take(stream, len(wanted) + 1)
            assert chain(told, start) == [*wanted, imported]
            assert (told[-1].event, bool(told[-1].data["row"])) == ("import", name == "all")


def test_an_account_that_may_no_longer_listen_is_cut_off(embedded_store, monkeypatch) -> None:
    monkeypatch.setenv("GRIDWRIGHT_SECRET", "for tests only: 0123456789abcdef0123456789")
    monkeypatch.setattr(incident_feed, "WELCOME_S", 0.2)
    town(embedded_store)
    site = make_site(embedded_store, memory_s=0.0)
    site.add("root", "admin")
    site.add("desk", "dispatcher", COUNTY)
    key = site.key("desk")
    with served(embedded_store, site.app) as (address, _), listening(address, key=key) as stream:
        happen(embedded_store)
        assert take(stream, 1)
        with embedded_store.write(site.act("root")) as tx:
            tx.accounts.change("desk", is_disabled=True)
        assert list(stream) == []


@pytest.mark.parametrize("known", ["pruned", "of another store", "no number"])
def test_who_can_not_go_on_is_told_to_take_the_board_anew_and_then_goes_on(store, monkeypatch, known) -> None:
    monkeypatch.setattr(incident_feed, "_BEGIN", 3)
    town(store)
    happen(store, 10, kind="unit.moved")
    happen(store, 5)
    start = last(store)
    said = {"pruned": "1", "of another store": str(start + 50), "no number": "seven"}[known]
    if known == "pruned":
        with store.write(act()) as tx:
            tx.stream.forget_moves(datetime(2100, 1, 1, tzinfo=UTC))
            tx.connection.exec_driver_sql(f"delete from incident_events where number < {start - 4}")
    with served(store) as (address, _), listening(address, last_id=said) as stream:
        (told,) = take(stream, 1)
        assert (told.event, told.id) == ("resync", start)
        board = httpx.get(f"{address}/v1/incidents/board").json()
        assert board["event"] == start
        numbers = happen(store, 3)
        assert chain(take(stream, 3), start) == numbers


def test_who_has_fallen_behind_the_memory_of_the_service_reads_from_the_table(store, monkeypatch) -> None:
    monkeypatch.setattr(incident_feed, "_BEGIN", 20)
    monkeypatch.setattr(incident_feed, "_PAGE_BEHIND", 7)
    town(store)
    start = last(store)
    numbers = happen(store, 100)
    with served(store) as (address, _), listening(address, after=start) as stream:
        numbers += happen(store, 5)
        assert chain(take(stream, 105), start) == numbers


def test_who_only_asks_now_and_then_gets_what_there_is(store) -> None:
    town(store)
    start = last(store)
    numbers = happen(store, 4)
    with served(store) as (address, app):
        answer = httpx.get(f"{address}/v1/incidents/stream?after={start}&seconds=0", timeout=WAIT_S)
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert chain(list(messages(answer.text.split("\n"))), start) == numbers
        assert httpx.get(f"{address}/v1/incidents/stream?seconds=0", timeout=WAIT_S).text == ""
        with listening(address, after=start, seconds=1) as stream:
            assert chain(list(stream), start) == numbers  # and ends after a second
        assert httpx.head(f"{address}/v1/incidents/stream", timeout=WAIT_S).status_code == 200
        wait_for(lambda: app.state.desk_feed.n_listeners == 0, "the listeners to be let go")


def test_a_listener_that_never_reads_is_cut_off_and_holds_nothing(embedded_store, monkeypatch) -> None:
    monkeypatch.setattr(incident_feed, "SEND_S", 1.0)
    monkeypatch.setattr(incident_feed, "_BEGIN", 10)
    store = embedded_store
    town(store)
    start = last(store)
    happen(store, 4_000)
    with served(store) as (address, app), socket.socket() as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        host, port = address.removeprefix("http://").split(":")
        line.connect((host, int(port)))
        line.sendall(f"GET /v1/incidents/stream?after={start} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        feed = app.state.desk_feed
        wait_for(lambda: feed.n_listeners == 1, "the listener")
        with listening(address, after=start + 3_990) as stream:
            assert len(take(stream, 10)) == 10  # others are told all the same
            wait_for(lambda: feed.n_listeners == 1, "the one that does not read to be cut off")
            (number,) = happen(store)
            assert take(stream, 1)[0].id == number
        # Cut, not closed in good order: nothing that was on its way waits in the service for it to be read.
        with pytest.raises(ConnectionResetError):
            read_on(line)


def test_no_more_listen_than_the_service_can_hold(embedded_store, monkeypatch) -> None:
    monkeypatch.setattr(incident_feed, "MOST_LISTENERS", 3)
    town(embedded_store)
    with served(embedded_store) as (address, app):
        lines: list[Any] = [listening(address) for _ in range(3)]
        for line in lines:
            line.__enter__()
        wait_for(lambda: app.state.desk_feed.n_listeners == 3, "three listeners")
        refused = httpx.get(f"{address}/v1/incidents/stream", timeout=WAIT_S)
        assert (refused.status_code, refused.json()["code"]) == (503, "streams_full")
        for line in lines:
            line.__exit__(None, None, None)
        wait_for(lambda: app.state.desk_feed.n_listeners == 0, "the listeners to be let go")
        with listening(address) as stream:
            happen(embedded_store)
            assert take(stream, 1)


def test_streams_end_with_the_service_and_say_now_and_then_that_they_live(embedded_store, monkeypatch) -> None:
    monkeypatch.setattr(incident_feed, "ALIVE_S", 0.3)
    town(embedded_store)
    with (
        served(embedded_store) as (address, app),
        httpx.stream("GET", f"{address}/v1/incidents/stream", timeout=WAIT_S) as answer,
    ):
        lines = answer.iter_lines()
        assert next(lines) == "retry: 1000"
        while next(lines) != "event: alive":
            pass
        assert f'"after":{last(embedded_store)},' in next(lines)
        app.state.observer.drain()
        assert all(not line.startswith("data") for line in lines)


def test_positions_of_units_are_forgotten_after_an_hour(store) -> None:
    town(store)
    old = happen(store, 3, kind="unit.moved")
    kept = happen(store, 2)
    app = create_app(store)
    feed = incident_feed.DeskFeed(store, app.state.settings, lambda: False)
    feed._forget()
    with store.read() as tx:
        assert [event.number for event in tx.stream.since(old[0] - 1)] == [*old, *kept]
    with store.write(act()) as tx:
        tx.connection.exec_driver_sql("update incident_events set at = '2026-01-01T00:00:00.000000Z'")
    feed._forget()
    with store.read() as tx:
        assert [event.number for event in tx.stream.since(old[0] - 1)] == kept


def test_nothing_is_asked_of_the_store_while_nobody_listens(embedded_store, monkeypatch) -> None:
    town(embedded_store)
    asked = []
    real = incident_feed._read
    monkeypatch.setattr(incident_feed, "_read", lambda *facts: asked.append(1) or real(*facts))
    with served(embedded_store) as (address, app):
        time.sleep(0.6)
        assert asked == []
        with listening(address) as stream:
            happen(embedded_store)
            assert take(stream, 1)
        wait_for(lambda: app.state.desk_feed.n_listeners == 0, "the listener to be let go")
        assert asked
