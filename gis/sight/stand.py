"""The cameras of a territory as they stand: where, looking where, how finely; every repair and assumption told.

========================================  ===================================================================
what the layer says                       what is taken
========================================  ===================================================================
an id twice                               the first counts, once
no position, or outside the territory     not counted
in a building, or on its wall             0.3 m outside the nearest outer wall
more than 15 m inside                     counted where it is drawn, sees nothing
no heading                                looks all round (an assumption, unless it is a dome)
a dome without heading                    looks all round
nothing about the lens                    the default optics (an assumption)
field of view, no lens                    the lens that has this field of view
lens and field of view that differ        the narrower field, the coarser picture: never more than either says
a value no camera has                     as if it were not said
field of view of 180 degrees or more      all its pixels spread over this angle, unless a lens is stated
no height                                 the default height
========================================  ===================================================================

The layer has no tilt.  The default tilt is taken, but never one that would lose the horizon: a long lens is tilted
less, and its blind zone grows.  A stated range caps what it sees, the default's range where the lens is assumed; else
the pixel density alone decides.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf, nan

import numpy as np
import pandas as pd
import shapely

from gis.errors import Fact
from gis.graph import BoolArray, FloatArray
from gis.report import QualityReport
from gis.sight import ground
from gis.sight.cameras import Cameras
from gis.sight.lens import blind_m, read_lens
from gis.sight.optics import POSSIBLE, Optics
from gis.sight.status import is_working
from gis.sight.walls import OUT_M, Walls
from gis.territory import Territory

DEEP_M = 15.0
"""Drawn farther inside a building than this, where a camera looks out from is a guess: it sees nothing."""
_APART_DEG = 5.0  # stated fields of view are rounded
_EACH = 50  # rows told one by one, per kind of remark
_ON_BORDER_M = 0.01

_ROUND = ("dome", "ptz", "pan", "fisheye", "球", "云台", "全景", "鱼眼", "旋转")


def stand_cameras(
    territory: Territory,
    default: Optics,
    report: QualityReport | None = None,
    *,
    high_m: float = 20.0,
    walls: Walls | None = None,
) -> Cameras:
    """Cameras inside the territory, in the order of their layer.

    Parameters
    ----------
    default
        Optics of a camera that states none.
    report
        Gets repairs and assumptions.
    high_m
        Mounted at least so high, a camera is a high point.
    walls
        The walls, where they are made already.

    Raises
    ------
    InputError
        ``sight_optics_impossible``: of the default.
    """
    default.check()
    report = QualityReport() if report is None else report
    table = territory["cameras"]
    rows = _counted(territory, report)
    ids = table["id"].astype("str").to_numpy(dtype=object)[rows]
    said = {name: _stated(table, name, rows, report) for name in (*POSSIBLE, "heading_deg")}
    points = np.asarray(table.geometry.array, dtype=object)[rows]
    walls = Walls.of(territory) if walls is None else walls
    x, y, is_deep = _outside(shapely.get_x(points), shapely.get_y(points), walls, ids, rows, report)

    kinds = _words(table["kind"], rows)
    is_round = np.array([any(word in kind for word in _ROUND) for kind in kinds], dtype=bool)
    lens = [
        read_lens(*values, default)
        for values in zip(said["focal_mm"], said["sensor_mm"], said["px_width"], said["hfov_deg"], is_round)
    ]
    focal_px = np.array([value.focal_px for value in lens], dtype=np.float64)
    hfov = np.array([value.hfov_deg for value in lens], dtype=np.float64)
    differs = np.array([value.differs_deg for value in lens], dtype=np.float64)
    lens_assumed = np.array([value.is_assumed for value in lens], dtype=bool)
    _each(
        report,
        "warn_sight_lens_contradicts",
        ids,
        rows,
        differs > _APART_DEG,
        lambda k: {"before": round(float(said["hfov_deg"][k]), 1), "measured": round(float(differs[k]), 1)},
    )
    heading = said["heading_deg"]
    no_heading = np.isnan(heading)
    heading_assumed = no_heading & ~is_round & (hfov < 360.0)
    hfov = np.where(no_heading, 360.0, hfov)
    height = np.where(np.isnan(said["height_m"]), default.height_m, said["height_m"])
    near = np.array([blind_m(h, v, default.tilt_deg) for h, v in zip(height, [v.vfov_deg for v in lens])], dtype=float)
    far = np.where(np.isnan(said["range_m"]), np.where(lens_assumed, default.range_m, inf), said["range_m"])
    far[is_deep] = 0.0
    is_high = said["height_m"] >= high_m
    for code, which in (
        ("note_sight_heading_unknown", heading_assumed),
        ("note_sight_optics_assumed", lens_assumed),
        ("note_sight_height_assumed", np.isnan(said["height_m"])),
    ):
        if which.any():
            report.add(code, "cameras", _some(ids[which]), before=len(ids), measured=int(which.sum()))
    if len(ids):
        report.add("note_sight_tilt_assumed", "cameras", measured=default.tilt_deg, before=len(ids))
    if is_high.any():
        high = ids[is_high]
        report.add("note_sight_high_points", "cameras", _some(high), measured=len(high), allowed=high_m)
    return Cameras(
        ids=tuple(ids.tolist()),
        row=rows.astype(np.int32),
        x=x,
        y=y,
        heading_deg=np.where(no_heading | (hfov >= 360.0), 0.0, np.mod(heading, 360.0)),
        hfov_deg=hfov,
        focal_px=focal_px,
        near_m=near,
        far_m=far,
        is_assumed=heading_assumed | lens_assumed,
        is_working=_working(_words(table["status"], rows), report),
        is_high=is_high,
    )


def _counted(territory: Territory, report: QualityReport) -> np.ndarray:
    """Rows that count: first of their id, with a position, inside the territory."""
    table = territory["cameras"]
    rows = np.arange(len(table))
    ids = table["id"].astype("str").to_numpy(dtype=object)
    twice = table["id"].duplicated(keep="first").to_numpy(dtype=bool)
    _each(report, "repair_sight_id_twice", ids, rows, twice, lambda k: {})
    shapes = np.asarray(table.geometry.array, dtype=object)
    placed = np.isin(rows, ground.points(territory, "cameras")[0])
    _each(report, "warn_sight_no_position", ids, rows, ~twice & ~placed, lambda k: {})
    land = np.asarray(territory["communities"].geometry.array, dtype=object)
    inside = np.zeros(len(table), dtype=bool)
    candidates = np.flatnonzero(placed & ~twice)
    if len(candidates):
        hits = shapely.STRtree(land).query(shapes[candidates], predicate="dwithin", distance=_ON_BORDER_M)[0]
        inside[candidates[hits]] = True
    outside = placed & ~twice & ~inside
    _each(report, "warn_sight_outside", ids, rows, outside, lambda k: {})
    return rows[inside]


def _stated(table: pd.DataFrame, name: str, rows: np.ndarray, report: QualityReport) -> FloatArray:
    """One column as numbers; NaN where nothing possible is said."""
    values = pd.to_numeric(table[name], errors="coerce").to_numpy(dtype=np.float64, na_value=nan)[rows]
    ids = table["id"].astype("str").to_numpy(dtype=object)[rows]
    least, most = POSSIBLE.get(name, (-360.0, 720.0))
    with np.errstate(invalid="ignore"):
        bad = ~np.isnan(values) & ~((values >= least) & (values <= most))
    allowed = f"{least:g}...{most:g}"
    _each(
        report,
        "repair_sight_value_impossible",
        ids,
        rows,
        bad,
        lambda k: {"column": name, "before": str(values[k]), "allowed": allowed},
    )
    result: FloatArray = np.where(bad, nan, values)
    return result


def _outside(
    x: FloatArray, y: FloatArray, walls: Walls, ids: np.ndarray, rows: np.ndarray, report: QualityReport
) -> tuple[FloatArray, FloatArray, BoolArray]:
    """Positions outside buildings, and which were too deep inside one."""
    out_x, out_y, depth = walls.step_out(x, y)
    is_deep = depth > DEEP_M
    x, y = np.where(is_deep, x, out_x), np.where(is_deep, y, out_y)
    _each(
        report,
        "repair_sight_in_building",
        ids,
        rows,
        (depth > 0.0) & ~is_deep,
        lambda k: {"before": round(float(depth[k]), 1), "after": OUT_M},
    )
    _each(
        report,
        "warn_sight_deep_in_building",
        ids,
        rows,
        is_deep,
        lambda k: {"before": round(float(depth[k]), 1), "allowed": DEEP_M},
    )
    if (depth == 0.0).any():
        report.add("repair_sight_on_wall", "cameras", _some(ids[depth == 0.0]), before=int((depth == 0).sum()))
    return x, y, is_deep


def _words(column: pd.Series, rows: np.ndarray) -> list[str]:
    texts = column.astype("str").where(column.notna(), "").str.strip().str.lower()
    return [str(text) for text in texts.to_numpy(dtype=object)[rows]]


def _working(status: list[str], report: QualityReport) -> BoolArray:
    known = {word: is_working(word) for word in sorted(set(status))}
    strange = [word for word, works in known.items() if works is None]
    if strange:
        n = sum(word in strange for word in status)
        report.add("note_sight_status_unknown", "cameras", values=", ".join(strange[:10])[:200], measured=n)
    return np.array([known[word] is not False for word in status], dtype=bool)


def _some(ids: np.ndarray) -> str:
    return ", ".join(map(str, ids[:20]))


def _each(
    report: QualityReport,
    code: str,
    ids: np.ndarray,
    rows: np.ndarray,
    which: np.ndarray,
    facts: Callable[[int], dict[str, Fact]],
) -> None:
    """One remark a row that is marked, for the first fifty of them; one more for the rest."""
    marked = np.flatnonzero(which)
    for k in marked[:_EACH].tolist():
        told = facts(k)
        before, after = told.pop("before", None), told.pop("after", None)
        report.add(code, "cameras", str(ids[k]), before, after, row=int(rows[k]) + 1, **told)
    if len(marked) > _EACH:
        report.add("note_sight_more_rows", "cameras", before=len(marked), measured=len(marked) - _EACH, of=code)
