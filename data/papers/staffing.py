"""Staffing templates: which posts a plan asks for, and how many of them are filled, by count.

Posts and counts only, never who holds one.  What is required follows from the template and the plan; what is filled
is read from the whole-number columns of layer ``posts``; where no such column is there, nothing is known and nothing
is said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np
import pandas as pd

from gis.apportion import share_whole
from gis.graph import BoolArray, IntArray
from gis.territory import Territory

Per = Literal["grid", "community", "post", "area"]


@dataclass(frozen=True, slots=True)
class Role:
    """One role of a template.

    Attributes
    ----------
    key
        Its name is the word ``role_KEY``.
    per
        Required for each grid, each community, each post of ``kinds``, or (``area``) in the whole territory: that
        number is shared out among the communities by households, in whole numbers.
    required
        How many.
    columns
        Columns of layer ``posts`` that count the places filled; several add up.
    kinds
        Kinds of posts it belongs to; empty for all.
    """

    key: str
    per: Per
    required: int
    columns: tuple[str, ...]
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Template:
    """A staffing template by name (word ``template_KEY``) and its roles."""

    key: str
    roles: tuple[Role, ...]


_FULL_TIME, _PART_TIME = ("grid_officers_full_time", "full_time"), ("grid_officers_part_time", "part_time")
_OFFICERS = ("grid_officers", *_FULL_TIME, *_PART_TIME)
_SERVICE = ("service",)

TEMPLATES: Mapping[str, Template] = MappingProxyType(
    {
        template.key: template
        for template in (
            Template("one_officer", (Role("grid_officer", "grid", 1, _OFFICERS, _SERVICE),)),
            Template(
                "head_and_teams",
                (
                    Role("grid_head", "grid", 1, ("grid_heads",), _SERVICE),
                    Role("grid_team", "grid", 1, ("grid_teams",), _SERVICE),
                    Role("volunteer_team", "grid", 1, ("volunteer_teams",), _SERVICE),
                ),
            ),
            Template(
                "one_head_three_officers",
                (
                    Role("grid_head", "grid", 1, ("grid_heads",), _SERVICE),
                    Role("full_time_officer", "grid", 1, _FULL_TIME, _SERVICE),
                    Role("part_time_officer", "grid", 1, _PART_TIME, _SERVICE),
                    Role("grid_adviser", "grid", 1, ("grid_advisers",), _SERVICE),
                ),
            ),
            Template(
                "police_post",
                (
                    Role("community_police", "post", 2, ("community_police",), ("police",)),
                    Role("auxiliary", "post", 2, ("auxiliaries",), ("police",)),
                    Role("patrol_member", "post", 6, ("patrol_members",), ("police",)),
                ),
            ),
            Template(
                "vehicles",
                (
                    Role("patrol_car", "community", 1, ("patrol_cars",)),
                    Role("patrol_ebike", "community", 2, ("patrol_ebikes",)),
                ),
            ),
            Template(
                "squads",
                (
                    Role("squad", "area", 6, ("squads",)),
                    Role("detachment", "area", 24, ("detachments",)),
                    Role("squad_member", "area", 470, ("squad_members",)),
                    Role("squad_vehicle", "area", 56, ("squad_vehicles",)),
                ),
            ),
        )
    }
)
"""Templates from practice, all of them examples to edit; the first is the one of the register."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where the posts of a territory are: position of the grid and of the community of each (-1: none)."""

    grid: IntArray
    community: IntArray


def count_by_grid(role: Role, posts: pd.DataFrame, places: Places, n_grids: int) -> IntArray | None:
    """Places filled in each grid; ``None`` where the posts do not say.

    Counts at one place of a town say nothing about its grids: they are told by grid only when the posts that carry
    them stand in at least half of the grids.
    """
    filled = _filled(role, posts)
    if filled is None:
        return None
    inside = (places.grid >= 0) & _carries(role, posts)
    if 2 * len(np.unique(places.grid[inside])) < n_grids:
        return None
    return np.bincount(places.grid[inside], filled[inside], n_grids).astype(np.int64)


def count_by_community(role: Role, posts: pd.DataFrame, places: Places, n: int) -> IntArray | None:
    """Places filled in each community; ``None`` where no column of the posts counts this role."""
    filled = _filled(role, posts)
    if filled is None:
        return None
    inside = places.community >= 0
    return np.bincount(places.community[inside], filled[inside], n).astype(np.int64)


def required_by_community(
    role: Role, posts: pd.DataFrame, places: Places, n_grids: IntArray, households: IntArray
) -> IntArray:
    """Places required in each community: its grids, its posts or itself times the number, or its share of the whole."""
    n = len(n_grids)
    if role.per == "grid":
        return np.asarray(role.required * n_grids, np.int64)
    if role.per == "community":
        return np.full(n, role.required, np.int64)
    if role.per == "post":
        mine = _of_kind(role, posts) & (places.community >= 0)
        return role.required * np.bincount(places.community[mine], minlength=n).astype(np.int64)
    return share_whole(households.astype(np.float64), np.zeros(n, np.int64), np.array([role.required], np.int64))


def shortfall(required: Sequence[int], filled: Sequence[int]) -> list[int]:
    """How many places are open, never below zero: too many in one grid fill no place in another."""
    return [max(0, int(a) - int(b)) for a, b in zip(required, filled)]


def places_of_posts(territory: Territory, grid: IntArray, community_of_grid: IntArray, codes: Sequence[str]) -> Places:
    """Where posts are: the grid they stand in; the community they serve, else the one they stand in.

    Parameters
    ----------
    grid
        Position of the grid each post stands in, -1 for none.
    community_of_grid
        Position in ``codes`` of each grid's community.
    codes
        Codes of the communities.
    """
    at = {code: i for i, code in enumerate(codes)}
    stands = np.where(grid >= 0, community_of_grid[grid], -1) if len(community_of_grid) else np.full(len(grid), -1)
    stated = territory["posts"]["community"]
    serves = [at.get(code, -1) if isinstance(code, str) else -1 for code in stated.tolist()]
    served = np.array(serves, np.int64).reshape(len(grid))
    return Places(grid, np.where(served >= 0, served, stands))


def _filled(role: Role, posts: pd.DataFrame) -> IntArray | None:
    carries = _carries(role, posts)
    if not carries.any():
        return None
    total = posts[_columns(role, posts)].fillna(0).sum(axis=1).to_numpy(dtype=np.int64)
    return np.where(carries, total, 0)


def _carries(role: Role, posts: pd.DataFrame) -> BoolArray:
    """Posts of the role's kinds that state one of its counts."""
    stated = posts[_columns(role, posts)].notna().any(axis=1).to_numpy(dtype=bool)
    return np.asarray(stated & _of_kind(role, posts), bool)


def _columns(role: Role, posts: pd.DataFrame) -> list[str]:
    return [column for column in role.columns if column in posts.columns]


def _of_kind(role: Role, posts: pd.DataFrame) -> BoolArray:
    if not role.kinds:
        return np.ones(len(posts), bool)
    return np.asarray(posts["kind"].isin(role.kinds).to_numpy(), bool)
