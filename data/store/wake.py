"""Being woken by the database when something is written: PostgreSQL's LISTEN, on one connection for a whole process.

Only a wake-up: nothing is read from it, one that is lost does no harm where the table is asked now and then as well.
An embedded store has none.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import psycopg
from psycopg import sql

from data.store.database import SqlStore

_LOG = logging.getLogger("gridwright.store")
_ALIVE_S = 60.0
_AGAIN_S = 5.0


async def be_woken(store: SqlStore, channel: str, wake: Callable[[], None]) -> None:
    """Call ``wake`` whenever somebody notifies a channel, until cancelled; a connection that breaks is made anew."""
    if store.kind != "postgis":
        return
    _, options = store.engine.dialect.create_connect_args(store.url)
    while True:
        try:
            connection = await psycopg.AsyncConnection.connect(
                **options, autocommit=True, connect_timeout=10, keepalives_idle=20, tcp_user_timeout=60_000
            )
            async with connection:
                await connection.execute(sql.SQL("listen {}").format(sql.Identifier(channel)))
                wake()  # for what was written before
                while True:
                    async for _ in connection.notifies(timeout=_ALIVE_S):
                        wake()
                    await connection.execute("select 1")
        except (psycopg.Error, OSError) as error:
            _LOG.warning("not woken by %s for now: %s", channel, str(error).splitlines()[0] if str(error) else error)
            await asyncio.sleep(_AGAIN_S)
