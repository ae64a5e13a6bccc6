"""The doors reached last, named so that somebody can go there: address text, community of the plan, post, minutes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import shapely

from gis.graph import BoolArray, FloatArray, Int32Array
from gis.territory import Territory
from partition.coverage.reach.doors import middles
from partition.coverage.reach.types import Doors, WorstDoor

_NEAR_M = 50.0  # an address this close names a building that has none of its own


def worst_doors(
    territory: Territory,
    codes: tuple[str, ...],
    doors: Doors,
    seconds: FloatArray,
    post: Int32Array,
    promised: BoolArray,
    most: int,
) -> tuple[WorstDoor, ...]:
    """Up to ``most`` doors that nobody reaches, the fullest first, then up to ``most`` reached last, the last first."""
    rows = np.flatnonzero(promised)
    nobody = rows[np.isinf(seconds[rows])]
    nobody = nobody[np.lexsort((nobody, -doors.households[nobody]))][:most]
    late = rows[np.isfinite(seconds[rows])]
    late = late[np.lexsort((late, -seconds[late]))][:most]
    chosen = np.concatenate([nobody, late])
    table = territory[doors.layer]
    middle = middles(np.asarray(table.geometry.array, dtype=object)[chosen])
    names = _place_names(table, chosen) if doors.layer == "key_places" else _addresses(territory, chosen, middle)
    xy = np.full((len(chosen), 2), np.nan)
    real = ~(shapely.is_missing(middle) | shapely.is_empty(middle))
    xy[real] = shapely.get_coordinates(middle[real])
    post_ids = territory["posts"]["id"].astype("str").tolist()
    ids = table["id"].astype("str").tolist()
    return tuple(
        WorstDoor(
            layer=doors.layer,
            id=ids[row],
            name=name,
            grid=codes[doors.grid[row]] if doors.grid[row] >= 0 else "",
            seconds=float(seconds[row]),
            post=post_ids[post[row]] if post[row] >= 0 else "",
            off_m=float(doors.off_m[row]),
            x=float(x),
            y=float(y),
        )
        for row, name, (x, y) in zip(chosen.tolist(), names, xy)
    )


def _place_names(table: pd.DataFrame, rows: Int32Array) -> list[str]:
    return ["" if pd.isna(name) else str(name) for name in table["name"].iloc[rows]]


def _addresses(territory: Territory, rows: Int32Array, middle: np.ndarray) -> list[str]:
    """Text of the first address of each building; where it has none that of the nearest address, if it is near."""
    addresses = territory["addresses"]
    if addresses.empty or not len(rows):
        return [""] * len(rows)
    ids = territory["buildings"]["id"].astype("str").iloc[rows].tolist()
    own = addresses[addresses["building_id"].isin(ids)].drop_duplicates("building_id")
    text = dict(zip(own["building_id"].astype("str"), own["text"].astype("str")))
    points = np.asarray(addresses.geometry.array, dtype=object)
    near: dict[int, int] = {}
    for at, address in shapely.STRtree(points).query_nearest(middle, max_distance=_NEAR_M).T.tolist():
        near[at] = min(near.get(at, address), address)
    texts = addresses["text"].astype("str")
    return [text.get(id, texts.iloc[near[k]] if k in near else "") for k, id in enumerate(ids)]
