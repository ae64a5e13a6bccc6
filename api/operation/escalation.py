"""Looks every few seconds whether incidents have to go up a level, for as long as the service runs.

Every process of the service looks; that each step is made once is decided in `api.usecases.escalate_incidents`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime

from starlette.concurrency import run_in_threadpool

from api.usecases.escalate_incidents import escalate_overdue
from data.store import Store
from gis.errors import StorageError

LOOK_S = 5.0
_LOG = logging.getLogger("gridwright.incidents")


async def watch_deadlines(store: Store, now: Callable[[], datetime], look_s: float = LOOK_S) -> None:
    """Escalate what is overdue, now and every ``look_s`` seconds, until cancelled."""
    said = ""
    while True:
        try:
            steps = await run_in_threadpool(lambda: escalate_overdue(store, now()))
            said = ""
            if steps:
                _LOG.info("overdue incidents went up: %d steps", steps)
        except StorageError as error:
            if str(error) != said:  # once, and not every few seconds
                said = str(error)
                _LOG.warning("overdue incidents can not be looked for: %s", error)
        except Exception:
            _LOG.exception("overdue incidents can not be brought up")
        await asyncio.sleep(look_s)
