"""For tests of the planner's desk: a town and a drawn plan in a fresh store behind a real service, and hands for it.

Take the fixtures ``served_desk`` (everybody on this machine may do everything), ``served_office`` (accounts with roles)
and ``browser``, by importing them.  Pages are opened by ``open_desk``; on leaving, no console error, page error or
request to anybody else may have happened.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page

from api.accounts.passwords import Passwords
from api.usecases.accounts import add_account
from api.usecases.run_draw import run_draw
from data.sample import make_town
from data.store import SqlStore, open_store
from partition.rules import Rules
from tests.account_kit import CHEAP
from tests.api.test_http_pages_in_browser import browser
from tests.desk_kit import opened, until
from tests.served import Town, running
from tests.stores import act, migrated_file

__all__ = ["browser", "desk_file", "migrated_file", "served_desk", "served_office"]

DESK = (1280, 800)
TABLET = (768, 1024)
PASSWORD = "four words that everybody keeps"
ROLES = {"root": "admin", "li": "planner", "wang": "planner", "zhao": "reviewer", "sun": "auditor"}
WAIT_S = 120


@dataclass(frozen=True)
class ServedDesk:
    """A running service with a plan to work on.

    Attributes
    ----------
    address
        Of the service, without a slash at the end.
    plan
        Id of a draft of the sample town.
    store
        Beneath it.
    passwords
        Of the accounts, by name; empty where everybody may do everything.
    """

    address: str
    plan: str
    store: SqlStore
    passwords: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, **query: Any) -> Any:
        """The service's own answer, without accounts."""
        answer = httpx.get(f"{self.address}{path}", params=query, timeout=WAIT_S)
        assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text[:300]}"
        return answer.json()

    def card(self, plan: str = "") -> Any:
        """The plan as the service lists it."""
        return self.get(f"/v1/plans/{plan or self.plan}")


@lru_cache(maxsize=2)
def sample_town(households: int = 3_000, seed: int = 1) -> Town:
    """A town drawn with the default rules; drawn once a session."""
    territory = make_town(households, seed=seed).territory
    return Town(territory, run_draw(territory, Rules(), seed=seed).filed)


def put_draft(store: SqlStore, town: Town, name: str = "autumn") -> str:
    """The town and its plan into a store, as a draft; its id."""
    with store.write(act("li")) as tx:
        territory = tx.territories.save(town.territory, "town")
        return str(tx.plans.save(town.filed, territory_id=territory.id, name=name).id)


