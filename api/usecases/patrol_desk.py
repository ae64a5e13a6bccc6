"""Patrols of plans in a store, for one reader at a time: streets laid once per version of a plan, routes planned once
per question.

Routes are not kept in the store: they follow from the plan's version and the question alone, so the same question
always has the same answer, on every process of the service.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from api.usecases.patrol_land import Land, lay_land
from api.usecases.patrol_question import PatrolQuestion
from api.usecases.patrol_shift import tell_shift, walk_shift
from api.usecases.shelf import Shelf
from data.store import Store
from data.store.rooms.plan_card import PlanCard
from gis.errors import InputError, NotFound
from gis.streets import Mode
from partition.patrol.check import BeatBook, Posing, check_patrol
from partition.patrol.itinerary import Itinerary
from partition.patrol.many import GridPatrol
from partition.patrol.plan import plan_patrol
from partition.patrol.pose import Poser
from partition.patrol.settings import PatrolSettings
from partition.patrol.tracks.match import Matcher
from partition.patrol.tracks.settings import TrackSettings

if TYPE_CHECKING:
    from maps.atlas.land import Land as Sheet

LAYERS = ("communities", "buildings", "streets", "barriers", "estates", "key_places", "posts")
"""What of a territory patrols need; the rest stays in the store."""
_KEPT_GROUNDS = 3
_KEPT_PATROLS = 256


class Ground:
    """The streets of one version of a plan for one mode, with the indexes that every question shares."""

    def __init__(self, card: PlanCard, land: Land, settings: PatrolSettings) -> None:
        self.card = card
        self.land = land
        self.poser = Poser(land.network, land.beats, settings)
        self.book = BeatBook(land.network, land.beats)
        self.community = dict(zip(land.filed.grids["code"], land.filed.grids["community"]))
        self._outline = dict(zip(land.grids["code"], land.grids.geometry))

    def outline(self, grid: str) -> Any:
        """Polygon of a grid, in metres."""
        return self._outline[grid]

    @property
    def version(self) -> str:
        """What names this version of the plan in routes and files."""
        return f"{self.card.id}-{self.card.revision}"

    @cached_property
    def places(self) -> Mapping[int, Any]:
        """Key places by row."""
        return self.land.places

    @cached_property
    def post_names(self) -> Mapping[int, str]:
        """Name of the post at a node of the network."""
        return self.land.post_names()

    @cached_property
    def street_tree(self) -> shapely.STRtree:
        """Of the territory's streets."""
        return shapely.STRtree(self.land.territory["streets"].geometry.array)

    @cached_property
    def building_tree(self) -> shapely.STRtree:
        """Of the territory's buildings."""
        return shapely.STRtree(self.land.territory["buildings"].geometry.array)

    @cached_property
    def matcher(self) -> Matcher:
        """Brings tracks to the streets."""
        return Matcher(self.land.network, TrackSettings(mode=self.land.network.mode))

    @cached_property
    def sheet(self) -> Sheet:
        """What pages to print are drawn on."""
        from maps.atlas.land import survey  # only who prints needs the atlas

        return survey(self.land.filed, self.land.territory)


@dataclass(frozen=True, slots=True)
class DeskPatrol:
    """The answer to a question.

    Attributes
    ----------
    ground
        The version of the plan it is about.
    patrol
        Routes with their check, as they are walked in the shift.
    itineraries
        The same, leg by leg.
    """

    question: PatrolQuestion
    ground: Ground
    patrol: GridPatrol
    itineraries: tuple[Itinerary, ...]

    def route(self, id: str) -> Itinerary:
        """One of the routes.

        Raises
        ------
        NotFound
            ``patrol_route_unknown``.
        """
        for itinerary in self.itineraries:
            if itinerary.id == id:
                return itinerary
        allowed = ", ".join(itinerary.id for itinerary in self.itineraries)
        raise NotFound("patrol_route_unknown", id=id[:80], allowed=allowed or "—")


