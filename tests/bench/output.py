"""Standard output for JSON alone: libraries in C that print there (METIS does) are turned to standard error."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any, TextIO


def json_lines() -> TextIO:
    """What standard output was; from now on nothing else reaches it, in this process and those it starts."""
    sys.stdout.flush()
    kept = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return kept


def say(to: TextIO, row: dict[str, Any]) -> None:
    """One JSON object, at once."""
    to.write(json.dumps(row, ensure_ascii=False) + "\n")
    to.flush()


def resident_mb() -> float:
    """Memory of this process now."""
    return int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
