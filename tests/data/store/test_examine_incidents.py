"""Incidents that are not as the program leaves them are found, on both stores; sound ones are called sound."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import delete, update

from data.store import SqlStore
from data.store.examine import ask
from data.store.examine_incidents import wrong_incidents
from data.store.numbers import take_numbers
from data.store.rooms.incident_cards import Ground
from data.store.rooms.stream import put_event
from data.store.rooms.units import UnitCard
from data.store.tables.incidents import incident_events, units
from tests.incident_kit import new_incident
from tests.postgis import postgis_server
from tests.stores import act, embedded_store, migrated_file, migrated_server, postgis_store, store

__all__ = ["embedded_store", "migrated_file", "migrated_server", "postgis_server", "postgis_store", "store"]
NOW = datetime(2026, 11, 20, 2, tzinfo=UTC)
PLACE = (120.7, 30.7)


def found(store: SqlStore) -> list[str]:
    with store.read() as tx:
        return [fault.code for fault in ask(wrong_incidents, tx)]


def test_positions_that_were_dropped_are_no_gap_and_other_events_that_miss_are(store: SqlStore) -> None:
    facts = ("330402", "330402", "车", "patrol", "car", [], "available", NOW, *PLACE, NOW, None, 0, 1)
    with store.write(act(at=NOW)) as tx:
        tx.units.put(UnitCard("car-1", *facts), "admin")
        tx.units.set("car-1", "admin", kind="unit.moved", position_at=NOW)  # 2
    later = NOW.replace(day=21)
    with store.write(act(at=later)) as tx:
        tx.incidents.add(new_incident(PLACE, Ground("330402", "330402015001"), NOW), "dispatcher")  # 3
        tx.units.set("car-1", "admin", kind="unit.moved", position_at=later)  # 4
        tx.incidents.step("i1", "assessed", "dispatcher", happened_at=later)
        tx.incidents.step("i1", "assigned", "dispatcher", happened_at=later, unit="car-1")  # 6, 7
        tx.stream.forget_moves(later)
        put_event(tx, take_numbers(tx, "incident_events"), "incident.repeated", tx.incidents.card("i1"), "dispatcher")
    assert found(store) == []
    with store.write(act()) as tx:
        tx.connection.execute(update(units).values(status="available"))
    assert found(store) == ["doctor_unit_idle"]
    with store.write(act()) as tx:
        tx.connection.execute(update(units).values(status="busy"))
        tx.connection.execute(delete(incident_events).where(incident_events.c.number == 5))
    assert found(store) == ["doctor_incident_events", "doctor_incident_gap"]
