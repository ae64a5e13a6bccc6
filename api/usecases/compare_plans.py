"""Two or more plan files in; measures side by side, changes and crosswalks out, as tables and as difference maps."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from api.usecases.compare_coverage import compare_coverages
from api.usecases.places import check_out, check_sources
from data.files.plan_file import read_plan
from data.files.whole_folder import whole_folder
from gis.errors import Fault, InputError
from gis.progress import SILENT, Progress
from gis.readers.territory_file import read_territory
from gis.territory import Territory
from maps.change_map import write_change_map
from partition.compare import Comparison, Pair, compare, ground_of
from partition.coverage.compare import CoverageComparison
from partition.filed import FiledPlan

SUMMARY_FILE = "compare.json"


@dataclass(frozen=True, slots=True)
class Compared:
    """What `compare_plans` found and wrote.

    Attributes
    ----------
    comparison
        Measures of every plan, and the first plan against each other one.
    files
        What was written, in order; empty where nothing was asked for.
    known_territory
        Per plan, whether it was drawn on exactly the territory given; empty where none was.
    coverage
        Cameras and response times of the first plan against those of each other one; empty without a territory that
        has cameras or posts.
    """

    comparison: Comparison
    files: tuple[Path, ...]
    known_territory: tuple[bool, ...]
    coverage: tuple[CoverageComparison, ...] = ()


def compare_plans(
    plan_paths: Sequence[Path],
    *,
    territory_path: Path | None = None,
    out: Path | None = None,
    map_out: Path | None = None,
    language: str = "zh",
    progress: Progress = SILENT,
) -> Compared:
    """Compare two or more plans; the first is the one the others are held against.

    Parameters
    ----------
    plan_paths
        Plan files, two or more.
    territory_path
        Territory file: households are then counted per building or unit, and the maps show the land.
    out
        Folder for the measures, and for each other plan the change list, both crosswalks and the map; written as a
        whole.  A folder that holds an earlier comparison is replaced, any other must be empty or absent.
    map_out
        One difference map (``.html``) of two plans.
    language
        ``zh`` or ``en``: the language the maps open in.
    progress
        Watches the work.

    Raises
    ------
    InputError
        ``compare_too_few``, ``compare_map_of_two``, ``file_not_found``, ``out_*``; what the readers and
        `partition.compare.compare` find.
    StorageError
        What can not be written.
    """
    _check(plan_paths, territory_path, out, map_out)
    plans = [read_plan(path) for path in plan_paths]
    territory = read_territory(territory_path, progress=progress) if territory_path else None
    names = short_names(plan_paths)
    ground = ground_of(territory) if territory else None
    comparison = compare(plans, names, ground=ground, progress=progress)
    coverage = compare_coverages(plans, territory, progress=progress) if territory else ()
    files: list[Path] = []
    if out is not None:
        progress.stage("stage_write", len(plans))
        files = _write_folder(out, plans, comparison, coverage, territory, language, progress)
    if map_out is not None:
        progress.stage("stage_map")
        write_change_map(*plans, map_out, comparison=comparison, territory=territory, language=language)
        files.append(map_out)
    known: tuple[bool, ...] = ()
    if territory is not None:
        content = territory.content_hash()
        known = tuple(plan.meta.get("territory_hash") == content for plan in plans)
    return Compared(comparison, tuple(files), known, coverage)


def short_names(paths: Sequence[Path]) -> list[str]:
    """What to call each plan: the name of its file, with as many folders as it takes to tell them apart."""
    parts = [(*path.resolve().parent.parts[1:], path.stem) for path in paths]
    names = []
    for i, mine in enumerate(parts):
        others = [other for other in parts if other != mine]
        depth = next((d for d in range(1, len(mine)) if all(o[-d:] != mine[-d:] for o in others)), len(mine))
        name = "/".join(mine[-depth:])
        twin = sum(other == mine for other in parts[:i])
        names.append(f"{name} ({twin + 1})" if twin else name)
    return names


def comparison_json(comparison: Comparison, coverage: Sequence[CoverageComparison] = ()) -> dict[str, Any]:
    """A comparison as plain data: measures per plan, counts per pair, cameras and response times where there are."""
    told = [{"old": p.old, "new": p.new, **c.to_json()} for p, c in zip(comparison.pairs, coverage, strict=False)]
    return {
        "plans": [
            {"name": name, "measures": measures.to_json()}
            for name, measures in zip(comparison.names, comparison.measures, strict=True)
        ],
        "pairs": [
            {
                "old": pair.old,
                "new": pair.new,
                "unchanged": pair.is_unchanged,
                "households_are": pair.households,
                "joined_by": pair.joined,
                "changes": {
                    str(change): {"old": int(old), "new": int(new)} for change, old, new in pair.counts.itertuples()
                },
                "other_outline": int((pair.changes["outline_m2"] > 0).sum()),
            }
            for pair in comparison.pairs
        ],
        **({"coverage": told} if told else {}),
    }


def _check(plan_paths: Sequence[Path], territory: Path | None, out: Path | None, map_out: Path | None) -> None:
    if len(plan_paths) < 2:
        raise InputError("compare_too_few", measured=len(plan_paths))
    faults: list[Fault] = []
    sources = [*plan_paths, *([territory] if territory else [])]
    # The same file twice is a fair question: nothing changed.
    for source in dict.fromkeys(sources):
        try:
            check_sources([source])
        except InputError as error:
            faults.extend(error.faults)
    if map_out is not None:
        try:
            check_out(map_out, (".html", ".htm"), sources)
        except InputError as error:
            faults.extend(error.faults)
        if len(plan_paths) > 2:
            faults.append(Fault("compare_map_of_two", {"measured": len(plan_paths)}))
    if out is not None and out.exists() and not out.is_dir():
        faults.append(Fault("out_not_folder", {"file": str(out)}))
    elif out is not None and not out.resolve().parent.is_dir():
        faults.append(Fault("out_folder_missing", {"file": str(out), "measured": str(out.parent)}))
    if faults:
        raise InputError.of(faults)


def _write_folder(
    out: Path,
    plans: Sequence[FiledPlan],
    comparison: Comparison,
    coverage: Sequence[CoverageComparison],
    territory: Territory | None,
    language: str,
    progress: Progress,
) -> list[Path]:
    written: list[str] = []
    with whole_folder(out, may_replace=_is_ours(out)) as place:

        def table(name: str, content: pd.DataFrame) -> None:
            # A mark at the start tells spreadsheets that the text is UTF-8.
            content.to_csv(place / name, index=False, encoding="utf-8-sig", lineterminator="\n")
            written.append(name)

        table("measures.csv", measure_table(comparison))
        for i, (pair, plan, mark) in enumerate(zip(comparison.pairs, plans[1:], _file_marks(comparison)), start=1):
            table(f"changes{mark}.csv", pair.changes)
            table(f"crosswalk{mark}.csv", pair.crosswalk)
            table(f"crosswalk-inverse{mark}.csv", _inverse_first(pair))
            first, other = comparison.measures[0], comparison.measures[i]
            two = Comparison((pair.old, pair.new), (first, other), (pair,))
            write_change_map(
                plans[0], plan, place / f"changes{mark}.html", comparison=two, territory=territory, language=language
            )
            written.append(f"changes{mark}.html")
            progress.advance()
        written.append(SUMMARY_FILE)
        content = {**comparison_json(comparison, coverage), "files": sorted(written)}
        text = json.dumps(content, ensure_ascii=False, allow_nan=False, indent=1)
        (place / SUMMARY_FILE).write_text(text + "\n", encoding="utf-8", newline="\n")
    return [out / name for name in written]


def measure_table(comparison: Comparison) -> pd.DataFrame:
    """Measures as a table: one row a measure, one column a plan."""
    columns = [pd.Series(m.to_json(), dtype=object) for m in comparison.measures]
    table = pd.concat(columns, axis=1, keys=comparison.names)
    return table.rename_axis("measure").reset_index()


def _inverse_first(pair: Pair) -> pd.DataFrame:
    table = pair.inverse
    return table[["old", "new", *(name for name in table.columns if name not in ("old", "new"))]]


def _file_marks(comparison: Comparison) -> list[str]:
    """What tells the files of several pairs apart: the place of the plan, as on the command line."""
    n = len(comparison.pairs)
    return [""] if n == 1 else [f"-{i + 2}" for i in range(n)]


def _is_ours(folder: Path) -> bool:
    """Whether a folder holds an earlier comparison and nothing else."""
    try:
        told = json.loads((folder / SUMMARY_FILE).read_text(encoding="utf-8"))
        return {path.name for path in folder.iterdir()} <= set(told["files"])
    except (OSError, ValueError, KeyError, TypeError):
        return False
