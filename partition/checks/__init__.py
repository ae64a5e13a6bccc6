"""The independent verifier: a filed plan against its territory and rules, by geometry, sharing no code with the solver.

Two kinds of findings are kept apart.  *Faults* are lies of the plan: gaps, overlaps, wrong sums, missing members.
*Broken rules* are what the plan itself declares (a grid out of band with its reason, a joined part).
"""

from partition.checks.report import CheckReport
from partition.checks.succession import check_succession
from partition.checks.verify import verify

__all__ = ["CheckReport", "check_succession", "verify"]
