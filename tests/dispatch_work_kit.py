"""For tests of what a dispatcher does on the desk: a town with units and no incidents behind a real service.

Take the fixtures ``work_file``, ``work`` (everybody on this machine may do everything), ``office`` (accounts) and
``browser``, by importing them.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page

from api.accounts.passwords import Passwords
from api.usecases.accounts import add_account
from data.store import open_store
from tests.account_kit import CHEAP
from tests.api.test_http_pages_in_browser import browser
from tests.desk_kit import opened, until
from tests.dispatch_kit import DESK, TABLET, WAIT_S, Desk, in_page
from tests.incident_kit import places, put_unit
from tests.plan_desk_kit import choose_password, sample_town
from tests.served import put_town, running
from tests.stores import act, migrated_file

__all__ = ["DESK", "TABLET", "browser", "in_page", "migrated_file", "office", "until", "work", "work_file"]

N_UNITS = 4
ROLES = {"root": "admin", "qian": "dispatcher", "sun": "dispatcher", "zhou": "patrol", "wu": "auditor"}
DOOR = "地林路21号"
"""A door of the town that is certain; its street goes through several grids, odd and even numbers in others."""
STREET = "地林路"


@dataclass(frozen=True)
class Office(Desk):
    """A desk with accounts.

    Attributes
    ----------
    passwords
        By name of the account.
    """

    passwords: dict[str, str] = field(default_factory=dict)


@pytest.fixture(scope="session")
def work_file(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """File of an embedded store with the town and its plan in force; copy it."""
    path = tmp_path_factory.mktemp("dispatch-work") / "town.db"
    shutil.copy2(migrated_file, path)
    store = open_store(f"sqlite:///{path}")
    put_town(store, sample_town())
    store.close()
    return path


@contextmanager
def serving(work_file: Path, folder: Path, *, has_accounts: bool = False) -> Iterator[Office]:
    """A service over a fresh copy; its units are where they are now."""
    store = open_store(f"sqlite:///{shutil.copy2(work_file, folder / 'work.db')}")
    try:
        now = datetime.now(UTC)
        for k, place in enumerate(places(store, N_UNITS, 3)):
            put_unit(store, f"u{k + 1}", place, at=now, mode=("foot", "ebike", "car")[k % 3])
        given = {}
        if has_accounts:
            for name, role in ROLES.items():
                made = add_account(store, act("root"), name, role=role, place="", passwords=Passwords(CHEAP))
                given[name] = made.password
        with running(store) as address, httpx.Client(timeout=WAIT_S) as http:
            for name, once in given.items():
                given[name] = choose_password(address, name, once)
            yield Office(address, store, http, given)
    finally:
        store.close()


@pytest.fixture(scope="module")
def work(work_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """A service without accounts."""
    with serving(work_file, tmp_path_factory.mktemp("work")) as served:
        yield served


@pytest.fixture(scope="module")
def office(work_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """A service with accounts: qian and sun dispatch, zhou patrols, wu audits."""
    with serving(work_file, tmp_path_factory.mktemp("office"), has_accounts=True) as served:
        yield served


@contextmanager
def open_desk(
    browser: Browser,
    served: Office,
    *,
    who: str = "",
    size: tuple[int, int] = DESK,
    language: str = "zh",
    query: str = "",
    may_say: str = "(?!)",
) -> Iterator[Page]:
    """The desk as an account has it, filled; ``may_say``: what the browser itself may log."""
    with opened(browser, served.address, size, may_say=may_say) as page:
        if who:
            body = {"name": who, "password": served.passwords[who]}
            answer = page.request.post(f"{served.address}/v1/session", data=body)
            assert answer.status == 201, answer.text()
        page.goto(f"{served.address}/desk/dispatch?lang={language}{query}")
        try:
            ready(page)
            yield page
        except BaseException:
            page.context.close()  # its stream would keep the service from ending
            raise


def ready(page: Page) -> None:
    """Wait until the desk is filled."""
    until(page, "document.body.dataset.state === 'ready' && document.body.dataset.ground === 'ready'")


def focus_in(page: Page, selector: str) -> None:
    """Wait until the focus is on what a selector means."""
    until(page, f"document.activeElement.matches({selector!r})")


def state_of(served: Office, id: str) -> Any:
    """An incident as the service has it, asked past the page where there are no accounts."""
    return served.get(f"/v1/incidents/{id}")


def units_shown(page: Page, n: int = 1) -> None:
    """Wait until at least so many units are suggested."""
    until(page, f"document.querySelectorAll('.suggestions .unit').length >= {n}")
