"""A territory and a plan in, one folder with the patrols of its grids out: load, plan, check, save.

Decides which grids are patrolled from which posts and which files a route gets; how routes are found, checked, told
and drawn is decided in `partition.patrol` and `maps.patrol`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from api.problems import fault_rows
from api.usecases.patrol_land import Land, read_land
from api.usecases.patrol_papers import PapersOrder, write_papers
from api.usecases.patrol_shift import tell_shift, walk_shift
from api.usecases.patrol_summary import grid_row, left_out_m, notes_of, route_row, status_of, totals_of
from api.usecases.results_folder import file_stem, may_replace, write_index
from data.files.whole_folder import whole_folder
from gis.errors import Fault, InputError
from gis.graph import Int32Array
from gis.progress import SILENT, Progress
from partition.executor import Executor, InProcess, Pool
from partition.patrol.check import BeatBook
from partition.patrol.itinerary import Itinerary
from partition.patrol.many import GridPatrol, plan_many
from partition.patrol.settings import PatrolSettings
from partition.stop import Stop

INDEX = "summary.json"
FORM = "gridwright patrols"
_SHOWN_CODES = 5
_BORDER_M = 3.0
"""A street this near to a grid lies on its border."""


@dataclass(frozen=True, slots=True)
class Patrolled:
    """What `plan_patrols` wrote.

    Attributes
    ----------
    folder
        The folder.
    summary
        What stands in its ``summary.json``.
    patrols
        Every grid's patrol with its check.
    itineraries
        Every route, leg by leg.
    """

    folder: Path
    summary: Mapping[str, Any]
    patrols: tuple[GridPatrol, ...]
    itineraries: tuple[Itinerary, ...]


def plan_patrols(
    territory_path: Path,
    plan_path: Path,
    out: Path,
    *,
    grids: Sequence[str] | None = None,
    settings: PatrolSettings | None = None,
    start: Sequence[str] = (),
    day: date | None = None,
    half: str = "",
    with_gcj02: bool = False,
    with_pages: bool = True,
    language: str = "zh",
    seed: int = 0,
    seconds: float | None = None,
    workers: int = 1,
    progress: Progress = SILENT,
) -> Patrolled:
    """Plan the patrols of some or all grids and write them into one folder.

    The folder appears in one step; an earlier one in its place stays as it was until then.  A route that does not
    pass the check is not written.

    Parameters
    ----------
    territory_path, plan_path
        Territory file, and a plan drawn on it.
    out
        Folder to make, or an earlier one of this kind to replace.
    grids
        Codes of grids; ``None`` for all.
    settings
        Mode, speeds, what is inspected, shift, number of patrollers; the defaults when omitted.
    start
        Ids of posts where patrols begin and end; none: each begins where it is best.
    day, half
        Day and half (``am``, ``pm``) of the shift: routes of different shifts go round another way and from another
        corner, at the same cost where streets allow it.  None: the routes as they were found.
    with_gcj02
        Write a variant of every file in GCJ-02 too, named so.
    with_pages
        Write a printable page per route and the map.
    language
        ``zh`` or ``en``: of pages and notes.
    seed, seconds
        Of the search; seconds are for each grid.
    workers
        Processes; never changes the result.
    progress
        Watches the work.

    Raises
    ------
    InputError
        ``patrol_grid_unknown``, ``patrol_post_unknown``, ``patrol_post_off_network``, ``patrol_no_streets``,
        ``patrol_other_territory``, ``option_out_of_range``, ``results_*``, ``out_folder_missing``, and what the
        readers find.
    StorageError
        The folder can not be written.
    """
    settings = settings or PatrolSettings()
    may = may_replace(out, INDEX, FORM)
    _assert_options(seconds, workers)
    land = read_land(territory_path, plan_path, settings, progress)
    codes = _codes(land, grids)
    begins = _starts(land, start, settings)
    executor: Executor = InProcess() if workers == 1 or len(codes) < 2 else Pool(workers)
    try:
        patrols = plan_many(
            land.network,
            land.beats,
            codes,
            settings,
            dict.fromkeys(codes, begins) if len(begins) else {},
            seed=seed,
            stop=Stop(seconds=seconds),
            executor=executor,
            progress=progress,
        )
    finally:
        executor.close()
    shift = " ".join(part for part in (day.isoformat() if day else "", half) if part)
    if shift:
        book = BeatBook(land.network, land.beats)
        asked = {"plan_id": land.plan_id, "day": day.isoformat() if day else "", "half": half}
        patrols = [walk_shift(patrol, book, **asked, snap_m=settings.snap_m) for patrol in patrols]
    names = land.post_names() if start else {}
    itineraries = [
        told
        for patrol in patrols
        for told in tell_shift(
            patrol,
            land.network,
            land.places,
            stem=file_stem(patrol.grid),
            post_names=names,
            plan_id=land.plan_id,
            shift=shift,
        )
    ]
    order = PapersOrder(land, tuple(itineraries), language, with_gcj02, with_pages)
    with whole_folder(out, may_replace=may) as place:
        files = write_papers(order, place, progress)
        summary = _summary(land, patrols, itineraries, files, settings, language)
        summary |= {"seed": seed, "shift": shift, "start": list(start)}
        write_index(place, INDEX, FORM, summary)
    return Patrolled(out, summary, tuple(patrols), tuple(itineraries))


def _assert_options(seconds: float | None, workers: int) -> None:
    faults = []
    if seconds is not None and not 0 < seconds <= 86_400:
        facts = {"column": "--seconds", "measured": seconds, "allowed": "0-86400"}
        faults.append(Fault("option_out_of_range", facts))
    if not 1 <= workers <= 256:
        faults.append(Fault("option_out_of_range", {"column": "--workers", "measured": workers, "allowed": "1-256"}))
    if faults:
        raise InputError.of(faults)


def _codes(land: Land, asked: Sequence[str] | None) -> list[str]:
    """Codes to plan, ascending, each once."""
    if asked is None:
        return list(land.beats.grids)
    known = set(land.beats.grids)
    unknown = sorted(set(asked) - known)
    if unknown:
        near = ", ".join(land.beats.grids[:_SHOWN_CODES]) + (", …" if len(known) > _SHOWN_CODES else "")
        facts = {"file": land.plan_name, "allowed": near}
        raise InputError.of(Fault("patrol_grid_unknown", {**facts, "measured": code[:80]}) for code in unknown)
    return sorted(set(asked))


def _starts(land: Land, asked: Sequence[str], settings: PatrolSettings) -> Int32Array:
    """Rows of the posts asked for."""
    ids = land.territory["posts"]["id"].tolist()
    row_of = {id: row for row, id in enumerate(ids)}
    faults, rows = [], []
    for id in dict.fromkeys(asked):
        row = row_of.get(id)
        if row is None:
            near = ", ".join(ids[:_SHOWN_CODES]) + (", …" if len(ids) > _SHOWN_CODES else "")
            faults.append(Fault("patrol_post_unknown", {"measured": id[:80], "allowed": near or "—"}))
        elif land.beats.post_node[row] < 0:
            facts = {"id": id, "measured": float(land.beats.post_off_m[row]), "allowed": settings.place_m}
            faults.append(Fault("patrol_post_off_network", facts))
        else:
            rows.append(row)
    if faults:
        raise InputError.of(faults)
    return np.asarray(rows, dtype=np.int32)


def _summary(
    land: Land,
    patrols: Sequence[GridPatrol],
    itineraries: Sequence[Itinerary],
    files: Mapping[str, Sequence[str]],
    settings: PatrolSettings,
    language: str,
) -> dict[str, Any]:
    rows = [grid_row(patrol, land.network) for patrol in patrols]
    empty = [patrol.grid for patrol in patrols if status_of(patrol) == "nothing"]
    faults = [fault for patrol in patrols for fault in patrol.check.faults]
    return {
        "plan": land.plan_id,
        "plan_file": land.plan_name,
        "territory_file": land.territory_name,
        "mode": settings.mode.value,
        "shift_minutes": settings.shift_minutes,
        "patrollers": settings.n_patrollers,
        "is_open": settings.is_open,
        "totals": totals_of(rows),
        "routes": [route_row(told, files[told.id]) for told in itineraries],
        "grids": rows,
        "notes": notes_of(rows, _left_out(land, empty), land.report, language),
        "faults": fault_rows(tuple(faults), language),
    }


def _left_out(land: Land, empty: Sequence[str]) -> dict[str, dict[str, float]]:
    """For grids without a street to patrol: metres of the streets they do have, by why nobody patrols them."""
    if not empty:
        return {}
    middle = shapely.line_interpolate_point(land.network.geometry, 0.5, normalized=True)
    tree = shapely.STRtree(middle)
    shape_of = dict(zip(land.grids["code"], land.grids.geometry))
    return {
        code: left_out_m(land.network, land.beats, tree.query(shape_of[code].buffer(_BORDER_M), predicate="intersects"))
        for code in empty
    }
