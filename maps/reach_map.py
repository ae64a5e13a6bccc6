"""The map of response times: one HTML file with every promise in every part of the day, to the worst door.

Decides what the page holds and packs it; the page is made like that of `maps.plan_map` and opens with no internet.
How things look is decided in ``maps/static/reach_*.js``.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gis.territory import Territory
from maps.camera_map import SHARED_SCRIPTS, coverage_frame, shapes_of
from maps.coverage.reach_page import reach_data
from maps.plan_map import make_page, write_page
from partition.coverage.posts.types import PostsAnswer
from partition.coverage.reach.rings import rings as rings_of
from partition.coverage.reach.types import ReachSurvey, Ring
from partition.filed import FiledPlan

SCRIPTS = (*SHARED_SCRIPTS, "reach_layers.js", "reach_panel.js", "reach_map.js")


def write_reach_map(
    survey: ReachSurvey,
    filed: FiledPlan,
    territory: Territory,
    path: Path,
    *,
    posts_answer: PostsAnswer | Sequence[PostsAnswer] | None = None,
    rings: Sequence[Sequence[Ring]] | None = None,
    language: str = "zh",
    title: str = "",
) -> None:
    """Write the map of a survey of response times as one HTML file; the same survey gives the same bytes.

    Parameters
    ----------
    survey
        Promises on the plan; its codes are the grids of ``filed``.
    filed, territory
        The plan and the land.
    path
        File to write, replaced as a whole once the page is complete.
    posts_answer
        Posts proposed, for one promise or several.
    rings
        Per promise and band (``survey.rules``) its rings; made here for the minutes of each where ``None``.
    language
        ``zh`` or ``en``: the language the page opens in; it holds both.
    title
        Heading of the page; empty: a general one.

    Raises
    ------
    InputError
        ``map_language_unknown``, ``map_nothing_to_show``, ``coverage_map_other_plan``.
    StorageError
        ``map_assets_missing``, ``map_not_written``.
    """
    page = render_reach_map(
        survey, filed, territory, posts_answer=posts_answer, rings=rings, language=language, title=title
    )
    write_page(page, path)


def render_reach_map(
    survey: ReachSurvey,
    filed: FiledPlan,
    territory: Territory,
    *,
    posts_answer: PostsAnswer | Sequence[PostsAnswer] | None = None,
    rings: Sequence[Sequence[Ring]] | None = None,
    language: str = "zh",
    title: str = "",
) -> str:
    """The page of `write_reach_map` as text; raises the same errors but ``map_not_written``."""
    shapes = shapes_of(filed, survey.codes, language)
    answers = [posts_answer] if isinstance(posts_answer, PostsAnswer) else list(posts_answer or ())
    data = {
        **coverage_frame(filed, territory, shapes, "reach", language, title),
        **reach_data(survey, territory, shapes.origin, all_rings(survey) if rings is None else rings, answers),
    }
    return make_page("reach", data, SCRIPTS, ("coverage_map.css",), "coverage_map.html")


def all_rings(survey: ReachSurvey) -> list[list[Ring]]:
    """Rings of every promise for its minutes (``RuleReach.ring``); those of equal times are made once."""
    known: dict[tuple[str, bytes, tuple[float, ...]], list[Ring]] = {}
    found = []
    for index, reach in enumerate(survey.rules):
        minutes = tuple(sorted(reach.ring))
        key = (f"{reach.rule.mode.value} {reach.band}", reach.arrival.link_s.tobytes(), minutes)
        if key not in known:
            known[key] = rings_of(survey, index, minutes)
        found.append(known[key])
    return found
