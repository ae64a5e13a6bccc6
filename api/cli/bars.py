"""Progress bars on standard error: stage, count, time left."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as RichProgress

from api.i18n import sentence


class Bars:
    """A `gis.progress.Progress` drawn by rich; one bar per stage, the finished ones stay full."""

    def __init__(self, language: str, console: Console | None = None) -> None:
        self._language = language
        self._rich = RichProgress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=28),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=console or Console(stderr=True),
            transient=True,
        )
        self._task: TaskID | None = None

    def __enter__(self) -> Bars:
        self._rich.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._finish()
        self._rich.stop()

    def stage(self, name: str, total: int | None = None) -> None:
        """Finish the bar of the last stage and begin a new one."""
        self._finish()
        self._task = self._rich.add_task(sentence(name, {}, self._language), total=total)

    def advance(self, steps: int = 1) -> None:
        """Move the bar of the current stage."""
        if self._task is not None:
            self._rich.advance(self._task, steps)

    def _finish(self) -> None:
        if self._task is None:
            return
        task = self._rich.tasks[self._task]
        total = task.total if task.total is not None else max(task.completed, 1)
        self._rich.update(self._task, total=total, completed=total)
        self._task = None
