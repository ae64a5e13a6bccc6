"""A task as the columns, edges and rows of a `Program`, and the passes back out of its values."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gis.graph import BoolArray, FloatArray, IntArray
from partition.patrol.postman.program import Columns, Edges, Program, Rows
from partition.patrol.postman.task import FREE, Task
from partition.patrol.postman.ways import shortest, useful_arcs

_MANY = 1e9


@dataclass(frozen=True, slots=True)
class Model:
    """A program with the way back to the task.

    Attributes
    ----------
    program
        What is solved.
    link, side
        Per column: link and direction; link -1 for helpers.
    start_node, end_node
        Per column: node at which the walk begins, or ends, when the column is used; -1 otherwise.
    constant
        Added to every objective: what is not decided.
    """

    program: Program
    link: IntArray
    side: IntArray
    start_node: IntArray
    end_node: IntArray
    constant: float
    is_symmetric: bool

    def passes(self, task: Task, value: FloatArray) -> tuple[IntArray, int]:
        """(passes per link, or per link and direction; where the walk begins)."""
        whole = np.rint(value).astype(np.int64)
        real = self.link >= 0
        begin = self.ends(value)[0] if (self.start_node >= 0).any() else task.start
        if self.is_symmetric:
            times = task.required.astype(np.int64)
            np.add.at(times, self.link[real], whole[real])
            return times, begin
        both = np.zeros((len(task.tail), 2), np.int64)
        np.add.at(both, (self.link[real], self.side[real]), whole[real])
        return both, begin

    def ends(self, value: FloatArray) -> tuple[int, int]:
        """Where the walk begins and ends: the likeliest nodes; `FREE` where a closed walk may begin anywhere."""
        found = []
        for node in (self.start_node, self.end_node):
            at = np.flatnonzero(node >= 0)
            found.append(int(node[at[np.argmax(value[at])]]) if len(at) else FREE)
        return found[0], found[1]

    def fractions(self, task: Task, value: FloatArray) -> FloatArray:
        """Passes that are not whole: further ones per link, or all per link and direction."""
        real = self.link >= 0
        both = np.zeros((len(task.tail), 2))
        np.add.at(both, (self.link[real], self.side[real]), value[: len(self.link)][real])
        return both.sum(axis=1) if self.is_symmetric else both


def make_model(
    task: Task,
    *,
    is_symmetric: bool,
    forced: BoolArray | None = None,
    n_routes: int = 1,
    legs: tuple[FloatArray, FloatArray] | None = None,
    same_ends: bool = False,
) -> Model:
    """The program of ``n_routes`` walks together (one walk is exact, several are a bound).

    Parameters
    ----------
    is_symmetric
        Both directions of every link are allowed and cost the same: one column per link, further passes only.
    forced
        Further links that must be passed.
    legs
        Per node, what it costs to begin there, and to end (infinite: not allowed).  Without them an open task begins
        and ends where it says, and a closed one needs none.
    same_ends
        With ``legs``: as many routes end at a node as begin there.
    """
    required = task.required if forced is None else task.required | forced
    useful = _useful(task)
    if is_symmetric:
        link = _cheapest(task, np.flatnonzero(useful.any(axis=1)), np.zeros(0, np.int64), both_ways=True)[0]
        side = np.zeros(len(link), np.int64)
        edge_link = np.concatenate([np.flatnonzero(required), link])
        edge = np.arange(len(link)) + int(required.sum())
        base = np.concatenate([np.ones(int(required.sum())), np.zeros(len(link))])
        must = base.copy()
    else:
        own = np.flatnonzero(required)
        own_link, own_side = np.nonzero(np.isfinite(task.passing[own]))
        useful[own] = False
        link, side = np.nonzero(useful)
        link, side = _cheapest(task, link, side, both_ways=False)
        link, side = np.concatenate([own[own_link], link]), np.concatenate([own_side, side])
        edge_link, edge = np.unique(link, return_inverse=True)
        base = np.zeros(len(edge_link))
        must = required[edge_link].astype(float)
    tail = np.where(side == 0, task.tail[link], task.head[link])
    head = np.where(side == 0, task.head[link], task.tail[link])
    low = np.zeros(len(link))
    high = np.full(len(link), 2.0 if is_symmetric else np.inf)
    cost = task.passing[link, side]
    a, b = task.tail[edge_link], task.head[edge_link]
    rows = Rows()
    home = task.n_nodes
    start_node, end_node = np.full((2, len(link)), -1, np.int64)
    legs = _ends(task) if legs is None and task.is_open else legs
    needed = np.concatenate([task.needed, [legs is not None]])
    if legs is not None:
        leg_columns = []
        for is_start, price in zip((True, False), legs):
            at = np.flatnonzero(np.isfinite(price))
            first, out, only = len(cost), np.full(len(at), home), float(len(at) == 1) * n_routes
            tail = np.concatenate([tail, out if is_start else at])
            head = np.concatenate([head, at if is_start else out])
            cost = np.concatenate([cost, price[at]])
            low = np.concatenate([low, np.zeros(len(at))])
            high = np.concatenate([high, np.full(len(at), float(n_routes))])
            edge = np.concatenate([edge, len(a) + np.arange(len(at))])
            link = np.concatenate([link, np.full(len(at), -1)])
            side = np.concatenate([side, np.zeros(len(at), np.int64)])
            none = np.full(len(at), -1)
            start_node = np.concatenate([start_node, at if is_start else none])
            end_node = np.concatenate([end_node, none if is_start else at])
            a, b = np.concatenate([a, out]), np.concatenate([b, at])
            base = np.concatenate([base, np.zeros(len(at))])
            must = np.concatenate([must, np.full(len(at), only)])
            chosen = np.arange(first, len(cost))
            rows.rows.append((float(n_routes), float(n_routes), chosen, np.ones(len(at))))
            leg_columns.append(chosen)
        if same_ends:
            same = np.array([1.0, -1.0])
            rows.rows.extend((0.0, 0.0, np.array(pair), same) for pair in zip(*leg_columns))
    constant = float(task.passing[task.required, 0].sum()) + task.least_extra if is_symmetric else 0.0
    if not is_symmetric:
        position = np.full((len(task.tail), 2), -1, np.int64)
        real = np.flatnonzero(link >= 0)
        position[link[real], side[real]] = real
        first_of = np.flatnonzero(required)
        cost, low, high, constant, helpers = _inspections(task, first_of, position, cost, low, high, rows)
        n = helpers
        pad = np.full(n, -1, np.int64)
        tail, head = np.concatenate([tail, np.zeros(n, np.int64)]), np.concatenate([head, np.zeros(n, np.int64)])
        edge, link = np.concatenate([edge, pad]), np.concatenate([link, pad])
        side = np.concatenate([side, np.zeros(n, np.int64)])
        start_node, end_node = np.concatenate([start_node, pad]), np.concatenate([end_node, pad])
    kept, (tail, head, a, b) = _renumber(task.n_nodes + 1, tail, head, a, b, edge)
    program = Program(
        len(kept),
        Columns(tail, head, cost, low, high, edge.astype(np.int64)),
        Edges(a, b, base, must),
        needed[kept],
        rows,
        is_directed=not is_symmetric,
    )
    return Model(program, link, side, start_node, end_node, constant, is_symmetric)


def _ends(task: Task) -> tuple[FloatArray, FloatArray]:
    """An open walk begins and ends for nothing at its node, or anywhere that must be touched."""
    price = np.full((2, task.n_nodes), np.inf)
    for row, node in enumerate((task.start, task.end)):
        price[row, task.needed if node == FREE else node] = 0.0
    return price[0], price[1]


def _inspections(
    task: Task, required: IntArray, position: IntArray, cost: FloatArray, low: FloatArray, high: FloatArray, rows: Rows
) -> tuple[FloatArray, FloatArray, FloatArray, float, int]:
    """Each required link is passed, and inspected in a direction that is walked; a helper column where it matters."""
    constant = 0.0
    more_cost: list[float] = []
    for link in required.tolist():
        extra = task.extra[link] if task.required[link] else np.where(position[link] >= 0, 0.0, np.inf)
        able = [side for side in (0, 1) if np.isfinite(extra[side]) and position[link, side] >= 0]
        if len(able) == 1:
            low[position[link, able[0]]] = 1.0
            constant += float(extra[able[0]])
            continue
        there, back = int(position[link, 0]), int(position[link, 1])
        constant += float(extra[1])
        if extra[0] == extra[1]:
            rows.rows.append((1.0, np.inf, np.array([there, back]), np.ones(2)))
            continue
        helper = len(cost) + len(more_cost)
        more_cost.append(float(extra[0] - extra[1]))
        rows.rows.append((0.0, np.inf, np.array([there, helper]), np.array([1.0, -1.0])))
        rows.rows.append((1.0, np.inf, np.array([back, helper]), np.ones(2)))
    n = len(more_cost)
    return (
        np.concatenate([cost, more_cost]),
        np.concatenate([low, np.zeros(n)]),
        np.concatenate([high, np.ones(n)]),
        constant,
        n,
    )


def _useful(task: Task) -> BoolArray:
    """Directions of links on the chosen shortest ways between nodes that must be touched: no other deadhead pays."""
    at = np.flatnonzero(task.needed)
    _, arrived = shortest(task.ways, at)
    arcs = np.flatnonzero(useful_arcs(task.ways, arrived, at))
    useful = np.zeros((len(task.tail), 2), bool)
    useful[task.ways.link[arcs], task.ways.side[arcs]] = True
    return useful


def _cheapest(task: Task, link: IntArray, side: IntArray, *, both_ways: bool) -> tuple[IntArray, IntArray]:
    """One link per pair of nodes, the cheapest; loops lead nowhere."""
    if both_ways:
        a = np.minimum(task.tail[link], task.head[link])
        b = np.maximum(task.tail[link], task.head[link])
        side = np.zeros(len(link), np.int64)
    else:
        a = np.where(side == 0, task.tail[link], task.head[link])
        b = np.where(side == 0, task.head[link], task.tail[link])
    order = np.lexsort((link, task.passing[link, side], b, a))
    order = order[a[order] != b[order]]
    leads = np.ones(len(order), bool)
    leads[1:] = (a[order][1:] != a[order][:-1]) | (b[order][1:] != b[order][:-1])
    kept = np.sort(order[leads])
    return link[kept], side[kept]


def _renumber(
    n: int, tail: IntArray, head: IntArray, a: IntArray, b: IntArray, edge: IntArray
) -> tuple[IntArray, tuple[IntArray, IntArray, IntArray, IntArray]]:
    """Number only the nodes that links touch."""
    kept = np.unique(np.concatenate([a, b]))
    number = np.full(n, 0, np.int64)
    number[kept] = np.arange(len(kept))
    return kept, (number[tail], number[head], number[a], number[b])
