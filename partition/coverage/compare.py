"""What a re-draw does to cameras and reach: the same measures on two plans, promise by promise and grid by grid.

Cameras, streets and posts do not move when grids are drawn again; what changes is which grid they count for.  So totals
stay and the spread over the grids tells: the thinnest grid, the grids under target, the worst served grid.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import shapely

from partition.coverage.cameras.types import CameraSurvey, DensityRow, Land
from partition.coverage.reach.types import ReachSurvey, RuleReach, Shares

KEPT, CHANGED, NEW, RETIRED = "kept", "changed", "new", "retired"
"""A code with the same outline in both plans, with another one, only in the second plan, only in the first."""
_SAME_M2 = 1.0


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure on both plans; None where there is nothing to measure."""

    name: str
    before: float | None
    after: float | None

    @property
    def change(self) -> float | None:
        """After less before."""
        return None if self.before is None or self.after is None else self.after - self.before


@dataclass(frozen=True, slots=True)
class PromiseChange:
    """One promise in one band on both plans.

    Attributes
    ----------
    rule, band
        Which.
    kept_before, kept_after
        Whether it is kept; None where there is nothing to reach.
    share_before, share_after
        Share of its places, or of households, reached in time.
    least_before, least_after
        The smallest such share of any grid that has something to reach.
    least_grid_before, least_grid_after
        Code of that grid; empty where there is none.
    """

    rule: str
    band: str
    kept_before: bool | None
    kept_after: bool | None
    share_before: float | None
    share_after: float | None
    least_before: float | None
    least_after: float | None
    least_grid_before: str
    least_grid_after: str


@dataclass(frozen=True, slots=True)
class GridChange:
    """One grid code on both plans; None where the plan does not have it."""

    code: str
    change: str
    density_before: float | None
    density_after: float | None
    missing_before: int | None
    missing_after: int | None
    seen_frac_before: float | None
    seen_frac_after: float | None


