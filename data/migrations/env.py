"""Alembic's entry: runs on the connection that `data.migrations` hands over, in its transaction."""

from __future__ import annotations

from typing import Any

from alembic import context
from geoalchemy2 import Geometry
from sqlalchemy import LargeBinary

from data.migrations import strays
from data.store.shape import Shape
from data.store.tables import METADATA

_connection = context.config.attributes["connection"]
_is_sqlite = _connection.dialect.name == "sqlite"
_strays = strays(_connection)


def _is_ours(name: str | None, kind: str, _: Any) -> bool:
    return not (kind == "table" and name in _strays)


def _is_here(thing: Any, _: str | None, kind: str, __: bool, ___: Any) -> bool:
    """GiST is PostgreSQL's; SQLite has windows in its place."""
    return not (kind == "index" and _is_sqlite and thing.dialect_options["postgresql"]["using"] == "gist")


def _differs(_: Any, __: Any, ___: Any, found: Any, stated: Any) -> bool | None:
    """A shape is a geometry there and bytes here; all other types are left to alembic."""
    if isinstance(stated, Shape):
        return not isinstance(found, Geometry | LargeBinary)
    return None


context.configure(
    connection=_connection,
    target_metadata=METADATA,
    include_name=_is_ours,
    include_object=_is_here,
    compare_type=_differs,
    render_as_batch=_is_sqlite,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
