"""The worker beside the service: a process of its own, started with it, watched, and ended with it.

Drawing takes all of a core for minutes; in the service's own process it would keep everybody else waiting.  A worker
that dies is started again, later each time, so that one that can not start does not take the machine with it.
"""

from __future__ import annotations

import logging
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence

_LOG = logging.getLogger("gridwright.worker")
_WAITS_S = (1.0, 2.0, 5.0, 15.0, 60.0)
_WELL_AFTER_S = 60.0


class WatchedChild:
    """A child process that is kept running until `end`.

    Parameters
    ----------
    command
        Program and arguments.
    environment
        Its whole environment.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._command = list(command)
        self._environment = dict(environment)
        self._is_over = threading.Event()
        self._guard = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._watch = threading.Thread(target=self._keep_running, name="worker-watch", daemon=True)

    def start(self) -> None:
        """Start it, and go on watching."""
        self._watch.start()

    @property
    def pid(self) -> int | None:
        """Process id, while it runs."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    def end(self, patience_s: float = 15.0) -> None:
        """Ask it to end, and make it end when it does not."""
        self._is_over.set()
        with self._guard:
            process = self._process
        if process is not None and process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(patience_s)
            except subprocess.TimeoutExpired:
                _LOG.warning("the worker did not end within %s s and was killed", patience_s)
                process.kill()
                process.wait()
        self._watch.join(patience_s)

    def _keep_running(self) -> None:
        n_deaths = 0
        while not self._is_over.is_set():
            try:
                process = self._begin()
            except OSError as error:
                process = None
                status: int | str = str(error)
            else:
                if process is None:
                    return
                began = time.monotonic()
                status = process.wait()
                if time.monotonic() - began > _WELL_AFTER_S:
                    n_deaths = 0
            if self._is_over.is_set():
                return
            n_deaths += 1
            wait_s = _WAITS_S[min(n_deaths, len(_WAITS_S)) - 1]
            _LOG.warning("the worker ended with status %s; it is started again in %s s", status, wait_s)
            self._is_over.wait(wait_s)

    def _begin(self) -> subprocess.Popen[bytes] | None:
        with self._guard:
            if self._is_over.is_set():
                return None
            # A session of its own: Ctrl+C in a terminal is for the service, which then ends the worker.
            self._process = subprocess.Popen(
                self._command,
                env=self._environment,
                stdin=subprocess.PIPE,  # closes when the service is gone, however it went
                stdout=subprocess.DEVNULL,
                start_new_session=True,
            )
            return self._process
