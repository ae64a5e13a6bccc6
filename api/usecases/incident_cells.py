"""What the cells of a file of incidents mean: places, moments, words; every fault of every row, each with its code.

Only the row itself is looked at here.  Where it lies, whether its address is known and whether it is there already is
decided in `api.usecases.import_incidents`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

import numpy as np
from numpy.typing import NDArray

from api.usecases.incident_moments import FORMATS, read_moment_text, zone_of
from api.usecases.incident_table import IncidentTable
from api.usecases.incident_words import ALLOWED, known_words, plain
from api.usecases.incidents import CLOCK_SKEW, EARLIEST
from gis.errors import Fact, Fault, InputError
from gis.persons import without_numbers
from partition.incidents.flow import ENDED, HANDLED, STATES

STEPS = STATES[1:]
"""States that a file may state the time of."""
LONGEST: Mapping[str, int] = {"id": 120, "kind": 60, "title": 200, "address": 200, "grid": 64, "body": 200}
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?")
_NOT_FINITE = frozenset({"nan", "inf", "+inf", "-inf", "infinity", "+infinity", "-infinity"})
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ufffe\uffff\ud800-\udfff]")
_SHOWN = 60
_MOST_MINUTES = 5_256_000


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """What the user says about a file of incidents.

    Attributes
    ----------
    columns
        Theirs to ours.
    values
        Column and their word to our word.
    kind, priority, state, result
        Of rows that say none; no kind: such rows are refused.
    zone
        Time zone of moments that name none.
    system
        Where the ids of the file come from; ids of two systems do not meet.
    closed_after_min
        Rows that are handled or over and do not say when were so long after their receipt; none: they are refused.
    is_gcj02
        Whether longitudes and latitudes are in GCJ-02.
    encoding
        Of a CSV file; found where omitted.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[tuple[str, str], str] = field(default_factory=dict)
    kind: str = ""
    priority: int = 3
    state: str = "received"
    result: str = ""
    zone: str = "Asia/Shanghai"
    system: str = ""
    closed_after_min: float | None = None
    is_gcj02: bool = False
    encoding: str | None = None

    def said(self) -> str:
        """The options as one text: what makes two imports of a file the same."""
        known = {name: getattr(self, name) for name in self.__slots__}
        listed = {k: sorted(map(str, v.items())) if isinstance(v, Mapping) else v for k, v in known.items()}
        return repr(sorted(listed.items()))


@dataclass(slots=True)
class Cells:
    """Rows as they were understood; lists and arrays are as long as the table.

    Attributes
    ----------
    lon, lat
        WGS 84; NaN where the row has no point of its own.
    asks_address
        Rows whose address says where they are.
    received_at
        None in rows with a fault.
    stated_at
        The same as the row states it: a little ahead of our clock where its own clock is.
    steps
        State to the moments it was reached at, in rows that say so.
    faults, notes
        Position of a row to what is wrong with it, or what should be known of it.
    """

    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    asks_address: NDArray[np.bool_]
    received_at: list[datetime | None]
    stated_at: list[datetime | None]
    texts: dict[str, list[str]]
    priority: list[int]
    state: list[str]
    level: list[int]
    result: list[str]
    steps: dict[str, list[datetime | None]]
    faults: dict[int, list[Fault]] = field(default_factory=dict)
    notes: dict[int, list[Fault]] = field(default_factory=dict)

    def fault(self, row: int, code: str, **facts: Fact) -> None:
        """Note what is wrong with a row."""
        self.faults.setdefault(row, []).append(Fault(code, facts))

    def note(self, row: int, code: str, **facts: Fact) -> None:
        """Note what should be known of a row that is taken."""
        self.notes.setdefault(row, []).append(Fault(code, facts))


def read_cells(table: IncidentTable, options: ImportOptions, now: datetime) -> Cells:
    """Understand every cell of a table.

    Raises
    ------
    InputError
        ``incident_import_zone``, ``incident_import_word_option`` (a constant that is no word of ours),
        ``incident_import_kind_column`` and ``incident_import_time_column`` (the file has none).
    """
    _check_options(table, options)
    n = len(table)
    cells = Cells(
        np.full(n, np.nan),
        np.full(n, np.nan),
        np.zeros(n, bool),
        [None] * n,
        [None] * n,
        {},
        [],
        [],
        [],
        [],
        {},
        {},
        {},
    )
    for row, fault in table.broken.items():
        cells.faults[row] = [fault]
    whole = [row for row in range(n) if row not in table.broken]
    for name in LONGEST:
        cells.texts[name] = _texts(table, name, cells, whole)
    cells.texts["kind"] = _kinds(cells, options, whole)
    _places(table, cells, options, whole)
    _moments(table, cells, options, whole, now)
    words = known_words(options.values)
    read = partial(_words, table, cells, whole, words)
    cells.priority = [int(word) for word in read("priority", str(options.priority))]
    cells.level = [int(word) for word in read("level", "0")]
    cells.result = read("result", options.result)
    cells.state = read("state", "")
    _states(cells, options, whole, now)
    return cells


