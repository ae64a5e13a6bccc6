"""Superblocks cut into quarters and blocks, and what each is used for.

Cutting is recursive: across the longer side, near the middle, a little askew, until a piece is small enough.  All
pieces of one round are cut together, so that a city of a million households takes seconds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from data.sample.land import BANK, COUNTRY, TOWN, Land

USES = (
    *("old", "slabs", "estate", "business", "market", "school", "hospital", "government"),
    *("park", "industrial", "hamlet", "field", "bank"),
)
"""What a quarter is: the first two are open fabric, the next are closed grounds, the last three lie outside."""

USE = {name: k for k, name in enumerate(USES)}


@dataclass(frozen=True, slots=True)
class Cuts:
    """Lines along which pieces were cut: their shape, the piece they were cut from and the round of cutting."""

    lines: NDArray[np.object_]
    owner: NDArray[np.int64]
    depth: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Quarters:
    """Quarters (``shape``, ``superblock``, ``use``) and the blocks they are made of (``block_*``).

    ``mix`` is a number 0-1 per quarter, the same for a neighbourhood, by which building types vary.
    """

    shape: NDArray[np.object_]
    superblock: NDArray[np.int64]
    use: NDArray[np.int64]
    main_cuts: Cuts
    block_shape: NDArray[np.object_]
    block_quarter: NDArray[np.int64]
    block_cuts: Cuts


@dataclass(frozen=True, slots=True)
class Wanted:
    """How many of what the town should have."""

    households: int
    old_households: float
    estate_households: float
    villages: int


def lay_quarters(land: Land, wanted: Wanted, village: NDArray[np.int64], rng: np.random.Generator) -> Quarters:
    """Cut all superblocks and give every quarter its use.

    Parameters
    ----------
    village
        Per superblock: number of its village, -1 in town.
    """
    state = land.superblock_state
    area = shapely.area(land.superblocks)
    old = _old_town(land, area, wanted)
    size = np.where(old, 17_000.0, np.where(state == TOWN, 31_000.0, 62_000.0))
    shape, superblock, main_cuts = cut(land.superblocks, np.where(state == BANK, np.inf, size), rng)
    use = _uses(land, shape, superblock, old, wanted, village, rng)
    block_size = np.full(len(shape), np.inf)
    for name, wish in (("old", 8_500.0), ("slabs", 9_000.0), ("hamlet", 13_000.0), ("industrial", 26_000.0)):
        block_size[use == USE[name]] = wish
    block_shape, block_quarter, block_cuts = cut(shape, block_size, rng)
    return Quarters(shape, superblock, use, main_cuts, block_shape, block_quarter, block_cuts)


def cut(
    shapes: NDArray[np.object_], size_m2: NDArray[np.float64], rng: np.random.Generator
) -> tuple[NDArray[np.object_], NDArray[np.int64], Cuts]:
    """Cut polygons in two, again and again, until each piece is about ``size_m2`` of the polygon it came from.

    Returns
    -------
    pieces, owner, cuts
        Pieces in the order of the polygons they came from; position of that polygon; the cutting lines.
    """
    pieces, owner = shapes.copy(), np.arange(len(shapes))
    done: list[tuple[NDArray[np.object_], NDArray[np.int64]]] = []
    lines: list[tuple[NDArray[np.object_], NDArray[np.int64], NDArray[np.int64]]] = []
    for depth in range(12):
        large = shapely.area(pieces) > size_m2[owner] * rng.uniform(1.05, 1.75, len(pieces))
        done.append((pieces[~large], owner[~large]))
        pieces, owner = pieces[large], owner[large]
        if not len(pieces):
            break
        first, second, line = _halve(pieces, rng)
        kept = ~shapely.is_empty(line)
        parts, at = shapely.get_parts(line[kept], return_index=True)
        lines.append((parts, owner[kept][at], np.full(len(parts), depth)))
        both = np.stack([first, second], axis=1).ravel()
        parts, at = shapely.get_parts(both, return_index=True)
        real = (shapely.get_type_id(parts) == 3) & (shapely.area(parts) > 1.0)
        pieces, owner = parts[real], np.repeat(owner, 2)[at][real]
    else:
        done.append((pieces, owner))
    all_pieces = np.concatenate([p for p, _ in done])
    all_owner = np.concatenate([o for _, o in done])
    order = np.argsort(all_owner, kind="stable")
    empty = (np.empty(0, dtype=object), np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64))
    joined = [np.concatenate(column) for column in zip(*(lines or [empty]))]
    return all_pieces[order], all_owner[order], Cuts(*joined)


def axes(shapes: NDArray[np.object_]) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Smallest rectangle round each polygon: its centre, unit vector of its long side, and (long, short) in metres."""
    corner = shapely.get_coordinates(shapely.oriented_envelope(shapes)).reshape(-1, 5, 2)
    a, b = corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 1]
    long_a, long_b = np.hypot(*a.T), np.hypot(*b.T)
    swap = long_b > long_a
    side = np.where(swap[:, None], b, a)
    length = np.where(swap, long_b, long_a)
    heading = side / length[:, None]
    heading = np.where((heading[:, 0] < 0)[:, None], -heading, heading)
    return corner[:, :4].mean(axis=1), heading, np.stack([length, np.minimum(long_a, long_b)], axis=1)


