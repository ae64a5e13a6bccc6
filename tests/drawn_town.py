"""A small sample town, drawn once a session: its files, and a store that they are loaded into.

Import the fixtures where they are needed: ``drawn_town``; ``second`` gives a further, empty store of either kind.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from api.usecases import draw_plan, load_store
from data.files.territory_file import write_territory
from data.migrations import upgrade
from data.sample import make_town
from data.store import SqlStore, open_store
from tests.postgis import Server
from tests.stores import act, empty_database

HOUSEHOLDS = 2_000
SINCE = datetime(2026, 1, 1, tzinfo=UTC)  # long past, so that services with a real clock show the plan


@dataclass(frozen=True, slots=True)
class DrawnTown:
    """Files of a town and its plan."""

    territory: Path
    plan: Path

    def load(self, store: SqlStore) -> str:
        """Put both into a store; returns the plan's id."""
        loaded = load_store(store, self.territory, self.plan, act(at=SINCE, reason="test"))
        assert loaded.plan is not None
        return loaded.plan.id


@pytest.fixture(scope="session")
def drawn_town(tmp_path_factory: pytest.TempPathFactory) -> DrawnTown:
    """A town of 2,000 households and its plan, as files."""
    folder = tmp_path_factory.mktemp("drawn-town")
    territory = folder / "town.gpkg"
    write_territory(make_town(HOUSEHOLDS, 1).territory, territory)
    return DrawnTown(territory, draw_plan(territory, folder / "plan.gpkg", seed=1).path)


@pytest.fixture(scope="session")
def loaded_file(drawn_town: DrawnTown, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An embedded store that holds the town; copy it."""
    path = tmp_path_factory.mktemp("loaded") / "town.sqlite"
    address = f"sqlite:///{path}"
    upgrade(address)
    store = open_store(address)
    drawn_town.load(store)
    store.close()
    return path


@pytest.fixture
def town_store(loaded_file: Path, tmp_path: Path) -> Path:
    """File of a fresh embedded store that holds the town."""
    return Path(shutil.copy2(loaded_file, tmp_path / "town.sqlite"))


@pytest.fixture
def second(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[str], str]]:
    """Addresses of further places without tables: ``second("embedded")``, ``second("postgis")``."""
    with ExitStack() as stack:

        def make(kind: str) -> str:
            if kind == "embedded":
                return f"sqlite:///{tmp_path / 'second.sqlite'}"
            server: Server = request.getfixturevalue("postgis_server")
            return stack.enter_context(empty_database(server)).render_as_string(hide_password=False)

        yield make
