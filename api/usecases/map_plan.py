"""A plan file in, one map page out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from api.usecases.places import check_out
from data.files.plan_file import read_plan
from gis.progress import SILENT, Progress
from gis.readers.territory_file import read_territory
from maps.plan_map import write_plan_map


@dataclass(frozen=True, slots=True)
class Mapped:
    """What `map_plan` wrote.

    ``is_same_territory`` says whether the ground is the one the plan was drawn on; ``None`` where none was given.
    """

    path: Path
    is_same_territory: bool | None


def map_plan(
    plan_path: Path,
    territory_path: Path | None,
    out: Path,
    *,
    language: str = "zh",
    title: str = "",
    progress: Progress = SILENT,
) -> Mapped:
    """Write the map of a plan as one page that opens with no internet.

    Parameters
    ----------
    plan_path
        Plan file.
    territory_path
        Territory file for the ground beneath the grids; ``None`` for the grids alone.
    out
        Page to write (``.html``), made or replaced as a whole.
    language
        ``zh`` or ``en``: the language the page opens in.
    title
        Heading; empty for a general one.
    progress
        Watches the work.

    Returns
    -------
    Mapped
        The page, and whether the plan was drawn on exactly this territory.

    Raises
    ------
    InputError
        ``out_*``, or what the plan and territory readers find.
    StorageError
        The page can not be written.
    """
    check_out(out, (".html", ".htm"), [plan_path, *([territory_path] if territory_path else [])])
    filed = read_plan(plan_path)
    territory = read_territory(territory_path, progress=progress) if territory_path else None
    progress.stage("stage_map")
    write_plan_map(filed, territory, out, language=language, title=title)
    is_same = None if territory is None else filed.meta.get("territory_hash") == territory.content_hash()
    return Mapped(out, is_same)
