"""The bones of the sample town: a warped net of main roads with a river, a railway and an uneven edge.

A plain net of lines is bent by smooth waves and a swirl round the old town, so that main roads curve and still
meet.  One line of the net is the river (a road on each bank), one the railway.  This room decides which cells of
the net are town, countryside or river bank; what happens inside a cell is decided in `quarters`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy import ndimage

OUTSIDE, TOWN, COUNTRY, BANK = 0, 1, 2, 3

ORIGIN_X_M, ORIGIN_Y_M = 520_000.0, 4_830_000.0
"""Where the town lies in EPSG:4547: empty steppe, so that no real place is meant."""

_POINTS_PER_EDGE = 8
_RIVER_HALF_M = 27.0
_BANK_M = 47.0
_COUNTRY_CELL_M = 470.0


@dataclass(frozen=True, slots=True)
class Land:
    """The net and what its cells are.

    ``across`` and ``along`` are the lines of the net: ``across[i, j]`` runs from node (i, j) to (i + 1, j),
    ``along[i, j]`` from (i, j) to (i, j + 1); each an array of points.  ``state`` and ``label`` are given per
    cell (i, j); cells with one label are one superblock (``superblocks[label]``).
    """

    across: NDArray[np.float64]
    along: NDArray[np.float64]
    state: NDArray[np.int64]
    label: NDArray[np.int64]
    superblocks: NDArray[np.object_]
    superblock_state: NDArray[np.int64]
    superblock_distance: NDArray[np.float64]
    superblock_angle: NDArray[np.float64]
    river_row: int
    rail_column: int
    bridge_columns: NDArray[np.int64]
    rail_rows: NDArray[np.int64]
    radius_m: float
    river: shapely.Polygon
    railway: shapely.LineString


def lay_out(town_m2: float, country_m2: float, rng: np.random.Generator) -> Land:
    """Lay out the net for so much built-up land and so much countryside round it."""
    radius = float(np.sqrt(town_m2 / np.pi))
    belt = float(np.sqrt((town_m2 + country_m2) / np.pi)) - radius
    u = _positions(radius * 1.12, belt, rng)
    v = _positions(radius * 1.12, belt, rng)
    v, river_row = _insert_river(v, radius)
    rail_column = int(np.argmin(np.abs(u - 0.82 * radius)))
    bend = _Bend(rng, radius, float(v[river_row]))
    across, along = _net(u, v, bend)
    state, distance, angle = _states(u, v, river_row, town_m2, radius, belt, rng)
    label = _labels(u, v, state, river_row, rail_column, rng)
    cells = _cells(across, along)
    n = int(label.max()) + 1
    superblocks = _unions(cells.ravel(), label.ravel(), n)
    first = np.zeros(n, dtype=np.int64)
    inside = np.flatnonzero(label.ravel() >= 0)
    first[label.ravel()[inside[::-1]]] = inside[::-1]
    centre_line = np.concatenate([across[i, river_row, (0 if i == 0 else 1) :] for i in range(len(u) - 1)])
    rail_line = np.concatenate([along[rail_column, j, (0 if j == 0 else 1) :] for j in range(len(v) - 1)])
    whole = shapely.coverage_union_all(superblocks)
    river = _largest(shapely.intersection(_water(centre_line, rng), whole))
    railway = shapely.intersection(shapely.LineString(rail_line), whole)
    railway = railway if railway.geom_type == "LineString" else max(railway.geoms, key=lambda part: part.length)
    inner_columns = np.flatnonzero((np.abs(u) < radius * 1.05) & (np.arange(len(u)) != rail_column))
    step = max(2, round(520.0 / float(np.diff(u).min() + 90.0)))
    middle = [k for k in np.argsort(np.abs(u), kind="stable") if k != rail_column][:1]
    in_town = inner_columns[step // 2 :: step] if len(inner_columns) > 3 else np.asarray(middle)
    bridges = np.unique(np.append(in_town, _country_lines(u, radius)))
    inner_rows = np.flatnonzero((np.abs(v) < radius * 1.05) & (np.abs(np.arange(len(v)) - river_row) != 0))
    return Land(
        across=across,
        along=along,
        state=state,
        label=label,
        superblocks=superblocks,
        superblock_state=state.ravel()[first],
        superblock_distance=distance.ravel()[first],
        superblock_angle=angle.ravel()[first],
        river_row=river_row,
        rail_column=rail_column,
        bridge_columns=bridges,
        rail_rows=np.unique(np.append(inner_rows[::2], _country_lines(v, radius))),
        radius_m=radius,
        river=river,
        railway=railway,
    )


class _Bend:
    """Where a point (u, v) of the straight net comes to lie; smooth, and mild enough to keep cells whole."""

    def __init__(self, rng: np.random.Generator, radius: float, river_v: float) -> None:
        self.radius, self.river_v = radius, river_v
        self.length = max(1500.0, 1.35 * radius)
        self.swing = 0.062 * self.length
        self.phase = rng.uniform(0, 2 * np.pi, 2)
        self.swirl = rng.choice([-1, 1]) * rng.uniform(0.28, 0.36)
        self.turn = rng.uniform(-0.22, 0.22)
        self.waves = [
            (rng.uniform(16, 34), rng.uniform(850, 2300), rng.uniform(0, 2 * np.pi), rng.uniform(0, 2 * np.pi), axis)
            for axis in (0, 1, 0, 1, 0, 1)
        ]

    def __call__(self, u: NDArray[np.float64], v: NDArray[np.float64]) -> NDArray[np.float64]:
        near_river = np.exp(-(((v - self.river_v) / (0.75 * self.radius + 250)) ** 2))
        wave = np.sin(2 * np.pi * u / self.length + self.phase[0])
        wave = wave + 0.35 * np.sin(2 * np.pi * u / (0.47 * self.length) + self.phase[1])
        shift = [np.zeros_like(u), self.swing * wave * near_river]
        for size, length, heading, phase, axis in self.waves:
            shift[axis] = shift[axis] + size * np.sin(
                2 * np.pi * (u * np.cos(heading) + v * np.sin(heading)) / length + phase
            )
        x, y = u + shift[0], v + shift[1]
        angle = self.turn + self.swirl * np.exp(-((np.hypot(u, v) / (0.6 * self.radius)) ** 2))
        east = ORIGIN_X_M + x * np.cos(angle) - y * np.sin(angle)
        north = ORIGIN_Y_M + x * np.sin(angle) + y * np.cos(angle)
        return np.round(np.stack([east, north], axis=-1), 2)


def _positions(reach: float, belt: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Lines of the net in one direction: close together in the old town, wide in the country."""
    sides = []
    n_belt = max(1, round(belt / 480.0))
    for _ in range(2):
        places, here = [], float(rng.uniform(60, 100))
        while here < reach:
            places.append(here)
            here += (170.0 + 95.0 * min(1.0, here / min(reach, 2500.0))) * float(rng.uniform(0.82, 1.2))
        edge = places[-1] if places else 0.0
        country = edge + belt * np.cumsum(rng.uniform(0.85, 1.15, n_belt)) / n_belt
        sides.append(np.append(places, country))
    return np.concatenate([-sides[0][::-1], sides[1]])


