"""Tables in memory to rows of the store and back, whole columns at a time.

SQLAlchemy's types are skipped here: a city has a million rows.  What comes back equals what went in: text that is
missing stays missing, numbers and geometry keep every bit.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import NDArray
from psycopg.types.json import Jsonb
from sqlalchemy import JSON, BigInteger, Boolean, Float, Select, Table

from data.store.embedded import add_windows
from data.store.postgis import add_rows, copy_rows, ensure_parts, settle
from data.store.shape import LON_LAT, Shape
from data.store.tx import Tx

if TYPE_CHECKING:
    import pandas as pd

Shapes = NDArray[np.object_]
_AT_ONCE = 50_000
_FEW = 200


def plain(values: pd.Series) -> list[Any]:
    """A column as Python values, ``None`` where something is missing."""
    return values.astype(object).where(values.notna(), None).tolist()


def wkb(shapes: Shapes) -> list[bytes | None]:
    """Exact geometry as it is kept for computing."""
    return shapely.to_wkb(shapes, byte_order=1).tolist()


def insert_rows(
    tx: Tx, table: Table, county: str, columns: Mapping[str, Sequence[Any]], geom: Shapes | None = None
) -> None:
    """Add rows, given as columns, to a table that is kept in parts by county.

    Parameters
    ----------
    columns
        Column name to values, all of one length; ``county`` is filled in here.
    geom
        Geometry in longitude and latitude, for tables that serve it; it is entered into the window as well.
    """
    n = len(next(iter(columns.values())))
    if not n:
        return
    given: dict[str, Sequence[Any]] = {"county": [county] * n, **columns}
    kinds = {name: table.c[name].type for name in given}
    make_json = Jsonb if tx.is_postgis else _json_text
    for name, kind in kinds.items():
        if isinstance(kind, JSON):
            given[name] = [None if value is None else make_json(value) for value in given[name]]
    if geom is not None:
        served = shapely.set_srid(geom, LON_LAT) if tx.is_postgis else geom
        given["geom"] = shapely.to_wkb(served, byte_order=1, include_srid=tx.is_postgis).tolist()
        kinds["geom"] = table.c.geom.type
    names = list(given)
    rows = zip(*given.values(), strict=True)
    if tx.is_postgis:
        ensure_parts(tx.connection, (table,), county)
        if n < _FEW:
            add_rows(tx.connection, table, names, rows, "geom")
            return
        copy_rows(tx.connection, table, names, [_copied_as(kinds[name]) for name in names], rows)
        settle(tx.connection, table, county, n)
        return
    listed = ", ".join(f'"{name}"' for name in names)
    marks = ", ".join("?" * len(names))
    tx.connection.exec_driver_sql(f'insert into "{table.name}" ({listed}) values ({marks})', list(rows))
    if geom is not None:
        add_windows(tx.connection, table.name, given["fid"], geom)


def select_columns(tx: Tx, wanted: Select[Any]) -> dict[str, list[Any]]:
    """Answer a question with columns in place of rows; values as the driver gives them."""
    compiled = wanted.compile(dialect=tx.connection.dialect, compile_kwargs={"render_postcompile": True})
    names = [column.name for column in wanted.selected_columns]
    columns: list[list[Any]] = [[] for _ in names]
    raw = tx.connection.connection.driver_connection
    assert raw is not None
    if tx.is_postgis:
        cursor = raw.cursor(binary=True)
        cursor.execute(compiled.string, compiled.params)
    else:
        assert compiled.positiontup is not None
        cursor = raw.cursor()
        cursor.execute(compiled.string, [compiled.params[name] for name in compiled.positiontup])
    try:
        while rows := cursor.fetchmany(_AT_ONCE):
            for column, values in zip(columns, zip(*rows, strict=True), strict=True):
                column.extend(values)
    finally:
        cursor.close()
    return dict(zip(names, columns, strict=True))


def frame(columns: Mapping[str, list[Any]], dtypes: Mapping[str, str]) -> pd.DataFrame:
    """Columns as a table; missing text is ``None``, as in a filed plan."""
    import pandas as pd  # the service starts without it

    made: dict[str, Any] = {}
    for name, dtype in dtypes.items():
        values = columns[name]
        if dtype == "str":
            made[name] = pd.Series(values, dtype=object)
        elif dtype == "bool":
            made[name] = np.array(values, dtype=bool)
        else:
            made[name] = np.array([np.nan if v is None else v for v in values] if dtype == "float64" else values, dtype)
    return pd.DataFrame(made)


def shapes_of(values: Sequence[bytes | None]) -> Shapes:
    """Exact geometry back."""
    return np.asarray(shapely.from_wkb(np.array(values, dtype=object)), dtype=object)


def json_of(values: Sequence[Any]) -> list[Any]:
    """JSON as plain data; SQLite gives text, PostgreSQL data."""
    return [json.loads(value) if isinstance(value, str) else value for value in values]


def _json_text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _copied_as(kind: Any) -> str:
    """What PostgreSQL takes a column for in a binary COPY."""
    if isinstance(kind, Shape):
        return "bytea"  # EWKB as it stands
    if isinstance(kind, JSON):
        return "jsonb"
    if isinstance(kind, BigInteger):
        return "int8"
    if isinstance(kind, Boolean):
        return "bool"
    if isinstance(kind, Float):
        return "float8"
    return "bytea" if kind.__class__.__name__ == "LargeBinary" else "text"
