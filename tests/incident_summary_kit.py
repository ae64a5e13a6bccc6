"""A made-up summary of a month on the random plan of tests/maps/plans.py, with every part filled."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np

from partition.filed import FiledPlan
from partition.incidents.compare import Change
from partition.incidents.flags import FlagFigures
from partition.incidents.periods import Period, period_of
from partition.incidents.ranking import STEPS
from partition.incidents.rates import Tally
from partition.incidents.summary import AreaRow, Beside, GroupRow, IncidentSummary, RankRow, Step

TIANMEN = Tally(received=980, cancelled=7, duplicates=12, received_handled=918, due=972, due_handled=911,
                due_in_time=737, arrive_due=980, arrived_in_time=900, handled=930, settled=(700, 150, 60, 20),
                open=61, overdue=33)  # fmt: skip
"""911/972 = 93.72 % and 737/972 = 75.82 %."""


def made_summary(filed: FiledPlan, seed: int = 1, **changes: Any) -> IncidentSummary:
    """A November with the totals of `TIANMEN`; changes of -17, -38 and -100 %; three steps of streaks."""
    rng = np.random.default_rng(seed)
    period = period_of("month", date(2026, 11, 22))
    counts = ((83, 100), (62, 100), (0, 9), (30, 0), (12, 12))
    kinds = ("盗窃", "诈骗", "抢劫", "=1+1</script>", "路面破损")
    grids = [str(code) for code in filed.grids["code"]]
    areas = []
    for k, (code, name, community, households) in enumerate(
        zip(grids, filed.grids["name"], filed.grids["community"], filed.grids["households"])
    ):
        n = int(rng.poisson(16))
        tally = Tally(received=n, due=n, due_handled=n - n // 9, due_in_time=n - n // 5)
        rate = n / households * 1000 if households else None
        smooth = None if rate is None else 0.5 * rate + 20.0
        areas.append(
            AreaRow(
                code,
                name or "",
                str(community),
                float(households),
                tally,
                rate,
                smooth,
                k % 7 == 0,
                ("hot_99", "cold_95", "", "")[k % 4],
            )
        )
    ranked = [RankRow(k + 1, code, "", 99.5 - k, max(0, k - len(grids) + 4), "") for k, code in enumerate(grids)]
    ranked = [RankRow(r.place, r.code, r.name, r.score, r.streak, STEPS[r.streak]) for r in ranked]
    made = IncidentSummary(
        period=period,
        compared=Period("month", date(2025, 11, 1), date(2025, 11, 30)),
        zone="Asia/Shanghai",
        made_at="2026-12-01T08:00:00+08:00",
        plans=("p-20260101-abc",),
        totals=TIANMEN,
        change=Change(980, 1180),
        steps=tuple(Step(f"11-{d:02d}", int(rng.poisson(32)), int(rng.poisson(30))) for d in range(1, 31)),
        kinds=tuple(
            GroupRow(
                kind,
                Tally(received=now, due=now, due_handled=now - now // 8, due_in_time=now // 2),
                Change(now, before),
                {"zh": kind, "en": "Theft"} if kind == "盗窃" else {},
            )
            for kind, (now, before) in zip(kinds, counts)
        ),
        sources=(GroupRow("phone", Tally(received=980, due=972, due_handled=911, due_in_time=737), Change(980, 1180)),),
        areas=tuple(areas),
        ranking=tuple(ranked),
        flags=FlagFigures(before=181, raised=0, cleared=181, open=0, overdue=0, ages=(0, 0, 0, 0), oldest_days=None),
        beside=Beside(
            hours=28577.0,
            km=85732.0,
            shifts=41959,
            sweeps=14,
            vehicles=247,
            people=1499,
            buildings=1987,
            problems=558,
            buildings_per_sweep="142",
            problems_per_building="0.28",
        ),
        households_basis="registered",
        version="0.1.0",
    )
    return replace(made, **changes)