def _insert_river(v: NDArray[np.float64], radius: float) -> tuple[NDArray[np.float64], int]:
    """Make a line of the net the river: bank road, river, bank road, with the next lines moved clear of them."""
    k = int(np.argmin(np.abs(v - 0.42 * radius)))
    k = min(max(k, 1), len(v) - 2)
    below, above = v[:k], v[k + 1 :]
    middle = v[k]
    gap = _BANK_M + 95.0
    below = np.minimum(below, middle - gap - np.arange(len(below))[::-1] * 60.0)
    above = np.maximum(above, middle + gap + np.arange(len(above)) * 60.0)
    return np.concatenate([below, [middle - _BANK_M, middle, middle + _BANK_M], above]), k + 1


def _country_lines(lines: NDArray[np.float64], radius: float) -> NDArray[np.int64]:
    """Lines of the net beyond the town at which a road still crosses the river or the railway."""
    return np.flatnonzero(np.abs(lines) > radius * 1.2)[1:-1:3]


def _net(
    u: NDArray[np.float64], v: NDArray[np.float64], bend: _Bend
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    t = np.linspace(0.0, 1.0, _POINTS_PER_EDGE + 1)
    u_fine = u[:-1, None] + np.diff(u)[:, None] * t
    v_fine = v[:-1, None] + np.diff(v)[:, None] * t
    u_fine[:, -1], v_fine[:, -1] = u[1:], v[1:]
    shape_a = (len(u) - 1, len(v), _POINTS_PER_EDGE + 1)
    across = bend(
        np.broadcast_to(u_fine[:, None, :], shape_a).copy(), np.broadcast_to(v[None, :, None], shape_a).copy()
    )
    shape_b = (len(u), len(v) - 1, _POINTS_PER_EDGE + 1)
    along = bend(np.broadcast_to(u[:, None, None], shape_b).copy(), np.broadcast_to(v_fine[None, :, :], shape_b).copy())
    return across, along


def _cells(across: NDArray[np.float64], along: NDArray[np.float64]) -> NDArray[np.object_]:
    rings = np.concatenate(
        [across[:, :-1], along[1:, :, 1:], across[:, 1:, ::-1][:, :, 1:], along[:-1, :, ::-1][:, :, 1:]], axis=2
    )
    return np.asarray(shapely.polygons(rings))


def _states(
    u: NDArray[np.float64],
    v: NDArray[np.float64],
    river_row: int,
    town_m2: float,
    radius: float,
    belt: float,
    rng: np.random.Generator,
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    um, vm = np.meshgrid((u[:-1] + u[1:]) / 2, (v[:-1] + v[1:]) / 2, indexing="ij")
    area = np.diff(u)[:, None] * np.diff(v)[None, :]
    angle = np.arctan2(vm, um)
    wave = sum(rng.uniform(0.05, 0.11) * np.sin(k * angle + rng.uniform(0, 2 * np.pi)) for k in (2, 3, 5))
    distance = np.hypot(um, vm) / radius / (1 + wave)
    bank = np.zeros(um.shape, dtype=bool)
    bank[:, river_row - 1 : river_row + 1] = True
    order = np.argsort(np.where(bank, np.inf, distance), axis=None, kind="stable")
    n_town = int(np.searchsorted(np.cumsum(area.ravel()[order]), town_m2 * 1.0)) + 1
    town = np.zeros(um.size, dtype=bool)
    town[order[:n_town]] = True
    town = town.reshape(um.shape) & ~bank
    grown = ndimage.binary_fill_holes(town | (bank & (distance < 1.3)))
    town = np.asarray(grown) & ~bank
    edge = np.hypot(um, vm) / (radius * 1.05 + belt) / (1 + 0.6 * wave)
    inside = np.asarray(ndimage.binary_fill_holes((edge < 1.08) | town | (bank & (edge < 1.08))))
    parts, _ = ndimage.label(inside)
    inside = parts == np.bincount(parts.ravel())[1:].argmax() + 1
    # A bank cell belongs to the land beside it; it never stands alone at the rim.
    for j, beside in ((river_row - 1, river_row - 2), (river_row, river_row + 1)):
        inside[:, j] = inside[:, beside]
    state = np.where(inside, np.where(town, TOWN, np.where(bank, BANK, COUNTRY)), OUTSIDE)
    return state, distance, angle


def _labels(
    u: NDArray[np.float64],
    v: NDArray[np.float64],
    state: NDArray[np.int64],
    river_row: int,
    rail_column: int,
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """Superblocks: town cells, some of them joined in pairs; country cells joined to fields of road width."""
    n_u, n_v = state.shape
    key = np.arange(n_u * n_v).reshape(state.shape)
    draw = rng.random(state.shape)
    free = state == TOWN
    for i in range(n_u):
        for j in range(n_v):
            if not free[i, j] or draw[i, j] > 0.2:
                continue
            right = draw[i, j] < 0.1
            a, b = (i + 1, j) if right else (i, j + 1)
            if a < n_u and b < n_v and free[a, b] and (not right or a != rail_column) and (right or b != river_row):
                key[a, b] = key[i, j]
                free[a, b] = free[i, j] = False
    coarse_u, coarse_v = _coarse(u, {rail_column}), _coarse(v, {river_row - 1, river_row, river_row + 1})
    merged = coarse_u[:, None] * 100_000 + coarse_v[None, :] + n_u * n_v
    country = state == COUNTRY
    for value in np.unique(merged[country]):
        mask = country & (merged == value)
        rows, columns = np.nonzero(mask)
        box = (slice(rows.min(), rows.max() + 1), slice(columns.min(), columns.max() + 1))
        parts, n = ndimage.label(mask[box])
        for part in range(1, n + 1):
            inside = parts == part
            key[box][inside] = key[box][inside].min()
    key[state == OUTSIDE] = -1
    values, dense = np.unique(key, return_inverse=True)
    return dense.reshape(state.shape) - int(values[0] == -1)


def _coarse(lines: NDArray[np.float64], keep: set[int]) -> NDArray[np.int64]:
    group, width, out = 0, 0.0, []
    for i, size in enumerate(np.diff(lines)):
        if i in keep or width + size > _COUNTRY_CELL_M * 1.25:
            group, width = group + 1, 0.0
        width += float(size)
        out.append(group)
    return np.asarray(out)


def _unions(cells: NDArray[np.object_], label: NDArray[np.int64], n: int) -> NDArray[np.object_]:
    order = np.argsort(label, kind="stable")
    order = order[label[order] >= 0]
    starts = np.searchsorted(label[order], np.arange(n + 1))
    out = np.empty(n, dtype=object)
    for k in range(n):
        members = cells[order[starts[k] : starts[k + 1]]]
        out[k] = members[0] if len(members) == 1 else shapely.coverage_union_all(members)
    return out


def _water(line: NDArray[np.float64], rng: np.random.Generator) -> shapely.Polygon:
    """The river: its middle line widened by a slowly changing half width."""
    ends = [line[0] + 4 * (line[0] - line[1]), line[-1] + 4 * (line[-1] - line[-2])]
    line = np.concatenate([ends[:1], line, ends[1:]])
    steps = np.hypot(*np.diff(line, axis=0).T)
    place = np.append(0.0, np.cumsum(steps))
    fine = np.arange(0.0, place[-1], 20.0)
    middle = np.stack([np.interp(fine, place, line[:, k]) for k in (0, 1)], axis=1)
    heading = np.gradient(middle, axis=0)
    normal = np.stack([-heading[:, 1], heading[:, 0]], axis=1) / np.hypot(*heading.T)[:, None]
    phase = rng.uniform(0, 2 * np.pi, 3)
    half = _RIVER_HALF_M * (
        1
        + 0.16 * np.sin(fine / 410 + phase[0])
        + 0.10 * np.sin(fine / 173 + phase[1])
        + 0.05 * np.sin(fine / 67 + phase[2])
    )
    ring = np.concatenate([middle + normal * half[:, None], (middle - normal * half[:, None])[::-1]])
    return _largest(shapely.make_valid(shapely.Polygon(np.round(ring, 2))))


def _largest(shape: shapely.Geometry) -> shapely.Polygon:
    parts = [part for part in shapely.get_parts(shape) if part.geom_type == "Polygon"]
    return max(parts, key=lambda part: part.area)
