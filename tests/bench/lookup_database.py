"""Names in PostgreSQL beside names in memory: ``python -m tests.bench.lookup_database [--rows 500000 --each 50]``.

Both are asked the same questions about the same city, in turn.  Prints JSON objects: one for each kind of question
(milliseconds), one for what was made (seconds, megabytes), and one for how many of the cheapest names are among the
first neighbours that the database gives, by sounds (as it is done) and by the characters of the names.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from sqlalchemy import text

from data.migrations import upgrade
from data.store import SqlStore, open_store
from data.store.address_names import DatabaseIndex, fill_names, sounds_of
from gis.address import AddressIndex, Match, build_index
from gis.address.names import Names
from tests.bench.lookup_city import make_rows
from tests.bench.lookup_layers import REGION_TEXT, address_table
from tests.bench.lookup_parts import estate_names
from tests.bench.lookup_questions import City, Question, twelve_kinds
from tests.bench.output import json_lines, say
from tests.postgis import running_server
from tests.stores import act, empty_database

COUNTY = "430100"
_MOST_COMPARED = 400
_BY_SOUNDS = (
    "select id from address_names where county = '430100' and kind = %(kind)s::bigint and how = 0 "
    "order by sounds <-> %(sounds)s limit %(most)s"
)
_BY_NAMES = "select id from plain_names where kind = %(kind)s::bigint order by name <-> %(name)s limit %(most)s"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.lookup_database", description=__doc__)
    parser.add_argument("--rows", type=int, default=500_000)
    parser.add_argument("--each", type=int, default=50, help="questions of each kind")
    given = parser.parse_args(arguments)
    out = json_lines()
    names, absent, source = estate_names()
    rows = make_rows(given.rows, seed=2, estates=names)
    questions = twelve_kinds(City(rows), absent, given.each)
    table = address_table(rows)
    build_index(table.head(100), region=REGION_TEXT)  # compiles
    began = time.perf_counter()
    index = build_index(table, region=REGION_TEXT)
    build_s = time.perf_counter() - began
    with store_on_a_server() as store:
        began = time.perf_counter()
        with store.write(act()) as tx:
            edition = fill_names(tx, COUNTY, "bench", index, [f"{COUNTY}001001"] * len(index))
        fill_s = time.perf_counter() - began
        made = {"rows": len(index), "names": len(index.names), "source": source, "build_s": round(build_s, 2)}
        say(out, {"made": {**made, "fill_s": round(fill_s, 2), **megabytes(store)}})
        there = DatabaseIndex(index.arrays(), index.meta, store, COUNTY, *edition)
        compared: list[tuple[int, str, list[tuple[int, float]]]] = []
        for row in asked_in_turn(index, there, questions, compared):
            say(out, row)
        for row in recall(store, index, compared[:_MOST_COMPARED]):
            say(out, row)


@contextmanager
def store_on_a_server() -> Iterator[SqlStore]:
    """A migrated store on a throw-away server that waits for its disk."""
    with running_server(is_durable=True) as server, empty_database(server) as url:
        address = url.render_as_string(hide_password=False)
        upgrade(address)
        store = open_store(address)
        try:
            yield store
        finally:
            store.close()


def megabytes(store: SqlStore) -> dict[str, float]:
    """What the tables take on disk."""
    with store.read() as tx:
        asked = text("select pg_total_relation_size(cast(:part as regclass)) / 1e6")
        return {
            f"{name}_mb": round(float(tx.connection.execute(asked, {"part": f"{name}_{COUNTY}"}).scalar_one()), 1)
            for name in ("address_names", "address_keys")
        }


def asked_in_turn(
    index: AddressIndex,
    there: DatabaseIndex,
    questions: Sequence[Question],
    compared: list[tuple[int, str, list[tuple[int, float]]]],
) -> Iterator[dict[str, Any]]:
    """Every question to both; what was compared with names is noted."""
    of_kind: dict[str, list[Question]] = defaultdict(list)
    for question in questions:
        of_kind[question.kind].append(question)
    for question in questions[::7]:
        index.find(question.text), there.find(question.text)
    every: dict[str, list[float]] = {"memory": [], "database": []}
    n_different = 0
    for kind, some in of_kind.items():
        spent: dict[str, list[float]] = {"memory": [], "database": []}
        for question in some:
            answers = []
            for way, asked in (("memory", index), ("database", there)):
                began = time.perf_counter()
                answers.append(asked.find(question.text))
                spent[way].append(1000 * (time.perf_counter() - began))
            n_different += plain(answers[0]) != plain(answers[1])
        yield {
            "kind": kind,
            "n": len(some),
            **{f"{way}_{k}": v for way in spent for k, v in middle(spent[way]).items()},
        }
        for way, times in spent.items():
            every[way] += times
    total = {f"{way}_{key}": value for way in every for key, value in middle(every[way]).items()}
    yield {"kind": "all", "n": len(questions), **total, "different": n_different}
    note(index, questions, compared)


def note(index: AddressIndex, questions: Sequence[Question], compared: list[Any]) -> None:
    """What the reading of questions compares with names, and which are the cheapest."""
    real = Names.similar

    def similar(self: Names, kind: int, said: str, most_cost: float, limit: int = 8) -> list[tuple[int, float]]:
        found = real(self, kind, said, most_cost, limit)
        if found:
            compared.append((int(kind), said, found))
        return found

    Names.similar = similar  # type: ignore[method-assign]
    try:
        index.find_many([question.text for question in questions])
    finally:
        Names.similar = real  # type: ignore[method-assign]


def recall(store: SqlStore, index: AddressIndex, compared: Sequence[Any]) -> Iterator[dict[str, Any]]:
    """How often all of the cheapest names are among the first neighbours."""
    with store.write(act()) as tx:
        raw = tx.connection.connection.driver_connection
        assert raw is not None
        raw.execute("create temporary table plain_names (id bigint, kind bigint, name text)")
        with raw.cursor() as cursor, cursor.copy("copy plain_names from stdin") as copy:
            for id, name in enumerate(index.names.texts):
                copy.write_row((id, int(index.names.kind[id]), name))
        raw.execute("create index on plain_names using gist (kind, name gist_trgm_ops(siglen=32))")
        raw.execute("analyze plain_names")
        for way, statement in (("sounds", _BY_SOUNDS), ("names", _BY_NAMES)):
            for most in (8, 64):
                n_whole = 0
                for kind, said, found in compared:
                    facts = {"kind": kind, "sounds": sounds_of(said), "name": said, "most": most}
                    near = {row[0] for row in raw.execute(statement, facts)}
                    n_whole += {id for id, cost in found if cost == found[0][1]} <= near
                share = round(n_whole / max(len(compared), 1), 4)
                yield {"recall": way, "first": most, "asked": len(compared), "whole_frac": share}


def plain(match: Match) -> tuple[Any, ...]:
    """An answer to compare."""
    told = (match.status, match.candidates, match.reasons, match.confidence, match.matched, match.dropped)
    return (*told, match.among.tolist())


def middle(times: Sequence[float]) -> dict[str, float]:
    """Middle and slowest of a hundred, in milliseconds."""
    return {"p50_ms": round(float(np.median(times)), 2), "p99_ms": round(float(np.quantile(times, 0.99)), 2)}


if __name__ == "__main__":
    main()
