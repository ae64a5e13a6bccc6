"""Runs the service behind an open door until it is told to end, and ends it in good order.

At SIGTERM or Ctrl+C no new connection is taken, requests that are being answered are answered, streams are closed,
then the application lets its store and its helpers go.  A second Ctrl+C does not wait.
"""

from __future__ import annotations

import resource
import signal
import socket
from collections.abc import Callable
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from api.operation.patience import Patient

ENDING_S = 20
"""How long requests may take to end after the service was told to."""
_KEEP_ALIVE_S = 15
_MOST_AT_ONCE = 4_000  # of them 2,500 streams
_OTHER_FILES = 500


def run_service(
    app: ASGIApp,
    door: socket.socket,
    *,
    started: Callable[[], None],
    ending: Callable[[], None] = lambda: None,
    trusted_proxies: str = "",
) -> None:
    """Answer requests until SIGTERM or Ctrl+C.

    Parameters
    ----------
    app
        What answers.
    door
        From `api.operation.door.open_door`; closed at the end.
    started
        Called once requests are answered.
    ending
        Called as soon as the service is told to end.
    trusted_proxies
        Addresses whose ``X-Forwarded-*`` headers are believed, by comma; none when empty.

    Raises
    ------
    RuntimeError
        The application failed before it could answer.
    """

    class Announcing(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets=sockets)
            if self.started:
                started()

        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            ending()
            super().handle_exit(sig, frame)

    _allow_connections(_MOST_AT_ONCE)
    config = uvicorn.Config(
        app,
        http=Patient,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(trusted_proxies),
        forwarded_allow_ips=trusted_proxies or None,
        limit_concurrency=_MOST_AT_ONCE,
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=ENDING_S,
        lifespan="on",
    )
    server = Announcing(config)

    def end(number: int, frame: FrameType | None) -> None:
        # Before uvicorn listens to signals, and once more after its good end, when it raises the signal again: to have
        # been told to end is no failure.
        server.should_exit = True

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        with door:
            server.run(sockets=[door])
    except SystemExit as error:  # uvicorn's word for it
        raise RuntimeError("the service could not start; its log says why") from error
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _allow_connections(n: int) -> None:
    """Ask for as many open files as connections need; where fewer are allowed, fewer can be open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = n + _OTHER_FILES
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, allowed), hard))
