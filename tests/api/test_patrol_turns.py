"""Questions about patrols take turns in threads of their own; too many at once are told to come again."""

from __future__ import annotations

import asyncio
import threading

import pytest

from api.problems import Refusal
from api.routes.turns import Turns


def test_the_event_loop_goes_on_while_questions_are_worked_out() -> None:
    async def run() -> list[str]:
        turns, gate, said = Turns(), threading.Event(), []

        async def ask(n: int) -> None:
            await turns.take(gate.wait)
            said.append(f"answer {n}")

        asked = [asyncio.create_task(ask(n)) for n in range(5)]
        await asyncio.sleep(0)
        said.append("meanwhile")
        gate.set()
        await asyncio.gather(*asked)
        turns.end()
        return said

    said = asyncio.run(run())
    assert said[0] == "meanwhile"
    assert sorted(said[1:]) == [f"answer {n}" for n in range(5)]


def test_no_more_than_two_are_worked_out_at_a_time() -> None:
    async def run() -> int:
        turns, lock, at_once, most = Turns(), threading.Lock(), 0, 0

        def work() -> None:
            nonlocal at_once, most
            with lock:
                at_once += 1
                most = max(most, at_once)
            threading.Event().wait(0.01)
            with lock:
                at_once -= 1

        await asyncio.gather(*(turns.take(work) for _ in range(12)))
        turns.end()
        return most

    assert asyncio.run(run()) <= 2


def test_too_many_at_once_are_told_to_come_again_and_then_they_may() -> None:
    async def run() -> tuple[int, int]:
        turns, gate = Turns(), threading.Event()
        asked = [asyncio.create_task(turns.take(gate.wait)) for _ in range(26)]
        await asyncio.sleep(0)
        with pytest.raises(Refusal) as caught:
            await turns.take(gate.wait)
        gate.set()
        await asyncio.gather(*asked)
        assert await turns.take(lambda: 7) == 7
        turns.end()
        return caught.value.status, int(caught.value.headers["Retry-After"])

    status, seconds = asyncio.run(run())
    assert status == 503
    assert 0 < seconds <= 10


def test_an_error_of_the_work_reaches_whoever_asked_and_gives_the_turn_back() -> None:
    async def run() -> None:
        turns = Turns()
        for _ in range(40):
            with pytest.raises(ZeroDivisionError):
                await turns.take(lambda: 1 // 0)
        turns.end()

    asyncio.run(run())
