"""``gridwright serve``: the maps of a folder, as pages on this machine."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from api.cli.parser import Parser
from api.cli.talk import Outcome, Talk
from api.problems import DONE

NAME = "serve"


def add_arguments(parser: Parser) -> None:
    """State the arguments."""
    parser.take("--folder", metavar="DIR", type=Path, default=Path("demo"))
    parser.take("--host", metavar="HOST", default="127.0.0.1")
    parser.take("--port", metavar="PORT", type=int, default=8000)


def run(arguments: Namespace, talk: Talk) -> Outcome:
    """Serve until Ctrl+C."""
    from api.app import open_door, serve_folder

    door = open_door(arguments.host, arguments.port)

    def started(address: str) -> None:
        talk.note("serve_started", address=address, folder=str(arguments.folder))

    serve_folder(arguments.folder, door, language=talk.language, started=started)
    summary = {"command": NAME, "host": arguments.host, "port": arguments.port, "folder": arguments.folder}
    return Outcome(DONE, summary, [talk.say("serve_ended")])
