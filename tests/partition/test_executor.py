"""Executors: every task answered once, deaths survived, work called off."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from partition.executor import InProcess, Pool
from tests.partition import kit_work

WAIT_S = 120  # far more than any of it takes, however busy the machine


@pytest.fixture
def pool() -> Iterator[Pool]:
    one = Pool(2)
    yield one
    one.close()


def test_in_process_answers_in_order_and_takes_nothing_once_it_is_over():
    taken = []

    def tasks() -> Iterator[int]:
        for i in range(5):
            taken.append(i)
            yield i

    answers = list(InProcess().map(kit_work.square, tasks(), is_over=lambda: len(taken) > 3))
    assert answers == [(0, 0), (1, 1), (2, 4)]
    assert taken == [0, 1, 2, 3]


def test_a_pool_answers_every_task_once_and_may_be_used_again(pool):
    assert sorted(pool.map(kit_work.square, range(50))) == [(i, i * i) for i in range(50)]
    before = pool.pids()
    assert sorted(pool.map(kit_work.square, range(3))) == [(0, 0), (1, 1), (2, 4)]
    assert pool.pids() == before
    assert len(before) == 2


def test_tasks_are_taken_as_workers_fall_free(pool):
    seen, most = [], 0

    def tasks() -> Iterator[int]:
        nonlocal most
        for i in range(20):
            most = max(most, i - len(seen))
            yield i

    for answer in pool.map(kit_work.square, tasks()):
        seen.append(answer)
    assert most <= 2


def test_an_error_of_a_task_reaches_the_caller(pool):
    with pytest.raises(ValueError, match="task 7"):
        list(pool.map(kit_work.refuse, [7]))
    assert list(pool.map(kit_work.square, [3])) == [(3, 9)]


def test_after_a_killed_worker_only_what_is_missing_is_done_again(pool, tmp_path):
    answers = sorted(pool.map(kit_work.kill_once, [(i, str(tmp_path)) for i in range(12)]))
    assert answers == list(range(12))
    begun = (tmp_path / "log").read_text().split()
    # Twice: the task that was killed, and at most the one that ran beside it.
    assert begun.count("3") == 2
    assert len(begun) <= 14


def test_a_task_that_always_kills_its_worker_is_left_out_and_no_other(pool):
    assert sorted(pool.map(kit_work.kill_always, range(10))) == [i for i in range(10) if i != 3]


def test_a_worker_killed_from_outside_costs_no_answer(pool):
    answers = []
    for answer in pool.map(kit_work.square, range(200)):
        answers.append(answer)
        if len(answers) in (20, 90):
            os.kill(pool.pids()[0], signal.SIGKILL)
    assert sorted(answers) == [(i, i * i) for i in range(200)]


def test_called_off_tasks_end_early_with_what_they_have(pool, tmp_path):
    tasks = [str(tmp_path)] * 5
    answers = list(pool.map(kit_work.listen, tasks, is_over=lambda: kit_work.n_begun(tmp_path) == 2, patience_s=WAIT_S))
    assert answers == ["called off"] * 2


def test_tasks_that_do_not_listen_are_given_up(pool, tmp_path):
    list(pool.map(kit_work.square, range(4)))
    workers = pool.pids()
    # A task lasts an hour: that this ends at all, and without an answer, shows that nobody waited for one.
    tasks = [str(tmp_path)] * 3
    answers = list(pool.map(kit_work.deaf, tasks, is_over=lambda: kit_work.n_begun(tmp_path) > 0, patience_s=0.5))
    assert answers == []
    assert not any(Path(f"/proc/{pid}").exists() for pid in workers)
    assert list(pool.map(kit_work.square, [2])) == [(2, 4)]


def test_leaving_in_the_middle_leaves_no_worker_behind(pool, tmp_path):
    answers = pool.map(kit_work.listen, ["", str(tmp_path), str(tmp_path)])
    assert next(answers) == "nothing to do"
    workers = pool.pids()
    answers.close()
    deadline = time.monotonic() + WAIT_S
    while any(Path(f"/proc/{pid}").exists() for pid in workers) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(Path(f"/proc/{pid}").exists() for pid in workers)
