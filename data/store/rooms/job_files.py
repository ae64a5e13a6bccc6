"""What a job made that is no plan yet: plans to choose from, papers to take away; kept for some weeks.

Files are written in the transaction that ends the job, and lie in pieces, so that no row grows without end.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, select

from data.store.tables.service import job_files, jobs
from data.store.tx import Tx
from gis.errors import NotFound

KEPT = timedelta(days=30)
"""So long after the end of a job its files can be asked for."""
_PIECE = 4 * 1024 * 1024


class JobFiles:
    """Files of jobs inside one transaction."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx

    def keep(self, job: str, name: str, content: bytes) -> None:
        """Keep a file of a job that is held; one of the same name is replaced.

        Raises
        ------
        NotFound
            ``job_unknown``.
        """
        self._tx.jobs.card(job)
        self._tx.connection.execute(delete(job_files).where(job_files.c.job == job, job_files.c.name == name))
        rows = [
            {"job": job, "name": name, "number": number, "content": content[start : start + _PIECE]}
            for number, start in enumerate(range(0, max(len(content), 1), _PIECE))
        ]
        self._tx.connection.execute(job_files.insert(), rows)

    def read(self, job: str, name: str) -> bytes:
        """A file as it was kept.

        Raises
        ------
        NotFound
            ``job_unknown``; ``job_file_unknown``: the job made none of this name, or it was forgotten since.
        """
        self._tx.jobs.card(job)
        wanted = select(job_files.c.content).where(job_files.c.job == job, job_files.c.name == name)
        pieces = [bytes(piece) for piece in self._tx.connection.execute(wanted.order_by(job_files.c.number)).scalars()]
        if not pieces:
            raise NotFound("job_file_unknown", id=job, measured=name, allowed=KEPT.days)
        return b"".join(pieces)

    def names(self, job: str) -> list[str]:
        """Names of the files of a job that are still there, ascending.

        Raises
        ------
        NotFound
            ``job_unknown``.
        """
        self._tx.jobs.card(job)
        wanted = select(job_files.c.name).where(job_files.c.job == job).distinct().order_by(job_files.c.name)
        return list(self._tx.connection.execute(wanted).scalars())

    def has_before(self, moment: datetime) -> bool:
        """Whether `forget_before` would drop anything."""
        wanted = select(job_files.c.job).join(jobs, jobs.c.id == job_files.c.job).where(jobs.c.ended_at < moment)
        return self._tx.connection.execute(wanted.limit(1)).first() is not None

    def forget_before(self, moment: datetime) -> int:
        """Drop the files of jobs that ended before a moment; returns how many rows went."""
        ended = select(jobs.c.id).where(jobs.c.ended_at < moment)
        return self._tx.connection.execute(delete(job_files).where(job_files.c.job.in_(ended))).rowcount
