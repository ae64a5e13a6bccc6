"""A file of incidents into a store: row by row new, known or refused; the same file twice changes nothing.

Everything that can be found out is found out before the transaction begins; the good rows then go in together, in one
transaction with one event and one row of the log, so that a run that is killed leaves nothing half done and can be
run again.  A row without an id of its own is known by what it says (place, moment, kind, words) and by how many rows
of the file before it say the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from api.usecases.incident_cells import STEPS, Cells, ImportOptions, read_cells
from api.usecases.incident_ground import IncidentGround
from api.usecases.incident_table import MOST_ROWS, IncidentTable, read_incident_table
from api.usecases.incidents import CLOCK_SKEW, rules_for
from api.usecases.look_up_answers import Answer
from data.store import Act, Store, Tx
from data.store.numbers import take_numbers
from data.store.rooms.incident_cards import Ground, NewIncident
from data.store.rooms.incident_import import There
from gis.errors import Fact, Fault
from gis.progress import SILENT, Progress
from partition.incidents.deadlines import IncidentRules, clocks, next_escalation
from partition.incidents.flow import HANDLED, HELD

SOURCE = "import"
_SURE = ("exact", "building")
_ADDRESSES_AT_ONCE = 1_000
LookUp = Callable[[Sequence[str]], list[Answer]]
"""Addresses to answers; see `api.usecases.look_up_answers.Answers.look_up_many`."""


@dataclass(slots=True)
class Receipt:
    """What became of every row of a file.

    Attributes
    ----------
    table
        The file as it was read.
    status
        ``new``, ``known`` or ``refused``, per row.
    ids, externals
        Of the incident, and its id where it came from; empty where the row was refused.
    grounds
        Where it lies.
    faults, notes
        Position of a row to what is wrong with it, or what should be known of it.
    import_id
        Id of the import; none where nothing was new.
    """

    table: IncidentTable
    status: list[str]
    ids: list[str]
    externals: list[str]
    grounds: list[Ground | None]
    faults: dict[int, list[Fault]]
    notes: dict[int, list[Fault]]
    import_id: str | None = None
    counts: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Work:
    """What is known of a file before the transaction."""

    table: IncidentTable
    cells: Cells
    grounds: list[Ground | None]
    externals: list[str]
    twice: dict[int, int]


def import_incidents(
    store: Store,
    path: Path,
    act: Act,
    role: str,
    options: ImportOptions,
    *,
    name: str | None = None,
    look_up: LookUp | None = None,
    ground: IncidentGround | None = None,
    most_rows: int = MOST_ROWS,
    progress: Progress = SILENT,
) -> Receipt:
    """Take a file of incidents in.

    Parameters
    ----------
    path
        CSV, workbook, GeoJSON, another vector file, or a zip with one of them.
    role
        Of whoever imports.
    name
        What the user calls the file.
    look_up
        Finds addresses, where rows have no coordinates.
    ground
        Kept between imports by a service.
    progress
        Stages ``stage_incident_rows``, ``stage_incident_places``, ``stage_incident_store``.

    Raises
    ------
    InputError
        What is wrong with the file as a whole: as `read_incident_table` and `read_cells`.
    """
    progress.stage("stage_incident_rows")
    table = read_incident_table(path, name=name, given=options.columns, encoding=options.encoding, most_rows=most_rows)
    cells = read_cells(table, options, act.at)
    progress.stage("stage_incident_places", len(table))
    _find_addresses(table, cells, look_up, progress)
    grounds = _find_grounds(cells, ground or IncidentGround(store), act.jurisdiction)
    _check_grids(store, cells, grounds)
    externals, twice = _externals(table, cells, options)
    work = _Work(table, cells, grounds, externals, twice)
    there = _known(store, work, act.jurisdiction)
    progress.stage("stage_incident_store", len(table))
    receipt = _receipt(work, there)
    if "new" in receipt.status:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        with store.write(act) as tx:
            _save(tx, work, receipt, role, digest, f"{options.said()} within {act.jurisdiction!r}")
    receipt.counts = {status: receipt.status.count(status) for status in ("new", "known", "refused")}
    progress.advance(len(table))
    return receipt


def _find_addresses(table: IncidentTable, cells: Cells, look_up: LookUp | None, progress: Progress) -> None:
    """Points of rows that have an address alone; only a building that is certain counts."""
    texts = cells.texts["address"]
    asked = [row for row in np.flatnonzero(cells.asks_address).tolist() if row not in cells.faults]
    column = table.columns.get("address", "")
    if look_up is None:
        for row in asked:
            cells.fault(row, "incident_import_no_addresses", column=column)
        return
    found: dict[str, Answer] = {}
    wanted = list(dict.fromkeys(texts[row] for row in asked))
    for start in range(0, len(wanted), _ADDRESSES_AT_ONCE):
        some = wanted[start : start + _ADDRESSES_AT_ONCE]
        found.update(zip(some, look_up(some), strict=True))
        progress.advance(len(some))
    for row in asked:
        answer = found[texts[row]]
        if answer.status in _SURE and answer.lon is not None and answer.lat is not None:
            cells.lon[row], cells.lat[row] = answer.lon, answer.lat
            continue
        said: dict[str, Fact] = {"column": column, "candidates": len(answer.candidates)}
        if answer.status == "ambiguous":
            cells.fault(row, "incident_import_address_ambiguous", **said)
        elif answer.status == "not_found":
            cells.fault(row, "incident_import_address_unknown", **said)
        else:
            cells.fault(row, "incident_import_address_street", **said)


def _find_grounds(cells: Cells, ground: IncidentGround, jurisdiction: str) -> list[Ground | None]:
    """Where the good rows lie, each at its own moment."""
    out: list[Ground | None] = [None] * len(cells.state)
    rows = [row for row in range(len(out)) if row not in cells.faults]
    moments = [moment for row in rows if (moment := cells.received_at[row]) is not None]
    found = ground.find_many(cells.lon[rows].tolist(), cells.lat[rows].tolist(), moments) if rows else []
    for row, place in zip(rows, found, strict=True):
        if place is None or not (place.community or place.county).startswith(jurisdiction):
            where = f"{cells.lon[row]:.6f}, {cells.lat[row]:.6f}"
            cells.fault(row, "incident_import_outside", measured=where)
        else:
            out[row] = place
    return out


def _check_grids(store: Store, cells: Cells, grounds: list[Ground | None]) -> None:
    """Grids that the file states: one that no plan knows refuses the row, another one than ours is noted."""
    stated = cells.texts["grid"]
    asked = {stated[row] for row, place in enumerate(grounds) if place is not None and stated[row]}
    if not asked:
        return
    with store.read() as tx:
        known = tx.incident_import.grid_codes(asked)
    for row, place in enumerate(grounds):
        if place is None or not stated[row]:
            continue
        if stated[row] not in known:
            cells.fault(row, "incident_import_grid_unknown", measured=stated[row])
            grounds[row] = None
        elif stated[row] != place.grid:
            cells.note(row, "incident_import_grid_other", measured=stated[row], allowed=place.grid or "")


def _externals(table: IncidentTable, cells: Cells, options: ImportOptions) -> tuple[list[str], dict[int, int]]:
    """The id of each row where it came from, and rows that say the same as an earlier one under one id."""
    ids = cells.texts["id"]
    prefix = f"{options.system}:" if options.system else ""
    externals = [""] * len(table)
    seen: dict[str, int] = {}
    first: dict[str, tuple[int, str]] = {}
    twice: dict[int, int] = {}
    for row in range(len(table)):
        if row in cells.faults:
            continue
        said = _said(cells, row)
        if not ids[row]:
            digest = hashlib.sha256(f"{prefix}{said}".encode()).hexdigest()[:32]
            seen[digest] = seen.get(digest, 0) + 1
            externals[row] = f"row:{digest}:{seen[digest]}"
            continue
        externals[row] = prefix + ids[row]
        before = first.setdefault(externals[row], (row, said))
        if before[0] == row:
            continue
        number = table.numbers[before[0]]
        if before[1] == said:
            twice[row] = before[0]
            cells.note(row, "incident_import_row_twice", id=ids[row], other=number)
        else:
            cells.fault(row, "incident_import_id_twice", id=ids[row], other=number)
    return externals, twice


def _said(cells: Cells, row: int) -> str:
    """What makes a row this incident and no other; how far it has come since is no part of it."""
    texts, moment = cells.texts, cells.stated_at[row]
    place = "" if cells.asks_address[row] else f"{cells.lon[row]:.7f} {cells.lat[row]:.7f}"
    when = "" if moment is None else moment.isoformat()
    return "\x1f".join((place, when, texts["kind"][row], texts["title"][row], texts["address"][row]))


def _known(store: Store, work: _Work, jurisdiction: str) -> dict[int, There]:
    """Rows whose incident is there already; ids that another incident has are faults of their rows."""
    with store.read() as tx:
        found = _ask(tx, work)
    for row, card in list(found.items()):
        if not _is_same_moment(card, work.cells.stated_at[row]) or not card.place.startswith(jurisdiction):
            work.cells.fault(row, "incident_import_id_other", id=work.externals[row])
            del found[row]
    return found


def _is_same_moment(card: There, stated: datetime | None) -> bool:
    if stated is None or card.received_at == stated:
        return card.received_at == stated
    # What a clock ahead of ours stated was taken for the moment it came in.
    return card.received_at == card.recorded_at < stated <= card.recorded_at + CLOCK_SKEW


def _ask(tx: Tx, work: _Work) -> dict[int, There]:
    rows_of: dict[str, list[int]] = {}
    for row, place in enumerate(work.grounds):
        if place is not None and row not in work.cells.faults:
            rows_of.setdefault(place.county, []).append(row)
    found: dict[int, There] = {}
    for county, rows in sorted(rows_of.items()):
        known = tx.incident_import.known(county, SOURCE, [work.externals[row] for row in rows])
        found.update({row: known[work.externals[row]] for row in rows if work.externals[row] in known})
    return found


def _receipt(work: _Work, there: dict[int, There]) -> Receipt:
    n = len(work.table)
    receipt = Receipt(
        work.table, ["new"] * n, [""] * n, work.externals, work.grounds, work.cells.faults, work.cells.notes
    )
    for row in range(n):
        if row in work.cells.faults:
            receipt.status[row], receipt.externals[row], receipt.grounds[row] = "refused", "", None
        elif row in there or row in work.twice:
            receipt.status[row] = "known"
            if row in there:
                _is_known(receipt, row, there[row])
    return receipt


def _is_known(receipt: Receipt, row: int, card: There) -> None:
    place = receipt.grounds[row]
    receipt.status[row], receipt.ids[row] = "known", card.id
    if place is not None:  # as it was found when it came in
        receipt.grounds[row] = Ground(place.county, card.community or "", card.grid)


def _save(tx: Tx, work: _Work, receipt: Receipt, role: str, digest: str, options: str) -> None:
    """The new rows into the store; what somebody else has brought meanwhile is known."""
    tx.stream.queue_up()
    for row, card in _ask(tx, work).items():
        _is_known(receipt, row, card)
    new = [row for row, status in enumerate(receipt.status) if status == "new"]
    if new:
        event = take_numbers(tx, "incident_events")
        first = take_numbers(tx, "incidents", len(new))
        rows = _rows(tx, work, receipt, new, first, event, role)
        places = [row["place"] for row in rows]
        county = rows[0]["county"]
        place = _around(places)
        counts = {status: receipt.status.count(status) for status in ("new", "known", "refused")}
        import_id = "f" + hashlib.sha256(f"{digest}\n{options}\n{county}".encode()).hexdigest()[:16]
        report: dict[str, Any] = {**counts, "rows": len(work.table), "file": work.table.file}
        tx.incident_import.record(
            import_id,
            event,
            role,
            county=county,
            place=place,
            sha256=digest,
            options=hashlib.sha256(options.encode()).hexdigest(),
            name=work.table.file,
            report=report,
        )
        receipt.import_id = import_id
    for row, earlier in work.twice.items():
        if receipt.status[row] == "known" and not receipt.ids[row]:
            receipt.ids[row] = receipt.ids[earlier]


def _around(places: Sequence[str]) -> str:
    """The longest code that all places begin with."""
    first, last = min(places), max(places)
    length = next((i for i, (a, b) in enumerate(zip(first, last)) if a != b), min(len(first), len(last)))
    return first[:length]


def _rows(
    tx: Tx, work: _Work, receipt: Receipt, new: Sequence[int], first: int, event: int, role: str
) -> list[dict[str, Any]]:
    """Rows of the table, kept in the store; assignments of those that somebody has."""
    rules: dict[str, IncidentRules] = {}
    rows: list[dict[str, Any]] = []
    held: list[tuple[dict[str, Any], datetime]] = []
    for number, row in enumerate(new, start=first):
        made = _row(tx, work, row, number, event, rules)
        receipt.ids[row] = made["id"]
        if made["body"] is not None:
            stated = (moments[row] for state, moments in work.cells.steps.items() if state in HELD)
            held.append((made, min(filter(None, stated), default=made["received_at"])))
        rows.append(made)
    tx.incident_import.add_many(rows)
    tx.incident_import.assign(held, role)
    return rows


def _row(tx: Tx, work: _Work, row: int, number: int, event: int, rules_of: dict[str, IncidentRules]) -> dict[str, Any]:
    cells = work.cells
    place, received_at = work.grounds[row], cells.received_at[row]
    assert place is not None
    assert received_at is not None
    if place.county not in rules_of:
        rules_of[place.county] = rules_for(tx, place.county)
    rules = rules_of[place.county]
    kind, priority, level = cells.texts["kind"][row], cells.priority[row], cells.level[row]
    due = clocks(rules, kind, priority, received_at)
    state, body = cells.state[row], cells.texts["body"][row] or None
    if state in HELD and body is None:
        # Nobody is named who is responsible: it waits for a dispatcher to send somebody.
        cells.note(row, "incident_import_unassigned", state=state)
        state = "assessed"
    new = NewIncident(
        kind=kind,
        priority=priority,
        lon=float(cells.lon[row]),
        lat=float(cells.lat[row]),
        received_at=received_at,
        ground=place,
        due=due,
        escalate_at=next_escalation(rules, state, priority, due, level),
        title=cells.texts["title"][row] or None,
        address=cells.texts["address"][row] or None,
        source=SOURCE,
        external=work.externals[row],
    )
    times = {s: cells.steps[s][row] if s in cells.steps else None for s in STEPS}
    worked = [moment for s in HANDLED if (moment := times[s]) is not None]
    return tx.incidents.row_of(new, number, event) | {
        "state": state,
        "level": level,
        "result": cells.result[row] or None,
        "body": body if state in HELD else None,
        "handled_at": min(worked) if worked and state in HANDLED else None,
        **{f"{s}_at": moment for s, moment in times.items()},
    }
