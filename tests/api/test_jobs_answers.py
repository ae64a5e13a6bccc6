"""Answers of regions as plain data: every bit comes back, through JSON and through both stores."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.jobs.answers import Answers, answer_from_json, answer_to_json
from data.store import Act
from partition.zoning.ladder import Solved
from tests.job_kit import now
from tests.stores import embedded_store, migrated_file, migrated_server, postgis_server, postgis_store, store

__all__ = ["embedded_store", "migrated_file", "migrated_server", "postgis_server", "postgis_store", "store"]

numbers = st.floats(allow_nan=True, allow_infinity=True)
answers = st.builds(
    Solved,
    number=st.integers(0, 10**6),
    part=st.lists(st.integers(0, 2**40), min_size=1).map(lambda rows: np.array(rows, np.int64)),
    feasible=st.sampled_from(["yes", "no", "unknown"]),
    reason=st.none() | st.sampled_from(["no_cover", "band_hole"]),
    proof=st.sampled_from(["none", "cover_mip"]),
    objective=numbers,
    bound=numbers,
    stopped_by=st.sampled_from(["done", "work"]),
    seconds=numbers,
)


def is_same(a: Solved, b: Solved) -> bool:
    floats = all(
        np.float64(getattr(a, name)).tobytes() == np.float64(getattr(b, name)).tobytes() or math.isnan(getattr(a, name))
        for name in ("objective", "bound", "seconds")
    )
    texts = all(
        getattr(a, name) == getattr(b, name) for name in ("number", "feasible", "reason", "proof", "stopped_by")
    )
    return floats and texts and a.part.dtype == b.part.dtype and np.array_equal(a.part, b.part)


@given(answers)
def test_an_answer_comes_back_bit_by_bit(answer) -> None:
    text = json.dumps(answer_to_json(answer), allow_nan=False)
    assert is_same(answer, answer_from_json(json.loads(text)))


@pytest.mark.parametrize("bound", [math.inf, -math.inf, math.nan, -0.0, 5e-324, 0.1 + 0.2, 1.7976931348623157e308])
def test_an_answer_comes_back_from_the_store_bit_by_bit(store, bound) -> None:
    answer = Solved(1, np.array([0, 1, 0], np.int64), "yes", None, "none", 1 / 3, bound, "work", 0.25)
    with store.write(Act("worker", now())) as tx:
        job = tx.jobs.ask("draw", {}, place="330402").id
        tx.jobs.claim("w", silent_since=now())
        tx.jobs.beat(job, "w", parts={"x": answer_to_json(answer)})
    with store.read() as tx:
        back = Answers(tx.jobs.parts(job))
    assert is_same(answer, back["x"])
    assert np.signbit(back["x"].bound) == np.signbit(bound)


def test_only_new_answers_wait_to_be_kept_and_they_come_back_when_that_fails() -> None:
    answer = Solved(1, np.array([0], np.int64), "yes", None, "none", 1.0, 1.0, "done", 0.0)
    found = Answers({"old": answer_to_json(answer)})
    found["old"] = answer
    found["new"] = answer
    assert len(found) == 2
    taken = found.take_new()
    assert list(taken) == ["new"]
    assert found.take_new() == {}
    found.put_back(taken)
    assert list(found.take_new()) == ["new"]
    del found["new"]
    assert list(found) == ["old"]
