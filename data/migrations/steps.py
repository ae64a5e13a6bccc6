"""Steps that migrations share: what one store does by itself and the other must be told.

A migration that has left the house is never changed, and neither is the outcome of a step that it calls.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from data.store.shape import Shape

JSON_OBJECT = sa.JSON().with_variant(JSONB(), "postgresql")
LON_LAT_SHAPE = Shape("GEOMETRY", srid=4326, spatial_index=False)

# The setting is '*' for everywhere and a code prefix else.  PostgreSQL leaves an empty text behind when a setting made
# for one transaction ends, so that the empty text, too, has to mean "nowhere".
_SETTING = """
create function gw_jurisdiction() returns text language sql stable parallel safe
as $$ select nullif(current_setting('gw.jurisdiction', true), '') $$
"""

_REFUSE = """
create function gw_refuse() returns trigger language plpgsql as $$
begin
    raise exception 'rows of % can only be added', tg_table_name using errcode = 'restrict_violation';
end
$$
"""


def is_postgis() -> bool:
    """Whether the store is PostgreSQL with PostGIS; else it is SQLite."""
    return op.get_context().dialect.name == "postgresql"


def prepare_server() -> None:
    """The function that row-level security asks for the jurisdiction."""
    op.execute(_SETTING)


def unprepare_server() -> None:
    """Take the function away again."""
    op.execute("drop function gw_jurisdiction()")


def confine(table: str, kept: str, *, seen: str | None = None) -> None:
    """Row-level security on a table, also for its owner; nothing is seen where no jurisdiction is set.

    Parameters
    ----------
    table
        The table.
    kept
        Condition of rows that may be written, with ``gw_inside(COLUMN)``: the jurisdiction covers the place,
        ``gw_around(COLUMN)``: the place covers the jurisdiction, and ``gw_known()``: any jurisdiction is set.
    seen
        Condition of rows that may be read; the same when omitted.
    """
    op.execute(f"alter table {table} enable row level security")
    op.execute(f"alter table {table} force row level security")
    kept, seen = _spelled(kept), _spelled(seen or kept)
    op.execute(f"create policy gw_seen on {table} for select using ({seen})")
    op.execute(f"create policy gw_added on {table} for insert with check ({kept})")
    op.execute(f"create policy gw_changed on {table} for update using ({kept}) with check ({kept})")
    op.execute(f"create policy gw_removed on {table} for delete using ({kept})")


def _spelled(condition: str) -> str:
    """The condition with the setting asked once a statement and not once a row.

    A ``case`` is half of all rows to the planner; for ``or`` with ``starts_with`` it expects one in a hundred, and then
    reads and sorts a whole county for one page of it (120 ms in place of 3 ms).
    """
    setting = "(select gw_jurisdiction())"
    out = condition.replace("gw_known()", f"({setting} is not null)")
    for column in ("place", "county", "community", "code", "jurisdiction"):
        inside = f"(case when {setting} = '*' then true else starts_with({column}, {setting}) end)"
        out = out.replace(f"gw_inside({column})", inside)
        out = out.replace(f"gw_around({column})", f"starts_with({setting}, {column})")
    return out


def append_only(table: str) -> None:
    """Make the database refuse to change or remove rows of a table."""
    if is_postgis():
        op.execute(_REFUSE)
        op.execute(
            f"create trigger {table}_append_only before update or delete or truncate on {table} "
            "for each statement execute function gw_refuse()"
        )
        return
    for event in ("update", "delete"):
        op.execute(
            f"create trigger {table}_{event}_append_only before {event} on {table} "
            f"begin select raise(abort, 'rows of {table} can only be added'); end"
        )


def drop_append_only(table: str) -> None:
    """Take away what `append_only` left behind when the table has gone."""
    if is_postgis():
        op.execute("drop function gw_refuse()")


def make_windows(table: str) -> None:
    """What answers questions for a window of the map: GiST on PostGIS, an R*Tree beside the table in SQLite.

    The R*Tree is called ``window_<table>``, its ``id`` is the row's ``fid``.  SQLite cannot work out the bounds of a
    geometry, and lets no trigger touch a virtual table where the schema is not trusted, so whoever adds or removes
    rows does the same here (`data.store.embedded`).
    """
    if is_postgis():
        op.create_index(f"ix_{table}_geom", table, ["geom"], postgresql_using="gist")
        return
    op.execute(f"create virtual table window_{table} using rtree (id, x_min, x_max, y_min, y_max)")


def drop_windows(table: str) -> None:
    """Take away what `make_windows` made, but for what goes with the table itself."""
    if not is_postgis():
        op.execute(f"drop table window_{table}")
