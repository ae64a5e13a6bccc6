"""Cameras and reach of plans in a store, for one reader at a time: surveyed once per version of a plan and its rules.

A survey is of the whole plan, because cameras see and posts answer across borders; what a reader is shown of it is cut
to their grids.  Surveys are not kept in the store: they follow from the plan's version and the rules alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property

import numpy as np
import shapely

from api.usecases.coverage_land import CoverageLand, coverage_land
from api.usecases.coverage_rules import camera_settings, reach_settings, rules_of
from api.usecases.shelf import Shelf
from data.store import Store
from data.store.rooms.coverage import RuleBook
from data.store.rooms.plan_card import PlanCard
from gis.errors import NotFound
from gis.graph import BoolArray
from gis.report import QualityReport
from gis.sight.walls import Walls
from gis.streets import Beats, Mode, StreetNetwork
from gis.territory import Territory
from partition.coverage.cameras.recount import recount, sight_settings
from partition.coverage.cameras.survey import survey_cameras
from partition.coverage.cameras.types import CameraSurvey, Land
from partition.coverage.reach.dispatch import UnitIndex
from partition.coverage.reach.survey import lay_streets, survey_reach
from partition.coverage.reach.types import ReachSurvey
from partition.coverage.settings import CameraSettings, ReachSettings
from partition.coverage.settings_toml import to_toml

LAYERS = (
    *("communities", "buildings", "addresses", "streets", "barriers"),
    *("estates", "key_places", "posts", "cameras"),
)
"""What of a territory coverage needs; the rest stays in the store."""
_KEPT_GROUNDS = 2
_KEPT_SURVEYS = 6


class Ground:
    """One version of a plan with its land, and what every question about it shares."""

    def __init__(self, card: PlanCard, there: CoverageLand) -> None:
        self.card = card
        self.there = there
        self._networks: Shelf[tuple[StreetNetwork, Beats, QualityReport]] = Shelf(len(Mode))
        self._indexes: Shelf[UnitIndex] = Shelf(len(Mode))

    @property
    def land(self) -> Land:
        """The grids."""
        return self.there.land

    @property
    def territory(self) -> Territory:
        """The territory."""
        return self.there.territory

    @property
    def version(self) -> str:
        """What names this version of the plan."""
        return f"{self.card.id}-{self.card.revision}"

    @cached_property
    def walls(self) -> Walls:
        """What stops a view."""
        return Walls.of(self.territory, QualityReport())

    @cached_property
    def grid_tree(self) -> shapely.STRtree:
        """Of the grids."""
        return shapely.STRtree(self.land.geometry)

    def grid_at(self, x: float, y: float) -> int:
        """Position of the grid at a point; -1 outside every grid, the lowest code on a border."""
        found = self.grid_tree.query(shapely.Point(x, y), predicate="intersects")
        return int(found.min()) if len(found) else -1

    def inside(self, jurisdiction: str) -> BoolArray:
        """Per grid: whether a reader sees it."""
        return np.array([community.startswith(jurisdiction) for community in self.land.community], dtype=bool)

    def sees_all(self, jurisdiction: str) -> bool:
        """Whether a reader sees the whole plan."""
        return self.card.place.startswith(jurisdiction)

    def streets(self, settings: ReachSettings, mode: Mode) -> tuple[StreetNetwork, Beats]:
        """Streets as responders use them, laid once per mode and what the rules say of laying them."""
        key = (mode, settings.speed_kmh[mode], settings.snap_m, settings.passage_m, settings.place_m)
        report = QualityReport()
        network, beats, _ = self._networks.get(
            key, lambda: (*lay_streets(self.territory, self.land, settings, mode, report), report)
        )
        return network, beats

    def unit_index(self, network: StreetNetwork, mode: str) -> UnitIndex:
        """Streets of a mode made ready for incidents, doors and units."""
        barriers = np.asarray(self.territory["barriers"].geometry.array, dtype=object)
        return self._indexes.get((mode, id(network)), lambda: UnitIndex.of(network, barriers))


@dataclass(frozen=True, slots=True)
class DeskCameras:
    """A survey of cameras, with what it was made of."""

    ground: Ground
    survey: CameraSurvey
    report: QualityReport
    version: str


@dataclass(frozen=True, slots=True)
class DeskReach:
    """A survey of response times, with what it was made of."""

    ground: Ground
    survey: ReachSurvey
    report: QualityReport
    version: str


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks: what lies in their jurisdiction, and the states of plans they may name."""

    jurisdiction: str = ""
    states: Sequence[str] = field(default=())


