"""Rounds of kill -9 while people write: of the service, of the database server, of ``gridwright load``."""

from __future__ import annotations

import os
import random
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL, create_engine, text

from api.usecases import examine_store
from api.usecases.accounts import add_account, issue_key
from data.migrations import upgrade
from data.store import SqlStore, open_store
from data.store.backup import n_rows_present
from tests.drawn_town import DrawnTown
from tests.postgis import _cluster, running_server
from tests.running import free_port, is_running, running_service, wait_for
from tests.stores import act, empty_database
from tests.write_kit import KINDS, Verdict, Writers, judge

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Tally:
    """What came of the rounds."""

    what: str
    store: str
    rounds: int
    acknowledged: int
    by_kind: dict[str, int]
    in_doubt: int
    kept_in_doubt: int
    unready: int
    verdict: Verdict
    seconds: float


def kill_service(kind: str, town: DrawnTown, folder: Path, *, rounds: int, seed: int = 0, say: Say = print) -> Tally:
    """Kill the service while people write, ``rounds`` times; its store is embedded or on a server."""
    chance, began, port = random.Random(seed), time.monotonic(), free_port()
    with _filled_store(kind, town, folder) as (address, plan, key, _):
        with _service(address, folder, port):
            writers = Writers(f"http://127.0.0.1:{port}", key, plan)
        writers.start()
        try:
            for n in range(rounds):
                with _service(address, folder, port) as service:
                    _wait_for_some(writers, chance)
                    service.kill()
                say(f"round {n + 1}: {len(writers.noted)} acknowledged")
            with _service(address, folder, port) as service:
                writers.end()
                assert service.end() == 0
        except BaseException:
            writers.abandon()
            raise
        assert not writers.failures, writers.failures
        return _tally("service", kind, rounds, address, writers, began)


def kill_database(town: DrawnTown, folder: Path, *, rounds: int, seed: int = 0, say: Say = print) -> Tally:
    """Kill the database server under a running service while people write; the service must find back by itself."""
    chance, began, port = random.Random(seed), time.monotonic(), free_port()
    with _filled_store("postgis", town, folder) as (address, plan, key, cluster), _service(address, folder, port):
        assert cluster is not None
        writers = Writers(f"http://127.0.0.1:{port}", key, plan)
        writers.start()
        try:
            for n in range(rounds):
                _wait_for_some(writers, chance)
                cluster.kill()
                cluster.start()
                say(f"round {n + 1}: {len(writers.noted)} acknowledged")
            _wait_for_some(writers, chance)
            writers.end()
        except BaseException:
            writers.abandon()
            raise
        assert not writers.failures, writers.failures
        return _tally("database", "postgis", rounds, address, writers, began)


def kill_load(kind: str, town: DrawnTown, folder: Path, *, rounds: int, seed: int = 0, say: Say = print) -> Tally:
    """Kill ``gridwright load`` at a random moment: then the store holds nothing of it, or all."""
    chance, began, half, n_whole = random.Random(seed), time.monotonic(), [], 0
    longest_s = 0.0
    for n in range(-1, rounds):
        with ExitStack() as stack:
            address = stack.enter_context(_empty_place(kind, folder / f"load-{n}"))
            upgrade(address)
            command = [sys.executable, "-m", "api.cli", "load", str(town.territory), str(town.plan)]
            started = time.monotonic()
            process = subprocess.Popen(command, env=process_env(address), stdout=subprocess.DEVNULL)
            if n < 0:
                assert process.wait() == 0  # how long it takes on this machine
                longest_s = time.monotonic() - started
            else:
                time.sleep(longest_s * chance.uniform(0.5, 1.0))  # reading and checking come first
                process.kill()
                process.wait()
            store = open_store(address)
            try:
                half += [f"round {n + 1}: {fault}" for fault in _half_loaded(store)]
                with store.read() as tx:
                    n_whole += n >= 0 and n_rows_present(tx) > 0
            finally:
                store.close()
            if n >= 0:
                assert subprocess.run(command, env=process_env(address), stdout=subprocess.DEVNULL).returncode == 0
                say(f"round {n + 1}: {n_whole} of {n + 1} were whole when killed")
    verdict = Verdict((), (), tuple(half), ())
    return Tally(
        "load", kind, rounds, n_whole, {"whole": n_whole}, rounds - n_whole, 0, 0, verdict, time.monotonic() - began
    )


def process_env(address: str) -> dict[str, str]:
    """The environment of a command that works on a store."""
    return {**os.environ, "GRIDWRIGHT_STORE": address}


def _half_loaded(store: SqlStore) -> list[str]:
    with store.read() as tx:
        if n_rows_present(tx) == 0:
            return []
        n_plans, n_lands = len(tx.plans.cards()), len(tx.territories.cards())
    found = [str(fault) for finding in examine_store(store).findings for fault in finding.faults]
    return found if (n_plans, n_lands) == (1, 1) else [*found, f"{n_plans} plans, {n_lands} territories"]


