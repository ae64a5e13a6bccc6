"""Rules of incidents from a TOML file or plain data and back: the table ``[incidents]``.

What is not stated keeps its default; the tables of deadlines and of kinds replace the default one as a whole.  Every
fault is collected before any is told.  What the rules mean is decided in `partition.incidents.deadlines`.
"""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from gis.errors import Fact, Fault, InputError
from partition.incidents.calendar import MOST_DAYS, WEEKDAYS, Span, WorkCalendar, span_of
from partition.incidents.deadlines import ANY, ASKED, RULES, Deadline, IncidentRules, Kind
from partition.incidents.flow import PRIORITIES

TABLE = "incidents"
MOST_ROWS = 1_000
MOST_NAME = 60
_NUMBERS: Mapping[str, tuple[float, float]] = {
    "duplicate_m": (0.0, 10_000.0),
    "duplicate_min": (0.0, 43_200.0),
    "stale_s": (1.0, 86_400.0),
    "rest_min": (0.0, 1_440.0),
}
"""Field and what it may be, both ends included."""
_FIELDS = ("escalate_every", *_NUMBERS, "flag_due", "kinds", "deadlines", "calendar")
_CALENDAR = ("zone", "work_week", "opens", "closes", "holidays", "working_days")
_SPANS = "30 min, 2 hours, 1 day, 3 working days"


def rules_from_toml(text: str, *, file: str = "") -> IncidentRules:
    """Read the table ``[incidents]``; other tables are left alone.

    Raises
    ------
    InputError
        ``incident_rules_not_toml``, ``incident_rules_no_table``; else every fault found: see `rules_of_table`.
    """
    try:
        content = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise InputError("incident_rules_not_toml", file=file, measured=str(error)[:200]) from error
    if TABLE not in content:
        raise InputError("incident_rules_no_table", file=file, measured=", ".join(content)[:200], allowed=f"[{TABLE}]")
    return rules_of_table(content[TABLE], file=file)


def rules_of_table(table: object, *, file: str = "") -> IncidentRules:
    """Rules from plain data, as `table_of` gives it.

    Raises
    ------
    InputError
        Every fault found: ``incident_rules_unknown_key``, ``incident_rules_wrong_type``,
        ``incident_rules_out_of_range``, ``incident_rules_span``, ``incident_rules_twice``,
        ``incident_rules_kind_unknown``, ``incident_rules_order``, ``incident_rules_no_default``,
        ``incident_rules_zone``, ``incident_rules_never_worked``, ``incident_rules_day_both``.
    """
    return _Reading(file).rules(table)


def to_toml(rules: IncidentRules) -> str:
    """Rules as TOML, every field, in a fixed order; reading gives the same rules back."""
    table = table_of(rules)
    calendar, kinds, rows = table.pop("calendar"), table.pop("kinds"), table.pop("deadlines")
    entries_of = {"kinds": kinds, "deadlines": rows}
    empty: dict[str, Any] = {name: [] for name, entries in entries_of.items() if not entries}
    lines = [f"[{TABLE}]", *_pairs(table | empty), "", f"[{TABLE}.calendar]", *_pairs(calendar)]
    for name, entries in entries_of.items():
        for entry in entries:
            lines += ["", f"[[{TABLE}.{name}]]", *_pairs(entry)]
    return "\n".join([*lines, ""])


def table_of(rules: IncidentRules) -> dict[str, Any]:
    """Rules as plain data, every field stated."""
    calendar = rules.calendar
    return {
        "escalate_every": [str(span) for span in rules.escalate_every],
        **{name: getattr(rules, name) for name in _NUMBERS},
        "flag_due": str(rules.flag_due),
        "calendar": {
            "zone": calendar.zone,
            "work_week": list(calendar.work_week),
            "opens": calendar.opens.isoformat("minutes"),
            "closes": calendar.closes.isoformat("minutes"),
            "holidays": _in_spans(calendar.holidays),
            "working_days": _in_spans(calendar.working_days),
        },
        "kinds": [{"code": kind.code, "zh": kind.zh, "en": kind.en} for kind in rules.kinds],
        "deadlines": [
            {
                "kind": row.kind,
                "priority": row.priority,
                **{name: str(getattr(row, name)) for name in ASKED if getattr(row, name) is not None},
            }
            for row in rules.deadlines
        ],
    }


def _in_spans(days: frozenset[date]) -> list[str]:
    """Days as text, those in a row as ``FIRST/LAST``."""
    out: list[tuple[date, date]] = []
    for day in sorted(days):
        if out and day - out[-1][1] == timedelta(days=1):
            out[-1] = (out[-1][0], day)
        else:
            out.append((day, day))
    return [str(first) if first == last else f"{first}/{last}" for first, last in out]


def _pairs(table: Mapping[str, Any]) -> list[str]:
    return [f"{key} = {_value(value)}" for key, value in table.items()]


