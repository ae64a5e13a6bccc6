"""Independent check of what is said about cameras, reach and their sitings, before any of it is saved.

It knows nothing of how surveys are made and shares no code with what makes them: positions are counted by geometry,
sight lines are drawn against the footprints themselves, times are proved link by link, shares are counted from the
seconds of every door.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gis.errors import Fault
from gis.streets.network import ObjectArray
from gis.territory import Territory
from partition.coverage.cameras.types import CameraSurvey
from partition.coverage.check import density, posts, reach, sight, siting
from partition.coverage.check.terms import SHOWN, Ground
from partition.coverage.posts.types import PostsAnswer
from partition.coverage.reach.types import ReachSurvey
from partition.coverage.siting.problem import SitingAnswer
from partition.filed import FiledPlan

__all__ = ["CoverageCheck", "check_cameras", "check_reach"]


@dataclass(frozen=True, slots=True)
class CoverageCheck:
    """What the check found.

    Attributes
    ----------
    faults
        What does not hold, by code; of one kind no more than can be read.
    looked_at
        How much was looked at: positions, doors, sight lines and so on, by name.
    """

    faults: tuple[Fault, ...]
    looked_at: dict[str, int]

    @property
    def passed(self) -> bool:
        """Nothing is wrong."""
        return not self.faults


def check_cameras(
    territory: Territory,
    filed: FiledPlan,
    survey: CameraSurvey,
    answer: SitingAnswer | None = None,
    *,
    add: int | None = None,
    zones: ObjectArray | None = None,
    refused: Iterable[str] = (),
    grids: Sequence[int] | None = None,
    with_sight: bool = True,
) -> CoverageCheck:
    """Check a survey of cameras, and the cameras proposed on it.

    Parameters
    ----------
    territory, filed
        The land, and the plan whose grids were counted by.
    survey
        What is told.
    answer
        Proposals, where there are any.
    add
        How many were asked for.
    zones
        Polygons where no camera may stand, metric CRS.
    refused
        Ids that may not be proposed again.
    grids
        Positions of the grids whose streets the proposals were to see; None: all.
    with_sight
        Look at sight lines and metres; False for a survey of density alone.
    """
    ground = Ground.of(territory, filed)
    faults = [*density.position_faults(territory, ground, survey), *density.density_faults(ground, survey)]
    blocks = sight.Blocks(territory)
    if with_sight:
        faults += sight.point_faults(territory, ground, survey)
        faults += sight.line_faults(blocks, survey)
        faults += sight.missed_faults(blocks, survey)
        faults += sight.metre_faults(ground, survey)
        faults += siting.private_faults(survey)
    faults += siting.existing_faults(territory, survey, zones)
    if answer is not None:
        settings = survey.settings
        faults += siting.place_faults(territory, ground, blocks, answer, settings, zones=zones, refused=refused)
        faults += siting.number_faults(survey, answer, settings, add=add)
        faults += siting.gain_faults(blocks, survey, answer, grids)
        faults += siting.floor_faults(ground, survey, answer)
    looked_at = {
        "positions": len(survey.cameras),
        "grids": len(ground.codes),
        "sample_points": len(survey.samples),
        "sight_lines": len(survey.sights.point),
        "proposals": len(answer.proposals) if answer else 0,
    }
    return CoverageCheck(_readable(faults), looked_at)


def check_reach(
    territory: Territory,
    filed: FiledPlan,
    survey: ReachSurvey,
    answers: Iterable[tuple[PostsAnswer, int]] = (),
) -> CoverageCheck:
    """Check a survey of response times, and the posts proposed on it.

    Parameters
    ----------
    territory, filed
        The land, and the plan whose grids were counted by.
    survey
        What is told.
    answers
        Proposals with the number of posts asked for.
    """
    ground = Ground.of(territory, filed)
    faults = [*reach.settings_faults(survey.settings, survey), *reach.survey_faults(territory, ground, survey)]
    faults += reach.grid_faults(territory, ground, survey)
    for promise in survey.rules:
        faults += reach.rule_faults(territory, ground, survey, promise)
    held = {(promise.rule.name, promise.band): promise for promise in survey.rules}
    proposed = 0
    for answer, add in answers:
        proposed += len(answer.proposals)
        faults += posts.post_faults(territory, ground, survey, held[answer.rule, answer.band], answer, add=add)
    looked_at = {
        "promises": len(survey.rules),
        "doors": sum(len(promise.door_s) for promise in survey.rules),
        "links": sum(network.n_links for network in survey.networks.values()),
        "grids": len(ground.codes),
        "proposals": proposed,
    }
    return CoverageCheck(_readable(faults), looked_at)


def _readable(faults: Iterable[Fault]) -> tuple[Fault, ...]:
    """At most so many faults of one kind."""
    n: Counter[str] = Counter()
    kept = []
    for found in faults:
        n[found.code] += 1
        if n[found.code] <= SHOWN:
            kept.append(found)
    return tuple(kept)