def _wait_for_some(writers: Writers, chance: random.Random) -> None:
    """The moment to kill: so many more writes, and a moment in the middle of the next ones."""
    writers.wait_for(chance.choice(KINDS), chance.randint(1, 3))
    time.sleep(chance.uniform(0, 0.05))


def _tally(what: str, kind: str, rounds: int, address: str, writers: Writers, began: float) -> Tally:
    store = open_store(address)
    try:
        verdict = judge(store, writers)
    finally:
        store.close()
    noted = writers.noted
    seconds = time.monotonic() - began
    return Tally(
        what,
        kind,
        rounds,
        len(noted),
        noted.counts(),
        noted.n_in_doubt,
        noted.n_answered_before,
        noted.n_unready,
        verdict,
        seconds,
    )


@contextmanager
def _service(address: str, folder: Path, port: int) -> Iterator:
    rates = {"GRIDWRIGHT_RATES": "admin=100000/second"}
    with running_service(address, folder, port=port, environment=rates) as service:
        yield service


@contextmanager
def _filled_store(kind: str, town: DrawnTown, folder: Path) -> Iterator[tuple[str, str, str, Cluster | None]]:
    """Address of a store that holds the town, its plan, an admin's key, and the server to kill."""
    with ExitStack() as stack:
        cluster = None
        if kind == "postgis":
            url = stack.enter_context(_cluster(is_durable=True))
            cluster = Cluster(url)
            address = stack.enter_context(_database_on(url))
        else:
            address = f"sqlite:///{folder / 'killed.sqlite'}"
        upgrade(address)
        store = open_store(address)
        plan = town.load(store)
        add_account(store, act(), "admin", role="admin")
        key = issue_key(store, act(), "admin").text
        store.close()
        yield address, plan, key, cluster


@contextmanager
def _empty_place(kind: str, path: Path) -> Iterator[str]:
    if kind == "embedded":
        yield f"sqlite:///{path}.sqlite"
        return
    with running_server() as server, empty_database(server) as url:
        yield url.render_as_string(hide_password=False)


@contextmanager
def _database_on(url: URL) -> Iterator[str]:
    """A database with PostGIS, owned by an ordinary role, on a server of our own."""
    admin = url.set(drivername="postgresql+psycopg")
    engine = create_engine(admin, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("create role gw_role login nosuperuser nobypassrls password 'x'"))
        connection.execute(text("create database gw owner gw_role encoding 'UTF8' template template0"))
    engine.dispose()
    inside = create_engine(admin.set(database="gw"))
    with inside.begin() as connection:
        for extension in ("postgis", "btree_gist", "pg_trgm"):
            connection.execute(text(f"create extension {extension}"))
        connection.execute(text("alter schema public owner to gw_role"))
        connection.execute(text("alter function geometry_overlaps(geometry, geometry) leakproof"))
    inside.dispose()
    yield admin.set(username="gw_role", password="x", database="gw").render_as_string(hide_password=False)


class Cluster:
    """A database server that can be killed and started again."""

    def __init__(self, url: URL) -> None:
        engine = create_engine(url.set(drivername="postgresql+psycopg"))
        with engine.connect() as connection:
            self._data = Path(str(connection.execute(text("show data_directory")).scalar_one()))
        engine.dispose()
        self._programs = Path(os.readlink(f"/proc/{self._pid()}/exe")).parent
        self._owner = self._data.stat().st_uid

    def kill(self) -> None:
        """End all its processes as a power cut would."""
        master = self._pid()
        children = [int(c) for c in Path(f"/proc/{master}/task/{master}/children").read_text().split()]
        for pid in (master, *children):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        wait_for(lambda: not any(is_running(pid) for pid in (master, *children)), "the server's death")

    def start(self) -> None:
        """Start it with the same settings; back when it answers."""
        rights = {"user": self._owner, "group": self._owner, "extra_groups": []} if os.geteuid() == 0 else {}
        # Where nobody collects dead processes (a container), the old one's files would keep the new one from starting.
        for left in (self._data / "postmaster.pid", *self._data.parent.glob(".s.PGSQL.*.lock")):
            left.unlink()
        _, *settings = shlex.split((self._data / "postmaster.opts").read_text())
        where = settings.index("-D")
        told = shlex.join(settings[:where] + settings[where + 2 :])
        command = [self._programs / "pg_ctl", "-D", self._data, "-w", "-t", "500", "-l", self._data / "log", "-o", told]
        with (self._data / "said").open("w") as said:
            done = subprocess.run([*command, "start"], check=False, cwd=self._data, stdout=said, stderr=said, **rights)
        assert done.returncode == 0, (self._data / "said").read_text() + (self._data / "log").read_text()

    def _pid(self) -> int:
        return int((self._data / "postmaster.pid").read_text().split()[0])


__all__ = ["Tally", "kill_database", "kill_load", "kill_service"]
