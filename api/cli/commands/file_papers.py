"""``gridwright file``: the complete set of papers of a plan in one folder."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import asdict
from pathlib import Path

from api.cli.parser import Parser
from api.cli.talk import Outcome, Table, Talk
from api.problems import DONE

NAME = "file"


def add_arguments(parser: Parser) -> None:
    """State the arguments."""
    parser.take("plan", metavar="PLAN.gpkg", type=Path)
    parser.take("territory", metavar="TERRITORY.gpkg", type=Path)
    parser.take("--out", required=True, metavar="DIR", type=Path)
    parser.take("--old", metavar="OLD_PLAN.gpkg", type=Path)
    parser.take("--paper", choices=("A4", "A3"), default="A4")
    parser.take("--encoding", choices=("utf-8", "gbk"), default="utf-8")
    parser.take("--coordinates", choices=("auto", "degrees", "zone", "zone-prefixed"), default="auto")


def run(arguments: Namespace, talk: Talk) -> Outcome:
    """File the plan."""
    from api.usecases import file_papers

    with talk.progress() as progress:
        filing = file_papers(
            arguments.plan,
            arguments.territory,
            arguments.out,
            old_path=arguments.old,
            language=talk.language,
            paper=arguments.paper,
            encoding=arguments.encoding,
            cgcs2000=arguments.coordinates.replace("-", "_"),
            progress=progress,
        )
    notes = [{"code": code, "message": talk.say(code, **facts)} for code, facts in filing.notes]
    summary = {
        "command": NAME,
        "folder": filing.folder,
        "plan": filing.plan,
        "has_changes": filing.has_changes,
        "files": [asdict(file) for file in filing.files],
        "notes": notes,
    }
    papers = [file for file in filing.files if "/" not in file.name]
    n_data, size = len(filing.files) - len(papers), sum(file.bytes for file in filing.files if "/" in file.name)
    rows: list[tuple[str, str, float]] = [(file.name, talk.say(file.what), _kb(file.bytes)) for file in papers]
    rows.append(("data/", talk.say("paper_data", measured=n_data), _kb(size)))
    shown: list[str | Table] = [
        talk.say("filing_done", file=str(filing.folder), id=filing.plan),
        Table(("filing_label_file", "filing_label_content", "filing_label_size"), rows),
        *(note["message"] for note in notes),
    ]
    return Outcome(DONE, summary, shown, f"gridwright load {arguments.territory} {filing.folder / 'data/plan.gpkg'}")


def _kb(size: int) -> float:
    return round(size / 1000, 1)
