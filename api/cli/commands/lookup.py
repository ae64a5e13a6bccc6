"""``gridwright lookup``: from an address, a point, a grid code, or a table of them, to the grid."""

from __future__ import annotations

import gc
import re
from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from api.cli.commands.tables import word
from api.cli.parser import Parser
from api.cli.talk import Outcome, Table, Talk
from api.problems import BROKEN, DONE, fault_rows
from gis.errors import Fault, InputError

if TYPE_CHECKING:
    from api.usecases.look_up_answers import Answer, Answers, Choice
    from api.usecases.look_up_batch import Batch

NAME = "lookup"
_WAYS = ("ADDRESS", "--point", "--batch")
_POINT = re.compile(r"\s*([^,，\s]+)\s*[,，]\s*([^,，\s]+)\s*")
_NEGATIVE = re.compile(r"-[\d.][\d.,eE+-]*")


def add_arguments(parser: Parser) -> None:
    """State the arguments."""
    asked = '("ADDRESS" | --point LON,LAT | --batch IN.csv --out OUT.csv)'
    parser.usage = f"{parser.prog} [TERRITORY.gpkg PLAN.gpkg] {asked} [...]"
    # A point west of Greenwich begins with a minus and is no option.
    parser._negative_number_matcher = _NEGATIVE
    for name, metavar in (("territory", "TERRITORY.gpkg"), ("plan", "PLAN.gpkg"), ("address", "ADDRESS")):
        parser.take(name, metavar=metavar, nargs="?")
    parser.take("--point", metavar="LON,LAT")
    parser.take("--batch", metavar="IN.csv", type=Path)
    parser.take("--out", metavar="OUT.csv")
    parser.take("--encoding", metavar="NAME")
    parser.take("--out-encoding", choices=("utf-8", "utf-8-bom", "gb18030"))
    parser.take("--region", metavar="TEXT")
    parser.take("--store", metavar="URL")
    parser.take("--as-of", metavar="DATE")


def run(arguments: Namespace, talk: Talk) -> Outcome:
    """Look up; status 1 when one thing is asked for and no grid is found."""
    _sort_words(arguments)
    values = (arguments.address, arguments.point, arguments.batch)
    given = [way for way, value in zip(_WAYS, values) if value is not None]
    if len(given) != 1:
        raise InputError("lookup_one_way", measured=", ".join(given) or None, allowed=" / ".join(_WAYS))
    if arguments.batch is not None:
        return _run_batch(arguments, talk)
    for option in ("out", "encoding", "out_encoding"):
        _assert_without(arguments, option, "--batch")
    if arguments.point is None:
        with _opened(arguments, talk, with_addresses=True) as (book, remarks):
            # Bytes that are no UTF-8 come as halves of characters, which can not be printed.
            answer = book.look_up(arguments.address.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))
    else:
        point = _read_point(arguments.point)
        with _opened(arguments, talk, with_addresses=False) as (book, remarks):
            answer = book.look_up_points(*point)[0]
    reasons = [
        {"code": code, "message": message} for code, message in zip(answer.reasons, answer.details(talk.language))
    ]
    summary = {
        "command": NAME,
        **answer.row(),
        "name": answer.name,
        "reason": answer.reason,
        "reasons": reasons,
        "grids": answer.grids,
        "candidates": [_plain(choice, talk) for choice in answer.candidates],
        "matched": answer.matched,
        "dropped": answer.dropped,
        "remarks": fault_rows(remarks, talk.language),
    }
    return Outcome(BROKEN if answer.grid is None else DONE, summary, _shown(answer, remarks, talk))


def _run_batch(arguments: Namespace, talk: Talk) -> Outcome:
    from api.usecases.look_up_batch import batch_asks, look_up_batch

    if arguments.out is None:
        raise InputError("lookup_batch_out", column="--out", measured="--batch")
    asks = batch_asks(arguments.batch, arguments.encoding)
    with _opened(arguments, talk, with_addresses=asks == "address") as (book, remarks), talk.progress() as progress:
        gc.freeze()  # what is loaded stays: looking through it again and again would take a third of the time
        batch = look_up_batch(
            book,
            arguments.batch,
            Path(arguments.out),
            language=talk.language,
            encoding=arguments.encoding,
            out_encoding=arguments.out_encoding,
            progress=progress,
        )
    summary = {
        "command": NAME,
        "batch": arguments.batch,
        "out": batch.out,
        "rows_to_correct": batch.to_correct,
        "encoding": batch.encoding,
        "rows": batch.n_rows,
        "with_grid": batch.n_with_grid,
        "broken": batch.n_broken,
        "to_correct": batch.n_to_correct,
        "by_status": batch.by_status,
        "remarks": fault_rows(remarks, talk.language),
    }
    shown = _shown_batch(batch, remarks, talk)
    if batch.encoding != "utf-8" and arguments.out_encoding is None:
        shown.append(talk.say("lookup_batch_encoding", encoding=batch.encoding.upper()))
    return Outcome(DONE, summary, shown)


