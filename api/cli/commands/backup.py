"""``gridwright backup``: everything in a store as one file."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from api.cli.parser import Parser
from api.cli.talk import Outcome, Talk
from api.problems import DONE

NAME = "backup"


def add_arguments(parser: Parser) -> None:
    """State the arguments."""
    parser.take("--out", required=True, metavar="FILE", type=Path)
    parser.take("--store", metavar="URL")


def run(arguments: Namespace, talk: Talk) -> Outcome:
    """Write the backup."""
    from api.usecases.backup_store import backup_store
    from api.wiring import open_store_as_it_is, shown, store_address, utc_now

    store = open_store_as_it_is(store_address(arguments.store))
    try:
        with talk.progress() as progress:
            saved = backup_store(store, arguments.out, now=utc_now(), progress=progress)
    finally:
        store.close()
    manifest = saved.manifest
    summary = {
        "command": NAME,
        "store": shown(store.url),
        "file": saved.path,
        "bytes": saved.bytes,
        "rows": manifest.n_rows,
        "revision": manifest.revision,
        "tables": {name: {"rows": table.rows, "sha256": table.sha256} for name, table in manifest.tables.items()},
    }
    shown_lines = [
        talk.say("backup_done", file=str(saved.path), measured=saved.bytes / 1e6, rows=manifest.n_rows),
        talk.say("backup_without_secret"),
    ]
    return Outcome(DONE, summary, shown_lines, f"gridwright restore {saved.path} --store sqlite:///NEW.sqlite")
