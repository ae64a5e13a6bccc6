"""What a change of plan does to cameras and reach: every plan surveyed on one territory, each held against the first.

Decides on which plans and land that can be said; what is measured is decided in `partition.coverage.compare`.
"""

from __future__ import annotations

from collections.abc import Sequence

from gis.progress import SILENT, Progress
from gis.report import QualityReport
from gis.sight.walls import Walls
from gis.territory import Territory
from partition.coverage.cameras.survey import survey_cameras
from partition.coverage.cameras.types import CameraSurvey
from partition.coverage.compare import CoverageComparison, compare_coverage
from partition.coverage.land import grids_of
from partition.coverage.reach.survey import survey_reach
from partition.coverage.reach.types import ReachSurvey
from partition.coverage.settings import CameraSettings, ReachSettings
from partition.filed import FiledPlan


def compare_coverages(
    plans: Sequence[FiledPlan],
    territory: Territory,
    *,
    cameras: CameraSettings | None = None,
    reach: ReachSettings | None = None,
    progress: Progress = SILENT,
) -> tuple[CoverageComparison, ...]:
    """Hold the cameras and response times of plans against those of the first.

    Parameters
    ----------
    plans
        Two or more.
    territory
        Where cameras, posts and streets are.
    cameras, reach
        Rules; the defaults when omitted.
    progress
        Watches the work.

    Returns
    -------
    tuple of CoverageComparison
        One per plan but the first; none where the territory has neither cameras nor posts, or a plan has no grid.
    """
    has_cameras = not territory["cameras"].empty
    has_reach = not territory["posts"].empty and not territory["streets"].empty
    if not (has_cameras or has_reach) or any(plan.grids.empty for plan in plans):
        return ()
    walls = Walls.of(territory, QualityReport())
    seen: list[CameraSurvey] = []
    reached: list[ReachSurvey | None] = []
    for plan in plans:
        land = grids_of(territory, plan)
        seen.append(survey_cameras(territory, land, cameras or CameraSettings(), walls=walls, progress=progress))
        timed = survey_reach(territory, land, reach or ReachSettings(), progress=progress) if has_reach else None
        reached.append(timed)
    return tuple(
        compare_coverage(seen[0], other, reached[0], timed) for other, timed in zip(seen[1:], reached[1:], strict=True)
    )
