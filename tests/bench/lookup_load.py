"""Open an index that was kept as arrays, mapped into memory, and ask it: ``lookup_load.py FOLDER`` in a fresh process.

The folder holds one ``.npy`` an array, ``meta.json`` and ``queries.json``.  Prints seconds to open and to the first
answer, and how much memory the process grew, the pages of the files it touched included.
"""

from __future__ import annotations

import ctypes
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from subprocess import run
from typing import Any

import numpy as np
import pandas as pd

from gis.address import AddressIndex, build_index
from tests.bench.output import resident_mb


@cache
def warm_up() -> float:
    """Seconds that the first use of a process costs: tables of sounds and characters, compiled kernels."""
    began = time.perf_counter()
    rows = [f"{town}{road}{number}号望月{name}{building}栋" for town, road, number, name, building in _FIRST]
    index = build_index(pd.DataFrame({"id": [str(k) for k in range(len(rows))], "text": rows}), region="湖南省长沙市")
    for text in ("岳麓区", "岳麓区望岳小区3栋", "岳麓区望月路16号", "12 Main Street", *rows):
        index.find(text)
    return time.perf_counter() - began


_FIRST = [
    ("岳麓区", "望月路", 16, "小区", 3),
    ("开福区", "望城路", 18, "花园", 4),
    ("开福区", "Main Street", 12, "", 4),
]


def give_back_memory() -> bool:
    """Have the C library return what it holds free, so that what is left is what is used; whether it could."""
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (AttributeError, OSError):
        return False
    return True


def keep(index: AddressIndex, queries: Sequence[str], folder: Path) -> None:
    """Write what `opened` reads."""
    for name, array in index.arrays().items():
        np.save(folder / f"{name}.npy", array)
    (folder / "meta.json").write_text(json.dumps(dict(index.meta)), encoding="utf-8")
    (folder / "queries.json").write_text(json.dumps(list(queries)), encoding="utf-8")


def opened(folder: Path) -> dict[str, float]:
    """Open, ask, measure."""
    queries = json.loads((folder / "queries.json").read_text(encoding="utf-8"))
    warm_up()
    before, began = resident_mb(), time.perf_counter()
    arrays = {path.stem: np.load(path, mmap_mode="r") for path in sorted(folder.glob("*.npy"))}
    index = AddressIndex.of_arrays(arrays, json.loads((folder / "meta.json").read_text(encoding="utf-8")))
    open_s = time.perf_counter() - began
    index.find(queries[0])
    first_s = time.perf_counter() - began
    for query in queries:
        index.find(query)
    return {
        "open_s": round(open_s, 3),
        "first_answer_s": round(first_s, 3),
        "mapped_mb_per_million": round((resident_mb() - before) / len(index) * 1e6, 1),
    }


def opened_elsewhere(index: AddressIndex, queries: Sequence[str]) -> dict[str, Any]:
    """`opened` in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        keep(index, queries, Path(folder))
        done = run(
            [sys.executable, "-m", "tests.bench.lookup_load", folder], capture_output=True, text=True, check=False
        )
    return json.loads(done.stdout) if done.returncode == 0 else {"open_failed": done.stderr.strip().splitlines()[-1:]}


if __name__ == "__main__":
    print(json.dumps(opened(Path(sys.argv[1]))))
