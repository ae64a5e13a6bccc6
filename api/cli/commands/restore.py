"""``gridwright restore``: a backup into a new or empty place."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from api.cli.commands.doctor import findings_shown, findings_summary
from api.cli.parser import Parser
from api.cli.talk import Outcome, Talk
from api.problems import BROKEN, DONE

NAME = "restore"


def add_arguments(parser: Parser) -> None:
    """State the arguments."""
    parser.take("file", metavar="FILE", type=Path)
    parser.take("--store", metavar="URL")


def run(arguments: Namespace, talk: Talk) -> Outcome:
    """Verify the backup, put it back, examine the store."""
    from api.usecases.restore_store import restore_store
    from api.wiring import local_act, shown, store_address, store_option

    address = store_address(arguments.store)
    with talk.progress() as progress:
        restored = restore_store(arguments.file, address, local_act(), progress=progress)
    manifest, examined = restored.manifest, restored.examined
    summary = {
        "command": NAME,
        "file": arguments.file,
        "store": shown(address),
        "rows": manifest.n_rows,
        "taken_at": manifest.created_at,
        **findings_summary(examined, talk),
    }
    told = talk.say("restore_done", file=shown(address), rows=manifest.n_rows, measured=manifest.created_at)
    following = f"gridwright serve{store_option(arguments.store)}"
    status = DONE if examined.is_sound else BROKEN
    return Outcome(status, summary, [told, *findings_shown(examined, talk)], following)
