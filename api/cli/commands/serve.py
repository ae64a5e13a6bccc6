"""``gridwright serve``: the service over a store, with a worker beside it."""

from __future__ import annotations

import sys
from argparse import Namespace
from socket import socket

from api import settings
from api.cli.parser import Parser
from api.cli.talk import Outcome, Talk
from api.problems import DONE

NAME = "serve"


def add_arguments(parser: Parser) -> None:
    """State the arguments."""
    parser.take("--store", metavar="URL")
    parser.take("--host", metavar="HOST", default="127.0.0.1")
    parser.take("--port", metavar="PORT", type=int, default=8000)
    parser.take("--public-url", metavar="URL")
    parser.take("--no-worker", action="store_true")


def run(arguments: Namespace, talk: Talk) -> Outcome:
    """Serve until SIGTERM or Ctrl+C."""
    from api.operation.door import open_door

    # Before anything heavy: who can not have the port learns it at once.
    door = open_door(arguments.host, arguments.port)
    from api.wiring import store_address

    public_url = arguments.public_url or settings.public_url()
    address = store_address(arguments.store)
    name = serve_through(door, address, talk, public_url=public_url, with_worker=not arguments.no_worker)
    summary = {"command": NAME, "host": arguments.host, "port": arguments.port, "store": name}
    return Outcome(DONE, summary, [talk.say("serve_ended")])


def serve_through(door: socket, address: str, talk: Talk, *, public_url: str, with_worker: bool) -> str:
    """Serve the store at an address through an open door; returns what people call the store."""
    with door:
        from api.operation.service import serve_store
        from api.wiring import open_ready_store, shown

        store = open_ready_store(address)
        name = shown(store.url)

        def started(reached: str) -> None:
            talk.note("serve_started", address=reached, folder=name)

        def first_admin(account: str, password: str, reached: str) -> None:
            # Not through the log, which others may read: to whoever started the service, once.
            told = talk.say("serve_first_admin", measured=account, password=password, address=reached)
            print(told, file=sys.stderr, flush=True)

        try:
            serve_store(
                store,
                door,
                language=talk.language,
                public_url=public_url,
                with_worker=with_worker,
                is_watched=sys.stderr.isatty(),
                started=started,
                first_admin=first_admin,
            )
        finally:
            store.close()
    return name
