"""The command line's grammar: argparse speaking both languages, with faults instead of exits.

Help texts come from the locale files (``help_<command>``, ``help_<command>_<option>``, ``example_<command>``), so
that help and messages live side by side.  What the commands do is said in `api.cli.commands`.
"""

from __future__ import annotations

import argparse
import difflib
import re
from collections.abc import Sequence
from textwrap import fill
from typing import Any, NoReturn

from api.i18n import sentence, sentences
from gis.errors import InputError

_ARGPARSE_SAYS: tuple[tuple[str, str], ...] = (
    (r"the following arguments are required: (?P<measured>.+)", "usage_missing"),
    (r"unrecognized arguments: (?P<measured>.+)", "usage_unknown_option"),
    (r"argument (?P<column>[^:]+): expected .*argument.*", "usage_value_missing"),
    (r"argument (?P<column>[^:]+): invalid (?P<type>\w+) value: (?P<measured>.+)", "usage_wrong_type"),
    (r"argument (?P<column>[^:]+): invalid choice: (?P<measured>.+?) \(choose from (?P<allowed>.+)\)", "usage_choice"),
    (r"argument (?P<column>[^:]+): (?P<measured>.+)", "usage_refused"),
)


class Shown(Exception):
    """Help or version was asked for: the text to print, and nothing else to do."""


class Parser(argparse.ArgumentParser):
    """An argument parser of one command, in one language."""

    def __init__(self, *, command: str = "", language: str = "en", **options: Any) -> None:
        self.command, self.language = command, language
        super().__init__(
            add_help=False,
            allow_abbrev=False,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            **options,
        )
        self._positionals.title = self.say("help_arguments")
        self._optionals.title = self.say("help_options")

    def say(self, code: str, **facts: Any) -> str:
        """One sentence in the language of this parser."""
        return sentence(code, facts, self.language)

    def take(self, *names: str, **options: Any) -> None:
        """Add an argument; its help is the sentence ``help_<command>_<name>``, else ``help_any_<name>``."""
        name = (options.get("dest") or names[-1]).lstrip("-").replace("-", "_").lower()
        own = f"help_{self.command}_{name}"
        code = own if own in sentences(self.language) else f"help_any_{name}"
        # argparse reads % in help as a format
        self.add_argument(*names, help=self.say(code).replace("%", "%%"), **options)

    def take_common(self, *, top: bool = False) -> None:
        """Add what every command takes: --json, --lang, --help."""
        default = None if top else argparse.SUPPRESS
        self.take("--json", action="store_true", default=False if top else argparse.SUPPRESS)
        self.take("--lang", choices=("zh", "en"), default=default)
        self.take("-h", "--help", action=_Help, nargs=0)

    def format_usage(self) -> str:
        """Usage line with its heading in the language of this parser."""
        formatter = self._get_formatter()
        formatter.add_usage(self.usage, self._actions, self._mutually_exclusive_groups, self.say("help_usage") + " ")
        return formatter.format_help()

    def format_help(self) -> str:
        """The whole help page."""
        page = super().format_help()
        return self.format_usage() + page.split("\n\n", 1)[1].join(("\n", ""))

    def error(self, message: str) -> NoReturn:
        """Turn what argparse found wrong into a fault with a sentence of our own."""
        hint = f"{self.prog} --help"
        for pattern, code in _ARGPARSE_SAYS:
            found = re.fullmatch(pattern, message, re.DOTALL)
            if found:
                facts = found.groupdict()
                if code == "usage_unknown_option":
                    near = self._nearest(facts["measured"].split()[0].split("=")[0])
                    if near:
                        raise InputError("usage_unknown_option_near", near=near, hint=hint, **facts)
                raise InputError(code, hint=hint, **facts)
        raise InputError("usage_other", measured=message, hint=hint)

    def _nearest(self, option: str) -> str:
        known = [name for action in self._actions for name in action.option_strings]
        return next(iter(difflib.get_close_matches(option, known, n=1)), "")


class _Help(argparse.Action):
    def __call__(self, parser: Any, namespace: Any, values: Any, option_string: str | None = None) -> NoReturn:
        raise Shown(parser.format_help())


class _Version(argparse.Action):
    def __call__(self, parser: Any, namespace: Any, values: Any, option_string: str | None = None) -> NoReturn:
        from importlib.metadata import version

        raise Shown(f"gridwright {version('gridwright')}")


def build_parser(commands: Sequence[Any], language: str) -> tuple[Parser, dict[str, Parser]]:
    """The parser of the whole command line, and the parser of each command by name."""
    top = Parser(command="any", language=language, prog="gridwright", usage="gridwright COMMAND [...]")
    top.take_common(top=True)
    top.take("--version", action=_Version, nargs=0)
    width = max(len(command.NAME) for command in commands)
    listing = "\n".join(f"  {c.NAME:<{width}}  {top.say(f'help_{c.NAME}')}" for c in commands)
    top.description = f"{top.say('help_gridwright')}\n\n{top.say('help_commands')}\n{listing}"
    top.epilog = top.say("help_more")
    parsers: dict[str, Parser] = {}
    for command in commands:
        name = command.NAME
        parser = Parser(
            command=name,
            language=language,
            prog=f"gridwright {name}",
            description=f"{top.say(f'help_{name}')}\n\n{fill(top.say(f'help_{name}_more'), 79)}",
            epilog=f"{top.say('help_example')}\n  {top.say(f'example_{name}')}\n\n{top.say('help_exit')}",
        )
        command.add_arguments(parser)
        parser.take_common()
        parsers[name] = parser
    return top, parsers


def parse(argv: Sequence[str], top: Parser, parsers: dict[str, Parser]) -> tuple[str, argparse.Namespace]:
    """Command name and its arguments.

    Options that every command takes may stand before or after the command.

    Raises
    ------
    Shown
        Help or version was asked for.
    InputError
        ``usage_*``.
    """
    before: list[str] = []
    rest = list(argv)
    while rest and rest[0].startswith("-"):
        before.append(rest.pop(0))
        if before[-1] == "--lang" and rest:
            before.append(rest.pop(0))
    general = top.parse_args(before)
    if not rest:
        raise InputError("usage_no_command", allowed=", ".join(parsers))
    name = rest[0]
    if name not in parsers:
        near = next(iter(difflib.get_close_matches(name, list(parsers), n=1)), "")
        code = "usage_unknown_command_near" if near else "usage_unknown_command"
        raise InputError(code, measured=name, near=near, allowed=", ".join(parsers))
    arguments = parsers[name].parse_args(rest[1:], general)
    return name, arguments
