"""One pass over an OpenStreetMap file: which objects matter, with the few tags we use and their geometry.

Decides what is taken out of the file and counts what cannot be built.  What an object *means* (a use, a kind of
barrier, an address text) is left to `tags` and to the rooms that make the layers.  Names of mappers, operators and
contacts are never read: a tag that is not in ``KEPT`` does not leave this room.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import osmium
import shapely

from gis.errors import InputError
from gis.progress import SILENT, Progress

Tags = dict[str, str]


def words(text: str) -> frozenset[str]:
    """The words of a text as a set: tag values read better in a paragraph than one a line."""
    return frozenset(text.split())


KEPT = words(
    """
    ISO3166-2 access addr:city addr:conscriptionnumber addr:district addr:full addr:hamlet addr:housename
    addr:housenumber addr:neighbourhood addr:place addr:postcode addr:province addr:staircase addr:street addr:suburb
    addr:subdistrict addr:unit admin_level aeroway amenity area barrier boundary bridge building building:flats
    building:levels building:use camera:count camera:direction camera:type covered craft direction emergency fence_type
    foot healthcare height highway historic indoor intermittent junction landuse layer leisure levels location man_made
    maxspeed military motorroad name name:en name:zh natural office oneway place power public_transport railway ref
    ref:INSEE residential service shop surface surveillance surveillance:type tourism tunnel type usage water waterway
    """
)
"""Every tag key the reader looks at."""

STREET_CLASSES = words(
    """
    motorway motorway_link trunk trunk_link primary primary_link secondary secondary_link tertiary tertiary_link
    unclassified residential living_street service pedestrian road track footway path cycleway bridleway steps busway
    bus_guideway
    """
)
"""Values of ``highway`` that are streets on the ground (not proposed, under construction, platforms or race tracks)."""

SETTLEMENTS = words("city town village hamlet suburb quarter neighbourhood borough isolated_dwelling locality")
GATES = words("gate lift_gate swing_gate sliding_gate entrance")

_WANTED = words(
    "building addr:housenumber addr:full highway waterway natural railway barrier landuse amenity leisure shop office "
    "man_made place boundary emergency military tourism"
)
_AREA_KEYS = words(
    "building addr:housenumber addr:full landuse amenity leisure natural waterway shop office military boundary "
    "man_made tourism"
)


@dataclass(slots=True)
class Found:
    """Objects of one geometry kind: ids (``n1``, ``w2``, ``r3``), tags and geometry, position by position."""

    ids: list[str] = field(default_factory=list)
    tags: list[Tags] = field(default_factory=list)
    wkb: list[bytes] = field(default_factory=list)

    def add(self, id: str, tags: Tags, wkb: bytes) -> None:
        """Keep one object."""
        self.ids.append(id)
        self.tags.append(tags)
        self.wkb.append(wkb)

    def geometry(self) -> Any:
        """Geometries as an object array."""
        return shapely.from_wkb(np.array(self.wkb, dtype=object)) if self.wkb else np.empty(0, dtype=object)


@dataclass(frozen=True, slots=True)
class Boundary:
    """An administrative boundary relation: its tags and the ways of its outer and inner rings."""

    id: int
    tags: Tags
    ways: tuple[int, ...]


@dataclass(slots=True)
class Scan:
    """What one file holds.

    Attributes
    ----------
    points, lines, areas
        The objects taken out.
    boundaries
        Administrative boundary relations by relation id, whether they could be closed or not.
    street_of
        Street name by object id, from ``associatedStreet`` relations.
    broken
        Ids of objects whose geometry could not be built, with the reason.
    shortened
        Ids of lines that lost nodes outside the extract.
    counts
        Objects seen per kind, before any choice.
    """

    points: Found = field(default_factory=Found)
    lines: Found = field(default_factory=Found)
    areas: Found = field(default_factory=Found)
    boundaries: dict[int, Boundary] = field(default_factory=dict)
    street_of: dict[str, str] = field(default_factory=dict)
    broken: list[tuple[str, str]] = field(default_factory=list)
    shortened: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)

    def count(self, name: str) -> None:
        """One more object of a kind."""
        self.counts[name] = self.counts.get(name, 0) + 1


def scan_file(path: Path, progress: Progress = SILENT) -> Scan:
    """Read what gridwright needs out of an ``.osm.pbf`` file.

    Parameters
    ----------
    path
        A file on this machine.  Addresses of the web are refused (the library would fetch them).

    Raises
    ------
    InputError
        ``osm_file_missing``, ``osm_file_empty``, ``osm_file_unreadable`` (not an OSM PBF file, or cut off),
        ``osm_file_without_objects``.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError("osm_file_missing", file=path.name)
    if path.stat().st_size == 0:
        raise InputError("osm_file_empty", file=path.name, measured=0)
    scan = Scan()
    try:
        progress.stage("stage_osm_read")
        _relations(path, scan)
        _objects(path, scan, progress)
    except (RuntimeError, ValueError, OSError) as error:
        raise InputError("osm_file_unreadable", file=path.name, measured=str(error)) from error
    if not (scan.points.ids or scan.lines.ids or scan.areas.ids):
        raise InputError("osm_file_without_objects", file=path.name)
    return scan


