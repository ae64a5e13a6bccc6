"""The coverage desk: one survey for many questions, counting anew where only counting changed, turns given up."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest

from api.routes import coverage_asked
from api.usecases import coverage_desk, coverage_sites
from api.usecases.coverage_desk import Asker, CoverageDesk
from api.usecases.coverage_sites import SiteDesk, SiteQuestion
from data.store import open_store
from gis.errors import InputError, NotFound
from partition.coverage.cameras.recount import recount, rows_within, sight_settings
from partition.coverage.cameras.survey import survey_cameras
from partition.coverage.settings import CameraSettings, ReachSettings
from tests.drawn_town import drawn_town, loaded_file, town_store
from tests.patrol_site import NOON

__all__ = ["drawn_town", "loaded_file", "town_store"]

EVERYTHING = Asker("", ("in_force",))


@pytest.fixture
def desk(town_store: Path) -> Any:
    store = open_store(f"sqlite:///{town_store}")
    yield CoverageDesk(store, lambda: NOON)
    store.close()


def counted(monkeypatch: pytest.MonkeyPatch, module: Any, name: str) -> list[Any]:
    """Let calls of a function be counted."""
    calls: list[Any] = []
    real = getattr(module, name)

    def spy(*args: Any, **options: Any) -> Any:
        calls.append(args)
        return real(*args, **options)

    monkeypatch.setattr(module, name, spy)
    return calls


def test_of_many_who_ask_at_once_one_surveys(desk: CoverageDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = counted(monkeypatch, coverage_desk, "survey_cameras")
    card = desk.plan_of(None, EVERYTHING)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: desk.cameras(card, desk.camera_settings(card)).survey, range(8)))
    assert len(calls) == 1
    assert all(one is found[0] for one in found)


def test_targets_and_levels_are_counted_anew_without_looking_again(
    desk: CoverageDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = counted(monkeypatch, coverage_desk, "survey_cameras")
    card = desk.plan_of(None, EVERYTHING)
    base = CameraSettings()
    dense = replace(base, density=MappingProxyType({"urban": 300.0, "rural": 30.0}))
    fine = replace(base, level="identify", private_level="detect")
    ground = desk.ground(card)
    for settings in (base, dense, fine):
        told = desk.cameras(card, settings).survey
        anew = survey_cameras(ground.territory, ground.land, settings)
        assert told.rows == anew.rows
        assert told.blind == anew.blind
        assert told.progress == anew.progress
        np.testing.assert_array_equal(told.seen_by, anew.seen_by)
        np.testing.assert_array_equal(told.private_m, anew.private_m)
    assert len(calls) == 1
    desk.cameras(card, replace(base, sample_m=9.0))
    assert len(calls) == 2


def test_what_decides_who_sees_what_can_not_be_counted_anew(desk: CoverageDesk) -> None:
    card = desk.plan_of(None, EVERYTHING)
    found = desk.cameras(card, CameraSettings())
    other = replace(CameraSettings(), high_m=3.0)
    assert sight_settings(other) != sight_settings(CameraSettings())
    with pytest.raises(ValueError, match="survey of their own"):
        recount(found.survey, found.ground.territory, other)


def test_rows_of_some_grids_are_those_grids_added_up(desk: CoverageDesk) -> None:
    card = desk.plan_of(None, EVERYTHING)
    found = desk.cameras(card, CameraSettings())
    survey, territory = found.survey, found.ground.territory
    grids = np.arange(len(survey.land.codes)) % 2 == 0
    rows = rows_within(survey, territory, grids)
    own = [row for row in survey.rows if row.scope == "grid" and row.code in np.array(survey.land.codes)[grids]]
    assert [row for row in rows if row.scope == "grid"] == own
    total = next(row for row in rows if row.scope == "all")
    assert total.positions == sum(row.positions for row in own)
    assert total.seen_m["detect"] == pytest.approx(sum(row.seen_m["detect"] for row in own))
    assert rows_within(survey, territory, np.ones(len(grids), dtype=bool)) == survey.rows


def test_streets_are_laid_once_for_all_promises_and_for_units(
    desk: CoverageDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = counted(monkeypatch, coverage_desk, "lay_streets")
    card = desk.plan_of(None, EVERYTHING)
    settings = ReachSettings()
    desk.reach(card, settings)
    n_modes = len({rule.mode for rule in settings.rules})
    assert len(calls) == n_modes
    desk.reach(card, replace(settings, turn_out_s=60.0))
    assert len(calls) == n_modes


def test_the_same_question_is_worked_out_once_until_something_is_decided(
    desk: CoverageDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = counted(monkeypatch, coverage_sites, "site_cameras")
    sites, card = SiteDesk(desk), desk.plan_of(None, EVERYTHING)
    question = SiteQuestion(add=2, level="detect")
    first = sites.propose(card, question, EVERYTHING)
    assert sites.propose(card, question, EVERYTHING) is first
    sites.propose(card, replace(question, add=3), EVERYTHING)
    assert len(calls) == 2


def test_an_answer_cut_short_is_not_kept(desk: CoverageDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = counted(monkeypatch, coverage_sites, "site_cameras")
    sites, card = SiteDesk(desk), desk.plan_of(None, EVERYTHING)
    question = SiteQuestion(add=2, level="detect")
    sites.propose(card, question, EVERYTHING, lambda: True)
    sites.propose(card, question, EVERYTHING)
    sites.propose(card, question, EVERYTHING)
    assert len(calls) == 2


def test_land_too_large_is_refused_before_anything_is_surveyed(
    desk: CoverageDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = counted(monkeypatch, coverage_desk, "survey_cameras")
    monkeypatch.setattr(coverage_sites, "MOST_KM2", 0.1)
    with pytest.raises(InputError) as caught:
        SiteDesk(desk).propose(desk.plan_of(None, EVERYTHING), SiteQuestion(add=2), EVERYTHING)
    assert caught.value.code == "coverage_land_large"
    assert not calls


def test_a_plan_that_is_not_there_and_a_place_without_a_plan_are_told(desk: CoverageDesk) -> None:
    with pytest.raises(NotFound, match="plan_unknown"):
        desk.plan_of("p0", EVERYTHING)
    with pytest.raises(NotFound, match="coverage_no_plan_here"):
        desk.plan_of(None, Asker("000000", ()))


def test_a_reader_who_has_gone_calls_the_work_off() -> None:
    class Gone:
        """A request whose reader leaves while the work goes on."""

        class app:
            class state:
                coverage_turns = None

        def __init__(self) -> None:
            self.asked = 0

        async def is_disconnected(self) -> bool:
            self.asked += 1
            return self.asked > 1

    async def run() -> bool:
        noticed = threading.Event()

        def work(is_called_off: Any) -> dict[str, bool]:
            for _ in range(200):
                if is_called_off():
                    noticed.set()
                    break
                threading.Event().wait(0.02)
            return {"noticed": noticed.is_set()}

        request: Any = Gone()
        await coverage_asked.answer_asked(request, work)
        request.app.state.coverage_turns.end()
        request.app.state.coverage_turns = None
        return noticed.is_set()

    assert asyncio.run(run())
