"""The parts of the look-up's table: which layer, which questions, what is measured of them."""

from __future__ import annotations

import gc
import json
import random
import resource
import subprocess
import sys
import time
import traceback
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd

from gis.address import AddressIndex, Match, build_index
from tests.bench.lookup_city import Row, make_rows, usable_names
from tests.bench.lookup_forms import further_forms
from tests.bench.lookup_layers import REGION_TEXT, address_table, read_questions, read_rows
from tests.bench.lookup_load import give_back_memory, opened_elsewhere, warm_up
from tests.bench.lookup_questions import TYPO_KINDS, City, Question, twelve_kinds
from tests.bench.lookup_real import REAL, Layer
from tests.bench.lookup_score import (
    RAISED,
    SURE,
    ask_each,
    milliseconds,
    negative_kinds,
    places_of,
    rows_of,
    summary,
    tally,
)
from tests.bench.output import resident_mb

ROOT: Final = Path(__file__).resolve().parents[2]
DATA: Final = ROOT.parent / "shared" / "data"
PEERS_PYTHON: Final = ROOT / ".venv-bench" / "bin" / "python"
PEERS = ["rapidfuzz", "sqlite fts5 trigram", "tantivy bigrams"]


class Part(NamedTuple):
    """One layer asked: what is printed, and what it takes to show the failures and to verify."""

    row: dict[str, Any]
    table: pd.DataFrame
    questions: list[Question]
    matches: list[Match]


