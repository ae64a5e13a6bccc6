"""OpenStreetMap extracts (``.osm.pbf``) as layer tables.

Decides which objects of a map become which layer, what lies outside the study area, and what is told about it.
Households are never guessed here (`gis.households` models them when asked); putting several sources together and
checking them is the work of `gis.assemble`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from pyproj import CRS, Transformer

from gis.crs import metric_crs
from gis.progress import SILENT, Progress
from gis.readers.osm.communities import read_communities
from gis.readers.osm.estates import estate_kind, read_estates
from gis.readers.osm.layers import (
    Objects,
    count_broken,
    public_streets,
    read_addresses,
    read_barriers,
    read_buildings,
    read_cameras,
    read_key_places,
    read_posts,
    read_streets,
    table,
)
from gis.readers.osm.scan import SETTLEMENTS, Found, Scan, scan_file, way_lines
from gis.report import QualityReport

__all__ = ["OsmOptions", "read_osm"]

WGS84 = CRS.from_epsg(4326)
_DEGREES = 7  # decimals OpenStreetMap stores: what was not moved comes back to the same bytes


@dataclass(frozen=True, slots=True)
class OsmOptions:
    """How to read an extract.

    Attributes
    ----------
    community_admin_level
        Admin level of the boundaries that become communities; ``None`` takes the finest that is complete.
    with_communities
        Whether to take communities from the map at all; ``False`` when another source brings them.
    extent_community
        Make one community of the mapped area when the file holds no usable boundary.  Off unless asked for.
    margin_m
        Streets and barriers up to this far outside the communities are kept, so that border streets stay whole.
    """

    community_admin_level: int | None = None
    with_communities: bool = True
    extent_community: bool = False
    margin_m: float = 200.0


def read_osm(
    path: Path,
    options: OsmOptions | None = None,
    report: QualityReport | None = None,
    progress: Progress = SILENT,
) -> dict[str, gpd.GeoDataFrame]:
    """Read an OpenStreetMap extract into layer tables.

    Parameters
    ----------
    path
        An ``.osm.pbf`` file.
    options
        See `OsmOptions`.
    report
        Takes every repair, everything left out, and the counts of the file.
    progress
        Observer.

    Returns
    -------
    dict
        Layer name to table in EPSG:4326, columns as in `gis.layers`; ``buildings`` also has ``dwellings`` and
        leaves ``households`` empty.  Layers without a feature are left out.

    Raises
    ------
    InputError
        ``osm_file_missing``, ``osm_file_empty``, ``osm_file_unreadable``, ``osm_file_without_objects``,
        ``osm_admin_level_absent``, ``bounds_not_degrees``.

    Notes
    -----
    One pass in C++ with a Python step per tagged object: about 1 s per 2 MB of file.
    """
    options = options or OsmOptions()
    report = QualityReport() if report is None else report
    scan = scan_file(path, progress)
    for name, n in sorted(scan.counts.items()):
        report.count(name, n)
    count_broken(scan.broken, report)
    if scan.shortened:
        report.add(
            "repair_osm_lines_shortened", "streets", ", ".join(sorted(scan.shortened)[:20]), before=len(scan.shortened)
        )
    progress.stage("stage_osm_layers", 6)
    crs, to_metres = _projection(scan)
    points, lines, areas = (_metric(found, to_metres, report) for found in (scan.points, scan.lines, scan.areas))
    progress.advance()
    layers = _layers(path, scan, points, lines, areas, options, crs, to_metres, report, progress)
    layers = {name: _degrees(frame, crs) for name, frame in layers.items() if len(frame)}
    for name, frame in layers.items():
        report.count(name, len(frame))
    return layers


def _layers(
    path: Path,
    scan: Scan,
    points: Objects,
    lines: Objects,
    areas: Objects,
    options: OsmOptions,
    crs: CRS,
    to_metres: Callable[[Any], Any],
    report: QualityReport,
    progress: Progress,
) -> dict[str, gpd.GeoDataFrame]:
    buildings = read_buildings(areas, crs, report)
    streets = read_streets(lines, crs, report)
    barriers = read_barriers(lines, areas, crs, report)
    n_points = sum(tags.get("building", "no") != "no" for tags in points.tags)
    if n_points:
        report.add("note_osm_building_nodes", "buildings", before=n_points, after=0)
    progress.advance()
    communities = _communities(path, scan, areas, buildings, streets, options, crs, to_metres, report)
    progress.advance()
    things = points.and_also(areas)
    layers = {"communities": communities, "buildings": buildings, "streets": streets, "barriers": barriers}
    layers |= {
        "cameras": read_cameras(things, crs),
        "posts": read_posts(things, crs),
        "key_places": read_key_places(points, crs),
    }
    if len(communities):
        _within(layers, options.margin_m, report)
    progress.advance()
    layers["estates"] = _estates(points, areas, lines, layers, crs, report)
    progress.advance()
    addresses = read_addresses(things, scan.street_of, layers["buildings"], communities, layers["estates"], crs, report)
    layers["addresses"] = _inside(addresses, communities, "addresses", 0.0, report) if len(communities) else addresses
    progress.advance()
    return layers


def _projection(scan: Scan) -> tuple[CRS, Callable[[Any], Any]]:
    """Metric CRS in the middle of the mapped buildings (or of everything), and the way into it."""
    footprints = [k for k, tags in enumerate(scan.areas.tags) if "building" in tags]
    wkb = [scan.areas.wkb[k] for k in footprints] or scan.areas.wkb or scan.lines.wkb or scan.points.wkb
    # The middle half of the objects: a stray node far away must not choose the zone.
    middle = shapely.get_coordinates(shapely.centroid(shapely.from_wkb(np.array(wkb, dtype=object))))
    low, high = np.quantile(middle, [0.25, 0.75], axis=0)
    crs = metric_crs(WGS84, (float(low[0]), float(low[1]), float(high[0]), float(high[1])))
    transformer = Transformer.from_crs(WGS84, crs, always_xy=True)

    def to_metres(geometry: Any) -> Any:
        return shapely.transform(geometry, lambda xy: np.column_stack(transformer.transform(xy[:, 0], xy[:, 1])))

    return crs, to_metres


def _metric(found: Found, to_metres: Callable[[Any], Any], report: QualityReport) -> Objects:
    geometry = to_metres(found.geometry())
    invalid = ~shapely.is_valid(geometry) if len(geometry) else np.empty(0, dtype=bool)
    for k in np.flatnonzero(invalid):
        before = float(shapely.area(geometry[k]))
        geometry[k] = shapely.make_valid(geometry[k], method="structure", keep_collapsed=False)
        after = round(float(shapely.area(geometry[k])), 2)
        report.add("repair_osm_polygon", "areas", found.ids[k], before=round(before, 2), after=after)
    return Objects(found.ids, found.tags, geometry)


def _degrees(frame: gpd.GeoDataFrame, crs: CRS) -> gpd.GeoDataFrame:
    transformer = Transformer.from_crs(crs, WGS84, always_xy=True)

    def back(xy: Any) -> Any:
        return np.round(np.column_stack(transformer.transform(xy[:, 0], xy[:, 1])), _DEGREES)

    geometry = shapely.transform(np.asarray(frame.geometry.array), back)
    return gpd.GeoDataFrame(frame.drop(columns="geometry"), geometry=geometry, crs=WGS84)


def _communities(
    path: Path,
    scan: Scan,
    areas: Objects,
    buildings: gpd.GeoDataFrame,
    streets: gpd.GeoDataFrame,
    options: OsmOptions,
    crs: CRS,
    to_metres: Callable[[Any], Any],
    report: QualityReport,
) -> gpd.GeoDataFrame:
    anchors = np.asarray((buildings if len(buildings) else streets).geometry.array)
    polygons = {
        int(id[1:]): areas.geometry[k]
        for k, id in enumerate(areas.ids)
        if id[0] == "r" and int(id[1:]) in scan.boundaries
    }
    found = table(crs, [], id=[], code=[], name=[]).drop(columns="id")
    if options.with_communities:
        cut = {way for id, boundary in scan.boundaries.items() if id not in polygons for way in boundary.ways}
        ways = way_lines(path, cut) if cut else {}
        metric = dict(zip(ways, to_metres(np.array(list(ways.values()), dtype=object)))) if ways else {}
        level = options.community_admin_level
        found = read_communities(scan.boundaries, polygons, metric, anchors, level=level, crs=crs, report=report)
    if options.extent_community and not len(found) and len(anchors):
        hull = shapely.buffer(shapely.concave_hull(shapely.union_all(shapely.centroid(anchors)), ratio=0.3), 100.0)
        hull = shapely.union_all([shapely.Polygon(part.exterior) for part in shapely.get_parts(hull)])
        report.add("note_osm_extent_community", "communities", "extent", after=1, measured=round(hull.area / 1e6, 3))
        found = gpd.GeoDataFrame(
            {"code": ["extent"], "name": [path.name.split(".")[0]], "kind": ["urban"]}, geometry=[hull], crs=crs
        )
    return found


def _within(layers: dict[str, gpd.GeoDataFrame], margin_m: float, report: QualityReport) -> None:
    """Drop what lies outside the communities and give every building its community."""
    communities = layers["communities"]
    buildings = layers["buildings"]
    if len(buildings):
        points = shapely.point_on_surface(np.asarray(buildings.geometry.array))
        at, owner = shapely.STRtree(communities.geometry.array).query(points, predicate="intersects")
        codes = communities["code"].to_numpy(dtype=object)
        code_of = np.full(len(buildings), None, dtype=object)
        for k in np.lexsort((owner, at))[::-1]:
            code_of[at[k]] = codes[owner[k]]
        inside = np.array([code is not None for code in code_of], dtype=bool)
        outside = buildings.loc[~inside, "id"].tolist()
        if outside:
            report.add(
                "warn_osm_buildings_outside",
                "buildings",
                ", ".join(outside),
                before=len(buildings),
                after=int(inside.sum()),
                measured=len(outside),
            )
        layers["buildings"] = buildings.assign(community=code_of)[inside].reset_index(drop=True)
    for name in ("streets", "barriers"):
        layers[name] = _inside(layers[name], communities, name, margin_m, report)
    for name in ("cameras", "posts", "key_places"):
        layers[name] = _inside(layers[name], communities, name, 0.0, report)


def _inside(
    frame: gpd.GeoDataFrame, communities: gpd.GeoDataFrame, name: str, margin_m: float, report: QualityReport
) -> gpd.GeoDataFrame:
    if not len(frame):
        return frame
    tree = shapely.STRtree(np.asarray(frame.geometry.array))
    near = tree.query(communities.geometry.array, predicate="dwithin", distance=margin_m)[1]
    keep = np.unique(near)
    if len(keep) < len(frame):
        report.add("note_osm_outside", name, before=len(frame), after=len(keep), allowed=margin_m)
    return frame.iloc[keep].reset_index(drop=True)


def _estates(
    points: Objects,
    areas: Objects,
    lines: Objects,
    layers: dict[str, gpd.GeoDataFrame],
    crs: CRS,
    report: QualityReport,
) -> gpd.GeoDataFrame:
    candidates = areas.where([estate_kind(tags) is not None for tags in areas.tags])
    communities = layers["communities"]
    if len(communities) and candidates.ids:
        near = shapely.STRtree(candidates.geometry).query(communities.geometry.array, predicate="intersects")[1]
        kept = set(near.tolist())
        candidates = candidates.where([k in kept for k in range(len(candidates.ids))])
    names = {
        tags["name"]
        for found in (points, areas)
        for tags in found.tags
        if tags.get("place") in SETTLEMENTS and "name" in tags
    } | {str(name) for name in communities.get("name", [])}
    walls = lines.where([tags.get("barrier") in ("wall", "fence", "city_wall", "hedge") for tags in lines.tags])
    gates = layers["key_places"]
    return read_estates(
        candidates.ids,
        candidates.tags,
        candidates.geometry,
        public_streets=public_streets(layers["streets"]),
        walls=walls.geometry,
        gates=np.asarray(gates.geometry.array),
        buildings=np.asarray(layers["buildings"].geometry.array),
        place_names=names,
        crs=crs,
        report=report,
    )
