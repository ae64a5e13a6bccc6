"""Tables of response times: promises, grids, rings, the worst doors, posts proposed.

What nobody can reach counts as not reached in every share.  Addresses and counts only.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from data.papers.coverage import about, degrees, joined, mode_word, share, yes_no
from data.papers.words import Words
from data.papers.workbook import Column, Sheet, write_workbook
from gis.territory import Territory
from partition.coverage.posts.types import Goal, PostsAnswer
from partition.coverage.reach.types import ReachSurvey, RuleReach, Shares
from partition.filed import FiledPlan


def write_reach_tables(
    survey: ReachSurvey,
    filed: FiledPlan,
    territory: Territory,
    path: Path,
    *,
    posts_answer: PostsAnswer | Sequence[PostsAnswer] | None = None,
    language: str = "zh",
) -> None:
    """Write the tables of a survey of response times as XLSX (A3 across); the same survey gives the same bytes.

    Parameters
    ----------
    survey
        Promises on the plan.
    filed, territory
        The plan (its version stands on every sheet) and the land.
    path
        File to write; it appears whole or not at all.
    posts_answer
        Posts proposed, for one promise or several.
    language
        ``zh`` or ``en``.

    Raises
    ------
    InputError
        ``option_out_of_range`` (an unknown language).
    StorageError
        ``path_is_folder``, ``folder_missing``, ``disk_full``, ``file_not_writable``.
    """
    words = Words(language)
    answers = [posts_answer] if isinstance(posts_answer, PostsAnswer) else list(posts_answer or ())
    sheets = [
        _promises(survey, words),
        _grids(survey, filed, words),
        _rings(survey, words),
        _worst(survey, territory, words),
        *([_posts(answers, territory, words)] if answers else []),
        _about(survey, filed, answers, words),
    ]
    write_workbook(path, sheets, filed.meta, words, paper="A3")


def promised(reach: RuleReach, shares: Shares) -> float | None:
    """Share of what the promise is made to: the places it names, else households, else buildings, else street."""
    if reach.rule.places:
        return share(shares.places_in, shares.places)
    if reach.shares.households > 0:
        return share(shares.households_in, shares.households)
    if reach.shares.buildings > 0:
        return share(shares.buildings_in, shares.buildings)
    return share(shares.street_in_m, shares.street_m)


def _minutes(seconds: float | None) -> float | None:
    return round(seconds / 60, 2) if seconds is not None and np.isfinite(seconds) else None


def _band(name: str, words: Words) -> str:
    return words.of("band", name)


_SHARES = (
    *(Column("households", "int"), Column("households_on_time", "int"), Column("households_frac", "share")),
    *(Column("buildings", "int"), Column("buildings_on_time", "int"), Column("n_key_places", "int")),
    *(Column("places_in", "int"), Column("street_frac", "share"), Column("area_frac", "share")),
)


def _shares(shares: Shares) -> tuple[Any, ...]:
    return (
        *(round(shares.households), round(shares.households_in), share(shares.households_in, shares.households)),
        *(shares.buildings, shares.buildings_in, shares.places, shares.places_in),
        *(share(shares.street_in_m, shares.street_m), share(shares.area_in_m2, shares.area_m2)),
    )


def _promises(survey: ReachSurvey, words: Words) -> Sheet:
    rows = [
        (
            *(reach.rule.name, _band(reach.band, words), reach.rule.minutes, mode_word(reach.rule.mode, words)),
            joined((words.of("post", kind) for kind in reach.rule.posts), words) or words("every_post"),
            joined(reach.rule.places, words) or words("every_building"),
            *(reach.n_posts, reach.rule.target_frac, promised(reach, reach.shares), yes_no(reach.is_kept, words)),
            *(_minutes(reach.worst_s), reach.unreachable, *_shares(reach.shares)),
        )
        for reach in survey.rules
    ]
    columns = (
        *(Column("promise", "code"), Column("band"), Column("minutes", "plain"), Column("mode"), Column("post_kinds")),
        *(Column("place_kinds"), Column("n_posts", "int"), Column("target_frac", "share"), Column("in_time", "share")),
        *(Column("kept"), Column("worst_min", "ratio"), Column("unreachable", "int"), *_SHARES),
    )
    return Sheet("promises", words("reach_title"), columns, rows)


def _grids(survey: ReachSurvey, filed: FiledPlan, words: Words) -> Sheet:
    """One row a grid, one column a promise and part of the day."""
    facts = {
        str(code): (name, community, int(households))
        for code, name, community, households in zip(
            *(filed.grids[column] for column in ("code", "name", "community", "households"))
        )
    }
    rows = []
    for code in survey.codes:
        name, community, households = facts.get(code, ("", "", None))
        values = [promised(reach, reach.by_grid[code]) if code in reach.by_grid else None for reach in survey.rules]
        rows.append((code, name, community, households, *values))
    own = tuple(
        Column(f"promise_{k}", "share", words("col_promise_in", name=reach.rule.name, band=_band(reach.band, words)))
        for k, reach in enumerate(survey.rules)
    )
    columns = (Column("code", "code"), Column("name"), Column("community_code", "code"), Column("households", "int"))
    totals = (words("total"), None, None, None, *(promised(reach, reach.shares) for reach in survey.rules))
    return Sheet("reach_grids", words("reach_grids_title"), (*columns, *own), rows, totals)


def _rings(survey: ReachSurvey, words: Words) -> Sheet:
    rows = [
        (reach.rule.name, _band(reach.band, words), minutes, *_shares(shares))
        for reach in survey.rules
        for minutes, shares in sorted(reach.ring.items())
    ]
    columns = (Column("promise", "code"), Column("band"), Column("minutes", "plain"), *_SHARES)
    return Sheet("rings", words("rings_title"), columns, rows)


def _worst(survey: ReachSurvey, territory: Territory, words: Words) -> Sheet:
    rows = []
    for reach in survey.rules:
        spots = degrees(territory, [door.x for door in reach.worst], [door.y for door in reach.worst])
        for rank, (door, spot) in enumerate(zip(reach.worst, spots, strict=True), start=1):
            late = _minutes(door.seconds)
            rows.append(
                (
                    *(reach.rule.name, _band(reach.band, words), rank, words.of("layer", door.layer), door.id),
                    *(door.name, door.grid, late, words("nobody_comes") if late is None else ""),
                    *(door.post, round(door.off_m, 1) if np.isfinite(door.off_m) else None, *spot),
                )
            )
    columns = (
        *(Column("promise", "code"), Column("band"), Column("rank", "int"), Column("layer"), Column("door_id", "code")),
        *(Column("address", "long"), Column("code", "code"), Column("arrival_min", "ratio"), Column("remark", "flag")),
        *(Column("first_post", "code"), Column("off_m", "number"), Column("lon", "plain"), Column("lat", "plain")),
    )
    return Sheet("worst_doors", words("worst_title", n=survey.settings.worst), columns, rows)


def _value(goal: Goal, value: float) -> float | None:
    """What a goal counts in: minutes of the last door, hours of all, else as it is."""
    if not np.isfinite(value):
        return None
    return round({Goal.CENTER: value / 60, Goal.MEDIAN: value / 3600}.get(goal, value), 2)


def _posts(answers: Sequence[PostsAnswer], territory: Territory, words: Words) -> Sheet:
    rows = []
    for answer in answers:
        proposals = answer.proposals
        spots = degrees(territory, [one.x for one in proposals], [one.y for one in proposals])
        for one, spot in zip(proposals, spots, strict=True):
            rows.append(
                (
                    *(answer.rule, _band(answer.band, words), words.of("goal", answer.goal.value), one.rank, one.id),
                    *(one.near, one.grid, _value(answer.goal, one.gain), _value(answer.goal, one.total), *spot),
                )
            )
    columns = (
        *(Column("promise", "code"), Column("band"), Column("goal", "long"), Column("rank", "int")),
        *(Column("site_id", "code"), Column("near"), Column("code", "code"), Column("gain", "plain")),
        *(Column("total_gain", "plain"), Column("lon", "plain"), Column("lat", "plain")),
    )
    return Sheet("new_posts", words("posts_title", n=len(rows)), columns, rows)


def _about(survey: ReachSurvey, filed: FiledPlan, answers: Sequence[PostsAnswer], words: Words) -> Sheet:
    settings = survey.settings
    speeds = [
        words("speed_of", mode=mode_word(mode, words), n=f"{kmh:g}") for mode, kmh in sorted(settings.speed_kmh.items())
    ]
    bands = [words("band_of", band=_band(band.name, words), n=f"{band.speed_factor:g}") for band in settings.bands]
    facts: list[tuple[str, object]] = [
        (words("about_speeds"), words("list_joint").join(speeds)),
        (words("about_bands"), words("list_joint").join(bands)),
        (words("about_turn_out"), words("seconds", n=f"{settings.turn_out_s:g}")),
        (words("about_off_street"), words("kmh", n=f"{settings.off_street_kmh:g}")),
        (words("about_place_m"), words("metres", n=f"{settings.place_m:g}")),
    ]
    for answer in answers:
        name = words("about_answer", name=answer.rule, band=_band(answer.band, words))
        values = {key: _value(answer.goal, getattr(answer, key)) for key in ("before", "after", "bound")}
        told = {key: "–" if value is None else f"{value:g}" for key, value in values.items()}
        facts.append((name, words("answer_is", **told, proved=words("proved") if answer.is_proved else "")))
    notes = ("about_on_reach", "about_on_promised", "about_on_rings")
    return about(filed.meta, words, facts, [words(note) for note in notes])