@pytest.fixture(scope="session")
def desk_file(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """File of an embedded store that holds the town, and the plan's id; copy it."""
    path = tmp_path_factory.mktemp("plan-desk") / "town.db"
    shutil.copy2(migrated_file, path)
    store = open_store(f"sqlite:///{path}")
    plan = put_draft(store, sample_town())
    store.close()
    return path, plan


@contextmanager
def serving_copy(desk_file: tuple[Path, str], folder: Path, *, has_accounts: bool = False) -> Iterator[ServedDesk]:
    """A service over a fresh copy of the store."""
    path = Path(shutil.copy2(desk_file[0], folder / "desk.db"))
    store = open_store(f"sqlite:///{path}")
    try:
        given = add_people(store) if has_accounts else {}
        with running(store) as address:
            for name, once in given.items():
                given[name] = choose_password(address, name, once)
            yield ServedDesk(address, desk_file[1], store, given)
    finally:
        store.close()


@pytest.fixture
def served_desk(desk_file: tuple[Path, str], tmp_path: Path) -> Iterator[ServedDesk]:
    """A service of its own for one test, without accounts."""
    with serving_copy(desk_file, tmp_path) as served:
        yield served


@pytest.fixture
def served_office(desk_file: tuple[Path, str], tmp_path: Path) -> Iterator[ServedDesk]:
    """A service of its own for one test, with accounts: li, wang plan, zhao reviews, sun audits, root administers."""
    with serving_copy(desk_file, tmp_path, has_accounts=True) as served:
        yield served


def add_people(store: SqlStore) -> dict[str, str]:
    """Accounts of all roles; their one-time passwords by name."""
    made = {}
    for name, role in ROLES.items():
        account = add_account(store, act("root"), name, role=role, place="", passwords=Passwords(CHEAP))
        made[name] = account.password
    return made


def choose_password(address: str, name: str, once: str) -> str:
    """Sign in the first time and choose the password that lasts."""
    with httpx.Client(base_url=address, timeout=WAIT_S) as client:
        begun = client.post("/v1/session", json={"name": name, "password": once})
        assert begun.status_code == 201, begun.text
        body = {"password": once, "new_password": f"{PASSWORD} {name[::-1]}"}
        headers = {"X-CSRF-Token": begun.json()["csrf"]}
        answer = client.post("/v1/session/password", json=body, headers=headers)
        assert answer.status_code == 200, answer.text
    return body["new_password"]


def sign_in(page: Page, served: ServedDesk, name: str) -> None:
    """The browser of a page gets the session of an account, as by the sign-in page."""
    body = {"name": name, "password": served.passwords[name]}
    answer = page.request.post(f"{served.address}/v1/session", data=body)
    assert answer.status == 201, answer.text()


@contextmanager
def open_desk(
    browser: Browser,
    address: str,
    plan: str = "",
    size: tuple[int, int] = DESK,
    language: str = "zh",
    may_say: str = "(?!)",
    *,
    who: tuple[ServedDesk, str] | None = None,
    is_ready: bool = True,
    query: str = "",
) -> Iterator[Page]:
    """The desk with a plan on it.

    Parameters
    ----------
    may_say
        Pattern of what the browser itself may log: a refused request is a line there.
    who
        Served office and name of the account that is signed in; none where there are no accounts.
    is_ready
        Wait until the plan is on the map.
    query
        More of the address, such as ``&with=ID``.
    """
    with opened(browser, address, size, may_say=may_say) as page:
        if who is not None:
            sign_in(page, *who)
        chosen = f"&plan={plan}" if plan else ""
        page.goto(f"{address}/desk/plan?lang={language}{chosen}{query}")
        if is_ready:
            ready(page)
        yield page


def ready(page: Page) -> None:
    """Wait until the plan is loaded and painted, or until the page has said why it is not."""
    until(page, "!['starting', 'loading'].includes(document.body.dataset.state)")
    assert page.evaluate("document.body.dataset.state") in ("ready", "choose"), page.locator("#start").inner_text()


def pixel_of_atom(page: Page, atom: int | str) -> tuple[float, float]:
    """Where the middle of a piece of ground (by its id) stands on the screen; it must be in sight."""
    found = page.evaluate(
        """async (id) => {
            const { desk } = await import('/desk/plan/plan_state.js');
            const { map } = await import('/desk/plan/plan_map.js');
            const model = desk.plan;
            const at = model.idAt.get(id) ?? model.idAt.get(Number(id)) ?? model.idAt.get(String(id));
            const box = map.canvas.getBoundingClientRect();
            const [x, y] = map.toPixels([model.x_m[at], model.y_m[at]]);
            return [x + box.left, y + box.top, box.left, box.top, box.right, box.bottom];
        }""",
        atom,
    )
    x, y, left, top, right, bottom = found
    assert left <= x <= right, f"piece {atom} is out of sight"
    assert top <= y <= bottom, f"piece {atom} is out of sight"
    return x, y


def drag(page: Page, points: Sequence[tuple[float, float]], *, steps: int = 6, holds: bool = False) -> None:
    """The pointer goes down at the first point, over all others, and up at the last; ``holds`` leaves it down."""
    page.mouse.move(*points[0])
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*point, steps=steps)
    if not holds:
        page.mouse.up()


def in_page(page: Page, code: str, *facts: Any) -> Any:
    """Runs code with the page's own state at hand: ``desk``, ``state`` (plan_state.js), and ``facts``."""
    return page.evaluate(
        f"""async (facts) => {{
            const state = await import('/desk/plan/plan_state.js');
            const {{ desk }} = state;
            {code}
        }}""",
        list(facts),
    )
