"""A store in, a verdict on everything that can be wrong with it out; nothing is mended."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from api.accounts.secret import agrees
from api.jobs.engine import sqlite_library
from api.usecases.verdict import judge
from data import migrations
from data.store import SqlStore, postgis
from data.store import examine as questions
from data.store.examine_incidents import wrong_incidents
from gis.errors import Fault, GridwrightError, StorageError
from gis.progress import SILENT, Progress
from gis.territory import Territory
from maps.offline import ASSETS
from partition.checks import verify
from partition.rules import Rules

_LEAST_FREE_BYTES = 500_000_000
_PATIENCE_MINUTES = 10
_WARNINGS = frozenset(
    {
        "doctor_assets_missing",
        "doctor_disk_low",
        "doctor_jobs_waiting",
        "server_role_sees_all",
        "server_trigrams_missing",
        "server_windows_slow",
    }
)


_Check = tuple[str, Callable[[], Iterable[Fault]]]


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found.

    Attributes
    ----------
    check
        Name of the check; ``doctor_check_<check>`` is its sentence.
    faults
        What is wrong, each with its remedy; empty when all is well.
    """

    check: str
    faults: tuple[Fault, ...] = ()

    @property
    def verdict(self) -> str:
        """``good``, ``warning`` or ``bad``."""
        if not self.faults:
            return "good"
        return "warning" if all(fault.code in _WARNINGS for fault in self.faults) else "bad"


@dataclass(frozen=True, slots=True)
class Examined:
    """All findings, in the order of the checks."""

    findings: tuple[Finding, ...]

    @property
    def is_sound(self) -> bool:
        """Whether nothing is bad."""
        return all(finding.verdict != "bad" for finding in self.findings)


def examine_store(store: SqlStore, *, now: datetime | None = None, progress: Progress = SILENT) -> Examined:
    """Look for everything that can be wrong with a store and with what the service needs beside it.

    Parameters
    ----------
    store
        The store; of whatever release its tables are.
    now
        To tell jobs that wait from jobs that wait too long; left out, they are not looked at.
    progress
        Watches the checks.
    """
    fitting = _safely(lambda: _migrations(store))
    if fitting:
        # Tables of another release can not be asked the questions of this one.
        return Examined((Finding("migrations", fitting),))
    checks: list[_Check] = [
        *_own_checks(store),
        ("pages", _asked(store, questions.broken_pages)),
        ("audit", _asked(store, questions.broken_audit)),
        ("reigns", _asked(store, questions.double_reigns)),
        ("states", _asked(store, questions.states_that_differ)),
        ("orphans", _asked(store, questions.orphans)),
        ("sums", _asked(store, questions.wrong_sums)),
        ("incidents", _asked(store, wrong_incidents)),
        ("territories", lambda: _territories(store)),
        ("plans_in_force", lambda: _plans_in_force(store)),
        ("secret", lambda: _secret(store)),
        ("jobs", lambda: _jobs(store, now)),
        ("assets", _assets),
        ("disk", lambda: _disk(store)),
    ]
    progress.stage("stage_examine", len(checks))
    findings = [Finding("migrations")]
    for name, check in checks:
        findings.append(Finding(name, _safely(check)))
        progress.advance()
    return Examined(tuple(findings))


def _own_checks(store: SqlStore) -> list[_Check]:
    """What only this kind of store can have wrong."""
    if store.kind == "postgis":
        return [("server", lambda: _server(store))]
    return [("windows", _asked(store, questions.stray_windows))]


def _safely(check: Callable[[], Iterable[Fault]]) -> tuple[Fault, ...]:
    """Faults of a check; a check that the store refuses is a fault itself, and the others go on."""
    try:
        return tuple(check())
    except GridwrightError as error:
        return error.faults


def _asked(store: SqlStore, question: questions.Question) -> Callable[[], Iterable[Fault]]:
    def check() -> Iterable[Fault]:
        found: tuple[Fault, ...] = ()
        try:
            with store.read() as tx:
                found = questions.ask(question, tx)
        except GridwrightError:
            if not found:
                raise
            # A damaged file may refuse even the end of a transaction; what was found before counts.
        return found

    return check


def _migrations(store: SqlStore) -> Iterable[Fault]:
    state = migrations.state(store.url.render_as_string(hide_password=False))
    if state != "current":
        codes = {"empty": "store_not_made", "behind": "store_behind", "ahead": "store_ahead"}
        yield Fault(codes[state], {"file": store.url.render_as_string()})


def _server(store: SqlStore) -> Iterable[Fault]:
    with store.read() as tx:
        yield from postgis.unfit(tx.connection)


def _territories(store: SqlStore) -> Iterable[Fault]:
    with store.read() as tx:
        cards = tx.territories.cards()
    for card in cards:
        with store.read() as tx:
            found = tx.territories.load(card.id).content_hash()
        if found != card.content_hash:
            yield Fault("doctor_territory_changed", {"id": card.id, "measured": found[:16]})


def _plans_in_force(store: SqlStore) -> Iterable[Fault]:
    land: dict[str, Territory] = {}
    with store.read() as tx:
        in_force = tx.plans.cards(state="in_force", limit=1_000_000)
    for card in in_force:
        with store.read() as tx:
            filed = tx.plans.load(card.id)
            if card.territory not in land:
                land = {card.territory: tx.territories.load(card.territory)}
        rules = Rules.from_toml(filed.meta["rules"], file=card.id) if filed.meta.get("rules") else Rules()
        faults = judge(verify(filed, land[card.territory], rules), filed).faults
        if faults:
            facts = {"id": card.id, "measured": len(faults), "first": str(faults[0])}
            yield Fault("doctor_plan_broken", facts)


def _secret(store: SqlStore) -> Iterable[Fault]:
    if agrees(store) is False:
        yield Fault("doctor_secret_other", {})


def _jobs(store: SqlStore, now: datetime | None) -> Iterable[Fault]:
    if store.kind == "embedded":
        try:
            sqlite_library()
        except StorageError as error:
            yield Fault("doctor_jobs_engine", {"measured": str(error)})
    else:
        yield from _asked(store, questions.closed_to_job_engine)()
    if now is not None:
        with store.read() as tx:
            n = questions.n_jobs_left_alone(tx, now - timedelta(minutes=_PATIENCE_MINUTES))
        if n:
            yield Fault("doctor_jobs_waiting", {"measured": n, "allowed": _PATIENCE_MINUTES})


def _assets() -> Iterable[Fault]:
    if not ASSETS.is_dir():
        yield Fault("doctor_assets_missing", {"file": str(ASSETS)})


def _disk(store: SqlStore) -> Iterable[Fault]:
    if store.kind == "embedded" and store.url.database:
        free = shutil.disk_usage(Path(store.url.database).parent).free
        if free < _LEAST_FREE_BYTES:
            facts = {"file": store.url.database, "measured": round(free / 1e6), "allowed": _LEAST_FREE_BYTES // 10**6}
            yield Fault("doctor_disk_low", facts)
