"""How the regions are spread over workers: chunks, fair shares of the time, and nothing lost with a worker.

Decides the order and the shares.  Without a time limit the answers depend on nothing decided here; with one, small
regions go first and every region gets its share of what is left, so that hard ones get what easy ones leave.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator, MutableMapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from gis.progress import Progress
from partition.executor import Executor
from partition.stop import Call
from partition.zoning.ladder import Solved, Task
from partition.zoning.seeds import plan_price
from partition.zoning.tolls import solve_task

_CHUNK_PIECES = 600  # a tenth of a second of work or more: what a worker far away costs is then small beside it
_MAX_LOOKS = 3
_WORTH_AGAIN = 1.5
_HOME_FRAC = 0.03
_PATIENCE_FRAC, _MIN_PATIENCE_S, _MAX_PATIENCE_S = 0.04, 0.5, 5.0


@dataclass(frozen=True, slots=True)
class Chunk:
    """Regions that travel together, and the seconds they have between them."""

    tasks: tuple[Task, ...]
    seconds: float | None


def solve_chunk(chunk: Chunk, is_called_off: Call) -> list[Solved]:
    """Solve the regions of a chunk one after the other, each with its share of the seconds that are left."""
    end = None if chunk.seconds is None else time.monotonic() + chunk.seconds
    left = sum(map(_weight, chunk.tasks))
    answers = []
    for task in chunk.tasks:
        now = time.monotonic()
        share = None if end is None else now + max(end - now, 0.0) * _weight(task) / left
        left -= _weight(task)
        answers.append(solve_task(replace(task, deadline=share), is_called_off))
    return answers


def solve_all(
    tasks: Sequence[Task],
    executor: Executor,
    *,
    seconds: float | None,
    is_called_off: Call,
    known: MutableMapping[str, Solved] | None,
    progress: Progress,
) -> list[Solved]:
    """Every region solved, in the order given.

    A region that no worker answered for gets the quick plan here, and says why (``stopped_by``): the time was up
    (``clock``), the work was called off (``cancel``), or its worker died twice (``worker``).

    Parameters
    ----------
    seconds
        Time left; ``None`` for no limit.
    known
        Answers of an earlier run by the content of their region; used, and added to as they come home, so that
        who keeps them goes on after a crash where the work was.
    """
    last = None if seconds is None else time.monotonic() + max(seconds, 0.0)
    # What is shared out ends a little before the last moment, so that answers still come home.
    end = None if seconds is None or last is None else last - _HOME_FRAC * max(seconds, 0.0)
    patience_s = _MAX_PATIENCE_S
    if seconds is not None:
        patience_s = min(max(_PATIENCE_FRAC * seconds, _MIN_PATIENCE_S), _MAX_PATIENCE_S)

    def is_over() -> bool:
        return is_called_off() or (last is not None and time.monotonic() > last)

    solved: dict[int, Solved] = {}
    names = {task.number: _digest(task) for task in tasks} if known is not None else {}

    def take_home(answers: Sequence[Solved]) -> None:
        for answer in answers:
            solved[answer.number] = answer
            if known is not None and answer.stopped_by in ("done", "work"):
                known[names[answer.number]] = answer
        progress.advance(len(answers))

    for task in tasks:
        if known is not None and names[task.number] in known:
            solved[task.number] = replace(known[names[task.number]], number=task.number)
            progress.advance()
    if end is not None:
        missing = [task for task in tasks if task.number not in solved]
        for answer in _meanwhile(missing, executor, end, is_over):
            take_home([answer])
    # Whole chunks first.  What a dead worker took along is then tried region by region: one of them is to blame.
    some = sum(map(_weight, tasks)) // (4 * executor.workers)
    for pieces in (min(_CHUNK_PIECES, some), 0):
        missing = [task for task in tasks if task.number not in solved]
        if not missing or is_over():
            break
        chunks = _chunks(missing, pieces, executor.workers, end)
        for answers in executor.map(solve_chunk, chunks, is_over=is_over, patience_s=patience_s):
            take_home(answers)
    _look_again(tasks, solved, executor, end, is_over, patience_s)
    why = "cancel" if is_called_off() else "clock" if is_over() else "worker"
    for task in tasks:
        if task.number not in solved:
            solved[task.number] = replace(solve_task(task, lambda: True), stopped_by=why)
            progress.advance()
        elif why == "cancel" and solved[task.number].stopped_by == "clock":
            solved[task.number] = replace(solved[task.number], stopped_by=why)
        if known is not None and solved[task.number].stopped_by in ("done", "work"):
            known[names[task.number]] = solved[task.number]
    return [solved[task.number] for task in tasks]


def _meanwhile(tasks: Sequence[Task], executor: Executor, end: float, is_over: Call) -> Iterator[Solved]:
    """Small regions, solved here while the workers are still starting: their shares must not run before they do."""
    gone = threading.Event()

    def wake() -> None:
        for _ in executor.map(
            _wake, range(executor.workers), is_over=lambda: is_over() or gone.is_set(), patience_s=0.0
        ):
            pass

    waking = threading.Thread(target=wake)
    waking.start()
    try:
        for chunk in _chunks(tasks, 0, executor.workers, end):
            waking.join(0.05)
            if not waking.is_alive() or is_over():
                return
            yield from solve_chunk(chunk, is_over)
    finally:
        gone.set()
        waking.join()


def _wake(task: int, is_called_off: Call) -> None:
    """Nothing: a worker that has done it is up, with all that it needs imported."""
    time.sleep(0.01)


def _look_again(
    tasks: Sequence[Task],
    solved: dict[int, Solved],
    executor: Executor,
    end: float | None,
    is_over: Call,
    patience_s: float,
) -> None:
    """Give regions that the clock cut short what the others left of the time, while it is much more than they had."""
    for _ in range(_MAX_LOOKS):
        cut = [task for task in tasks if task.number in solved and solved[task.number].stopped_by == "clock"]
        if end is None or not cut or is_over():
            return
        room = (end - time.monotonic()) * min(executor.workers, len(cut)) / sum(map(_weight, cut))
        cut = [task for task in cut if room * _weight(task) > _WORTH_AGAIN * max(solved[task.number].seconds, 0.05)]
        if not cut:
            return
        chunks = _chunks(cut, 0, executor.workers, end)
        by_number = {task.number: task for task in cut}
        for answers in executor.map(solve_chunk, chunks, is_over=is_over, patience_s=patience_s):
            for answer in answers:
                task, before = by_number[answer.number], solved[answer.number]
                if _worth(task, answer) < _worth(task, before):
                    solved[answer.number] = replace(answer, seconds=before.seconds + answer.seconds)


def _chunks(tasks: Sequence[Task], pieces: int, workers: int, end: float | None) -> Iterator[Chunk]:
    """Chunks of about so many pieces, each given the share of the time that is left when a worker takes it."""
    sign = -1 if end is None else 1
    ordered = sorted(tasks, key=lambda task: (sign * task.exact.n_pieces, task.number))
    left = sum(map(_weight, ordered))
    at = 0
    while at < len(ordered):
        mine: list[Task] = []
        weight = 0
        while at < len(ordered) and (not mine or weight + _weight(ordered[at]) <= pieces):
            mine.append(ordered[at])
            weight += _weight(ordered[at])
            at += 1
        seconds = None
        if end is not None:
            room = max(end - time.monotonic(), 0.0)
            seconds = min(room, room * workers * weight / left)
        left -= weight
        yield Chunk(tuple(mine), seconds)


def _weight(task: Task) -> int:
    return task.exact.n_pieces


def _worth(task: Task, answer: Solved) -> tuple[int, int, float, float]:
    """Which of two answers for a region is better: the smaller."""
    part = np.zeros(task.exact.n_pieces, np.int64)
    part[task.exact.piece] = answer.part
    outside, cost = plan_price(task.exact.land, part)
    return answer.feasible == "unknown", outside, cost, -answer.bound if answer.bound == answer.bound else np.inf


def _digest(task: Task) -> str:
    """Name of what a region asks: the same arrays, seed and effort give the same answer wherever it lies."""
    digest = hashlib.sha256(f"{task.seed}/{task.effort}/{task.share}".encode())
    for problem in (task.exact, task.contracted, task.loose):
        digest.update(problem.piece.tobytes())
        for field in problem.land:
            digest.update(field.tobytes() if isinstance(field, np.ndarray) else repr(field).encode())
    return digest.hexdigest()
