"""Which posts answer: by kind, by part of the day, and by what the capacity counts of the layer say they have.

Posts may carry integer columns: ``officers`` (or ``staff``, ``crew``, ``capacity``), ``vehicles`` (``cars``) and
``ebikes``.  A post with 0 officers answers nothing, one with 0 vehicles not by car, one with 0 e-bikes not by e-bike;
where nothing is stated it answers.  A column with the name of a part of the day after it (``officers_night``) goes
before the plain one there.
"""

from __future__ import annotations

from collections.abc import Iterable

import geopandas as gpd
import numpy as np
import pandas as pd

from gis.graph import BoolArray
from gis.streets.network import Mode
from partition.coverage.settings import Band, ReachRule

CREW = ("officers", "staff", "crew", "capacity")
MEANS = {Mode.CAR: ("vehicles", "cars"), Mode.EBIKE: ("ebikes", "e_bikes"), Mode.FOOT: ()}


def may_answer(posts: gpd.GeoDataFrame, rule: ReachRule, band: Band) -> BoolArray:
    """Posts of the kinds that the rule names and that are on duty in the band."""
    kind = posts["kind"].astype("str").to_numpy(dtype=object)
    fits = np.ones(len(posts), dtype=bool)
    for kinds in (rule.posts, band.posts):
        if kinds:
            fits &= np.isin(kind, sorted(kinds))
    return fits


def has_means(posts: gpd.GeoDataFrame, mode: Mode, band: Band) -> BoolArray:
    """Posts that have somebody to send, and something to come with in this mode."""
    able = np.ones(len(posts), dtype=bool)
    for names in (CREW, MEANS[mode]):
        able &= ~_is_none_left(posts, names, band.name)
    return able


def _is_none_left(posts: gpd.GeoDataFrame, names: Iterable[str], band: str) -> BoolArray:
    """Posts for which a count is stated and is 0."""
    for name in names:
        for column in (f"{name}_{band}", name):
            if column in posts.columns and pd.api.types.is_numeric_dtype(posts[column]):
                count = posts[column].to_numpy(dtype=np.float64, na_value=np.nan)
                none_left: BoolArray = count <= 0
                return none_left
    return np.zeros(len(posts), dtype=bool)
