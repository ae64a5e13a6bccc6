"""Streets too long for one shift are cut into pieces that fit, each there and back."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from gis.graph import FloatArray, Int32Array, IntArray
from partition.patrol.problem import PatrolProblem
from partition.patrol.ways import Ways

MOST_PIECES = 64


@dataclass(frozen=True, slots=True)
class Pieces:
    """A problem with some links cut: per new link the old one and the part of it, as shares from its tail."""

    problem: PatrolProblem
    link: Int32Array
    from_frac: FloatArray
    to_frac: FloatArray


def cut_long_links(problem: PatrolProblem) -> Pieces | None:
    """Cut every required link that no shift can hold whole; ``None`` where there is none.

    A link stays whole where even many pieces would not do: then its far end is beyond the shift.
    """
    if not np.isfinite(problem.shift_s) or not problem.required.any():
        return None
    must = np.flatnonzero(problem.required).astype(np.int32)
    # Without a post a route may begin at the link itself, and comes back along it.
    away, home = _to_and_from(problem, must)
    inspect, back = problem.inspecting_s[must], problem.passing_s[must][:, ::-1]
    cost = away + inspect + home
    if not len(problem.posts) and not problem.is_open:
        cost = inspect + np.minimum(home, back)
    least = cost.min(axis=1)
    n = np.ones(len(must), np.int64)
    for i in np.flatnonzero(least > problem.shift_s):
        n[i] = _pieces_that_fit(problem, int(must[i]), away[i], home[i])
    if (n == 1).all():
        return None
    return _cut(problem, must[n > 1], n[n > 1])


def _to_and_from(problem: PatrolProblem, must: Int32Array) -> tuple[FloatArray, FloatArray]:
    """Per required link and direction: seconds from the nearest post to its start, and from its end to a post."""
    zero = np.zeros((len(must), 2))
    ends = np.stack([problem.tail[must], problem.head[must]], axis=1)
    ways = Ways.of(problem)
    if not len(problem.posts):
        if problem.is_open:
            return zero, zero
        back = np.empty((len(must), 2))
        for d in (0, 1):
            back[:, d] = [ways.seconds(int(v), int(u)) for u, v in zip(ends[:, d], ends[:, 1 - d])]
        return zero, back
    out = ways.from_nodes(problem.posts).min(axis=0)[ends]
    home = zero if problem.is_open else ways.to_nodes(problem.posts).min(axis=0)[ends][:, ::-1]
    return out, home


def _pieces_that_fit(problem: PatrolProblem, link: int, away: FloatArray, home: FloatArray) -> int:
    """Fewest equal pieces each of which a shift holds, going in along the link itself; 1 where none do."""
    inspect, passing = problem.inspecting_s[link], problem.passing_s[link]
    for n in range(2, MOST_PIECES + 1):
        k = np.arange(n)
        # Entered at the tail: pass k pieces, inspect one, pass the rest or come back; the same from the head.
        worst = np.full(n, np.inf)
        for d in (0, 1):
            one_way = away[d] + passing[d] * k / n + inspect[d] / n + passing[d] * (n - 1 - k) / n + home[d]
            if not len(problem.posts):
                one_way = np.full(n, inspect[d] / n + (0.0 if problem.is_open else passing[1 - d] / n))
            entered = one_way if d == 0 else one_way[::-1]
            worst = np.minimum(worst, entered)
            come_back = away[d] + passing[d] * k / n + inspect[d] / n + passing[1 - d] * (k + 1) / n
            come_back = come_back + (0.0 if problem.is_open else home[1 - d])
            worst = np.minimum(worst, come_back if d == 0 else come_back[::-1])
        if (worst <= problem.shift_s).all():
            return n
    return 1


def _cut(problem: PatrolProblem, links: Int32Array, n: IntArray) -> Pieces:
    times = np.ones(problem.n_links, int)
    times[links] = n
    old = np.repeat(np.arange(problem.n_links), times)
    first = np.concatenate([[0], np.cumsum(times)[:-1]])
    k = np.arange(len(old)) - first[old]
    share = 1.0 / times[old]
    tail, head = problem.tail[old].copy(), problem.head[old].copy()
    inner = np.flatnonzero(k > 0)
    new = problem.n_nodes + np.arange(len(inner))
    tail[inner] = new
    head[inner - 1] = new
    posed = replace(
        problem,
        n_nodes=problem.n_nodes + len(inner),
        tail=tail.astype(np.int32),
        head=head.astype(np.int32),
        length_m=problem.length_m[old] * share,
        passing_s=problem.passing_s[old] * share[:, None],
        inspecting_s=problem.inspecting_s[old] * share[:, None],
        required=problem.required[old],
    )
    return Pieces(posed, old.astype(np.int32), k * share, (k + 1) * share)
