"""The same file of incidents again, from a clock ahead of the service's: it changes nothing, on both stores."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from api.usecases.import_incidents import import_incidents
from api.usecases.incident_cells import ImportOptions
from data.store import SqlStore
from tests.incident_kit import NOW
from tests.postgis import postgis_server
from tests.service_town import middle, put_town
from tests.stores import act, embedded_store, migrated_file, migrated_server, postgis_store, store

__all__ = ["embedded_store", "migrated_file", "migrated_server", "postgis_server", "postgis_store", "store"]
LON, LAT = middle("A")


def test_rows_of_a_clock_that_is_ahead_are_known_when_they_come_again(store: SqlStore, tmp_path: Path) -> None:
    put_town(store)
    ahead = (NOW + timedelta(seconds=90)).isoformat(timespec="seconds")
    path = tmp_path / "rows.csv"
    path.write_text(f"id,lon,lat,received_at,kind\nA,{LON},{LAT},{ahead},x\n,{LON},{LAT},{ahead},x\n", encoding="utf-8")
    for minutes, counts in ((0, (2, 0, 0)), (1, (0, 2, 0)), (60, (0, 2, 0))):
        then = replace(act(at=NOW), at=NOW + timedelta(minutes=minutes))
        receipt = import_incidents(store, path, then, "dispatcher", ImportOptions())
        assert tuple(receipt.counts[name] for name in ("new", "known", "refused")) == counts, minutes
    with store.read() as tx:
        assert {card.received_at for card in tx.incidents.cards()} == {NOW}  # taken for the service's own time
    path.write_text(f"id,lon,lat,received_at,kind\nA,{LON},{LAT},{NOW - timedelta(hours=1)},x\n", encoding="utf-8")
    (faults,) = import_incidents(store, path, act(at=NOW), "dispatcher", ImportOptions()).faults.values()
    assert [fault.code for fault in faults] == ["incident_import_id_other"]
