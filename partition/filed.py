"""A plan as it is filed: the tables of a plan file, whatever the file or store.

`maps`, `data` and `api` all speak of plans in this form; it stands by itself and needs no atoms.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import geopandas as gpd
import pandas as pd

GRID_COLUMNS: Mapping[str, str] = MappingProxyType(
    {
        "code": "str",
        "name": "str",
        "community": "str",
        "kind": "str",
        "households": "int64",
        "population": "int64",
        "buildings": "int64",
        "area_m2": "float64",
        "within_band": "bool",
        "reason": "str",
        "parent": "str",
    }
)
MEMBER_COLUMNS: Mapping[str, str] = MappingProxyType({"kind": "str", "id": "str", "grid": "str"})
COMMUNITY_COLUMNS: Mapping[str, str] = MappingProxyType(
    {
        "code": "str",
        "households": "int64",
        "grids": "int64",
        "feasible": "str",
        "reason": "str",
        "proof": "str",
        "objective": "float64",
        "bound": "float64",
        "gap_frac": "float64",
        "seconds": "float64",
    }
)
VIOLATION_COLUMNS: Mapping[str, str] = MappingProxyType(
    {"code": "str", "grid": "str", "community": "str", "detail_zh": "str", "detail_en": "str"}
)
CROSSWALK_COLUMNS: Mapping[str, str] = MappingProxyType(
    {
        "old": "str",
        "new": "str",
        "households": "int64",
        "buildings": "int64",
        "share_of_old": "float64",
        "share_of_new": "float64",
        "relation": "str",
    }
)


@dataclass(frozen=True, slots=True)
class FiledPlan:
    """One plan, as tables.

    Attributes
    ----------
    grids
        One row a grid, columns `GRID_COLUMNS`, geometry (polygon or multipolygon) in the CRS of the
        territory's file, sorted by code; missing text is ``None``.
    members
        One row per unit or building: ``kind`` is ``unit`` or ``building``; sorted by kind, id.
    communities
        One row a community, columns `COMMUNITY_COLUMNS`; ``seconds`` is NaN in a file (same seed, same bytes).
    violations
        One row per broken rule, with a sentence in each language.
    meta
        ``rules`` (TOML), ``seed``, ``version``, ``territory_hash``, ``created_at``, ``households_basis``, ``plan_id``;
        after a re-draw also ``parent_plan`` (the ``plan_id`` it was drawn from) and ``retired_codes`` (every code that
        was ever issued and is no longer in force, ascending, separated by spaces).
    crosswalk
        After a re-draw: one row per pair of an old and a new grid that share ground with households or buildings,
        one per new grid without an old one (``old`` is ``None``) and per old grid without a new one (``new`` is
        ``None``); sorted by old, new.  ``None`` for a first plan.
    """

    grids: gpd.GeoDataFrame
    members: pd.DataFrame
    communities: pd.DataFrame
    violations: pd.DataFrame
    meta: Mapping[str, str]
    crosswalk: pd.DataFrame | None = None
