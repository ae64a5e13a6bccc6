"""The twelve measures of one plan, from its own tables and shapes, and beside the first plan of a comparison."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from partition.compare.joining import Pieces
from partition.compare.shapes import PlanShapes, measure_borders
from partition.filed import FiledPlan
from partition.lineage import pair_grids
from partition.plan import DEDICATED, RURAL, STANDARD

_PROVED = 1e-9


@dataclass(frozen=True, slots=True)
class Measures:
    """Twelve measures; sizes and the band over standard grids only, as in `partition.score`.

    Attributes
    ----------
    grids
        How many.
    standard, dedicated, rural
        How many of each kind.
    in_band_frac
        Share of standard grids in the band; ``None`` without a standard grid.
    households_min, households_mean, households_max
        Of standard grids; ``None`` without one.
    households_cv
        Standard deviation by the mean; ``None`` without a standard grid.
    inner_border_km
        Border between grids of one community.
    polsby_popper
        Mean over all grids of 4 pi area / perimeter squared: 1 is a circle.
    households_out_of_band
        Households in standard grids outside the band.
    communities_without_plan
        Communities for which it is proved that no lawful plan exists.
    proved_optimal_frac
        Of the communities with a lawful plan: the share whose plan is proved to be the best; ``None`` without any.
    households_moved, households_moved_frac
        Households that change grid against the first plan, when grids are paired so that fewest do; share of those
        that had a grid.  ``None`` for the first plan.
    keeps_code_frac
        Share of buildings and units whose grid has the same code as in the first plan.  ``None`` for the first plan
        and where none could be joined.
    """

    grids: int
    standard: int
    dedicated: int
    rural: int
    in_band_frac: float | None
    households_min: int | None
    households_mean: float | None
    households_max: int | None
    households_cv: float | None
    inner_border_km: float
    polsby_popper: float
    households_out_of_band: int
    communities_without_plan: int
    proved_optimal_frac: float | None
    households_moved: int | None = None
    households_moved_frac: float | None = None
    keeps_code_frac: float | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain data, rounded where a reader would round."""
        return {key: round(v, 6) if isinstance(v, float) else v for key, v in asdict(self).items()}


def measure_plan(filed: FiledPlan, shapes: PlanShapes, pieces: Pieces | None = None, n_old: int = 0) -> Measures:
    """Measure a plan; ``pieces`` joins it with the first plan, which has ``n_old`` grids."""
    kind = filed.grids["kind"].to_numpy(object)
    standard = kind == STANDARD
    sizes = filed.grids["households"].to_numpy(np.int64)[standard]
    within = filed.grids["within_band"].to_numpy(bool)[standard]
    mean = float(sizes.mean()) if len(sizes) else None
    inner_m, compactness = measure_borders(shapes, filed.grids["community"].to_numpy(object))
    feasible = filed.communities["feasible"].to_numpy(object)
    lawful = feasible == "yes"
    gap = filed.communities["gap_frac"].to_numpy(np.float64)[lawful]
    moved = moved_frac = keeps = None
    if pieces is not None:
        pairing = pair_grids(pieces.old, pieces.new, pieces.households, n_old, len(filed.grids))
        moved = pairing.moved
        had_grid = int(pairing.pair_weight.sum())
        moved_frac = moved / had_grid if had_grid else 0.0
        keeps = pieces.keeps_code / pieces.n_judged if pieces.n_judged else None
    return Measures(
        grids=len(filed.grids),
        standard=int(standard.sum()),
        dedicated=int((kind == DEDICATED).sum()),
        rural=int((kind == RURAL).sum()),
        in_band_frac=float(within.mean()) if len(within) else None,
        households_min=int(sizes.min()) if len(sizes) else None,
        households_mean=mean,
        households_max=int(sizes.max()) if len(sizes) else None,
        households_cv=float(sizes.std() / mean) if mean else None,
        inner_border_km=inner_m / 1000,
        polsby_popper=float(compactness.mean()),
        households_out_of_band=int(sizes[~within].sum()),
        communities_without_plan=int((feasible == "no").sum()),
        proved_optimal_frac=float((gap <= _PROVED).mean()) if len(gap) else None,
        households_moved=moved,
        households_moved_frac=moved_frac,
        keeps_code_frac=keeps,
    )