def way_lines(path: Path, ids: Iterable[int]) -> dict[int, Any]:
    """Lines of some ways by id; ways that are not in the file, or have no located nodes, are left out."""
    factory = osmium.geom.WKBFactory()
    only_ways, wanted = osmium.filter.EntityFilter(osmium.osm.WAY), osmium.filter.IdFilter(sorted(ids))
    lines: dict[int, Any] = {}
    for way in _open(path).with_locations().with_filter(only_ways).with_filter(wanted):
        wkb, _ = _line(factory, way)
        if wkb is not None:
            lines[way.id] = shapely.from_wkb(wkb)
    return lines


def _open(path: Path, entities: Any = osmium.osm.ALL) -> Any:
    # The format is named, so that nothing but PBF is parsed whatever the file calls itself.
    return osmium.FileProcessor(osmium.io.File(str(path.resolve()), "pbf"), entities)


def _tags(thing: Any) -> Tags:
    return {tag.k: tag.v for tag in thing.tags if tag.k in KEPT}


def _relations(path: Path, scan: Scan) -> None:
    # No with_locations() here: relations alone are read straight from the file.
    for relation in _open(path, osmium.osm.RELATION).with_filter(osmium.filter.KeyFilter("type")):
        tags = _tags(relation)
        kind = tags.get("type")
        if tags.get("boundary") == "administrative" and kind in ("boundary", "multipolygon"):
            ways = tuple(m.ref for m in relation.members if m.type == "w")
            scan.boundaries[relation.id] = Boundary(relation.id, tags, ways)
        elif kind in ("associatedStreet", "street") and tags.get("name"):
            for member in relation.members:
                if member.role in ("house", "address", "addr:houselink"):
                    scan.street_of[f"{member.type}{member.ref}"] = tags["name"]


def _objects(path: Path, scan: Scan, progress: Progress) -> None:
    factory = osmium.geom.WKBFactory()
    expected: dict[str, str] = {}
    processor = (
        _open(path)
        .with_locations()
        .with_areas(osmium.filter.KeyFilter(*sorted(_AREA_KEYS)))
        .with_filter(osmium.filter.KeyFilter(*sorted(_WANTED)))
    )
    for seen, thing in enumerate(processor):
        if seen % 10_000 == 0:
            progress.advance()
        if thing.is_node():
            _node(factory, thing, scan)
        elif thing.is_way():
            _way(factory, thing, scan, expected)
        elif thing.is_relation():
            tags = _tags(thing)
            _count(tags, scan)
            if tags.get("type") == "multipolygon" and _is_area_wanted(tags):
                expected[f"r{thing.id}"] = _kind_of(tags)
        elif thing.is_area():
            _area(factory, thing, scan, expected)
    # Areas of relations come before the relation itself, so what is missing shows only at the end.
    built = set(scan.areas.ids)
    scan.broken.extend((id, kind) for id, kind in expected.items() if id not in built)


