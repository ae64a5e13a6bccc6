"""What only PostgreSQL knows: its extensions and locale, the parts of its tables, and bulk loading by COPY.

Row-level security holds for the owner of the tables too, but never for a superuser or a role with BYPASSRLS: the
service's account must be neither (`unfit` says so).  Whoever dumps or reads the database with other tools sets
``gw.jurisdiction`` first (``PGOPTIONS='-c gw.jurisdiction=*' pg_dump --enable-row-security``).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from typing import Any

from psycopg import sql
from sqlalchemy import Connection, Table, text
from sqlalchemy.exc import DBAPIError

from gis.errors import Fault, StorageError

EXTENSIONS = ("postgis", "btree_gist")
TRIGRAMS = "pg_trgm"  # only for an address index that lies in the database; without it the store does all else
_PARTS_LOCK = 0x67726970
_WORTH_COUNTING = 500
_FREE_NAME = re.compile(r"[0-9a-z]{1,6}")


def prepare_server(connection: Connection) -> None:
    """Make the extensions that are missing, where the account may.

    Raises
    ------
    StorageError
        ``store_extension_missing``.
    """
    present = _extensions(connection)
    missing = [name for name in EXTENSIONS if name not in present and not _made(connection, name)]
    if TRIGRAMS not in present:
        _made(connection, TRIGRAMS)
    if missing:
        remedy = "; ".join(f"create extension {name}" for name in missing)
        raise StorageError("store_extension_missing", measured=", ".join(missing), allowed=remedy)
    if not _windows_are_open(connection) and _is_superuser(connection):
        connection.execute(text("alter function geometry_overlaps(geometry, geometry) leakproof"))


def prepare_trigrams(connection: Connection) -> None:
    """Make sure that names can be compared by trigrams: the extension, and a locale that knows Chinese.

    Raises
    ------
    StorageError
        ``server_trigrams_missing``, ``server_locale_c``.
    """
    if TRIGRAMS not in _extensions(connection):
        _made(connection, TRIGRAMS)
    for fault in unfit_for_names(connection):
        raise StorageError(fault.code, **fault.facts)


def unfit_for_names(connection: Connection) -> tuple[Fault, ...]:
    """Why names can not be compared in this database; empty for nothing.

    What the locale is called says little (C.UTF-8 is as good as C is bad), so it is asked to compare: where only ASCII
    counts, two buildings of the same number in different estates are the same to it.

    Returns
    -------
    tuple of Fault
        ``server_trigrams_missing``, ``server_locale_c``.
    """
    if TRIGRAMS not in _extensions(connection):
        return (Fault("server_trigrams_missing", {"measured": TRIGRAMS}),)
    asked = text("select similarity('望月小区3栋', '银盆岭3栋') < 1 and show_trgm('望月小区') <> '{}'")
    if connection.execute(asked).scalar_one():
        return ()
    locale = connection.execute(text("select datctype from pg_database where datname = current_database()"))
    return (Fault("server_locale_c", {"measured": str(locale.scalar_one())}),)


def unfit(connection: Connection) -> tuple[Fault, ...]:
    """What is wrong with a server, for `doctor` and the start of the service; empty for nothing.

    Returns
    -------
    tuple of Fault
        ``server_not_utf8``, ``server_locale_c`` (the C locale keeps only ASCII in trigrams: no address is ever found),
        ``server_extension_missing``, ``server_trigrams_missing`` (no address index can lie in the database),
        ``server_role_sees_all`` (row-level security does not bind the account),
        ``server_windows_slow`` (row-level security keeps the spatial index from being used).
    """
    faults = []
    encoding = str(connection.execute(text("show server_encoding")).scalar_one())
    if encoding != "UTF8":
        faults.append(Fault("server_not_utf8", {"measured": encoding}))
    found = _extensions(connection)
    faults += [Fault("server_extension_missing", {"measured": name}) for name in EXTENSIONS if name not in found]
    faults += unfit_for_names(connection)
    role = connection.execute(
        text("select rolname, rolsuper or rolbypassrls from pg_roles where rolname = current_user")
    ).one()
    if role[1]:
        faults.append(Fault("server_role_sees_all", {"measured": str(role[0])}))
    elif "postgis" in found and not _windows_are_open(connection):
        faults.append(Fault("server_windows_slow", {}))
    return tuple(faults)


def _made(connection: Connection, extension: str) -> bool:
    """Make an extension, where the account may; many may be made by whoever owns the database."""
    try:
        with connection.begin_nested():
            connection.execute(text(f"create extension if not exists {extension}"))
    except DBAPIError:
        return False
    return True


def _extensions(connection: Connection) -> set[str]:
    return set(connection.execute(text("select extname from pg_extension")).scalars())


def _is_superuser(connection: Connection) -> bool:
    return bool(connection.execute(text("select rolsuper from pg_roles where rolname = current_user")).scalar_one())


def _windows_are_open(connection: Connection) -> bool:
    """Whether a spatial index may be used under row-level security.

    PostgreSQL asks the policy before a function that might tell of rows in an error message, and so leaves an index
    aside whose operator is not declared leakproof.  Only a superuser can declare it.
    """
    asked = text(
        "select proleakproof from pg_proc where oid = to_regprocedure('geometry_overlaps(geometry, geometry)')"
    )
    return bool(connection.execute(asked).scalar())


def part_name(table: str, county: str) -> str:
    """Name of the part of a table that holds a county."""
    if _FREE_NAME.fullmatch(county):
        return f"{table}_{county}"
    return f"{table}_x{hashlib.sha256(county.encode()).hexdigest()[:16]}"


def ensure_parts(connection: Connection, tables: Iterable[Table], county: str) -> None:
    """Make the parts that hold a county, where they are missing; nobody who reads has to wait."""
    missing = [table for table in tables if not _is_there(connection, part_name(table.name, county))]
    if not missing:
        return
    connection.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": _PARTS_LOCK})
    for table in missing:
        part = part_name(table.name, county)
        if _is_there(connection, part):
            continue  # somebody made it while we waited
        words = {"whole": sql.Identifier(table.name), "part": sql.Identifier(part), "county": sql.Literal(county)}
        for statement in (
            # ATTACH lets readers of the table go on; CREATE ... PARTITION OF would not.
            "create table {part} (like {whole} including defaults including constraints)",
            "alter table {whole} attach partition {part} for values in ({county})",
            # Whoever asks a part past its table is shown nothing at all.
            "alter table {part} enable row level security",
            "alter table {part} force row level security",
        ):
            _execute(connection, sql.SQL(statement).format(**words))


def copy_rows(
    connection: Connection, table: Table, columns: Sequence[str], types: Sequence[str], rows: Iterable[Any]
) -> None:
    """Load rows by binary COPY.

    COPY is refused on a table with row-level security, so it goes through a temporary table, and each row past the
    policy.

    Parameters
    ----------
    types
        PostgreSQL type of each column; ``geometry`` columns take EWKB as ``bytea``.
    """
    raw = connection.connection.driver_connection
    assert raw is not None
    words = {
        "table": sql.Identifier(table.name),
        "waiting": sql.Identifier(f"waiting_{table.name}"),
        "columns": sql.SQL(", ").join(map(sql.Identifier, columns)),
    }
    _execute(connection, sql.SQL("create temporary table {waiting} (like {table}) on commit drop").format(**words))
    into = sql.SQL("copy {waiting} ({columns}) from stdin (format binary)").format(**words)
    with raw.cursor() as cursor, cursor.copy(into) as copy:
        copy.set_types(types)
        for row in rows:
            copy.write_row(row)
    for statement in ("insert into {table} ({columns}) select {columns} from {waiting}", "drop table {waiting}"):
        _execute(connection, sql.SQL(statement).format(**words))


def _is_there(connection: Connection, name: str) -> bool:
    return connection.execute(text("select to_regclass(:name)"), {"name": f'"{name}"'}).scalar() is not None


def add_rows(connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[Any], geometry: str) -> None:
    """Add a few rows, for which a COPY would be a detour; values as for `copy_rows`."""
    raw = connection.connection.driver_connection
    assert raw is not None
    marks = [sql.SQL("ST_GeomFromEWKB(%b)" if name == geometry else "%b") for name in columns]
    statement = sql.SQL("insert into {} ({}) values ({})").format(
        sql.Identifier(table.name), sql.SQL(", ").join(map(sql.Identifier, columns)), sql.SQL(", ").join(marks)
    )
    with raw.cursor() as cursor:
        cursor.executemany(statement, rows)


def settle(connection: Connection, table: Table, county: str, n_rows: int) -> None:
    """Let the server count a part that has just grown, or it plans as if the part were empty until it gets to it."""
    if n_rows >= _WORTH_COUNTING:
        _execute(connection, sql.SQL("analyze {}").format(sql.Identifier(part_name(table.name, county))))


def _execute(connection: Connection, statement: sql.Composed) -> None:
    raw = connection.connection.driver_connection
    assert raw is not None
    raw.execute(statement)
