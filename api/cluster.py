"""The engine for a running dask.distributed cluster: the same interface as `partition.executor`, over the network.

Only this room imports ``distributed``, and only when a scheduler is asked for: the package is the optional extra
``cluster``.  A cluster keeps nothing: what a worker has answered lies with the caller, and a dead worker's task is
given to another by the scheduler.  Whoever reaches an open scheduler can run code on its machines: use ``tls://``
addresses, or a network of your own.
"""

from __future__ import annotations

import hashlib
import logging
import re
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from gis.errors import InputError
from partition.executor import Work
from partition.stop import Call, never

T = TypeVar("T")
R = TypeVar("R")

_ADDRESS = re.compile(r"(tcp|tls)://[^\s/]+:\d{1,5}")
_CONNECT_S = 10
_FIRST_WORKER_S = 10
_NO_WORKER_S = 60  # long enough for a supervisor to start a dead worker again, even on a slow machine
_TRIES_ALONE = 3
_LOOK_S = 0.1
_LOOK_FOR_WORKERS_S = 1.0
_ENDED = ("finished", "error", "cancelled")  # not "lost": that answer died with its worker, and is worked out again
_QUEUED = 2  # tasks at or on their way to each worker: the way is not short


class Cluster:
    """Runs tasks on the workers of a scheduler.

    Parameters
    ----------
    address
        ``tcp://HOST:PORT``, or ``tls://HOST:PORT`` with the certificates that dask's configuration names.

    Raises
    ------
    InputError
        ``scheduler_malformed``, ``scheduler_package_missing``, ``scheduler_unreachable``,
        ``scheduler_without_workers``, ``scheduler_workers_differ``.  While tasks are under way,
        ``scheduler_unreachable`` when the scheduler is lost, and ``scheduler_without_workers`` when it has had
        no worker at all for a minute.
    """

    def __init__(self, address: str) -> None:
        if not _ADDRESS.fullmatch(address):
            raise InputError(
                "scheduler_malformed", column="--scheduler", measured=address, allowed="tcp://192.168.1.5:8786"
            )
        try:
            import distributed
        except ImportError as error:
            raise InputError("scheduler_package_missing", column="--scheduler", measured=str(error)) from error
        logging.getLogger("distributed").setLevel(logging.CRITICAL)
        self._address = address
        self._distributed = distributed
        try:
            self._client: Any = distributed.Client(address, timeout=_CONNECT_S, set_as_default=False)
        except (OSError, TimeoutError, ValueError) as error:
            raise InputError(
                "scheduler_unreachable", column="--scheduler", measured=address, allowed=_CONNECT_S
            ) from error
        try:
            self._check_workers()
        except BaseException:
            self.close()
            raise

    @property
    def workers(self) -> int:
        """Threads of all workers."""
        return max(1, sum(self._client.nthreads().values()))

    def map(
        self, work: Work[T, R], tasks: Iterable[T], *, is_over: Call = never, patience_s: float = 5.0
    ) -> Iterator[R]:
        """See `partition.executor.Executor.map`; running tasks can not be told to end early, they are left behind."""
        suspects: list[T] = []
        yield from self._round(work, tasks, _QUEUED * self.workers, is_over, patience_s, suspects)
        # A task that kills its worker takes others down with it, even the next one, sent to a worker that nobody knows
        # to be dead: each is tried again by itself, and only one that kills every time is left out.
        for task in suspects:
            for _ in range(_TRIES_ALONE):
                again: list[T] = []
                yield from self._round(work, [task], 1, is_over, patience_s, again)
                if not again:
                    break

    def _round(
        self, work: Work[T, R], tasks: Iterable[T], room: int, is_over: Call, patience_s: float, suspects: list[T]
    ) -> Iterator[R]:
        """Answers of some tasks, ``room`` of them under way at once; tasks whose workers died go to ``suspects``."""
        coming = iter(tasks)
        running: dict[Any, T] = {}
        try:
            while True:
                while len(running) < room and not is_over():
                    for task in coming:
                        running[self._client.submit(_run, work, task, pure=False)] = task
                        break
                    else:
                        break
                if not running:
                    return
                for future in self._first(set(running), is_over, patience_s):
                    if future.status not in _ENDED:
                        continue  # lost since, while the caller had another answer
                    try:
                        answer = future.result(timeout=_NO_WORKER_S)
                    except (self._distributed.KilledWorker, CancelledError):
                        suspects.append(running.pop(future))
                    except TimeoutError:
                        if future.status == "error":
                            raise  # the task's own
                    else:
                        del running[future]
                        yield answer
                if is_over():
                    return
                if self._client.status != "running":
                    raise InputError(
                        "scheduler_unreachable", column="--scheduler", measured=self._address, allowed=_CONNECT_S
                    )
        finally:
            if running and self._client.status == "running":
                self._client.cancel(list(running), force=True)

    def close(self) -> None:
        """Leave the cluster; it runs on."""
        self._client.close(timeout=2)

    def _first(self, running: set[Any], is_over: Call, patience_s: float) -> set[Any]:
        since: float | None = None
        empty_since: float | None = None
        looked = time.monotonic()
        while True:
            done = {future for future in running if future.status in _ENDED}
            if done:
                return done
            if is_over():
                since = time.monotonic() if since is None else since
                if time.monotonic() - since > patience_s:
                    return set()
            if self._client.status != "running":
                return set()
            if time.monotonic() - looked > _LOOK_FOR_WORKERS_S:
                looked = time.monotonic()
                empty_since = self._empty_since(empty_since)
            with self._client.as_current(), suppress(TimeoutError, CancelledError):
                self._distributed.wait(list(running), timeout=_LOOK_S, return_when="FIRST_COMPLETED")

    def _empty_since(self, since: float | None) -> float | None:
        """When the scheduler was first seen without any worker; ``None`` while it has one."""
        try:
            if self._client.nthreads(callback_timeout=_CONNECT_S):
                return None
        except (OSError, TimeoutError):
            return since  # the scheduler did not answer: nothing is known
        now = time.monotonic()
        since = now if since is None else since
        if now - since > _NO_WORKER_S:
            raise InputError("scheduler_without_workers", measured=self._address)
        return since

    def _check_workers(self) -> None:
        try:
            self._client.wait_for_workers(1, timeout=_FIRST_WORKER_S)
        except TimeoutError as error:
            raise InputError("scheduler_without_workers", measured=self._address) from error
        mine = code_digest()
        try:
            theirs = set(self._client.run(code_digest).values())
        except Exception as error:
            # Whatever it is (no such package, another Python): these workers can not run our work.
            found = f"{type(error).__name__}: {error}"
            raise InputError("scheduler_workers_differ", measured=self._address, allowed=mine, found=found) from error
        if theirs != {mine}:
            found = ", ".join(sorted(map(str, theirs - {mine})))
            raise InputError("scheduler_workers_differ", measured=self._address, allowed=mine, found=found)


def code_digest() -> str:
    """Digest of the code that draws: two machines with the same one give the same plan."""
    import gis
    import partition

    digest = hashlib.sha256()
    for package in (gis, partition):
        folder = Path(str(package.__file__)).parent
        for path in sorted(folder.rglob("*.py")):
            digest.update(str(path.relative_to(folder)).encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def _run[T, R](work: Callable[[T, Call], R], task: T) -> R:
    return work(task, never)