class CoverageDesk:
    """Surveys coverage over one store.

    Parameters
    ----------
    store
        With its tables.
    now
        The clock: says which plan is in force.
    """

    def __init__(self, store: Store, now: Callable[[], datetime]) -> None:
        self.store = store
        self._now = now
        self._grounds: Shelf[Ground] = Shelf(_KEPT_GROUNDS)
        self._sights: Shelf[DeskCameras] = Shelf(_KEPT_GROUNDS)
        self._cameras: Shelf[DeskCameras] = Shelf(_KEPT_SURVEYS)
        self._reach: Shelf[DeskReach] = Shelf(_KEPT_SURVEYS)

    def plan_of(self, plan: str | None, asker: Asker) -> PlanCard:
        """The plan a question is about: the one that is named, else the one in force in most communities here.

        Raises
        ------
        NotFound
            ``plan_unknown``, ``coverage_no_plan_here``.
        """
        with self.store.read(asker.jurisdiction) as tx:
            if plan is not None:
                tx.in_force.plan(plan, asker.states)
            else:
                reigns = [reign.plan for reign in tx.in_force.at(self._now())]
                if not reigns:
                    raise NotFound("coverage_no_plan_here", measured=asker.jurisdiction or "—")
                plan = min(set(reigns), key=lambda id: (-reigns.count(id), id))
        # A reader of one community may not see the card of the county's plan, but may see their own grids of it.
        with self.store.read() as tx:
            return tx.plans.card(plan)

    def ground(self, card: PlanCard) -> Ground:
        """The land of a version of a plan.

        Raises
        ------
        InputError
            ``coverage_no_grids``.
        """
        return self._grounds.get((card.id, card.revision), lambda: self._load(card))

    def rules(self, card: PlanCard, part: str) -> RuleBook:
        """The rule book that a plan is surveyed by."""
        return rules_of(self.store, card.county, part)  # type: ignore[arg-type]

    def camera_settings(self, card: PlanCard, level: str = "") -> CameraSettings:
        """The rules for cameras of a plan, asked at a level.

        Raises
        ------
        InputError
            ``sight_level_unknown``.
        """
        settings = camera_settings(self.rules(card, "cameras"))
        if level:
            settings.profile.px_per_m(level)
            settings = replace(settings, level=level)
        return settings

    def reach_settings(self, card: PlanCard) -> ReachSettings:
        """The rules for response times of a plan."""
        return reach_settings(self.rules(card, "reach"))

    def cameras(self, card: PlanCard, settings: CameraSettings) -> DeskCameras:
        """The survey of the cameras that stand.

        Raises
        ------
        InputError
            What the survey finds.
        """
        version = cameras_version(card, settings)
        return self._cameras.get(version, lambda: self._count_cameras(card, settings, version))

    def reach(self, card: PlanCard, settings: ReachSettings) -> DeskReach:
        """The survey of response times from the posts that stand.

        Raises
        ------
        InputError
            ``reach_streets_none`` and what else the survey finds.
        """
        version = reach_version(card, settings)
        return self._reach.get(version, lambda: self._survey_reach(card, settings, version))

    def _load(self, card: PlanCard) -> Ground:
        with self.store.read() as tx:
            filed = tx.plans.load(card.id)
            territory = tx.territories.load(card.territory, layers=LAYERS)
        return Ground(card, coverage_land(territory, filed, names=(card.name, card.territory)))

    def _count_cameras(self, card: PlanCard, settings: CameraSettings, version: str) -> DeskCameras:
        """Who sees what is found once; other targets and levels are only counted anew."""
        base = sight_settings(settings)
        key = cameras_version(card, base)
        seen = self._sights.get(key, lambda: self._survey_cameras(card, base, key))
        survey = recount(seen.survey, seen.ground.territory, settings)
        return DeskCameras(seen.ground, survey, seen.report, version)

    def _survey_cameras(self, card: PlanCard, settings: CameraSettings, version: str) -> DeskCameras:
        ground, report = self.ground(card), QualityReport()
        survey = survey_cameras(ground.territory, ground.land, settings, report=report, walls=ground.walls)
        return DeskCameras(ground, survey, report, version)

    def _survey_reach(self, card: PlanCard, settings: ReachSettings, version: str) -> DeskReach:
        ground, report = self.ground(card), QualityReport()
        laid = {rule.mode: ground.streets(settings, rule.mode) for rule in settings.rules}
        survey = survey_reach(ground.territory, ground.land, settings, report=report, networks=laid)
        return DeskReach(ground, survey, report, version)


def cameras_version(card: PlanCard, settings: CameraSettings) -> str:
    """What names a survey of cameras: it follows from the plan's version and the rules alone."""
    return _version(card, to_toml(settings))


def reach_version(card: PlanCard, settings: ReachSettings) -> str:
    """What names a survey of response times."""
    return _version(card, to_toml(reach=settings))


def _version(card: PlanCard, rules: str) -> str:
    return f"{card.id}-{card.revision}-{hashlib.sha256(rules.encode()).hexdigest()[:16]}"


def picked(ground: Ground, asker: Asker, grids: Sequence[str] = (), community: str | None = None) -> BoolArray:
    """Grids that a question is about: those named, or of a community, or all, of those that the reader sees.

    Raises
    ------
    NotFound
        ``coverage_grid_not_here``, ``coverage_community_not_here``: also for what lies outside the jurisdiction.
    """
    seen = ground.inside(asker.jurisdiction)
    if not seen.any():
        raise NotFound("coverage_no_plan_here", measured=asker.jurisdiction or "—")
    if community:
        chosen = seen & np.array([code == community for code in ground.land.community], dtype=bool)
        if not chosen.any():
            raise NotFound("coverage_community_not_here", measured=community[:80])
        seen = chosen
    if grids:
        at = {code: row for row, code in enumerate(ground.land.codes)}
        rows = [at.get(code, -1) for code in grids]
        strange = [code for code, row in zip(grids, rows) if row < 0 or not seen[row]]
        if strange:
            raise NotFound("coverage_grid_not_here", measured=strange[0][:80])
        seen = np.isin(np.arange(len(at)), rows)
    return seen


def grid_here(ground: Ground, asker: Asker, x: float, y: float) -> int:
    """The grid at a point that a reader asks about.

    Raises
    ------
    NotFound
        ``coverage_point_not_here``: outside every grid that they see.
    """
    row = ground.grid_at(x, y)
    if row < 0 or not ground.land.community[row].startswith(asker.jurisdiction):
        raise NotFound("coverage_point_not_here")
    return row


__all__ = ["Asker", "CoverageDesk", "DeskCameras", "DeskReach", "Ground", "grid_here", "picked"]
