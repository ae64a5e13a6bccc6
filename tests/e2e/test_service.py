"""The service as people run it: how it starts, what it tells, how it ends."""

from __future__ import annotations

import os
import re
import signal
import socket
import sqlite3
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from api.cli import main
from tests.drawn_town import drawn_town, loaded_file, town_store
from tests.running import WAIT_S, children, is_running, running_service, wait_for

__all__ = ["drawn_town", "loaded_file", "town_store"]


@pytest.fixture
def address(town_store: Path) -> str:
    return f"sqlite:///{town_store}"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_service_starts_answers_and_ends_with_status_0(number, address, tmp_path) -> None:
    with running_service(address, tmp_path) as service:
        assert service.get("/healthz").json() == {"status": "ok"}
        assert service.get("/collections/grids/items?limit=1").json()["numberReturned"] == 1
        assert service.end(number) == 0
        assert "Traceback" not in service.said.read_text()


def test_the_log_has_a_line_a_request_with_its_id_and_nothing_of_who_asked_or_for_what(address, tmp_path) -> None:
    with running_service(address, tmp_path) as service:
        answer = service.get(
            "/collections/grids/items/330402015006001",
            params={"q": "secret-question"},
            headers={"Authorization": "Bearer gw_secret-key", "User-Agent": "secret-agent"},
        )
        service.get("/secret-path")
        assert service.end() == 0
        text = service.said.read_text()
        assert "secret" not in text
        assert "127.0.0.1" not in text.replace(service.address, "")
        row = next(line for line in service.lines() if line.get("request_id") == answer.headers["x-request-id"])
    assert row["method"] == "GET"
    assert row["status"] == answer.status_code
    assert row["route"].startswith("/collections/{")
    assert row["ms"] >= 0


def test_the_figures_count_by_route_and_status_and_know_the_store(address, tmp_path) -> None:
    with running_service(address, tmp_path) as service:
        for _ in range(3):
            service.get("/collections")
        service.get("/nowhere/at/all")
        text = service.get("/metrics").text
        figures = dict(re.findall(r"^(\S+) ([\d.e+]+)$", text, re.MULTILINE))
        assert figures['gridwright_requests_total{method="GET",route="/collections",status="200"}'] == "3.0"
        assert "nowhere" not in text
        assert figures["gridwright_store_up"] == "1.0"
        assert float(figures["gridwright_store_bytes"]) > 100_000
        assert figures['gridwright_plans{state="in_force"}'] == "1.0"
        assert figures['gridwright_jobs{state="queued"}'] == "0.0"
        assert float(figures["gridwright_outbox_number"]) >= 2
        assert 'gridwright_request_seconds_bucket{le="+Inf",route="/collections"}' in text
        # A proxy on this machine speaks for somebody who is not here.
        refused = service.get("/metrics", headers={"X-Forwarded-For": "203.0.113.9"})
        assert service.end() == 0
    assert refused.status_code in (200, 401)


def test_metrics_are_closed_to_those_who_come_through_a_proxy_once_there_are_accounts(address, tmp_path) -> None:
    assert main(["user", "add", "wang", "--role", "admin", "--store", address, "--lang", "en"]) == 0
    with running_service(address, tmp_path) as service:
        assert service.get("/metrics").status_code == 200
        assert service.get("/metrics", headers={"X-Forwarded-For": "203.0.113.9"}).status_code == 401
        assert service.end() == 0


def test_a_request_that_is_being_answered_is_answered_to_its_end(address, tmp_path) -> None:
    with running_service(address, tmp_path) as service:
        host, port = service.address.removeprefix("http://").split(":")
        with closing(socket.create_connection((host, int(port)), WAIT_S)) as line:
            body = b'{"name": "x"}'
            head = f"POST /v1/draw HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
            line.sendall(f"{head}Expect: 100-continue\r\nContent-Length: {len(body)}\r\n\r\n".encode())
            assert line.recv(65_536).startswith(b"HTTP/1.1 100"), "the route waits for the body"
            line.sendall(body[:5])
            service.process.send_signal(signal.SIGTERM)
            wait_for(lambda: any("Shutting down" in row["message"] for row in service.lines()), "the end begins")
            line.sendall(body[5:])
            answer = line.recv(65_536)
        assert answer.startswith(b"HTTP/1.1 4"), answer[:200]
        assert service.process.wait(WAIT_S) == 0


def test_the_worker_beside_the_service_starts_is_replaced_when_it_dies_and_goes_with_it(address, tmp_path) -> None:
    with running_service(address, tmp_path, worker=True) as service:
        first = _worker(service.process.pid)
        os.kill(first, signal.SIGKILL)
        wait_for(lambda: _worker_or_none(service.process.pid) not in (None, first), "another worker")
        second = _worker(service.process.pid)
        assert service.end() == 0
        wait_for(lambda: not is_running(second), "the worker's end")


