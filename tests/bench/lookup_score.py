"""Ask questions, judge the answers, count.

An answer is *sure* when its status is ``exact`` or ``building``; only then is its first row an answer.  Sure of a row
that is not right, or sure where nothing or several rows are right, is *confident wrong*.  ``in5`` counts questions
with a right row among the candidates, sure or not.
"""

from __future__ import annotations

import json
import time
import traceback
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from gis.address import AddressIndex, Match
from tests.bench.lookup_questions import Question

SURE: Final = frozenset({"exact", "building"})
CANDIDATES: Final = 5
_COUNTED: Final = ("n", "top1", "accepted_wrong", "first", "in5", "refused", "raised")
RAISED: Final = "raised"


def ask_each(index: AddressIndex, questions: Sequence[Question]) -> tuple[list[Match], np.ndarray]:
    """The answer to each question asked alone, and the milliseconds each took by the clock and of this thread.

    A question that raises is answered with ``not_found`` and the reason ``raised``; none may (see `summary`).
    """
    matches, spent_ms = [], np.empty((len(questions), 2))
    for k, question in enumerate(questions):
        began, began_own = time.perf_counter(), time.thread_time()
        try:
            matches.append(index.find(question.text))
        except Exception:
            traceback.print_exc()
            matches.append(Match("not_found", reasons=(RAISED,)))
        spent_ms[k] = 1000 * (time.perf_counter() - began), 1000 * (time.thread_time() - began_own)
    return matches, spent_ms


def rows_of(match: Match) -> list[int]:
    """The rows of the candidates, best first."""
    return [int(c.row) for c in match.candidates[:CANDIDATES]]


def verdict(question: Question, match: Match, places: Sequence[Any] | None = None) -> str:
    """``right``, ``wrong`` (sure of something that is not so) or ``unsure``.

    ``places`` says which rows are one building: to name one of them is to name them all.
    """
    sure, rows = match.status in SURE, rows_of(match)
    if question.expect == "none":
        return "wrong" if sure else "right"
    if sure and question.expect == "row":
        return "right" if rows and rows[0] in question.accepted else "wrong"
    if sure:
        return "wrong"
    if question.expect == "estate":
        return "right" if set(np.asarray(match.among).tolist()) == set(question.accepted) else "unsure"
    if match.status == "not_found" or not rows or rows[0] not in question.accepted:
        return "unsure"
    right = _places(question.accepted, places)
    named = _places([row for row in rows if row in question.accepted], places)
    return "right" if len(right) > 1 and len(named) >= min(CANDIDATES, len(right)) else "unsure"


def _places(rows: Iterable[int], places: Sequence[Any] | None) -> set[Any]:
    return set(rows) if places is None else {places[row] for row in rows}


def places_of(table: pd.DataFrame) -> list[Any]:
    """The building of each row, or the row itself where no building is known."""
    if "building_id" not in table:
        return list(range(len(table)))
    return [
        k if building is None or building != building else building for k, building in enumerate(table["building_id"])
    ]


def tally(
    questions: Sequence[Question], matches: Sequence[Match], places: Sequence[Any] | None = None
) -> dict[str, dict[str, Any]]:
    """Counts by kind, in the order the kinds first appear."""
    kinds: dict[str, dict[str, Any]] = {}
    statuses: dict[str, Counter[str]] = defaultdict(Counter)
    for question, match in zip(questions, matches):
        got = kinds.setdefault(question.kind, dict.fromkeys(_COUNTED, 0))
        said, rows = verdict(question, match, places), rows_of(match)
        got["n"] += 1
        got["top1"] += said == "right" and question.expect != "none"
        got["accepted_wrong"] += said == "wrong"
        got["first"] += bool(rows) and rows[0] in question.accepted
        got["in5"] += any(row in question.accepted for row in rows)
        got["refused"] += match.status not in SURE
        got["raised"] += RAISED in match.reasons
        statuses[question.kind][match.status] += 1
    for kind, got in kinds.items():
        got["statuses"] = dict(sorted(statuses[kind].items()))
    return kinds


def summary(kinds: dict[str, dict[str, Any]], negative: Iterable[str], with_typo: Iterable[str]) -> dict[str, Any]:
    """What the kinds come to: share right of the questions that have an answer, share sure and wrong of all."""
    negative, with_typo = frozenset(negative), frozenset(with_typo)
    positive = {kind: got for kind, got in kinds.items() if kind not in negative}
    plain = {kind: got for kind, got in positive.items() if kind not in with_typo}
    n, wrong = (sum(got[key] for got in kinds.values()) for key in ("n", "accepted_wrong"))
    asked, right = (sum(got[key] for got in positive.values()) for key in ("n", "top1"))
    return {
        "n": n,
        "top1_frac": round(right / asked, 5) if asked else None,
        "lowest_without_typo_frac": min((round(got["top1"] / got["n"], 5) for got in plain.values()), default=None),
        "confident_wrong": wrong,
        "confident_wrong_frac": round(wrong / n, 5) if n else None,
        "raised": sum(got.pop("raised") for got in kinds.values()),
    }


def milliseconds(spent_ms: np.ndarray) -> dict[str, float]:
    """Median and 99th percentile by the clock; of a second column the same in the thread's own time."""
    columns = spent_ms.reshape(len(spent_ms), -1)
    said = {}
    for at, own in zip(range(columns.shape[1]), ("", "_own")):
        for percent in (50, 99):
            said[f"p{percent}{own}_ms"] = round(float(np.percentile(columns[:, at], percent)), 3)
    return said


def negative_kinds(questions: Sequence[Question]) -> set[str]:
    """Kinds in which no question has an answer."""
    return {q.kind for q in questions} - {q.kind for q in questions if q.expect != "none"}


def write_answers(path: Path, questions: Sequence[Question], matches: Sequence[Match]) -> None:
    """Every answer, so that anybody can verify them: a JSON list, one question a line, in the order asked."""
    lines = []
    for question, match in zip(questions, matches):
        rows = rows_of(match)
        answer = {
            "kind": question.kind,
            "query": question.text,
            "status": match.status,
            "row": rows[0] if match.status in SURE and rows else None,
            "rows": rows,
            "reasons": list(match.reasons),
        }
        lines.append(json.dumps(answer, ensure_ascii=False))
    path.write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")
