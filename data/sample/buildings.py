"""Buildings set out in rows inside the blocks, each with levels, use and households.

Every kind of ground has its own pattern (`_PATTERNS`); one routine lays all patterns: a lattice along the long
side of the block, of which those rectangles stay that lie wholly within the building line.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from data.sample.land import Land
from data.sample.quarters import USE, USES, Quarters, axes


@dataclass(frozen=True, slots=True)
class _Pattern:
    """Metres: length along the row and depth of a building, gap to the next in the row, gap between rows."""

    length: float
    depth: float
    gap: float
    row_gap: float
    back_gap: float  # every second row gap, where alley and back yard take turns
    setback: float
    left_out: float  # share of plots left empty
    south: bool  # rows run nearest to east-west, whatever the block


_PATTERNS = {
    "old": _Pattern(9.5, 8.6, 1.6, 4.6, 2.0, 6.5, 0.07, False),
    "slabs": _Pattern(31.0, 11.5, 7.0, 19.0, 19.0, 8.0, 0.03, True),
    "estate": _Pattern(25.0, 15.0, 15.0, 31.0, 31.0, 17.0, 0.0, True),
    "business": _Pattern(32.0, 26.0, 14.0, 17.0, 17.0, 10.0, 0.0, False),
    "market": _Pattern(26.0, 13.0, 5.0, 7.0, 7.0, 9.0, 0.0, False),
    "school": _Pattern(46.0, 13.0, 16.0, 27.0, 27.0, 14.0, 0.5, True),
    "hospital": _Pattern(42.0, 17.0, 14.0, 24.0, 24.0, 15.0, 0.15, True),
    "government": _Pattern(40.0, 16.0, 16.0, 30.0, 30.0, 16.0, 0.2, True),
    "industrial": _Pattern(54.0, 28.0, 13.0, 14.0, 14.0, 12.0, 0.16, False),
    "hamlet": _Pattern(11.0, 9.0, 6.0, 9.0, 6.5, 7.0, 0.2, False),
}

_USE_TEXT = {
    "old": "住宅",
    "slabs": "住宅",
    "estate": "住宅",
    "business": "商务",
    "market": "商业",
    "school": "学校",
    "hospital": "医院",
    "government": "行政",
    "industrial": "工业",
    "hamlet": "住宅",
}


@dataclass(frozen=True, slots=True)
class Lattice:
    """Where rows run in each block: origin, unit vector along the rows, pitch between rows, first row, row count."""

    block: NDArray[np.int64]
    origin: NDArray[np.float64]
    heading: NDArray[np.float64]
    size: NDArray[np.float64]
    row_pitch: NDArray[np.float64]
    n_rows: NDArray[np.int64]
    depth: NDArray[np.float64]
    row_gap: NDArray[np.float64]


def set_out(land: Land, quarters: Quarters, rng: np.random.Generator, tall: float) -> tuple[pd.DataFrame, Lattice]:
    """Set out all buildings.

    Parameters
    ----------
    tall
        0 for a small town, 1 for a city: how high towers are.

    Returns
    -------
    buildings, lattice
        Table with ``shape, block, row, kind, use, levels, stairs, households``; and the rows they stand in.
    """
    block_use = quarters.use[quarters.block_quarter]
    built = np.flatnonzero(np.isin(block_use, [USE[name] for name in _PATTERNS]))
    use = block_use[built]
    p = {f: _by_use(use, f) for f in ("length", "depth", "gap", "row_gap", "back_gap", "setback", "left_out", "south")}
    shapes = quarters.block_shape[built]
    main = shapely.buffer(land.superblocks, -13.0, join_style="mitre")
    yards = shapely.intersection(
        shapely.buffer(shapes, -p["setback"], join_style="mitre"),
        main[quarters.superblock[quarters.block_quarter[built]]],
    )
    hamlet = use == USE["hamlet"]
    yards[hamlet] = shapely.intersection(yards[hamlet], _hamlet_outlines(quarters, built[hamlet], rng))
    lattice = _rows(built, shapes, p)
    cells = _cells(lattice, use, p, rng)
    rect = _rectangles(lattice, cells)
    shapely.prepare(yards)
    inside = shapely.covers(yards[cells["at"]], rect)
    # A plot cut by the building line may still take a smaller house.
    smaller = cells.copy()
    smaller["length"] *= 0.66
    smaller["depth"] *= 0.8
    second = ~inside & np.isin(
        use[cells["at"].to_numpy()], [USE[name] for name in ("old", "slabs", "hamlet", "market", "business")]
    )
    retry = _rectangles(lattice, smaller[second])
    fits = shapely.covers(yards[cells["at"].to_numpy()[second]], retry)
    keep = np.concatenate([np.flatnonzero(inside), np.flatnonzero(second)[fits]])
    table = pd.concat([cells[inside], smaller[second][fits]])
    table["shape"] = np.concatenate([rect[inside], retry[fits]])
    table = table.iloc[np.argsort(keep, kind="stable")]
    table = table[rng.random(len(table)) >= p["left_out"][table["at"].to_numpy()]].reset_index(drop=True)
    return _furnish(table, built, use, quarters, rng, tall), lattice


def _by_use(use: NDArray[np.int64], field: str) -> NDArray[np.float64]:
    table = np.zeros(len(USES))
    for name, pattern in _PATTERNS.items():
        table[USE[name]] = getattr(pattern, field)
    return table[use]


def _hamlet_outlines(quarters: Quarters, blocks: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.object_]:
    """A hamlet ends in a rounded, uneven outline, not at the corners of its fields."""
    parents = quarters.block_quarter[blocks]
    unique, back = np.unique(parents, return_inverse=True)
    centre = shapely.get_coordinates(shapely.centroid(quarters.shape[unique]))
    radius = np.sqrt(shapely.area(quarters.shape[unique]) / np.pi) * 0.97
    angle = np.linspace(0, 2 * np.pi, 36, endpoint=False)
    phase = rng.uniform(0, 2 * np.pi, (len(unique), 3, 1))
    wave = 1 + 0.13 * np.sin(2 * angle + phase[:, 0]) + 0.09 * np.sin(3 * angle + phase[:, 1])
    wave = wave + 0.07 * np.sin(5 * angle + phase[:, 2])
    ring = centre[:, None, :] + (radius[:, None] * wave)[..., None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return np.asarray(shapely.polygons(ring))[back]


def _rows(built: NDArray[np.int64], shapes: NDArray[np.object_], p: dict[str, NDArray[np.float64]]) -> Lattice:
    centre, heading, size = axes(shapes)
    turn = (p["south"] > 0) & (np.abs(heading[:, 0]) < np.abs(heading[:, 1]))
    across = np.stack([-heading[:, 1], heading[:, 0]], axis=1)
    across = np.where((across[:, 0] < 0)[:, None], -across, across)
    heading = np.where(turn[:, None], across, heading)
    size = np.where(turn[:, None], size[:, ::-1], size)
    pair = 2 * p["depth"] + p["row_gap"] + p["back_gap"]
    usable = size[:, 1] - 2 * p["setback"]
    n_pairs = np.maximum(1, np.floor((usable + p["back_gap"]) / pair)).astype(np.int64)
    rest = usable + p["back_gap"] - n_pairs * pair
    # Room for one more row that faces the street.
    extra = rest >= p["depth"] + 0.3 * p["row_gap"]
    n_rows = 2 * n_pairs + extra
    used = np.where(extra, n_pairs * pair + p["depth"], n_pairs * pair - p["back_gap"])
    side = np.stack([-heading[:, 1], heading[:, 0]], axis=1)
    first = centre - side * (used / 2)[:, None]
    return Lattice(built, first, heading, size, pair, n_rows, p["depth"], p["row_gap"])


def _cells(
    lattice: Lattice, use: NDArray[np.int64], p: dict[str, NDArray[np.float64]], rng: np.random.Generator
) -> pd.DataFrame:
    """Every plot of every row: block position, row, place in the row, offset along the row, length and depth."""
    pitch = p["length"] + p["gap"]
    n_places = np.maximum(1, np.floor((lattice.size[:, 0] - 2 * p["setback"] * 0.8 + p["gap"]) / pitch)).astype(int)
    row_at = np.repeat(np.arange(len(use)), lattice.n_rows)
    row = np.arange(len(row_at)) - np.repeat(np.cumsum(lattice.n_rows) - lattice.n_rows, lattice.n_rows)
    count = n_places[row_at]
    at = np.repeat(row_at, count)
    row = np.repeat(row, count)
    place = np.arange(len(at)) - np.repeat(np.cumsum(count) - count, count)
    stretch = np.clip((lattice.size[:, 0] - 2 * p["setback"]) / (n_places * pitch - p["gap"]), 1.0, 1.18)
    stretch = np.where(np.isin(use, [USE["old"], USE["slabs"], USE["market"], USE["industrial"]]), stretch, 1.0)
    step = (pitch * stretch)[at]
    shift = np.zeros(len(at))
    staggered = np.isin(use[at], [USE["estate"], USE["hamlet"]]) & (row % 2 == 1)
    shift[staggered] = 0.35 * step[staggered]
    uneven = np.select([np.isin(use[at], [USE["old"]]), np.isin(use[at], [USE["hamlet"]])], [0.16, 0.18], default=0.06)
    length = (p["length"] * stretch)[at] * (1 - uneven * rng.random(len(at)))
    depth = p["depth"][at] * (1 - uneven * rng.random(len(at)))
    slack = step - p["gap"][at] - length
    along = (place - (n_places[at] - 1) / 2) * step + shift + slack * rng.uniform(-0.5, 0.5, len(at))
    return pd.DataFrame({"at": at, "row": row, "place": place, "along": along, "length": length, "depth": depth})


def _rectangles(lattice: Lattice, cells: pd.DataFrame) -> NDArray[np.object_]:
    at = cells["at"].to_numpy()
    row = cells["row"].to_numpy()
    heading = lattice.heading[at]
    side = np.stack([-heading[:, 1], heading[:, 0]], axis=1)
    full, gap = lattice.depth[at], lattice.row_gap[at]
    base = (row // 2) * lattice.row_pitch[at] + (row % 2) * (full + gap)
    middle = lattice.origin[at] + heading * cells["along"].to_numpy()[:, None] + side * (base + full / 2)[:, None]
    a = heading * (cells["length"].to_numpy() / 2)[:, None]
    b = side * (cells["depth"].to_numpy() / 2)[:, None]
    ring = np.stack([middle - a - b, middle + a - b, middle + a + b, middle - a + b], axis=1)
    return np.asarray(shapely.polygons(np.round(ring, 2)))


def _furnish(
    table: pd.DataFrame,
    built: NDArray[np.int64],
    block_use: NDArray[np.int64],
    quarters: Quarters,
    rng: np.random.Generator,
    tall: float,
) -> pd.DataFrame:
    """Levels, stairwells, use and households of each building."""
    at = table["at"].to_numpy()
    use = block_use[at]
    area = shapely.area(table["shape"].to_numpy())
    n = len(table)
    quarter = quarters.block_quarter[built[at]]
    mix = rng.random(len(quarters.shape))[quarter]
    luck, many = rng.random(n), rng.random(n)
    top = 11 + 7 * mix + tall * 12 * mix
    levels = np.select(
        [use == USE[k] for k in ("old", "slabs", "estate", "business", "hospital", "school", "hamlet", "government")],
        [
            1 + np.floor(2.6 * luck),
            4 + np.floor(1.2 * mix + 1.6 * luck),
            np.floor(top - 2 * luck),
            4 + np.floor(12 * luck * luck),
            3 + np.floor(7 * luck),
            3 + np.floor(2 * luck),
            1 + np.floor(2.4 * luck),
            3 + np.floor(4 * luck),
        ],
        default=1 + np.floor(1.5 * luck),
    ).astype(np.int64)
    stairs = np.where(use == USE["slabs"], np.maximum(1, np.round(table["length"].to_numpy() / 14.0)), 1)
    stairs = np.where((use == USE["estate"]) & (mix > 0.55), 2, stairs).astype(np.int64)
    households = np.select(
        [use == USE[k] for k in ("old", "slabs", "estate", "hamlet", "market", "business")],
        [
            np.maximum(1, np.round(levels * area / 52.0 * (0.6 + 0.8 * many))),
            stairs * 2 * levels,
            4 * levels,
            1 + np.floor(1.5 * many),
            np.where(many < 0.7, np.round(3 + 8 * luck), 0),
            np.where(many < 0.6, np.round(5.0 * levels), 0),
        ],
        default=0,
    ).astype(np.int64)
    shop = (use == USE["old"]) & (rng.random(n) < 0.05)
    households[shop] = 0
    text = np.asarray([_USE_TEXT.get(name, "") for name in USES], dtype=object)[use]
    text[shop] = "商业"
    return pd.DataFrame(
        {
            "shape": table["shape"].to_numpy(),
            "block": built[at],
            "row": table["row"].to_numpy(),
            "place": table["place"].to_numpy(),
            "kind": use,
            "use": text,
            "levels": levels,
            "stairs": stairs,
            "households": households,
        }
    )
