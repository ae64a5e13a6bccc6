"""How a worker process begins and what it listens to.  Nothing heavy is imported: this runs before anything slow."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from typing import Any

_flag: Any = None


def begin_worker(flag: Any) -> None:
    """Set up a worker process of a pool.

    Ctrl+C is the parent's to answer (it may want the best plan so far), so the worker ignores it; and a worker whose
    parent has died ends too.

    Parameters
    ----------
    flag
        Shared byte that the parent raises to ask for an early end (see `told_to_stop`).
    """
    global _flag
    _flag = flag
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_leave_with_parent, daemon=True).start()


def told_to_stop() -> bool:
    """Whether the parent asked this worker to end its task with the best it has."""
    return _flag is not None and bool(_flag.value)


def _leave_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
