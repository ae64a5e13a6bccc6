"""Ctrl+C during a long search: the first one finishes with the best plan so far, the second one leaves."""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType, TracebackType
from typing import Any

from api.cli.talk import Talk
from gis.progress import Progress

_SEARCH = "stage_draw"


class CallOff:
    """Hears Ctrl+C, and passes progress on to know when there is a search to call off.

    Outside the search there is no plan yet, or it is being written: there Ctrl+C leaves at once, as ever.
    """

    def __init__(self, talk: Talk, progress: Progress) -> None:
        self._note = talk.say("draw_called_off")
        self._progress = progress
        self._is_searching = False
        self._is_called_off = False
        self._before: Any = None

    def __enter__(self) -> CallOff:
        # A program that was told to ignore Ctrl+C (nohup, a shell's background job) goes on ignoring it.
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            try:
                self._before = signal.signal(signal.SIGINT, self._hear)
            except ValueError:
                self._before = None  # not the main thread: somebody else listens
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    def is_called_off(self) -> bool:
        """Whether the search is to end with the best plan so far."""
        return self._is_called_off

    def stage(self, name: str, total: int | None = None) -> None:
        """Pass on, and know whether this is the search."""
        self._is_searching = name == _SEARCH
        self._progress.stage(name, total)

    def advance(self, steps: int = 1) -> None:
        """Pass on."""
        self._progress.advance(steps)

    def _hear(self, number: int, frame: FrameType | None) -> None:
        if not self._is_searching or self._is_called_off:
            raise KeyboardInterrupt
        self._is_called_off = True
        # Written past Python's buffers: the signal may have come in the middle of a print.
        os.write(sys.stderr.fileno(), f"\n{self._note}\n".encode())