def _node(factory: Any, node: Any, scan: Scan) -> None:
    tags = _tags(node)
    if not (
        "addr:housenumber" in tags
        or "addr:full" in tags
        or tags.get("man_made") == "surveillance"
        or tags.get("barrier") in GATES
        or tags.get("amenity") in ("police", "fire_station")
        or tags.get("emergency") == "ambulance_station"
        or tags.get("place") in SETTLEMENTS
        or "building" in tags
    ):
        return
    _count(tags, scan)
    if not node.location.valid():
        scan.broken.append((f"n{node.id}", _kind_of(tags)))
        return
    scan.points.add(f"n{node.id}", tags, bytes.fromhex(factory.create_point(node)))


def _way(factory: Any, way: Any, scan: Scan, expected: dict[str, str]) -> None:
    tags = _tags(way)
    id = f"w{way.id}"
    _count(tags, scan)
    if "highway" in tags:
        scan.count("osm_highway_ways")
    if _is_area_wanted(tags):
        expected[id] = _kind_of(tags)
    if not _is_line_wanted(tags):
        return
    wkb, is_whole = _line(factory, way)
    if wkb is None:
        scan.broken.append((id, _kind_of(tags)))
        return
    if not is_whole:
        scan.shortened.append(id)
    scan.lines.add(id, tags, wkb)


def _area(factory: Any, area: Any, scan: Scan, expected: dict[str, str]) -> None:
    tags = _tags(area)
    id = f"{'w' if area.from_way() else 'r'}{area.orig_id()}"
    if not (_is_area_wanted(tags) or tags.get("boundary") == "administrative"):
        return
    try:
        wkb = bytes.fromhex(factory.create_multipolygon(area))
    except RuntimeError:
        expected.setdefault(id, _kind_of(tags))
        return
    scan.areas.add(id, tags, wkb)


def _line(factory: Any, way: Any) -> tuple[bytes | None, bool]:
    """WKB of a way and whether all its nodes were there; ``None`` with fewer than two places."""
    try:
        return bytes.fromhex(factory.create_linestring(way)), True
    except (osmium.InvalidLocationError, RuntimeError):
        pass
    places = [(node.lon, node.lat) for node in way.nodes if node.location.valid()]
    places = [place for k, place in enumerate(places) if k == 0 or place != places[k - 1]]
    if len(places) < 2:
        return None, False
    return bytes(shapely.to_wkb(shapely.LineString(places))), len(places) == len(way.nodes)


def _is_line_wanted(tags: Tags) -> bool:
    return bool(
        tags.get("highway") in STREET_CLASSES
        or tags.get("waterway") in ("river", "canal")
        or "railway" in tags
        or tags.get("barrier") in ("wall", "fence", "city_wall", "hedge")
        or tags.get("natural") == "coastline"
    )


def _is_area_wanted(tags: Tags) -> bool:
    return bool(
        tags.get("building", "no") != "no"
        or tags.keys() & {"landuse", "amenity", "leisure", "shop", "office", "military", "addr:housenumber"}
        or tags.get("natural") == "water"
        or tags.get("waterway") == "riverbank"
        or tags.get("man_made") == "surveillance"
    ) and not (tags.get("highway") in STREET_CLASSES and tags.get("area") != "yes" and "building" not in tags)


def _kind_of(tags: Tags) -> str:
    for key in (
        "building",
        "boundary",
        "highway",
        "barrier",
        "landuse",
        "natural",
        "waterway",
        "railway",
        "amenity",
        "leisure",
    ):
        if key in tags:
            return key
    return "other"


def _count(tags: Tags, scan: Scan) -> None:
    """Counts that a reader of the file can check with any other tool: objects by main tag."""
    if "building" in tags:
        scan.count("osm_buildings")
    if "addr:housenumber" in tags:
        scan.count("osm_addresses")
    if tags.get("man_made") == "surveillance":
        scan.count("osm_cameras")
