"""A service over the small drawn town with units standing on its streets: for tests of dispatch and surroundings."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient

from api.app import ServiceSettings, create_app
from data.store import SqlStore, open_store
from data.store.rooms.units import UnitCard
from tests.incident_kit import NOW, places, put_unit
from tests.stores import act

__all__ = ["Site", "site"]


class Site:
    """A running service, its store and a clock that tests move."""

    def __init__(self, store: SqlStore) -> None:
        self.store = store
        self.now: datetime = NOW
        self.http = TestClient(
            create_app(self.store, ServiceSettings(now=lambda: self.now)), base_url="http://127.0.0.1"
        )
        self.places = places(self.store, 200, seed=3)

    def unit(self, id: str, where: int | tuple[float, float] | None = None, **facts: Any) -> UnitCard:
        """A unit at one of the places, or at a point."""
        spot = self.places[where] if isinstance(where, int) else where
        return put_unit(self.store, id, spot, at=self.now, **{"mode": "car", **facts})

    def units(self, cards: list[UnitCard]) -> None:
        """Many units at once."""
        with self.store.write(act(at=self.now)) as tx:
            for card in cards:
                tx.units.put(card, "admin")

    def without_units(self) -> None:
        """Take all units off the list, whatever they do."""
        with self.store.write(act(at=self.now)) as tx:
            for card in tx.units.cards():
                tx.units.put(replace(card, status="off"), "admin")
                tx.units.remove(card.id, "admin")

    def suggest(self, incident: str, **query: Any) -> dict[str, Any]:
        """Whom to send; waits until the streets are there."""
        answer = self.http.get("/v1/dispatch", params={"incident": incident, "wait_s": 60, **query})
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def many_units(self, n: int, seed: int = 0) -> list[str]:
        """Units of all modes and states, all over the town; their ids."""
        rng = np.random.default_rng(seed)
        model = self.unit("model")
        cards = []
        for i in range(n):
            facts: dict[str, Any] = {
                "mode": ("foot", "ebike", "car")[int(rng.integers(3))],
                "status": ("available", "available", "available", "resting", "off")[int(rng.integers(5))],
                "n_taken": int(rng.integers(4)),
                "free_since": self.now - timedelta(minutes=float(rng.uniform(0, 30))) if rng.random() < 0.4 else None,
            }
            where = self.places[int(rng.integers(len(self.places)))]
            facts |= {"lon": where[0], "lat": where[1], "position_at": self.now}
            if rng.random() < 0.05:
                facts |= dict.fromkeys(("lon", "lat", "position_at"))
            elif rng.random() < 0.2:
                facts["position_at"] = self.now - timedelta(seconds=float(rng.uniform(300, 900)))
            if rng.random() < 0.1:
                facts["skills"] = ["消防隐患"]
            cards.append(replace(model, id=f"unit-{i:04}", **facts))
        self.units(cards)
        return ["model", *(card.id for card in cards)]


@pytest.fixture(scope="module")
def site(loaded_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One service for the tests of a file: streets are laid once."""
    path = Path(shutil.copy2(loaded_file, tmp_path_factory.mktemp("dispatch") / "town.sqlite"))
    made = Site(open_store(f"sqlite:///{path}"))
    with made.http:
        yield made
    made.store.close()
