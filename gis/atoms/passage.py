"""Which contacts can be passed, once land without people is taken care of."""

from __future__ import annotations

import numpy as np

from gis.adjacency import Contacts, parts_of
from gis.enclose import in_steps
from gis.graph import BoolArray, IntArray


def hang_empty_land(touch: Contacts, households: IntArray) -> BoolArray:
    """Passability of each contact; a part of the land without households gets one way in.

    Barriers leave parts that nobody lives on (the water between two banks, a railway yard) cut off from
    everything.  Each such part is hung on the neighbour it touches longest: one contact becomes passable.  Being
    a dead end it joins nothing else.
    """
    n = len(households)
    passable = touch.is_passable.copy()
    while True:
        part = parts_of(n, touch.a[passable], touch.b[passable])
        n_parts = int(part.max(initial=-1)) + 1
        empty = np.bincount(part, weights=households, minlength=n_parts) == 0
        one, two = part[touch.a], part[touch.b]
        # From an empty part into any other; parts with people first, then by length, then by order.
        edge = np.concatenate([np.arange(len(one)), np.arange(len(one))])
        source, target = np.concatenate([one, two]), np.concatenate([two, one])
        keep = empty[source] & (source != target)
        edge, source, target = edge[keep], source[keep], target[keep]
        if not len(edge):
            return passable
        order = np.lexsort((edge, -in_steps(touch.length_m[edge]), empty[target], source))
        chosen = order[np.unique(source[order], return_index=True)[1]]
        into_people = ~empty[target[chosen]]
        if into_people.any():
            chosen = chosen[into_people]  # empty parts behind them hang on in the next round
        passable[edge[chosen]] = True
