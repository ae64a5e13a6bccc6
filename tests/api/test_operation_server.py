"""The running of the service in its own process: what its beginning and its end are worth, its log, its child."""

from __future__ import annotations

import io
import json
import logging
import os
import signal
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from fastapi import FastAPI

from api.http.observe import Observer, Seen
from api.operation.child import WatchedChild
from api.operation.door import open_door
from api.operation.figures import Figures
from api.operation.logs import ACCESS, end_log, log_answers, start_log
from api.operation.server import run_service
from api.operation.warm import LATE, warm_up
from api.usecases.plan_desk import Desk
from data.store import SqlStore
from tests.plan_kit import keep_plan
from tests.running import WAIT_S, is_running, wait_for
from tests.stores import embedded_store, migrated_file

__all__ = ["embedded_store", "migrated_file"]


def test_an_application_that_can_not_start_is_no_good_end() -> None:
    @asynccontextmanager
    async def broken(app: FastAPI) -> AsyncIterator[None]:
        raise ValueError("no")
        yield

    started: list[bool] = []
    with pytest.raises(RuntimeError):
        run_service(FastAPI(lifespan=broken), open_door("127.0.0.1", 0), started=lambda: started.append(True))
    assert started == []
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_signals_end_the_service_and_are_given_back_afterwards() -> None:
    ended: list[str] = []

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        ended.append("application")

    before = signal.getsignal(signal.SIGINT)
    run_service(
        FastAPI(lifespan=lifespan),
        open_door("127.0.0.1", 0),
        started=lambda: os.kill(os.getpid(), signal.SIGTERM),
        ending=lambda: ended.append("told"),
    )
    assert ended == ["told", "application"]
    assert signal.getsignal(signal.SIGINT) is before


SEEN = Seen("GET", "/v1/plans/{plan}", 200, 0.0123, "an-id", 345)


def test_a_line_of_the_log_is_json_for_machines_and_words_for_people() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    for stream in (io.StringIO(), Terminal()):
        observer = Observer()
        log = start_log(stream)
        try:
            log_answers(observer)
            observer.seen(SEEN)
            logging.getLogger("gridwright.test").warning("网格 %s", "甲")
        finally:
            end_log(log)
        lines = stream.getvalue().splitlines()
        assert len(lines) == 2
        if stream.isatty():
            assert lines[0].endswith("GET /v1/plans/{plan} 200 12.3 ms")
            assert lines[1].endswith("warning: 网格 甲")
        else:
            row = json.loads(lines[0])
            assert (row["route"], row["status"], row["ms"], row["request_id"]) == (SEEN.route, 200, 12.3, "an-id")
            assert json.loads(lines[1])["message"] == "网格 甲"
    assert ACCESS.name.startswith("gridwright")


def test_an_error_is_logged_with_its_trace_on_one_line() -> None:
    stream = io.StringIO()
    log = start_log(stream)
    try:
        raise KeyError("lost")
    except KeyError:
        logging.getLogger("gridwright.test").exception("it failed")
    finally:
        end_log(log)
    row = json.loads(stream.getvalue())
    assert row["level"] == "error"
    assert "KeyError: 'lost'" in row["trace"]


def test_invented_methods_make_no_series_of_their_own(embedded_store) -> None:
    figures = Figures(embedded_store)
    observer = Observer()
    figures.listen_to(observer)
    for method in ("GET", "BREW", "FOO", "x" * 100):
        observer.seen(Seen(method, "-", 405, 0.001, "id", 0))
    observer.failed(ValueError("x"), "id")
    text = figures.text().decode()
    assert 'gridwright_requests_total{method="other",route="-",status="405"} 3.0' in text
    assert "BREW" not in text
    assert "gridwright_unexpected_errors_total 1.0" in text


def test_a_store_that_is_away_is_a_figure_and_no_failure(embedded_store, tmp_path) -> None:
    figures = Figures(embedded_store)
    path = str(embedded_store.url.database)
    embedded_store.close()
    os.rename(path, tmp_path / "elsewhere")
    text = figures.text().decode()
    assert "gridwright_store_up 0.0" in text
    assert "gridwright_store_bytes" not in text


def test_a_child_is_started_again_when_it_dies_and_ended_even_when_it_will_not(tmp_path) -> None:
    note = tmp_path / "pids"
    code = (
        "import os, signal, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        f"open({str(note)!r}, 'a').write(f'{{os.getpid()}}\\n')\n"
        "time.sleep(600)"
    )
    child = WatchedChild([sys.executable, "-c", code], dict(os.environ))
    child.start()
    wait_for(lambda: note.exists() and note.read_text().count("\n") == 1, "the child")
    first = int(note.read_text().split()[0])
    assert child.pid == first
    os.kill(first, signal.SIGKILL)
    wait_for(lambda: note.read_text().count("\n") == 2, "another child")
    second = int(note.read_text().split()[1])
    child.end(patience_s=0.5)
    assert not is_running(second)
    assert child.pid is None
    assert "worker-watch" not in [thread.name for thread in threading.enumerate()]


def test_a_child_that_can_not_be_started_does_not_take_the_service_with_it() -> None:
    child = WatchedChild(["/no/such/program"], {})
    child.start()
    child.end()
    assert child.pid is None


def test_what_the_first_change_needs_is_there_to_be_loaded_beforehand(embedded_store: SqlStore, caplog) -> None:
    desk = Desk(embedded_store)
    warm_up(embedded_store, lambda: desk).join(WAIT_S)
    assert set(LATE) <= sys.modules.keys()
    assert "can not be loaded" not in caplog.text


def test_the_ground_of_the_plan_that_was_edited_last_is_laid_out_beforehand(embedded_store: SqlStore, caplog) -> None:
    plan = keep_plan(embedded_store)
    desk = Desk(embedded_store)
    warm_up(embedded_store, lambda: desk).join(WAIT_S)
    assert "can not be loaded" not in caplog.text
    place = desk.place(plan, "")
    assert place.kept("ground", lambda: pytest.fail("made again"))
