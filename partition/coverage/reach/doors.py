"""Doors on the streets: buildings and key places, each at the nearest spot of a street, and how soon it is reached.

From the street to the door one walks, in a straight line.  A door farther from every street than the settings allow is
off the network: nobody reaches it, and it counts as not reached.
"""

from __future__ import annotations

import numpy as np
import shapely

from gis.graph import FloatArray, Int32Array
from gis.streets.network import ObjectArray, StreetNetwork
from gis.streets.places import grids_of
from gis.territory import Territory
from partition.coverage.reach.arrival import spot_seconds
from partition.coverage.reach.kerb import Kerb
from partition.coverage.reach.types import Arrival, Doors
from partition.coverage.settings import ReachSettings

BORDER_M = 3.0
"""Doors and streets this close outside every grid belong to the nearest."""


def find_doors(territory: Territory, layer: str, kerb: Kerb, grids: ObjectArray, settings: ReachSettings) -> Doors:
    """Set the doors of a layer on the streets.

    Parameters
    ----------
    layer
        ``buildings`` or ``key_places``.
    grids
        Polygons of the grids.
    """
    table = territory[layer]
    shapes = np.asarray(table.geometry.array, dtype=object)
    spots = kerb.find(shapes, settings.place_m, settings.passage_m)
    homes = table["households"].fillna(0).to_numpy(dtype=np.float64) if layer == "buildings" else np.zeros(len(table))
    return Doors(
        layer=layer,
        row=np.arange(len(table), dtype=np.int32),
        link=spots.link,
        along_m=spots.along_m,
        off_m=spots.off_m,
        households=homes,
        grid=grids_of(middles(shapes), grids, BORDER_M),
    )


def middles(shapes: ObjectArray) -> ObjectArray:
    """A point inside each shape."""
    inside: ObjectArray = np.asarray(shapely.point_on_surface(shapes), dtype=object)
    return inside


def door_seconds(
    network: StreetNetwork, arrival: Arrival, doors: Doors, off_street_kmh: float, speed_factor: float = 1.0
) -> tuple[FloatArray, Int32Array]:
    """Seconds to every door, the walk from the street included, and the row of the post that is first."""
    return walk_in(network, arrival, doors.link, doors.along_m, doors.off_m, off_street_kmh, speed_factor)


def walk_in(
    network: StreetNetwork,
    arrival: Arrival,
    link: Int32Array,
    along_m: FloatArray,
    off_m: FloatArray,
    off_street_kmh: float,
    speed_factor: float,
) -> tuple[FloatArray, Int32Array]:
    """Seconds to spots off the street, and the post that is first."""
    seconds, post = spot_seconds(network, arrival, link, along_m, speed_factor)
    return np.where(link >= 0, seconds + off_m / (off_street_kmh / 3.6), np.inf), post
