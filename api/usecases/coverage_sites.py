"""More cameras: what they would change, where they had best stand, and what planners decided about each proposal.

A decision belongs to the plan, not to one version of it: what was accepted counts as standing in the next question,
what was refused is not proposed again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from api.feature_pages import metres_at
from api.usecases.coverage_desk import Asker, CoverageDesk, DeskCameras, Ground, grid_here, picked
from api.usecases.coverage_features import sights_of
from api.usecases.coverage_rules import assert_cameras
from api.usecases.shelf import Shelf
from data.store import Act
from data.store.rooms.coverage import Decision, Proposed
from data.store.rooms.plan_card import PlanCard
from gis.errors import InputError
from gis.graph import BoolArray
from gis.report import QualityReport
from gis.sight import Cameras
from gis.sight.see import see
from gis.streets.network import ObjectArray
from partition.coverage.cameras.types import CameraSurvey
from partition.coverage.cameras.what_if import WhatIf, what_if
from partition.coverage.settings import CameraSettings
from partition.coverage.siting.problem import SitingAnswer
from partition.coverage.siting.site import site_cameras
from partition.stop import Call, Stop, never

MOST_KM2 = 12.0
"""Larger land is a question for the command, which may take its time."""
MOST_SECONDS = 120.0
_KEPT_ANSWERS = 16


@dataclass(frozen=True, slots=True)
class Place:
    """Cameras on a spot; without a heading they look all round."""

    lon: float
    lat: float
    heading_deg: float | None = None
    count: int = 1


@dataclass(frozen=True, slots=True)
class SiteQuestion:
    """What is asked of siting.

    Attributes
    ----------
    goal
        ``cover``, ``all`` or ``floor``.
    add
        Most cameras to propose; None: as many as it takes (not for ``cover``).
    grids, community
        Only there.
    keep_floors
        Grids short of their density come first.
    level
        Level of pixel density; that of the rules when empty.
    private_price
        In place of that of the rules.
    """

    goal: str = "cover"
    add: int | None = None
    grids: tuple[str, ...] = ()
    community: str = ""
    keep_floors: bool = False
    level: str = ""
    private_price: float | None = None


@dataclass(frozen=True, slots=True)
class Sites:
    """Proposals with what each would see."""

    ground: Ground
    answer: SitingAnswer
    sights: ObjectArray


class SiteDesk:
    """Answers questions about more cameras of one store; the last few answers are kept."""

    def __init__(self, desk: CoverageDesk) -> None:
        self.desk = desk
        self._answers: Shelf[Sites] = Shelf(_KEPT_ANSWERS)

    def propose(self, card: PlanCard, question: SiteQuestion, asker: Asker, is_called_off: Call = never) -> Sites:
        """Propose cameras.

        Raises
        ------
        NotFound
            ``coverage_grid_not_here``, ``coverage_community_not_here``.
        InputError
            ``coverage_land_large``, and what `site_cameras` finds.
        """
        settings = self.desk.camera_settings(card, question.level)
        if question.private_price is not None:
            settings = replace(settings, private_price=question.private_price)
            assert_cameras(settings)
        ground = self.desk.ground(card)
        grids = picked(ground, asker, question.grids, question.community)
        _assert_small(ground, grids)
        with self.desk.store.read() as tx:
            decided = tx.coverage.decisions(card.id, kind="camera")
        found = self.desk.cameras(card, replace(settings, private_price=0.0))
        key = _key(found, settings, question, grids, decided)

        def make() -> Sites:
            return self._site(found, settings, question, grids, decided, is_called_off)

        made = self._answers.get(key, make)
        if is_called_off():
            self._answers.drop(key)  # cut short: whoever asks again gets the whole
        return made

    def _site(
        self,
        found: DeskCameras,
        settings: CameraSettings,
        question: SiteQuestion,
        grids: BoolArray,
        decided: Sequence[Decision],
        is_called_off: Call,
    ) -> Sites:
        ground = found.ground
        accepted = [one for one in decided if one.verdict == "accepted"]
        answer = site_cameras(
            ground.territory,
            ground.land,
            _with_standing(found, settings, accepted),
            settings,
            goal=question.goal,
            add=question.add,
            grids=[code for code, chosen in zip(ground.land.codes, grids.tolist()) if chosen],
            keep_floors=question.keep_floors,
            accepted=[one.id for one in accepted],
            refused=[one.id for one in decided if one.verdict == "refused"],
            walls=ground.walls,
            stop=Stop(seconds=MOST_SECONDS),
            is_called_off=is_called_off,
            report=QualityReport(),
        )
        return Sites(ground, answer, sights_of(ground, answer.cameras, settings.px_per_m))


def ask_what_if(
    found: DeskCameras,
    asker: Asker,
    counts: Mapping[str, int],
    places: Sequence[Place],
    targets: Mapping[str, float],
) -> WhatIf:
    """What more positions, cameras on spots and other targets would change, within the grids that a reader sees.

    Raises
    ------
    NotFound
        ``coverage_grid_not_here``, ``coverage_point_not_here``.
    InputError
        What `what_if` finds.
    """
    ground = found.ground
    seen = picked(ground, asker)
    if counts:
        picked(ground, asker, tuple(counts))
    xy = [metres_at(one.lon, one.lat, ground.territory.crs) for one in places]
    for x, y in xy:
        grid_here(ground, asker, x, y)
    poses = None
    if places:
        rows = np.repeat(np.arange(len(places)), [one.count for one in places])
        spots = np.array(xy)[rows]
        headings = [places[row].heading_deg for row in rows.tolist()]
        poses = standing(found.survey.settings, spots, headings, [f"{n}" for n in range(len(rows))], ground)
    told = what_if(found.survey, counts=counts, targets=targets, poses=poses, walls=ground.walls)
    if seen.all():
        return told
    codes = {code for code, is_seen in zip(ground.land.codes, seen.tolist()) if is_seen}
    return replace(told, rows=tuple(pair for pair in told.rows if pair[0].scope == "grid" and pair[0].code in codes))


def standing(
    settings: CameraSettings,
    xy: np.ndarray,
    headings: Sequence[float | None],
    ids: Sequence[str],
    ground: Ground,
) -> Cameras:
    """Cameras of the model that siting puts up, on spots; moved out of buildings."""
    x, y, _ = ground.walls.step_out(xy[:, 0].copy(), xy[:, 1].copy())
    n, model = len(ids), settings.model
    round_about = np.array([heading is None for heading in headings], dtype=bool)
    return Cameras(
        ids=tuple(ids),
        row=np.full(n, -1, dtype=np.int32),
        x=x,
        y=y,
        heading_deg=np.array([0.0 if heading is None else heading % 360.0 for heading in headings]),
        hfov_deg=np.where(round_about, 360.0, model.hfov_deg),
        focal_px=np.full(n, model.focal_px),
        near_m=np.full(n, model.near_m),
        far_m=np.full(n, model.far_m),
        is_assumed=round_about,
        is_working=np.ones(n, dtype=bool),
    )


def proposal_at(ground: Ground, asker: Asker, place: Place, *, kind: str, id: str, level: str) -> Proposed:
    """A proposal on a spot, with its grid and community found here and not taken from the request.

    Raises
    ------
    NotFound
        ``coverage_point_not_here``.
    """
    row = grid_here(ground, asker, *metres_at(place.lon, place.lat, ground.territory.crs))
    land = ground.land
    return Proposed(
        kind=kind,
        id=id,
        place=land.community[row],
        grid=land.codes[row],
        lon=round(place.lon, 7),
        lat=round(place.lat, 7),
        heading_deg=place.heading_deg,
        level=level,
    )


def decide(desk: CoverageDesk, act: Act, card: PlanCard, proposed: Proposed, verdict: str, role: str) -> Decision:
    """Keep a decision."""
    with desk.store.write(act) as tx:
        return tx.coverage.decide(card.id, card.county, proposed, verdict, role)[0]


def decisions(
    desk: CoverageDesk, card: PlanCard, asker: Asker, *, kind: str | None = None, verdict: str | None = None
) -> list[Decision]:
    """Decisions on the proposals of a plan that a reader sees."""
    with desk.store.read(asker.jurisdiction) as tx:
        return tx.coverage.decisions(card.id, kind=kind, verdict=verdict)


def _with_standing(found: DeskCameras, settings: CameraSettings, accepted: Sequence[Decision]) -> CameraSurvey:
    """The survey with what accepted cameras will see, wherever the candidate poles of today are."""
    if not accepted:
        return found.survey
    survey, ground = found.survey, found.ground
    xy = np.array([metres_at(one.lon, one.lat, ground.territory.crs) for one in accepted])
    headings, ids = [one.heading_deg for one in accepted], [one.id for one in accepted]
    sights = see(standing(settings, xy, headings, ids, ground), survey.samples, ground.walls, settings.px_per_m)
    return replace(survey, seen_by=survey.seen_by + sights.count(settings.px_per_m))


def _assert_small(ground: Ground, grids: BoolArray) -> None:
    km2 = float(ground.land.area_m2[grids].sum()) / 1e6
    if km2 > MOST_KM2:
        raise InputError("coverage_land_large", measured=round(km2, 1), allowed=MOST_KM2)


def _key(
    found: DeskCameras, settings: CameraSettings, question: SiteQuestion, grids: BoolArray, decided: Sequence[Decision]
) -> str:
    said = [found.version, repr(settings.private_price), repr(question), grids.tobytes().hex()]
    said += [f"{one.id} {one.verdict} {one.lon} {one.lat} {one.heading_deg}" for one in decided]
    return hashlib.sha256("\n".join(said).encode()).hexdigest()
