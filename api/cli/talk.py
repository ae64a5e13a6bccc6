"""What a command says: the outcome, tables, JSON, progress.  Results go to stdout, everything else to stderr."""

from __future__ import annotations

import ctypes
import json
import math
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from api.i18n import number, one_line, sentence
from gis.progress import SILENT, Progress


@dataclass(frozen=True, slots=True)
class Table:
    """A short table: headings (message codes), rows of text or numbers; numbers are set to the right."""

    headings: Sequence[str]
    rows: Sequence[Sequence[str | int | float]]
    title: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command did.

    Attributes
    ----------
    status
        Exit status.
    summary
        What ``--json`` prints.
    shown
        Lines of text and tables for people, in order.
    next_step
        The next sensible command, shown as the last line.
    is_told
        Already printed; only the status counts.
    """

    status: int
    summary: Mapping[str, Any]
    shown: Sequence[str | Table] = ()
    next_step: str = ""
    is_told: bool = False


@dataclass(frozen=True, slots=True)
class Talk:
    """One conversation: its language, and whether a machine is listening."""

    language: str
    is_json: bool = False

    def say(self, code: str, **facts: Any) -> str:
        """One sentence."""
        return sentence(code, facts, self.language)

    def note(self, code: str, **facts: Any) -> None:
        """Say one sentence to people while work goes on: on stdout, or on stderr when a machine reads stdout."""
        print(self.say(code, **facts), file=sys.stderr if self.is_json else sys.stdout, flush=True)

    @contextmanager
    def progress(self) -> Iterator[Progress]:
        """Watch long work: bars on stderr where that is a terminal, silence elsewhere."""
        with _stdout_for_us_alone():
            if not sys.stderr.isatty():
                yield SILENT
                return
            from api.cli.bars import Bars

            with Bars(self.language) as bars:
                yield bars

    def tell(self, outcome: Outcome) -> None:
        """Print an outcome: one JSON object, or lines and tables and the next command."""
        if outcome.is_told:
            return
        if self.is_json:
            print_json(outcome.summary)
            return
        for part in outcome.shown:
            if isinstance(part, Table):
                self._print_table(part)
            else:
                print(part)
        if outcome.next_step:
            print(self.say("next_step", command=outcome.next_step))

    def _print_table(self, table: Table) -> None:
        from rich.box import SIMPLE_HEAD
        from rich.console import Console
        from rich.table import Table as RichTable
        from rich.text import Text

        drawn = RichTable(box=SIMPLE_HEAD, title=one_line(table.title) or None, title_justify="left", pad_edge=False)
        for position, heading in enumerate(table.headings):
            is_number = any(isinstance(row[position], int | float) for row in table.rows)
            drawn.add_column(Text(self.say(heading)), justify="right" if is_number else "left", overflow="fold")
        for row in table.rows:
            drawn.add_row(*(Text(self._cell(value)) for value in row))
        console = Console(file=sys.stdout, markup=False, highlight=False, emoji=False)
        if not sys.stdout.isatty():
            # A file or a pipe has no edge: nothing needs to be folded.
            console.width = 400
        console.print(drawn)

    def _cell(self, value: str | int | float) -> str:
        return one_line(value) if isinstance(value, str) else number(value, self.language)


def print_json(content: Any) -> None:
    """Print one JSON object on stdout; numbers that JSON has no word for become null."""
    text = json.dumps(plain(content), ensure_ascii=not _speaks_unicode(), allow_nan=False)
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def plain(value: Any) -> Any:
    """Plain data for JSON: numpy scalars unwrapped, NaN to ``None``, paths to text."""
    if isinstance(value, Mapping):
        return {str(key): plain(content) for key, content in value.items()}
    if isinstance(value, list | tuple):
        return [plain(content) for content in value]
    if hasattr(value, "item") and getattr(value, "ndim", 1) == 0:
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Path):
        return str(value)
    return value


def _speaks_unicode() -> bool:
    return (getattr(sys.stdout, "encoding", None) or "utf-8").lower().replace("-", "").startswith("utf")


@contextmanager
def _stdout_for_us_alone() -> Iterator[None]:
    """While work runs, what libraries in C print (METIS does) goes nowhere: standard output holds results only.

    Processes started meanwhile inherit this.
    """
    try:
        sys.stdout.flush()
        kept = os.dup(1)
    except (OSError, ValueError):
        yield  # no standard output at all
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    try:
        yield
    finally:
        # Their text may still wait in the C library's buffer.
        ctypes.CDLL(None).fflush(None)
        os.dup2(kept, 1)
        os.close(kept)
