"""Which areas of a map are estates: gated compounds, schools, hospitals, markets, business areas, parks.

A tag alone does not make an estate.  ``landuse=residential`` is mostly a whole village's built-up area, so housing
must be walled, private or a named compound that no public street runs through.  `dedicated` is set only where a wall
and a gate say so; everything else is left open for the drawing rules.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from pyproj import CRS

from gis.readers.osm.scan import Tags
from gis.readers.osm.tags import has_cjk
from gis.report import QualityReport

_LARGEST_M2 = {"estate": 250_000.0, "park": 2_000_000.0}
_LARGEST_OTHER_M2 = 1_000_000.0
_SMALLEST_M2 = 1_000.0
_BUILT_M2 = 1_500.0
_THROUGH_M = 60.0
_WALLED_FRAC = 0.6
_AT_WALL_M = 6.0
_COMPOUND_WORDS = ("小区", "家园", "花园", "公寓", "苑", "院", "新村", "住宅区", "社区", "里", "园", "府", "城")
_AMENITIES = {
    "school": "school",
    "kindergarten": "school",
    "college": "school",
    "university": "school",
    "hospital": "hospital",
    "clinic": "hospital",
    "marketplace": "market",
    "townhall": "government",
    "courthouse": "government",
    "prison": "government",
    "police": "government",
}
_LANDUSES = {
    "retail": "business",
    "commercial": "business",
    "industrial": "industrial",
    "government": "government",
    "institutional": "government",
    "military": "government",
}


def estate_kind(tags: Tags) -> str | None:
    """Kind an area could be by its tags alone, ``None`` when it can be no estate."""
    if tags.get("building", "no") != "no":
        return None
    if tags.get("amenity") in _AMENITIES:
        return _AMENITIES[tags["amenity"]]
    if tags.get("shop") == "mall":
        return "business"
    if tags.get("office") == "government" or tags.get("landuse") in ("government", "institutional"):
        return "government"
    if tags.get("leisure") == "park":
        return "park"
    if tags.get("landuse") in _LANDUSES:
        return _LANDUSES[tags["landuse"]]
    if tags.get("landuse") == "residential":
        return "estate"
    return None


def read_estates(
    ids: Sequence[str],
    tags: Sequence[Tags],
    polygons: Any,
    *,
    public_streets: Any,
    walls: Any,
    gates: Any,
    buildings: Any,
    place_names: set[str],
    crs: CRS,
    report: QualityReport,
) -> gpd.GeoDataFrame:
    """Choose the estates among candidate areas and resolve their overlaps.

    Parameters
    ----------
    ids, tags, polygons
        The candidates (`estate_kind` is not ``None``), metric polygons.
    public_streets
        Lines of streets open to all traffic, without service roads and paths.
    walls, gates
        Wall and fence lines; gate points.
    buildings
        Footprints.
    place_names
        Names of villages and quarters on the map: an area with such a name is a settlement, not a compound.

    Returns
    -------
    GeoDataFrame
        ``id, name, kind, dedicated`` in ``crs``; polygons do not overlap.
    """
    kinds = np.array([estate_kind(t) or "" for t in tags], dtype=object)
    area_m2 = shapely.area(polygons) if len(polygons) else np.empty(0)
    largest = np.array([_LARGEST_M2.get(kind, _LARGEST_OTHER_M2) for kind in kinds])
    sized = (area_m2 >= _SMALLEST_M2) & (area_m2 <= largest)
    walled = _walled(polygons, walls)
    through = _through_m(polygons, public_streets)
    held, built_m2 = _held(polygons, buildings)
    gated = _counts(polygons, shapely.buffer(gates, _AT_WALL_M)) > 0
    closed = np.array([_says_closed(t) for t in tags], dtype=bool) | (walled >= _WALLED_FRAC)
    compound = np.array([_is_compound(t, place_names) for t in tags], dtype=bool)
    # A private garden with one house is no estate; a Chinese compound's name alone says what it is.
    said = np.array([has_cjk(t.get("name", "")) for t in tags], dtype=bool) & compound
    peopled = said | (held >= 3) | (built_m2 >= _BUILT_M2)
    is_housing = kinds == "estate"
    take = sized & (through <= _THROUGH_M) & (~is_housing | ((closed | compound) & peopled))
    for kind in sorted(set(kinds.tolist())):
        of_kind = kinds == kind
        report.add(
            "note_osm_estates", "estates", before=int(of_kind.sum()), after=int((of_kind & take).sum()), kind=kind
        )
    dedicated = (closed | ((walled >= 0.3) & gated)) & (is_housing | np.isin(kinds, ("school", "hospital")))
    chosen = np.flatnonzero(take)
    # Largest first; ids settle ties, so that row order in the file does not matter.
    chosen = chosen[np.lexsort((np.array(ids, dtype=object)[chosen].astype(str), -area_m2[chosen]))]
    kept, shapes = _apart(chosen, polygons, area_m2, ids, report)
    names = [_name(tags[k], ids[k]) for k in kept]
    frame = gpd.GeoDataFrame(
        {
            "id": [ids[k] for k in kept],
            "name": names,
            "kind": [str(kinds[k]) for k in kept],
            "dedicated": [True if dedicated[k] else None for k in kept],
        },
        geometry=shapes,
        crs=crs,
    )
    frame["dedicated"] = frame["dedicated"].astype("boolean")
    return frame.sort_values("id", kind="stable", ignore_index=True)


def _says_closed(tags: Tags) -> bool:
    return (
        tags.get("access") in ("private", "no", "residents", "permit")
        or tags.get("barrier") in ("wall", "fence", "city_wall", "hedge")
        or tags.get("residential") in ("gated", "gated_community")
    )


def _is_compound(tags: Tags, place_names: set[str]) -> bool:
    name = tags.get("name", "")
    if tags.get("residential") in ("apartments", "condominium", "university"):
        return True
    if not name or name in place_names or tags.get("place") in ("village", "hamlet", "suburb", "neighbourhood"):
        return False
    if has_cjk(name):
        return name.endswith(_COMPOUND_WORDS)
    return True


def _name(tags: Tags, id: str) -> str:
    return tags.get("name") or tags.get("name:zh") or tags.get("name:en") or id


def _walled(polygons: Any, walls: Any) -> Any:
    """Share of each outline that runs along a wall or fence."""
    share = np.zeros(len(polygons))
    if not len(polygons) or not len(walls):
        return share
    rings = shapely.boundary(polygons)
    near = shapely.buffer(walls, _AT_WALL_M, cap_style="flat")
    area, wall = shapely.STRtree(near).query(polygons, predicate="intersects")[:2]
    for k in np.unique(area):
        beside = shapely.union_all(near[wall[area == k]])
        share[k] = shapely.length(shapely.intersection(rings[k], beside)) / max(shapely.length(rings[k]), 1e-9)
    return share


def _through_m(polygons: Any, streets: Any) -> Any:
    """Metres of public street inside each polygon, more than 10 m from its edge."""
    metres = np.zeros(len(polygons))
    if not len(polygons) or not len(streets):
        return metres
    inner = shapely.buffer(polygons, -10.0, quad_segs=2)
    area, street = shapely.STRtree(streets).query(inner, predicate="intersects")
    lengths = shapely.length(shapely.intersection(streets[street], inner[area]))
    np.add.at(metres, area, lengths)
    return metres


def _held(polygons: Any, buildings: Any) -> tuple[Any, Any]:
    """How many buildings stand in each polygon, and their footprints in m2."""
    if not len(polygons) or not len(buildings):
        return np.zeros(len(polygons), dtype=np.int64), np.zeros(len(polygons))
    area, building = shapely.STRtree(shapely.point_on_surface(buildings)).query(polygons, predicate="intersects")
    footprints = np.bincount(area, weights=shapely.area(buildings)[building], minlength=len(polygons))
    return np.bincount(area, minlength=len(polygons)), footprints


def _counts(polygons: Any, things: Any) -> Any:
    """How many things touch each polygon."""
    if not len(polygons) or not len(things):
        return np.zeros(len(polygons), dtype=np.int64)
    area, _ = shapely.STRtree(things).query(polygons, predicate="intersects")
    return np.bincount(area, minlength=len(polygons))


def _apart(
    chosen: Any, polygons: Any, area_m2: Any, ids: Sequence[str], report: QualityReport
) -> tuple[list[int], list[Any]]:
    """Cut smaller estates where larger ones already lie; drop what is left of them when it is a sliver."""
    kept: list[int] = []
    shapes: list[Any] = []
    if not len(chosen):
        return kept, shapes
    candidates = polygons[chosen]
    first, second = shapely.STRtree(candidates).query(candidates, predicate="intersects")
    earlier: dict[int, list[int]] = {}
    for a, b in zip(first.tolist(), second.tolist()):
        if b < a:
            earlier.setdefault(a, []).append(b)
    taken: dict[int, Any] = {}
    for position, k in enumerate(chosen.tolist()):
        shape = candidates[position]
        larger = [taken[b] for b in sorted(earlier.get(position, ())) if b in taken]
        if larger:
            rest = shapely.difference(shape, shapely.union_all(larger))
            lost = float(area_m2[k]) - float(shapely.area(rest))
            if lost > 1e-6:
                rest = _largest_part(shapely.make_valid(rest, method="structure", keep_collapsed=False))
                left = float(shapely.area(rest))
                if left < _SMALLEST_M2 or left < 0.1 * area_m2[k]:
                    rest, left = None, 0.0
                report.add(
                    "repair_osm_estates_overlap",
                    "estates",
                    ids[k],
                    before=round(float(area_m2[k]), 1),
                    after=round(left, 1),
                )
                shape = rest
        if shape is not None:
            taken[position] = shape
            kept.append(k)
            shapes.append(shape)
    return kept, shapes


def _largest_part(shape: Any) -> Any:
    parts = shapely.get_parts(shape)
    return parts[int(np.argmax(shapely.area(parts)))] if len(parts) else shapely.Polygon()
