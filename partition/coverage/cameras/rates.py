"""Rates against what is wanted of them: places covered, positions networked, working, and working in key trades.

Also key places by kind (gates among them), seen per level.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pandas as pd

from gis.graph import BoolArray, FloatArray
from gis.sight import Seen
from gis.territory import Territory
from partition.coverage.cameras.density import labels_of
from partition.coverage.cameras.seen import finest_of
from partition.coverage.cameras.types import CameraSurvey

RATES = ("covered", "networked", "working", "trades_working")


@dataclass(frozen=True, slots=True)
class Rates:
    """Rates of one area; None where there is nothing to take a share of.

    Attributes
    ----------
    scope, code
        As in the rows of density.
    frac
        By name: ``covered`` (key places seen at the level asked for), ``networked`` (of positions whose status says
        whether they are), ``working`` (of positions that are no key trade's), ``trades_working`` (of those that are).
    is_met
        By name: whether the share reaches what is wanted.
    """

    scope: str
    code: str
    frac: Mapping[str, float | None]
    is_met: Mapping[str, bool | None]


def rates(survey: CameraSurvey) -> tuple[Rates, ...]:
    """Rates of every row of density, in the same order."""
    settings = survey.settings
    wanted = {
        "covered": settings.covered_frac,
        "networked": settings.networked_frac,
        "working": settings.working_frac,
        "trades_working": settings.trades_working_frac,
    }
    is_trade = np.array([name in settings.trade_programmes for name in survey.programme], dtype=bool)
    works = np.asarray(survey.cameras.is_working, dtype=bool)
    trade, trade_works = _by_area(survey, is_trade), _by_area(survey, is_trade & works)
    found = []
    for row in survey.rows:
        in_trades, in_trades_work = trade.get((row.scope, row.code), 0.0), trade_works.get((row.scope, row.code), 0.0)
        frac = {
            "covered": _frac(row.places_seen[settings.level], row.places),
            "networked": row.networked_frac,
            "working": _frac(row.working - in_trades_work, row.positions - in_trades),
            "trades_working": _frac(in_trades_work, in_trades),
        }
        met = {name: None if share is None else share >= wanted[name] - 1e-12 for name, share in frac.items()}
        found.append(Rates(row.scope, row.code, MappingProxyType(frac), MappingProxyType(met)))
    return tuple(found)


def places_by_kind(survey: CameraSurvey, territory: Territory) -> dict[str, tuple[int, dict[str, int]]]:
    """Kind of key place -> how many stand in grids, and how many of them are seen per level; kinds ascending."""
    samples = survey.samples
    at = np.flatnonzero((samples.kind == Seen.PLACE) & (samples.grid >= 0))
    finest = finest_of(survey.sights, survey.cameras.is_working)[at]
    kind = territory["key_places"]["kind"].fillna("").astype(str).to_numpy(dtype=object)[samples.row[at]]
    levels = survey.settings.profile.levels
    table = pd.DataFrame({"kind": kind, "n": 1} | {name: finest >= np.float32(px) for name, px in levels})
    summed = table.groupby("kind", sort=True).sum()
    names = [name for name, _ in levels]
    return {
        str(kind): (int(counts["n"]), {name: int(counts[name]) for name in names})
        for kind, counts in summed.to_dict("index").items()
    }


def _by_area(survey: CameraSurvey, chosen: BoolArray) -> dict[tuple[str, str], float]:
    """Number of chosen positions by area."""
    land = survey.land
    chosen = chosen & (survey.grid >= 0)
    by_grid: FloatArray = np.bincount(survey.grid[chosen], minlength=len(land.codes)).astype(float)
    counts = {("grid", code): n for code, n in zip(land.codes, by_grid.tolist(), strict=True)}
    for scope, labels in labels_of(land).items():
        for label, n in zip(labels, by_grid.tolist(), strict=True):
            counts[scope, label] = counts.get((scope, label), 0.0) + n
    return counts


def _frac(part: float, whole: float) -> float | None:
    return part / whole if whole > 0 else None
