"""What a job is, and what its worker may do with it.

A job belongs to one worker at a time, by a lease: whoever claims it says so again and again (`JobWork.beat`), and a
job whose worker has fallen silent may be claimed by another.  Everything a worker writes is refused once the job is
no longer its own, so a job is never carried out twice, however long a worker was thought dead.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, delete, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from data.store.rooms.inside import is_inside
from data.store.tables.service import job_events, job_parts, jobs
from data.store.tx import Tx
from gis.errors import Conflict, Fact, Fault, NotFound

ENDED = ("done", "failed", "cancelled")
MOST_DEATHS = 3
"""A job whose worker died this many times without getting further is not given out again."""


@dataclass(frozen=True, slots=True)
class JobCard:
    """A job as it stands.

    Attributes
    ----------
    params
        What was asked for; its keys depend on ``kind``.
    jurisdiction
        Of who asked: the job sees no more than that.
    attempts
        How often a worker took it up since it last got further.
    worker
        Who works on it, or did last.
    progress
        ``stage``, ``done``, ``total``, ``spent_s`` (seconds of work so far).
    result
        What was made, once it is done: ``plan`` and figures.
    faults
        Why it failed.
    """

    id: str
    kind: str
    state: str
    place: str
    who: str
    jurisdiction: str
    params: Mapping[str, Any]
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    is_cancelled: bool
    attempts: int
    worker: str | None
    heartbeat_at: datetime | None
    progress: Mapping[str, Any]
    result: Mapping[str, Any] | None
    faults: tuple[Fault, ...]

    @property
    def has_ended(self) -> bool:
        """Whether nothing will happen to it any more."""
        return self.state in ENDED


@dataclass(frozen=True, slots=True)
class JobEvent:
    """One thing that happened to a job; numbers of a job have no gaps."""

    job: str
    number: int
    at: datetime
    kind: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Pulse:
    """What a worker hears when it says it is alive."""

    is_mine: bool
    is_cancelled: bool


class JobWork:
    """Jobs inside one transaction: the side of the worker."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx

    def card(self, job: str) -> JobCard:
        """One job.

        Raises
        ------
        NotFound
            ``job_unknown``.
        """
        return card_of(self._row(job))

    def has_work(self, *, silent_since: datetime, gone: Collection[str] = ()) -> bool:
        """Whether `claim` might find something; cheap, and without a lock."""
        wanted = select(jobs.c.id).where(self._is_free(silent_since, gone)).limit(1)
        return self._tx.connection.execute(wanted).first() is not None

    def workers(self) -> list[str]:
        """Names of those who work on something, or were when they fell silent."""
        wanted = select(jobs.c.worker).where(jobs.c.state == "running").distinct()
        return sorted(name for name in self._tx.connection.execute(wanted).scalars() if name)

    def claim(self, worker: str, *, silent_since: datetime, gone: Collection[str] = ()) -> JobCard | None:
        """Take a job: first one that a dead worker has left, then the one that waits longest.

        A job whose worker died `MOST_DEATHS` times without getting further fails here and is passed over.

        Parameters
        ----------
        worker
            Name of the one who takes it.
        silent_since
            A worker that was last heard of before this moment is taken for dead.
        gone
            Names of workers that are known to be dead.
        """
        free = self._is_free(silent_since, gone)
        order = (jobs.c.state == "queued", jobs.c.created_at, jobs.c.id)
        wanted = select(jobs).where(free).order_by(*order).limit(1).with_for_update(skip_locked=True)
        while (row := self._tx.connection.execute(wanted).first()) is not None:
            if row.is_cancelled:
                self._end(row, "cancelled", {})
                continue
            attempts = row.attempts + (row.worker != worker or row.state == "queued")
            if attempts > MOST_DEATHS:
                facts: dict[str, Fact] = {"id": row.id, "measured": MOST_DEATHS}
                self._end_with_faults(row, (Fault("job_worker_died", facts),))
                continue
            at = self._tx.act.at
            self._set(
                row.id,
                state="running",
                worker=worker,
                heartbeat_at=at,
                started_at=row.started_at or at,
                attempts=attempts,
            )
            self._tell(row.id, "started" if row.started_at is None else "resumed", {"attempt": attempts})
            return self.card(row.id)
        return None

    def beat(
        self,
        job: str,
        worker: str,
        *,
        progress: Mapping[str, Any] | None = None,
        events: Sequence[tuple[str, Mapping[str, Any]]] = (),
        parts: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> Pulse:
        """Say that the work goes on, and keep what was worked out since.

        Parameters
        ----------
        progress
            How far it is; as before when omitted.
        events
            What happened: (kind, data).
        parts
            Content of what was solved to its answer; what is there already stays.
        """
        values: dict[str, Any] = {"heartbeat_at": self._tx.act.at}
        if progress is not None:
            values["progress"] = dict(progress)
        if parts:
            values["attempts"] = 1  # it got further: whatever killed its worker before did not stop it
        changed = update(jobs).where(self._mine(job, worker)).values(values).returning(jobs.c.is_cancelled)
        row = self._tx.connection.execute(changed).first()
        if row is None:
            return Pulse(False, False)
        if parts:
            insert = postgresql.insert if self._tx.is_postgis else sqlite.insert
            rows = [{"job": job, "part": part, "answer": dict(answer)} for part, answer in sorted(parts.items())]
            self._tx.connection.execute(insert(job_parts).on_conflict_do_nothing(), rows)
        for kind, data in events:
            self._tell(job, kind, data)
        return Pulse(True, bool(row.is_cancelled))

    def parts(self, job: str) -> dict[str, Mapping[str, Any]]:
        """What a job has worked out so far."""
        wanted = select(job_parts.c.part, job_parts.c.answer).where(job_parts.c.job == job)
        return {row.part: row.answer for row in self._tx.connection.execute(wanted)}

    def hold(self, job: str, worker: str) -> JobCard:
        """Make sure, until the transaction ends, that the job is still this worker's.

        Raises
        ------
        Conflict
            ``job_not_mine``.
        """
        wanted = select(jobs).where(self._mine(job, worker)).with_for_update()
        row = self._tx.connection.execute(wanted).first()
        if row is None:
            raise Conflict("job_not_mine", id=job, measured=worker)
        return card_of(row)

    def hand_back(self, job: str, worker: str) -> None:
        """Give a job back unfinished: the worker has to go, and it is not the job's fault.

        Raises
        ------
        Conflict
            ``job_not_mine``.
        """
        card = self.hold(job, worker)
        self._set(job, state="queued", worker=None, heartbeat_at=None, attempts=max(0, card.attempts - 1))
        self._tell(job, "handed_back", {})

    def finish(self, job: str, worker: str, result: Mapping[str, Any]) -> None:
        """The job is done; in the transaction that keeps what it made.

        Raises
        ------
        Conflict
            ``job_not_mine``.
        """
        self.hold(job, worker)
        self._set(job, result=dict(result))
        self._end(self._row(job), "done", dict(result))

    def fail(self, job: str, worker: str, faults: Sequence[Fault]) -> None:
        """The job can not be done.

        Raises
        ------
        Conflict
            ``job_not_mine``.
        """
        self.hold(job, worker)
        self._end_with_faults(self._row(job), faults)

    def call_off(self, job: str, worker: str) -> None:
        """The job was cancelled, and its worker has heard of it.

        Raises
        ------
        Conflict
            ``job_not_mine``.
        """
        self.hold(job, worker)
        self._end(self._row(job), "cancelled", {})

    def _end_with_faults(self, row: Row[Any], faults: Sequence[Fault]) -> None:
        told = {"faults": [{"code": fault.code, "facts": dict(fault.facts)} for fault in faults]}
        self._set(row.id, fault=told)
        self._end(row, "failed", told)

    def _end(self, row: Row[Any], state: str, data: Mapping[str, Any]) -> None:
        """The last thing that happens to a job; what it had worked out is no longer needed."""
        self._set(row.id, state=state, ended_at=self._tx.act.at)
        self._tx.connection.execute(delete(job_parts).where(job_parts.c.job == row.id))
        self._tell(row.id, state, data)
        self._tx.outbox.put(f"job.{state}", row.id, {"kind": row.kind, **data}, place=row.place)

    def _set(self, job: str, **values: Any) -> None:
        self._tx.connection.execute(update(jobs).where(jobs.c.id == job).values(values))

    def _tell(self, job: str, kind: str, data: Mapping[str, Any]) -> None:
        """Add an event.  The job's row is locked by then, so its numbers have no gaps and no doubles."""
        newest = select(func.coalesce(func.max(job_events.c.number), 0)).where(job_events.c.job == job)
        number = int(self._tx.connection.execute(newest).scalar_one()) + 1
        row = {"job": job, "number": number, "at": self._tx.act.at, "kind": kind, "data": dict(data)}
        self._tx.connection.execute(job_events.insert().values(row))

    def _row(self, job: str, *, lock: bool = False) -> Row[Any]:
        wanted = select(jobs).where(jobs.c.id == job, self._inside())
        row = self._tx.connection.execute(wanted.with_for_update() if lock else wanted).first()
        if row is None:
            raise NotFound("job_unknown", id=job)
        return row

    def _inside(self) -> ColumnElement[Any]:
        return is_inside(jobs.c.place, self._tx)

    def _mine(self, job: str, worker: str) -> ColumnElement[bool]:
        return and_(jobs.c.id == job, jobs.c.worker == worker, jobs.c.state == "running", self._inside())

    def _is_free(self, silent_since: datetime, gone: Collection[str]) -> ColumnElement[bool]:
        is_left = or_(jobs.c.heartbeat_at < silent_since, jobs.c.worker.in_(sorted(gone)))
        return and_(or_(jobs.c.state == "queued", and_(jobs.c.state == "running", is_left)), self._inside())


def card_of(row: Row[Any]) -> JobCard:
    """A row of the table as a card."""
    values = dict(row._mapping)
    told = values.pop("fault") or {}
    faults = tuple(Fault(fault["code"], fault["facts"]) for fault in told.get("faults", ()))
    return JobCard(**values, faults=faults)
