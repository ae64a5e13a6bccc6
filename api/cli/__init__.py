"""The command line: ``gridwright COMMAND``.

This room decides how a run begins and ends: language, exit status, where words go.  Each command says its own
arguments and outcome in `api.cli.commands`; the work is done by `api.usecases`.  Nothing heavy is imported until
a command runs, so that help is instant.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from api import settings
from api.cli import commands
from api.cli.parser import Shown, build_parser, parse
from api.cli.talk import Talk, print_json
from api.i18n import one_line
from api.problems import BAD_INPUT, DONE, INTERRUPTED, UNEXPECTED, exit_status, fault_rows, of_os_error
from gis.errors import GridwrightError


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status.

    0 done; 1 done, but rules are broken or nothing was found; 2 bad input, one line per fault on stderr;
    70 an error of gridwright's own; 130 interrupted.

    Parameters
    ----------
    argv
        Arguments after the program's name; those of the process when omitted.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    talk = Talk(settings.language(_asked_language(words)), "--json" in words)
    try:
        status = _run(words, talk)
        sys.stdout.flush()
        return status
    except GridwrightError as error:
        return _refuse(error, talk)
    except KeyboardInterrupt:
        print(talk.say("interrupted"), file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of our output left (`| head`): leave too, and keep Python from complaining at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except OSError as error:
        if error.filename is None or settings.is_debugging():
            return _stumble(error, talk)
        return _refuse(of_os_error(error), talk)
    except Exception as error:
        return _stumble(error, talk)


def _run(words: Sequence[str], talk: Talk) -> int:
    top, parsers = build_parser(commands.ALL, talk.language)
    try:
        name, arguments = parse(words, top, parsers)
    except Shown as shown:
        print(shown)
        return DONE
    command = next(command for command in commands.ALL if name == command.NAME)
    outcome = command.run(arguments, talk)
    talk.tell(outcome)
    return outcome.status


def _asked_language(words: Sequence[str]) -> str | None:
    """The language asked for, needed before parsing because the help depends on it."""
    for position, word in enumerate(words):
        if word == "--lang":
            return words[position + 1] if position + 1 < len(words) else None
        if word.startswith("--lang="):
            return word.removeprefix("--lang=")
    return None


def _refuse(error: GridwrightError, talk: Talk) -> int:
    rows = fault_rows(error.faults, talk.language)
    for row in rows:
        print(row["message"], file=sys.stderr)
    if talk.is_json:
        print_json({"error": {"faults": rows}})
    return exit_status(error) if rows else BAD_INPUT


def _stumble(error: Exception, talk: Talk) -> int:
    if settings.is_debugging():
        raise error
    facts = {"kind": type(error).__name__, "measured": one_line(str(error))}
    message = talk.say("unexpected_error", **facts)
    print(message, file=sys.stderr)
    if talk.is_json:
        print_json({"error": {"faults": [{"code": "unexpected_error", "message": message, "facts": facts}]}})
    return UNEXPECTED
