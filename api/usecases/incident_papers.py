"""The papers of a period's incidents and the map file: made from the store, each as a whole.

Decides which plan and land the map shows: the grids that are in force at the end of the period.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import geopandas as gpd
import numpy as np
import pandas as pd

from api.usecases.incident_rules import kind_names
from api.usecases.incident_statistics import span_of
from api.usecases.incident_summary import Wanted, rates_of, summary_of, with_spots
from data.papers.incidents import incidents_csv, write_incident_tables
from data.store import Store, Tx
from data.store.rooms.incident_cards import IncidentCard
from data.store.tables.incidents import incidents
from gis.errors import Conflict, InputError, StorageError
from gis.territory import Territory
from maps.incident_map import write_incident_map
from maps.incidents.page import MappedIncidents, MapPeriod
from maps.incidents.paper import write_incident_paper
from partition.filed import FiledPlan
from partition.incidents.periods import Period
from partition.incidents.summary import IncidentSummary

MOST_MAPPED = 50_000
"""Incidents of one map file: a page of some megabytes that a browser still opens at once."""
ENDINGS = ("pdf", "xlsx", "csv", "html")


@dataclass(frozen=True, slots=True)
class MapOrder:
    """What the map file shows."""

    incidents: MappedIncidents
    period: MapPeriod
    filed: FiledPlan
    territory: str


def plan_in_force(tx: Tx, moment: datetime) -> tuple[FiledPlan, str] | None:
    """The grids in force at a moment as one plan, and the id of its land; none where none is.

    Of several plans in force side by side the largest gives the land.
    """
    grids = tx.incident_figures.grids_at(moment)
    if not len(grids.code):
        return None
    by_plan: dict[str, list[str]] = {}
    for code, plan in zip(grids.code, grids.plan):
        by_plan.setdefault(plan, []).append(code)
    ordered = sorted(by_plan, key=lambda plan: (-len(by_plan[plan]), plan))
    parts = {plan: tx.plans.load(plan) for plan in ordered}
    first = parts[ordered[0]]
    tables = []
    for plan in ordered:
        table = parts[plan].grids
        tables.append(table[table["code"].isin(by_plan[plan])].to_crs(first.grids.crs))
    together = gpd.GeoDataFrame(pd.concat(tables, ignore_index=True), crs=first.grids.crs)
    whole = together.sort_values("code", kind="stable", ignore_index=True)
    return replace(first, grids=whole), tx.plans.card(ordered[0]).territory


def map_order(tx: Tx, period: Period, now: datetime, zone: str) -> MapOrder:
    """Incidents received in a period, and the grids in force at its end.

    Raises
    ------
    Conflict
        ``incident_map_too_many``, ``incident_map_no_plan``.
    """
    span = span_of(period, now, zone)
    inside = (incidents.c.received_at >= span.first, incidents.c.received_at < span.after)
    n = tx.incidents.count(*inside)
    if n > MOST_MAPPED:
        raise Conflict("incident_map_too_many", measured=n, allowed=MOST_MAPPED)
    drawn = plan_in_force(tx, span.until)
    if drawn is None:
        raise Conflict("incident_map_no_plan", measured=period.label)
    made = now.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M")
    said = MapPeriod(period.first.isoformat(), period.last.isoformat(), zone, made, n)
    return MapOrder(mapped(tx.incidents.cards(*inside), span.until, kind_names(tx)), said, *drawn)


def mapped(cards: list[IncidentCard], now: datetime, called: Mapping[str, Mapping[str, str]]) -> MappedIncidents:
    """Incidents as the map takes them; late is what was handled after it was due, or is open and due."""
    return MappedIncidents(
        id=[card.id for card in cards],
        kind=[card.kind for card in cards],
        state=[card.state for card in cards],
        priority=[card.priority for card in cards],
        lon=np.array([card.lon for card in cards], float),
        lat=np.array([card.lat for card in cards], float),
        received_at=np.array([int(card.received_at.timestamp()) for card in cards], np.int64),
        grid=[card.grid or "" for card in cards],
        title=[card.title or "" for card in cards],
        address=[card.address or "" for card in cards],
        level=[card.level for card in cards],
        is_late=np.array(
            [card.state != "cancelled" and (card.handled_at or now) > card.due_at for card in cards], bool
        ),
        called=called,
    )


def write_map(order: MapOrder, territory: Territory, path: Path, *, language: str) -> None:
    """Write the map file."""
    write_incident_map(order.incidents, order.period, order.filed, territory, path, language=language)


def write_summary(summary: IncidentSummary, filed: FiledPlan | None, path: Path, ending: str, *, language: str) -> None:
    """Write one paper of a summary: ``pdf``, ``xlsx`` or ``csv``."""
    if ending == "pdf":
        write_incident_paper(summary, filed, path, language=language)
    elif ending == "xlsx":
        write_incident_tables(summary, path, language=language)
    elif ending == "csv":
        path.write_text(incidents_csv(summary), encoding="utf-8", newline="")
    else:
        raise InputError("option_out_of_range", column="paper", measured=ending, allowed=", ".join(ENDINGS))


@dataclass(frozen=True, slots=True)
class Written:
    """What was written into a folder.

    Attributes
    ----------
    without
        Why there is no map, as a fault's code; empty where there is one.
    """

    files: tuple[Path, ...]
    n_received: float
    n_mapped: int
    without: str

    def facts(self) -> dict[str, object]:
        """As plain data."""
        return {
            "files": [str(path) for path in self.files],
            "received": self.n_received,
            "mapped": self.n_mapped,
            "without_map": self.without,
        }


def write_all(
    store: Store,
    wanted: Wanted,
    now: datetime,
    folder: Path,
    *,
    language: str,
    version: str = "",
) -> Written:
    """PDF, XLSX and CSV of a period, and its map where a plan is in force; the folder is made where it is missing.

    Raises
    ------
    StorageError
        The folder or a file can not be written.
    """
    with store.read() as tx:
        summary = summary_of(tx, wanted, now, version=version)
        rates = rates_of(tx, wanted, now)
        drawn = plan_in_force(tx, span_of(wanted.period, now, wanted.zone).until)
        order, without = None, ""
        try:
            order = map_order(tx, wanted.period, now, wanted.zone)
        except Conflict as error:
            without = error.faults[0].code
        land = tx.territories.load(order.territory) if order else None
    summary = with_spots(summary, rates)
    _make_folder(folder)
    files = [folder / name_of(wanted, ending) for ending in ENDINGS]
    for path, ending in zip(files[:3], ENDINGS):
        write_summary(summary, drawn[0] if drawn else None, path, ending, language=language)
    if order is None or land is None:
        return Written(tuple(files[:3]), summary.totals.received, 0, without)
    write_map(order, land, files[3], language=language)
    return Written(tuple(files), summary.totals.received, len(order.incidents), "")


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError("file_not_writable", file=str(folder), measured=error.strerror or str(error)) from error


def name_of(wanted: Wanted, ending: str) -> str:
    """Name of a paper's file."""
    return f"incidents-{wanted.period.label.replace('/', '_')}.{ending}"
