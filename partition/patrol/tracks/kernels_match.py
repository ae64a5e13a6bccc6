"""Compiled loops of map matching: short distances in the network, the most likely streets, and the way between them.

What the arrays hold says `partition.patrol.tracks.match`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

_FAR = np.inf


@njit(cache=True, nogil=True)
def spread(sources: Any, adj_first: Any, adj_link: Any, adj_node: Any, adj_m: Any, most_m: float) -> Any:
    """Shortest ways of at most ``most_m`` from each source: ``first, node, metres, parent, link`` (lists per source).

    ``parent`` is the position of the entry before in the same list, -1 at the source; ``link`` leads from there.
    """
    n = len(adj_first) - 1
    metres = np.empty(n)
    stamp = np.full(n, -1, np.int32)
    place = np.full(n, -1, np.int32)
    parent_node = np.empty(n, np.int32)
    by_link = np.empty(n, np.int32)
    heap_m = np.empty(len(adj_link) + 2)
    heap_node = np.empty(len(adj_link) + 2, np.int32)
    first = np.zeros(len(sources) + 1, np.int64)
    out_node = np.empty(1024, np.int32)
    out_m = np.empty(1024)
    out_parent = np.empty(1024, np.int64)
    out_link = np.empty(1024, np.int32)
    total = 0
    for s in range(len(sources)):
        source = sources[s]
        metres[source], stamp[source], place[source] = 0.0, s, -1
        parent_node[source], by_link[source] = -1, -1
        heap_m[0], heap_node[0] = 0.0, source
        size = 1
        while size:
            d, node = heap_m[0], heap_node[0]
            size = _pop(heap_m, heap_node, size)
            if place[node] >= first[s] or d > metres[node]:
                continue
            if total == len(out_node):
                out_node, out_m = _longer(out_node), _longer(out_m)
                out_parent, out_link = _longer(out_parent), _longer(out_link)
            out_node[total], out_m[total], out_link[total] = node, d, by_link[node]
            out_parent[total] = place[parent_node[node]] if parent_node[node] >= 0 else -1
            place[node] = total
            total += 1
            for k in range(adj_first[node], adj_first[node + 1]):
                to = adj_node[k]
                reached = d + adj_m[k]
                if reached <= most_m and (stamp[to] != s or reached < metres[to]):
                    metres[to], stamp[to] = reached, s
                    parent_node[to], by_link[to] = node, adj_link[k]
                    size = _push(heap_m, heap_node, size, reached, to)
        first[s + 1] = total
    return first, out_node[:total].copy(), out_m[:total].copy(), out_parent[:total].copy(), out_link[:total].copy()


@njit(cache=True, nogil=True)
def _longer(values: Any) -> Any:
    longer = np.empty(2 * len(values), values.dtype)
    longer[: len(values)] = values
    return longer


@njit(cache=True, nogil=True)
def _push(heap_m: Any, heap_node: Any, size: int, metres: float, node: int) -> int:
    i = size
    while i > 0:
        up = (i - 1) // 2
        if heap_m[up] <= metres:
            break
        heap_m[i], heap_node[i] = heap_m[up], heap_node[up]
        i = up
    heap_m[i], heap_node[i] = metres, node
    return size + 1


@njit(cache=True, nogil=True)
def _pop(heap_m: Any, heap_node: Any, size: int) -> int:
    size -= 1
    metres, node = heap_m[size], heap_node[size]
    i = 0
    while True:
        down = 2 * i + 1
        if down >= size:
            break
        if down + 1 < size and heap_m[down + 1] < heap_m[down]:
            down += 1
        if heap_m[down] >= metres:
            break
        heap_m[i], heap_node[i] = heap_m[down], heap_node[down]
        i = down
    heap_m[i], heap_node[i] = metres, node
    return size


@njit(cache=True, nogil=True)
def _along(link_a: int, at_a: float, link_b: int, at_b: float, may: Any, back_m: float) -> float:
    """Metres from one place to another of the same link without leaving it.

    A short way back along a one-way street is an error of the fixes, not a way that was driven.
    """
    if link_a != link_b:
        return _FAR
    if at_b >= at_a:
        return at_b - at_a if may[link_a, 0] or at_b - at_a <= back_m else _FAR
    return at_a - at_b if may[link_a, 1] or at_a - at_b <= back_m else _FAR


@njit(cache=True, nogil=True)
def likeliest(
    x: Any,
    y: Any,
    first_s: Any,
    last_s: Any,
    cand_first: Any,
    cand_link: Any,
    cand_at: Any,
    cand_off: Any,
    tail: Any,
    head: Any,
    length: Any,
    may: Any,
    ways: Any,
    source_row: Any,
    figures: Any,
) -> tuple[Any, Any]:
    """Viterbi: per fix the position of its candidate (-1: none), and whether a new chain begins there.

    ``figures``: sigma, scale of a detour, longest bridge in seconds and metres, metres of error of a fix.
    """
    sigma, detour_m, bridge_s, bridge_m, back_m = figures
    way_first, way_node, way_m = ways[0], ways[1], ways[2]
    n = len(x)
    score = np.full(len(cand_link), -_FAR)
    before = np.full(len(cand_link), -1, np.int64)
    fresh = np.zeros(n, np.bool_)
    widest = 1
    for i in range(n):
        widest = max(widest, cand_first[i + 1] - cand_first[i])
    apart = np.empty((2 * widest, 2 * widest))
    slot = np.full(len(source_row), -1, np.int32)
    last = -1
    for i in range(n):
        c0, c1 = cand_first[i], cand_first[i + 1]
        if c0 == c1:
            continue
        found = False
        if last >= 0 and not (first_s[i] - last_s[last] > bridge_s):
            p0, p1 = cand_first[last], cand_first[last + 1]
            straight = math.hypot(x[i] - x[last], y[i] - y[last])
            most_m = min(bridge_m, 2 * straight + 5 * back_m)
            for b in range(c0, c1):
                slot[tail[cand_link[b]]] = -1
                slot[head[cand_link[b]]] = -1
            used = 0
            for b in range(c0, c1):
                for node in (tail[cand_link[b]], head[cand_link[b]]):
                    if slot[node] < 0:
                        slot[node] = used
                        used += 1
            for a in range(p0, p1):
                if score[a] == -_FAR:
                    continue
                link_a = cand_link[a]
                for side in range(2):
                    row = source_row[head[link_a] if side else tail[link_a]]
                    apart[side, :used] = _FAR
                    for k in range(way_first[row], way_first[row + 1]):
                        to = slot[way_node[k]]
                        if to >= 0:
                            apart[side, to] = way_m[k]
                to_tail = cand_at[a] if may[link_a, 1] else _FAR
                to_head = length[link_a] - cand_at[a] if may[link_a, 0] else _FAR
                for b in range(c0, c1):
                    link_b = cand_link[b]
                    at_tail, at_head = slot[tail[link_b]], slot[head[link_b]]
                    via_tail = min(to_tail + apart[0, at_tail], to_head + apart[1, at_tail]) + cand_at[b]
                    via_head = min(to_tail + apart[0, at_head], to_head + apart[1, at_head])
                    via_head += length[link_b] - cand_at[b]
                    metres = _along(link_a, cand_at[a], link_b, cand_at[b], may, back_m)
                    if may[link_b, 0]:
                        metres = min(metres, via_tail)
                    if may[link_b, 1]:
                        metres = min(metres, via_head)
                    if metres > most_m:
                        continue
                    likely = score[a] - abs(metres - straight) / detour_m
                    if likely > score[b]:
                        score[b], before[b] = likely, a
                        found = True
            for b in range(c0, c1):
                slot[tail[cand_link[b]]] = -1
                slot[head[cand_link[b]]] = -1
        if not found:
            fresh[i] = True
            score[c0:c1] = 0.0
        for b in range(c0, c1):
            score[b] -= 0.5 * (cand_off[b] / sigma) ** 2
        last = i
    chosen = np.full(n, -1, np.int64)
    best = -1
    for i in range(n - 1, -1, -1):
        if cand_first[i] == cand_first[i + 1]:
            continue
        if best < 0:
            best = cand_first[i]
            for b in range(cand_first[i] + 1, cand_first[i + 1]):
                if score[b] > score[best]:
                    best = b
        chosen[i] = best
        best = -1 if fresh[i] else before[best]
    return chosen, fresh


@njit(cache=True, nogil=True)
def _entry(ways: Any, row: int, node: int) -> int:
    """Position of a node in the list of a source; -1 where it is too far."""
    for k in range(ways[0][row], ways[0][row + 1]):
        if ways[1][k] == node:
            return int(k)
    return -1


@njit(cache=True, nogil=True)
def trace(
    chosen: Any,
    fresh: Any,
    first_s: Any,
    last_s: Any,
    cand_link: Any,
    cand_at: Any,
    tail: Any,
    head: Any,
    length: Any,
    may: Any,
    ways: Any,
    source_row: Any,
    back_m: float,
) -> tuple[Any, Any, Any, Any, Any, Any]:
    """The way through the network in pieces of one link: ``link, from, to, from_s, to_s, begins`` (a new chain)."""
    link = np.empty(1024, np.int32)
    start, stop = np.empty(1024), np.empty(1024)
    start_s, stop_s = np.empty(1024), np.empty(1024)
    begins = np.zeros(1024, np.bool_)
    path = np.empty(64, np.int64)
    n = 0
    last = -1
    for i in range(len(chosen)):
        b = chosen[i]
        if b < 0:
            continue
        link_b, at_b = cand_link[b], cand_at[b]
        is_same, from_side, into_side, entry = True, 0, 0, -1
        steps = 0
        if last >= 0 and not fresh[i]:
            a = chosen[last]
            link_a, at_a = cand_link[a], cand_at[a]
            least = _along(link_a, at_a, link_b, at_b, may, back_m)
            for side in range(2):
                if not may[link_a, 1 - side]:
                    continue
                out_m = length[link_a] - at_a if side else at_a
                row = source_row[head[link_a] if side else tail[link_a]]
                for into in range(2):
                    if not may[link_b, into]:
                        continue
                    k = _entry(ways, row, head[link_b] if into else tail[link_b])
                    if k < 0:
                        continue
                    metres = out_m + ways[2][k] + (length[link_b] - at_b if into else at_b)
                    if metres < least:
                        least, is_same, from_side, into_side, entry = metres, False, side, into, k
            while entry >= 0 and ways[3][entry] >= 0:
                if steps == len(path):
                    path = _longer(path)
                path[steps] = entry
                steps += 1
                entry = ways[3][entry]
        while n + steps + 3 > len(link):
            link, begins = _longer(link), _longer(begins)
            start, stop, start_s, stop_s = _longer(start), _longer(stop), _longer(start_s), _longer(stop_s)
        piece = n
        if last < 0 or fresh[i]:
            link[n], start[n], stop[n], begins[n] = link_b, at_b, at_b, True
            start_s[n], stop_s[n] = first_s[i], last_s[i]
            n += 1
            last = i
            continue
        if is_same:
            link[n], start[n], stop[n], begins[n] = link_b, at_a, at_b, False
            n += 1
        else:
            link[n], start[n], stop[n], begins[n] = link_a, at_a, length[link_a] if from_side else 0.0, False
            n += 1
            for k in range(steps - 1, -1, -1):
                via = ways[4][path[k]]
                is_back = head[via] != ways[1][path[k]]
                link[n], begins[n] = via, False
                start[n], stop[n] = (length[via], 0.0) if is_back else (0.0, length[via])
                n += 1
            link[n], start[n], stop[n], begins[n] = link_b, length[link_b] if into_side else 0.0, at_b, False
            n += 1
        whole = 0.0
        for k in range(piece, n):
            whole += abs(stop[k] - start[k])
        walked = 0.0
        for k in range(piece, n):
            share = walked / whole if whole > 0 else 0.0
            start_s[k] = last_s[last] + share * (first_s[i] - last_s[last])
            walked += abs(stop[k] - start[k])
            share = walked / whole if whole > 0 else 1.0
            stop_s[k] = last_s[last] + share * (first_s[i] - last_s[last])
        stop_s[n - 1] = last_s[i]
        last = i
    return link[:n].copy(), start[:n].copy(), stop[:n].copy(), start_s[:n].copy(), stop_s[:n].copy(), begins[:n].copy()
