"""A territory and a plan in, one folder with the response times on it out: load, survey, propose posts, check, save.

Decides which files there are and for which promise posts are proposed; how soon a door is reached and where posts had
better stand is decided in `partition.coverage`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from api.problems import fault_rows
from api.usecases.coverage_files import ReachOrder, write_reach_files
from api.usecases.coverage_land import read_coverage_land
from api.usecases.coverage_summary import posts_content, reach_content, report_notes
from api.usecases.results_folder import may_replace, write_index
from data.files.whole_folder import whole_folder
from gis.errors import Fault, InputError
from gis.progress import SILENT, Progress
from partition.coverage.check import check_reach
from partition.coverage.posts.place import site_posts
from partition.coverage.posts.types import Goal, PostsAnswer
from partition.coverage.reach.survey import survey_reach as survey
from partition.coverage.reach.types import ReachSurvey
from partition.coverage.settings import ReachSettings
from partition.stop import Stop

INDEX = "summary.json"
FORM = "gridwright reach"
_MOST_POSTS = 1_000


@dataclass(frozen=True, slots=True)
class SurveyedReach:
    """What `survey_reach` wrote.

    Attributes
    ----------
    folder
        The folder.
    summary
        What stands in its ``summary.json``.
    survey
        Every promise, door by door.
    answers
        Posts proposed, per promise asked for.
    """

    folder: Path
    summary: Mapping[str, Any]
    survey: ReachSurvey
    answers: tuple[PostsAnswer, ...]


def survey_reach(
    territory_path: Path,
    plan_path: Path,
    out: Path,
    *,
    settings: ReachSettings | None = None,
    goal: str = "center",
    add: int | None = None,
    rule: str | None = None,
    with_gcj02: bool = False,
    with_pages: bool = True,
    language: str = "zh",
    seed: int = 0,
    seconds: float | None = None,
    progress: Progress = SILENT,
) -> SurveyedReach:
    """Check every promise of response times on a plan, propose posts, and write both into one folder.

    The folder appears in one step; an earlier one in its place stays as it was until then.  Nothing is written that
    the independent check finds wrong.

    Parameters
    ----------
    territory_path, plan_path
        Territory file, and a plan drawn on it.
    out
        Folder to make, or an earlier one of this kind to replace.
    settings
        Promises, parts of the day, speeds; the defaults when omitted.
    goal
        What proposed posts are for: ``center``, ``median``, ``cover``, ``most``.
    add
        How many posts to propose for each promise (with ``cover`` at most, as few as it takes); none: no proposals.
    rule
        Name of the promise to propose posts for; none: every promise that is not kept, in the band where it fails most.
    with_gcj02
        Write the GeoJSON files in GCJ-02 too, named so.
    with_pages
        Write the map and the tables.
    language
        ``zh`` or ``en``: of pages, tables and notes.
    seed, seconds
        Of the search for posts.
    progress
        Watches the work.

    Raises
    ------
    InputError
        ``coverage_other_territory``, ``coverage_no_grids``, ``coverage_rule_unknown``, ``option_out_of_range``,
        ``coverage_refused``, ``results_*``, ``out_folder_missing``, and what the readers and the survey find.
    StorageError
        The folder can not be written.
    """
    settings = settings or ReachSettings()
    may = may_replace(out, INDEX, FORM)
    _assert_options(add, seconds, rule, settings)
    held = read_coverage_land(territory_path, plan_path, progress)
    territory, land = held.territory, held.land
    found = survey(territory, land, settings, report=held.report, progress=progress)
    answers = []
    if add is not None:
        for position in _unkept(found, rule):
            answers.append(
                site_posts(
                    territory,
                    land,
                    found,
                    rule=position,
                    goal=Goal(goal),
                    add=add,
                    seed=seed,
                    stop=Stop(seconds=seconds),
                    progress=progress,
                )
            )
    progress.stage("stage_coverage_check")
    check = check_reach(territory, held.filed, found, [(answer, add or 0) for answer in answers])
    if not check.passed:
        raise InputError.of(check.faults)
    order = ReachOrder(held, found, tuple(answers), language, with_gcj02, with_pages)
    with whole_folder(out, may_replace=may) as place:
        write_reach_files(order, place, progress)
        summary = {
            "plan": held.plan_id,
            "plan_file": held.plan_name,
            "territory_file": held.territory_name,
            **reach_content(found, territory),
            "siting": [posts_content(answer, territory) for answer in answers],
            "checked": check.looked_at,
            "notes": report_notes(held.report, language),
            "faults": fault_rows(check.faults, language),
        }
        write_index(place, INDEX, FORM, summary)
    return SurveyedReach(out, summary, found, tuple(answers))


def _unkept(found: ReachSurvey, rule: str | None) -> list[int]:
    """Positions of the promises to propose posts for: per name the band with the largest share out of time."""
    chosen: dict[str, int] = {}
    for position, reach in enumerate(found.rules):
        if reach.is_kept is None or (rule is None and reach.is_kept) or (rule is not None and reach.rule.name != rule):
            continue
        best = chosen.get(reach.rule.name)
        if best is None or _late(found, position) > _late(found, best):
            chosen[reach.rule.name] = position
    return list(chosen.values())


def _late(found: ReachSurvey, position: int) -> float:
    shares = found.rules[position].shares
    if found.rules[position].rule.places:
        return float(shares.places - shares.places_in)
    return shares.households - shares.households_in + (shares.buildings - shares.buildings_in) * 1e-6


def _assert_options(add: int | None, seconds: float | None, rule: str | None, settings: ReachSettings) -> None:
    faults = []
    if add is not None and not 0 <= add <= _MOST_POSTS:
        facts = {"column": "--add", "measured": add, "allowed": f"0-{_MOST_POSTS}"}
        faults.append(Fault("option_out_of_range", facts))
    if seconds is not None and not 0 < seconds <= 86_400:
        faults.append(Fault("option_out_of_range", {"column": "--seconds", "measured": seconds, "allowed": "0-86400"}))
    names = [promise.name for promise in settings.rules]
    if rule is not None and rule not in names:
        faults.append(Fault("coverage_rule_unknown", {"measured": rule[:40], "allowed": ", ".join(names)}))
    if faults:
        raise InputError.of(faults)