def test_the_worker_goes_when_the_service_is_killed(address, tmp_path) -> None:
    with running_service(address, tmp_path, worker=True) as service:
        worker = _worker(service.process.pid)
        wait_for(lambda: "worker ready" in service.said.read_text(), "the worker is ready")
        service.kill()
        wait_for(lambda: not is_running(worker), "the worker's end")


def _worker_or_none(pid: int) -> int | None:
    return next((child for child, command in children(pid).items() if "worker" in command), None)


def _worker(pid: int) -> int:
    wait_for(lambda: _worker_or_none(pid) is not None, "a worker")
    found = _worker_or_none(pid)
    assert found is not None
    return found


def test_no_password_stands_on_a_command_line_or_in_the_log(town_store, tmp_path) -> None:
    with running_service(f"sqlite:///{town_store}", tmp_path, worker=True) as service:
        command = children(service.process.pid)[_worker(service.process.pid)]
        assert "api.operation.tether" in command
        assert str(town_store) not in command
        assert service.end() == 0


@pytest.mark.parametrize(
    ("sent", "answered"),
    [
        (b"GET /healthz HTTP/1.1\r\nX: " + b"a" * 200_000, b"HTTP/1.1 431"),
        (b"GET /healthz HTTP/1.1\r\n" + b"X: a\r\n" * 40_000, b"HTTP/1.1 431"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"HTTP/1.1 400"),
        (b"NONSENSE\r\n\r\n", b"HTTP/1.1 400"),
    ],
)
def test_a_head_without_end_or_sense_is_refused_and_the_service_goes_on(sent, answered, address, tmp_path) -> None:
    with running_service(address, tmp_path) as service:
        host, port = service.address.removeprefix("http://").split(":")
        with closing(socket.create_connection((host, int(port)), WAIT_S)) as line:
            try:
                line.sendall(sent)
                said = line.recv(4096)
            except (BrokenPipeError, ConnectionResetError):
                said = answered  # cut off while we still spoke
        assert said.startswith(answered), said[:100]
        assert service.get("/healthz").status_code == 200
        assert service.end() == 0


def test_others_can_come_in_only_once_an_admin_was_made_whose_password_is_told_once(
    address, town_store, tmp_path
) -> None:
    with running_service(address, tmp_path, "--host", "0.0.0.0") as service:
        said = service.said.read_text()
        password = re.search(r"one-time password: (\S+)", said)
        assert password is not None, said
        assert service.get("/collections").status_code == 401
        assert service.end() == 0
        assert said.count(password[1]) == 1
    with running_service(address, tmp_path, "--host", "0.0.0.0") as service:
        assert "one-time password" not in service.said.read_text()
        assert service.end() == 0
    with closing(sqlite3.connect(town_store)) as connection:
        assert connection.execute("select name, role from accounts").fetchall() == [("admin", "admin")]


def test_behind_a_proxy_the_service_answers_to_its_public_name_and_to_no_other(address, tmp_path) -> None:
    with running_service(address, tmp_path, public_url="https://grid.example.cn") as service:
        # Others can come in through the proxy: there must be an account.
        assert "one-time password" in service.said.read_text()
        assert service.get("/healthz", headers={"Host": "grid.example.cn"}).status_code == 200
        assert service.get("/", headers={"Host": "elsewhere.example.cn"}).status_code == 400
        assert service.end() == 0


@pytest.mark.parametrize("url", ["grid.example.cn", "https://", "ftp://grid.example.cn", "https://x.cn/path"])
def test_a_public_address_that_is_none_is_refused(url, address, capsys) -> None:
    assert main(["serve", "--store", address, "--port", "0", "--public-url", url, "--lang", "en"]) == 2
    assert "--public-url" in capsys.readouterr().err


def test_streams_are_closed_when_the_service_ends(address, tmp_path) -> None:
    with running_service(address, tmp_path) as service:
        asked = httpx.post(f"{service.address}/v1/draw", json={"county": "990101"}, timeout=WAIT_S)
        assert asked.status_code == 202, asked.text
        job = asked.json()["id"]
        with httpx.stream("GET", f"{service.address}/v1/jobs/{job}/events", timeout=WAIT_S) as stream:
            assert stream.status_code == 200
            lines = stream.iter_lines()
            assert next(line for line in lines if line.startswith("event:"))
            service.process.send_signal(signal.SIGTERM)
            for _ in lines:
                pass  # until the service closes it
        assert service.process.wait(WAIT_S) == 0
        assert "timeout graceful shutdown exceeded" not in service.said.read_text()
