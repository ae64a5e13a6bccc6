"""A service with accounts for the tests: a clock that is moved by hand, cheap passwords, and clients that sign in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from argon2 import PasswordHasher
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api.accounts.guard import AccessSettings, Guard
from api.accounts.logins import Logins
from api.accounts.passwords import Passwords
from api.app import create_app
from api.http.settings import ServiceSettings
from api.usecases.accounts import add_account, issue_key
from data.store import Act, SqlStore

PLENTY = dict.fromkeys(("stranger", "wrong_key", "login"), "1000000/minute")
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@dataclass
class Clock:
    """The moment of the service; moved by hand."""

    moment: datetime = datetime(2026, 11, 22, 8, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.moment

    def pass_by(self, **time: float) -> None:
        """Let time pass."""
        self.moment += timedelta(**time)


@dataclass
class Site:
    """A service over a store, as it stands after `site`."""

    store: SqlStore
    app: FastAPI
    clock: Clock
    passwords: Passwords
    given: dict[str, str] = field(default_factory=dict)

    def act(self, who: str = "tester", jurisdiction: str = "") -> Act:
        return Act(who, self.clock(), jurisdiction)

    def add(self, name: str, role: str, jurisdiction: str = "") -> str:
        """Make an account and return its one-time password."""
        made = add_account(self.store, self.act(), name, role=role, place=jurisdiction, passwords=self.passwords)
        self.app.state.guard.forget()
        self.given[name] = made.password
        return made.password

    def key(self, name: str, **options: Any) -> str:
        """Make an API key of an account and return its text."""
        return issue_key(self.store, self.act(), name, secret=self.app.state.guard.secret(), **options).text

    def client(self, key: str = "", **headers: str) -> TestClient:
        """A client, with a key where one is given."""
        if key:
            headers["Authorization"] = f"Bearer {key}"
        return TestClient(self.app, base_url="http://127.0.0.1", headers=headers, follow_redirects=False)

    def browser(self, name: str, password: str = "") -> TestClient:
        """A signed-in browser that has chosen its password."""
        client = self.client()
        answer = client.post("/v1/session", json={"name": name, "password": password or self.given[name]})
        assert answer.status_code == 201, answer.text
        client.headers["X-CSRF-Token"] = answer.json()["csrf"]
        if answer.json()["must_change"]:
            chosen = f"four words that {name[::-1]} keeps"
            body = {"password": self.given[name], "new_password": chosen}
            answer = client.post("/v1/session/password", json=body)
            assert answer.status_code == 200, answer.text
            client.headers["X-CSRF-Token"] = answer.json()["csrf"]
            self.given[name] = chosen
        return client


def make_site(
    store: SqlStore, *, rates: Mapping[str, str] | None = None, memory_s: float = 60.0, public_url: str = ""
) -> Site:
    """A service over a store, with a clock of its own."""
    clock = Clock()
    app = create_app(store, ServiceSettings(now=clock, public_url=public_url))
    access = AccessSettings(rates={**PLENTY, **(rates or {})}, memory_s=memory_s, failure_s=0.0)
    app.state.guard = Guard(store, clock, access)
    passwords = Passwords(CHEAP)
    app.state.logins = Logins(app.state.guard, passwords)
    return Site(store, app, clock, passwords)
