"""The simple layers of a map file: buildings, addresses, streets, barriers, cameras, posts, gates.

Each function takes scanned objects with metric geometry and gives one table in the columns of `gis.layers`.
Communities and estates, which need judgement over many objects, have rooms of their own.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS

from gis.layers import LAYERS
from gis.readers.osm import tags as read
from gis.readers.osm.scan import Tags, words
from gis.report import QualityReport

_WALL_MIN_M = 30.0
_WATER_MIN_M2 = 500.0
_UNDERPASS_MAX_M = 60.0
_AT_BUILDING_M = 5.0
_DWELLINGS_MAX = 5000
_THROUGH = words(
    "motorway trunk primary secondary tertiary motorway_link trunk_link primary_link secondary_link tertiary_link"
)
_MOTOR = _THROUGH | words("unclassified residential road")


class Objects:
    """Objects of one geometry kind: ids, tags and metric geometry side by side."""

    def __init__(self, ids: list[str], tags: list[Tags], geometry: Any) -> None:
        self.ids, self.tags, self.geometry = ids, tags, geometry

    def where(self, mask: list[bool]) -> Objects:
        """Those objects for which ``mask`` is true."""
        keep = [k for k, is_kept in enumerate(mask) if is_kept]
        return Objects([self.ids[k] for k in keep], [self.tags[k] for k in keep], self.geometry[keep])

    def and_also(self, other: Objects) -> Objects:
        """These objects and then the others."""
        geometry = np.concatenate([self.geometry, other.geometry])
        return Objects(self.ids + other.ids, self.tags + other.tags, geometry)


def table(crs: CRS, geometry: Any, /, **columns: Any) -> gpd.GeoDataFrame:
    """A layer table sorted by id."""
    frame = gpd.GeoDataFrame(columns, geometry=list(geometry), crs=crs)
    return frame.sort_values("id", kind="stable", ignore_index=True)


def read_buildings(areas: Objects, crs: CRS, report: QualityReport) -> gpd.GeoDataFrame:
    """Footprints with use, levels and dwellings.

    A building that says nothing of its use takes that of the smallest school ground, hospital, residential,
    industrial, commercial or farm area it stands in.  Footprints that lie (95 %) in a larger one are dropped: they
    would count its floors twice.
    """
    found = areas.where([tags.get("building", "no") != "no" for tags in areas.tags])
    found = _without_doubles(found, report)
    uses = [read.building_use(tags) for tags in found.tags]
    lent = _lent_uses(found, areas)
    n_lent = 0
    for k, use in enumerate(uses):
        if use is None and lent[k] is not None:
            uses[k], n_lent = lent[k], n_lent + 1
    if n_lent:
        report.add("note_osm_use_from_area", "buildings", after=n_lent)
    unknown = sum(use is None for use in uses)
    if unknown:
        report.add("note_osm_use_unknown", "buildings", before=len(uses), after=unknown)
    levels = [read.levels(tags) for tags in found.tags]
    dwellings = [read.whole_number(tags.get("building:flats"), _DWELLINGS_MAX) for tags in found.tags]
    return table(
        crs,
        found.geometry,
        id=found.ids,
        households=pd.array([None] * len(uses), dtype="Int64"),
        population=pd.array([None] * len(uses), dtype="Int64"),
        levels=pd.array(levels, dtype="Int64"),
        use=uses,
        community=[None] * len(uses),
        dwellings=pd.array(dwellings, dtype="Int64"),
    )


def _without_doubles(found: Objects, report: QualityReport) -> Objects:
    if len(found.ids) < 2:
        return found
    area_m2 = shapely.area(found.geometry)
    inner, outer = shapely.STRtree(found.geometry).query(shapely.point_on_surface(found.geometry), predicate="within")
    ids = np.array(found.ids)
    smaller = (area_m2[inner] < area_m2[outer]) | ((area_m2[inner] == area_m2[outer]) & (ids[inner] > ids[outer]))
    inner, outer = inner[smaller], outer[smaller]
    shared = shapely.area(shapely.intersection(found.geometry[inner], found.geometry[outer]))
    doubles = set(inner[shared >= 0.95 * area_m2[inner]].tolist())
    if doubles:
        report.add(
            "repair_osm_double_buildings",
            "buildings",
            ", ".join(sorted(found.ids[k] for k in doubles)[:20]),
            before=len(found.ids),
            after=len(found.ids) - len(doubles),
        )
    return found.where([k not in doubles for k in range(len(found.ids))])


def _lent_uses(found: Objects, areas: Objects) -> list[str | None]:
    lent: list[str | None] = [None] * len(found.ids)
    zones = areas.where([tags.get("building", "no") == "no" and bool(read.zone_use(tags)) for tags in areas.tags])
    if not len(found.ids) or not zones.ids:
        return lent
    points = shapely.point_on_surface(found.geometry)
    building, zone = shapely.STRtree(zones.geometry).query(points, predicate="intersects")
    size = shapely.area(zones.geometry)
    # Largest first, so that the smallest zone writes last.
    for k in np.lexsort((np.array(zones.ids)[zone], -size[zone], building)):
        lent[building[k]] = read.zone_use(zones.tags[zone[k]])
    return lent


def read_streets(lines: Objects, crs: CRS, report: QualityReport) -> gpd.GeoDataFrame:
    """Streets on the ground.  Long tunnels are left out: they bound nothing on the surface."""
    found = lines.where([read.is_street(tags) for tags in lines.tags])
    length_m = shapely.length(found.geometry)
    motor = [tags["highway"] in _MOTOR for tags in found.tags]
    below = [
        read.is_underground(tags) and (is_motor or metres > _UNDERPASS_MAX_M)
        for tags, is_motor, metres in zip(found.tags, motor, length_m)
    ]
    if any(below):
        buried_m = float(length_m[np.array(below)].sum())
        report.add("note_osm_tunnels_left_out", "streets", before=sum(below), after=0, measured=round(buried_m))
    found = found.where([not is_below for is_below in below])
    return table(
        crs,
        found.geometry,
        id=found.ids,
        name=[tags.get("name") for tags in found.tags],
        **{"class": [tags["highway"] for tags in found.tags]},
        oneway=[read.oneway(tags) for tags in found.tags],
        foot=[read.foot(tags) for tags in found.tags],
        surface=[tags.get("surface") for tags in found.tags],
        speed_kmh=np.array([read.speed_kmh(tags.get("maxspeed")) for tags in found.tags], dtype=float),
    )


def public_streets(streets: gpd.GeoDataFrame) -> Any:
    """Lines of streets that all traffic may use, which no estate has inside.

    Roads inside a compound are often drawn as unnamed ``residential``: those count only when they have a name.
    """
    is_named = streets["class"].isin(_MOTOR) & streets["name"].notna()
    open_to_all = (streets["class"].isin(_THROUGH) | is_named) & ~streets["foot"].eq("private")
    return np.asarray(streets.geometry.array[open_to_all.to_numpy()])


def read_barriers(lines: Objects, areas: Objects, crs: CRS, report: QualityReport) -> gpd.GeoDataFrame:
    """Lines and waters that divide the land; tunnels and bridges do not."""
    kinds = [read.barrier_kind(tags) for tags in lines.tags]
    length_m = shapely.length(lines.geometry)
    short = [kind == "wall" and metres < _WALL_MIN_M for kind, metres in zip(kinds, length_m)]
    if any(short):
        report.add("note_osm_short_walls", "barriers", before=sum(short), after=0, allowed=_WALL_MIN_M)
    kept = [kind is not None and not is_short for kind, is_short in zip(kinds, short)]
    found = lines.where(kept)
    kinds = [kind for kind, is_kept in zip(kinds, kept) if is_kept]
    waters = areas.where([read.is_water(tags) for tags in areas.tags])
    waters = waters.where((shapely.area(waters.geometry) >= _WATER_MIN_M2).tolist())
    both = found.and_also(waters)
    return table(crs, both.geometry, id=both.ids, kind=kinds + ["water"] * len(waters.ids))


def read_addresses(
    things: Objects,
    street_of: dict[str, str],
    buildings: gpd.GeoDataFrame,
    communities: gpd.GeoDataFrame,
    estates: gpd.GeoDataFrame,
    crs: CRS,
    report: QualityReport,
) -> gpd.GeoDataFrame:
    """Address points from nodes and areas, tied to the building they stand in (or within 5 m of).

    Where the map names no town, the community's name stands in for it, so that the same street and number in two
    communities stay two addresses.
    """
    found = things.where(["addr:housenumber" in tags or "addr:full" in tags for tags in things.tags])
    points = shapely.point_on_surface(found.geometry)
    communities_of = _holder(points, communities, "name")
    estates_of = _holder(points, estates[estates["kind"] == "estate"], "name")
    own = set(buildings["id"])
    buildings_of = _nearest_building(points, buildings)
    rows: list[dict[str, Any]] = []
    n_town = n_street = 0
    for k, tags in enumerate(found.tags):
        street = tags.get("addr:street") or street_of.get(found.ids[k], "") or tags.get("addr:place", "")
        n_street += "addr:street" not in tags and bool(street)
        community = communities_of[k]
        city = tags.get("addr:city") or community or ""
        n_town += "addr:city" not in tags and bool(community)
        numbers = read.house_numbers(tags) or [""]
        for position, number in enumerate(numbers):
            text = read.address_text(tags, street, number, city)
            if not text:
                continue
            rows.append(
                {
                    "id": found.ids[k] if position == 0 else f"{found.ids[k]}#{position + 1}",
                    "text": text,
                    "building_id": found.ids[k] if found.ids[k] in own else buildings_of[k],
                    "town": city or None,
                    "community": community,
                    "street": street or None,
                    "number": number or None,
                    "estate": estates_of[k],
                    "building": tags.get("addr:housename"),
                    "stairwell": tags.get("addr:staircase") or tags.get("addr:unit"),
                    "geometry": points[k],
                }
            )
    for code, n in (("note_osm_address_town", n_town), ("note_osm_address_street", n_street)):
        if n:
            report.add(code, "addresses", after=n)
    loose = sum(row["building_id"] is None for row in rows)
    if loose:
        report.add("note_osm_addresses_loose", "addresses", before=len(rows), after=loose, allowed=_AT_BUILDING_M)
    data = {column: [row[column] for row in rows] for column in LAYERS["addresses"].columns}
    return table(crs, [row["geometry"] for row in rows], **data)


def _holder(points: Any, polygons: gpd.GeoDataFrame, column: str) -> list[str | None]:
    """Name of the polygon each point lies in."""
    names: list[str | None] = [None] * len(points)
    if len(points) and len(polygons):
        at, polygon = shapely.STRtree(polygons.geometry.array).query(points, predicate="intersects")
        values = polygons[column].tolist()
        for k in np.lexsort((polygon, at))[::-1]:
            names[at[k]] = values[polygon[k]]
    return names


def _nearest_building(points: Any, buildings: gpd.GeoDataFrame) -> list[str | None]:
    ids: list[str | None] = [None] * len(points)
    if not len(points) or not len(buildings):
        return ids
    tree = shapely.STRtree(buildings.geometry.array)
    at, building = tree.query_nearest(points, max_distance=_AT_BUILDING_M, all_matches=True)
    names = buildings["id"].tolist()
    for k in np.lexsort((building, at))[::-1]:
        ids[at[k]] = names[building[k]]
    return ids


def read_cameras(things: Objects, crs: CRS) -> gpd.GeoDataFrame:
    """Surveillance cameras: kind, direction, height and count; never who runs them."""
    found = things.where(
        [
            tags.get("man_made") == "surveillance" and tags.get("surveillance:type", "camera") in ("camera", "ALPR")
            for tags in things.tags
        ]
    )
    return table(
        crs,
        shapely.point_on_surface(found.geometry),
        id=found.ids,
        kind=[tags.get("camera:type") for tags in found.tags],
        heading_deg=np.array([read.heading_deg(tags) for tags in found.tags], dtype=float),
        height_m=np.array([read.metres(tags.get("height")) for tags in found.tags], dtype=float),
        channels=pd.array([read.whole_number(tags.get("camera:count"), 100) for tags in found.tags], dtype="Int64"),
    )


def read_posts(things: Objects, crs: CRS) -> gpd.GeoDataFrame:
    """Police posts, and fire and ambulance stations as emergency posts."""
    kinds = [
        "police"
        if tags.get("amenity") == "police"
        else "emergency"
        if tags.get("amenity") == "fire_station" or tags.get("emergency") == "ambulance_station"
        else None
        for tags in things.tags
    ]
    found = things.where([kind is not None for kind in kinds])
    return table(
        crs,
        shapely.point_on_surface(found.geometry),
        id=found.ids,
        kind=[kind for kind in kinds if kind],
        name=[tags.get("name") for tags in found.tags],
    )


def read_key_places(points: Objects, crs: CRS) -> gpd.GeoDataFrame:
    """Gates and openings in walls, where a patrol passes from one side to the other."""
    found = points.where([read.is_gate(tags) for tags in points.tags])
    names = [tags.get("name") for tags in found.tags]
    return table(crs, found.geometry, id=found.ids, kind=["gate"] * len(names), name=names)


def count_broken(broken: list[tuple[str, str]], report: QualityReport) -> None:
    """Report what could not be built, by kind, with a few ids."""
    kinds = Counter(kind for _, kind in broken)
    for kind, n in sorted(kinds.items()):
        ids = sorted(id for id, of in broken if of == kind)[:20]
        report.add("warn_osm_geometry_broken", kind, ", ".join(ids), before=n, after=0)
    report.count("osm_broken", len(broken))