class PatrolDesk:
    """Plans patrols over one store.

    Parameters
    ----------
    store
        With its tables.
    now
        The clock: says which plan is in force.
    """

    def __init__(self, store: Store, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now
        self._grounds: Shelf[Ground] = Shelf(_KEPT_GROUNDS)
        self._patrols: Shelf[GridPatrol] = Shelf(_KEPT_PATROLS)

    def plan_of(self, grid: str, plan: str | None, jurisdiction: str, states: Sequence[str]) -> PlanCard:
        """The plan a question is about: the one that is named, else the one in force that has the grid.

        Raises
        ------
        NotFound
            ``plan_unknown``; ``patrol_grid_not_here``: no grid of that code lies in the jurisdiction.
        """
        with self._store.read(jurisdiction) as tx:
            if plan is not None:
                tx.in_force.plan(plan, states)
                found = plan
            else:
                owner = tx.in_force.plan_with(grid, self._now())
                if owner is None:
                    raise NotFound("patrol_grid_not_here", measured=grid[:80])
                found = owner
        # A reader of one community may not see the card of the county's plan, but may walk their own grids of it.
        with self._store.read() as tx:
            return tx.plans.card(found)

    def ground(self, card: PlanCard, mode: str) -> Ground:
        """The streets of a version of a plan.

        Raises
        ------
        InputError
            ``patrol_no_streets``, ``patrol_no_grids``, and what the laying of the network finds.
        """
        return self._grounds.get(
            (card.id, card.revision, mode), lambda: self._lay(card, PatrolSettings(mode=Mode(mode)))
        )

    def patrol(
        self, question: PatrolQuestion, plan: str | None = None, jurisdiction: str = "", states: Sequence[str] = ()
    ) -> DeskPatrol:
        """Answer a question.

        Parameters
        ----------
        question
            What is wanted.
        plan
            Id of a plan; the one in force when omitted.
        jurisdiction
            What the reader sees: grids elsewhere are not there.
        states
            States a named plan may be in.

        Raises
        ------
        NotFound
            ``plan_unknown``, ``patrol_grid_not_here``.
        InputError
            ``patrol_post_unknown``, ``patrol_post_off_network``, and what the laying of the network finds.
        """
        card = self.plan_of(question.grid, plan, jurisdiction, states)
        ground = self.ground(card, question.mode)
        community = ground.community.get(question.grid)
        if community is None or not community.startswith(jurisdiction):
            raise NotFound("patrol_grid_not_here", measured=question.grid[:80])
        post = self._post(ground, question)
        key = (ground.version, replace(question, day=None, half=""))
        planned = self._patrols.get(key, lambda: self._plan(ground, question, post))
        day = question.day.isoformat() if question.day else ""
        walked = walk_shift(
            planned,
            ground.book,
            plan_id=ground.version,
            day=day,
            half=question.half,
            snap_m=question.settings.snap_m,
        )
        told = tell_shift(
            walked,
            ground.land.network,
            ground.places,
            stem=question.grid,
            post_names=ground.post_names if question.post else {},
            plan_id=ground.version,
            shift=question.shift,
            starts_at=question.starts_at,
        )
        return DeskPatrol(question, ground, walked, tuple(told))

    def _lay(self, card: PlanCard, settings: PatrolSettings) -> Ground:
        with self._store.read() as tx:
            filed = tx.plans.load(card.id)
            territory = tx.territories.load(card.territory, layers=LAYERS)
        land = lay_land(territory, filed, settings, names=(card.name, card.territory))
        return Ground(card, land, settings)

    def _post(self, ground: Ground, question: PatrolQuestion) -> np.ndarray | None:
        if not question.post:
            return None
        posts, beats = ground.land.territory["posts"], ground.land.beats
        row = np.flatnonzero((posts["id"] == question.post).to_numpy())
        if not len(row):
            near = ", ".join(posts["id"].tolist()[:5])
            raise InputError("patrol_post_unknown", measured=question.post[:80], allowed=near or "—")
        if beats.post_node[row[0]] < 0:
            allowed = question.settings.place_m
            measured = round(float(beats.post_off_m[row[0]]), 1)
            raise InputError("patrol_post_off_network", id=question.post[:80], measured=measured, allowed=allowed)
        return row.astype(np.int32)

    def _plan(self, ground: Ground, question: PatrolQuestion, post: np.ndarray | None) -> GridPatrol:
        settings = question.settings
        posed = ground.poser.under(settings).pose(question.grid, post)
        result = plan_patrol(posed.problem)
        posing = Posing(posed.link, posed.node, posed.place)
        check = check_patrol(ground.book, question.grid, posed.problem, posing, result, snap_m=settings.snap_m)
        return GridPatrol(question.grid, posed, result, check)
