"""Compiled loops of linear referencing: from a way through the network to stretches of links that were patrolled.

What the arrays hold says `partition.patrol.tracks.intervals`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

# A visit that turns back is believed when the share of the link that the fixes tell and the share of the time it takes
# come to so much together; of the time at most half counts, and below the least depth nothing is believed.
_LEAST, _ENOUGH = 0.4, 0.9
_LEAST_INTO_DEAD_END, _ENOUGH_INTO_DEAD_END = 0.25, 0.7
_MOST_BY_TIME = 0.5


@njit(cache=True, nogil=True)
def passes_of(
    piece_link: Any,
    start: Any,
    stop: Any,
    start_s: Any,
    stop_s: Any,
    begins: Any,
    tail: Any,
    head: Any,
    length: Any,
    alone_s: Any,
    is_dead_end: Any,
    end_m: float,
) -> tuple[Any, Any, float]:
    """Stretches walked in one direction (``link, low, high, from_s, to_s``), nodes passed and when, metres.

    The metres are those the fixes tell, to and fro by error left out.

    A visit is what happens on a link from entering to leaving it.  What counts of it says `_settle`.
    """
    # A visit has at most one run per piece.
    n_pieces = len(piece_link)
    link = np.empty(n_pieces, np.int32)
    low, high, from_s, to_s = np.empty(n_pieces), np.empty(n_pieces), np.empty(n_pieces), np.empty(n_pieces)
    node, node_s = np.empty(5 * n_pieces, np.int32), np.empty(5 * n_pieces)
    n_passed = 0
    walked_m = 0.0
    n = 0
    k0 = 0
    while k0 < n_pieces:
        here = piece_link[k0]
        k1 = k0
        while k1 + 1 < n_pieces and not begins[k1 + 1] and piece_link[k1 + 1] == here and start[k1 + 1] == stop[k1]:
            k1 += 1
        enter = -1 if begins[k0] else (0 if start[k0] <= 0 else 1)
        leave = -1 if k1 + 1 == n_pieces or begins[k1 + 1] else (0 if stop[k1] <= 0 else 1)
        # A chain that begins or ends near a corner may well have done so at the corner.
        near_m = 0.0 if enter >= 0 else end_m
        if start[k0] <= near_m:
            node[n_passed], node_s[n_passed] = tail[here], start_s[k0]
            n_passed += 1
        if length[here] - start[k0] <= near_m:
            node[n_passed], node_s[n_passed] = head[here], start_s[k0]
            n_passed += 1
        near_m = 0.0 if leave >= 0 else end_m
        if stop[k1] <= near_m:
            node[n_passed], node_s[n_passed] = tail[here], stop_s[k1]
            n_passed += 1
        if length[here] - stop[k1] <= near_m:
            node[n_passed], node_s[n_passed] = head[here], stop_s[k1]
            n_passed += 1
        end = _runs(k0, k1, start, stop, start_s, stop_s, low, high, from_s, to_s, n, end_m)
        far_dead = is_dead_end[tail[here] if enter == 1 or (enter < 0 and leave == 1) else head[here]]
        spent = (stop_s[k1] - start_s[k0]) / (2 * alone_s[here])
        metres = 0.0
        for r in range(n, end):
            metres += high[r] - low[r]
        end = _settle(n, end, enter, leave, length[here], far_dead, spent, low, high, end_m)
        if end > n:
            walked_m += metres
        if end > n and enter >= 0 and enter == leave:
            # Where it turned at the far corner, it was there.
            at_corner = False
            for r in range(n, end):
                at_corner |= low[r] <= 0 if enter else high[r] >= length[here]
            if at_corner:
                node[n_passed] = tail[here] if enter else head[here]
                node_s[n_passed] = (start_s[k0] + stop_s[k1]) / 2
                n_passed += 1
        if end == n + 1 and enter >= 0 and enter == leave and k1 > k0:
            # In and out again is two passes, also where error hides the turn.
            low[end], high[end], from_s[end], to_s[end] = low[n], high[n], from_s[n], to_s[n]
            end += 1
        link[n:end] = here
        n = end
        k0 = k1 + 1
    columns = link[:n].copy(), low[:n].copy(), high[:n].copy(), from_s[:n].copy(), to_s[:n].copy()
    return columns, (node[:n_passed].copy(), node_s[:n_passed].copy()), walked_m


@njit(cache=True, nogil=True)
def _runs(
    k0: int,
    k1: int,
    start: Any,
    stop: Any,
    start_s: Any,
    stop_s: Any,
    low: Any,
    high: Any,
    from_s: Any,
    to_s: Any,
    n: int,
    end_m: float,
) -> int:
    """Runs in one direction inside one visit, written from ``n`` on; going back less than ``end_m`` is no turn."""
    turn, turn_s = start[k0], start_s[k0]
    far, far_s = start[k0], start_s[k0]
    least, most = start[k0], start[k0]
    way = 0
    for k in range(k0, k1 + 1):
        at, at_s = stop[k], stop_s[k]
        least, most = min(least, at), max(most, at)
        if way == 0:
            far, far_s = at, at_s
            if at - least >= end_m:
                way, turn = 1, least
            elif most - at >= end_m:
                way, turn = -1, most
        elif (at - far) * way >= 0:
            far, far_s = at, at_s
        elif (far - at) * way >= end_m:
            low[n], high[n], from_s[n], to_s[n] = min(turn, far), max(turn, far), turn_s, far_s
            n += 1
            turn, turn_s = far, far_s
            far, far_s, way = at, at_s, -way
        else:
            far_s = at_s  # standing about
    low[n], high[n] = min(turn, far), max(turn, far)
    if way == 0:
        low[n], high[n] = least, most
    from_s[n], to_s[n] = turn_s, far_s
    return n + 1


@njit(cache=True, nogil=True)
def _settle(
    first: int,
    end: int,
    enter: int,
    leave: int,
    whole: float,
    far_dead: bool,
    spent: float,
    low: Any,
    high: Any,
    end_m: float,
) -> int:
    """What of the runs of one visit counts; the position after the last that does.

    ``spent``: time of the visit by that of inspecting the link there and back; not a number without times.

    - Entered at one end and left at the other: all of it.
    - Entered and left at the same end: an error of the fixes when done in less than a third of the time it takes, or
      when not deeper than ``end_m``, unless depth and time together say otherwise; when it came within ``end_m`` of
      the far end it turned there.
    - The same into a dead end: less is asked for, because nothing else leads there, and the place of turning may be
      ``end_m`` farther than the fixes tell.
    - Begun or ended inside (the track begins, ends or breaks off there): half its length is enough, and that end may
      be ``end_m`` farther.
    """
    if enter >= 0 and leave >= 0 and enter != leave:
        _reach_corners(first, end, whole, low, high, end_m)
        return end
    least, most = low[first], high[first]
    for r in range(first, end):
        least, most = min(least, low[r]), max(most, high[r])
    is_turn = enter >= 0 and leave >= 0
    depth = (most - least) / whole
    told = depth + (min(spent, _MOST_BY_TIME) if spent >= 0 else depth)
    if is_turn and far_dead:
        if most - least < end_m and (depth < _LEAST_INTO_DEAD_END or told < _ENOUGH_INTO_DEAD_END):
            return first
    elif is_turn:
        if spent < depth / 3 or (most - least < end_m and (depth < _LEAST or told < _ENOUGH)):
            return first
        if most - least < whole - end_m:
            return end
    elif most - least < min(end_m, whole / 2):
        return first
    has_tail_end = enter == 0 or leave == 0
    has_head_end = enter == 1 or leave == 1
    for r in range(first, end):
        if low[r] == least and not has_tail_end:
            low[r] = max(0.0, least - end_m)
        if high[r] == most and not has_head_end:
            high[r] = min(whole, most + end_m)
    _reach_corners(first, end, whole, low, high, end_m)
    return end


@njit(cache=True, nogil=True)
def _reach_corners(first: int, end: int, whole: float, low: Any, high: Any, end_m: float) -> None:
    """A visit of several runs turned under way: where that is near a corner, it was at the corner."""
    if end - first < 2:
        return
    for r in range(first, end):
        low[r] = 0.0 if low[r] <= end_m else low[r]
        high[r] = whole if whole - high[r] <= end_m else high[r]


@njit(cache=True, nogil=True)
def join_passes(link: Any, low: Any, high: Any) -> tuple[Any, Any, Any, Any, Any]:
    """Union of stretches sorted by link, then low: ``link, low, high`` of what was passed, and of it passed twice.

    The last two arrays are, per entry of the input, the metres it adds to what was passed once and twice.
    """
    n = len(link)
    out_link = np.empty(n, np.int32)
    out_low, out_high = np.empty(n), np.empty(n)
    once, twice = np.zeros(n), np.zeros(n)
    total = 0
    end_once = end_twice = 0.0
    for i in range(n):
        if i == 0 or link[i] != link[i - 1]:
            end_once = end_twice = -1.0
        overlap = min(high[i], end_once) - max(low[i], end_twice)
        if overlap > 0:
            twice[i] = overlap
        end_twice = max(end_twice, min(high[i], end_once))
        if low[i] <= end_once:
            once[i] = max(0.0, high[i] - end_once)
            out_high[total - 1] = max(out_high[total - 1], high[i])
        else:
            once[i] = high[i] - low[i]
            out_link[total], out_low[total], out_high[total] = link[i], low[i], high[i]
            total += 1
        end_once = max(end_once, high[i])
    return out_link[:total].copy(), out_low[:total].copy(), out_high[:total].copy(), once, twice


@njit(cache=True, nogil=True)
def visits_of(link: Any, from_s: Any, to_s: Any, n_links: int, gap_s: float) -> tuple[Any, Any, Any, Any]:
    """Per link, of passes sorted by link, then time: first second, last second, visits, longest gap between visits."""
    first = np.full(n_links, np.nan)
    last = np.full(n_links, np.nan)
    visits = np.zeros(n_links, np.int32)
    longest = np.zeros(n_links)
    for i in range(len(link)):
        here = link[i]
        if visits[here] == 0:
            first[here], last[here], visits[here] = from_s[i], to_s[i], 1
            continue
        apart = from_s[i] - last[here]
        if apart > gap_s:
            visits[here] += 1
            longest[here] = max(longest[here], apart)
        last[here] = max(last[here], to_s[i])
    return first, last, visits, longest
