"""The job behind the merger wizard: the trade-off curve of a re-draw, its plans kept until one is chosen.

No plan appears in the list of plans before somebody chooses a point (`api.usecases.choose_point`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from api.jobs.hold import Hold
from api.jobs.inputs import digest_of_inputs, moment_of, read_plan_and_territory, rules_of_params, seconds_left
from api.usecases.choose_point import file_of_point
from api.usecases.packed_plans import pack_plan
from api.usecases.reckon_mergers import refuse_apart, refuse_mixed
from api.usecases.run_frontier import Weighed, run_frontier
from api.usecases.run_redraw import lay_ground
from data.store import Tx
from gis.report import QualityReport
from gis.territory import Territory
from partition.executor import Executor
from partition.filed import FiledPlan


class Frontier:
    """Points of the trade-off; params as of `api.jobs.params.frontier_params`."""

    def __init__(self, hold: Hold, executor: Executor) -> None:
        self._hold, self._executor = hold, executor
        self._params = hold.card.params
        self._digest = ""  # of the inputs, once they are read
        self._inputs: tuple[FiledPlan, Territory] | None = None
        self._points: list[Weighed] | None = None

    def prepare(self) -> str:
        """See `api.jobs.work.Work.prepare`."""
        if not self._digest:
            old, territory = self._read()
            params = {**self._params, "content": old.meta.get("plan_id", "")}
            self._digest = digest_of_inputs(territory.content_hash(), params)
        return self._digest

    def solve(self) -> Mapping[str, Any]:
        """See `api.jobs.work.Work.solve`."""
        points = self._compute()
        plans = [point.filed.meta["plan_id"] for point in points if point.filed is not None]
        content = digest_of_inputs("", {"plans": plans})
        return {"content": content, "is_cut_short": any(point.is_cut_short for point in points)}

    def save(self, tx: Tx) -> Mapping[str, Any]:
        """See `api.jobs.work.Work.save`."""
        points = self._compute()
        shown = []
        for number, point in enumerate(points, 1):
            if point.filed is not None:
                tx.jobs.files.keep(self._hold.card.id, file_of_point(number), pack_plan(point.filed))
            shown.append({"number": number, **_figures(point)})
        touched = sorted({code for point in points for code in point.touched})
        return {"points": shown, "communities": touched}

    def _read(self) -> tuple[FiledPlan, Territory]:
        if self._inputs is None:
            self._inputs = read_plan_and_territory(self._hold)
        return self._inputs

    def _compute(self) -> list[Weighed]:
        if self._points is None:
            hold, params = self._hold, self._params
            old, territory = self._read()
            rules = rules_of_params(params, old)
            quality = QualityReport()
            refuse_mixed(territory, params["merge"])
            ground = lay_ground(old, territory, rules, params["merge"], quality, hold)
            refuse_apart(quality)
            # One point is one step; what each does inside would tell the same stages again and again.
            hold.stage("stage_frontier", len(params["weights"]))
            points = []
            for point in run_frontier(
                ground,
                weights=params["weights"],
                seed=params["seed"],
                seconds=seconds_left(hold),
                workers=self._executor.workers,
                executor=self._executor,
                locks=tuple(params["locks"]),
                moment=moment_of(ground.territory),
                is_called_off=hold.is_called_off,
                known=hold.answers,
            ):
                points.append(point)
                hold.advance()
            hold.check()
            self._points = points
        return self._points


def _figures(point: Weighed) -> dict[str, Any]:
    """What the wizard shows of a point."""
    plain = {
        name: getattr(point, name)
        for name in (
            *("change_weight", "moved", "moved_frac", "moved_at_least", "border_km", "grids"),
            *("in_band_frac", "households_cv", "polsby_popper", "is_cut_short", "same_as"),
        )
    }
    return {**plain, "here": None if point.here is None else asdict(point.here)}