def estate_names() -> tuple[list[str], list[str], str]:
    """Names for the made city, names that it shall not have, and where they are from."""
    path = DATA / "address" / "estate_names.txt"
    if not path.is_file():
        made = [row.estate for row in make_rows(90_000, seed=99) if row.estate]
        return [], sorted(set(made)), "made"
    names = usable_names(path.read_text(encoding="utf-8").splitlines())
    random.Random(3).shuffle(names)
    return names[: len(names) // 2], names[len(names) // 2 :], "real estate names"


def build(table: pd.DataFrame, region: str) -> tuple[AddressIndex, float]:
    """The index and the seconds it took, without what the first use in a process costs."""
    warm_up()
    began = time.perf_counter()
    index = build_index(table, region=region)
    return index, time.perf_counter() - began


def measure(name: str, table: pd.DataFrame, region: str, questions: list[Question]) -> tuple[Part, AddressIndex]:
    """Build, ask each question alone, count."""
    index, build_s = build(table, region)
    began = time.perf_counter()
    matches, spent_ms = ask_each(index, questions)
    seconds = time.perf_counter() - began
    kinds = tally(questions, matches, places_of(table))
    negative = negative_kinds(questions)
    row = {
        "part": name,
        "rows": len(table),
        "kind": kinds,
        **milliseconds(spent_ms),
        **summary(kinds, negative, TYPO_KINDS | {"typo_no_town"}),
        "own_text_lost": own_text_lost(index, table),
        "build_s": round(build_s, 3),
        "seconds": round(build_s + seconds, 3),
    }
    return Part(row, table, questions, matches), index


def one(rows_file: Path, questions_file: Path, region: str, *, with_parts: bool = True) -> Part:
    """The published form: a file of rows, a file of questions."""
    table = address_table(read_rows(rows_file), region, with_parts=with_parts)
    return measure(rows_file.stem, table, region, read_questions(questions_file))[0]


def published(quick: bool) -> Iterator[Part]:
    """The published synthetic layer and its 3,000 questions; our forms on the same layer."""
    rows_file, questions_file = DATA / "address" / "synth_rows.json", DATA / "address" / "synth_q.json"
    if not rows_file.is_file():
        skip("published layer", rows_file)
        return
    rows, questions = read_rows(rows_file), read_questions(questions_file)
    table = address_table(rows)
    part, _ = measure("published layer", table, REGION_TEXT, questions[:: 10 if quick else 1])
    part.row["beside"] = beside(table, part.questions, 20 if quick else 100)
    yield part
    if not quick:
        texts_only, _ = measure("published layer, text alone", table[["id", "text"]], REGION_TEXT, questions)
        yield texts_only
    forms = further_forms(City(rows), 20 if quick else 300)
    part, _ = measure("published layer, further forms", table, REGION_TEXT, forms)
    part.row["beside"] = beside(table, forms, 10 if quick else 30)
    yield part


def made(quick: bool) -> Iterator[Part]:
    """Our own city of 60,000 with villages, lanes and phases."""
    names, absent, source = estate_names()
    rows = make_rows(6_000 if quick else 60_000, seed=1, estates=names)
    city, table = City(rows), address_table(rows)
    for title, questions in (
        ("made city", twelve_kinds(city, absent, 20 if quick else 600)),
        ("made city, further forms", further_forms(city, 20 if quick else 300)),
    ):
        part, _ = measure(title, table, REGION_TEXT, questions)
        part.row["names"] = source
        yield part
    questions = twelve_kinds(city, absent, 50 if quick else 1500, seed=12) + further_forms(city, 50 if quick else 750)
    kept, asked = taken_out(rows, questions)
    yield measure("made city, a fifth taken out", address_table(kept), REGION_TEXT, asked)[0]


def taken_out(rows: Sequence[Row], questions: Sequence[Question], seed: int = 11) -> tuple[list[Row], list[Question]]:
    """The layer without a fifth of its rows, and the questions that only those could answer: nobody may be sure."""
    rng = random.Random(seed)
    out = {k for k in range(len(rows)) if rng.random() < 0.2}
    asked = [q for q in questions if q.expect == "row" and out.issuperset(q.accepted)]
    kept = [row for k, row in enumerate(rows) if k not in out]
    return kept, [q._replace(kind=f"{q.kind}, taken out", accepted=(), row=-1, expect="none") for q in asked]


def big(quick: bool, n: int = 500_000) -> Iterator[Part]:
    """Half a million addresses: building, memory, single and in bulk."""
    names, absent, source = estate_names()
    n = n // 10 if quick else n
    rows = make_rows(n, seed=2, estates=names)
    city, table = City(rows), address_table(rows)
    per_kind = 50 if quick else 500
    questions = twelve_kinds(city, absent, per_kind)
    mixed = [q.text for q in twelve_kinds(city, absent, 2 * per_kind, seed=70)]
    random.Random(1).shuffle(mixed)
    plain = [q.text for q in twelve_kinds(city, absent, 8 * per_kind, seed=71) if q.kind in ("droptop", "dropmid")]
    clean = random.Random(2).sample(list(table["text"]), n // 5)
    first_use_s = warm_up()
    gc.collect()
    give_back_memory()
    before_mb, peak_mb = resident_mb(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    began_own = time.process_time()
    index, build_s = build(table, REGION_TEXT)
    build_own_s = time.process_time() - began_own
    gc.collect()
    grown_mb = resident_mb() - before_mb
    held_mb = resident_mb() - before_mb if give_back_memory() else grown_mb
    peak_mb = max(0.0, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000 - max(peak_mb, before_mb))
    arrays_mb = sum(array.nbytes for array in index.arrays().values()) / 1e6
    began = time.perf_counter()
    matches, spent_ms = ask_each(index, questions)
    kinds = tally(questions, matches)
    row = {
        "part": "large city",
        "rows": n,
        "names": source,
        "kind": kinds,
        **milliseconds(spent_ms),
        **summary(kinds, negative_kinds(questions), TYPO_KINDS),
        "build_s": round(build_s, 3),
        "build_own_s": round(build_own_s, 3),
        "build_of_texts_alone_s": round(build(table[["id", "text"]], REGION_TEXT)[1], 3),
        "first_use_s": round(first_use_s, 3),
        "arrays_mb_per_million": round(arrays_mb / n * 1e6, 1),
        "held_mb_per_million": round(held_mb / n * 1e6, 1),
        "grown_mb_per_million": round(grown_mb / n * 1e6, 1),
        "build_peak_mb_per_million": round(peak_mb / n * 1e6, 1),
        "seconds": round(time.perf_counter() - began, 3),
        "bulk_mixed_per_s": per_second(index, mixed),
        "bulk_plain_per_s": per_second(index, plain),
        "bulk_clean_per_s": per_second(index, clean),
        "bulk_is_single": as_alone(index, questions[::7], matches[::7]),
        **opened_elsewhere(index, [q.text for q in questions[::10]]),
        "beside": beside(table, questions, 3 if quick else 20, seconds=60),
    }
    yield Part(row, table, questions, matches)


def real(quick: bool) -> Iterator[Part]:
    """Tainan, Singapore, Liechtenstein, Monaco, published geocoder cases."""
    for folder, layers in REAL.items():
        if not (DATA / folder).is_dir() or (folder.startswith("osm") and not (DATA / "osm-monaco").is_dir()):
            skip(folder, DATA / folder)
            continue
        for layer in layers(DATA, 100 if quick else 1000):
            yield _real(layer, quick)


def _real(layer: Layer, quick: bool) -> Part:
    part, _ = measure(layer.name, layer.table, layer.region, layer.questions)
    for kind in part.row["kind"]:
        asked = [(q, m) for q, m in zip(part.questions, part.matches) if q.kind == kind and q.expect != "none"]
        part.row["kind"][kind]["right_or_honest"] = sum(is_right_or_honest(q, m) for q, m in asked)
    part.row["beside"] = beside(layer.table, layer.questions, 20 if quick else 100)
    return part


def own_text_lost(index: AddressIndex, table: pd.DataFrame, n: int = 20_000) -> int:
    """Of the layer's own addresses (20,000 of them where it has more) those that do not find themselves."""
    places, texts = places_of(table), table["text"].tolist()
    rows = random.Random(1).sample(range(len(texts)), min(n, len(texts)))
    lost = 0
    for row, match in zip(rows, index.find_many([texts[row] for row in rows])):
        found = rows_of(match)[:1] if match.status in SURE else [*rows_of(match), *np.asarray(match.among).tolist()]
        lost += places[row] not in {places[k] for k in found} and texts[row] not in {texts[k] for k in found}
    return lost


def is_right_or_honest(question: Question, match: Match) -> bool:
    """Sure and right, or not sure with a right row among the candidates."""
    rows = rows_of(match)
    if match.status in ("exact", "building"):
        return question.expect == "row" and bool(rows) and rows[0] in question.accepted
    return any(row in question.accepted for row in rows)


def per_second(index: AddressIndex, texts: Sequence[str]) -> dict[str, int] | None:
    """Questions a second in bulk, one core, by the clock and of the processor's time; none where a question raises."""
    began, began_own = time.perf_counter(), time.process_time()
    try:
        index.find_many(texts)
    except Exception:
        traceback.print_exc()
        return None
    spent = {"clock": time.perf_counter() - began, "own": time.process_time() - began_own}
    return {name: round(len(texts) / seconds) for name, seconds in spent.items()}


def as_alone(index: AddressIndex, questions: Sequence[Question], alone: Sequence[Match]) -> bool:
    """Whether asking in bulk answers as asking alone did."""

    def told(match: Match) -> tuple[Any, ...]:
        return match.status, rows_of(match), tuple(match.reasons), np.asarray(match.among).tolist()

    pairs = [(q.text, told(m)) for q, m in zip(questions, alone) if RAISED not in m.reasons]
    return [told(m) for m in index.find_many([text for text, _ in pairs])] == [told_alone for _, told_alone in pairs]


def beside(
    table: pd.DataFrame, questions: Sequence[Question], per_kind: int, seconds: float = 120
) -> list[dict[str, Any]]:
    """The string engines on the same rows and some questions of each kind."""
    taken: dict[str, list[Question]] = defaultdict(list)
    for question in questions:
        if len(taken[question.kind]) < per_kind:
            taken[question.kind].append(question)
    asked = [q for k in range(per_kind) for kind in taken.values() for q in kind[k : k + 1]]
    job = {"texts": table["text"].tolist(), "queries": [q.text for q in asked], "seconds": seconds}
    return [_peer(method, job, asked) for method in PEERS]


def _peer(method: str, job: dict[str, Any], asked: Sequence[Question]) -> dict[str, Any]:
    python = str(PEERS_PYTHON) if PEERS_PYTHON.is_file() else sys.executable
    command = [python, str(ROOT / "tests" / "bench" / "lookup_peers.py"), method]
    done = subprocess.run(command, input=json.dumps(job), capture_output=True, text=True, check=False)
    if done.returncode:
        return {"method": method, "failed": done.stderr.strip().splitlines()[-1:]}
    said = json.loads(done.stdout)
    if "missing" in said:
        print(f"not measured: {method}: {said['missing']} (make bench-peers)", file=sys.stderr)
        return said
    kinds: dict[str, dict[str, int]] = {}
    for question, rows in zip(asked, said.pop("rows")):
        got = kinds.setdefault(question.kind, {"n": 0, "top1": 0, "in5": 0})
        got["n"] += 1
        got["top1"] += bool(rows) and rows[0] in question.accepted
        got["in5"] += any(row in question.accepted for row in rows)
    return {**said, "ms": None, **milliseconds(np.asarray(said["ms"])), "kind": kinds}


def skip(what: str, path: Path) -> None:
    """Say aloud what is not measured."""
    print(f"not measured: {what}: {path.parent.name}/{path.name} is not there", file=sys.stderr)


PARTS: Final = {"published": published, "made": made, "big": big, "real": real}
