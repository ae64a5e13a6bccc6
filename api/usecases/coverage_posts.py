"""More posts for a promise, and the units nearest to an incident.

Accepted posts count as standing in the next question; refused ones are not proposed again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import pandas as pd
import shapely

from api.feature_pages import metres_at, metres_of
from api.usecases.coverage_desk import Asker, CoverageDesk, DeskReach, Ground, grid_here
from api.usecases.reach_views import rule_index
from api.usecases.shelf import Shelf
from data.store.rooms.coverage import Decision
from data.store.rooms.plan_card import PlanCard
from gis.errors import InputError, NotFound
from gis.layers import POST_KINDS
from gis.report import QualityReport
from gis.streets import Mode
from gis.territory import Territory
from partition.coverage.posts.place import site_posts
from partition.coverage.posts.types import Goal, PostsAnswer
from partition.coverage.reach.dispatch import nearest_units
from partition.coverage.reach.survey import survey_reach
from partition.coverage.reach.types import ReachSurvey, Unit, UnitReach
from partition.coverage.settings import ReachSettings
from partition.stop import Stop

MOST_SECONDS = 120.0
_KEPT_ANSWERS = 16


@dataclass(frozen=True, slots=True)
class PostQuestion:
    """Which promise, in which part of the day (the first where none is named), what for, and how many more."""

    rule: str
    band: str = ""
    goal: str = "most"
    add: int = 1


class PostDesk:
    """Answers questions about more posts of one store; the last few answers are kept."""

    def __init__(self, desk: CoverageDesk) -> None:
        self.desk = desk
        self._answers: Shelf[PostsAnswer] = Shelf(_KEPT_ANSWERS)

    def propose(self, card: PlanCard, question: PostQuestion) -> PostsAnswer:
        """Propose posts for a plan as a whole.

        Raises
        ------
        NotFound
            ``reach_rule_unknown``.
        InputError
            What `site_posts` finds.
        """
        settings = self.desk.reach_settings(card)
        with self.desk.store.read() as tx:
            decided = tx.coverage.decisions(card.id, kind="post")
        found = self.desk.reach(card, settings)
        index = rule_index(found.survey, question.rule, question.band)
        said = [found.version, repr(question), *(f"{one.id} {one.verdict} {one.lon} {one.lat}" for one in decided)]
        key = hashlib.sha256("\n".join(said).encode()).hexdigest()
        return self._answers.get(key, lambda: self._site(found, index, question, decided))

    def _site(self, found: DeskReach, index: int, question: PostQuestion, decided: Sequence[Decision]) -> PostsAnswer:
        ground, survey = found.ground, found.survey
        accepted = [one for one in decided if one.verdict == "accepted"]
        territory = ground.territory
        if accepted:
            territory = with_posts(territory, survey, index, accepted)
            survey = _with_standing(territory, ground, survey.settings)
        return site_posts(
            territory,
            ground.land,
            survey,
            rule=index,
            goal=Goal(question.goal),
            add=question.add,
            refused=[one.id for one in decided],
            stop=Stop(seconds=MOST_SECONDS),
        )


def with_posts(territory: Territory, survey: ReachSurvey, index: int, accepted: Sequence[Decision]) -> Territory:
    """The territory with accepted posts, of the first kind that answers the promise."""
    rule = survey.rules[index].rule
    kind = min(rule.posts, default=POST_KINDS[0])
    posts = territory["posts"]
    shapes = [shapely.Point(*metres_at(one.lon, one.lat, territory.crs)) for one in accepted]
    more = gpd.GeoDataFrame({"id": [one.id for one in accepted], "kind": kind}, geometry=shapes, crs=territory.crs)
    if posts.empty:
        return territory.with_layers(posts=more)
    return territory.with_layers(posts=gpd.GeoDataFrame(pd.concat([posts, more], ignore_index=True), crs=territory.crs))


def _with_standing(territory: Territory, ground: Ground, settings: ReachSettings) -> ReachSurvey:
    """The survey of a territory with more posts: streets are laid anew, because posts are places on them."""
    return survey_reach(territory, ground.land, settings, report=QualityReport())


@dataclass(frozen=True, slots=True)
class UnitQuestion:
    """An incident, and the units that there are.

    Attributes
    ----------
    mode
        How the units come.
    k
        So many are wanted.
    band
        Part of the day; the plain speeds where none is named.
    """

    lon: float
    lat: float
    mode: str = "car"
    k: int = 3
    band: str = ""


def ask_units(
    desk: CoverageDesk, card: PlanCard, question: UnitQuestion, units: Sequence[tuple[Unit, float, float]], asker: Asker
) -> tuple[Ground, int, tuple[UnitReach, ...]]:
    """The units nearest to an incident by the time they need.

    Parameters
    ----------
    units
        Each with its longitude and latitude; its metres are filled in here.

    Returns
    -------
    Ground, int, tuple of UnitReach
        The plan's land, the row of the incident's grid, the units in order.

    Raises
    ------
    NotFound
        ``coverage_point_not_here``, ``reach_band_unknown``.
    InputError
        ``coverage_units_twice``, ``reach_streets_none`` and what the laying of the streets finds.
    """
    seen: set[str] = set()
    for unit, _, _ in units:
        if unit.id in seen:
            raise InputError("coverage_units_twice", measured=unit.id[:80])
        seen.add(unit.id)
    ground = desk.ground(card)
    crs = ground.territory.crs
    x, y = metres_at(question.lon, question.lat, crs)
    row = grid_here(ground, asker, x, y)
    settings = desk.reach_settings(card)
    if ground.territory["streets"].empty:
        raise InputError("reach_streets_none", layer="streets")
    network, _ = ground.streets(settings, Mode(question.mode))
    index = ground.unit_index(network, question.mode)
    moved = _moved(units, ground)
    found = nearest_units(
        network,
        moved,
        x,
        y,
        k=question.k,
        turn_out_s=settings.turn_out_s,
        speed_factor=_factor(settings, question.band),
        place_m=settings.place_m,
        off_street_kmh=settings.off_street_kmh,
        index=index,
    )
    return ground, row, found


def _factor(settings: ReachSettings, band: str) -> float:
    if not band:
        return 1.0
    for one in settings.bands:
        if one.name == band:
            return one.speed_factor
    raise NotFound("reach_band_unknown", measured=band[:80], allowed=", ".join(one.name for one in settings.bands))


def _moved(units: Sequence[tuple[Unit, float, float]], ground: Ground) -> list[Unit]:
    spots = metres_of([(lon, lat) for _, lon, lat in units], ground.territory.crs)
    return [
        Unit(unit.id, unit.kind, float(x), float(y), unit.status, unit.age_s)
        for (unit, _, _), (x, y) in zip(units, spots.tolist(), strict=True)
    ]
