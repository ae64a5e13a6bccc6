"""A plan and its territory in, one folder with everything that is filed out.

Decides which papers there are and in which order; what stands in each is decided in its own room (`data.papers`,
`maps`, `data.export`), and what may be filed in `partition.checks`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from api.i18n import sentence
from api.usecases.check_nested import is_nested
from api.usecases.filing_folder import DATA, FiledFile, list_files, may_replace, some, write_list, write_manifest
from api.usecases.verdict import judge
from data.export import DECIMALS, Cgcs2000, Encoding, Exported, export_plan
from data.files.plan_file import read_plan
from data.files.whole_folder import whole_folder
from data.papers import (
    Comment,
    PaperOptions,
    comments_geojson,
    write_change_list,
    write_crosswalk,
    write_notice,
    write_register,
    write_statistics,
)
from data.papers.lineage import with_crosswalk
from gis.errors import Fault, InputError
from gis.progress import SILENT, Progress
from gis.readers.territory_file import read_territory
from gis.report import Remark
from gis.territory import Territory
from maps.atlas import AtlasSummary, write_atlas
from maps.change_map import write_change_map
from maps.plan_map import write_plan_map
from partition.checks import check_succession, verify
from partition.compare import is_redraw_of
from partition.filed import FiledPlan
from partition.rules import Rules

_NAMES: Mapping[str, Mapping[str, str]] = {
    "paper_register": {"zh": "网格台账.xlsx", "en": "register.xlsx"},
    "paper_atlas": {"zh": "网格图册.pdf", "en": "atlas.pdf"},
    "paper_changes": {"zh": "调整清单.xlsx", "en": "changes.xlsx"},
    "paper_crosswalk": {"zh": "新旧代码对照表.xlsx", "en": "crosswalk.xlsx"},
    "paper_statistics": {"zh": "统计表.xlsx", "en": "statistics.xlsx"},
    "paper_notice": {"zh": "部门通知单.xlsx", "en": "notice.xlsx"},
    "paper_map": {"zh": "网格地图.html", "en": "map.html"},
    "paper_change_map": {"zh": "调整对比图.html", "en": "change-map.html"},
    "paper_list": {"zh": "目录.txt", "en": "README.txt"},
}
PAPERS = tuple(name for name in _NAMES if name != "paper_list")
"""What papers there can be; those about changes only of a plan that came after another."""
COMMENTS = "comments.geojson"
"""What was said about places of the plan, among its data."""
_SHOWN_FAULTS = 20


@dataclass(frozen=True, slots=True)
class Filing:
    """What `file_papers` wrote.

    Attributes
    ----------
    folder
        The folder.
    plan
        Version of the plan (``plan_id``) that every paper carries.
    files
        Every file but the manifest, papers first.
    notes
        (code, facts) of what a reader should know: what a format can not hold, why there is no change list.
    has_changes
        Whether there are a change list and a crosswalk.
    """

    folder: Path
    plan: str
    files: tuple[FiledFile, ...]
    notes: tuple[tuple[str, Mapping[str, Any]], ...]
    has_changes: bool


@dataclass(frozen=True, slots=True)
class _Order:
    """What is to be filed."""

    filed: FiledPlan
    territory: Territory
    old: FiledPlan | None
    language: str
    comments: tuple[Comment, ...] = ()

    @property
    def has_changes(self) -> bool:
        return self.old is not None or self.filed.crosswalk is not None


def file_papers(
    plan_path: Path,
    territory_path: Path,
    out: Path,
    *,
    old_path: Path | None = None,
    language: str = "zh",
    paper: str = "A4",
    encoding: Encoding = "utf-8",
    cgcs2000: Cgcs2000 = "auto",
    progress: Progress = SILENT,
) -> Filing:
    """Write the complete set of papers of a plan into one folder.

    The plan is checked by geometry first; one that does not pass, or that was drawn on another territory, is not
    filed.  The folder appears in one step, and an earlier filing in its place stays as it was until then.  Same
    files in, same bytes out.

    Parameters
    ----------
    plan_path, territory_path
        Plan file, and the territory file it was drawn on.
    out
        Folder to make, or an earlier filing to replace.
    old_path
        Plan file of the plan before, for the change list, the crosswalk and the figures before and after.
    language
        ``zh`` or ``en``: of the papers and of their file names.
    paper
        ``A4`` or ``A3``: sheets of the atlas.
    encoding
        ``utf-8`` or ``gbk``: texts of the Shapefiles.
    cgcs2000
        Coordinates of the Shapefiles, see `data.export.shapefile.shapefile_crs`.
    progress
        Watches the work.

    Raises
    ------
    InputError
        ``filing_plan_fails`` with what is wrong, ``filing_codes_fail``, ``filing_other_territory``,
        ``filing_nested``, ``filing_*`` about the folder, ``out_folder_missing``, ``plan_without_rules``,
        ``compare_*`` about the two plans, and what the plan and territory readers find.
    StorageError
        The folder can not be written.
    """
    if not out.parent.is_dir():
        raise InputError("out_folder_missing", file=str(out), measured=str(out.parent))
    may_replace(out)
    filed = _read_whole(plan_path)
    territory = read_territory(territory_path, progress=progress)
    return write_filing(
        filed,
        territory,
        None if old_path is None else _read_whole(old_path),
        out,
        names=(plan_path.name, territory_path.name, "" if old_path is None else old_path.name),
        language=language,
        paper=paper,
        encoding=encoding,
        cgcs2000=cgcs2000,
        progress=progress,
    )


def write_filing(
    filed: FiledPlan,
    territory: Territory,
    old: FiledPlan | None,
    out: Path,
    *,
    names: tuple[str, str, str],
    language: str = "zh",
    paper: str = "A4",
    encoding: Encoding = "utf-8",
    cgcs2000: Cgcs2000 = "auto",
    comments: tuple[Comment, ...] = (),
    progress: Progress = SILENT,
) -> Filing:
    """The papers of a plan that is at hand already; all else as `file_papers`.

    Parameters
    ----------
    filed, territory, old
        The plan, its territory, and the plan before.
    names
        What messages call the three.
    comments
        What was said about places of the plan: a sheet of the change list (of the register where there is none), and
        points among the data.
    """
    _assert_may_be_filed(filed, territory, names, progress)
    filed = as_successor(filed, old, territory)
    _assert_succeeds(filed, old, names)
    order = _Order(filed, territory, old, language, comments)
    papers = _papers(order)
    facts = _facts(order.filed)
    with whole_folder(out, may_replace=may_replace(out)) as place:
        progress.stage("stage_papers", len(papers))
        for what, write in papers.items():
            write(place / _NAMES[what][language])
            progress.advance()
        atlas = write_atlas(
            order.filed,
            territory,
            place / _NAMES["paper_atlas"][language],
            paper=paper,
            language=language,
            progress=progress,
        )
        exported = export_plan(
            order.filed, territory, place / DATA, encoding=encoding, cgcs2000=cgcs2000, progress=progress
        )
        if comments:
            (place / DATA / COMMENTS).write_bytes(comments_geojson(comments))
        notes = tuple(_notes(order, atlas, exported, encoding))
        named = {names[language]: what for what, names in _NAMES.items() if what == "paper_atlas" or what in papers}
        files = list_files(place, named)
        told = [sentence(code, detail, language) for code, detail in notes]
        index = _NAMES["paper_list"][language]
        write_list(place / index, files, facts, told, language)
        files = list_files(place, {index: "paper_list", **named})
        write_manifest(place, files, facts)
    return Filing(out, str(facts["plan"]), files, notes, order.has_changes)


def write_one_paper(
    filed: FiledPlan,
    territory: Territory,
    old: FiledPlan | None,
    folder: Path,
    what: str,
    *,
    names: tuple[str, str, str],
    language: str = "zh",
    paper: str = "A4",
    comments: tuple[Comment, ...] = (),
) -> Path:
    """Write one paper of a plan into a folder; the same bytes as among all of them.

    Parameters
    ----------
    what
        ``paper_register``, ``paper_atlas``, ``paper_changes``, ...: a name of `PAPERS`.
    filed, territory, old, names, language, paper, comments
        As for `write_filing`.

    Raises
    ------
    InputError
        As `write_filing`; ``filing_paper_absent``: there is no such paper of this plan.
    """
    _assert_may_be_filed(filed, territory, names, SILENT)
    filed = as_successor(filed, old, territory)
    _assert_succeeds(filed, old, names)
    path = folder / _NAMES[what][language]
    papers = _papers(_Order(filed, territory, old, language, comments))
    if what == "paper_atlas":
        write_atlas(filed, territory, path, paper=paper, language=language)
    elif what in papers:
        papers[what](path)
    else:
        raise InputError("filing_paper_absent", file=path.name, id=names[0])
    return path


def _read_whole(path: Path) -> FiledPlan:
    """A plan of grids with its rules; micro-grids and areas are filed with the plan they belong to, not alone."""
    filed = read_plan(path)
    if is_nested(filed):
        raise InputError("filing_nested", file=path.name, kind=filed.meta["level"])
    if not filed.meta.get("rules"):
        raise InputError("plan_without_rules", file=str(path))
    return filed


def _assert_may_be_filed(
    filed: FiledPlan, territory: Territory, called: tuple[str, str, str], progress: Progress
) -> None:
    names = {"file": called[0], "territory": called[1]}
    if filed.meta.get("territory_hash") != territory.content_hash():
        raise InputError("filing_other_territory", **names)
    progress.stage("stage_check")
    rules = Rules.from_toml(filed.meta["rules"], file=called[0])
    verdict = judge(verify(filed, territory, rules), filed)
    if verdict.passed:
        return
    n = len(verdict.faults) + len(verdict.open_rules)
    faults = [Fault("filing_plan_fails", {**names, "measured": n}), *verdict.faults[:_SHOWN_FAULTS]]
    for why, grid, community in verdict.open_rules[: _SHOWN_FAULTS - len(faults) + 1]:
        faults.append(Fault("filing_rule_open", {"why": why, "id": grid or community}))
    raise InputError.of(faults)


def as_successor(filed: FiledPlan, old: FiledPlan | None, territory: Territory) -> FiledPlan:
    """The plan as the successor of the one before, worked out once so that every paper tells the same.

    A plan that was re-drawn from ``old`` stays as it is; any other gets its crosswalk, parents and retired codes
    with regard to ``old``.
    """
    if old is None or (filed.crosswalk is not None and is_redraw_of(filed, old)):
        return filed
    crosswalk = with_crosswalk(filed, old, territory).crosswalk
    carried = crosswalk[crosswalk["relation"].isin(("kept", "changed"))]
    parent_of = dict(zip(carried["new"], carried["old"]))
    ever = {*old.grids["code"], *_retired(old), *_retired(filed)}
    meta = {
        **filed.meta,
        "parent_plan": old.meta.get("plan_id", ""),
        "retired_codes": " ".join(sorted(ever - set(filed.grids["code"]))),
    }
    grids = filed.grids.assign(parent=[parent_of.get(code) for code in filed.grids["code"]])
    return replace(filed, grids=grids, crosswalk=crosswalk, meta=meta)


def _retired(filed: FiledPlan) -> list[str]:
    return filed.meta.get("retired_codes", "").split()


def _assert_succeeds(filed: FiledPlan, old: FiledPlan | None, called: tuple[str, str, str]) -> None:
    faults = [] if old is None else list(check_succession(old, filed))
    if faults:
        head = Fault("filing_codes_fail", {"file": called[0], "old": called[2], "measured": len(faults)})
        raise InputError.of([head, *faults[:_SHOWN_FAULTS]])


def _papers(order: _Order) -> dict[str, Callable[[Path], object]]:
    """What each paper but the atlas is, and how it is written."""
    filed, land, old, language = order.filed, order.territory, order.old, order.language
    said, silent = PaperOptions(comments=order.comments), PaperOptions()
    in_register = silent if order.has_changes else said
    papers: dict[str, Callable[[Path], object]] = {
        "paper_register": lambda path: write_register(
            filed, land, path, old=old, language=language, options=in_register
        ),
    }
    if order.has_changes:
        papers["paper_changes"] = lambda path: write_change_list(
            filed, land, path, old=old, language=language, options=said
        )
        papers["paper_crosswalk"] = lambda path: write_crosswalk(filed, land, path, old=old, language=language)
    papers["paper_statistics"] = lambda path: write_statistics(filed, land, path, old=old, language=language)
    papers["paper_notice"] = lambda path: write_notice(filed, land, path, old=old, language=language)
    papers["paper_map"] = lambda path: write_plan_map(filed, land, path, language=language)
    if old is not None:
        papers["paper_change_map"] = lambda path: write_change_map(old, filed, path, territory=land, language=language)
    return papers


def _facts(filed: FiledPlan) -> dict[str, str]:
    """What the list and the manifest say about the plan."""
    keys = {
        "plan": "plan_id",
        "parent_plan": "parent_plan",
        "created_at": "created_at",
        "territory": "territory_hash",
        "basis": "households_basis",
        "version": "version",
    }
    return {name: filed.meta.get(key, "") for name, key in keys.items()}


def _notes(
    order: _Order, atlas: AtlasSummary, exported: Exported, encoding: Encoding
) -> list[tuple[str, Mapping[str, Any]]]:
    """What a reader should know: coordinates, what the formats lose, what there is no paper for."""
    notes: list[tuple[str, Mapping[str, Any]]] = []
    if not order.has_changes:
        notes.append(("filing_no_changes", {}))
    elif order.old is None:
        notes.append(("filing_no_change_map", {}))
    if atlas.missing_characters:
        notes.append(("filing_atlas_characters", {"measured": " ".join(atlas.missing_characters)}))
    if atlas.coarse:
        notes.append(("filing_atlas_coarse", {"measured": len(atlas.coarse), "id": some(atlas.coarse)}))
    shown = ", ".join(f"{form} {crs}" for form, crs in exported.crs.items())
    notes.append(("filing_crs", {"measured": shown, "allowed": encoding.upper()}))
    rounded = [remark for remark in exported.report.remarks if remark.code == "note_export_rounded"]
    sums = {name: sum(int(getattr(r, name) or 0) for r in rounded) for name in ("before", "after")}
    sums["n"] = sum(int(r.facts["n"] or 0) for r in rounded)
    code = "filing_rounded_apart" if any(sums.values()) else "filing_rounded"
    notes.append((code, {**sums, "measured": max(r.facts["measured"] for r in rounded), "allowed": DECIMALS}))
    groups: dict[tuple[str, str, str], list[Remark]] = {}
    for remark in exported.report.remarks:
        if remark not in rounded:
            groups.setdefault((remark.code, remark.layer, str(remark.facts["column"])), []).append(remark)
    for (code, layer, _), remarks in groups.items():
        first = remarks[0]
        facts = {**first.facts, "layer": layer, "before": first.before, "n": len(remarks)}
        notes.append((code, {**facts, "id": some([r.id for r in remarks])}))
    return notes
