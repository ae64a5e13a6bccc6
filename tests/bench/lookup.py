"""Look-up of addresses: how many are right, how many are sure and wrong, how fast.

``python -m tests.bench.lookup ROWS.json QUERIES.json [--answers FILE]`` asks the questions of one file about the rows
of another and prints one JSON object; the answers file holds every answer, so that anybody can verify the counts.
Without files it runs the whole table, one JSON object a layer: ``--quick`` a short one, ``--only`` some parts of it.
Layers that are not on this machine are named on standard error and left out.
"""

from __future__ import annotations

import argparse
import platform
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TextIO

from tests.bench.lookup_layers import REGION_TEXT
from tests.bench.lookup_parts import PARTS, PEERS, Part, one
from tests.bench.lookup_score import places_of, rows_of, verdict, write_answers
from tests.bench.lookup_table import markdown
from tests.bench.output import json_lines, say

_SHOWN = 12


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.lookup", description=__doc__)
    parser.add_argument("rows", type=Path, nargs="?", help="JSON list of eight texts a building")
    parser.add_argument("queries", type=Path, nargs="?", help="JSON list of [kind, text, row, accepted rows]")
    parser.add_argument("--answers", type=Path, help="write every answer here")
    parser.add_argument("--region", default=REGION_TEXT, help="province and city the rows lie in")
    parser.add_argument("--text-only", action="store_true", help="give the index the texts without their parts")
    parser.add_argument("--failures", type=Path, help="write what was not right here, by kind")
    parser.add_argument("--quick", action="store_true", help="small layers, few questions")
    parser.add_argument("--no-peers", action="store_true", help="leave the string engines out")
    parser.add_argument("--only", choices=list(PARTS), nargs="+", default=list(PARTS))
    parser.add_argument("--table", type=Path, help="print the Markdown of such output and run nothing")
    given = parser.parse_args(arguments)
    if given.table:
        print(markdown(given.table), end="")
        return
    if (given.rows is None) != (given.queries is None):
        parser.error("give both files, or neither")
    for path in (given.rows, given.queries):
        if path is not None and not path.is_file():
            parser.error(f"{path} is not a file")
    if given.no_peers:
        PEERS.clear()
    to = json_lines()
    if given.failures:
        given.failures.write_text("", encoding="utf-8")
    if given.rows:
        parts: Iterator[Part] = iter([one(given.rows, given.queries, given.region, with_parts=not given.text_only)])
    else:
        say(to, {"machine": platform.machine(), "python": platform.python_version(), "quick": given.quick})
        parts = (part for name in given.only for part in PARTS[name](given.quick))
    for part in parts:
        say(to, part.row)
        if given.failures:
            with given.failures.open("a", encoding="utf-8") as file:
                write_failures(file, part)
        if given.answers:
            of_part = given.answers.with_stem(f"{given.answers.stem} {part.row['part']}")
            write_answers(given.answers if given.rows else of_part, part.questions, part.matches)


def write_failures(file: TextIO, part: Part) -> None:
    """What was not right, by kind: sure and wrong first, then unsure; some of each."""
    of_kind: dict[tuple[str, str], list[int]] = defaultdict(list)
    places = places_of(part.table)
    for k, (question, match) in enumerate(zip(part.questions, part.matches)):
        of_kind[question.kind, verdict(question, match, places)].append(k)
    texts = part.table["text"].tolist()
    file.write(f"# {part.row['part']}\n\n")
    for kind in part.row["kind"]:
        for said in ("wrong", "unsure"):
            failed = of_kind[kind, said]
            if failed:
                file.write(f"## {kind}: {said} {len(failed)} of {part.row['kind'][kind]['n']}\n\n")
            for k in failed[:_SHOWN]:
                question, match = part.questions[k], part.matches[k]
                file.write(f"- ask `{question.text}` ({question.expect})\n")
                wanted = " ; ".join(texts[row] for row in question.accepted[:3]) or "nothing"
                file.write(f"  - right: {wanted}{' ...' if len(question.accepted) > 3 else ''}\n")
                answers = " ; ".join(texts[row] for row in rows_of(match)[:3]) or "nothing"
                file.write(f"  - said: **{match.status}** {answers} | {', '.join(match.reasons)}\n")
        if any(of_kind[kind, said] for said in ("wrong", "unsure")):
            file.write("\n")


if __name__ == "__main__":
    sys.exit(main())
