"""Walking a dual function downhill by the volume algorithm (Barahona and Anbil 2000), prices kept in their range."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np

from gis.graph import FloatArray

_PATIENCE = 20
_LEAST_STEP = 1e-3
_SHARE = 0.1
_FLAT = 1e-12


class Look(Protocol):
    """A dual function looked at at some prices."""

    @property
    def bound(self) -> float:
        """Its value: no choice is worth more."""

    @property
    def u(self) -> FloatArray:
        """The prices."""

    @property
    def slope(self) -> FloatArray:
        """A subgradient there."""


def walk[L: Look](
    look: Callable[[FloatArray], L],
    u: FloatArray,
    most: FloatArray | float,
    target: float,
    *,
    enough: float,
    steps: int,
) -> L:
    """Lowest value found.

    Parameters
    ----------
    look
        The function.
    u
        Where to begin.
    most
        Prices lie between 0 and this.
    target
        A value it can not fall below: steps are measured by the distance to it.
    enough
        So near to the target, the walk ends.
    steps
        Most steps.
    """
    best = look(u)
    slope = best.slope
    scale, idle, better = 1.0, 0, 0
    for _ in range(steps):
        if best.bound - target <= enough:
            break
        way = slope.copy()
        # A price at the end of its range that would leave it has no say in the length of the step.
        way[((best.u <= 0) & (way > 0)) | ((best.u >= most) & (way < 0))] = 0.0
        norm = float((way * way).sum())
        if norm < _FLAT:
            break
        at = look(np.clip(best.u - scale * (best.bound - target) / norm * way, 0.0, most))
        slope = _mixed(slope, at.slope)
        if at.bound < best.bound - 1e-9 * max(1.0, abs(best.bound)):
            best, idle, better = at, 0, better + 1
            if better % 3 == 0:
                scale = min(2.0, scale * 1.1)
        else:
            idle += 1
            if idle >= _PATIENCE:
                scale, idle = scale * 0.66, 0
                if scale < _LEAST_STEP:
                    break
    return best


def _mixed(old: FloatArray, new: FloatArray) -> FloatArray:
    """A running mean of slopes: the shortest of those between the old mean and the new one, but not all of the new."""
    change = new - old
    size = float((change * change).sum())
    share = _SHARE if size == 0.0 else float(np.clip(-(old * change).sum() / size, _SHARE / 10, _SHARE))
    mixed: FloatArray = old + share * change
    return mixed
