"""The collisions of Salford put together for people: page, papers and map file hold every one of them."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from openpyxl import load_workbook

from api.usecases.import_incidents import import_incidents
from api.usecases.incident_cells import ImportOptions
from api.usecases.incident_papers import map_order, write_map, write_summary
from api.usecases.incident_statistics import Question, statistics_of
from api.usecases.incident_summary import summary_data, summary_of, wanted_of
from data.store import open_store
from partition.incidents.periods import read_period, span
from tests.maps.test_plan_map import data_of
from tests.salford_land import SINCE, salford_land, salford_town
from tests.served import put_town
from tests.stores import act, migrated_file

__all__ = ["migrated_file"]
NOW = datetime(2026, 11, 22, tzinfo=UTC)
ZONE = "Asia/Shanghai"
OPTIONS = ImportOptions(
    columns={"mode": "kind"}, zone="Europe/London", state="closed", result="settled", closed_after_min=60
)


def test_salford_is_summarised_and_mapped_whole(shared_data: Path, migrated_file: Path, tmp_path: Path) -> None:
    file = Path(shutil.copy2(migrated_file, tmp_path / "salford.db"))
    store = open_store(f"sqlite:///{file}")
    try:
        put_town(store, salford_town(), SINCE)
        source = shared_data / "incidents-salford" / "incidents.csv"
        import_incidents(store, source, act(at=NOW), "dispatcher", OPTIONS)
        wanted = wanted_of("year", "2023", "year", NOW, ZONE)
        with store.read() as tx:
            summary = summary_of(tx, wanted, NOW, version="0")
            told = statistics_of(tx, Question(read_period("2023", "year"), "kind", compare="year"), NOW)
            order = map_order(tx, span(SINCE.date(), NOW.date()), NOW, ZONE)
            assert tx.incidents.count() == len(order.incidents) == order.period.n_in_store == 1633
        assert summary.totals == told.total.tally
        assert sum(row.tally.received for row in summary.kinds) == summary.totals.received
        assert sum(row.tally.received for row in summary.areas) == summary.totals.received
        assert sum(one.received for one in summary.steps) == summary.totals.received
        assert summary_data(summary, wanted, NOW)["totals"]["rates"]["handled_of_due"]["text"] == "100.00"
        write_map(order, salford_land(), tmp_path / "map.html", language="en")
        data = data_of((tmp_path / "map.html").read_text(encoding="utf-8"))
        assert len(data["incidents"]["id"]) == 1633
        write_summary(summary, None, tmp_path / "year.xlsx", "xlsx", language="zh")
        rows = list(load_workbook(tmp_path / "year.xlsx")["按网格"].iter_rows(min_row=4, values_only=True))
        assert sum(row[4] for row in rows) == summary.totals.received
    finally:
        store.close()


@pytest.mark.parametrize(
    ("at", "day"),
    [(None, "2026-11-22"), ("2026-11", "2026-11-22"), ("2026-03-09", "2026-03-09"), ("2025", "2025-01-01")],
)
def test_the_day_of_a_period_is_the_one_that_was_asked_for(at: str | None, day: str) -> None:
    kind = "year" if at == "2025" else "month"
    assert wanted_of(kind, at, "year", NOW, ZONE).day.isoformat() == day
