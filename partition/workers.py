"""How a worker process begins.  Nothing heavy is imported here, so that this runs before anything slow does."""

from __future__ import annotations

import signal


def end_quietly_on_interrupt() -> None:
    """Let Ctrl+C end this process at once and without a trace: the parent says what happened."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
