"""Parts of lines between metres along them, many at once."""

from __future__ import annotations

import numpy as np
import shapely

from gis.graph import FloatArray, IntArray
from gis.streets.network import ObjectArray


def parts_of(lines: ObjectArray, which: IntArray, from_m: FloatArray, to_m: FloatArray) -> ObjectArray:
    """Line pieces.

    Parameters
    ----------
    lines
        LineStrings.
    which, from_m, to_m
        Per piece: its line, and where it begins and ends, ``from_m < to_m``; beyond an end of the line is at the end.

    Returns
    -------
    ObjectArray
        LineStrings, in the direction of their lines.
    """
    if not len(which):
        return np.empty(0, dtype=object)
    xy, piece = shapely.get_coordinates(lines[which], return_index=True)
    n = np.bincount(piece, minlength=len(which))
    first = np.cumsum(n) - n
    step = np.concatenate([[0.0], np.hypot(*np.diff(xy, axis=0).T)])
    step[first] = 0.0
    along = np.cumsum(step)
    along -= along[first][piece]
    length = along[first + n - 1]
    begin, end = np.clip(from_m, 0.0, length), np.clip(to_m, 0.0, length)
    # One number line for all pieces, so that one search finds every cut.
    base = np.cumsum(length + 1.0) - (length + 1.0)
    place = base[piece] + along
    cut = np.stack([begin, end], axis=1)
    after = np.searchsorted(place, base[:, None] + cut)
    after = np.clip(after, (first + 1)[:, None], (first + n - 1)[:, None])
    low = place[after - 1] - base[:, None]
    gap = np.maximum(place[after] - place[after - 1], 1e-12)
    share = np.clip((cut - low) / gap, 0.0, 1.0)[..., None]
    ends = xy[after - 1] + share * (xy[after] - xy[after - 1])
    inner = (along > begin[piece]) & (along < end[piece])
    number = np.concatenate([np.arange(len(which)), piece[inner], np.arange(len(which))])
    order = np.argsort(number, kind="stable")
    points = np.concatenate([ends[:, 0], xy[inner], ends[:, 1]])[order]
    pieces: ObjectArray = np.asarray(shapely.linestrings(points, indices=number[order]), dtype=object)
    return pieces
