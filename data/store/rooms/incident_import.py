"""Many incidents at once: what is there already, rows in one go, and the card of the file they came from.

What a row is made of is decided in `api.usecases.import_incidents`; here rows are kept, with one event and one row of
the log for all of them.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import shapely
from psycopg.types.json import Jsonb
from sqlalchemy import ARRAY, BigInteger, Float, Integer, Table, Text, and_, any_, insert, literal, select, text
from sqlalchemy.dialects import postgresql, sqlite

from data.store.embedded import add_windows
from data.store.numbers import take_numbers
from data.store.postgis import add_rows, copy_rows
from data.store.rooms.inside import is_inside
from data.store.shape import LON_LAT, Moment, Shape
from data.store.tables.incidents import assignments, incident_imports, incidents
from data.store.tables.plans import plan_grids
from data.store.tx import Tx
from gis.errors import Conflict

EVENT = "incidents.imported"
_AT_ONCE = 500
_ARRAY_AT_ONCE = 20_000
_FEW = 200


@dataclass(frozen=True, slots=True)
class There:
    """An incident that a file's row means, as it is known already."""

    id: str
    received_at: datetime
    recorded_at: datetime
    place: str
    grid: str | None
    community: str | None


@dataclass(frozen=True, slots=True)
class Taken:
    """A file that was taken in.

    Attributes
    ----------
    id
        From its content and options.
    event
        Number of its event.
    """

    id: str
    event: int


class IncidentImport:
    """Files of incidents inside one transaction."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx

    def known(self, county: str, source: str, externals: Sequence[str]) -> dict[str, There]:
        """Incidents of a source by its own ids, inside the jurisdiction."""
        found: dict[str, There] = {}
        c = incidents.c
        at_once = _ARRAY_AT_ONCE if self._tx.is_postgis else _AT_ONCE
        for start in range(0, len(externals), at_once):
            some = list(externals[start : start + at_once])
            is_one = c.external == any_(literal(some, ARRAY(Text))) if self._tx.is_postgis else c.external.in_(some)
            wanted = select(c.external, c.id, c.received_at, c.recorded_at, c.place, c.grid, c.community).where(
                c.county == county, c.source == source, is_one, is_inside(c.place, self._tx)
            )
            for external, *rest in self._tx.connection.execute(wanted):
                found[external] = There(*rest)
        return found

    def grid_codes(self, codes: Collection[str]) -> set[str]:
        """Which of some codes any plan has given to a grid."""
        found: set[str] = set()
        asked = sorted(codes)
        for start in range(0, len(asked), _AT_ONCE):
            some = asked[start : start + _AT_ONCE]
            wanted = select(plan_grids.c.code).where(plan_grids.c.code.in_(some)).distinct()
            found.update(self._tx.connection.execute(wanted).scalars())
        return found

    def add_many(self, rows: Sequence[dict[str, Any]]) -> None:
        """Add rows of incidents (see `data.store.rooms.incidents.Incidents.row_of`), all with the same columns.

        Raises
        ------
        Conflict
            ``outside_jurisdiction``.
        """
        if not rows:
            return
        tx = self._tx
        strange = next((row["place"] for row in rows if not row["place"].startswith(tx.jurisdiction)), None)
        if strange is not None:
            raise Conflict("outside_jurisdiction", measured=strange, allowed=tx.jurisdiction)
        _insert(tx, incidents, rows)
        if not tx.is_postgis:
            shapes = np.array([row["geom"] for row in rows], dtype=object)
            add_windows(tx.connection, "incidents", [row["fid"] for row in rows], shapes)

    def assign(self, held: Sequence[tuple[dict[str, Any], datetime]], role: str) -> None:
        """Open the assignments of rows whose ``body`` is responsible, each since a moment."""
        if not held:
            return
        first = take_numbers(self._tx, "assignments", len(held))
        rows = [
            {
                "number": first + i,
                "incident": row["id"],
                "county": row["county"],
                "place": row["place"],
                "unit": None,
                "body": row["body"],
                "made_at": since,
                "role": role,
            }
            for i, (row, since) in enumerate(held)
        ]
        self._tx.connection.execute(insert(assignments), rows)

    def record(
        self,
        id: str,
        event: int,
        role: str,
        *,
        county: str,
        place: str,
        sha256: str,
        options: str,
        name: str,
        report: Mapping[str, Any],
    ) -> Taken:
        """Keep the card of a file, its event and its row of the log.

        Parameters
        ----------
        event
            Number that the rows bear.
        place
            What all of them lie in.
        """
        tx = self._tx
        make = postgresql.insert if tx.is_postgis else sqlite.insert
        card = make(incident_imports).values(
            id=id,
            county=county,
            place=place,
            sha256=sha256,
            options=options,
            name=name,
            at=tx.act.at,
            who=tx.act.who,
            report=dict(report),
        )
        # The same file once more, mended or after more land was loaded: its newest report counts.
        new = {name: card.excluded[name] for name in ("at", "who", "report")}
        tx.connection.execute(card.on_conflict_do_update(index_elements=["id"], set_=new))
        tx.audit.record("incident.import", id, place=place, after={"file": name, **report})
        tx.stream.put(EVENT, id, report, county=county, place=place, role=role, number=event)
        return Taken(id, event)

    def report(self, sha256: str, options: str) -> dict[str, Any] | None:
        """What was reported of a file with some options; none where it was never taken in."""
        c = incident_imports.c
        wanted = select(c.report).where(and_(c.sha256 == sha256, c.options == options), is_inside(c.place, self._tx))
        found = self._tx.connection.execute(wanted).scalar()
        return None if found is None else dict(found)


def _insert(tx: Tx, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Rows in one go, past SQLAlchemy's types, which would cost more than the database."""
    names = list(rows[0])
    columns = [_plain([row[name] for row in rows], table.c[name].type, tx.is_postgis) for name in names]
    lines = zip(*columns, strict=True)
    if not tx.is_postgis:
        listed, marks = ", ".join(f'"{name}"' for name in names), ", ".join("?" * len(names))
        tx.connection.exec_driver_sql(f'insert into "{table.name}" ({listed}) values ({marks})', list(lines))
    elif len(rows) < _FEW:
        add_rows(tx.connection, table, names, lines, "geom")
    else:
        copy_rows(tx.connection, table, names, [_copied_as(table.c[name].type) for name in names], lines)
        tx.connection.execute(text(f'analyze "{table.name}"'))  # else it plans as if they were not there


def _plain(values: list[Any], kind: Any, is_postgis: bool) -> list[Any]:
    if isinstance(kind, Shape):
        shapes = np.array(values, dtype=object)
        served = shapely.set_srid(shapes, LON_LAT) if is_postgis else shapes
        return list(shapely.to_wkb(served, byte_order=1, include_srid=is_postgis).tolist())
    if isinstance(kind, Moment) and not is_postgis:
        return [None if v is None else v.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ") for v in values]
    if values and isinstance(values[0], dict):
        return [Jsonb(v) if is_postgis else json.dumps(v, ensure_ascii=False) for v in values]
    return values


def _copied_as(kind: Any) -> str:
    """What PostgreSQL takes a column for in a binary COPY."""
    if isinstance(kind, Shape):
        return "bytea"
    if isinstance(kind, Moment):
        return "timestamptz"
    if isinstance(kind, BigInteger):
        return "int8"
    if isinstance(kind, Integer):
        return "int4"
    return "float8" if isinstance(kind, Float) else "text"
