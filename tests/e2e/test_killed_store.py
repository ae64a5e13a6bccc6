"""kill -9 of service, database and load while people write: nothing acknowledged is lost, nothing is half.

Short here; ``python -m tests.bench.kill_store`` goes on for longer.
"""

from __future__ import annotations

import pytest

from tests.drawn_town import drawn_town
from tests.killed_store import Tally, kill_database, kill_load, kill_service

__all__ = ["drawn_town"]


def assert_sound(tally: Tally) -> None:
    assert tally.verdict.is_sound, tally.verdict
    assert tally.acknowledged > tally.rounds, "people wrote in every round"


@pytest.mark.parametrize("kind", ["embedded", "postgis"])
def test_a_service_that_is_killed_loses_and_doubles_nothing(kind, drawn_town, tmp_path) -> None:
    assert_sound(kill_service(kind, drawn_town, tmp_path, rounds=2))


def test_a_database_that_is_killed_loses_nothing_and_the_service_finds_back(drawn_town, tmp_path) -> None:
    assert_sound(kill_database(drawn_town, tmp_path, rounds=2))


@pytest.mark.parametrize("kind", ["embedded", "postgis"])
def test_a_load_that_is_killed_leaves_all_or_nothing(kind, drawn_town, tmp_path) -> None:
    tally = kill_load(kind, drawn_town, tmp_path, rounds=2)
    assert tally.verdict.is_sound, tally.verdict
