"""Independent check of a patrol: the routes against the network, the beat and the problem, by recounting.

It knows nothing of how routes are found and shares no code with what finds them.  Ways are walked again, on the
network's own links and geometry; metres and seconds are added up again; what is said to be out of reach is searched
for again.  A patrol that does not fit its shift is no fault as long as it says so.
"""

from __future__ import annotations

from dataclasses import dataclass

from gis.errors import Fault
from partition.patrol.check.beat import BeatBook, Posing, problem_faults
from partition.patrol.check.terms import fault
from partition.patrol.check.walk import Walk, gap_faults, wrong_numbers
from partition.patrol.check.whole import coverage_faults, inspections, listed_links, promise_faults, reason_faults
from partition.patrol.problem import PatrolProblem, PatrolResult

__all__ = ["BeatBook", "PatrolCheck", "Posing", "check_patrol"]


@dataclass(frozen=True, slots=True)
class PatrolCheck:
    """What the check found, and what it counted.

    Attributes
    ----------
    faults
        Everything that does not hold, by code.
    required_m
        Metres that the grid's beat asks for; the sides of a street with two sides count each.
    covered_m, unreachable_m
        Metres of these that some route inspects, and that are listed as out of reach.
    length_m, seconds, longest_s
        Of all routes, recounted; of the longest one.
    """

    faults: tuple[Fault, ...]
    required_m: float
    covered_m: float
    unreachable_m: float
    length_m: float
    seconds: float
    longest_s: float

    @property
    def passed(self) -> bool:
        """Nothing is wrong."""
        return not self.faults


def check_patrol(
    book: BeatBook,
    grid: str,
    problem: PatrolProblem,
    posing: Posing,
    result: PatrolResult,
    *,
    snap_m: float = 2.0,
) -> PatrolCheck:
    """Check the patrol of one grid.

    Parameters
    ----------
    book
        The streets, and which of them are whose.
    grid
        Code of the grid.
    problem, posing
        What was solved, and where its links, nodes and stops lie on the network.
    result
        Routes, what is out of reach, bounds.
    snap_m
        How far ends of streets may lie from the node they were joined in.
    """
    faults = [*problem_faults(book, grid, problem, posing)]
    for number, route in enumerate(result.routes, start=1):
        if wrong_numbers(problem, route):
            faults.append(fault("patrol_check_numbers", row=number))
            continue
        faults += Walk(problem, route, number).faults()
        faults += gap_faults(book.network, posing, route, number, snap_m)
    faults += coverage_faults(problem, result)
    faults += reason_faults(problem, result)
    faults += promise_faults(problem, result)
    named = [Fault(f.code, {"id": grid, **f.facts}) for f in faults]
    inspected = inspections(problem, result) > 0
    listed = listed_links(problem, result)
    walks = [Walk(problem, route, 0) for route in result.routes if not wrong_numbers(problem, route)]
    seconds = [walk.seconds for walk in walks]
    return PatrolCheck(
        tuple(named),
        required_m=book.required_m(grid),
        covered_m=float(problem.length_m[problem.required & inspected].sum()),
        unreachable_m=float(problem.length_m[problem.required & listed & ~inspected].sum()),
        length_m=float(sum(walk.length_m for walk in walks)),
        seconds=float(sum(seconds)),
        longest_s=float(max(seconds, default=0.0)),
    )