def _sort_words(arguments: Namespace) -> None:
    """Without files a single word is the address, and a store is asked."""
    if arguments.plan is None and arguments.address is None:
        arguments.territory, arguments.address = None, arguments.territory
    asks_else = arguments.point is not None or arguments.batch is not None
    if arguments.territory is not None and arguments.address is None and not asks_else:
        raise InputError("lookup_one_way", measured=None, allowed=" / ".join(_WAYS))


@contextmanager
def _opened(arguments: Namespace, talk: Talk, *, with_addresses: bool) -> Iterator[tuple[Answers, Sequence[Fault]]]:
    """What answers, from the two files or from a store, and what its user should know."""
    if arguments.territory is None:
        _assert_without(arguments, "region", "TERRITORY.gpkg")
        with _opened_store(arguments) as book:
            yield book, ()
        return
    for option in ("store", "as_of"):
        _assert_without(arguments, option, "ADDRESS")
    from api.usecases.look_up_file import open_book

    with talk.progress() as progress:
        opened = open_book(
            Path(arguments.territory),
            Path(arguments.plan),
            region=arguments.region or "",
            with_addresses=with_addresses,
            progress=progress,
        )
    yield opened.book, opened.remarks


@contextmanager
def _opened_store(arguments: Namespace) -> Iterator[Answers]:
    from api.http.moments import read_moment
    from api.usecases.look_up_store import StoreBook
    from api.wiring import open_ready_store, store_address, utc_now

    moment = None if arguments.as_of is None else read_moment(arguments.as_of, "--as-of")
    store = open_ready_store(store_address(arguments.store), may_make=False)
    try:
        yield StoreBook(store, utc_now, moment)
    finally:
        store.close()


def _assert_without(arguments: Namespace, option: str, allowed: str) -> None:
    if getattr(arguments, option) is not None:
        raise InputError("lookup_only_with", column=f"--{option.replace('_', '-')}", allowed=allowed)


def _read_point(text: str) -> tuple[float, float]:
    found = _POINT.fullmatch(text)
    try:
        if found is None:
            raise ValueError(text)
        return float(found[1]), float(found[2])
    except ValueError:
        raise InputError("lookup_point_wrong", column="--point", measured=text[:80], allowed="112.95,28.2") from None


def _shown(answer: Answer, remarks: Sequence[Fault], talk: Talk) -> list[str | Table]:
    shown: list[str | Table] = []
    if answer.grid is None:
        shown.append(talk.say(f"lookup_told_{answer.status}_without_grid"))
    else:
        shown.append(talk.say("lookup_told_grid", id=answer.grid, name=answer.name or "", community=answer.community))
        shown.append(talk.say(f"lookup_told_{answer.status}", percent=round(100 * answer.confidence)))
    if answer.matched_text:
        shown.append(talk.say("lookup_told_address", text=answer.matched_text, id=answer.building or ""))
    shown += answer.details(talk.language)
    if answer.candidates and (answer.building is None or len(answer.candidates) > 1):
        rows = [
            (
                choice.address or "",
                choice.building or "",
                choice.grid or "",
                ", ".join(word("differs", code, talk) for code in choice.reasons),
                f"{100 * choice.score_frac:.0f} %",
            )
            for choice in answer.candidates
        ]
        headings = ("lookup_label_address", "lookup_label_building", "lookup_label_grid", "lookup_label_differs")
        share = "lookup_label_share" if "several_successors" in answer.reasons else "lookup_label_agrees"
        shown.append(Table((*headings, share), rows, talk.say("lookup_label_candidates")))
    return shown + [row["message"] for row in fault_rows(remarks, talk.language)]


def _shown_batch(batch: Batch, remarks: Sequence[Fault], talk: Talk) -> list[str | Table]:
    rows: list[tuple[str, int]] = [(talk.say(f"lookup_status_{name}"), n) for name, n in batch.by_status.items()]
    shown: list[str | Table] = [
        talk.say("lookup_batch_done", file=str(batch.out), measured=batch.n_rows, with_grid=batch.n_with_grid),
        Table(("lookup_label_status", "label_rows"), rows),
    ]
    if batch.n_broken:
        shown.append(talk.say("lookup_batch_broken", measured=batch.n_broken))
    if batch.to_correct is not None:
        shown.append(talk.say("lookup_batch_to_correct", file=str(batch.to_correct), measured=batch.n_to_correct))
    return shown + [row["message"] for row in fault_rows(remarks, talk.language)]


def _plain(choice: Choice, talk: Talk) -> dict[str, Any]:
    return {
        "building": choice.building,
        "address": choice.address,
        "grid": choice.grid,
        "community": choice.community,
        "lon": choice.lon,
        "lat": choice.lat,
        "score_frac": choice.score_frac,
        "reasons": [{"code": code, "message": talk.say(f"address_{code}")} for code in choice.reasons],
    }
