"""The drawing itself: a territory and rules in, a checked plan as tables out; no file and no store.

Decides what is drawn again with finer blocks and when a plan is refused.  Where the territory comes from and where
the plan goes is decided by whoever calls: `draw_plan` from file to file, the jobs from store to store.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from api.i18n import sentence
from api.usecases.locks import locks_of
from api.usecases.verdict import Verdict, judge
from gis.atoms import Atoms, build_atoms
from gis.errors import GridwrightError, InputError
from gis.progress import SILENT, Progress
from gis.report import QualityReport
from gis.territory import Territory
from partition.checks import verify
from partition.executor import Executor
from partition.file_plan import file_plan
from partition.filed import FiledPlan
from partition.plan import CommunityResult, Result
from partition.rules import Rules
from partition.stop import Call, Stop, never
from partition.zoning.draw import draw
from partition.zoning.ladder import Solved

_BLOCKS_TOO_LARGE = ("no_cover", "not_found", "pendant_over_band", "hemmed_in")


@dataclass(frozen=True, slots=True)
class Computed:
    """A plan that was drawn and checked.

    Attributes
    ----------
    filed
        The plan as tables.
    verdict
        Of the independent check; never with faults.
    quality
        Remarks made while building blocks.
    communities
        What is known about each community: proof, bound, gap, near misses.
    """

    filed: FiledPlan
    verdict: Verdict
    quality: QualityReport
    communities: tuple[CommunityResult, ...]

    def n_stopped_by(self, why: str) -> int:
        """Communities whose search ended before its work was done: by ``clock``, ``cancel`` or ``worker``."""
        return count_stopped(self.communities, why)


def run_draw(
    territory: Territory,
    rules: Rules,
    *,
    seed: int = 0,
    seconds: float | None = None,
    workers: int = 1,
    executor: Executor | None = None,
    locks: Sequence[str] = (),
    file: str = "",
    moment: str = "",
    is_called_off: Call = never,
    known: MutableMapping[str, Solved] | None = None,
    progress: Progress = SILENT,
) -> Computed:
    """Draw the grids of a territory and check them by geometry.

    Parameters
    ----------
    seed, seconds, workers, locks, is_called_off, progress
        As for `api.usecases.draw_plan.draw_plan`.
    executor
        Where the search runs; it is left open.
    file
        What messages about the locks call the territory.
    moment
        ``created_at`` of the plan.
    known
        Answers of earlier runs by the content of their regions; used, and added to as they come.

    Raises
    ------
    InputError
        ``lock_*``.
    GridwrightError
        ``plan_refused_by_check``: the new plan is not sound.
    """
    known = {} if known is None else known
    began: float | None = None

    def attempt(finer: Sequence[str]) -> tuple[Atoms, Result, QualityReport]:
        nonlocal began
        remarks = QualityReport()
        atoms = build_atoms(
            territory,
            max_households=rules.max_households,
            estate_cap=rules.estate_cap,
            finer=finer,
            report=remarks,
            progress=progress,
        )
        left = seconds
        if seconds is not None and began is not None:
            left = max(0.0, seconds - (time.monotonic() - began))
        began = time.monotonic() if began is None else began
        result = draw(
            atoms.graph,
            rules,
            seed=seed,
            territory_hash=territory.content_hash(),
            stop=Stop(seconds=left),
            workers=workers,
            executor=executor,
            locks=locks_of(territory, atoms, locks, file=file),
            is_called_off=is_called_off,
            known=known,
            progress=progress,
        )
        return atoms, result, remarks

    atoms, result, remarks = attempt(())
    stuck = _stuck(result)
    if stuck and len(territory["buildings"]) and not _is_cut_short(result):
        # Where whole blocks allow no lawful plan, blocks cut finer may; all other communities come out the same.
        finer = attempt(stuck)
        if len(_stuck(finer[1])) < len(stuck):
            atoms, result, remarks = finer
    meta = {"created_at": moment, "version": version("gridwright")}
    filed = file_plan(territory, atoms, result, explain=explain, meta=meta, progress=progress)
    progress.stage("stage_check")
    verdict = judge(verify(filed, territory, rules), filed)
    if verdict.faults:
        first = verdict.faults[0]
        raise GridwrightError("plan_refused_by_check", measured=len(verdict.faults), first=str(first), seed=seed)
    return Computed(filed, verdict, remarks, result.communities)


def explain(code: str, facts: Mapping[str, Any]) -> tuple[str, str]:
    """The sentence of a broken rule in Chinese and in English."""
    return sentence(code, facts, "zh"), sentence(code, facts, "en")


def count_stopped(communities: Sequence[CommunityResult], why: str) -> int:
    """Communities whose search ended before its work was done, for one reason."""
    return sum(community.stopped_by == why for community in communities)


def check_options(seed: int, seconds: float | None, workers: int) -> None:
    """Refuse options that make no sense."""
    if seed < 0:
        raise InputError("option_out_of_range", column="--seed", measured=seed, allowed=">= 0")
    if seconds is not None and not 0 < seconds < float("inf"):
        raise InputError("option_out_of_range", column="--seconds", measured=str(seconds), allowed="> 0")
    if workers < 1:
        raise InputError("option_out_of_range", column="--workers", measured=workers, allowed=">= 1")


def _stuck(result: Result) -> list[str]:
    """Communities whose count allows a lawful plan but whose blocks do not, or where none was found."""
    return [community.code for community in result.communities if community.reason in _BLOCKS_TOO_LARGE]


def _is_cut_short(result: Result) -> bool:
    """Whether some search ended before its work was done: a second one would only take from the first."""
    return any(community.stopped_by not in ("done", "work") for community in result.communities)
