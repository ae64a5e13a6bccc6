"""What a question about a place needs of the plan in force there: streets to drive, arrival of posts, what cameras see.

Made behind the scenes, since whoever sends somebody can not wait for it: what is not there yet is said to be so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import numpy as np
import shapely

from api.usecases.behind import Behind
from api.usecases.coverage_desk import CoverageDesk, DeskReach, Ground, reach_version
from data.store import Store
from data.store.rooms.plan_card import PlanCard
from gis.report import QualityReport
from gis.sight import Cameras
from gis.sight.stand import stand_cameras
from gis.streets import Mode, StreetNetwork
from gis.streets.network import ObjectArray
from partition.coverage.reach.dispatch import UnitIndex
from partition.coverage.settings import CameraSettings, ReachSettings
from partition.coverage.settings_toml import to_toml

_KEPT = 12


@dataclass(frozen=True, slots=True)
class Streets:
    """Streets of one mode, ready for incidents."""

    ground: Ground
    network: StreetNetwork
    index: UnitIndex


@dataclass(frozen=True, slots=True)
class Eyes:
    """The cameras of a plan, ready to be asked who sees a place."""

    ground: Ground
    cameras: Cameras
    settings: CameraSettings


class Around:
    """The land of a plan, ready to be asked what lies at a place."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground

    def shapes(self, layer: str) -> ObjectArray:
        """Shapes of a layer, in metres."""
        return np.asarray(self.ground.territory[layer].geometry.array, dtype=object)

    @cached_property
    def streets(self) -> shapely.STRtree:
        """Of the streets."""
        return shapely.STRtree(self.shapes("streets"))

    @cached_property
    def estates(self) -> shapely.STRtree:
        """Of the estates."""
        return shapely.STRtree(self.shapes("estates"))

    @cached_property
    def places(self) -> shapely.STRtree:
        """Of the key places."""
        return shapely.STRtree(self.shapes("key_places"))


class DispatchGround:
    """Finds the plan in force at a place and what is known of its land.

    Parameters
    ----------
    desk
        Lays streets and surveys promises; what it has made is shared with the coverage desk.
    """

    def __init__(self, desk: CoverageDesk) -> None:
        self._desk = desk
        self._behind = Behind(_KEPT, "dispatch-ground")

    @property
    def store(self) -> Store:
        """Of the plans."""
        return self._desk.store

    def plan_at(self, community: str, county: str, moment: datetime) -> PlanCard | None:
        """The plan in force in a community; else the one in force in most of its county; none where there is none."""
        with self.store.read() as tx:
            reigns = [reign for reign in tx.in_force.at(moment) if reign.county == county]
            here = [reign.plan for reign in reigns if reign.community == community]
            plans = here or [reign.plan for reign in reigns]
            if not plans:
                return None
            return tx.plans.card(min(set(plans), key=lambda id: (-plans.count(id), id)))

    def reach_settings(self, card: PlanCard) -> ReachSettings:
        """The rules for response times of a plan."""
        return self._desk.reach_settings(card)

    def streets(self, card: PlanCard, settings: ReachSettings, mode: str, wait_s: float) -> Streets | None:
        """The streets of a mode; none while they are being laid.

        Raises
        ------
        InputError
            ``reach_streets_none``, ``coverage_no_grids`` and what the laying of the streets finds.
        """

        def lay() -> Streets:
            ground = self._desk.ground(card)
            network, _ = ground.streets(settings, Mode(mode))
            return Streets(ground, network, ground.unit_index(network, mode))

        return self._get("streets", card, to_toml(reach=settings) + mode, lay, wait_s)

    def reach(self, card: PlanCard, settings: ReachSettings, wait_s: float) -> DeskReach | None:
        """The survey of promises; none while it is being made.

        Raises
        ------
        InputError
            What the survey finds.
        """
        return self._get("reach", card, reach_version(card, settings), lambda: self._desk.reach(card, settings), wait_s)

    def around(self, card: PlanCard, wait_s: float) -> Around | None:
        """The land; none while it is being read.

        Raises
        ------
        InputError
            ``coverage_no_grids``.
        """
        return self._get("around", card, "", lambda: Around(self._desk.ground(card)), wait_s)

    def eyes(self, card: PlanCard, wait_s: float) -> Eyes | None:
        """The cameras; none while walls are being built.

        Raises
        ------
        InputError
            ``sight_optics_impossible``, ``coverage_no_grids``.
        """
        settings = self._desk.camera_settings(card)

        def stand() -> Eyes:
            ground = self._desk.ground(card)
            found = stand_cameras(
                ground.territory, settings.default, QualityReport(), high_m=settings.high_m, walls=ground.walls
            )
            return Eyes(ground, found, settings)

        return self._get("eyes", card, to_toml(settings), stand, wait_s)

    def of_plan[T](self, what: str, card: PlanCard, make: Callable[[], T], wait_s: float) -> T | None:
        """Something else that follows from the version of a plan; none while it is being made."""
        return self._get(what, card, "", make, wait_s)

    def end(self) -> None:
        """Begin nothing more."""
        self._behind.end()

    def _get[T](self, what: str, card: PlanCard, rules: str, make: Callable[[], T], wait_s: float) -> T | None:
        return self._behind.get((what, card.id, card.revision, rules), make, wait_s)
