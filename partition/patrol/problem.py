"""One patrol task in numbers: what may be passed, what must be inspected, from where, and in how much time.

The problem never changes while it is solved.  It knows no geometry: `partition.patrol.pose` makes it out of a street
network and a grid's beat, and the routes that come out name its links by position.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from gis.errors import Fault, InputError
from gis.graph import BoolArray, FloatArray, Int32Array


@dataclass(frozen=True, slots=True)
class PatrolProblem:
    """One grid (or any set of streets) to be patrolled.  Arrays are read-only.

    Attributes
    ----------
    n_nodes
        Nodes are numbered from 0.
    tail, head
        Per link: node numbers.  Parallel links and loops are allowed; a street whose two sides must be passed is two
        parallel links.
    length_m
        Per link.
    passing_s, inspecting_s
        ``(links, 2)``: seconds without and with inspection; column 0 from tail to head, 1 back; infinite where
        forbidden.
    required
        Per link: must be inspected once, in either allowed direction.
    stop_node, stop_s
        Key places: node and seconds of dwell; each must be visited.
    posts
        Nodes where a patrol may begin and end; a closed route ends where it began.  Empty: anywhere.
    shift_s
        Longest route allowed, in seconds; infinite for none.
    n_patrollers
        Number of routes wanted; 0: as few as the shift allows.
    is_open
        Routes need not come back to where they began.
    """

    n_nodes: int
    tail: Int32Array
    head: Int32Array
    length_m: FloatArray
    passing_s: FloatArray
    inspecting_s: FloatArray
    required: BoolArray
    stop_node: Int32Array
    stop_s: FloatArray
    posts: Int32Array
    shift_s: float = np.inf
    n_patrollers: int = 0
    is_open: bool = False

    def __post_init__(self) -> None:
        for name in (f.name for f in fields(self)):
            value = getattr(self, name)
            if isinstance(value, np.ndarray):
                value.setflags(write=False)
        m = len(self.tail)
        for name in ("head", "length_m", "passing_s", "inspecting_s", "required"):
            if len(getattr(self, name)) != m:
                raise ValueError(f"{name} has {len(getattr(self, name))} entries for {m} links")
        faults = [
            Fault("patrol_cost_not_a_number", {"column": name, "row": int(row), "measured": float(values[row])})
            for name, values in self._costs()
            for row in np.flatnonzero(np.isnan(values) | (values < 0))[:20]
        ]
        if faults:
            raise InputError.of(faults)

    def _costs(self) -> list[tuple[str, FloatArray]]:
        return [
            ("length_m", self.length_m),
            ("passing_s forward", self.passing_s[:, 0]),
            ("passing_s back", self.passing_s[:, 1]),
            ("inspecting_s forward", self.inspecting_s[:, 0]),
            ("inspecting_s back", self.inspecting_s[:, 1]),
            ("stop_s", self.stop_s),
        ]

    @property
    def n_links(self) -> int:
        """Number of links."""
        return len(self.tail)

    @property
    def is_symmetric(self) -> bool:
        """Both directions of every link are allowed and cost the same."""
        return bool(
            np.array_equal(self.passing_s[:, 0], self.passing_s[:, 1])
            and np.array_equal(self.inspecting_s[:, 0], self.inspecting_s[:, 1])
            and np.isfinite(self.passing_s).all()
        )


@dataclass(frozen=True, slots=True)
class Route:
    """One patroller's walk through a problem.

    Attributes
    ----------
    link
        Position of every link passed, in order; consecutive links share the node between them.
    is_back
        Per step: passed from head to tail.
    inspects
        Per step: this pass inspects the link (False: deadhead).
    stop, stop_step
        Key places visited, in order: position in the problem's stops, and before which step (``len(link)``: at the
        end).  A route without any step may still visit a stop at its node.
    start_node, end_node
        Where it begins and ends.
    seconds, length_m, required_m
        Whole time with dwell, whole length, and the metres inspected.
    """

    link: Int32Array
    is_back: BoolArray
    inspects: BoolArray
    stop: Int32Array
    stop_step: Int32Array
    start_node: int
    end_node: int
    seconds: float
    length_m: float
    required_m: float

    @property
    def deadhead_m(self) -> float:
        """Metres walked without inspecting."""
        return self.length_m - self.required_m


@dataclass(frozen=True, slots=True)
class Unreachable:
    """A required link or stop that no route can hold, and why.

    ``reason`` is a code: ``patrol_not_connected`` (no way from the post), ``patrol_one_way_trap`` (one can get in but
    not out, or out but not in), ``patrol_beyond_shift`` (there and back takes longer than a shift),
    ``patrol_needs_another`` (hangs together with none of the rest: one more patroller than asked for could do it).
    """

    link: int
    stop: int
    reason: str
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class PatrolResult:
    """Routes with their bound.  A patrol that does not fit is a result, not an error.

    Attributes
    ----------
    routes
        One per patroller.
    unreachable
        What is in no route, with the reason.
    bound_s, bound_m
        No set of this many routes that covers what is reachable takes less time, or fewer metres, in all.
    longest_bound_s
        No set of this many routes has a shorter longest route.
    proof
        ``matching``, ``flow`` or ``mip`` when the routes are proved shortest; ``none`` when only the bound holds.
    method
        Which search found the routes.
    shift_s_needed
        Shift in seconds that would do with the patrollers asked for; 0 when they suffice.
    n_patrollers_needed
        Patrollers that would do with this shift; 0 when those asked for suffice.
    """

    routes: tuple[Route, ...]
    unreachable: tuple[Unreachable, ...]
    bound_s: float
    bound_m: float
    longest_bound_s: float
    proof: str
    method: str
    shift_s_needed: float = 0.0
    n_patrollers_needed: int = 0

    def bound_share_m(self, route: Route) -> float:
        """The share of ``bound_m`` that falls to one of the routes, by its length: the shares add up to the bound."""
        total_m = sum(one.length_m for one in self.routes)
        return self.bound_m * route.length_m / total_m if total_m > 0 else 0.0
