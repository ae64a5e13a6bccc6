"""The job behind "solve" on the planner's desk: part of a plan cut anew, its answer kept as a proposal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from weakref import WeakKeyDictionary

from api.jobs.hold import Hold
from api.jobs.inputs import digest_of_inputs, seconds_left
from api.usecases.plan_desk import Desk, Place
from api.usecases.solve_part import Asked, ask_part, solve_part
from data.store import SqlStore, Tx
from gis.errors import Conflict
from partition.edits import Sheet
from partition.executor import Executor
from partition.zoning.resolved import Aim

_DESKS: WeakKeyDictionary[SqlStore, Desk] = WeakKeyDictionary()
"""Per store what plans lie on: whoever solves three grids will solve the next three on the same ground."""


class Solve:
    """A proposal; params as of `api.jobs.params.solve_params`."""

    def __init__(self, hold: Hold, executor: Executor) -> None:
        self._hold, self._executor = hold, executor
        self._params = hold.card.params
        self._inputs: tuple[Place, Sheet, Asked] | None = None
        self._found: dict[str, Any] | None = None

    def prepare(self) -> str:
        """See `api.jobs.work.Work.prepare`."""
        place, _, asked = self._read()
        return digest_of_inputs(place.territory.content_hash(), {**self._params, "state": asked.state})

    def solve(self) -> Mapping[str, Any]:
        """See `api.jobs.work.Work.solve`."""
        found = self._compute()
        content = digest_of_inputs("", {"pieces": found["pieces"]})
        return {"content": content, "is_cut_short": found["stopped_by"] in ("clock", "worker")}

    def save(self, tx: Tx) -> Mapping[str, Any]:
        """See `api.jobs.work.Work.save`; nothing but the proposal is kept."""
        return {"plan": self._params["plan"], "revision": self._params["revision"], **self._compute()}

    def _read(self) -> tuple[Place, Sheet, Asked]:
        """What was asked about, as long as nobody touched it.

        Raises
        ------
        Conflict
            ``solve_outdated``.
        """
        if self._inputs is None:
            hold, params = self._hold, self._params
            desk = _DESKS.setdefault(hold.store, Desk(hold.store))  # type: ignore[arg-type]
            hold.stage("stage_solve_ground")
            place = desk.place(params["plan"], hold.card.jurisdiction)
            with hold.store.read(hold.card.jurisdiction) as tx:
                card = tx.plans.card(params["plan"])
                sheet = desk.sheet(tx, card, place)
            community = "" if params["grids"] else params["community"]
            asked = ask_part(place, sheet, params["grids"], community, params["locks"], params["n_grids"])
            if asked.state != params["state"]:
                what = ", ".join(params["grids"][:8]) or community
                raise Conflict("solve_outdated", id=hold.card.id, measured=what, who="-", n=0)
            self._inputs = place, sheet, asked
        return self._inputs

    def _compute(self) -> dict[str, Any]:
        if self._found is None:
            hold, params = self._hold, self._params
            place, sheet, asked = self._read()
            self._found = solve_part(
                place,
                sheet,
                asked,
                Aim(params["aim"], params["n_grids"], params["most_moved"], params["seed"]),
                seconds=seconds_left(hold),
                executor=self._executor,
                is_called_off=hold.is_called_off,
                known=hold.answers,
                progress=hold,
            )
            hold.check()
        return self._found
