"""The arithmetic of mergers before anything is drawn: what would be there, how many grids it could have, what stands
in the way.

It reckons with the villages alone and the very steps of a re-draw (`gis.mergers`, `gis.atoms`,
`partition.zoning.feasible`), so that it answers at once and says what the re-draw will find.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import shapely

from api.i18n import sentence
from api.usecases.plan_desk import Desk, Place
from data.store import Store
from gis.atoms import build_atoms
from gis.errors import Fault, InputError
from gis.mergers import Change, apply, read_specs, revoked_codes
from gis.mergers.check import code_form, resolve
from gis.mergers.part import part_of_territory
from gis.report import QualityReport
from gis.territory import Territory
from partition.edits.sheet import Sheet
from partition.zoning.feasible import Assessment, assess

_TAIL = 3  # last digits of a code: the number of a village in its town
_RURAL_FROM, _RURAL_TO = 200, 399
"""Numbers of villages; those of urban communities lie below (统计用区划代码编制规则)."""
_MOST_MEANS = 12


@dataclass(frozen=True, slots=True)
class Reckoned:
    """What changes of villages would make.

    Attributes
    ----------
    mergers
        One entry per change that is about villages there are, in the order asked.
    faults
        Why some of it can not be done.
    """

    mergers: tuple[Mapping[str, Any], ...]
    faults: tuple[Fault, ...]


def list_villages(desk: Desk, store: Store, id: str, jurisdiction: str) -> list[dict[str, Any]]:
    """Every community of a plan with its sums, and which ones it touches.

    Raises
    ------
    NotFound
        ``plan_unknown``.
    InputError
        ``plan_without_rules``.
    """
    place = desk.place(id, jurisdiction)
    sheet = _sheet_of(desk, store, id, jurisdiction, place)
    graph = place.ground.graph
    n = len(graph.communities)
    households = np.bincount(graph.community_index, graph.households, n).astype(np.int64)
    population = np.bincount(graph.community_index, graph.population, n).astype(np.int64)
    n_grids = _grids_by_community(sheet)
    table = place.territory["communities"]
    at = {code: i for i, code in enumerate(graph.communities)}
    beside = place.kept("neighbours", lambda: _neighbours_in(place.territory))
    area = shapely.area(np.asarray(table.geometry.array))
    rows = []
    for code, name, town, kind, area_m2 in zip(
        table["code"], table["name"], table["town"], table["kind"], area.tolist()
    ):
        i = at[code]
        rows.append(
            {
                "code": str(code),
                "name": str(name),
                "town": town if isinstance(town, str) else None,
                "kind": str(kind),
                "households": int(households[i]),
                "population": int(population[i]),
                "area_m2": float(area_m2),
                "grids": len(n_grids.get(code, ())),
                "neighbours": [{"code": other, "border_m": metres} for other, metres in beside.get(code, ())],
            }
        )
    return rows


def reckon_mergers(
    desk: Desk, store: Store, id: str, jurisdiction: str, asked: Sequence[str], language: str
) -> Reckoned:
    """Reckon some changes of villages, each by itself; all of them are checked together.

    Parameters
    ----------
    asked
        As `gis.mergers.read_specs` takes them, or only codes: ``A,B`` are merged under the code of the one with most
        households.

    Raises
    ------
    NotFound
        ``plan_unknown``.
    InputError
        ``plan_without_rules``.
    """
    place = desk.place(id, jurisdiction)
    sheet = _sheet_of(desk, store, id, jurisdiction, place)
    faults: list[Fault] = []
    changes: list[Change] = []
    mergers: list[Mapping[str, Any]] = []
    for text in asked:
        try:
            (change,) = read_specs([_spelled(text, place)])
            changes.append(change)
        except InputError as error:
            faults += error.faults
    communities = place.territory["communities"]
    if changes:
        try:
            resolve(communities, changes, revoked_codes(place.territory))
        except InputError as error:
            faults += error.faults
        faults += _mixed(place.territory, changes)
    known = set(communities["code"])
    for change in changes:
        villages = tuple(dict.fromkeys(part.old for part in change.parts))
        if change.kind == "move":
            villages += tuple(part.new for part in change.parts if part.new not in villages)
        if change.kind == "revoked" or not set(villages) <= known:
            continue
        told, apart = _reckon(place, sheet, change, villages, language)
        mergers.append(told)
        faults += apart
    return Reckoned(tuple(mergers), tuple(faults))


def refuse_mixed(territory: Territory, asked: Sequence[str]) -> None:
    """Refuse changes that unite ground with ready-made units and ground without.

    Raises
    ------
    InputError
        ``merger_units_mixed``.
    """
    faults = _mixed(territory, read_specs(asked))
    if faults:
        raise InputError.of(faults)


def _mixed(territory: Territory, changes: Sequence[Change]) -> list[Fault]:
    """Where a community has units they say how many households it has, so its other buildings would count nothing."""
    known, with_units = set(territory["communities"]["code"]), set(territory["units"]["community"])
    faults = []
    for change in changes:
        for new in dict.fromkeys(part.new for part in change.parts if part.new):
            sources = {part.old for part in change.parts if part.new == new} | (
                {new} if change.kind == "move" else set()
            )
            has, has_none = sorted(sources & with_units), sorted((sources & known) - with_units)
            if has and has_none:
                facts = {"id": new, "measured": ", ".join(has), "other": ", ".join(has_none)}
                faults.append(Fault("merger_units_mixed", facts))
    return faults


def refuse_apart(report: QualityReport) -> None:
    """Refuse mergers of villages that do not touch.

    Raises
    ------
    InputError
        ``merger_apart``.
    """
    faults = _apart(report)
    if faults:
        raise InputError.of(faults)


def _apart(report: QualityReport) -> list[Fault]:
    return [
        Fault("merger_apart", {"id": remark.id, "measured": remark.after})
        for remark in report.remarks
        if remark.code == "note_merger_apart"
    ]


def _neighbours_in(territory: Territory) -> dict[str, tuple[tuple[str, float], ...]]:
    """Community to those that it touches, and for how many metres."""
    communities = territory["communities"]
    shapes, codes = np.asarray(communities.geometry.array), communities["code"].tolist()
    a, b = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    a, b = a[a != b], b[a != b]
    metres = shapely.length(shapely.intersection(shapely.boundary(shapes[a]), shapely.boundary(shapes[b])))
    found: dict[str, list[tuple[str, float]]] = {}
    for i, j, border_m in zip(a.tolist(), b.tolist(), metres.tolist()):
        if border_m > 0:
            found.setdefault(codes[i], []).append((codes[j], round(border_m, 1)))
    return {code: tuple(sorted(beside)) for code, beside in found.items()}


def _sheet_of(desk: Desk, store: Store, id: str, jurisdiction: str, place: Place) -> Sheet:
    with store.read(jurisdiction) as tx:
        return desk.sheet(tx, tx.plans.card(id), place)


def _grids_by_community(sheet: Sheet) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for code in sorted(sheet.grids):
        found.setdefault(str(sheet.grids[code]["community"]), []).append(code)
    return found


def _spelled(text: str, place: Place) -> str:
    """``A,B`` as a merger: the code of the village with most households goes on."""
    if "=" in text or ">" in text:
        return text
    codes = [code.strip() for code in text.replace("，", ",").replace("+", ",").split(",") if code.strip()]
    graph = place.ground.graph
    sums = np.bincount(graph.community_index, graph.households, len(graph.communities))
    at = {code: i for i, code in enumerate(graph.communities)}
    heir = max(codes, key=lambda code: (sums[at[code]] if code in at else -1, code), default="")
    return f"{'+'.join(codes)}={heir}"


def _reckon(
    place: Place, sheet: Sheet, change: Change, villages: Sequence[str], language: str
) -> tuple[Mapping[str, Any], list[Fault]]:
    ground, rules = place.ground, place.rules
    graph = ground.graph
    chosen = np.isin(np.array(graph.communities, dtype=object), villages)
    inside = np.append(chosen[graph.community_index], False)[np.asarray(ground.atoms.building_atom)]
    here = part_of_territory(place.territory, villages, inside)
    report = QualityReport()
    try:
        later, _ = apply(here, [change], report=report)
    except InputError:
        # What is wrong with the code or the parts is told once, for all; the sums can be had all the same.
        if change.kind != "merge":
            return _frame(place, sheet, change, villages, ()), []
        later, _ = apply(here, [f"{'+'.join(villages)}={villages[0]}"], report=report)
    atoms = build_atoms(later, max_households=rules.max_households, estate_cap=rules.estate_cap)
    rows = later["communities"].set_index("code")
    new = atoms.graph
    results = []
    for one in assess(new, rules):
        mine = new.community_index == new.communities.index(one.community)
        row = rows.loc[one.community]
        results.append(
            {
                "code": one.community,
                "name": str(row["name"]),
                "kind": str(row["kind"]),
                "households": one.households,
                "population": int(new.population[mine].sum()),
                "buildings": int(new.n_buildings[mine].sum()),
                "area_m2": float(new.area_m2[mine].sum()),
                "estates": len(np.unique(new.estate_index[mine & (new.estate_index >= 0)])),
                **_counts(one, rules.rural_mode, language),
            }
        )
    apart = [fault for fault in _apart(report) if change.kind == "merge"]
    return _frame(place, sheet, change, villages, results), apart


def _counts(one: Assessment, rural_mode: str, language: str) -> dict[str, Any]:
    """How many grids it could have."""
    means = [
        {"grids": k, "households": round(one.standard_households / k, 1)}
        for k in range(one.k_min, min(one.k_max, one.k_min + _MOST_MEANS - 1) + 1)
        if k > 0
    ]
    return {
        "standard_households": one.standard_households,
        "dedicated": one.n_dedicated,
        "dedicated_households": one.dedicated_households,
        "rural_grids": one.n_rural,
        "n_grids_min": one.n_grids_min,
        "n_grids_max": one.n_grids_max,
        "rural_mode": rural_mode if one.is_rural else None,
        "k_min": one.k_min,
        "k_max": one.k_max,
        "means": means,
        "feasible": one.feasible,
        "reason": one.reason,
        "why": None if one.reason is None else sentence(f"why_{one.reason}", {}, language),
        "near_misses": [
            {name: value for name, value in asdict(miss).items() if name != "atoms"} for miss in one.near_misses
        ],
    }


def _frame(
    place: Place, sheet: Sheet, change: Change, villages: Sequence[str], results: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """The change with what it begins from: villages, their grids, which codes may go on, which codes there are."""
    communities = place.territory["communities"].set_index("code")
    graph = place.ground.graph
    grids = _grids_by_community(sheet)
    targets = {part.new for part in change.parts}
    at = {code: i for i, code in enumerate(graph.communities)}
    households = np.bincount(graph.community_index, graph.households, len(graph.communities))
    now = [
        {
            "code": code,
            "name": str(communities.loc[code, "name"]),
            "kind": str(communities.loc[code, "kind"]),
            "households": int(households[at[code]]),
            "grids": grids.get(code, []),
        }
        for code in villages
    ]
    return {
        "spec": _text_of(change),
        "kind": change.kind,
        "villages": now,
        "gives_up": [code for code in villages if code not in targets],
        "grids_go_on": [grid for code in villages if code in targets for grid in grids.get(code, ())],
        "grids_retire": [grid for code in villages if code not in targets for grid in grids.get(code, ())],
        "new_number": _free_number(place.territory, villages) if change.kind == "merge" else None,
        "results": list(results),
    }


def _text_of(change: Change) -> str:
    """A merger as it is asked of a re-draw; other changes as they were written."""
    if change.kind != "merge":
        return change.text
    name = change.parts[0].name
    return "+".join(part.old for part in change.parts) + f"={change.parts[0].new}" + (f":{name}" if name else "")


def _free_number(territory: Territory, villages: Sequence[str]) -> str | None:
    """The lowest number in the town of the first village that no village has or had; ``None`` without a rule."""
    codes = territory["communities"]["code"].tolist()
    if code_form(codes) <= _TAIL:
        return None
    stem, number = villages[0][:-_TAIL], int(villages[0][-_TAIL:])
    taken = {*codes, *revoked_codes(territory)}
    first, last = (_RURAL_FROM, _RURAL_TO) if number >= _RURAL_FROM else (1, _RURAL_FROM - 1)
    free = (f"{stem}{n:0{_TAIL}d}" for n in range(first, last + 1))
    return next((code for code in free if code not in taken), None)
