"""What the kinds of jobs do: inputs from the store, computing, the result back into the store.

Each kind has three parts, carried out in this order and each again after a crash: ``prepare`` reads what the job
depends on and says what it is, ``solve`` computes without the store, ``save`` keeps the result in the transaction that
ends the job.  What the parts hand on in memory is worked out again where it is missing; the answers kept meanwhile
make that quick, and the same inputs give the same plan.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from api.figures import plan_figures
from api.jobs.frontier import Frontier
from api.jobs.hold import Hold
from api.jobs.inputs import digest_of_inputs, moment_of, read_plan_and_territory, rules_of_params, seconds_left
from api.jobs.papers import Papers
from api.jobs.solve import Solve
from api.usecases.run_draw import Computed, run_draw
from api.usecases.run_redraw import Ground, Recomputed, lay_ground, run_redraw
from data.store import Tx
from gis.report import QualityReport
from gis.territory import Territory
from partition.executor import Executor
from partition.filed import FiledPlan
from partition.rules import Rules


class Work(Protocol):
    """One job of one kind."""

    def prepare(self) -> str:
        """Read the inputs; returns what they are: the same text for the same inputs."""

    def solve(self) -> Mapping[str, Any]:
        """Compute; returns ``content`` (id of what came out) and ``is_cut_short``."""

    def save(self, tx: Tx) -> Mapping[str, Any]:
        """Keep what came out; returns the job's result."""


class Draw:
    """A first plan of a territory; params as of `api.jobs.params.draw_params`."""

    def __init__(self, hold: Hold, executor: Executor) -> None:
        self._hold, self._executor = hold, executor
        self._params = hold.card.params
        self._digest = ""  # of the inputs, once they are read
        self._territory: Territory | None = None
        self._computed: Computed | None = None

    def prepare(self) -> str:
        """See `Work.prepare`."""
        if not self._digest:
            self._digest = digest_of_inputs(self._read().content_hash(), self._params)
        return self._digest

    def solve(self) -> Mapping[str, Any]:
        """See `Work.solve`."""
        computed = self._compute()
        return {
            "content": computed.filed.meta["plan_id"],
            "is_cut_short": any(computed.n_stopped_by(why) for why in ("clock", "worker")),
        }

    def save(self, tx: Tx) -> Mapping[str, Any]:
        """See `Work.save`."""
        computed = self._compute()
        card = tx.plans.save(
            computed.filed,
            territory_id=self._params["territory"],
            name=self._params["name"],
            job=self._hold.card.id,
        )
        return {"plan": card.id, **_outcome(computed)}

    def _read(self) -> Territory:
        if self._territory is None:
            with self._hold.store.read(self._hold.card.jurisdiction) as tx:
                self._territory = tx.territories.load(self._params["territory"], self._hold)
        return self._territory

    def _compute(self) -> Computed:
        if self._computed is None:
            hold, territory = self._hold, self._read()
            self._computed = run_draw(
                territory,
                Rules.from_toml(self._params["rules"]),
                seed=self._params["seed"],
                seconds=seconds_left(hold),
                executor=self._executor,
                workers=self._executor.workers,
                locks=tuple(self._params["locks"]),
                file=self._params["territory"],
                moment=moment_of(territory),
                is_called_off=hold.is_called_off,
                known=hold.answers,
                progress=hold,
            )
        return self._computed


class Redraw:
    """A plan with least change; params as of `api.jobs.params.redraw_params`."""

    def __init__(self, hold: Hold, executor: Executor) -> None:
        self._hold, self._executor = hold, executor
        self._params = hold.card.params
        self._digest = ""  # of the inputs, once they are read
        self._inputs: tuple[FiledPlan, Territory] | None = None
        self._ground: Ground | None = None
        self._computed: Recomputed | None = None

    def prepare(self) -> str:
        """See `Work.prepare`."""
        if not self._digest:
            old, territory = self._read()
            params = {**self._params, "content": old.meta.get("plan_id", "")}
            self._digest = digest_of_inputs(territory.content_hash(), params)
        return self._digest

    def solve(self) -> Mapping[str, Any]:
        """See `Work.solve`."""
        computed = self._compute()
        return {
            "content": computed.filed.meta["plan_id"],
            "is_cut_short": any(computed.n_stopped_by(why) for why in ("clock", "worker")),
        }

    def save(self, tx: Tx) -> Mapping[str, Any]:
        """See `Work.save`; where nothing changed the plan goes on, and no second one is kept."""
        computed, params = self._compute(), self._params
        figures = {
            **_outcome(computed),
            "is_same": computed.is_same,
            "freed": len(computed.freed),
            "moved": computed.moved,
            "moved_at_least": computed.moved_at_least,
            "relations": {side: dict(counts) for side, counts in computed.relations.items()},
        }
        if computed.is_same:
            return {"plan": params["plan"], **figures}
        territory = params["territory"]
        if params["merge"]:
            assert self._ground is not None
            name = tx.territories.card(territory).name
            territory = tx.territories.save(self._ground.territory, name, make_current=False).id
        card = tx.plans.save(
            computed.filed,
            territory_id=territory,
            name=params["name"],
            parent=params["plan"],
            job=self._hold.card.id,
        )
        return {"plan": card.id, "territory": territory, **figures}

    def _read(self) -> tuple[FiledPlan, Territory]:
        if self._inputs is None:
            self._inputs = read_plan_and_territory(self._hold)
        return self._inputs

    def _compute(self) -> Recomputed:
        if self._computed is None:
            hold, params = self._hold, self._params
            old, territory = self._read()
            ground = lay_ground(old, territory, rules_of_params(params, old), params["merge"], QualityReport(), hold)
            self._ground = ground
            self._computed = run_redraw(
                ground,
                change_weight=params["change_weight"],
                seed=params["seed"],
                seconds=seconds_left(hold),
                executor=self._executor,
                workers=self._executor.workers,
                locks=tuple(params["locks"]),
                moment=moment_of(ground.territory),
                is_called_off=hold.is_called_off,
                known=hold.answers,
                progress=hold,
            )
        return self._computed


KINDS: Mapping[str, Callable[[Hold, Executor], Work]] = {
    "draw": Draw,
    "redraw": Redraw,
    "frontier": Frontier,
    "papers": Papers,
    "solve": Solve,
}
"""Kind of a job -> how it is done."""


def _outcome(computed: Computed | Recomputed) -> dict[str, Any]:
    figures = plan_figures(computed.filed)
    shown = ("grids", "households", "communities", "standard_in_band", "violations")
    return {
        "content": computed.filed.meta["plan_id"],
        "is_passed": computed.verdict.passed,
        "n_open": len(computed.verdict.open_rules),
        "stopped_by": {why: n for why in ("clock", "worker") if (n := computed.n_stopped_by(why))},
        **{name: figures[name] for name in shown},
    }
