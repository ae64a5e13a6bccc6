"""Lineage: which new grid is the heir of which old one, and what the new grids are called.

Decides by counts on members (pieces of ground with households), never by geometry.  Two questions are kept apart:

- *How many households change grid?*  New grids are paired with old ones so that as many households as possible
  stay where they were (an optimal assignment, no threshold); the rest moved.
- *Which grid survives?*  Only a pair that shares at least half of the old grid and half of the new one can carry a
  code on; among such pairs the assignment that keeps most households is taken.

Where households tie, or there are none, the number of members decides.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import min_weight_full_bipartite_matching

from gis.errors import InputError
from gis.graph import BoolArray, FloatArray, IntArray
from partition.codes.numbering import number_grids
from partition.codes.register import DIGITS, Register, digits_for, range_of


@dataclass(frozen=True, slots=True)
class Pairing:
    """Old grids and new grids, paired.

    Attributes
    ----------
    partner
        Per new grid the old grid it is paired with so that fewest households move; -1 for none.
    parent
        Per new grid the old grid it carries on (at least half of both); -1 for none.
    pair_old, pair_new, pair_weight, pair_count
        Every pair of grids that have a member in common, ascending by new, old: households and members in common.
    moved
        Households in an old and in a new grid that are not partners.
    not_carried
        Households in an old grid and in a new grid that is not its heir; at least ``moved``.
    """

    partner: IntArray
    parent: IntArray
    pair_old: IntArray
    pair_new: IntArray
    pair_weight: IntArray
    pair_count: IntArray
    moved: int
    not_carried: int


def pair_grids(old: IntArray, new: IntArray, weight: IntArray, n_old: int, n_new: int) -> Pairing:
    """Pair new grids with old ones.

    Parameters
    ----------
    old, new
        Per member its old and its new grid; -1 for none.
    weight
        Per member its households.
    n_old, n_new
        Number of old and new grids.
    """
    both = (old >= 0) & (new >= 0)
    key = new[both].astype(np.int64) * max(n_old, 1) + old[both]
    pairs, at, count = np.unique(key, return_inverse=True, return_counts=True)
    pair_new, pair_old = pairs // max(n_old, 1), pairs % max(n_old, 1)
    pair_weight = np.bincount(at, weight[both].astype(np.float64), len(pairs)).astype(np.int64)
    pair_count = count.astype(np.int64)

    fits = _half_of(pair_weight, pair_count, pair_old, _sums(old, weight, n_old))
    fits &= _half_of(pair_weight, pair_count, pair_new, _sums(new, weight, n_new))
    # Households first; members decide between equals.
    value = pair_weight * (len(key) + 1) + pair_count
    partner = _assign(pair_old, pair_new, value, n_old, n_new)
    parent = _assign(pair_old[fits], pair_new[fits], value[fits], n_old, n_new)
    total = int(pair_weight.sum())
    return Pairing(
        partner,
        parent,
        pair_old,
        pair_new,
        pair_weight,
        pair_count,
        moved=total - int(pair_weight[partner[pair_new] == pair_old].sum()),
        not_carried=total - int(pair_weight[parent[pair_new] == pair_old].sum()),
    )


def match(old: IntArray, new: IntArray, weight: IntArray, n_old: int, n_new: int) -> IntArray:
    """Parent of each new grid: the old grid it carries on, -1 for none (see `pair_grids`)."""
    return pair_grids(old, new, weight, n_old, n_new).parent


def moved(old: IntArray, new: IntArray, weight: IntArray, n_old: int, n_new: int) -> int:
    """Households that change grid under the pairing that moves fewest (see `pair_grids`).

    Members without an old or a new grid are not counted: nobody left a grid, or the place is no longer there.
    """
    return pair_grids(old, new, weight, n_old, n_new).moved


def _sums(of: IntArray, weight: IntArray, n: int) -> tuple[IntArray, IntArray]:
    placed = of >= 0
    households = np.bincount(of[placed], weight[placed].astype(np.float64), n).astype(np.int64)
    return households, np.bincount(of[placed], minlength=n).astype(np.int64)


def _half_of(pair_weight: IntArray, pair_count: IntArray, side: IntArray, sums: tuple[IntArray, IntArray]) -> BoolArray:
    households, members = sums
    by_households = 2 * pair_weight >= households[side]
    return np.asarray(np.where(households[side] > 0, by_households, 2 * pair_count >= members[side]), bool)


def _assign(pair_old: IntArray, pair_new: IntArray, value: IntArray, n_old: int, n_new: int) -> IntArray:
    """Old grid per new grid (-1: none) so that the values of the pairs used are largest in sum.

    Every new grid also has a stand-in that is worth less than any pair, so that a full assignment always exists;
    only existing pairs are stored, ten thousand grids need no dense table.
    """
    partner = np.full(n_new, -1, np.int64)
    rows = np.unique(pair_new)
    if len(rows) == 0:
        return partner
    row = np.searchsorted(rows, pair_new)
    own = np.arange(len(rows))
    table = csr_array(
        (
            np.concatenate([value + 1, np.ones(len(rows), np.int64)]).astype(np.float64),
            (np.concatenate([row, own]), np.concatenate([pair_old, n_old + own])),
        ),
        shape=(len(rows), n_old + len(rows)),
    )
    at, column = min_weight_full_bipartite_matching(table, maximize=True)
    real = column < n_old
    partner[rows[at[real]]] = column[real]
    return partner


@dataclass(frozen=True, slots=True)
class Carried:
    """Codes after a re-draw: one per new grid, and every code ever issued that is no longer in force, ascending."""

    codes: tuple[str, ...]
    retired: tuple[str, ...]


def carry_codes(
    parent: IntArray,
    old_codes: Sequence[str],
    old_communities: Sequence[str],
    new_communities: Sequence[str],
    new_kinds: Sequence[str],
    x_m: FloatArray,
    y_m: FloatArray,
    height_m: FloatArray,
    *,
    retired: Sequence[str] = (),
    community_of_old: Mapping[str, Sequence[str]] | None = None,
) -> Carried:
    """Codes of the new grids.

    A grid that carries an old one on keeps its code.  Where its community has another code now, it keeps its number
    under the new code if that was never issued.  Everybody else gets the lowest number of its kind that was never
    issued in its community, in reading order (rows north to south, west to east).  A grid whose kind no longer fits
    the range of its number counts as "everybody else"; a code of another form says nothing about a kind and stays.

    Parameters
    ----------
    parent
        Per new grid the old grid it carries on; -1 for none (see `match`).
    old_codes, old_communities
        Of the old grids.
    new_communities, new_kinds, x_m, y_m, height_m
        Of the new grids: community code, kind, centre and height.
    retired
        Codes issued before and no longer in force when the old plan was.
    community_of_old
        Old community code to the codes it became.  Given, a number is kept under another community's code only where
        the old community became that one (ground moved between two communities that both live on gets a new number);
        not given, always.

    Raises
    ------
    InputError
        ``codes_twice`` (two old grids with one code), ``codes_kind_unknown``, ``codes_used_up``.
    """
    if twice := sorted(code for code, times in Counter(old_codes).items() if times > 1):
        raise InputError("codes_twice", measured=", ".join(twice[:10]), n=len(twice))
    n = len(parent)
    register = Register([*old_codes, *retired], [*old_communities, *new_communities])
    revoked = set(retired)
    codes: list[str] = [""] * n
    order = sorted(np.flatnonzero(parent >= 0).tolist(), key=lambda i: (old_codes[int(parent[i])], i))
    in_force: set[str] = set()
    moved_in: list[tuple[int, str]] = []
    for i in order:
        one = int(parent[i])
        code, home = old_codes[one], old_communities[one]
        tail = code[len(home) :] if code.startswith(home) else ""
        fitting = "standard" if new_kinds[i] == "rural" else new_kinds[i]
        if range_of(tail) not in (fitting, ""):
            continue
        if home == new_communities[i]:
            # A code that was revoked and stands in the plan all the same is a fault of the plan; it ends here.
            if code not in revoked and code not in in_force:
                codes[i] = code
                in_force.add(code)
        elif range_of(tail) and (community_of_old is None or new_communities[i] in community_of_old.get(home, ())):
            moved_in.append((i, new_communities[i] + tail))
    for i, code in moved_in:
        if code not in register:
            register.issue(code)
            codes[i] = code
    _number_the_rest(codes, register, new_communities, new_kinds, x_m, y_m, height_m)
    return Carried(tuple(codes), register.retired(codes))


def _number_the_rest(
    codes: list[str],
    register: Register,
    communities: Sequence[str],
    kinds: Sequence[str],
    x_m: FloatArray,
    y_m: FloatArray,
    height_m: FloatArray,
) -> None:
    """Fill the empty places of ``codes``: per community and range, in reading order."""
    groups: dict[tuple[str, str], list[int]] = {}
    for i, code in enumerate(codes):
        if not code:
            groups.setdefault((communities[i], "standard" if kinds[i] == "rural" else kinds[i]), []).append(i)
    for (community, kind), members in sorted(groups.items()):
        n_standard = len(groups.get((community, "standard"), ()))
        n_dedicated = len(groups.get((community, "dedicated"), ()))
        at: NDArray[np.int64] = np.array(members, np.int64)
        rank = number_grids(x_m[at], y_m[at], height_m[at])
        digits = max(DIGITS, digits_for(n_standard, n_dedicated))
        for i in at[np.argsort(rank, kind="stable")].tolist():
            codes[i] = register.take(community, kind, digits)
