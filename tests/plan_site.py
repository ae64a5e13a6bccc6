"""A service with plans for tests: accounts with keys, a small drawn town, and short ways to edit over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from fastapi.testclient import TestClient
from httpx import Response

from data.store import SqlStore
from partition.edits import Ground, Sheet, lay, prepare
from tests.account_kit import PLENTY, Site, make_site
from tests.plan_kit import Drawn, drawn_town, keep_plan

ROLES = {"root": "admin", "wang": "planner", "li": "planner", "chen": "reviewer", "zhao": "auditor"}


@dataclass
class PlanSite:
    """A service with a draft, and who may do what."""

    site: Site
    plan: str
    clients: dict[str, TestClient]
    town: Drawn
    ground: Ground

    def etag(self, plan: str = "") -> str:
        return str(self.clients["root"].get(f"/v1/plans/{plan or self.plan}").headers["etag"])

    def post(self, who: str, what: str, body: Any = None, *, etag: str | None = "", **headers: str) -> Response:
        """POST to the plan; with its present ETag unless told otherwise (``None``: without any)."""
        if etag is not None:
            headers["If-Match"] = etag or self.etag()
        options: dict[str, Any] = {} if body is None else {"json": body}
        return self.clients[who].post(f"/v1/plans/{self.plan}/{what}", headers=headers, **options)

    def get(self, what: str = "", who: str = "root", **params: Any) -> Response:
        path = f"/v1/plans/{self.plan}" + (f"/{what}" if what else "")
        return self.clients[who].get(path, params=params)

    def sheet(self) -> Sheet:
        """The plan as the store has it now."""
        with self.site.store.read() as tx:
            return lay(tx.plans.load(self.plan), self.town.territory, self.ground)

    def border_moves(self, sheet: Sheet, rng: np.random.Generator) -> Iterator[dict[str, Any]]:
        """Moves of one piece of ground across a border, without end."""
        graph = self.ground.graph
        while True:
            differ = np.flatnonzero(sheet.atom_code[graph.edge_a] != sheet.atom_code[graph.edge_b])
            edge = int(rng.choice(differ))
            a, b = int(graph.edge_a[edge]), int(graph.edge_b[edge])
            if rng.random() < 0.5:
                a, b = b, a
            yield {"kind": "move", "atoms": [graph.atom_ids[a]], "grid": str(sheet.atom_code[b])}


def make_plan_site(store: SqlStore, households: int = 6_000) -> PlanSite:
    """A service over a store, with the draft of a small town."""
    town = drawn_town(households)
    plan = keep_plan(store, town=town)
    free = dict.fromkeys((*ROLES.values(), *PLENTY), "10000000/minute")
    site = make_site(store, rates=free, memory_s=3600.0)
    clients = {}
    for name, role in ROLES.items():
        site.add(name, role)
    for name in ROLES:
        clients[name] = site.client(site.key(name), **{"Accept-Language": "en"})
    return PlanSite(site, plan, clients, town, prepare(town.territory, town.atoms, town.rules))
