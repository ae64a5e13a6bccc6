"""The shelf of the desks: made once, however many ask at once; the last few are kept; what failed is told again."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from api.usecases.shelf import Shelf
from gis.errors import InputError


def test_of_many_who_ask_at_once_one_makes_it() -> None:
    shelf: Shelf[int] = Shelf(2)
    made: list[str] = []
    start = threading.Barrier(8)

    def make(key: str) -> int:
        made.append(key)
        threading.Event().wait(0.02)
        return len(key)

    def ask(n: int) -> int:
        start.wait(30)
        key = "ab"[n % 2]
        return shelf.get(key, lambda: make(key))

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, range(8))) == [1] * 8
    assert sorted(made) == ["a", "b"]


def test_the_last_few_are_kept() -> None:
    shelf: Shelf[str] = Shelf(2)
    made: list[str] = []
    for key in ("a", "b", "a", "c", "a", "b"):
        shelf.get(key, lambda key=key: made.append(key) or key)
    assert made == ["a", "b", "c", "b"]
    assert len(shelf.making) <= 2


def test_what_can_not_be_made_is_told_again_without_being_tried_again() -> None:
    shelf: Shelf[str] = Shelf(2)
    tried = []

    def fail() -> str:
        tried.append(1)
        raise InputError("patrol_no_streets", file="x", layer="streets")

    for _ in range(3):
        with pytest.raises(InputError) as caught:
            shelf.get("a", fail)
        assert caught.value.facts == {"file": "x", "layer": "streets"}
    assert len(tried) == 1


def test_an_error_of_ours_is_not_kept() -> None:
    shelf: Shelf[int] = Shelf(2)
    with pytest.raises(ZeroDivisionError):
        shelf.get("a", lambda: 1 // 0)
    assert shelf.get("a", lambda: 7) == 7


def test_what_was_dropped_is_made_anew() -> None:
    shelf: Shelf[int] = Shelf(2)
    numbers = iter(range(9))
    assert [shelf.get("a", lambda: next(numbers)) for _ in range(2)] == [0, 0]
    shelf.drop("a")
    shelf.drop("never there")
    assert shelf.get("a", lambda: next(numbers)) == 1
