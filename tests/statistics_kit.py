"""For tests of the page of statistics: a town with incidents of two years in every state, behind a real service.

Take the fixtures ``statistics_desk`` and ``browser`` by importing them.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page
from sqlalchemy import update

from api.http.settings import ServiceSettings
from data.store import SqlStore, open_store
from data.store.tables.incidents import incidents
from tests.api.test_http_pages_in_browser import browser
from tests.desk_kit import opened, until
from tests.incident_kit import KINDS, many_incidents
from tests.plan_desk_kit import sample_town
from tests.served import put_town, running
from tests.stores import act, migrated_file

__all__ = ["browser", "migrated_file", "statistics_desk"]

DESK = (1280, 800)
TABLET = (768, 1024)
NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
HOSTILE = "</script><img src=x onerror=window.__t=1>${window.__t=1}"
_LONG_AGO = datetime(2024, 1, 1, tzinfo=UTC)
NOW_N, BEFORE_N = 900, 300


@dataclass(frozen=True)
class StatisticsDesk:
    """A running service with incidents of November 2026 and 2025."""

    address: str
    store: SqlStore

    def get(self, path: str, **query: Any) -> Any:
        """The service's own answer."""
        answer = httpx.get(f"{self.address}{path}", params=query, timeout=180)
        assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text[:300]}"
        return answer.json()


@pytest.fixture(scope="module")
def statistics_desk(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StatisticsDesk]:
    """A service over a fresh store, without accounts, whose clock stands still."""
    path = Path(shutil.copy2(migrated_file, tmp_path_factory.mktemp("statistics") / "town.db"))
    store = open_store(f"sqlite:///{path}")
    put_town(store, sample_town(), _LONG_AGO)
    many_incidents(store, NOW_N, 3, now=NOW, days=20)
    many_incidents(store, BEFORE_N, 4, now=NOW - timedelta(days=365), days=20)
    with store.write(act(at=NOW)) as tx:
        rows = incidents.c
        tx.connection.execute(update(incidents).values(escalate_at=None))
        # One kind is gone this year, one is new, one has a name that would like to be markup.
        this_year = rows.received_at > NOW - timedelta(days=100)
        tx.connection.execute(update(incidents).where(this_year, rows.kind == KINDS[0]).values(kind=KINDS[1]))
        tx.connection.execute(update(incidents).where(~this_year, rows.kind == KINDS[2]).values(kind=KINDS[3]))
        tx.connection.execute(update(incidents).where(rows.kind == KINDS[4]).values(kind=HOSTILE))
    try:
        with running(store, ServiceSettings(now=lambda: NOW)) as address:
            yield StatisticsDesk(address, store)
    finally:
        store.close()


@contextmanager
def open_statistics(
    browser: Browser,
    address: str,
    query: str = "",
    size: tuple[int, int] = DESK,
    language: str = "zh",
    spots: Sequence[dict[str, str]] = (),
    may_say: str = "(?!)",
) -> Iterator[Page]:
    """The page with its figures and the map; on leaving, no fault may have happened.

    Parameters
    ----------
    spots
        What the page is told of hot and cold spots: ``{"key": CODE, "found": "hot_99"}``.
    may_say
        Pattern of what the browser may complain of.
    """
    with opened(browser, address, size, may_say=may_say) as page:
        # Hot spots are compiled by their first question, for many seconds: they have their own tests.
        page.route("**/v1/statistics/hotspots?*", lambda route: route.fulfill(json={"grids": list(spots)}))
        page.goto(f"{address}/desk/statistics?lang={language}{query}")
        until(page, "document.documentElement.dataset.ready && document.documentElement.dataset.grids")
        yield page


def shown(page: Page, label: str) -> None:
    """Wait until a period is shown."""
    until(page, f"document.documentElement.dataset.ready === '{label}'")
