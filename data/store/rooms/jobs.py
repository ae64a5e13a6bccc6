"""Long work: what was asked for, how far it is, what happened to it; everything within a jurisdiction.

What the worker does with a job is in `data.store.rooms.job_work`; how the work is done, and by what engine, is decided
on the `api` floor.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from functools import cached_property
from typing import Any

from sqlalchemy import and_, func, or_, select

from data.store.rooms.job_files import JobFiles
from data.store.rooms.job_work import ENDED, MOST_DEATHS, JobCard, JobEvent, JobWork, Pulse, card_of
from data.store.tables.service import job_events, jobs
from gis.errors import Conflict

__all__ = ["ENDED", "MOST_DEATHS", "JobCard", "JobEvent", "JobWork", "Jobs", "Pulse"]


class Jobs(JobWork):
    """Jobs inside one transaction."""

    @cached_property
    def files(self) -> JobFiles:
        """What jobs made that is no plan yet."""
        return JobFiles(self._tx)

    def ask(self, kind: str, params: Mapping[str, Any], *, place: str) -> JobCard:
        """Put a job into the queue.

        Parameters
        ----------
        kind
            ``draw``, ``redraw``, ...
        params
            Plain data; everything the work depends on that may change meanwhile is named by its version.
        place
            Code prefix it works on; those within whose jurisdiction it lies see it.

        Raises
        ------
        Conflict
            ``outside_jurisdiction``: the place lies outside the jurisdiction of the act.
        """
        act = self._tx.act
        if not place.startswith(self._tx.jurisdiction):
            raise Conflict("outside_jurisdiction", measured=place, allowed=self._tx.jurisdiction)
        job = f"j{uuid.uuid4().hex[:12]}"
        self._tx.connection.execute(
            jobs.insert().values(
                id=job,
                kind=kind,
                state="queued",
                place=place,
                who=act.who,
                jurisdiction=act.jurisdiction,
                params=dict(params),
                created_at=act.at,
                is_cancelled=False,
                attempts=0,
                progress={},
            )
        )
        self._tell(job, "queued", {"work": kind})
        self._tx.audit.record("job.ask", job, place=place, after={"kind": kind, **params})
        return self.card(job)

    def cards(self, *, state: str | None = None, before: str | None = None, limit: int = 50) -> list[JobCard]:
        """Jobs, the newest first, from the one after ``before`` on.

        Raises
        ------
        NotFound
            ``job_unknown``: there is no job ``before``.
        """
        wanted = select(jobs).where(self._inside()).order_by(jobs.c.created_at.desc(), jobs.c.id.desc()).limit(limit)
        if state is not None:
            wanted = wanted.where(jobs.c.state == state)
        if before is not None:
            row = self._row(before)
            is_same_moment = and_(jobs.c.created_at == row.created_at, jobs.c.id < row.id)
            wanted = wanted.where(or_(jobs.c.created_at < row.created_at, is_same_moment))
        return [card_of(row) for row in self._tx.connection.execute(wanted)]

    def events(self, after: Mapping[str, int], *, limit: int = 500) -> list[JobEvent]:
        """Events of some jobs, each from the one after a number on; ascending by job and number.

        Parameters
        ----------
        after
            Id of a job to the number that is known already; 0 for all.  Jobs that do not exist have no events.
        """
        if not after:
            return []
        known = or_(*(and_(job_events.c.job == job, job_events.c.number > n) for job, n in sorted(after.items())))
        wanted = (
            select(job_events)
            .join(jobs, jobs.c.id == job_events.c.job)
            .where(known, self._inside())
            .order_by(job_events.c.job, job_events.c.number)
            .limit(limit)
        )
        return [JobEvent(**row) for row in self._tx.connection.execute(wanted).mappings()]

    def states(self, of: Collection[str]) -> dict[str, str]:
        """State of some jobs; those that do not exist are left out."""
        wanted = select(jobs.c.id, jobs.c.state).where(jobs.c.id.in_(sorted(of)), self._inside())
        return {row.id: row.state for row in self._tx.connection.execute(wanted)}

    def n_waiting(self, who: str) -> int:
        """Jobs of an account that are in the queue."""
        wanted = select(func.count()).where(jobs.c.who == who, jobs.c.state == "queued", self._inside())
        return int(self._tx.connection.execute(wanted).scalar_one())

    def cancel(self, job: str) -> JobCard:
        """Ask a job to end; one that waits ends at once, one that runs as soon as its worker hears of it.

        Raises
        ------
        NotFound
            ``job_unknown``.
        Conflict
            ``job_ended``: it is done or has failed.
        """
        row = self._row(job, lock=True)
        if row.state in ("done", "failed"):
            raise Conflict("job_ended", id=job, measured=row.state)
        if row.state == "cancelled" or row.is_cancelled:
            return card_of(row)
        self._set(job, is_cancelled=True)
        self._tx.audit.record("job.cancel", job, place=row.place, before={"state": row.state})
        if row.state == "queued":
            self._end(row, "cancelled", {})
        else:
            self._tell(job, "cancelling", {})
        return self.card(job)