def _check_options(table: IncidentTable, options: ImportOptions) -> None:
    for column in ("priority", "state", "result"):
        said = str(getattr(options, column))
        if said and said not in ALLOWED[column]:
            allowed = ", ".join(ALLOWED[column])
            raise InputError("incident_import_word_option", column=column, measured=said, allowed=allowed)
    for column, text in (("kind", options.kind), ("system", options.system)):
        _check_constant(column, text)
    for (column, _), ours in options.values.items():
        _check_constant(column, ours)
    zone_of(options.zone)
    minutes = options.closed_after_min
    if minutes is not None and not 0 <= minutes <= _MOST_MINUTES:
        raise InputError(
            "incident_import_word_option", column="closed-after", measured=minutes, allowed=f"0 ... {_MOST_MINUTES}"
        )
    headers = ", ".join(table.cells)[:160]
    if not options.kind and "kind" not in table.columns:
        raise InputError("incident_import_kind_column", file=table.file, measured=headers)
    if not {"received_at", "date"} & table.columns.keys():
        raise InputError("incident_import_time_column", file=table.file, measured=headers)


def _check_constant(column: str, text: str) -> None:
    longest = LONGEST["kind"]
    if len(text) > longest or _CONTROL.search(text):
        raise InputError("incident_import_text_long", column=column, measured=len(text), allowed=longest)
    if without_numbers(text) != text:
        raise InputError("incident_import_personal", column=column)


def _texts(table: IncidentTable, name: str, cells: Cells, whole: Sequence[int]) -> list[str]:
    """Free texts without what may not be kept: control characters, ID and phone numbers."""
    column = table.column(name)
    out = [""] * len(table)
    if column is None:
        return out
    longest = LONGEST[name]
    for row in whole:
        text = column[row]
        if not text:
            continue
        if _CONTROL.search(text):
            cells.fault(row, "incident_import_text_wrong", column=table.columns[name])
        elif len(text) > longest:
            facts: dict[str, Fact] = {"measured": len(text), "allowed": longest}
            cells.fault(row, "incident_import_text_long", column=table.columns[name], **facts)
        elif len(text) >= 11 and without_numbers(text) != text:
            cells.fault(row, "incident_import_personal", column=table.columns[name])
        else:
            out[row] = " ".join(text.split())
    return out


def _kinds(cells: Cells, options: ImportOptions, whole: Sequence[int]) -> list[str]:
    named = {plain(theirs): ours for (column, theirs), ours in options.values.items() if column == "kind"}
    kinds = [(named.get(plain(text), text) if named else text) or options.kind for text in cells.texts["kind"]]
    for row in whole:
        if not kinds[row] and row not in cells.faults:
            cells.fault(row, "incident_import_kind_missing")
    return kinds


def _places(table: IncidentTable, cells: Cells, options: ImportOptions, whole: Sequence[int]) -> None:
    lon, lat = table.column("lon"), table.column("lat")
    addresses = table.column("address")
    for row in whole:
        said = (lon[row] if lon is not None else "", lat[row] if lat is not None else "")
        if not said[0] and not said[1]:
            if addresses is not None and addresses[row]:
                cells.asks_address[row] = True
            else:
                cells.fault(row, "incident_import_place_missing")
            continue
        for name, text, most, values in (("lon", said[0], 180.0, cells.lon), ("lat", said[1], 90.0, cells.lat)):
            value = _number(row, table.columns.get(name, name), text, cells)
            if value is None:
                continue
            if abs(value) > most:
                column, shown = table.columns[name], text[:_SHOWN]
                cells.fault(row, "incident_import_place_range", column=column, measured=shown, allowed=most)
            else:
                values[row] = value
    if options.is_gcj02:
        from gis.shift import gcj02_to_wgs84

        known = np.isfinite(cells.lon) & np.isfinite(cells.lat)
        cells.lon[known], cells.lat[known] = gcj02_to_wgs84(cells.lon[known], cells.lat[known])


def _number(row: int, column: str, text: str, cells: Cells) -> float | None:
    if _NUMBER.fullmatch(text) and math.isfinite(value := float(text)):
        return value
    is_known = text.lower() in _NOT_FINITE or _NUMBER.fullmatch(text)
    code = "incident_import_number_infinite" if is_known else "incident_import_number_wrong"
    cells.fault(row, code, column=column, measured=text[:_SHOWN])
    return None


