"""For tests of the dispatcher's desk: a town with its plan in force and thousands of incidents behind a real service.

Take the fixtures ``dispatch_file`` and ``desk``, and ``browser``, by importing them.  Pages are opened by `open_desk`;
on leaving, no console error, page error or request to anybody else may have happened.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page
from sqlalchemy import update

from data.store import SqlStore, open_store
from data.store.tables.incidents import incidents
from tests.api.test_http_pages_in_browser import browser
from tests.desk_kit import opened, until
from tests.incident_kit import a_place, many_incidents, put_unit
from tests.plan_desk_kit import sample_town
from tests.served import ROOT, SINCE, running
from tests.stores import act, migrated_file

__all__ = ["browser", "desk", "dispatch_file", "migrated_file"]

DESK = (1280, 800)
TABLET = (768, 1024)
MANY = 10_000
HOSTILE = ("<img src=x onerror=window.__t=1>", "</script><script>window.__t=1</script>", "${window.__t=1}", "积水 ‮abc")
WAIT_S = 120
_STORE = "GRIDWRIGHT_TEST_STORE"
_made: dict[str, Path] = {}


@dataclass(frozen=True)
class Desk:
    """A running service with incidents.

    Attributes
    ----------
    address
        Of the service, without a slash at the end.
    """

    address: str
    store: SqlStore
    http: httpx.Client = field(repr=False)

    def get(self, path: str, **query: Any) -> Any:
        """The service's own answer."""
        answer = self.http.get(f"{self.address}{path}", params=query)
        assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text[:300]}"
        return answer.json()

    def receive(self, seed: int = 7, **facts: Any) -> Any:
        """Send an incident as another program would; the answer."""
        lon, lat = a_place(self.store, seed)
        told = {"lon": lon, "lat": lat, "kind": "道路积水", "priority": 2, **facts}
        answer = self.http.post(f"{self.address}/v1/incidents", json=told)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def step(self, id: str, to: str, **facts: Any) -> Any:
        """Bring an incident into a state; the answer."""
        answer = self.http.post(f"{self.address}/v1/incidents/{id}/transitions", json={"to": to, **facts})
        assert answer.status_code == 200, answer.text
        return answer.json()


def fill(store: SqlStore, n: int = MANY, *, days: float = 0.9) -> None:
    """The town, its plan in force, incidents of the last hours in every state, and two units."""
    town, now = sample_town(), datetime.now(UTC)
    with store.write(act()) as tx:  # without the incidents of its own file: those of a test are all there are
        territory = tx.territories.save(town.territory, "town")
        plan = tx.plans.save(town.filed, territory_id=territory.id, name="plan", state="filed")
        tx.life.change_state(plan.id, "in_force", effective_from=SINCE, may_backdate=True)
    many_incidents(store, n, 3, now=now, days=days, titles=("路口积水", "", "Blocked fire lane", *HOSTILE, ""))
    with store.write(act(at=now)) as tx:  # nobody goes up a level while the page is looked at
        tx.connection.execute(update(incidents).values(escalate_at=None))
    for k in range(2):
        put_unit(store, f"u{k + 1}", a_place(store, 100 + k), at=now)


@pytest.fixture(scope="session")
def dispatch_file(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """File of an embedded store with all that; copy it.  Made once, in however many modules the fixture is taken."""
    if "town" not in _made:
        path = tmp_path_factory.mktemp("dispatch") / "town.db"
        shutil.copy2(migrated_file, path)
        store = open_store(f"sqlite:///{path}")
        fill(store)
        store.close()
        _made["town"] = path
    return _made["town"]


@pytest.fixture(scope="module")
def desk(dispatch_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A service over a fresh copy, without accounts."""
    path = Path(shutil.copy2(dispatch_file, tmp_path_factory.mktemp("desk") / "desk.db"))
    store = open_store(f"sqlite:///{path}")
    try:
        with running(store) as address, httpx.Client(timeout=WAIT_S) as http:
            yield Desk(address, store, http)
    finally:
        store.close()


@contextmanager
def open_desk(
    browser: Browser,
    address: str,
    query: str = "",
    size: tuple[int, int] = DESK,
    language: str = "zh",
    may_say: str = "(?!)",
) -> Iterator[Page]:
    """The desk, filled, with the grids on its map.

    Parameters
    ----------
    query
        More of the address, such as ``&state=received``.
    may_say
        Pattern of what the browser itself may log.
    """
    with opened(browser, address, size, may_say=may_say) as page:
        page.goto(f"{address}/desk/dispatch?lang={language}{query}")
        ready(page)
        yield page


def ready(page: Page) -> None:
    """Wait until incidents and grids are there."""
    until(page, "document.body.dataset.state === 'ready' && document.body.dataset.ground === 'ready'")


def in_page(page: Page, code: str, *facts: Any) -> Any:
    """Runs code with the page's modules at hand: ``desk``, ``map``, ``state``, ``live``, ``filter``; and ``facts``."""
    return page.evaluate(
        f"""async (facts) => {{
            const [state, map, live, filter] = await Promise.all(
                ['state', 'map', 'live', 'filter'].map((one) => import(`/desk/dispatch/dispatch_${{one}}.js`)));
            const {{ desk }} = state;
            {code}
        }}""",
        list(facts),
    )


def becomes(page: Page, code: str, wanted: Any, *facts: Any) -> None:
    """Wait until what the code gives in the page is what is wanted."""
    for _ in range(WAIT_S * 20):
        if (found := in_page(page, code, *facts)) == wanted:
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"{code}: {found!r}, never {wanted!r}")


def pixel_of(page: Page, id: str) -> tuple[float, float]:
    """Where an incident stands on the screen."""
    x, y = in_page(
        page,
        """const box = map.map.canvas.getBoundingClientRect();
           const row = desk.incidents.get(facts[0]);
           const [x, y] = map.map.toPixels([row.x, row.y]);
           return [x + box.left, y + box.top];""",
        id,
    )
    return x, y


class Apart:
    """The service in a process of its own at one address, to be killed and started again."""

    def __init__(self, store: SqlStore) -> None:
        self._url = store.url.render_as_string(hide_password=False)
        self.port = 0
        self._server: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Where it is, or was."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        with socket.socket() as door:
            door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            door.bind(("127.0.0.1", self.port))
            door.listen(64)
            self.port = door.getsockname()[1]
            command = [sys.executable, "-m", "tests.served", str(door.fileno())]
            environment = {**os.environ, _STORE: self._url}
            self._server = subprocess.Popen(command, cwd=ROOT, env=environment, pass_fds=[door.fileno()])
        assert httpx.get(f"{self.address}/healthz", timeout=WAIT_S).status_code == 200

    def kill(self) -> None:
        """End it as a power cut does."""
        if self._server is not None:
            self._server.kill()
            self._server.wait(WAIT_S)
            self._server = None
