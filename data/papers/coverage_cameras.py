"""Tables of cameras: density and what is seen by area and grid, cameras, blind stretches, proposals, programmes.

One row of a sheet is one area, camera, stretch or proposal; positions and channels are columns of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from data.papers.coverage import about, degrees, share, yes_no
from data.papers.words import Words
from data.papers.workbook import Column, Sheet, write_workbook
from gis.territory import Territory
from partition.coverage.cameras.types import CameraSurvey, DensityRow
from partition.coverage.siting.problem import SitingAnswer
from partition.filed import FiledPlan

MOST_BLIND = 5_000
"""Blind stretches listed: the longest; the title says how many there are."""

_AREAS = ("all", "class", "class_code", "town", "community", "area")


def write_camera_tables(
    survey: CameraSurvey,
    filed: FiledPlan,
    territory: Territory,
    path: Path,
    *,
    siting: SitingAnswer | None = None,
    language: str = "zh",
) -> None:
    """Write the tables of a camera survey as XLSX (A3 across); the same survey gives the same bytes.

    Parameters
    ----------
    survey
        Cameras of the plan.
    filed, territory
        The plan (its version stands on every sheet) and the land.
    path
        File to write; it appears whole or not at all.
    siting
        Cameras proposed, ranked with the running total.
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
    sheets = [
        _areas(survey, words),
        _grids(survey, words),
        _cameras(survey, territory, words),
        _blind(survey, territory, words),
        *([_proposals(siting, survey, territory, words)] if siting is not None else []),
        _programmes(survey, words),
        _about(survey, filed, siting, words),
    ]
    write_workbook(path, sheets, filed.meta, words, paper="A3")


def _counts(survey: CameraSurvey, words: Words) -> tuple[Column, ...]:
    levels = [
        Column(f"seen_{name}", "share", words("col_seen_at", level=words.of("level", name)))
        for name in survey.settings.profile.names
    ]
    return (
        *(Column("area_km2_net", "plain"), Column("positions", "int"), Column("channels", "int")),
        *(Column("working", "int"), Column("working_frac", "share"), Column("networked_frac", "share")),
        *(Column("density", "number"), Column("target", "number"), Column("missing_positions", "int")),
        *(Column("street_m", "int"), Column("street_per_camera", "int"), *levels, Column("twice_m", "int")),
        *(Column("n_key_places", "int"), Column("places_seen", "int"), Column("private_m", "int")),
    )


def _figures(row: DensityRow, survey: CameraSurvey) -> tuple[Any, ...]:
    settings = survey.settings
    each = row.street_per_camera_m
    return (
        *(round(row.area_km2, 4), row.positions, row.channels, row.working, row.working_frac, row.networked_frac),
        *(row.density_per_km2, row.target_per_km2, row.missing),
        *(round(row.street_m), None if each is None else round(each)),
        *(share(row.seen_m.get(name, 0.0), row.street_m) for name in settings.profile.names),
        *(round(row.twice_m), row.places, row.places_seen.get(settings.level, 0), round(row.private_m)),
    )


def _areas(survey: CameraSurvey, words: Words) -> Sheet:
    rows = []
    for scope in _AREAS:
        for row in (one for one in survey.rows if one.scope == scope):
            name = words.of("class", row.code) if scope.startswith("class") else row.name
            code = "" if scope == "all" else row.code
            rows.append((words.of("scope", scope), code, name, *_figures(row, survey)))
    columns = (Column("scope"), Column("area_code", "code"), Column("area_name"))
    title = words("cameras_title", level=_level(survey, words))
    return Sheet("camera_areas", title, (*columns, *_counts(survey, words)), rows)


