"""The atlas as a whole: which pages there are, in which order, and the one file they become.

An index page with the territory, a list of communities, a page for each town where the territory is too large for
one map, and a sheet per community with the table of its grids.  Everything is laid out before the first page is
drawn, because every page says how many there are.  Same plan, same bytes: dates come from the plan.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from gis.crs import crs_text
from gis.errors import InputError, StorageError
from gis.progress import SILENT, Progress
from gis.territory import Territory
from maps.atlas.land import survey
from maps.atlas.layout import lay_out
from maps.atlas.pages import Pages
from maps.atlas.pen import Pen
from maps.atlas.sheets import PAPERS, SCALES
from maps.atlas.words import LANGUAGES, atlas_words
from partition.filed import FiledPlan


@dataclass(frozen=True, slots=True)
class AtlasSummary:
    """What became of it.

    Attributes
    ----------
    pages
        Pages of the file.
    sheets
        Communities that have a sheet.
    scales
        Scale (ground metres per metre of paper) to number of sheets.
    coarse
        Codes of the communities that do not fit at 1:5,000 and have a coarser standard scale.
    missing_characters
        Characters that the font lacks; boxes stand for them, and the index page lists them.
    """

    pages: int
    sheets: int
    scales: dict[int, int]
    coarse: tuple[str, ...]
    missing_characters: tuple[str, ...]


def write_atlas(
    filed: FiledPlan,
    territory: Territory | None,
    path: Path,
    *,
    paper: str = "A4",
    language: str = "zh",
    progress: Progress = SILENT,
) -> AtlasSummary:
    """Write the atlas of a plan as one PDF.

    Vector throughout, text searchable, fonts embedded.  Printed at its own size every map is true to its scale.
    The file appears as a whole or not at all.

    Parameters
    ----------
    filed
        The plan.
    territory
        The land it was drawn on; ``None``: grids only, without streets and names of communities.
    path
        File to write.
    paper
        ``A4`` or ``A3``; each sheet is upright or lying as the community fits better.
    language
        ``zh`` or ``en``.
    progress
        Told of every page.

    Raises
    ------
    InputError
        ``atlas_paper_unknown``, ``atlas_language_unknown``, ``map_nothing_to_show`` (no grid has a shape).
    StorageError
        ``atlas_font_missing``, ``atlas_not_written``.
    """
    if paper not in PAPERS:
        raise InputError("atlas_paper_unknown", measured=paper, allowed=", ".join(PAPERS))
    if language not in LANGUAGES:
        raise InputError("atlas_language_unknown", measured=language, allowed=", ".join(LANGUAGES))
    if filed.grids.empty:
        raise InputError("map_nothing_to_show")
    path = Path(path)
    unfinished = path.with_name(path.name + ".part")
    words = atlas_words(language)
    meta = filed.meta
    program = words["program"].format(version=meta.get("version", "")).strip()
    subject = words["plan"].format(plan=meta.get("plan_id", ""))
    pen = Pen(unfinished, words["title"], subject, program, meta.get("created_at", ""))
    land = survey(filed, territory)
    layout = lay_out(pen, filed, land, paper, language)
    progress.stage("stage_atlas", layout.n_pages)
    Pages(pen, filed, territory, land, layout, language, crs_text(land.crs)).draw(progress)
    try:
        pen.finish()
        os.replace(unfinished, path)
    except OSError as error:
        raise StorageError("atlas_not_written", file=str(path), measured=error.strerror or str(error)) from error
    finally:
        unfinished.unlink(missing_ok=True)
    scales: dict[int, int] = {}
    for entry in layout.entries:
        scales[entry.sheet.scale] = scales.get(entry.sheet.scale, 0) + 1
    return AtlasSummary(
        pages=layout.n_pages,
        sheets=len(layout.entries),
        scales=dict(sorted(scales.items())),
        coarse=tuple(entry.place.code for entry in layout.entries if entry.sheet.scale > SCALES[-1]),
        missing_characters=tuple(pen.missing),
    )
