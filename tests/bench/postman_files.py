"""Published rural and mixed postman instances: three layouts, told apart by what is in them.

Read by digits, for headers are cut off and lines padded in the wild: windy links as ``(u,v) coste c_uv c_vu`` where
9999 or 99999999 forbids a direction; comma-separated links with a one-way flag; arcs with a required flag.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from partition.patrol.problem import PatrolProblem

FORBIDDEN = {9999, 99999999}


@dataclass(frozen=True, slots=True)
class Link:
    """Ends as numbered in the file, cost there and back (``None``: forbidden), and whether it must be passed."""

    u: int
    v: int
    there: int | None
    back: int | None
    is_required: bool


def read_links(path: Path) -> list[Link]:
    """The links of one file.

    Raises
    ------
    ValueError
        When fewer or more rows are found than the header announces.
    """
    text = path.read_text(encoding="latin-1").replace("\x1a", "")
    if "(" in text and "REQ" in text:
        return _windy(text)
    if "," in text.partition("\n")[0]:
        return _flagged(text)
    return _arcs(text)


def _windy(text: str) -> list[Link]:
    announced: list[int] = []
    rows: list[list[int]] = []
    for line in text.splitlines():
        if line.strip().startswith("("):
            rows.append([int(digits) for digits in re.findall(r"\d+", line)][:4])
        elif "REQ" in line and "LISTA" not in line:
            announced += [int(digits) for digits in re.findall(r"\d+", line)]
    if len(rows) != sum(announced):
        raise ValueError(f"{len(rows)} links where {sum(announced)} are announced")
    return [
        Link(u, v, None if there in FORBIDDEN else there, None if back in FORBIDDEN else back, k < announced[0])
        for k, (u, v, there, back) in enumerate(rows)
    ]


def _flagged(text: str) -> list[Link]:
    rows = list(csv.reader(text.splitlines()))
    n_links = int(rows[0][-1])
    links = [(int(r[0]), int(r[1]), int(r[2]), r[4].strip() == "1") for r in rows[1 : n_links + 1]]
    return [Link(u, v, cost, None if is_one_way else cost, True) for u, v, cost, is_one_way in links]


def _arcs(text: str) -> list[Link]:
    """Sizes of the pieces may go over several lines, and some headers count one arc too few: rows are what counts."""
    lines = [[int(digits) for digits in re.findall(r"\d+", line)] for line in text.splitlines() if line.strip()]
    n_arcs, n_pieces, n_sizes, first = lines[2][0], lines[3][0], 0, 4
    while n_sizes < n_pieces:
        n_sizes += len(lines[first])
        first += 1
    rows = lines[first:]
    if abs(len(rows) - n_arcs) > 1:
        raise ValueError(f"{len(rows)} arcs where {n_arcs} are announced")
    return [Link(u, v, cost, None, required == 1) for u, v, cost, required in rows]


def make_problem(links: list[Link]) -> PatrolProblem:
    """One closed walk from anywhere; node 0 stands for node 1 of the file."""
    cost = np.array(
        [[np.inf if value is None else float(value) for value in (link.there, link.back)] for link in links]
    )
    none = np.zeros(0)
    return PatrolProblem(
        max(max(link.u, link.v) for link in links),
        np.array([link.u - 1 for link in links], np.int32),
        np.array([link.v - 1 for link in links], np.int32),
        cost.min(axis=1),
        cost,
        cost.copy(),
        np.array([link.is_required for link in links]),
        none.astype(np.int32),
        none,
        none.astype(np.int32),
    )


def retrace(links: list[Link], walk: list[int]) -> int:
    """Cost of a walk through the numbers of the file, by the file alone.

    Of parallel links those still to be passed come first, then the cheapest.

    Raises
    ------
    AssertionError
        When it leaves the links, does not come back, or passes a required one never.
    """
    assert walk[0] == walk[-1]
    by_pair: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for k, link in enumerate(links):
        for u, v, cost in ((link.u, link.v, link.there), (link.v, link.u, link.back)):
            if cost is not None:
                by_pair.setdefault((u, v), []).append((cost, k))
    to_pass = {k for k, link in enumerate(links) if link.is_required}
    total = 0
    for pair in pairwise(walk):
        cost, k = min(by_pair[pair], key=lambda choice: (choice[1] not in to_pass, choice[0]))
        to_pass.discard(k)
        total += cost
    assert not to_pass, f"never passed: {sorted(to_pass)}"
    return total
