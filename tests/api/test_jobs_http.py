"""Jobs over HTTP: asking once, watching by stream, cancelling; and what is refused."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi.testclient import TestClient

from api.app import ServiceSettings, create_app
from api.operation.door import open_door
from api.routes import jobs as room
from api.routes import sse
from data.store import SqlStore
from gis.errors import Fault
from tests.job_kit import by, card_of, now, wait_for
from tests.service_town import FIRST, put_town
from tests.stores import embedded_store, migrated_file, migrated_server, postgis_server, postgis_store, store

__all__ = ["embedded_store", "migrated_file", "migrated_server", "postgis_server", "postgis_store", "store"]
COUNTY = FIRST[:6]


@pytest.fixture
def plan(store: SqlStore) -> str:
    return put_town(store)


@pytest.fixture
def client(store: SqlStore, plan: str) -> Iterator[TestClient]:
    with TestClient(create_app(store)) as found:
        yield found


def ask(client: TestClient, **options: Any) -> dict[str, Any]:
    answer = client.post("/v1/draw", json={"county": COUNTY, **options})
    assert answer.status_code == 202, answer.text
    return answer.json()


def events(text: str) -> list[tuple[int, str, dict[str, Any]]]:
    """What a stream said, as (number, kind, data)."""
    found = []
    for block in text.split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if "id" in lines:
            found.append((int(lines["id"]), lines["event"], json.loads(lines["data"])))
    return found


def test_a_draw_is_asked_for_and_answered_at_once(client, store) -> None:
    answer = client.post("/v1/draw", json={"county": COUNTY, "seed": 7, "rules": {"min_households": 250}})
    assert answer.status_code == 202
    job = answer.json()
    assert answer.headers["location"] == f"/v1/jobs/{job['id']}"
    assert (job["state"], job["kind"], job["who"], job["place"]) == ("queued", "draw", "local", COUNTY)
    kept = card_of(store, job["id"])
    assert kept.params["seed"] == 7
    assert "min_households = 250" in kept.params["rules"]
    shown = client.get(answer.headers["location"])
    assert shown.json() == job
    assert shown.headers["cache-control"] == "no-store"


def test_a_territory_may_be_named_instead_of_a_county(client, store) -> None:
    with store.read() as tx:
        territory = tx.territories.current(COUNTY).id
    answer = client.post("/v1/draw", json={"territory": territory, "name": "夏季方案"})
    assert card_of(store, answer.json()["id"]).params["name"] == "夏季方案"


def test_the_same_request_with_the_same_key_is_one_job(client) -> None:
    answers = [client.post("/v1/draw", json={"county": COUNTY}, headers={"Idempotency-Key": "k1"}) for _ in range(3)]
    assert len({answer.text for answer in answers}) == 1
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.headers["location"] for answer in answers}) == 1
    assert len(client.get("/v1/jobs").json()["jobs"]) == 1
    other = client.post("/v1/draw", json={"county": COUNTY, "seed": 1}, headers={"Idempotency-Key": "k1"})
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")


def test_a_redraw_takes_the_locks_and_the_revision_of_its_plan(client, store, plan) -> None:
    with store.read() as tx:
        grid = str(tx.plans.load(plan).grids["code"].iloc[0])
    with store.write(by()) as tx:
        draft = tx.plans.save(tx.plans.load(plan), territory_id=tx.plans.card(plan).territory, name="d").id
        tx.life.add_locks(draft, [grid])
        revision = tx.plans.card(draft).revision
    body = {"plan": draft, "locks": [f"community:{FIRST}", grid], "change_weight": 5}
    answer = client.post("/v1/redraw", json=body)
    assert answer.status_code == 202, answer.text
    params = card_of(store, answer.json()["id"]).params
    assert params["locks"] == [grid, f"community:{FIRST}"]
    assert (params["plan"], params["revision"], params["change_weight"]) == (draft, revision, 5.0)


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/v1/draw", {}, 422, "job_place_needed"),
        ("/v1/draw", {"county": COUNTY, "territory": "x"}, 422, "job_place_needed"),
        ("/v1/draw", {"county": COUNTY, "seeds": 1}, 422, "parameter_wrong"),
        ("/v1/draw", {"county": COUNTY, "seed": "1"}, 422, "parameter_wrong"),
        ("/v1/draw", {"county": COUNTY, "seed": -1}, 422, "parameter_wrong"),
        ("/v1/draw", {"county": COUNTY, "seconds": 0}, 422, "parameter_wrong"),
        ("/v1/draw", {"county": COUNTY, "rules": {"max_households": 1}}, 422, "rules_band_empty"),
        ("/v1/draw", {"county": COUNTY, "rules": {"preset": "none"}}, 422, "rules_unknown_preset"),
        ("/v1/draw", {"county": COUNTY, "rules": {"weight_street": -1}}, 422, "parameter_wrong"),
        ("/v1/draw", {"county": "999999"}, 404, "territory_unknown"),
        ("/v1/draw", {"territory": "0123456789abcdef"}, 404, "territory_unknown"),
        ("/v1/redraw", {"plan": "pnothing"}, 404, "plan_unknown"),
        ("/v1/redraw", {}, 422, "parameter_missing"),
    ],
)
def test_what_makes_no_sense_is_refused_and_no_job_is_made(embedded_store, path, body, status, code) -> None:
    put_town(embedded_store)
    with TestClient(create_app(embedded_store)) as client:
        answer = client.post(path, json=body)
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
        assert client.get("/v1/jobs").json() == {"jobs": [], "next": None}


def test_numbers_that_are_none_are_refused(embedded_store) -> None:
    put_town(embedded_store)
    with TestClient(create_app(embedded_store)) as client:
        for text in ("NaN", "Infinity", "1e400"):
            body = f'{{"county": "{COUNTY}", "seconds": {text}}}'
            answer = client.post("/v1/draw", content=body, headers={"Content-Type": "application/json"})
            assert answer.status_code in (400, 422), answer.text


def test_an_account_can_not_fill_the_queue(embedded_store, monkeypatch) -> None:
    put_town(embedded_store)
    monkeypatch.setattr(room, "MOST_WAITING", 2)
    with TestClient(create_app(embedded_store)) as client:
        for _ in range(2):
            ask(client)
        answer = client.post("/v1/draw", json={"county": COUNTY})
        assert (answer.status_code, answer.json()["code"]) == (429, "jobs_too_many")
        assert answer.headers["retry-after"] == "60"


def test_jobs_are_listed_by_state_and_page(client) -> None:
    jobs = [ask(client, seed=n)["id"] for n in range(3)]
    client.delete(f"/v1/jobs/{jobs[1]}")
    assert [job["id"] for job in client.get("/v1/jobs?state=cancelled").json()["jobs"]] == [jobs[1]]
    found, before = [], ""
    for _ in range(5):
        page = client.get(f"/v1/jobs?limit=2{before}").json()
        found += [job["id"] for job in page["jobs"]]
        if page["next"] is None:
            break
        before = f"&before={page['next']}"
    assert sorted(found) == sorted(jobs)


@pytest.mark.parametrize(("method", "tail"), [("DELETE", ""), ("POST", "/cancel")])
def test_a_job_is_cancelled(client, method, tail) -> None:
    job = ask(client)["id"]
    for _ in range(2):  # cancelled twice is cancelled once
        answer = client.request(method, f"/v1/jobs/{job}{tail}")
        assert (answer.status_code, answer.json()["state"]) == (202, "cancelled")


def test_a_job_that_is_done_can_not_be_cancelled(client, store) -> None:
    job = ask(client)["id"]
    with store.write(by("worker")) as tx:
        tx.jobs.claim("w", silent_since=now())
        tx.jobs.fail(job, "w", [Fault("job_failed", {"measured": "ZeroDivisionError"})])
    answer = client.delete(f"/v1/jobs/{job}")
    assert (answer.status_code, answer.json()["code"]) == (409, "job_ended")
    chinese = client.get(f"/v1/jobs/{job}", headers={"Accept-Language": "zh"}).json()
    assert chinese["faults"][0]["code"] == "job_failed"
    assert "任务" in chinese["faults"][0]["message"]


def test_how_far_a_job_is_is_told_in_the_readers_language(client, store) -> None:
    job = ask(client)["id"]
    with store.write(by("worker")) as tx:
        tx.jobs.claim("w", silent_since=now())
        progress = {"stage": "stage_draw", "done": 2, "total": 8, "spent_s": 3.5}
        tx.jobs.beat(job, "w", progress=progress)
    shown = client.get(f"/v1/jobs/{job}", headers={"Accept-Language": "en"}).json()
    assert (shown["stage"], shown["done"], shown["total"], shown["share"]) == ("stage_draw", 2, 8, 0.25)
    assert shown["text"] == "Cutting communities into grids"
    assert client.get(f"/v1/jobs/{job}", headers={"Accept-Language": "zh"}).json()["text"] != shown["text"]


def test_the_events_of_an_ended_job_are_told_once_and_the_browser_told_to_stop(client) -> None:
    job = ask(client)["id"]
    client.delete(f"/v1/jobs/{job}")
    answer = client.get(f"/v1/jobs/{job}/events", headers={"Accept": "text/event-stream"})
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert [(number, kind) for number, kind, _ in events(answer.text)] == [(1, "queued"), (2, "cancelled")]
    rest = client.get(f"/v1/jobs/{job}/events", headers={"Last-Event-ID": "1"})
    assert [kind for _, kind, _ in events(rest.text)] == ["cancelled"]
    assert client.get(f"/v1/jobs/{job}/events?after=1").text == rest.text
    # 204 is what keeps an EventSource from connecting for ever.
    assert client.get(f"/v1/jobs/{job}/events", headers={"Last-Event-ID": "2"}).status_code == 204
    assert client.get(f"/v1/jobs/{job}/events", headers={"Last-Event-ID": "strange"}).status_code == 200


def test_there_are_no_events_of_what_does_not_exist(client) -> None:
    answer = client.get("/v1/jobs/jnothing/events")
    assert (answer.status_code, answer.json()["code"]) == (404, "job_unknown")
    assert client.get("/v1/jobs/jnothing").status_code == 404
    assert client.delete("/v1/jobs/jnothing").status_code == 404


@contextmanager
def served(store: SqlStore) -> Iterator[tuple[str, Any]]:
    """The service on a free port of this machine; its address and application."""
    app = create_app(store, ServiceSettings())
    door = open_door("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="on", timeout_graceful_shutdown=60))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [door]})
    thread.start()
    try:
        wait_for(lambda: server.started, "the service")
        yield f"http://127.0.0.1:{door.getsockname()[1]}", app
    finally:
        server.should_exit = True
        thread.join()
        door.close()


def test_a_stream_tells_what_happens_as_it_happens_and_ends_with_the_job(store) -> None:
    put_town(store)
    with served(store) as (address, _):
        job = httpx.post(f"{address}/v1/draw", json={"county": COUNTY}).json()["id"]
        with httpx.stream("GET", f"{address}/v1/jobs/{job}/events", timeout=120) as answer:
            lines = (line for line in answer.iter_lines() if line.startswith("event: "))
            assert next(lines) == "event: queued"
            with store.write(by("worker")) as tx:
                tx.jobs.claim("w", silent_since=now())
            assert next(lines) == "event: started"
            with store.write(by("worker")) as tx:
                tx.jobs.beat(job, "w", events=[("stage", {"stage": "stage_draw", "total": 3})])
                tx.jobs.finish(job, "w", {"plan": "p1"})
            assert list(lines) == ["event: stage", "event: done"]


def test_a_stream_that_was_cut_off_goes_on_where_it_was_also_after_a_restart(store) -> None:
    put_town(store)
    with served(store) as (address, _):
        job = httpx.post(f"{address}/v1/draw", json={"county": COUNTY}).json()["id"]
        with store.write(by("worker")) as tx:
            tx.jobs.claim("w", silent_since=now())
        seen = []
        with httpx.stream("GET", f"{address}/v1/jobs/{job}/events", timeout=120) as answer:
            for line in answer.iter_lines():
                if line.startswith("id: "):
                    seen.append(int(line[4:]))
                    break
    with store.write(by("worker")) as tx:
        tx.jobs.beat(job, "w", events=[("progress", {"done": n}) for n in range(5)])
        tx.jobs.finish(job, "w", {"plan": "p1"})
    with served(store) as (address, _):
        answer = httpx.get(f"{address}/v1/jobs/{job}/events", headers={"Last-Event-ID": str(seen[-1])}, timeout=120)
        seen += [number for number, _, _ in events(answer.text)]
    assert seen == list(range(1, 9))


def test_many_listeners_share_one_poll_and_no_thread(embedded_store, monkeypatch) -> None:
    store = embedded_store
    put_town(store)
    n_listeners = 100
    monkeypatch.setattr(sse, "MOST_LISTENERS", n_listeners)
    with served(store) as (address, app):
        job = httpx.post(f"{address}/v1/draw", json={"county": COUNTY}).json()["id"]
        threads_before = threading.active_count()
        most_threads = 0

        async def listen(client: httpx.AsyncClient) -> list[str]:
            async with client.stream("GET", f"{address}/v1/jobs/{job}/events") as answer:
                assert answer.status_code == 200
                return [line async for line in answer.aiter_lines() if line.startswith("event: ")]

        async def all_listen() -> list[list[str]]:
            nonlocal most_threads
            limits = httpx.Limits(max_connections=n_listeners + 10)
            async with httpx.AsyncClient(limits=limits, timeout=180) as client:
                tasks = [asyncio.create_task(listen(client)) for _ in range(n_listeners)]
                for _ in range(6_000):
                    if app.state.job_feed.n_listeners == n_listeners:
                        break
                    await asyncio.sleep(0.02)
                assert app.state.job_feed.n_listeners == n_listeners
                most_threads = threading.active_count()
                refused = await client.get(f"{address}/v1/jobs/{job}/events")
                assert (refused.status_code, refused.json()["code"]) == (503, "streams_full")
                (await client.delete(f"{address}/v1/jobs/{job}")).raise_for_status()
                return await asyncio.gather(*tasks)

        found = asyncio.run(all_listen())
        assert found == [["event: queued", "event: cancelled"]] * n_listeners
        # Streams hold none; the pool of the service for short work has at most 40.
        assert most_threads - threads_before <= 45
        wait_for(lambda: app.state.job_feed.n_listeners == 0, "the streams to be let go")


def test_streams_end_when_the_service_is_told_to_end(embedded_store) -> None:
    put_town(embedded_store)
    with served(embedded_store) as (address, app):
        job = httpx.post(f"{address}/v1/draw", json={"county": COUNTY}).json()["id"]
        with httpx.stream("GET", f"{address}/v1/jobs/{job}/events", timeout=120) as answer:
            lines = answer.iter_lines()
            while next(lines) != "event: queued":
                pass
            app.state.observer.drain()
            assert all(not line.startswith("event: ") for line in lines)


def test_a_listener_that_has_gone_is_let_go(embedded_store, monkeypatch) -> None:
    monkeypatch.setattr(sse, "ALIVE_S", 0.2)
    put_town(embedded_store)
    with served(embedded_store) as (address, app):
        job = httpx.post(f"{address}/v1/draw", json={"county": COUNTY}).json()["id"]
        with httpx.stream("GET", f"{address}/v1/jobs/{job}/events", timeout=120) as answer:
            lines = answer.iter_lines()
            while next(lines) != ": still here":
                pass
            assert app.state.job_feed.n_listeners == 1
        wait_for(lambda: app.state.job_feed.n_listeners == 0, "the stream to be let go")


def test_a_listener_that_does_not_read_is_cut_off_and_the_others_are_not(embedded_store, monkeypatch) -> None:
    monkeypatch.setattr(sse, "_MOST_WAITING", 3)
    store = embedded_store
    put_town(store)
    with store.write(by()) as tx:
        job = tx.jobs.ask("draw", {}, place=COUNTY).id
        tx.jobs.claim("w", silent_since=now())
        tx.jobs.beat(job, "w", events=[("progress", {"done": n}) for n in range(10)])

    async def look() -> list[bytes]:
        feed = sse.JobFeed(store, lambda: False)
        task = asyncio.create_task(feed.run())
        stream = feed.stream(job, 0, "en")
        try:
            first = await anext(stream)
            for _ in range(6_000):  # everything is there, and it reads nothing
                if not feed.n_listeners:
                    break
                await asyncio.sleep(0.01)
            return [first] + [text async for text in stream]
        finally:
            task.cancel()

    assert asyncio.run(look()) == [b"retry: 2000\n\n"]
