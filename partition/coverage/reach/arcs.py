"""Links as arcs to travel along, by the node they leave; ready for many searches.

Responders travel *towards* an incident.  Who asks "how soon are posts everywhere" spreads forward from the posts, along
the arcs as they may be driven; who asks "who is soonest here" spreads from the incident along the arcs reversed.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from gis.errors import Fault, InputError
from gis.graph import BoolArray, FloatArray, Int32Array, IntArray
from gis.streets.network import StreetNetwork
from partition.coverage.reach.kernels import gather


@dataclass(frozen=True, slots=True)
class Arcs:
    """Arcs by the node they leave.  Arrays are read-only.

    Attributes
    ----------
    start
        ``nodes + 1``: the arcs of node ``v`` are ``start[v]:start[v + 1]``.
    to, seconds
        Per arc: node entered, and travelling time without any band's factor.
    link, is_back
        Per arc: link of the network, and whether it is passed from head to tail.
    """

    start: IntArray
    to: Int32Array
    seconds: FloatArray
    link: Int32Array
    is_back: BoolArray

    def __post_init__(self) -> None:
        for name in (f.name for f in fields(self)):
            getattr(self, name).setflags(write=False)

    @classmethod
    def of(cls, network: StreetNetwork, *, is_reversed: bool = False) -> Arcs:
        """Arcs of every link that may be passed, each by itself; reversed: from its end to its beginning.

        Raises
        ------
        InputError
            ``reach_time_wrong``: a travelling time that is negative or no number.
        """
        wrong = np.flatnonzero(~(network.passing_s >= 0).all(axis=1))
        if len(wrong):
            raise InputError.of(
                Fault("reach_time_wrong", {"id": network.link_ids[k], "measured": float(network.passing_s[k].min())})
                for k in wrong.tolist()
            )
        return cls(*gather(network.tail, network.head, network.passing_s, network.n_nodes, is_reversed))
