"""The street network of one mode of travel: links between nodes, as arrays that the kernels read.

A directed multigraph: every link keeps its own number, so parallel streets and loops stay apart.  How streets become
links is the work of `gis.streets.lay`; who must pass which link is `gis.streets.beats`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS

from gis.graph import BoolArray, FloatArray, Int32Array

ObjectArray = NDArray[Any]


class Mode(StrEnum):
    """How a patrol moves."""

    FOOT = "foot"
    EBIKE = "ebike"
    CAR = "car"


@dataclass(frozen=True, slots=True)
class NetworkOptions:
    """How streets become the network of one mode, and which of them must be inspected.

    Attributes
    ----------
    mode
        What moves on it.
    passing_kmh, inspecting_kmh
        Speeds without and with inspection; stairs are slower on foot, a street's own ``speed_kmh`` caps a car.
    classes
        Street classes (OSM ``highway`` values) that must be inspected.
    both_sides_classes
        Classes so wide that a patrol on foot passes each side.
    inspect_estates
        Whether lanes inside estates are the patrol's.
    snap_m
        Ends of streets this close to another street are joined to it.
    passage_m
        On foot, separate parts of the network this close are joined by an unmapped passage.
    place_m
        Posts and key places farther than this from the network are off it.
    border_m
        A street within this of a grid border along its whole length lies on the border.
    """

    mode: Mode
    passing_kmh: float
    inspecting_kmh: float
    classes: frozenset[str]
    both_sides_classes: frozenset[str] = frozenset()
    inspect_estates: bool = False
    snap_m: float = 2.0
    passage_m: float = 30.0
    place_m: float = 100.0
    border_m: float = 3.0


@dataclass(frozen=True, slots=True)
class StreetNetwork:
    """Links and nodes of one mode.  Arrays are read-only; links follow the ids of their streets, then run along them.

    Attributes
    ----------
    mode
        What moves on it.
    crs
        Metric CRS of all geometry.
    node_x, node_y
        Per node: coordinates in metres.
    link_ids
        Per link: text id, unique: the street's id, with ``#2`` and so on for the further parts of a street that was
        cut at junctions, grid borders and places.
    street
        Per link: row in the territory's ``streets`` layer; -1 for a link made by the repair (an unmapped passage).
    tail, head
        Per link: node numbers.  The geometry runs from tail to head.  Equal for a loop.
    length_m
        Per link: length, at least 0.001.
    passing_s
        ``(links, 2)``: seconds to travel along it without inspecting; column 0 from tail to head, column 1 back;
        infinite where this mode may not go.
    inspecting_s
        ``(links, 2)``: seconds to inspect it on the way, at least ``passing_s``.
    both_sides
        Per link: so wide that a patrol on foot has to pass it once on each side.
    road_class
        Per link: OSM ``highway`` value of the street (``passage`` for a link made by the repair).
    name
        Per link: street name, empty where it has none.
    geometry
        Per link: LineString from tail to head.
    component
        Per node: number of its strongly connected component, 0 the one with the most metres of street.
    """

    mode: Mode
    crs: CRS
    node_x: FloatArray
    node_y: FloatArray
    link_ids: tuple[str, ...]
    street: Int32Array
    tail: Int32Array
    head: Int32Array
    length_m: FloatArray
    passing_s: FloatArray
    inspecting_s: FloatArray
    both_sides: BoolArray
    road_class: ObjectArray
    name: ObjectArray
    geometry: ObjectArray
    component: Int32Array

    def __post_init__(self) -> None:
        for name in (f.name for f in fields(self)):
            value = getattr(self, name)
            if isinstance(value, np.ndarray):
                value.setflags(write=False)
        m = len(self.link_ids)
        per_link = ("street", "tail", "head", "length_m", "passing_s", "inspecting_s", "both_sides")
        for name in (*per_link, "road_class", "name", "geometry"):
            if len(getattr(self, name)) != m:
                raise ValueError(f"{name} has {len(getattr(self, name))} entries for {m} links")

    @property
    def n_nodes(self) -> int:
        """Number of nodes."""
        return len(self.node_x)

    @property
    def n_links(self) -> int:
        """Number of links."""
        return len(self.link_ids)
