"""Slow and rude clients, over real sockets: none keeps the service from answering the others, none is kept for ever."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import httpx
import pytest
import uvicorn

from api.app import ServiceSettings, create_app
from api.operation.patience import MOST_HEAD_BYTES, Patient
from data.store import SqlStore
from tests.stores import embedded_store, migrated_file

__all__ = ["embedded_store", "migrated_file"]

WAIT_S = 120.0
N_SLOW = 60
HEAD = b"POST /v1/lookup/batch HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
LARGE = HEAD + b"Connection: close\r\nContent-Length: 100000\r\n\r\n[" + b" " * 99_998 + b"]"


class Hasty(Patient):
    head_seconds = 2.0


class InOnePiece(Hasty):
    """Hears head and body at once, as from a proxy on the same machine."""

    heard = b""

    def data_received(self, data: bytes) -> None:
        self.heard += data
        if len(self.heard) == len(LARGE):
            super().data_received(self.heard)


@contextmanager
def patient_service(store: SqlStore, http: type[Patient] = Hasty) -> Iterator[int]:
    """The service with its own HTTP, in a thread; its port."""
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        door.listen(256)
        app = create_app(store, ServiceSettings(body_seconds=2.0))
        server = uvicorn.Server(uvicorn.Config(app, http=http, log_level="error", access_log=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [door]}, daemon=True)
        thread.start()
        try:
            yield int(door.getsockname()[1])
        finally:
            server.should_exit = True
            thread.join(WAIT_S)
            assert not thread.is_alive()


def connected(stack: ExitStack, port: int, said: bytes) -> socket.socket:
    """A connection that has said something and waits."""
    line = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=WAIT_S))
    line.sendall(said)
    return line


def heard(line: socket.socket) -> bytes:
    """Everything until the service closes the connection."""
    parts = []
    try:
        while part := line.recv(65_536):
            parts.append(part)
    except ConnectionResetError:
        pass
    return b"".join(parts)


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(b"", id="nothing at all"),
        pytest.param(b"GET /healthz HT", id="half a line"),
        pytest.param(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX-A: b", id="headers without an end"),
    ],
)
def test_who_does_not_finish_a_head_is_let_go_and_holds_nobody_up(embedded_store, said) -> None:
    with patient_service(embedded_store) as port, ExitStack() as stack:
        slow = [connected(stack, port, said) for _ in range(N_SLOW)]
        assert httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=WAIT_S).status_code == 200
        for line in slow:
            told = heard(line)
            assert told == b"" or told.startswith(b"HTTP/1.1 408")


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(HEAD + b"Content-Length: 1000\r\n\r\n{", id="a byte of a thousand"),
        pytest.param(HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n", id="chunks without an end"),
    ],
)
def test_who_does_not_finish_a_body_is_told_and_let_go(embedded_store, said) -> None:
    with patient_service(embedded_store) as port, ExitStack() as stack:
        slow = [connected(stack, port, said) for _ in range(N_SLOW)]
        assert httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=WAIT_S).status_code == 200
        for line in slow:
            told = heard(line)
            assert told.startswith(b"HTTP/1.1 408")
            assert b"body_too_slow" in told


def test_a_body_longer_than_it_says_or_without_end_is_cut_off(embedded_store) -> None:
    with patient_service(embedded_store) as port, ExitStack() as stack:
        line = connected(stack, port, HEAD + b"Content-Length: 999999999999\r\n\r\n")
        assert heard(line).startswith(b"HTTP/1.1 413")
        line = connected(stack, port, HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
        chunk = b"100000\r\n" + b" " * 0x100000 + b"\r\n"
        try:
            for _ in range(40):
                line.sendall(chunk)
        except (BrokenPipeError, ConnectionResetError):
            pass
        told = heard(line)
        assert told == b"" or told.startswith(b"HTTP/1.1 413")


def test_a_large_body_that_comes_together_with_its_head_is_no_large_head(embedded_store) -> None:
    with patient_service(embedded_store, InOnePiece) as port, ExitStack() as stack:
        told = heard(connected(stack, port, LARGE))
        assert told.startswith(b"HTTP/1.1 4")
        assert b'"code":' in told  # the route's own answer


def test_a_head_without_end_is_cut_off(embedded_store) -> None:
    with patient_service(embedded_store) as port, ExitStack() as stack:
        line = connected(stack, port, b"GET /healthz HTTP/1.1\r\n")
        try:
            for _ in range(2 * MOST_HEAD_BYTES // 1_000):
                line.sendall(b"X-A: " + b"a" * 1_000 + b"\r\n")
        except (BrokenPipeError, ConnectionResetError):
            pass
        told = heard(line)
        assert told == b"" or told.startswith(b"HTTP/1.1 4")
        assert httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=WAIT_S).status_code == 200


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01", id="TLS to a plain port"),
        pytest.param(b"GET / HTTP/9.9\r\n\r\n", id="an unknown version"),
        pytest.param(b"GET /\r\n\r\n", id="no version"),
        pytest.param(HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} ", id="two lengths"),
        pytest.param(
            HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", id="length and chunks"
        ),
        pytest.param(HEAD + b"Content-Length: -1\r\n\r\n", id="a negative length"),
        pytest.param(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX\x00Y: 1\r\n\r\n", id="NUL in a header"),
    ],
)
def test_what_is_not_http_is_refused_without_a_trace(embedded_store, said) -> None:
    with patient_service(embedded_store) as port, ExitStack() as stack:
        told = heard(connected(stack, port, said))
        assert told.startswith(b"HTTP/1.1 400")
        assert b"Traceback" not in told
        assert httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=WAIT_S).status_code == 200