@dataclass(frozen=True, slots=True)
class CoverageComparison:
    """Two plans side by side.

    Attributes
    ----------
    measures
        In a fixed order: ``grids``, ``grids_under_target``, ``missing_positions``, ``density_min``, ``density_mean``,
        ``density_max`` (positions per km2 of grids with land), ``seen_frac`` (of public street metres, at the level
        asked for), ``seen_frac_min``, ``seen_frac_mean``, ``seen_frac_max`` (over grids with streets),
        ``places_seen_frac``, ``blind_m``, ``private_m``; with reach also ``promises``, ``promises_kept`` and
        ``households_in_time_min``: the smallest share of households in time of any grid, promise and band.
    promises
        In the order of the first survey's rules and bands.
    grids
        Every code of either plan, ascending.
    """

    measures: tuple[Measure, ...]
    promises: tuple[PromiseChange, ...]
    grids: tuple[GridChange, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain data, rounded where a reader would round."""
        grids = {name: sum(grid.change == name for grid in self.grids) for name in (KEPT, CHANGED, NEW, RETIRED)}
        return {
            "measures": {m.name: {"before": _plain(m.before), "after": _plain(m.after)} for m in self.measures},
            "promises": [{key: _plain(value) for key, value in asdict(p).items()} for p in self.promises],
            "codes": grids,
            "grids": [{key: _plain(value) for key, value in asdict(grid).items()} for grid in self.grids],
        }


def compare_coverage(
    before: CameraSurvey,
    after: CameraSurvey,
    reach_before: ReachSurvey | None = None,
    reach_after: ReachSurvey | None = None,
) -> CoverageComparison:
    """Compare coverage on two plans of one territory, surveyed with the same settings.

    Parameters
    ----------
    before, after
        Surveys of the cameras.
    reach_before, reach_after
        Surveys of response times; without both there are no promises in the answer.
    """
    first, second = _camera_measures(before), _camera_measures(after)
    promises: tuple[PromiseChange, ...] = ()
    if reach_before is not None and reach_after is not None:
        first |= _reach_measures(reach_before)
        second |= _reach_measures(reach_after)
        promises = _promises(reach_before, reach_after)
    measures = tuple(Measure(name, first[name], second[name]) for name in first)
    return CoverageComparison(measures, promises, _grids(before, after))


def _camera_measures(survey: CameraSurvey) -> dict[str, float | None]:
    rows = [row for row in survey.rows if row.scope == "grid"]
    level = survey.settings.level
    density = [row.density_per_km2 for row in rows if row.density_per_km2 is not None]
    seen = [frac for row in rows if (frac := _seen_frac(row, level)) is not None]
    total = next(row for row in survey.rows if row.scope == "all")
    return {
        "grids": float(len(rows)),
        "grids_under_target": float(sum(row.missing > 0 for row in rows)),
        "missing_positions": float(total.missing),
        **_spread("density", density),
        "seen_frac": _seen_frac(total, level),
        **_spread("seen_frac", seen),
        "places_seen_frac": total.places_seen[level] / total.places if total.places else None,
        "blind_m": math.fsum(blind.length_m for blind in survey.blind),
        "private_m": total.private_m,
    }


def _reach_measures(reach: ReachSurvey) -> dict[str, float | None]:
    asked = [rule for rule in reach.rules if rule.is_kept is not None]
    least = [_frac(shares.households_in, shares.households) for rule in asked for shares in rule.by_grid.values()]
    return {
        "promises": float(len(asked)),
        "promises_kept": float(sum(rule.is_kept is True for rule in asked)),
        "households_in_time_min": min((frac for frac in least if frac is not None), default=None),
    }


def _promises(before: ReachSurvey, after: ReachSurvey) -> tuple[PromiseChange, ...]:
    others = {(rule.rule.name, rule.band): rule for rule in after.rules}
    changes = []
    for one in before.rules:
        other = others.get((one.rule.name, one.band))
        if other is None:
            continue
        least, other_least = _least(one), _least(other)
        change = PromiseChange(
            rule=one.rule.name,
            band=one.band,
            kept_before=one.is_kept,
            kept_after=other.is_kept,
            share_before=promised_share(one, one.shares),
            share_after=promised_share(other, other.shares),
            least_before=least[0],
            least_after=other_least[0],
            least_grid_before=least[1],
            least_grid_after=other_least[1],
        )
        changes.append(change)
    return tuple(changes)


def promised_share(rule: RuleReach, shares: Shares) -> float | None:
    """Share of what a promise is made to: key places where it names kinds of them, else households."""
    if rule.rule.places:
        return _frac(shares.places_in, shares.places)
    return _frac(shares.households_in, shares.households)


def _least(rule: RuleReach) -> tuple[float | None, str]:
    shares = [(share, code) for code, of in rule.by_grid.items() if (share := promised_share(rule, of)) is not None]
    return min(shares) if shares else (None, "")


def _grids(before: CameraSurvey, after: CameraSurvey) -> tuple[GridChange, ...]:
    first, second = _rows_by_code(before), _rows_by_code(after)
    same = _same_outlines(before.land, after.land)
    levels = before.settings.level, after.settings.level
    changes = []
    for code in sorted(first.keys() | second.keys()):
        one, other = first.get(code), second.get(code)
        both = KEPT if code in same else CHANGED
        change = GridChange(
            code=code,
            change=NEW if one is None else RETIRED if other is None else both,
            density_before=one.density_per_km2 if one else None,
            density_after=other.density_per_km2 if other else None,
            missing_before=one.missing if one else None,
            missing_after=other.missing if other else None,
            seen_frac_before=_seen_frac(one, levels[0]) if one else None,
            seen_frac_after=_seen_frac(other, levels[1]) if other else None,
        )
        changes.append(change)
    return tuple(changes)


def _same_outlines(before: Land, after: Land) -> set[str]:
    """Codes whose outlines differ by less than a square metre."""
    at = {code: i for i, code in enumerate(after.codes)}
    pairs = [(i, at[code]) for i, code in enumerate(before.codes) if code in at]
    if not pairs:
        return set()
    one, other = np.array(pairs).T
    differ = shapely.area(shapely.symmetric_difference(before.geometry[one], after.geometry[other]))
    return {before.codes[i] for i, m2 in zip(one.tolist(), differ.tolist(), strict=True) if m2 < _SAME_M2}


def _rows_by_code(survey: CameraSurvey) -> dict[str, DensityRow]:
    return {row.code: row for row in survey.rows if row.scope == "grid"}


def _seen_frac(row: DensityRow, level: str) -> float | None:
    return _frac(row.seen_m[level], row.street_m)


def _frac(part: float, whole: float) -> float | None:
    return part / whole if whole > 0 else None


def _spread(name: str, values: Sequence[float]) -> dict[str, float | None]:
    if not values:
        return {f"{name}_min": None, f"{name}_mean": None, f"{name}_max": None}
    return {
        f"{name}_min": min(values),
        f"{name}_mean": math.fsum(values) / len(values),
        f"{name}_max": max(values),
    }


def _plain(value: Any) -> Any:
    """Whole numbers as such, others rounded."""
    if not isinstance(value, float):
        return value
    return int(value) if value.is_integer() else round(value, 6)
