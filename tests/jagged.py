"""A cover of many-cornered polygons that share every border exactly, to look points up in."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray


def jagged_cover(across: int = 100, side: float = 500.0, steps: int = 13, seed: int = 1) -> NDArray[np.object_]:
    """Polygons, ``across`` by ``across``, each with ``4 * steps + 1`` vertices: crooked sides, no gap, no overlap."""
    random = np.random.default_rng(seed)
    corner = side * np.stack(np.meshgrid(np.arange(across + 1.0), np.arange(across + 1.0), indexing="ij"), axis=-1)
    corner += random.uniform(-0.06, 0.06, corner.shape) * side
    eastward = _crooked(corner[:-1], corner[1:], 1, steps, random)
    northward = _crooked(corner[:, :-1], corner[:, 1:], 0, steps, random)
    south, north = eastward[:, :-1], eastward[:, 1:]
    west, east = northward[:-1], northward[1:]
    rings = [south[..., :-1, :], east[..., :-1, :], north[..., :0:-1, :], west[..., ::-1, :]]
    return shapely.polygons(np.concatenate(rings, axis=-2).reshape(across * across, -1, 2))


def _crooked(
    start: NDArray[np.float64], end: NDArray[np.float64], aside: int, steps: int, random: np.random.Generator
) -> NDArray[np.float64]:
    """Lines from start to end with every vertex between them moved aside by up to four tenths of a step."""
    along = np.linspace(0, 1, steps + 1)[:, None]
    line = start[..., None, :] + (end - start)[..., None, :] * along
    step = np.abs(end - start).max() / steps
    line[..., 1:-1, aside] += random.uniform(-0.4, 0.4, line[..., 1:-1, aside].shape) * step
    return line