def _moments(table: IncidentTable, cells: Cells, options: ImportOptions, whole: Sequence[int], now: datetime) -> None:
    zone = zone_of(options.zone)
    received, date, time = (table.column(name) for name in ("received_at", "date", "time"))
    main = received if received is not None else date
    assert main is not None
    column = table.columns["received_at" if received is not None else "date"]
    latest = now + CLOCK_SKEW

    def read(row: int, column: str, text: str, clock: str = "") -> tuple[datetime, bool] | None:
        found = read_moment_text(text, zone, clock)
        shown = f"{text} {clock}".strip()[:_SHOWN]
        if found is None:
            cells.fault(row, "incident_import_time_wrong", column=column, measured=shown, allowed=FORMATS)
            return None
        if found[0] > latest:
            allowed = now.astimezone(zone).isoformat(timespec="seconds")
            cells.fault(row, "incident_import_time_future", column=column, measured=shown, allowed=allowed)
            return None
        if found[0] < EARLIEST:
            allowed = EARLIEST.date().isoformat()
            cells.fault(row, "incident_import_time_old", column=column, measured=shown, allowed=allowed)
            return None
        return found

    for row in whole:
        if not main[row]:
            cells.fault(row, "incident_import_time_missing", column=column)
            continue
        text, clock = main[row], time[row] if time is not None else ""
        alone = read_moment_text(text, zone)
        if alone is None and received is not None and date is not None and date[row]:
            text, clock = date[row], text  # a column of times beside one of dates
        elif alone is not None and alone[1]:
            clock = ""
        found = read(row, column, text, clock)
        if found is None:
            continue
        cells.received_at[row], cells.stated_at[row] = min(found[0], now), found[0]
        if not found[1]:
            cells.note(row, "incident_import_midnight", column=column, measured=main[row][:_SHOWN])
    for state in STEPS:
        texts = table.column(f"{state}_at")
        if texts is not None:
            moments: list[datetime | None] = [None] * len(table)
            for row in whole:
                if texts[row]:
                    stated = read(row, table.columns[f"{state}_at"], texts[row])
                    moments[row] = None if stated is None else min(stated[0], now)
            cells.steps[state] = moments


def _words(
    table: IncidentTable,
    cells: Cells,
    whole: Sequence[int],
    words: Mapping[str, Mapping[str, str]],
    name: str,
    else_: str,
) -> list[str]:
    column = table.column(name)
    out = [else_] * len(table)
    if column is None:
        return out
    known = words[name]
    for row in whole:
        text = column[row]
        if not text:
            continue
        ours = known.get(plain(text))
        if ours is None:
            allowed = ", ".join(ALLOWED[name])
            facts: dict[str, Fact] = {"measured": text[:_SHOWN], "allowed": allowed}
            cells.fault(row, "incident_import_word_unknown", column=table.columns[name], **facts)
        else:
            out[row] = ours
    return out


def _states(cells: Cells, options: ImportOptions, whole: Sequence[int], now: datetime) -> None:
    """States where none is stated, and whether the times go with them."""
    for row in whole:
        times = {state: moments[row] for state, moments in cells.steps.items() if moments[row] is not None}
        if not cells.state[row]:
            over = [state for state in ENDED if state in times]
            cells.state[row] = over[0] if over else options.state
        received = cells.received_at[row]
        if received is None or row in cells.faults:
            continue
        _check_order(cells, row, received, times)
        state = cells.state[row]
        later = [s for s in times if s in ENDED and s != state]
        if later:
            cells.fault(row, "incident_import_state_time", state=state, measured=f"{later[0]}_at")
        if state in (*HANDLED, "cancelled") and not (times.keys() & _ends(state)):
            if options.closed_after_min is None:
                cells.fault(row, "incident_import_end_missing", state=state, allowed=f"{state}_at")
            else:
                last = max([received, *filter(None, times.values())])
                moments = cells.steps.setdefault(state, [None] * len(cells.state))
                assumed = min(received + timedelta(minutes=options.closed_after_min), now)
                moments[row] = max(last, assumed)


def _ends(state: str) -> set[str]:
    """Steps whose time says when a state's work was done."""
    return {"cancelled"} if state == "cancelled" else set(HANDLED[: HANDLED.index(state) + 1])


def _check_order(cells: Cells, row: int, received: datetime, times: Mapping[str, datetime | None]) -> None:
    before, at = "received", received
    for state in STEPS:
        moment = times.get(state)
        if moment is None or state == "cancelled":
            continue
        if moment < at:
            code = "incident_import_closed_before" if before == "received" else "incident_import_times_order"
            facts: dict[str, Fact] = {"measured": f"{state}_at {moment.isoformat()}"}
            cells.fault(row, code, **facts, allowed=f"{before}_at {at.isoformat()}")
            return
        before, at = state, moment
    cancelled = times.get("cancelled")
    if cancelled is not None and cancelled < received:
        facts = {"measured": f"cancelled_at {cancelled.isoformat()}", "allowed": f"received_at {received.isoformat()}"}
        cells.fault(row, "incident_import_closed_before", **facts)
