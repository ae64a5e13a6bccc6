"""DBOS behind three calls: carry out a job's steps in order, tidy up, end.  The only file that imports it.

A job is a workflow of the same id with three steps in a fixed order: prepare, solve, then save or close.  DBOS gives
back the noted result of a step by its position, so every result says itself of which job and step it is, and that is
checked.  Its own state lives beside the store: for SQLite in a file of its own (two builds of SQLite must never open
one file), for PostgreSQL in a schema of the same database.  It may be lost: the jobs table says what is to be done.
"""

from __future__ import annotations

import json
import logging
import os
import sqlite3
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any

from dbos import DBOS, DBOSConfig, Serializer, SetWorkflowID
from sqlalchemy import URL

from api.jobs.names import gone
from gis.errors import StorageError

VERSION = "jobs-1"
"""Of the steps and their results.  Work begun under another version is begun anew."""
SCHEMA = "gridwright_jobs"
_OLDEST_SQLITE = (3, 42)
_BEGIN_S = 60.0
_ENDED = ("SUCCESS", "ERROR")
_LOG = logging.getLogger("gridwright.jobs")

Step = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""Takes the result of the step before it; gives plain data."""


class Steps:
    """The steps of one job in this process; one that gives an ``end`` leads to `close`, past the others."""

    def __init__(self, job: str, prepare: Step, solve: Step, save: Step, close: Step) -> None:
        self.job = job
        self.prepare, self.solve, self.save, self.close = prepare, solve, save, close
        self.has_begun = threading.Event()
        self.is_over = threading.Event()
        self.outcome: Mapping[str, Any] | None = None
        self.error: BaseException | None = None


class StepsDisagree(RuntimeError):
    """A noted result belongs to another job or step."""


_board: dict[str, Steps] = {}
"""What this process is carrying out.  A workflow finds its steps here; steps are functions, not data."""


class PlainJson(Serializer):
    """DBOS's data as JSON; its default would run code that somebody wrote into its database."""

    def serialize(self, data: Any) -> str:
        """Plain data to text; of an error only what it says."""
        return json.dumps(data, ensure_ascii=False, default=str)

    def deserialize(self, serialized_data: str) -> Any:
        """Text to plain data."""
        return json.loads(serialized_data)

    def name(self) -> str:
        """Noted beside the data."""
        return "gridwright_json"


class Engine:
    """DBOS for one worker.

    Parameters
    ----------
    address
        Of the store.
    worker
        Name of this worker; work that others began comes here only when `carry_out` says so.

    Raises
    ------
    StorageError
        ``job_engine_sqlite_old``, ``job_engine_refused``.
    """

    def __init__(self, address: URL, worker: str) -> None:
        self._queue = f"worker {worker}"
        config: DBOSConfig = {
            "name": "gridwright",
            "application_version": VERSION,
            "executor_id": worker,
            "serializer": PlainJson(),
            "use_listen_notify": False,
            "sys_db_pool_size": 4,
            "max_executor_threads": 8,
            "log_level": "ERROR",
            "enable_otlp": False,
            **_database(address),
        }
        try:
            DBOS(config=config)
            _log_with_ours()
            DBOS.listen_queues([self._queue])
            DBOS.launch()
            DBOS.register_queue(self._queue, polling_interval_sec=0.2, on_conflict="always_update")
        except Exception as error:
            DBOS.destroy()
            shown = address.render_as_string()
            raise StorageError("job_engine_refused", file=shown, measured=_first_line(error)) from error

    def carry_out(self, steps: Steps) -> Mapping[str, Any]:
        """Do the steps of a job, those that are noted as done left out; returns the last one's result.

        Raises
        ------
        BaseException
            What a step raised that is no outcome; the job is to be taken up again at that step.
        """
        _board[steps.job] = steps
        try:
            self._begin(steps.job)
            if not steps.has_begun.wait(_BEGIN_S):
                raise StorageError("job_engine_refused", file=steps.job, measured=f"> {_BEGIN_S} s")
            steps.is_over.wait()
        finally:
            _board.pop(steps.job, None)
        if steps.error is not None:
            raise steps.error
        assert steps.outcome is not None
        return steps.outcome

    def forget(self, jobs: list[str]) -> None:
        """Drop what is noted of jobs that have ended."""
        for job in jobs:
            DBOS.delete_workflow(job)

    def known_jobs(self) -> list[str]:
        """Jobs of which something is noted."""
        return [status.workflow_id for status in DBOS.list_workflows(load_input=False, load_output=False)]

    def tidy_queues(self) -> None:
        """Drop the queues of dead workers of this machine."""
        for queue in DBOS.list_queues():
            if queue.name != self._queue and gone([queue.name.removeprefix("worker ")]):
                DBOS.delete_queue(queue.name)

    def end(self) -> None:
        """Let go of everything."""
        with suppress(Exception):
            DBOS.delete_queue(self._queue)
        DBOS.destroy()

    def _begin(self, job: str) -> None:
        """Start the workflow of a job, or take it up in this process wherever it was begun."""
        status = DBOS.get_workflow_status(job)
        if status is not None and (status.app_version != VERSION or status.status in _ENDED):
            # Noted under other steps, or as ended while the store says otherwise (it was restored, or the last
            # transaction was lost): what was worked out lies in the store, so it is soon done anew.
            DBOS.delete_workflow(job)
            status = None
        if status is None:
            with SetWorkflowID(job):
                DBOS.start_workflow(_carry_out, job)
            return
        DBOS.register_queue(self._queue, polling_interval_sec=0.2, on_conflict="always_update")
        DBOS.resume_workflow(job, queue_name=self._queue)