def _halve(
    shapes: NDArray[np.object_], rng: np.random.Generator
) -> tuple[NDArray[np.object_], NDArray[np.object_], NDArray[np.object_]]:
    centre, heading, size = axes(shapes)
    n = len(shapes)
    middle = centre + heading * (size[:, :1] * rng.uniform(-0.11, 0.11, (n, 1)))
    skew = rng.normal(0, 0.035, n)
    turned = np.stack(
        [
            heading[:, 0] * np.cos(skew) - heading[:, 1] * np.sin(skew),
            heading[:, 0] * np.sin(skew) + heading[:, 1] * np.cos(skew),
        ],
        axis=1,
    )
    side = np.stack([-turned[:, 1], turned[:, 0]], axis=1)
    reach = size[:, :1] * 2.0 + 10.0
    p, q = middle - side * reach, middle + side * reach
    line = shapely.linestrings(np.stack([p, q], axis=1))
    ahead = shapely.polygons(np.stack([p, q, q + turned * reach, p + turned * reach], axis=1))
    behind = shapely.polygons(np.stack([p, q, q - turned * reach, p - turned * reach], axis=1))
    return (
        shapely.intersection(shapes, ahead),
        shapely.intersection(shapes, behind),
        shapely.intersection(shapes, line),
    )


def _old_town(land: Land, area: NDArray[np.float64], wanted: Wanted) -> NDArray[np.bool_]:
    """The innermost superblocks on the main side of the river, enough for the households of the old town."""
    order = np.argsort(land.superblock_distance, kind="stable")
    order = order[land.superblock_state[order] == TOWN]
    reached = np.cumsum(area[order] / 10_000.0 * 78.0)
    old = np.zeros(len(area), dtype=bool)
    old[order[: int(np.searchsorted(reached, wanted.old_households)) + 1]] = True
    return old


def _uses(
    land: Land,
    shape: NDArray[np.object_],
    superblock: NDArray[np.int64],
    old: NDArray[np.bool_],
    wanted: Wanted,
    village: NDArray[np.int64],
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    state, area = land.superblock_state[superblock], shapely.area(shape)
    distance, angle = land.superblock_distance[superblock], land.superblock_angle[superblock]
    centre = shapely.get_coordinates(shapely.centroid(shape))
    rail_side = land.superblock_angle[superblock]
    use = np.full(len(shape), USE["field"])
    use[state == BANK] = USE["bank"]
    town, in_old = state == TOWN, old[superblock]
    use[town] = np.where(in_old[town], USE["old"], USE["slabs"])
    free = town & (area > 9_000)
    luck = rng.random(len(shape))

    def settle(name: str, n: int, score: NDArray[np.float64], low: float, high: float, apart_m: float) -> None:
        """Give ``n`` free quarters a use: best score first, of the right size, not too near one another."""
        fits = np.flatnonzero(free & (area > low) & (area < high))
        taken: list[int] = []
        for k in fits[np.argsort(-score[fits], kind="stable")]:
            if len(taken) == n:
                break
            if taken and np.hypot(*(centre[taken] - centre[k]).T).min() < apart_m:
                continue
            use[k] = USE[name]
            free[k] = False
            taken.append(int(k))

    h = wanted.households
    grown = int(h >= 4_000)  # a smaller place has a school, a market and a park, no more
    new_side = np.cos(angle - float(rng.uniform(0, 2 * np.pi)))
    settle("government", max(grown, round(h / 90_000)), -np.abs(distance - 0.55) + 0.2 * luck, 9e3, 4e4, 400)
    settle("business", max(grown, round(h / 14_000)), -np.abs(distance - 0.45) + 0.3 * luck, 1.8e4, 6e4, 0)
    settle("hospital", max(grown, round(h / 40_000)), -np.abs(distance - 0.6) + 0.4 * luck, 1.4e4, 6e4, 700)
    settle("park", max(1 + grown, round(h / 5_000)), luck - 0.3 * in_old, 1.2e4, 6e4, 380)
    settle("market", max(1, round(h / 7_000)), luck + 0.4 * in_old, 9e3, 2.4e4, 380)
    settle("school", max(1 + grown, round(h / 3_600)), luck, 1.3e4, 4.2e4, 330)
    settle("industrial", round(0.055 * int(town.sum())), distance + np.cos(rail_side) + 0.1 * luck, 1.5e4, 9e4, 0)
    # Estates cluster on the new side of the town; each holds about 370 households.
    n_estates = max(grown, round(wanted.estate_households / 370.0))
    settle("estate", n_estates, new_side + 0.9 * distance + 0.5 * luck - 3.0 * in_old, 1.6e4, 6.5e4, 0)
    for k in range(wanted.villages):
        _settle_hamlets(use, np.flatnonzero((village[superblock] == k) & (state == COUNTRY)), centre, area)
    return use


def _settle_hamlets(
    use: NDArray[np.int64], members: NDArray[np.int64], centre: NDArray[np.float64], area: NDArray[np.float64]
) -> None:
    """One to three quarters in the middle of a village become its hamlets, a field apart from each other."""
    if not len(members):
        return
    middle = np.average(centre[members], axis=0, weights=area[members])
    order = members[np.argsort(np.hypot(*(centre[members] - middle).T), kind="stable")]
    chosen, land = [], 0.0
    for k in order:
        if land > 85_000:
            break
        if area[k] > 15_000:
            chosen.append(k)
            land += area[k]
    use[chosen] = USE["hamlet"]
