"""``gridwright worker``: carries out the long work of a store, apart from the service."""

from __future__ import annotations

import signal
import sys
from argparse import Namespace
from types import FrameType

from api import settings
from api.cli.parser import Parser
from api.cli.talk import Outcome, Talk
from api.problems import DONE
from gis.errors import InputError

NAME = "worker"


def add_arguments(parser: Parser) -> None:
    """State the arguments."""
    parser.take("--store", metavar="URL")
    parser.take("--workers", metavar="N", type=int)


def run(arguments: Namespace, talk: Talk) -> Outcome:
    """Work until SIGTERM or Ctrl+C; the job in hand is then given back, with all that was worked out."""
    if arguments.workers is not None and arguments.workers < 1:
        raise InputError("option_out_of_range", column="--workers", measured=arguments.workers, allowed=">= 1")
    n = arguments.workers or max(1, settings.n_cores() - 1)

    from api.http.settings import utc_now
    from api.jobs.worker import Worker
    from api.operation.logs import end_log, start_log
    from api.wiring import open_ready_store, shown, store_address

    store = open_ready_store(store_address(arguments.store))
    name = shown(store.url)
    log = start_log(sys.stderr)
    worker = Worker(store, workers=n, now=utc_now)

    def leave(number: int, frame: FrameType | None) -> None:
        worker.leave()

    before = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        worker.run(started=lambda: talk.note("worker_started", file=name, measured=n))
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        end_log(log)
        store.close()
    summary = {"command": NAME, "store": name, "workers": n, "jobs": worker.n_done}
    return Outcome(DONE, summary, [talk.say("worker_ended", measured=worker.n_done)])
