"""Standard addresses: numbers along streets (odd on the left, even on the right), buildings and stairwells."""

from __future__ import annotations

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from data.sample.quarters import USE

_NUMBERED_APART = (USE["old"], USE["hamlet"], USE["business"])
"""In these each building has a number of its own; elsewhere a block or estate has one and its buildings count on."""


def number_buildings(buildings: pd.DataFrame, lines: pd.DataFrame, town: NDArray[np.object_]) -> pd.DataFrame:
    """Street and number of every building, and its number within its block or estate.

    Parameters
    ----------
    buildings
        With ``shape, kind, block, quarter``.
    lines
        Streets before noding, with ``shape, class, name, order``.
    town
        Per building: town or subdistrict; a number is used once per street and town.

    Returns
    -------
    Table in the order of ``buildings``: ``street``, ``number``, ``building`` (0 where it is numbered by itself).
    """
    named = lines[lines["name"] != ""].reset_index(drop=True)
    centre = shapely.centroid(buildings["shape"].to_numpy())
    kind = buildings["kind"].to_numpy()
    apart = np.isin(kind, _NUMBERED_APART)
    estate_like = np.isin(kind, (USE["slabs"],))
    ground = np.where(estate_like, buildings["block"], buildings["quarter"] + 10_000_000)
    ground = np.where(apart, np.arange(len(buildings)) + 20_000_000, ground)
    # The number is that of the building nearest to the street among those of one ground: its first one.
    tree = shapely.STRtree(named["shape"].to_numpy())
    lone, first, back = np.unique(ground, return_index=True, return_inverse=True)
    spot = centre[first]
    at = np.full(len(lone), -1)
    who, line = tree.query_nearest(spot, all_matches=False)
    at[who] = line
    shapes = named["shape"].to_numpy()[at]
    along = shapely.line_locate_point(shapes, spot)
    foot = shapely.get_coordinates(shapely.line_interpolate_point(shapes, along))
    ahead = shapely.get_coordinates(shapely.line_interpolate_point(shapes, along + 1.0))
    behind = shapely.get_coordinates(shapely.line_interpolate_point(shapes, np.maximum(along - 1.0, 0.0)))
    way, aside = ahead - behind, shapely.get_coordinates(spot) - foot
    right = way[:, 0] * aside[:, 1] - way[:, 1] * aside[:, 0] < 0
    table = pd.DataFrame(
        {
            "town": town[first],
            "street": named["name"].to_numpy()[at],
            "right": right,
            "order": named["order"].to_numpy()[at],
            "along": along,
            "near": np.hypot(*aside.T),
        }
    )
    ranked = table.sort_values(["town", "street", "right", "order", "along", "near"], kind="stable")
    rank = ranked.groupby(["town", "street", "right"]).cumcount()
    number = (2 * rank + 1 + ranked["right"].astype(int)).sort_index().to_numpy()
    inner = pd.Series(ground).groupby(ground).cumcount().to_numpy() + 1
    return pd.DataFrame(
        {"street": table["street"].to_numpy()[back], "number": number[back], "building": np.where(apart, 0, inner)}
    )


def write_addresses(buildings: pd.DataFrame) -> pd.DataFrame:
    """One address per building and one more per stairwell where it has several.

    Parameters
    ----------
    buildings
        With ``id, shape, stairs, town, community, community_name, rural, street, number, building, estate, group``;
        ``group`` is the name of the villagers' group, empty in town.
    """
    base = pd.DataFrame(
        {
            "building_id": buildings["id"],
            "town": buildings["town"],
            "community": buildings["community_name"],
            "street": np.where(buildings["rural"], "", buildings["street"]),
            "number": buildings["number"].astype(str) + "号",
            "estate": buildings["estate"],
            "building": np.where(buildings["building"] > 0, buildings["building"].astype(str) + "幢", ""),
            "stairwell": "",
        }
    )
    base["number"] = np.where(buildings["rural"], buildings["group_number"].astype(str) + "号", base["number"])
    place = np.where(buildings["rural"], base["town"] + base["community"] + buildings["group"], base["town"])
    start = pd.Series(place, index=base.index) + base["street"] + base["number"]
    base["text"] = start + base["estate"] + base["building"]
    middle = shapely.get_coordinates(shapely.centroid(buildings["shape"].to_numpy()))
    base["x"], base["y"] = middle[:, 0], middle[:, 1]
    several = buildings["stairs"].to_numpy() > 1
    count = buildings["stairs"].to_numpy()[several]
    at = np.repeat(np.flatnonzero(several), count)
    stair = np.arange(len(at)) - np.repeat(np.cumsum(count) - count, count) + 1
    more = base.iloc[at].reset_index(drop=True)
    more["stairwell"] = pd.Series(stair).astype(str) + "单元"
    more["text"] = more["text"] + more["stairwell"]
    # Entrances stand in a row along the building.
    sides = shapely.get_coordinates(shapely.get_exterior_ring(buildings["shape"].to_numpy()[at])).reshape(-1, 5, 2)
    long_side = sides[:, 1] - sides[:, 0]
    share = (stair - 0.5) / buildings["stairs"].to_numpy()[at] - 0.5
    more["x"] = np.round(middle[at, 0] + long_side[:, 0] * share, 2)
    more["y"] = np.round(middle[at, 1] + long_side[:, 1] * share, 2)
    out = pd.concat([base, more], ignore_index=True)
    out = out.sort_values(["building_id", "stairwell"], kind="stable", ignore_index=True)
    out["id"] = [f"a{k:07d}" for k in range(1, len(out) + 1)]
    return out
