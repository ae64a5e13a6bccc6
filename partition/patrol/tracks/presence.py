"""Presence ratio (见警率) from tracks: street-hours with a patrol of all street-hours, by metres as in the schedule."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from gis.graph import BoolArray, FloatArray
from gis.streets.beats import Beats
from gis.streets.network import StreetNetwork
from partition.patrol.tracks.intervals import Coverage
from partition.patrol.tracks.match import Passes

_HOUR_S = 3600.0


def metre_hours(
    network: StreetNetwork,
    beats: Beats,
    due: BoolArray,
    coverage: Coverage,
    passes: Sequence[Passes],
    period: tuple[float, float] | None,
) -> tuple[FloatArray, FloatArray]:
    """Per grid: metre-hours of its streets, and those in which a patrol came by.

    A street counts once an hour, whole, when the patrol passed any of it.

    Parameters
    ----------
    network, beats, due
        Streets, whose they are, and which of them count.
    coverage, passes
        Of all tracks.
    period
        First and last second; hours begin with the full hour (UTC) at or before the first.  None: no track has times.
    """
    n = len(beats.grids)
    counts = due & (beats.link_grid >= 0)
    if period is None:
        return np.zeros(n), np.zeros(n)
    begin_s = math.floor(period[0] / _HOUR_S) * _HOUR_S
    n_hours = max(1, math.ceil((period[1] - begin_s) / _HOUR_S))
    own = np.flatnonzero(counts)
    all_hours = np.bincount(beats.link_grid[own], weights=network.length_m[own] * n_hours, minlength=n)
    beside = np.flatnonzero(np.isfinite(coverage.first_s) & (coverage.visits > 0))
    link = np.concatenate([*(p.link for p in passes), beside])
    from_s = np.concatenate([*(p.from_s for p in passes), coverage.first_s[beside]])
    to_s = np.concatenate([*(p.to_s for p in passes), coverage.first_s[beside]])
    timed = np.isfinite(from_s) & np.isfinite(to_s)
    link, from_s, to_s = link[timed].astype(np.int64), from_s[timed], to_s[timed]
    first = np.clip((from_s - begin_s) // _HOUR_S, 0, n_hours - 1).astype(np.int64)
    last = np.clip((to_s - begin_s) // _HOUR_S, 0, n_hours - 1).astype(np.int64)
    n_slots = np.maximum(last - first + 1, 1)
    slot = np.repeat(first, n_slots) + np.arange(int(n_slots.sum())) - np.repeat(np.cumsum(n_slots) - n_slots, n_slots)
    seen = np.unique(np.repeat(link, n_slots) * n_hours + slot) // n_hours
    seen = seen[counts[seen]]
    present = np.bincount(beats.link_grid[seen], weights=network.length_m[seen], minlength=n)
    return all_hours, present
