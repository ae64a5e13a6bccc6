"""spopt's maximal covering model on one siting problem, in an environment of its own: ``PROBLEM.npz P SECONDS``.

Nothing of gridwright is imported here.  ``PROBLEM.npz`` holds ``sees`` (points by poses, 0 or 1) and ``weight``.
Prints a JSON line: weight covered, counted again from the poses, and seconds of the processor.
"""

from __future__ import annotations

import json
import resource
import sys
import warnings

import numpy as np
import pulp
from spopt.locate import MCLP


def spent() -> float:
    """Seconds of the processor, of this process and of those it has waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def main() -> None:
    """Answer one question."""
    warnings.simplefilter("ignore")
    path, p, limit_s = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    given = np.load(path)
    sees, weight = given["sees"], given["weight"]
    begin = spent()
    model = MCLP.from_cost_matrix(np.where(sees, 0.0, 1.0), weight, 0.5, p_facilities=p)
    model.problem.solve(pulp.PULP_CBC_CMD(msg=False, timeLimit=limit_s, threads=1))
    taken = spent() - begin
    chosen = [j for j, pose in enumerate(model.fac_vars) if pose.value() is not None and pose.value() > 0.5]
    worth = float(weight[sees[:, chosen].any(axis=1)].sum()) if chosen else None
    is_proved = worth is not None and model.problem.sol_status == pulp.LpSolutionOptimal
    print(json.dumps({"worth": worth, "is_proved": is_proved, "seconds": round(taken, 2)}))


if __name__ == "__main__":
    main()
