"""The worker as a child of the service: the same command, and it leaves when the service is gone.

The service holds the other end of standard input, says nothing through it, and loses it however it ends.  The store's
address comes in the environment: a command line can be read by everybody on the machine.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Sequence

from api import settings
from api.operation.child import WatchedChild


def worker_command(*, language: str, workers: int | None = None) -> list[str]:
    """The command that starts a worker which watches its standard input."""
    more = [] if workers is None else ["--workers", str(workers)]
    return [sys.executable, "-m", "api.jobs.child", "--lang", language, *more]


def start_worker(address: str, *, language: str = "en", workers: int | None = None) -> WatchedChild:
    """Start a worker for the store at an address, and go on starting it until `WatchedChild.end`."""
    child = WatchedChild(worker_command(language=language, workers=workers), settings.with_store(address))
    child.start()
    return child


def main(arguments: Sequence[str]) -> int:
    """``gridwright worker``, until standard input ends."""
    from api.cli import main as run_command

    threading.Thread(target=_leave_with_parent, name="parent-watch", daemon=True).start()
    return run_command(["worker", *arguments])


def _leave_with_parent() -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
