"""spopt on one question about posts, in a process and an environment of its own: ``COST.npy median|center P SECONDS``.

Nothing of gridwright is imported here.  Prints a JSON line: the objective counted again from the sites, whether it is
said to be the best, and seconds of the processor, those of the CBC that pulp starts included.
"""

from __future__ import annotations

import json
import resource
import sys
import warnings

import numpy as np
import pulp
from spopt.locate import PCenter, PMedian


def spent() -> float:
    """Seconds of the processor, of this process and of those it has waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def main() -> None:
    """Answer one question."""
    warnings.simplefilter("ignore")
    path, kind, p, limit_s = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
    cost = np.load(path)
    begin = spent()
    if kind == "median":
        model = PMedian.from_cost_matrix(cost, np.ones(len(cost)), p_facilities=p)
    else:
        model = PCenter.from_cost_matrix(cost, p_facilities=p)
    model.problem.solve(pulp.PULP_CBC_CMD(msg=False, timeLimit=limit_s, threads=1))
    taken = spent() - begin
    chosen = [j for j, site in enumerate(model.fac_vars) if site.value() is not None and site.value() > 0.5]
    found = None
    if len(chosen) == p:
        near = cost[:, chosen].min(axis=1)
        found = float(near.sum() if kind == "median" else near.max())
    is_proved = found is not None and model.problem.sol_status == pulp.LpSolutionOptimal
    print(json.dumps({"objective": found, "is_proved": is_proved, "seconds": round(taken, 3)}))


if __name__ == "__main__":
    main()
