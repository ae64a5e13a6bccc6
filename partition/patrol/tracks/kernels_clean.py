"""Compiled loops of cleaning and thinning."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

_EARTH_M = 6_371_008.8
_SHORTEST_RUN = 3  # fewer fixes in a row that agree with neither neighbour are errors


@njit(cache=True, nogil=True)
def _apart_m(lon_a: float, lat_a: float, lon_b: float, lat_b: float) -> float:
    south, north = math.radians(lat_a), math.radians(lat_b)
    h = math.sin((north - south) / 2) ** 2
    h += math.cos(south) * math.cos(north) * math.sin(math.radians(lon_b - lon_a) / 2) ** 2
    return float(2 * _EARTH_M * math.asin(math.sqrt(min(1.0, h))))


@njit(cache=True, nogil=True)
def distances_m(lon: Any, lat: Any) -> Any:
    """Metres from each fix to the next, on the sphere."""
    steps = np.zeros(max(0, len(lon) - 1))
    for i in range(len(steps)):
        steps[i] = _apart_m(lon[i], lat[i], lon[i + 1], lat[i + 1])
    return steps


@njit(cache=True, nogil=True)
def _joined(lon: Any, lat: Any, time_s: Any, a: int, b: int, gap_s: float, most_ms: float, slack_m: float) -> bool:
    """Fix b may follow fix a: neither the clock nor the distance forbids it."""
    step_s = time_s[b] - time_s[a]
    if not np.isfinite(step_s):
        step_s = 0.0
    if step_s < 0 or step_s > gap_s:
        return False
    return bool(_apart_m(lon[a], lat[a], lon[b], lat[b]) <= most_ms * step_s + slack_m)


@njit(cache=True, nogil=True)
def drop_strays(lon: Any, lat: Any, time_s: Any, gap_s: float, most_ms: float, slack_m: float) -> tuple[Any, int]:
    """Short runs of fixes that fit neither what is before nor what is after them; how often time went back.

    A run is a stretch whose fixes may follow each other.  A short run is dropped when its time is out of order, or
    when it is off in space; a long run that goes back in time stays: the clock was set.
    """
    n = len(time_s)
    stray = np.zeros(n, np.bool_)
    jumps = 0
    last = -1  # last fix kept
    i = 0
    while i < n:
        end = i
        while end + 1 < n and _joined(lon, lat, time_s, end, end + 1, gap_s, most_ms, slack_m):
            end += 1
        if last >= 0 and time_s[i] < time_s[last]:
            # One or two fixes of this run, or of the one before, may have a wrong clock.
            late = last
            n_late = 0
            while late >= 0 and n_late < _SHORTEST_RUN and (stray[late] or time_s[late] > time_s[i]):
                n_late += not stray[late]
                late -= 1
            early = i
            while early <= end and early - i < _SHORTEST_RUN and time_s[early] < time_s[last]:
                early += 1
            if early - i <= n_late and early - i < _SHORTEST_RUN:
                stray[i:early] = True
                i = early
                continue
            if n_late < _SHORTEST_RUN and late >= 0:
                stray[late + 1 : last + 1] = True
                last = late
        follows = last >= 0 and _joined(lon, lat, time_s, last, i, gap_s, most_ms, slack_m)
        is_all = i == 0 and end + 1 == n
        if end - i + 1 < _SHORTEST_RUN and not follows and not is_all:
            late_run = end + 1 < n and time_s[end] > time_s[end + 1]
            early_run = last >= 0 and time_s[i] < time_s[last]
            # Without a limit of space only the order of time can be wrong.
            if late_run or early_run or np.isfinite(slack_m):
                stray[i : end + 1] = True
                i = end + 1
                continue
        if last >= 0 and time_s[i] < time_s[last]:
            jumps += 1
        last = end
        i = end + 1
    return stray, jumps


@njit(cache=True, nogil=True)
def ride_mask(lon: Any, lat: Any, time_s: Any, span_s: float, most_ms: float, slack_m: float) -> Any:
    """Fixes in the middle of a stretch of about ``span_s`` that was passed faster than allowed."""
    n = len(time_s)
    bad = np.zeros(n, np.bool_)
    first, last = 0, 0
    for i in range(n):
        first = max(first, 0)
        while first < i and (time_s[i] - time_s[first] > span_s / 2 or time_s[first] > time_s[i]):
            first += 1
        last = max(last, i)
        while last + 1 < n and time_s[last + 1] - time_s[last] >= 0 and time_s[last + 1] - time_s[i] <= span_s / 2:
            last += 1
        took_s = time_s[last] - time_s[first]
        if took_s >= span_s / 3:
            bad[i] = _apart_m(lon[first], lat[first], lon[last], lat[last]) - slack_m > most_ms * took_s
    return bad


@njit(cache=True, nogil=True)
def thin(x: Any, y: Any, time_s: Any, smooth_s: float, thin_m: float) -> tuple[Any, Any, Any, Any]:
    """Means of fixes that belong together, and the last time each stood for: ``x, y, first_s, last_s``.

    One part at a time.  Averaging takes off the error that changes from fix to fix; leaving out means that are close
    to the one before keeps standing still from looking like walking to and fro.  The last mean stays, unless the
    track never left its first place.
    """
    n = len(x)
    out_x, out_y = np.empty(n), np.empty(n)
    first_s, last_s = np.empty(n), np.empty(n)
    kept = 0
    i = 0
    while i < n:
        end = i
        sum_x, sum_y = x[i], y[i]
        while end + 1 < n and time_s[end + 1] - time_s[i] < smooth_s:
            end += 1
            sum_x += x[end]
            sum_y += y[end]
        mean_x, mean_y = sum_x / (end - i + 1), sum_y / (end - i + 1)
        is_last = end + 1 == n
        near = kept > 0 and math.hypot(mean_x - out_x[kept - 1], mean_y - out_y[kept - 1]) < thin_m
        if near and not (is_last and kept > 1):
            last_s[kept - 1] = time_s[end]
        else:
            out_x[kept], out_y[kept] = mean_x, mean_y
            first_s[kept], last_s[kept] = time_s[i], time_s[end]
            kept += 1
        i = end + 1
    return out_x[:kept].copy(), out_y[:kept].copy(), first_s[:kept].copy(), last_s[:kept].copy()
