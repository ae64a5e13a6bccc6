"""Sentences are filled with their facts, and one thing and many have words of their own."""

from __future__ import annotations

import pytest

from gis.fill import MISSING, fill, one_or_many

TEXT = "{n} {n:household moves|households move} to {grid}"


@pytest.mark.parametrize("n", [1, 1.0, "1"])
def test_exactly_one_is_said_in_the_singular(n) -> None:
    assert fill(TEXT, n=n, grid="A") == f"{n} household moves to A"


@pytest.mark.parametrize("n", [0, 2, -1, 1.5, 11, "1,234", "1–2", "", True, None])
def test_all_else_is_said_in_the_plural(n) -> None:
    assert fill(TEXT, n=n, grid="A") == f"{n} households move to A"


def test_a_count_that_is_missing_is_many() -> None:
    assert one_or_many(MISSING, "grid|grids") == "grids"


def test_what_is_no_choice_is_filled_as_ever() -> None:
    assert fill("{share:.1%} of {text}", share=0.256, text="{n:a|b}") == "25.6% of {n:a|b}"


def test_a_fact_that_is_not_given_is_an_error() -> None:
    with pytest.raises(KeyError):
        fill(TEXT, n=1)
