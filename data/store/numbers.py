"""Running numbers: taken in the transaction that uses them, so that none is lost or given twice."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from data.store.tables.layers import counters
from data.store.tx import Tx


def take_numbers(tx: Tx, name: str, n: int = 1) -> int:
    """The first of ``n`` numbers in a row; the counter's row stays locked until the transaction ends."""
    insert = postgresql.insert if tx.is_postgis else sqlite.insert
    made = insert(counters).values(name=name, next=1 + n)
    tx.connection.execute(
        made.on_conflict_do_update(index_elements=[counters.c.name], set_={"next": counters.c.next + n})
    )
    following = tx.connection.execute(select(counters.c.next).where(counters.c.name == name)).scalar_one()
    return int(following) - n
