"""String engines on the same rows and questions: rapidfuzz, SQLite FTS5 trigrams, tantivy bigrams.

``python tests/bench/lookup_peers.py METHOD`` reads one JSON job on standard input, ``{"texts", "queries",
"seconds"}``, and prints one JSON object: seconds to build, growth of memory, the five best rows and the milliseconds
of each query (fewer than asked where the seconds run out).  It knows nothing of gridwright, so that it runs in an
environment of its own with the dependency group ``bench-lookup``.  None of the three can say that an address is absent.
"""

from __future__ import annotations

import json
import os
import sqlite3
import sys
import time
import unicodedata
from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Any

import numpy as np

BEST = 5
Search = Callable[[str], list[int]]


def by_rapidfuzz(texts: Sequence[str]) -> Search:
    """The indel ratio to every string of the layer."""
    from rapidfuzz import fuzz, process

    def search(query: str) -> list[int]:
        scores = process.cdist([query], texts, scorer=fuzz.ratio, dtype=np.float32, workers=1)[0]
        near = np.argpartition(-scores, min(BEST, len(scores) - 1))[:BEST]
        return [int(k) for k in near[np.lexsort((near, -scores[near]))]]

    return search


def by_fts5(texts: Sequence[str]) -> Search:
    """Any trigram of the query, ranked by bm25; ``detail=full``, without which the ranking is at random."""
    base = sqlite3.connect(":memory:")
    base.execute("CREATE VIRTUAL TABLE layer USING fts5(text, tokenize='trigram', detail=full)")
    base.executemany("INSERT INTO layer(rowid, text) VALUES (?, ?)", ((k + 1, text) for k, text in enumerate(texts)))
    base.execute("INSERT INTO layer(layer) VALUES ('optimize')")

    def search(query: str) -> list[int]:
        parts = {query[k : k + 3].replace('"', " ") for k in range(len(query) - 2)}
        if not parts:
            return []
        asked = " OR ".join(f'"{part}"' for part in sorted(parts))
        found = base.execute("SELECT rowid FROM layer WHERE layer MATCH ? ORDER BY rank LIMIT ?", (asked, BEST))
        return [row - 1 for (row,) in found]

    return search


def by_tantivy(texts: Sequence[str]) -> Search:
    """Any bigram of the query, ranked by bm25."""
    import tantivy

    builder = tantivy.SchemaBuilder()
    builder.add_unsigned_field("row", stored=True)
    builder.add_text_field("grams", tokenizer_name="whitespace")
    schema = builder.build()
    index = tantivy.Index(schema)
    writer = index.writer(heap_size=200_000_000, num_threads=1)
    for row, text in enumerate(texts):
        document = tantivy.Document()
        document.add_unsigned("row", row)
        document.add_text("grams", " ".join(_bigrams(text)))
        writer.add_document(document)
    writer.commit()
    writer.wait_merging_threads()
    index.reload()
    searcher = index.searcher()

    def search(query: str) -> list[int]:
        terms = [tantivy.Query.term_query(schema, "grams", gram) for gram in sorted(set(_bigrams(query)))]
        asked = tantivy.Query.boolean_query([(tantivy.Occur.Should, term) for term in terms])
        return [int(searcher.doc(at)["row"][0]) for _, at in searcher.search(asked, BEST, count=False).hits]

    return search


def _bigrams(text: str) -> list[str]:
    text = text.replace(" ", "_")
    return [text[k : k + 2] for k in range(len(text) - 1)]


METHODS: dict[str, tuple[str, Callable[[Sequence[str]], Search]]] = {
    "rapidfuzz": ("rapidfuzz", by_rapidfuzz),
    "sqlite fts5 trigram": ("", by_fts5),
    "tantivy bigrams": ("tantivy", by_tantivy),
}


def _resident_mb() -> float:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).upper()


def run(method: str, job: dict[str, Any]) -> dict[str, Any]:
    """One method, one job."""
    package, build = METHODS[method]
    texts = [_folded(text) for text in job["texts"]]
    before, began = _resident_mb(), time.perf_counter()
    search = build(texts)
    answer: dict[str, Any] = {
        "method": method,
        "version": version(package) if package else sqlite3.sqlite_version,
        "build_s": round(time.perf_counter() - began, 3),
        "grown_mb": round(_resident_mb() - before, 1),
    }
    rows, spent_ms = [], []
    ends = time.perf_counter() + float(job["seconds"])
    for query in job["queries"]:
        began = time.perf_counter()
        if began > ends:
            break
        rows.append(search(_folded(query)))
        spent_ms.append(1000 * (time.perf_counter() - began))
    return {**answer, "rows": rows, "ms": spent_ms}


if __name__ == "__main__":
    try:
        said = run(sys.argv[1], json.load(sys.stdin))
    except ImportError as error:
        said = {"method": sys.argv[1], "missing": str(error)}
    print(json.dumps(said))
