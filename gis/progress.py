"""How long work reports: an observer with a silent default.  The core never prints."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """What a caller may pass to watch long work."""

    def stage(self, name: str, total: int | None = None) -> None:
        """Begin a stage.  ``name`` is a message key (``stage_*`` in the locale files); ``total`` its step count."""

    def advance(self, steps: int = 1) -> None:
        """Some steps of the current stage are done."""


class Silent:
    """Watches nothing."""

    def stage(self, name: str, total: int | None = None) -> None:
        """Ignore."""

    def advance(self, steps: int = 1) -> None:
        """Ignore."""


SILENT: Progress = Silent()
