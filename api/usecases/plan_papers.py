"""The papers of a plan of the store: all of them as one ZIP file, or a single one."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from api.usecases.file_papers import write_filing, write_one_paper
from api.usecases.filing_folder import FiledFile
from api.usecases.plan_desk import rules_of
from api.usecases.plan_notes import comments_of, notes_of
from data.papers import Comment
from data.store import Store
from data.store.rooms.job_files import KEPT
from data.store.rooms.plans import PlanCard
from gis.errors import Conflict, InputError, NotFound
from gis.progress import SILENT, Progress
from gis.territory import Territory
from partition.filed import FiledPlan

KIND = "papers"
PACKED = "papers.zip"
"""Name under which a job keeps all papers."""
_SAME_MOMENT = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class PaperOrder:
    """A plan whose papers are wanted.

    Attributes
    ----------
    old
        The plan before it whose codes were issued, if any.
    names
        What messages call the plan, its territory and the plan before.
    comments
        What the notes on the plan say.
    """

    card: PlanCard
    filed: FiledPlan
    territory: Territory
    old: FiledPlan | None
    names: tuple[str, str, str]
    comments: tuple[Comment, ...] = ()


@dataclass(frozen=True, slots=True)
class Packed:
    """All papers of a plan in one ZIP file, and what is in it."""

    path: Path
    files: tuple[FiledFile, ...]


def order_of(store: Store, id: str, jurisdiction: str, territory_of: Callable[[str], Territory]) -> PaperOrder:
    """Everything that the papers of a plan need.

    Parameters
    ----------
    territory_of
        Fetches a territory by id.

    Raises
    ------
    NotFound
        ``plan_unknown``.
    InputError
        ``plan_without_rules``.
    """
    with store.read(jurisdiction) as tx:
        card = tx.plans.card(id)
        filed = tx.plans.load(id)
        base_id = tx.life.base_of(card)
        comments = comments_of(notes_of(tx, id), id)
    with store.read() as tx:
        base = None if base_id is None else tx.plans.load(base_id)
    rules_of(filed, card)
    names = (f"{card.id}-{card.revision}", card.territory, base_id or "")
    return PaperOrder(card, filed, territory_of(card.territory), base, names, comments)


def write_papers(order: PaperOrder, out: Path, *, language: str, paper: str, progress: Progress = SILENT) -> Packed:
    """Everything that is filed of a plan, as one ZIP file in a folder that nobody else uses.

    Raises
    ------
    Conflict
        ``filing_*``: what is wrong with the plan.
    """
    try:
        filing = write_filing(
            order.filed,
            order.territory,
            order.old,
            out / "papers",
            names=order.names,
            language=language,
            paper=paper,
            comments=order.comments,
            progress=progress,
        )
    except InputError as error:
        raise Conflict.of(error.faults) from error
    packed = out / f"{order.names[0]}.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(path for path in filing.folder.rglob("*") if path.is_file()):
            # One moment for all: the same papers are the same bytes.
            entry = zipfile.ZipInfo(path.relative_to(filing.folder).as_posix(), _SAME_MOMENT)
            entry.compress_type = zipfile.ZIP_DEFLATED
            with path.open("rb") as source, archive.open(entry, "w") as target:
                while part := source.read(1 << 20):
                    target.write(part)
    return Packed(packed, filing.files)


def write_paper(order: PaperOrder, out: Path, only: str, *, language: str, paper: str) -> Path:
    """One paper of a plan, called ``only`` (``register``, ``atlas``, ...), in a folder.

    Raises
    ------
    Conflict
        ``filing_*``: what is wrong with the plan, or that it has no such paper.
    """
    try:
        return write_one_paper(
            order.filed,
            order.territory,
            order.old,
            out,
            f"paper_{only}",
            names=order.names,
            language=language,
            paper=paper,
            comments=order.comments,
        )
    except InputError as error:
        raise Conflict.of(error.faults) from error


def papers_of_job(store: Store, job: str, only: str | None, jurisdiction: str) -> tuple[str, bytes]:
    """Name and content of what a job made: everything as a ZIP file, or one paper of it.

    Parameters
    ----------
    only
        Name of a file in it, as the job's result lists them, or what it is (``register``, ``atlas``, ...).

    Raises
    ------
    NotFound
        ``job_unknown``; ``job_file_unknown``: it holds no such paper, or was forgotten.
    Conflict
        ``papers_of_other_job``, ``papers_not_done``.
    """
    with store.read(jurisdiction) as tx:
        card = tx.jobs.card(job)
        if card.kind != KIND:
            raise Conflict("papers_of_other_job", id=job, measured=card.kind)
        if card.state != "done" or card.result is None:
            raise Conflict("papers_not_done", id=job, measured=card.state)
        content = tx.jobs.files.read(job, PACKED)
    if only is None:
        return f"{card.params['plan']}-{card.params['revision']}.zip", content
    listed = {name: file["name"] for file in card.result["files"] for name in (file["name"], file["paper"])}
    if only not in listed:
        raise NotFound("job_file_unknown", id=job, measured=only, allowed=KEPT.days)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return listed[only].rpartition("/")[2], archive.read(listed[only])
