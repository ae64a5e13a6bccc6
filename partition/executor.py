"""Where work runs: one interface, and its two engines for one machine.

Decides how tasks reach workers, what happens when a worker dies, and how work is called off.  What the tasks are is
the caller's matter; a result must say itself which task it answers, because results come in any order.  A third
engine, for a running cluster, lives on the `api` floor: only that floor speaks to the network.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any, Protocol, TypeVar

from partition.stop import Call, never
from partition.workers import begin_worker, told_to_stop

T = TypeVar("T")
R = TypeVar("R")
Work = Callable[[T, Call], R]
"""What a worker does with one task.  The second argument says whether to end early with the best in hand."""

_LOOK_S = 0.1


class Executor(Protocol):
    """Something that runs tasks."""

    @property
    def workers(self) -> int:
        """How many tasks run at a time."""

    def map(
        self, work: Work[T, R], tasks: Iterable[T], *, is_over: Call = never, patience_s: float = 5.0
    ) -> Iterator[R]:
        """Results of the tasks, in any order.

        Parameters
        ----------
        work
            A function of a module (workers find it by name), pure but for its second argument.
        tasks
            Taken one by one, as workers fall free, so that the caller can weigh a task by the time that is left.
        is_over
            Once true, no new task is taken and the running ones are told to end.
        patience_s
            How long to wait for those; what has not answered by then is given up.

        Yields
        ------
        R
            No result comes of a task that was not begun, was given up, or whose worker died twice.
        """

    def close(self) -> None:
        """Let the workers go.  An engine may be used again after that."""


class InProcess:
    """Runs every task in this process, one after the other."""

    @property
    def workers(self) -> int:
        """One."""
        return 1

    def map(
        self, work: Work[T, R], tasks: Iterable[T], *, is_over: Call = never, patience_s: float = 5.0
    ) -> Iterator[R]:
        """See `Executor.map`; a running task ends when it looks at ``is_over`` itself."""
        for task in tasks:
            if is_over():
                return
            yield work(task, is_over)

    def close(self) -> None:
        """Nothing to let go."""


class Pool:
    """A pool of processes on this machine.

    A killed worker breaks the whole pool of the standard library; this engine builds a new one and gives out again
    only what has no result yet.  Each task that was running is then tried alone, so that a task that kills its
    worker a second time is known for certain, and is left out.

    Parameters
    ----------
    workers
        Processes.  They start with the first `map` and are kept until `close`.
    """

    def __init__(self, workers: int) -> None:
        self._workers = max(1, workers)
        # Spawned, not forked: threads of the caller (a server, a solver) must not be copied half-way.
        self._context = multiprocessing.get_context("spawn")
        self._flag: Any = self._context.RawValue("b", 0)
        self._pool: ProcessPoolExecutor | None = None
        self._called_off: float | None = None

    @property
    def workers(self) -> int:
        """Number of processes."""
        return self._workers

    def pids(self) -> tuple[int, ...]:
        """Process ids of the workers that are running now."""
        return tuple(sorted(self._processes()))

    def map(
        self, work: Work[T, R], tasks: Iterable[T], *, is_over: Call = never, patience_s: float = 5.0
    ) -> Iterator[R]:
        """See `Executor.map`."""
        self._flag.value = 0
        self._called_off = None
        suspects: list[T] = []
        running: dict[Future[R], T] = {}
        coming = iter(tasks)
        try:
            while True:
                while len(running) < self._workers and not is_over():
                    for task in coming:
                        running[self._submit(work, task)] = task
                        break
                    else:
                        break
                if not running:
                    break
                done = self._first(running, is_over, patience_s)
                if done is None:
                    return
                for future in sorted(done, key=lambda f: isinstance(f.exception(), BrokenProcessPool)):
                    task = running.pop(future)
                    if not isinstance(future.exception(), BrokenProcessPool):
                        yield future.result()
                    else:
                        suspects.append(task)
                if suspects and self._pool is not None and self._is_broken(done):
                    for future, task in running.items():
                        # Finished before the break, or failed with it; none of them runs on.
                        if future.exception() is None:
                            yield future.result()
                        else:
                            suspects.append(task)
                    running = {}
                    self._drop()
            yield from self._alone(work, suspects, is_over, patience_s)
        finally:
            if running:
                self.close()

    def close(self) -> None:
        """End the workers at once; whoever wanted their results has them."""
        for process in self._processes().values():
            process.kill()
        self._drop()

    def _alone(self, work: Work[T, R], suspects: list[T], is_over: Call, patience_s: float) -> Iterator[R]:
        for task in suspects:
            if is_over():
                return
            future = self._submit(work, task)
            if self._first({future: task}, is_over, patience_s) is None:
                self.close()
                return
            if isinstance(future.exception(), BrokenProcessPool):
                self._drop()
            else:
                yield future.result()

    def _submit(self, work: Work[T, R], task: T) -> Future[R]:
        for _ in range(2):
            if self._pool is None:
                self._pool = ProcessPoolExecutor(
                    self._workers, mp_context=self._context, initializer=begin_worker, initargs=(self._flag,)
                )
            try:
                return self._pool.submit(_run, work, task)
            except BrokenProcessPool:
                self._drop()  # a worker died while it was idle
        future: Future[R] = Future()
        future.set_exception(BrokenProcessPool("workers die as soon as they begin"))
        return future

    def _first(self, running: dict[Future[R], T], is_over: Call, patience_s: float) -> set[Future[R]] | None:
        """Whatever is finished next; ``None`` when the running tasks were called off and did not answer."""
        while True:
            done, _ = wait(running, timeout=_LOOK_S, return_when=FIRST_COMPLETED)
            if done:
                return done
            if self._called_off is None and is_over():
                self._flag.value = 1
                self._called_off = time.monotonic()
            if self._called_off is not None and time.monotonic() - self._called_off > patience_s:
                return None

    @staticmethod
    def _is_broken(done: set[Future[R]]) -> bool:
        return any(isinstance(future.exception(), BrokenProcessPool) for future in done)

    def _processes(self) -> dict[int, Any]:
        return dict(getattr(self._pool, "_processes", None) or {})

    def _drop(self) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            # Ctrl+C while the pool was starting leaves it a thread that never began and can not be joined.
            with contextlib.suppress(RuntimeError):
                pool.shutdown(wait=True, cancel_futures=True)


def _run[T, R](work: Callable[[T, Call], R], task: T) -> R:
    return work(task, told_to_stop)