def _grids(survey: CameraSurvey, words: Words) -> Sheet:
    land = survey.land
    place = {code: k for k, code in enumerate(land.codes)}
    rows, total = [], next((row for row in survey.rows if row.scope == "all"), None)
    for row in (one for one in survey.rows if one.scope == "grid"):
        k = place[row.code]
        where = (row.code, land.name[k], land.community[k], words.of("class", land.class_code[k]))
        rows.append((*where, *_figures(row, survey)))
    columns = (Column("code", "code"), Column("name"), Column("community_code", "code"), Column("class"))
    totals = () if total is None else (words("total"), None, None, None, *_figures(total, survey))
    title = words("camera_grids_title", level=_level(survey, words))
    return Sheet("camera_grids", title, (*columns, *_counts(survey, words)), rows, totals)


def _level(survey: CameraSurvey, words: Words) -> str:
    settings = survey.settings
    return words("level_of", level=words.of("level", settings.level), edition=settings.profile.edition)


def _code(survey: CameraSurvey, grid: int) -> str:
    return survey.land.codes[grid] if grid >= 0 else ""


def _cameras(survey: CameraSurvey, territory: Territory, words: Words) -> Sheet:
    cameras = survey.cameras
    spots = degrees(territory, cameras.x, cameras.y)
    networked = survey.is_networked or (None,) * len(cameras)
    rows = [
        (
            *(cameras.ids[k], _code(survey, int(survey.grid[k])), survey.kind[k], int(survey.channels[k])),
            *(yes_no(cameras.is_working[k], words), yes_no(networked[k], words)),
            words("all_round") if cameras.hfov_deg[k] >= 360 else f"{cameras.heading_deg[k]:.0f}°",
            words("assumed") if cameras.is_assumed[k] else "",
            words("forbidden") if survey.is_forbidden[k] else "",
            round(float(survey.private_m[k]), 1),
            words.of("number", survey.ids_28181[k]),
            *(survey.programme[k], survey.owner[k], *spots[k]),
        )
        for k in range(len(cameras))
    ]
    columns = (
        *(Column("camera_id", "code"), Column("code", "code"), Column("camera_kind"), Column("channels", "int")),
        *(
            Column("works"),
            Column("networked"),
            Column("looks"),
            Column("assumed"),
            Column("forbidden", "flag"),
        ),
        *(Column("private_m", "number"), Column("number_28181"), Column("programme"), Column("owner")),
        *(Column("lon", "plain"), Column("lat", "plain")),
    )
    return Sheet("cameras", words("camera_list_title", n=len(rows)), columns, rows)


def _blind(survey: CameraSurvey, territory: Territory, words: Words) -> Sheet:
    table = territory["streets"]
    ids, names, classes = (table[column].to_numpy(dtype=object) for column in ("id", "name", "class"))
    listed = survey.blind[:MOST_BLIND]
    rows = [
        (
            *(rank, ids[one.street], names[one.street], classes[one.street], _code(survey, one.grid)),
            *(round(one.from_m, 1), round(one.to_m, 1), round(one.length_m, 1)),
        )
        for rank, one in enumerate(listed, start=1)
    ]
    columns = (
        *(Column("rank", "int"), Column("street_id", "code"), Column("street"), Column("street_class")),
        *(Column("code", "code"), Column("from_m", "number"), Column("to_m", "number"), Column("length_m", "number")),
    )
    facts = {"n": len(survey.blind), "shown": len(rows), "level": _level(survey, words)}
    return Sheet("blind", words("blind_title", **facts), columns, rows)


def _proposals(siting: SitingAnswer, survey: CameraSurvey, territory: Territory, words: Words) -> Sheet:
    spots = degrees(territory, *(np.array([getattr(one, axis) for one in siting.proposals]) for axis in ("x", "y")))
    rows = [
        (
            *(one.rank, one.id, _code(survey, one.grid), *spot, round(one.heading_deg)),
            *(round(one.gain_m, 1), round(one.total_m, 1), round(one.street_m, 1), one.places),
            *(round(one.private_m, 1), yes_no(one.is_for_floor, words)),
        )
        for one, spot in zip(siting.proposals, spots, strict=True)
    ]
    columns = (
        *(Column("rank", "int"), Column("pole_id", "code"), Column("code", "code")),
        *(Column("lon", "plain"), Column("lat", "plain"), Column("heading", "plain"), Column("gain_m", "number")),
        *(Column("total_m", "number"), Column("gain_street_m", "number"), Column("gain_places", "int")),
        *(Column("private_m", "number"), Column("for_floor")),
    )
    level = words("level_of", level=words.of("level", siting.level), edition=siting.edition)
    return Sheet("camera_proposals", words("proposals_title", n=len(rows), level=level), columns, rows)


