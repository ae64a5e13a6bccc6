"""The difference map of two plans: one HTML file that shows what became of every grid and opens with no internet.

The new plan fills the map: pale where a grid was kept, strong where it changed; the outlines of the old plan lie
dashed beneath, and the ground that changed hands stands out.  The page is made like that of `maps.plan_map`, with
scripts of its own for what a change looks like and for the panel.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from gis.errors import InputError
from gis.territory import Territory
from maps.features import properties, to_lonlat
from maps.ground import pack_ground
from maps.pack import Steps, pack_polygons
from maps.plan_map import make_page, write_page
from maps.plan_shapes import PlanShapes, shape_outlines, shape_plan
from maps.style import drawing
from maps.words import LANGUAGES, page_words
from partition.compare import Comparison, Pair, compare, ground_of
from partition.compare.shapes import SLIVER_FRAC, shapes_of
from partition.compare.shapes import PlanShapes as GroundShapes
from partition.filed import FiledPlan

SCRIPTS = (
    "say.js",
    "ground.js",
    "change_look.js",
    "grids.js",
    "labels.js",
    "names.js",
    "change_list.js",
    "change_panel.js",
    "search.js",
    "plan_map.js",
)
_OWN_WORDS = "change_map_"
_THIN_M = 1.0


def write_change_map(
    old: FiledPlan,
    new: FiledPlan,
    path: Path,
    *,
    comparison: Comparison | None = None,
    territory: Territory | None = None,
    language: str = "zh",
    title: str = "",
) -> None:
    """Write the difference map of two plans as one HTML file; the same input gives the same bytes.

    Parameters
    ----------
    old, new
        The plans.
    path
        File to write, replaced as a whole once the page is complete.
    comparison
        What `partition.compare.compare` says of exactly these two; compared here where it is not given.
    territory
        Land to show beneath the grids, and households per member to compare by; without it the grids alone.
    language
        ``zh`` or ``en``: the language the page opens in; it holds both.
    title
        Heading of the page; empty: a general one.

    Raises
    ------
    InputError
        ``map_language_unknown``, ``map_nothing_to_show``, and what `partition.compare.compare` finds.
    StorageError
        ``map_assets_missing``, ``map_not_written``.
    """
    page = render_change_map(old, new, comparison=comparison, territory=territory, language=language, title=title)
    write_page(page, path)


def render_change_map(
    old: FiledPlan,
    new: FiledPlan,
    *,
    comparison: Comparison | None = None,
    territory: Territory | None = None,
    language: str = "zh",
    title: str = "",
) -> str:
    """The page of `write_change_map` as text; raises the same errors but ``map_not_written``."""
    if language not in LANGUAGES:
        raise InputError("map_language_unknown", measured=language, allowed=", ".join(LANGUAGES))
    if comparison is None:
        names = [plan.meta.get("plan_id", "") or word for plan, word in ((old, "A"), (new, "B"))]
        ground = None if territory is None else ground_of(territory)
        comparison = compare((old, new), names, ground=ground)
    pair = comparison.pairs[0]
    shapes = shape_plan(new)
    outlines, lines = shape_outlines(old, shapes.origin)
    kept = set(pair.changes["old"][(pair.changes["change"] == "kept") & (pair.changes["outline_m2"] == 0)])
    words = page_words()
    own = {
        language: {**table, **{k.removeprefix(_OWN_WORDS): v for k, v in table.items() if k.startswith(_OWN_WORDS)}}
        for language, table in words.items()
    }
    data = {
        "language": language,
        "title": title,
        "words": own,
        "style": drawing(),
        "origin": list(shapes.origin),
        "plans": [
            _plan_facts(plan, name, measures.to_json())
            for plan, name, measures in zip((old, new), comparison.names, comparison.measures)
        ],
        "basis": {"households": pair.households, "joined": pair.joined},
        "counts": [{"change": str(i), "old": int(a), "new": int(b)} for i, a, b in pair.counts.itertuples()],
        "grids": _grids(old, new, pair, shapes),
        "old": [[] if code in kept else rings for code, rings in zip(old.grids["code"], outlines)],
        "old_lines": lines,
        "old_codes": old.grids["code"].tolist(),
        "moved": _moved_ground(old, new, pair, shapes.origin),
        "communities": _communities(new, territory, shapes),
        "ground": None if territory is None else pack_ground(territory, shapes.origin),
    }
    return make_page("change", data, SCRIPTS, ("change_map.css",))


def _plan_facts(plan: FiledPlan, name: str, measures: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "id": plan.meta.get("plan_id", ""),
        "created_at": plan.meta.get("created_at", ""),
        "version": plan.meta.get("version", ""),
        "households": int(plan.grids["households"].sum()),
        "measures": measures,
    }


def _grids(old: FiledPlan, new: FiledPlan, pair: Pair, shapes: PlanShapes) -> list[dict[str, Any]]:
    """New grids in their order, then the old ones that nobody carries on; ``gone`` is the place in ``old`` plus 1."""
    come, gone = _rows_by(pair.crosswalk, "new"), _rows_by(pair.crosswalk, "old")
    change = {row["new"]: row for row in properties(pair.changes) if row["new"] is not None}
    columns = ["code", "name", "community", "kind", "households", "population", "buildings", "area_m2"]
    rows = properties(pd.DataFrame(new.grids[columns]))
    for i, row in enumerate(rows):
        told = change[row["code"]]
        row["area_m2"] = round(float(row["area_m2"]))
        row["status"], row["old"] = told["change"], told["old"]
        row["before"] = told["households_old"] if told["old"] is not None else None
        row["in"], row["out"] = told["households_in"], told["households_out"]
        row["outline_m2"] = round(told["outline_m2"])
        row["come"] = come.get(row["code"], [])
        row["went"] = gone.get(told["old"], []) if told["old"] is not None else []
        row["spot"], row["room_m"] = shapes.spots[i], round(float(shapes.room_m[i]), 1)
        row["rings"] = shapes.grid_rings[i]
    ended = {row["old"]: row["change"] for row in properties(pair.changes) if row["new"] is None}
    for i, row in enumerate(properties(pd.DataFrame(old.grids[columns]))):
        if row["code"] not in ended:
            continue
        row["area_m2"] = round(float(row["area_m2"]))
        row |= {"status": ended[row["code"]], "old": row["code"], "before": row["households"], "gone": i + 1}
        row |= {"went": gone.get(row["code"], []), "come": [], "in": 0, "outline_m2": 0}
        row["out"] = sum(n for _, n, _ in row["went"])
        rows.append(row | {"spot": [], "room_m": 0, "rings": []})
    return rows


def _rows_by(crosswalk: pd.DataFrame, side: str) -> dict[str, list[list[Any]]]:
    """Per grid of one side: [the other grid or null, households, share of this grid], most households first."""
    other = "old" if side == "new" else "new"
    table = crosswalk[crosswalk[side].notna()].sort_values(f"share_of_{side}", ascending=False, kind="stable")
    found: dict[str, list[list[Any]]] = {}
    for code, there, n, share in zip(table[side], table[other], table["households"], table[f"share_of_{side}"]):
        found.setdefault(str(code), []).append(
            [there if isinstance(there, str) else None, int(n), round(float(share), 4)]
        )
    return found


def _moved_ground(old: FiledPlan, new: FiledPlan, pair: Pair, origin: tuple[float, float]) -> list[list[Steps]]:
    """Ground of changed grids that lies outside the old grid they carry on, packed."""
    heirs = pair.changes[(pair.changes["change"] == "changed")]
    if heirs.empty:
        return []
    before, after = shapes_of((old, new), (pair.old, pair.new))
    a = before.geometry[pd.Index(old.grids["code"]).get_indexer(heirs["old"])]
    b = pd.Index(new.grids["code"]).get_indexer(heirs["new"])
    apart = _solid(shapely.difference(after.geometry[b], a), after, b)
    lonlat = to_lonlat(apart, CRS(after.crs))
    return [rings for rings in pack_polygons(lonlat, origin) if rings]


def _solid(shapes: NDArray[np.object_], grids: GroundShapes, of: NDArray[np.intp]) -> NDArray[np.object_]:
    # Threads along a border that was drawn again are no ground.
    parts, owner = shapely.get_parts(shapes, return_index=True)
    parts = shapely.simplify(parts, 0.3)
    thick = shapely.area(parts) > SLIVER_FRAC * 0.1 * grids.area_m2[of][owner]
    thick[thick] = ~shapely.is_empty(shapely.buffer(parts[thick], -_THIN_M))
    return parts[thick]


def _communities(new: FiledPlan, territory: Territory | None, shapes: PlanShapes) -> list[dict[str, Any]]:
    named: dict[str, str] = {}
    if territory is not None:
        named = dict(zip(territory["communities"]["code"], territory["communities"]["name"]))
    households = new.grids.groupby("community")["households"].sum().to_dict()
    return [
        {
            "code": code,
            "name": named.get(code) or "",
            "households": int(households.get(code, 0)),
            "rings": rings,
            "spot": shapes.community_spots.get(code, []),
        }
        for code, rings in shapes.community_rings.items()
    ]