@DBOS.workflow(name="job", max_recovery_attempts=None)
def _carry_out(job: str) -> dict[str, Any]:
    steps = _board.get(job)
    if steps is None:
        raise RuntimeError(f"job {job} is not in this worker's hands")
    steps.has_begun.set()
    try:
        result = _checked(job, "prepare", _prepare(job))
        if result.get("end") is None:
            result = _checked(job, "solve", _solve(job, result))
        if result.get("end") is None:
            result = _checked(job, "save", _save(job, result))
        if result.get("end") is not None:
            result = _checked(job, "close", _close(job, result))
        steps.outcome = result
    except BaseException as error:
        steps.error = error
        raise
    finally:
        steps.is_over.set()
    return result


@DBOS.step(name="prepare")
def _prepare(job: str) -> dict[str, Any]:
    return {**_board[job].prepare({}), "job": job, "step": "prepare"}


@DBOS.step(name="solve")
def _solve(job: str, before: dict[str, Any]) -> dict[str, Any]:
    return {**_board[job].solve(before), "job": job, "step": "solve"}


@DBOS.step(name="save")
def _save(job: str, before: dict[str, Any]) -> dict[str, Any]:
    return {**_board[job].save(before), "job": job, "step": "save"}


@DBOS.step(name="close")
def _close(job: str, before: dict[str, Any]) -> dict[str, Any]:
    return {**_board[job].close(before), "job": job, "step": "close"}


def _checked(job: str, step: str, result: dict[str, Any]) -> dict[str, Any]:
    if (result.get("job"), result.get("step")) != (job, step):
        raise StepsDisagree(f"{job}/{step}: noted is {result.get('job')}/{result.get('step')}")
    return result


def engine_file(store: Path) -> Path:
    """DBOS's own file beside an embedded store."""
    return store.with_name(f"{store.name}.jobs")


def _database(address: URL) -> DBOSConfig:
    """Where DBOS keeps its state, and through which library."""
    if address.get_backend_name() != "sqlite":
        return {"system_database_url": address.render_as_string(hide_password=False), "dbos_system_schema": SCHEMA}
    path = engine_file(Path(str(address.database)).absolute())
    library = sqlite_library()
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))  # for its owner only, as the store
    url = URL.create("sqlite", database=str(path)).render_as_string()
    return {"system_database_url": url, "db_engine_kwargs": {"module": library}}


def sqlite_library() -> ModuleType:
    """The SQLite that DBOS can work with: the one that is installed for it, else Python's own where it is new enough.

    Raises
    ------
    StorageError
        ``job_engine_sqlite_old``.
    """
    try:
        import pysqlite3

        return pysqlite3  # type: ignore[no-any-return]
    except ImportError:
        if sqlite3.sqlite_version_info < _OLDEST_SQLITE:
            allowed = ".".join(map(str, _OLDEST_SQLITE))
            raise StorageError(
                "job_engine_sqlite_old", measured=sqlite3.sqlite_version, allowed=f">= {allowed}"
            ) from None
        return sqlite3


def _log_with_ours() -> None:
    """Let DBOS speak through the log of whoever runs it, instead of a console of its own."""
    logger = logging.getLogger("dbos")
    for handler in list(logger.handlers):
        logger.removeHandler(handler)
    logger.propagate = True


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
