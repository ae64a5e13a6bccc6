"""Recount a siting from the problem alone; shares nothing with the solvers.

Plain loops on purpose: slow, short, and easy to follow.
"""

from __future__ import annotations

import math

from partition.coverage.posts.types import Goal, PostProblem, PostSiting


def recount(problem: PostProblem, siting: PostSiting) -> list[str]:
    """What is wrong with a siting, in words for a developer; empty: nothing."""
    faults = []
    n_demand, n_sites = problem.cost.shape
    sites = [int(site) for site in siting.sites]
    fixed = {int(site) for site in problem.fixed}
    if sites != sorted(set(sites)) or any(not 0 <= site < n_sites for site in sites):
        faults.append(f"sites are not ascending numbers of sites: {sites}")
    if not fixed <= set(sites):
        faults.append(f"fixed sites are missing: {sorted(fixed - set(sites))}")
    if siting.goal is not Goal.COVER and len(sites) > max(problem.p, len(fixed)):
        faults.append(f"{len(sites)} sites where {problem.p} are allowed")
    in_time = siting.goal in (Goal.COVER, Goal.MOST)
    limit = problem.limit if in_time else math.inf
    wanted = problem.backup if in_time else 1
    limited = problem.capacity is not None and siting.goal in (Goal.MEDIAN, Goal.MOST)
    load = dict.fromkeys(sites, 0.0)
    longest, summed, reached, lost = 0.0, 0.0, 0.0, set()
    for i in range(n_demand):
        times = [float(t) for t in problem.cost[i]]
        close = [j for j in range(n_sites) if math.isfinite(times[j]) and times[j] <= limit]
        is_lost = len(close) < wanted
        if is_lost:
            lost.add(i)
        open_ = [j for j in close if j in load]
        by = int(siting.assignment[i])
        if by >= 0:
            if len(open_) < wanted or by not in open_:
                faults.append(f"demand {i} is served by {by}, which may not")
                continue
            if not limited and times[by] > min(times[j] for j in open_):
                faults.append(f"demand {i} is served by {by}, which is not the nearest")
            load[by] += float(problem.weight[i])
            longest = max(longest, times[by])
            summed += float(problem.weight[i]) * times[by]
            reached += float(problem.weight[i])
        elif not limited and len(open_) >= wanted:
            faults.append(f"demand {i} is not served, though it could be")
        elif siting.goal is Goal.CENTER and not is_lost:
            longest = math.inf
        elif siting.goal is Goal.COVER and not is_lost:
            faults.append(f"demand {i} is not covered")
    if limited and problem.capacity is not None:
        for site, taken in load.items():
            if taken > float(problem.capacity[site]) * (1 + 1e-9):
                faults.append(f"site {site} serves {taken} of at most {problem.capacity[site]}")
    if {int(i) for i in siting.unreachable} != lost:
        faults.append("the list of demand that nobody reaches is wrong")
    count = {
        Goal.CENTER: longest,
        Goal.MEDIAN: summed,
        Goal.COVER: float(len(sites)),
        Goal.MOST: reached,
    }[siting.goal]
    if not _same(count, siting.objective):
        faults.append(f"the objective is {count}, not {siting.objective}")
    better = siting.bound > siting.objective if siting.goal is not Goal.MOST else siting.bound < siting.objective
    if better and not _same(siting.bound, siting.objective):
        faults.append(f"the objective {siting.objective} is beyond its bound {siting.bound}")
    if siting.is_proved and not _same(siting.bound, siting.objective):
        faults.append("said to be proved, though the bound is not reached")
    if set(siting.gain) != set(sites) - fixed:
        faults.append("gains are not those of the new sites")
    return faults


def _same(a: float, b: float) -> bool:
    return a == b or math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-9)
