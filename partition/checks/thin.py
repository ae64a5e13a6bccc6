"""What is lawful and still worth a look: grids that hang together by a neck, and grids that lie in several parts.

Neither is a fault.  A neck is found by shrinking: where a grid without its outer few metres falls apart, somebody who
walks it has to squeeze through.  Parts are expected where the community or a ready-made unit lies in parts itself.
"""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from gis.errors import Fact, Fault
from gis.territory import Territory

NECK_M = 3.0
"""A grid narrower than this, between two wider pieces, has a neck there."""
PIECE_M2 = 500.0
"""What is smaller on the far side of a neck is a corner, not a piece."""
Necks = MutableMapping[bytes, tuple[float, float, float] | None]


def thin_grids(grids: gpd.GeoDataFrame, known: Necks | None = None) -> Iterator[tuple[Fault, Any]]:
    """Grids with a neck: (finding, the point of the neck).

    Parameters
    ----------
    grids
        With ``code``, in a CRS in metres.
    known
        What was found of outlines before, by their WKB; what is new is added.
    """
    memory: Necks = {} if known is None else known
    shapes = np.asarray(grids.geometry.array, dtype=object)
    for code, shape, wkb in zip(grids["code"], shapes, shapely.to_wkb(shapes)):
        if wkb not in memory:
            memory[wkb] = _neck(shape)
        neck = memory[wkb]
        if neck is not None:
            x, y, beyond_m2 = neck
            facts: dict[str, Fact] = {"grid": str(code), "measured": round(beyond_m2), "allowed": NECK_M}
            yield Fault("check_grid_neck", facts), shapely.Point(x, y)


def _neck(shape: Any) -> tuple[float, float, float] | None:
    """Where the largest two pieces of a part meet that are left when its rim is taken away: (x, y, m2 beyond)."""
    for part in shapely.get_parts(shape):
        inner = shapely.buffer(part, -NECK_M / 2, join_style="mitre")
        pieces = shapely.get_parts(inner)
        pieces = pieces[shapely.area(pieces) >= PIECE_M2]
        if len(pieces) < 2:
            continue
        pieces = pieces[np.argsort(-shapely.area(pieces), kind="stable")]
        rest = pieces[1:]
        nearest = rest[np.argmin(shapely.distance(rest, pieces[0]))]
        middle = shapely.line_interpolate_point(shapely.shortest_line(pieces[0], nearest), 0.5, normalized=True)
        return float(middle.x), float(middle.y), float(shapely.area(pieces[1]))
    return None


def parts_told(grids: gpd.GeoDataFrame, territory: Territory) -> Iterator[Fault]:
    """Grids in several parts of a community that lies in several parts itself: found, and expected at most."""
    communities = territory["communities"]
    parts = shapely.get_num_geometries(np.asarray(communities.geometry.array))
    expected = dict(zip(communities["code"].astype(str), parts.tolist()))
    n_parts = shapely.get_num_geometries(np.asarray(grids.geometry.array))
    for i in np.flatnonzero(n_parts > 1).tolist():
        community = str(grids["community"].iloc[i])
        if expected.get(community, 1) > 1:
            facts = {"grid": str(grids["code"].iloc[i]), "measured": int(n_parts[i]), "allowed": expected[community]}
            yield Fault("check_grid_parts_told", {**facts, "community": community})