def _value(value: Any) -> str:
    if isinstance(value, str):  # every JSON string is a TOML string but for the control character 7F
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, list):
        return "[" + ", ".join(_value(one) for one in value) + "]"
    return repr(value)


class _Reading:
    """One reading: collects faults and names places as ``incidents.deadlines.2.handle``."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.faults: list[Fault] = []

    def fault(self, code: str, column: str, measured: object, allowed: str = "") -> None:
        facts: dict[str, Fact] = {"file": self.file, "column": column, "measured": str(measured)[:80]}
        self.faults.append(Fault(code, {**facts, "allowed": allowed} if allowed else facts))

    def rules(self, table: object) -> IncidentRules:
        content = self.table(table, TABLE, _FIELDS)
        values: dict[str, Any] = {}
        for name, (low, high) in _NUMBERS.items():
            if name in content:
                values[name] = self.number(content[name], f"{TABLE}.{name}", low, high, getattr(RULES, name))
        if "escalate_every" in content:
            values["escalate_every"] = self.steps(content["escalate_every"])
        if "flag_due" in content:
            values["flag_due"] = self.span(content["flag_due"], f"{TABLE}.flag_due") or RULES.flag_due
        if "calendar" in content:
            values["calendar"] = self.calendar(content["calendar"])
        if "kinds" in content:
            values["kinds"] = self.entries(content["kinds"], "kinds", self.kind)
        if "deadlines" in content:
            values["deadlines"] = self.entries(content["deadlines"], "deadlines", self.row)
        elif "kinds" in values:  # of the default rows, those of kinds that are still there
            known = {ANY, *(kind.code for kind in values["kinds"])}
            values["deadlines"] = tuple(row for row in RULES.deadlines if row.kind in known)
        rules = replace(RULES, **values)
        self.check(rules)
        if self.faults:
            raise InputError.of(self.faults)
        return rules

    def check(self, rules: IncidentRules) -> None:
        """What is wrong although every value by itself is right."""
        self.once([kind.code for kind in rules.kinds], f"{TABLE}.kinds")
        self.once([f"{row.kind} {row.priority}" for row in rules.deadlines], f"{TABLE}.deadlines")
        known = {ANY, *(kind.code for kind in rules.kinds)}
        for i, row in enumerate(rules.deadlines, 1):
            column = f"{TABLE}.deadlines.{i}"
            if row.kind and row.kind not in known:
                self.fault("incident_rules_kind_unknown", f"{column}.kind", row.kind, ", ".join(sorted(known))[:400])
            stated = [(name, span) for name in ASKED if (span := getattr(row, name)) is not None]
            for (before, first), (name, second) in pairwise(stated):
                if second.nominal_min < first.nominal_min:
                    self.fault("incident_rules_order", f"{column}.{name}", second, f"{before}: {first}")
        default = next((row for row in rules.deadlines if (row.kind, row.priority) == (ANY, 0)), Deadline())
        missing = [name for name in ASKED if getattr(default, name) is None]
        if missing:
            self.fault("incident_rules_no_default", f"{TABLE}.deadlines", ", ".join(missing))

    def once(self, names: list[str], column: str) -> None:
        for name in sorted({name for name in names if names.count(name) > 1}):
            self.fault("incident_rules_twice", column, name)

    # -- parts

    def calendar(self, value: object) -> WorkCalendar:
        base, where = RULES.calendar, f"{TABLE}.calendar"
        content = self.table(value, where, _CALENDAR)
        zone = self.text(content.get("zone", base.zone), f"{where}.zone")
        try:
            ZoneInfo(zone)
        except (ValueError, OSError, KeyError):  # no such zone, a name that is a folder, one that leads elsewhere
            self.fault("incident_rules_zone", f"{where}.zone", zone, "Asia/Shanghai")
            zone = base.zone
        week = content.get("work_week", list(base.work_week))
        if not isinstance(week, list) or not all(day in WEEKDAYS for day in week):
            self.fault("incident_rules_wrong_type", f"{where}.work_week", week, '["mon", "tue", "wed"]')
            week = list(base.work_week)
        opens, closes = (
            self.time(content.get(name, getattr(base, name).isoformat()), f"{where}.{name}")
            for name in ("opens", "closes")
        )
        holidays, working = (
            self.days(content[name], f"{where}.{name}") if name in content else getattr(base, name)
            for name in ("holidays", "working_days")
        )
        made = WorkCalendar(
            zone, tuple(d for d in WEEKDAYS if d in week), opens or base.opens, closes or base.closes, holidays, working
        )
        if made.closes <= made.opens:
            self.fault("incident_rules_order", f"{where}.closes", made.closes, f"opens: {made.opens}")
        if not made.work_week:
            self.fault("incident_rules_never_worked", f"{where}.work_week", "[]")
        for day in sorted(holidays & working):
            self.fault("incident_rules_day_both", f"{where}.working_days", day)
        return made

    def kind(self, value: object, where: str) -> Kind:
        content = self.table(value, where, ("code", "zh", "en"))
        code = self.name(content.get("code", ""), f"{where}.code")
        zh, en = (self.name(content.get(name, code), f"{where}.{name}") for name in ("zh", "en"))
        if code == ANY:
            self.fault("incident_rules_wrong_type", f"{where}.code", ANY, "占道经营")
        return Kind(code, zh, en)

    def row(self, value: object, where: str) -> Deadline:
        content = self.table(value, where, ("kind", "priority", *ASKED))
        kind = self.name(content.get("kind", ANY), f"{where}.kind")
        priority = content.get("priority", 0)
        if isinstance(priority, bool) or priority not in (0, *PRIORITIES) or not isinstance(priority, int):
            self.fault("incident_rules_wrong_type", f"{where}.priority", priority, "0, 1, 2, 3")
            priority = 0
        spans = {name: self.span(content[name], f"{where}.{name}") for name in ASKED if name in content}
        return Deadline(kind, priority, **spans)

    def steps(self, value: object) -> tuple[Span, Span, Span]:
        where = f"{TABLE}.escalate_every"
        if not isinstance(value, list) or len(value) != len(PRIORITIES):
            self.fault("incident_rules_wrong_type", where, value, '["15 min", "60 min", "1 day"]')
            return RULES.escalate_every
        spans = [self.span(one, f"{where}.{i}") or Span(1) for i, one in enumerate(value, 1)]
        for i, span in enumerate(spans, 1):
            if span.amount <= 0:
                self.fault("incident_rules_out_of_range", f"{where}.{i}", span, "> 0")
        return (spans[0], spans[1], spans[2])

    # -- values

    def table(self, value: object, column: str, names: tuple[str, ...]) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            self.fault("incident_rules_wrong_type", column, value, f"[{column}]")
            return {}
        for key in value:
            if key not in names:
                self.fault("incident_rules_unknown_key", f"{column}.{key}"[:200], key, ", ".join(names))
        return dict(value)

    def entries(self, value: object, name: str, read: Callable[[object, str], Any]) -> tuple[Any, ...]:
        where = f"{TABLE}.{name}"
        if not isinstance(value, list):
            self.fault("incident_rules_wrong_type", where, value, f"[[{where}]]")
            return ()
        if len(value) > MOST_ROWS:
            self.fault("incident_rules_out_of_range", where, len(value), f"<= {MOST_ROWS}")
        return tuple(read(one, f"{where}.{i}") for i, one in enumerate(value[:MOST_ROWS], 1))

    def number(self, value: object, column: str, low: float, high: float, default: float) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.fault("incident_rules_wrong_type", column, value, "1.0")
            return default
        if not (math.isfinite(value) and low <= value <= high):
            self.fault("incident_rules_out_of_range", column, value, f"{low:g} ... {high:g}")
            return default
        return float(value)

    def span(self, value: object, column: str) -> Span | None:
        found = span_of(value) if isinstance(value, str) else None
        if found is None:
            self.fault("incident_rules_span", column, value, _SPANS)
        return found

    def text(self, value: object, column: str) -> str:
        if isinstance(value, str):
            return value
        self.fault("incident_rules_wrong_type", column, value, '"..."')
        return ""

    def name(self, value: object, column: str) -> str:
        if isinstance(value, str) and value == value.strip() and value.isprintable() and 0 < len(value) <= MOST_NAME:
            return value
        self.fault("incident_rules_wrong_type", column, value, f'"..." (1 ... {MOST_NAME})')
        return ""

    def time(self, value: object, column: str) -> time | None:
        try:
            found = value if isinstance(value, time) else time.fromisoformat(value)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            found = None
        if found is None or found.tzinfo is not None:
            self.fault("incident_rules_wrong_type", column, value, '"09:00"')
            return None
        return found.replace(second=0, microsecond=0)

    def days(self, value: object, column: str) -> frozenset[date]:
        if not isinstance(value, list) or len(value) > MOST_ROWS:
            self.fault("incident_rules_wrong_type", column, value, '["2026-10-01/2026-10-07"]')
            return frozenset()
        out: set[date] = set()
        for i, one in enumerate(value, 1):
            first, _, last = str(one).partition("/")  # TOML also has dates of its own
            try:
                day, end = date.fromisoformat(first), date.fromisoformat(last or first)
            except ValueError:
                self.fault("incident_rules_wrong_type", f"{column}.{i}", one, "2026-10-01/2026-10-07")
                continue
            if not 0 <= (end - day).days <= MOST_DAYS:
                self.fault("incident_rules_out_of_range", f"{column}.{i}", one, "FIRST/LAST")
                continue
            out.update(day + timedelta(days=k) for k in range((end - day).days + 1))
        return frozenset(out)
