"""Plans of one family, and two of them held side by side: measures, the change list, and where on the ground."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pandas as pd
import shapely

from api.i18n import sentence
from api.usecases.compare_plans import comparison_json
from api.usecases.plan_desk import Desk
from api.usecases.plan_notes import comments_of, notes_of
from data.papers import Comment, PaperOptions, write_change_list
from data.store import Store
from data.store.rooms.plans import PlanCard
from gis.territory import Territory
from partition.compare import Comparison, compare, ground_between, ground_of
from partition.filed import FiledPlan

_DECIMALS = 7
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Two:
    """Two plans of the store: the one that is held against, then the one in question; what was said about that."""

    cards: tuple[PlanCard, PlanCard]
    plans: tuple[FiledPlan, FiledPlan]
    territory: Territory
    comments: tuple[Comment, ...] = ()

    @property
    def names(self) -> tuple[str, str]:
        """What each is called in the answer: id and revision."""
        one, two = (f"{card.id}-{card.revision}" for card in self.cards)
        return one, f"{two} (2)" if one == two else two


def load_two(store: Store, desk: Desk, other: str, id: str, jurisdiction: str) -> Two:
    """Two plans in one state of the store.

    Raises
    ------
    NotFound
        ``plan_unknown``.
    """
    with store.read(jurisdiction) as tx:
        cards = tx.plans.card(other), tx.plans.card(id)
        plans = tx.plans.load(other), tx.plans.load(id)
        comments = comments_of(notes_of(tx, id), id)
    return Two(cards, plans, desk.territory(cards[1].territory), comments)


def compare_in_detail(two: Two) -> Mapping[str, Any]:
    """What `api.usecases.plan_life.compare_stored` says, with the change list and the ground that changed hands.

    Raises
    ------
    InputError
        As `partition.compare.compare`.
    """
    comparison = compare(two.plans, two.names, ground=ground_of(two.territory))
    told = comparison_json(comparison)
    for row, card, filed in zip(told["plans"], two.cards, two.plans):
        row |= {"id": card.id, "title": card.name, "state": card.state, "revision": card.revision, "steps": card.edit}
        row["measures"] |= _more_measures(filed)
    told["pairs"][0] |= {
        "same_territory": two.cards[0].territory == two.cards[1].territory,
        "change_list": change_rows(two, comparison),
        "ground": _ground(two, comparison),
    }
    return told


def change_rows(two: Two, comparison: Comparison) -> list[dict[str, Any]]:
    """The change list as plain rows, with the names of grids and communities."""
    old, new = two.plans
    named = [dict(zip(plan.grids["code"], plan.grids["name"])) for plan in (old, new)]
    land = two.territory["communities"]
    called = dict(zip(land["code"], land["name"]))
    rows = []
    for row in comparison.pairs[0].changes.to_dict("records"):
        plain = {str(name): None if _is_missing(value) else value for name, value in row.items()}
        plain["old_name"], plain["new_name"] = (
            _or_none(names.get(plain[side])) for names, side in zip(named, ("old", "new"))
        )
        plain["community_name"] = _or_none(called.get(plain["community"]))
        rows.append(plain)
    return rows


def change_table(two: Two, language: str) -> bytes:
    """The change list as CSV; text that a spreadsheet would take for a formula is marked as text."""
    comparison = compare(two.plans, two.names, ground=ground_of(two.territory))
    columns = (
        ("change", "change"),
        ("old", "old_code"),
        ("old_name", "old_name"),
        ("new", "new_code"),
        ("new_name", "new_name"),
        ("community", "community"),
        ("community_name", "community_name"),
        ("households_old", "households_old"),
        ("households_new", "households_new"),
        ("households_in", "households_in"),
        ("households_out", "households_out"),
        ("buildings_in", "buildings_in"),
        ("buildings_out", "buildings_out"),
        ("outline_m2", "outline_m2"),
    )
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\r\n")
    table.writerow([sentence(f"scen_column_{word}", {}, language) for _, word in columns])
    for row in change_rows(two, comparison):
        row["change"] = sentence(f"change_{row['change']}", {}, language)
        table.writerow([_cell(row[name]) for name, _ in columns])
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def write_change_book(two: Two, path: Path, language: str) -> None:
    """The change list as the papers have it (XLSX), with the notes on the plan.

    Raises
    ------
    InputError, StorageError
        As `data.papers.write_change_list`.
    """
    old, new = two.plans
    options = PaperOptions(comments=two.comments)
    write_change_list(new, two.territory, path, old=old, language=language, options=options)


def _ground(two: Two, comparison: Comparison) -> dict[str, Any]:
    """Ground that changed hands, as GeoJSON with right-hand rings (RFC 7946)."""
    table = ground_between(*two.plans, comparison.pairs[0].crosswalk)
    shapes = np.asarray(table.geometry.array, dtype=object)
    rounded = shapely.transform(shapes, lambda xy: np.round(xy, _DECIMALS))
    texts = shapely.to_geojson(shapely.orient_polygons(rounded)) if len(rounded) else []
    rows = pd.DataFrame(table.drop(columns="geometry")).to_dict("records")
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "properties": {str(name): None if _is_missing(value) else value for name, value in row.items()},
                "geometry": orjson.loads(text),
            }
            for row, text in zip(rows, texts)
        ],
    }


def _more_measures(filed: FiledPlan) -> dict[str, Any]:
    """What the desk shows beside the twelve measures of any comparison."""
    cost = filed.communities["objective"].to_numpy(np.float64)
    area = filed.grids["area_m2"].to_numpy(np.float64)
    return {
        "households": int(filed.grids["households"].sum()),
        "cost": round(float(cost.sum()), 3) if len(cost) and np.isfinite(cost).all() else None,
        "area_mean_km2": round(float(area.mean()) / 1e6, 4) if len(area) else None,
        "area_max_km2": round(float(area.max()) / 1e6, 4) if len(area) else None,
        "broken_rules": len(filed.violations),
    }


def _cell(value: Any) -> Any:
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return "" if value is None else value


def _is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and value != value)


def _or_none(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def family_of(cards: Sequence[PlanCard], id: str) -> list[PlanCard]:
    """Plans of a family in the order of a tree: each parent before its children, children by age.

    Parameters
    ----------
    cards
        The family, in any order.
    id
        One of it; whoever is not linked to it is left out.
    """
    at = {card.id: card for card in cards}
    top = at[id]
    while top.parent in at:
        top = at[str(top.parent)]
    children: dict[str, list[PlanCard]] = {}
    for card in sorted(cards, key=lambda card: (card.created_at, card.id), reverse=True):
        if card.parent is not None:
            children.setdefault(card.parent, []).append(card)
    found, waiting = [], [top]
    while waiting:
        card = waiting.pop()
        found.append(card)
        waiting.extend(children.get(card.id, ()))
    return found
