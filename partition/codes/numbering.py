"""Grid codes of profile ``stat15``: community code and a sequence number.

Standard and rural grids are numbered 001-599, dedicated ones 600-899.  This room numbers a first plan, from north
to south in rows of the median grid height and west to east in a row.  A community with more grids than the range
holds gets one more digit (0001-5999, 6000-8999), all of them alike.
"""

from __future__ import annotations

import re

import numpy as np

from gis.graph import BoolArray, FloatArray, IntArray
from partition.codes.register import digits_for


def number_grids(x_m: FloatArray, y_m: FloatArray, height_m: FloatArray) -> IntArray:
    """Rank of each grid of a community in reading order: rows north to south, west to east, ties by x then y."""
    if len(x_m) == 0:
        return np.zeros(0, np.int64)
    row_height = max(float(np.median(height_m)), 1.0)
    # The first row is centred on the northernmost grid.
    row = np.floor((y_m.max() - y_m) / row_height + 0.5)
    order = np.lexsort((y_m, x_m, row))
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    return rank


def stat15(community: str, x_m: FloatArray, y_m: FloatArray, height_m: FloatArray, dedicated: BoolArray) -> list[str]:
    """Codes of the grids of one community, first numbering.

    Parameters
    ----------
    community
        Official code of the community (12 digits in China; any text is kept as it is).
    x_m, y_m, height_m
        Centre and height of each grid.
    dedicated
        Whether the grid is a dedicated one.
    """
    n_dedicated = int(dedicated.sum())
    digits = digits_for(len(dedicated) - n_dedicated, n_dedicated)
    number = np.zeros(len(dedicated), np.int64)
    number[~dedicated] = 1 + number_grids(x_m[~dedicated], y_m[~dedicated], height_m[~dedicated])
    number[dedicated] = 6 * 10 ** (digits - 1) + number_grids(x_m[dedicated], y_m[dedicated], height_m[dedicated])
    return [f"{community}{int(i):0{digits}d}" for i in number]


def is_well_formed(code: str, community: str, kind: str) -> bool:
    """Whether a code is the community's code and a number of the range of its kind."""
    if not code.startswith(community):
        return False
    tail = code[len(community) :]
    if not re.fullmatch(r"[0-9]{3,6}", tail) or int(tail) == 0:
        return False
    first = tail[0]
    return "6" <= first <= "8" if kind == "dedicated" else first <= "5"