def _programmes(survey: CameraSurvey, words: Words) -> Sheet:
    rows: list[tuple[Any, ...]] = []
    for key, table in (("programme", survey.by_programme), ("owner", survey.by_owner)):
        for name, (positions, channels) in sorted(table.items()):
            progress = survey.progress.get(name) if key == "programme" and name else None
            planned = (None, None) if progress is None else (progress[1], progress[2])
            rows.append((words(f"col_{key}"), name or words("town_unknown"), positions, channels, *planned))
    if (whole := survey.progress.get("")) is not None:
        n = sum(positions for positions, _ in survey.by_programme.values())
        rows.append((words("col_programme"), words("total"), n, whole[0], whole[1], whole[2]))
    for name in sorted(set(survey.progress) - set(survey.by_programme) - {""}):
        built, planned_channels, frac = survey.progress[name]
        rows.append((words("col_programme"), name, 0, built, planned_channels, frac))
    columns = (
        *(Column("what"), Column("area_name"), Column("positions", "int"), Column("channels", "int")),
        *(Column("planned", "int"), Column("progress", "share")),
    )
    return Sheet("programmes", words("programmes_title"), columns, rows, portrait=True)


def _about(survey: CameraSurvey, filed: FiledPlan, siting: SitingAnswer | None, words: Words) -> Sheet:
    settings, optics = survey.settings, survey.settings.default
    levels: Sequence[str] = [
        words("level_px", level=words.of("level", name), px=f"{density:g}") for name, density in settings.profile.levels
    ]
    targets = [
        words("target_of", name=words.of("class", name), n=f"{value:g}")
        for name, value in sorted(settings.density.items())
    ]
    facts: list[tuple[str, object]] = [
        (words("about_edition"), settings.profile.edition),
        (words("about_levels"), words("list_joint").join(levels)),
        (words("about_level"), words.of("level", settings.level)),
        (words("about_targets"), words("list_joint").join(targets)),
        (words("about_sample"), words("metres", n=f"{settings.sample_m:g}")),
        (
            words("about_optics"),
            words(
                "optics_are",
                focal=f"{optics.focal_mm:g}",
                sensor=f"{optics.sensor_mm:g}",
                px=optics.px_width,
                height=f"{optics.height_m:g}",
                tilt=f"{optics.tilt_deg:g}",
                far=f"{optics.range_m:g}",
            ),
        ),
        (
            words("about_assumed"),
            words("n_of", n=int(survey.cameras.is_assumed.sum()), of=len(survey.cameras)),
        ),
        (words("about_private"), words.of("level", settings.private_level)),
    ]
    if siting is not None:
        frac = siting.bound / siting.worth if siting.goal == "all" and siting.worth else None
        frac = frac if frac is not None else siting.worth / siting.bound if siting.bound > 0 else 1.0
        facts += [
            (words("about_goal"), words.of("siting", siting.goal)),
            (
                words("about_seen"),
                words(
                    "from_to",
                    before=f"{round(siting.seen_before_m):,}",
                    after=f"{round(siting.seen_after_m):,}",
                    whole=f"{round(siting.street_m):,}",
                ),
            ),
            (words("about_bound"), words("proved") if siting.is_proved else f"≥ {np.floor(frac * 1000) / 10:.1f} %"),
        ]
    notes = ("about_on_density", "about_on_positions", "about_on_private", "about_on_assumed")
    return about(filed.meta, words, facts, [words(note) for note in notes])
