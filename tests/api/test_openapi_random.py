"""Random requests made from the service's own description, on both stores: no server error, no answer that the
description does not know, no answer of another shape, no wrong request taken.

Schemathesis runs all its phases: examples, every boundary of every parameter, random ones, and chains of requests.
Few random ones a route in the ordinary run; ``GRIDWRIGHT_EXAMPLES=500`` makes it a long one.
"""

from __future__ import annotations

import os
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest
import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import Status, from_schema
from schemathesis.engine.events import FatalError, NonFatalError, ScenarioFinished

from api.accounts.guard import AccessSettings, Guard
from api.accounts.rates import DEFAULT_RATES
from api.app import ServiceSettings, create_app
from api.http.settings import utc_now
from api.routes import incident_feed
from api.usecases.accounts import add_account, issue_key
from data.store import SqlStore
from tests.service_town import FIRST, put_town, town_plan
from tests.stores import act, embedded_store, migrated_file, migrated_server, postgis_server, postgis_store

__all__ = ["embedded_store", "migrated_file", "migrated_server", "postgis_server", "postgis_store"]

EXAMPLES = int(os.environ.get("GRIDWRIGHT_EXAMPLES", "3"))
CONFIG = {
    "seed": 5,
    "generation": {"max-examples": EXAMPLES, "deterministic": True, "no-shrink": True, "database": "none"},
    "phases": {"stateful": {"generation": {"max-examples": EXAMPLES}}},
    # Every request is signed, whatever it tries to be; and a request that fits the description may still ask for what
    # can not be done.
    "checks": {
        "ignored_auth": {"enabled": False},
        "positive_data_acceptance": {"enabled": False},
        "negative_data_rejection": {"expected-statuses": ["4xx"]},
    },
    "continue-on-failure": True,
}


class Signed:
    """The service as an admin with a key meets it; a key that the requests themselves have ended is replaced."""

    def __init__(self, app: Any, store: SqlStore) -> None:
        self.app, self.store = app, store
        self.n_keys = 0
        self.new_key()

    def new_key(self) -> None:
        self.n_keys += 1
        name, now = f"head{self.n_keys}", act(at=datetime.now(UTC))
        add_account(self.store, now, name, role="admin")
        self.header = (b"authorization", f"Bearer {issue_key(self.store, now, name).text}".encode())

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = [(name, value) for name, value in scope["headers"] if name != b"authorization"]

        async def watch(message: Any) -> None:
            if message.get("status") == 401 and scope["path"] != "/v1/session":
                self.new_key()
            await send(message)

        await self.app({**scope, "headers": [*headers, self.header]}, receive, watch)


@pytest.fixture(params=["embedded", "postgis"])
def described(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Description of the service over a store with a town, an admin's key, and ids that are there."""
    monkeypatch.setattr(incident_feed, "MOST_S", 0)  # streams say what there is, and end
    store: SqlStore = request.getfixturevalue(f"{request.param}_store")
    plan = put_town(store)
    with store.write(act()) as tx:
        territory = tx.territories.cards()[0].id
        draft = tx.plans.save(town_plan("P-2"), territory_id=territory, name="draft").id
    app = create_app(store, ServiceSettings())
    app.state.guard = Guard(store, utc_now, AccessSettings(rates=dict.fromkeys(DEFAULT_RATES, "1000000/second")))
    config = SchemathesisConfig.from_dict(CONFIG)
    schema = schemathesis.openapi.from_asgi("/openapi.json", Signed(app, store), config=config)
    known = {"plan": (draft, plan), "collection": ("grids", "buildings"), "feature": (f"{FIRST}A",)}

    @schema.hook
    def map_path_parameters(context: Any, path_parameters: dict[str, Any] | None) -> dict[str, Any] | None:
        """Half of the time something that is there, or every answer would be 404."""
        for name, values in known.items():
            if path_parameters and name in path_parameters:
                n = sum(map(ord, str(path_parameters[name])))
                if n % 2:
                    path_parameters[name] = values[n // 2 % len(values)]
        return path_parameters

    return schema


def _is_asked_by_ogc(check: Any) -> bool:
    """A limit above the maximum is taken for the maximum: OGC API - Features, /req/core/fc-limit-response-1."""
    told = str(check.failure_info.failure)
    return check.name == "negative_data_rejection" and "`limit` in query" in told and "greater than maximum" in told


def test_no_request_gets_an_answer_that_is_not_described(described: Any) -> None:
    faults: Counter[str] = Counter()
    answers: Counter[int] = Counter()
    routes: set[str] = set()
    for event in from_schema(described).execute():
        if isinstance(event, (FatalError, NonFatalError)):
            faults[str(getattr(event, "info", getattr(event, "exception", event)))] += 1
        if not isinstance(event, ScenarioFinished):
            continue
        for interaction in event.recorder.interactions.values():
            if interaction.response is not None:
                answers[interaction.response.status_code] += 1
        routes.add(event.recorder.label)
        for checks in event.recorder.checks.values():
            for check in checks:
                if check.status == Status.FAILURE and not _is_asked_by_ogc(check):
                    told = f"{event.recorder.label}: {check.failure_info.failure}\n{check.failure_info.code_sample}"
                    faults[told] += 1
    print(sum(answers.values()), "requests", dict(sorted(answers.items())))
    assert not faults, "\n\n".join(f"{n} x {told}" for told, n in faults.most_common(30))
    assert answers[200] > 50
    assert len(routes) > 40
