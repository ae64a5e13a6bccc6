"""``gridwright incidents``: a file of incidents into a store, row by row new, known or refused."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterable
from pathlib import Path

from api.cli.parser import Parser
from api.cli.talk import Outcome, Table, Talk
from api.problems import BROKEN, DONE

NAME = "incidents"


def add_arguments(parser: Parser) -> None:
    """State the arguments."""
    parser.take("file", metavar="FILE", type=Path)
    parser.take("--store", metavar="URL")
    parser.take("--map", action="append", default=[], metavar="THEIRS=OURS")
    parser.take("--value", action="append", default=[], metavar="COLUMN:THEIRS=OURS")
    parser.take("--kind", metavar="TEXT", default="")
    parser.take("--priority", type=int, choices=(1, 2, 3), default=3)
    parser.take("--state", metavar="STATE", default="received")
    parser.take("--result", metavar="RESULT", default="")
    parser.take("--zone", metavar="NAME", default="Asia/Shanghai")
    parser.take("--closed-after", metavar="MINUTES", type=float)
    parser.take("--system", metavar="NAME", default="")
    parser.take("--gcj02", action="store_true")
    parser.take("--encoding", metavar="NAME")
    parser.take("--out", metavar="RECEIPT.csv", type=Path)
    parser.take("--refused", metavar="MEND.csv", type=Path)
    parser.take("--reason", metavar="TEXT", default="")


def run(arguments: Namespace, talk: Talk) -> Outcome:
    """Import; status 1 when rows were refused."""
    from api.usecases.import_incidents import import_incidents
    from api.usecases.incident_cells import ImportOptions
    from api.usecases.incident_receipt import receipt_csv, receipt_data, refused_csv
    from api.usecases.incident_table import TARGETS
    from api.usecases.incident_words import read_map, read_values
    from api.usecases.look_up_store import StoreBook
    from api.wiring import local_act, open_ready_store, shown, store_address, store_option, utc_now

    options = ImportOptions(
        columns=read_map(arguments.map, TARGETS),
        values=read_values(arguments.value),
        kind=arguments.kind,
        priority=arguments.priority,
        state=arguments.state,
        result=arguments.result,
        zone=arguments.zone,
        system=arguments.system,
        closed_after_min=arguments.closed_after,
        is_gcj02=arguments.gcj02,
        encoding=arguments.encoding,
    )
    store = open_ready_store(store_address(arguments.store), may_make=False)
    name = shown(store.url)
    try:
        with talk.progress() as progress:
            receipt = import_incidents(
                store,
                arguments.file,
                local_act(arguments.reason),
                "admin",
                options,
                look_up=StoreBook(store, utc_now).look_up_many,
                progress=progress,
            )
    finally:
        store.close()
    told = receipt_data(receipt, only_refused=True)
    listed = told.pop("receipt")
    summary = {"command": NAME, "store": name, **told, "out": None, "refused_rows": None}
    facts = {key: told[key] for key in ("new", "known", "refused")}
    lines: list[str | Table] = [
        talk.say("incident_import_done", file=told["file"], measured=told["rows"], **facts),
        *(remark[f"message_{talk.language}"] for remark in told["remarks"]),
    ]
    if told["codes"]:
        first = {
            reason["code"]: reason[f"message_{talk.language}"] for row in reversed(listed) for reason in row["reasons"]
        }
        rows = [(n, code, first[code]) for code, n in sorted(told["codes"].items(), key=lambda one: -one[1])]
        lines.append(Table(("label_rows", "lookup_label_status", "label_incident_reason"), rows))
    if arguments.out is not None:
        _write(arguments.out, receipt_csv(receipt))
        summary["out"] = arguments.out
        lines.append(talk.say("incident_import_receipt", file=str(arguments.out)))
    if arguments.refused is not None and receipt.counts["refused"]:
        _write(arguments.refused, refused_csv(receipt))
        summary["refused_rows"] = arguments.refused
        lines.append(talk.say("incident_import_mend", file=str(arguments.refused)))
    status = BROKEN if receipt.counts["refused"] else DONE
    return Outcome(status, summary, lines, f"gridwright serve{store_option(arguments.store)}")


def _write(path: Path, parts: Iterable[str]) -> None:
    from data.files.atomic import whole_file

    with whole_file(path) as place, place.open("w", encoding="utf-8-sig", newline="") as file:
        file.writelines(parts)
