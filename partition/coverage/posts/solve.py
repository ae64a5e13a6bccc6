"""One way in for every goal."""

from __future__ import annotations

from gis.progress import SILENT, Progress
from partition.coverage.posts.center import p_center
from partition.coverage.posts.cover import max_cover, set_cover
from partition.coverage.posts.median import p_median
from partition.coverage.posts.types import Goal, PostProblem, PostSiting
from partition.stop import Stop

_SOLVERS = {Goal.CENTER: p_center, Goal.MEDIAN: p_median, Goal.COVER: set_cover, Goal.MOST: max_cover}


def solve(
    problem: PostProblem, goal: Goal, *, seed: int = 0, stop: Stop | None = None, progress: Progress = SILENT
) -> PostSiting:
    """Choose sites for a goal.

    The same problem and seed give the same sites; ``stop.seconds`` is a guard, and what it cuts short is not proved.

    Raises
    ------
    InputError
        ``posts_too_many``, ``posts_negative``, ``posts_cost_bad``, ``posts_weight_bad``, ``posts_fixed_bad``,
        ``posts_limit_bad``, ``posts_backup_bad``, ``posts_capacity_bad``; all at once.
    """
    return _SOLVERS[goal](problem, seed=seed, stop=stop, progress=progress)
