"""Sight polygons, private masks, blind stretches, proposals and rings as GeoJSON (RFC 7946) in longitude and latitude.

The GCJ-02 variant is made only when asked for; it says what it is in the name of the file (``_gcj02``), in the
collection and in every feature, and is no RFC 7946.  Polygons are drawn to 0.1 m.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from pyproj import CRS

from gis.shift import shift
from gis.streets.network import ObjectArray
from gis.territory import Territory
from maps.coverage.stretches import cut_lines
from maps.features import to_lonlat
from maps.patrol.datum import DATUMS, DECIMALS, Datum, clean, write_whole
from partition.coverage.cameras.types import CameraSurvey
from partition.coverage.reach.types import ReachSurvey, Ring
from partition.coverage.siting.problem import SitingAnswer

_TOLERANCE_M = 0.1


def file_name(stem: str, datum: Datum = "wgs84") -> str:
    """Name of a file: ``sights.geojson``, ``sights_gcj02.geojson``; characters no file name can hold become ``_``."""
    kept = "".join(c if c.isalnum() or c in "-_." else "_" for c in clean(stem)).lstrip(".") or "file"
    return f"{kept}.geojson" if datum == "wgs84" else f"{kept}_{datum}.geojson"


def write_sights(
    survey: CameraSurvey, territory: Territory, folder: Path, *, datum: Datum = "wgs84", plan_id: str = ""
) -> Path:
    """Write what each camera sees at the level asked for (``sights.geojson``); cameras that see nothing are left out.

    Raises
    ------
    StorageError
        ``patrol_file_not_written``.
    """
    return _write("sights", survey.polygon, _of_cameras(survey), territory.crs, folder, datum, _about(survey, plan_id))


def write_masks(
    survey: CameraSurvey, territory: Territory, folder: Path, *, datum: Datum = "wgs84", plan_id: str = ""
) -> Path:
    """Write the private part of each view, to be masked in the picture (``masks.geojson``); as `write_sights`."""
    return _write("masks", survey.mask, _of_cameras(survey), territory.crs, folder, datum, _about(survey, plan_id))


def write_blind(
    survey: CameraSurvey, territory: Territory, folder: Path, *, datum: Datum = "wgs84", plan_id: str = ""
) -> Path:
    """Write the stretches that no camera sees, the longest first (``blind.geojson``); raises as `write_sights`."""
    table, blind = territory["streets"], survey.blind
    columns = {name: table[name].to_numpy(dtype=object) for name in ("id", "name", "class")}
    street = np.array([one.street for one in blind], dtype=np.int64)
    ends = np.array([(one.from_m, one.to_m) for one in blind], dtype=np.float64).reshape(-1, 2)
    lines = cut_lines(np.asarray(table.geometry.array, dtype=object), street, ends[:, 0], ends[:, 1])
    facts = [
        {
            "rank": rank,
            "street": clean(columns["id"][one.street]),
            "name": clean(columns["name"][one.street]),
            "class": clean(columns["class"][one.street]),
            "grid": _code(survey, one.grid),
            "from_m": round(one.from_m, 1),
            "to_m": round(one.to_m, 1),
            "length_m": round(one.length_m, 1),
        }
        for rank, one in enumerate(blind, start=1)
    ]
    return _write("blind", lines, facts, territory.crs, folder, datum, _about(survey, plan_id))


def write_proposals(
    siting: SitingAnswer,
    survey: CameraSurvey,
    territory: Territory,
    folder: Path,
    *,
    sights: ObjectArray | None = None,
    datum: Datum = "wgs84",
    plan_id: str = "",
) -> Path:
    """Write the cameras proposed, ranked (``proposals.geojson``): points, and with ``sights`` what each would see.

    Raises as `write_sights`.
    """
    facts = [
        {
            "part": "pole",
            "rank": one.rank,
            "pole": clean(one.id),
            "heading_deg": round(one.heading_deg, 1),
            "grid": _code(survey, one.grid),
            "gain_m": round(one.gain_m, 1),
            "total_m": round(one.total_m, 1),
            "street_m": round(one.street_m, 1),
            "places": one.places,
            "private_m": round(one.private_m, 1),
            "for_floor": one.is_for_floor,
        }
        for one in siting.proposals
    ]
    shapes: list[Any] = [shapely.Point(one.x, one.y) for one in siting.proposals]
    if sights is not None:
        shapes += list(sights)
        facts += [{**one, "part": "sight"} for one in facts]
    about = {
        **_about(survey, plan_id),
        "goal": siting.goal,
        "level": siting.level,
        "edition": clean(siting.edition),
        "seen_before_m": round(siting.seen_before_m, 1),
        "seen_after_m": round(siting.seen_after_m, 1),
        "street_m": round(siting.street_m, 1),
        "worth": round(siting.worth, 1),
        "bound": round(siting.bound, 1),
        "is_proved": siting.is_proved,
    }
    return _write("proposals", _objects(shapes), facts, territory.crs, folder, datum, about)


def write_rings(
    survey: ReachSurvey,
    rule_index: int,
    rings: Sequence[Ring],
    territory: Territory,
    folder: Path,
    *,
    datum: Datum = "wgs84",
    plan_id: str = "",
) -> Path:
    """Write the rings of one promise in one band (``rings-RULE-BAND.geojson``).

    Per ring a polygon for display and the exact streets, cut at the minute; raises as `write_sights`.

    Parameters
    ----------
    rule_index
        Position in ``survey.rules``.
    rings
        `partition.coverage.reach.rings.rings` of it.
    """
    reach = survey.rules[rule_index]
    shapes: list[Any] = []
    facts: list[dict[str, Any]] = []
    for ring in sorted(rings, key=lambda one: -one.minutes):
        streets = shapely.multilinestrings(list(ring.lines)) if len(ring.lines) else shapely.MultiLineString()
        for part, shape in (("ring", ring.polygon), ("streets", streets)):
            shapes.append(shape)
            facts.append({"part": part, "minutes": ring.minutes})
    about = {
        "plan": clean(plan_id),
        "rule": clean(reach.rule.name),
        "band": clean(reach.band),
        "mode": reach.rule.mode.value,
        "posts": sorted(map(clean, reach.rule.posts)),
    }
    stem = f"rings-{reach.rule.name}-{reach.band}"
    return _write(stem, _objects(shapes), facts, territory.crs, folder, datum, about)


def _about(survey: CameraSurvey, plan_id: str) -> dict[str, Any]:
    settings = survey.settings
    return {
        "plan": clean(plan_id),
        "level": settings.level,
        "px_per_m": settings.px_per_m,
        "edition": clean(settings.profile.edition),
    }


def _of_cameras(survey: CameraSurvey) -> list[dict[str, Any]]:
    cameras = survey.cameras
    return [
        {
            "camera": clean(cameras.ids[k]),
            "grid": _code(survey, int(survey.grid[k])),
            "kind": clean(survey.kind[k]),
            "working": bool(cameras.is_working[k]),
            "assumed": bool(cameras.is_assumed[k]),
            "forbidden": bool(survey.is_forbidden[k]),
            "private_m": round(float(survey.private_m[k]), 1),
        }
        for k in range(len(cameras))
    ]


def _code(survey: CameraSurvey, grid: int) -> str:
    return clean(survey.land.codes[grid]) if grid >= 0 else ""


def _objects(shapes: Sequence[Any]) -> ObjectArray:
    return np.array([*shapes, None], dtype=object)[:-1]


def _write(
    stem: str,
    shapes: ObjectArray,
    facts: Sequence[Mapping[str, Any]],
    crs: CRS,
    folder: Path,
    datum: Datum,
    about: Mapping[str, Any],
) -> Path:
    if datum not in DATUMS:
        raise ValueError(f"no datum {datum!r}; there are {', '.join(DATUMS)}")
    there = shapely.is_geometry(shapes) & ~shapely.is_empty(shapes)
    fine = shapes[there]
    # Lines keep no topology between each other; looking for it takes a city of streets half a minute.
    for which, keeps in ((shapely.get_dimensions(fine) < 2, False), (shapely.get_dimensions(fine) == 2, True)):
        fine[which] = shapely.simplify(fine[which], _TOLERANCE_M, preserve_topology=keeps)
    lonlat = to_lonlat(fine, crs)
    lonlat = shift(lonlat, "gcj02") if datum == "gcj02" else lonlat
    told = shapely.orient_polygons(shapely.transform(lonlat, lambda xy: np.round(xy, DECIMALS) + 0.0))
    head: dict[str, Any] = {"type": "FeatureCollection", "name": clean(stem), "datum": datum, **about}
    if len(told):
        head["bbox"] = [float(v) for v in shapely.total_bounds(told)]
    lines = [
        f'{{"type":"Feature","id":{number},"properties":{_text({**facts[k], "datum": datum})},"geometry":{shape}}}'
        for number, (k, shape) in enumerate(zip(np.flatnonzero(there).tolist(), shapely.to_geojson(told)), start=1)
    ]
    content = _text(head)[:-1] + ',"features":[\n' + ",\n".join(lines) + "\n]}\n"
    return write_whole(content.encode(), Path(folder) / file_name(stem, datum))


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
