"""A service on a free port of this machine, over a store with the sample town and its plan in force.

For tests that speak HTTP as other programs do: `tests.conformance` and `tests.clients`.  Each kind of store is made
once a session; the tests only read, and what they add they take away again.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import shapely
import uvicorn
from sqlalchemy import delete, select

from api.app import ServiceSettings, create_app
from api.usecases.carry_incidents import carry_incidents
from api.usecases.run_draw import run_draw
from data.migrations import upgrade
from data.sample import make_town
from data.store import SqlStore, open_store
from data.store.codec import insert_rows
from data.store.embedded import remove_windows
from data.store.tables import LAYER_TABLES
from gis.territory import Territory
from partition.filed import FiledPlan
from partition.rules import Rules
from tests.postgis import Server, postgis_server
from tests.stores import act, empty_database

__all__ = ["drawn_town", "postgis_server", "served", "stores"]

ROOT = Path(__file__).resolve().parents[1]
SINCE = datetime(2026, 1, 1, tzinfo=UTC)
WAIT_S = 120
_STORE = "GRIDWRIGHT_TEST_STORE"


@dataclass(frozen=True, slots=True)
class Town:
    """The sample town and its plan."""

    territory: Territory
    filed: FiledPlan


@dataclass(frozen=True, slots=True)
class Served:
    """A running service.

    Attributes
    ----------
    url
        Its address, without a slash at the end.
    store
        Beneath it.
    http
        A client that follows nothing by itself.
    """

    url: str
    store: SqlStore
    http: httpx.Client
    kind: str
    plan: str

    def get(self, path: str, **options: Any) -> httpx.Response:
        """Ask; ``path`` is a path or a whole address."""
        return self.http.get(path if path.startswith("http") else self.url + path, **options)

    def json(self, path: str, **options: Any) -> Any:
        """Ask for what must be there."""
        answer = self.get(path, **options)
        assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text[:300]}"
        return answer.json()

    def pages(self, path: str) -> Iterator[Any]:
        """Pages from an address on, following ``next`` to the end."""
        at: str | None = path
        while at is not None:
            page = self.json(at)
            yield page
            at = next((link["href"] for link in page["links"] if link["rel"] == "next"), None)

    def all_features(self, path: str) -> list[dict[str, Any]]:
        """Features of all pages."""
        return [feature for page in self.pages(path) for feature in page["features"]]


@pytest.fixture(scope="session")
def drawn_town() -> Town:
    """A town of 3,000 households, drawn."""
    territory = make_town(3_000, seed=1).territory
    return Town(territory, run_draw(territory, Rules(), seed=1).filed)


def put_town(store: SqlStore, town: Town, since: datetime = SINCE) -> str:
    """The town and its plan into a store, the plan in force; its id."""
    with store.write(act()) as tx:
        territory = tx.territories.save(town.territory, "town")
        plan = tx.plans.save(town.filed, territory_id=territory.id, name="plan", state="filed")
        id = tx.life.change_state(plan.id, "in_force", effective_from=since, may_backdate=True).id
    carry_incidents(store, town.territory, territory.county, act())
    return id


@pytest.fixture(scope="session")
def stores(
    drawn_town: Town, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[dict[str, tuple[SqlStore, str]]]:
    """Store of each kind with the town in it, and the id of the plan."""
    path: Path = tmp_path_factory.mktemp("served") / "store.sqlite"
    server: Server = request.getfixturevalue("postgis_server")
    with empty_database(server) as database:
        addresses = {
            "embedded": f"sqlite:///{path}",
            "postgis": database.render_as_string(hide_password=False),
        }
        made: dict[str, tuple[SqlStore, str]] = {}
        for kind, address in addresses.items():
            upgrade(address)
            store = open_store(address)
            made[kind] = (store, put_town(store, drawn_town))
        yield made
        for store, _ in made.values():
            store.close()


@contextmanager
def another_camera(store: SqlStore) -> Iterator[Callable[[str], None]]:
    """Adds cameras by id to the town; they are gone at the end."""
    layer, added = LAYER_TABLES["cameras"], range(10_000_000, 10_010_000)
    numbers = iter(added)

    def add(id: str) -> None:
        with store.write(act()) as tx:
            territory = tx.territories.current()
            row = {"fid": [next(numbers)], "territory": [territory.id], "place": [territory.county], "id": [id]}
            insert_rows(tx, layer, territory.county, row, [shapely.Point(114.25, 43.6)])

    try:
        yield add
    finally:
        with store.write(act()) as tx:
            late = layer.c.fid.between(added.start, added.stop)
            fids = list(tx.connection.execute(select(layer.c.fid).where(late)).scalars())
            tx.connection.execute(delete(layer).where(late))
            if not tx.is_postgis:
                remove_windows(tx.connection, layer.name, fids)


@contextmanager
def running(store: SqlStore, settings: ServiceSettings | None = None) -> Iterator[str]:
    """The service on a free port, in a thread; ended at the end."""
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        door.listen(64)
        app = create_app(store, settings)
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False, server_header=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [door]}, daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{door.getsockname()[1]}"
        try:
            # The socket listens already: the answer comes as soon as the service has started.
            assert httpx.get(f"{url}/healthz", timeout=WAIT_S).status_code == 200
            yield url
        finally:
            server.should_exit = True
            thread.join(WAIT_S)
            assert not thread.is_alive(), "the service did not end"


@contextmanager
def running_apart(store: SqlStore) -> Iterator[tuple[str, int]]:
    """The service on a free port, in a process of its own, ended at the end: its address and the process."""
    address = store.url.render_as_string(hide_password=False)
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        door.listen(64)
        command = [sys.executable, "-m", "tests.served", str(door.fileno())]
        environment = {**os.environ, _STORE: address}
        server = subprocess.Popen(command, cwd=ROOT, env=environment, pass_fds=[door.fileno()])
        url = f"http://127.0.0.1:{door.getsockname()[1]}"
        try:
            assert httpx.get(f"{url}/healthz", timeout=WAIT_S).status_code == 200
            yield url, server.pid
        finally:
            server.terminate()
            server.wait(WAIT_S)


@contextmanager
def serving(kind: str, store: SqlStore, plan: str, settings: ServiceSettings | None = None) -> Iterator[Served]:
    """A running service and a client for it."""
    with running(store, settings) as url, httpx.Client(timeout=WAIT_S) as http:
        yield Served(url, store, http, kind, plan)


@pytest.fixture(scope="session", params=["embedded", "postgis"])
def served(request: pytest.FixtureRequest, stores: dict[str, tuple[SqlStore, str]]) -> Iterator[Served]:
    """The service over each kind of store."""
    store, plan = stores[request.param]
    with serving(request.param, store, plan) as one:
        yield one


def settings_like(**changes: Any) -> ServiceSettings:
    """Settings of the service with some changed."""
    return replace(ServiceSettings(), **changes)


def _main(door: int) -> None:
    store = open_store(os.environ[_STORE])
    config = uvicorn.Config(create_app(store), log_level="warning", access_log=False, server_header=False)
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=door)])
    store.close()


if __name__ == "__main__":
    _main(int(sys.argv[1]))
