"""Suggestions: ``python -m tests.bench.lookup_suggest [--addresses 500000 --words 2000 --names FILE]``.

A made city's names are typed in the ways that people type: some of their characters, pinyin in full or in part, its
initials, both mixed, a name with a number, a district and town in front; and texts that mean nothing.  Prints JSON
objects: how long the names take to prepare, then one for each way with the share of words after which the name meant
is among the ten suggested.  Milliseconds are processor time, which other work on the machine hardly touches.
"""

from __future__ import annotations

import argparse
import random
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from gis.address import AddressIndex, build_index
from gis.address.prefixes import readings
from gis.address.suggest import Suggestions
from tests.bench.lookup_city import Row, make_rows, usable_names
from tests.bench.lookup_layers import REGION_TEXT, address_table
from tests.bench.output import json_lines, resident_mb, say

_NONSENSE = "abcdefghijklmnopqrstuvwxyz望月1小-# "


def spoken(name: str, initials_from: int | None = None) -> str:
    """A name as it is typed in pinyin, from some character on by initials."""
    syllables, first, _ = readings()
    said = [syllables[first[ord(c)]].lower() if first[ord(c)] >= 0 else c for c in name]
    if initials_from is None:
        return "".join(said)
    return "".join(said[:initials_from]) + "".join(word[0] for word in said[initials_from:])


def words_of(names: list[str], rows: list[Row], rng: random.Random) -> Iterator[tuple[str, str, str]]:
    """One word of every kind: its kind, what is typed, the name that is meant."""
    name, row = rng.choice(names), rng.choice(rows)
    some = rng.randint(1, len(name))
    full = spoken(name)
    yield "characters", name[:some], name
    yield "pinyin", full[: rng.randint(2, max(2, len(full)))], name
    yield "pinyin_all", full, name
    yield "initials", spoken(name, 0)[: max(2, some)], name
    yield "initials_all", spoken(name, 0), name
    yield "mixed", name[:some] + spoken(name[some:], 0), name
    yield "pinyin_then_initials", spoken(name, some), name
    yield "letter", rng.choice("abcdefghjklmnopqrstwxyz"), name
    house = row.estate or row.road
    yield "number", house + (row.building if row.estate else row.number)[:1], house
    yield "placed", row.district + row.town + house[:2], house
    yield "nonsense", "".join(rng.choices(_NONSENSE, k=rng.randint(1, 20))), name


def measure(index: AddressIndex, rows: list[Row], n: int, seed: int = 1) -> Iterator[dict[str, object]]:
    """Prepare the names and type."""
    before, start = resident_mb(), time.process_time()
    suggestions = Suggestions.of(index)
    suggestions.suggest("x")
    prepared = time.process_time() - start
    yield {"addresses": len(index), "prepare_s": round(prepared, 3), "mb": round(resident_mb() - before, 1)}
    rng = random.Random(seed)
    names = sorted({name for row in rows for name in (row.estate, row.road, row.community, row.town) if name})
    spent: dict[str, list[float]] = defaultdict(list)
    found: dict[str, int] = defaultdict(int)
    for word in range(n + n // 20):
        for kind, typed, meant in words_of(names, rows, rng):
            start = time.thread_time()
            answer = suggestions.suggest(typed)
            took = time.thread_time() - start
            if word >= n // 20:  # the first ones fill the caches of the machine
                spent[kind].append(took * 1e3)
                found[kind] += any(one.text.startswith(meant) for one in answer)
    spent["all"] = [took for some in spent.values() for took in some]
    for kind, took_ms in spent.items():
        p50, p99 = np.percentile(took_ms, [50, 99])
        line = {"typed": kind, "n": len(took_ms), "p50_ms": round(p50, 3), "p99_ms": round(p99, 3)}
        yield line | ({} if kind in ("all", "nonsense", "letter") else {"found_frac": round(found[kind] / n, 4)})


def main() -> None:
    """Build the city, type, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--addresses", type=int, default=500_000)
    parser.add_argument("--words", type=int, default=2_000)
    parser.add_argument("--names", type=Path, default=None, help="a file of estate names, one a line")
    asked = parser.parse_args()
    names = usable_names(asked.names.read_text(encoding="utf-8").splitlines()) if asked.names else ()
    out = json_lines()
    rows = make_rows(asked.addresses, 1, names)
    index = build_index(address_table(rows), region=REGION_TEXT)
    for line in measure(index, rows, asked.words):
        say(out, line)


if __name__ == "__main__":
    main()
