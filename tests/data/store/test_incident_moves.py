"""What is moved to another place is seen there and no longer where it was, with all that belongs to it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from data.store import SqlStore
from data.store.examine_incidents import wrong_incidents
from data.store.rooms.incident_cards import LEFT, DeskEvent, Ground
from gis.errors import Conflict, NotFound
from tests.incident_kit import NOW, new_incident, put_unit
from tests.postgis import postgis_server
from tests.service_town import FIRST, SECOND, middle, put_town
from tests.stores import act, embedded_store, migrated_file, migrated_server, postgis_store, store

__all__ = ["embedded_store", "migrated_file", "migrated_server", "postgis_server", "postgis_store", "store"]
COUNTY = FIRST[:6]


def take_in(store: SqlStore) -> str:
    """An incident of the first community that a department has."""
    with store.write(act(at=NOW)) as tx:
        new = new_incident(middle("A"), Ground(COUNTY, FIRST, f"{FIRST}A"), NOW)
        id = tx.incidents.add(new, "dispatcher")[0].id
        for state in ("assessed", "assigned"):
            body = "城管中队" if state == "assigned" else None
            tx.incidents.step(id, state, "dispatcher", happened_at=NOW, body=body)
    return id


def move(store: SqlStore, id: str) -> None:
    lon, lat = middle("C")
    with store.write(act(at=NOW, jurisdiction=COUNTY)) as tx:
        tx.incidents.change(id, "dispatcher", lon=lon, lat=lat, place=SECOND, community=SECOND, grid=f"{SECOND}C")


def newest(store: SqlStore) -> DeskEvent:
    with store.read() as tx:
        return tx.stream.since(tx.stream.last() - 1)[0]


def test_one_event_tells_where_it_is_and_what_it_left(store: SqlStore) -> None:
    put_town(store)
    id = take_in(store)
    before = newest(store)
    move(store, id)
    told = newest(store)
    assert (told.number, told.kind, told.place) == (before.number + 1, "incident.changed", SECOND)
    assert (told.data[LEFT], told.data["place"], told.data["revision"]) == (FIRST, SECOND, 4)
    assert LEFT not in before.data
    with store.write(act(at=NOW)) as tx:
        tx.incidents.change(id, "dispatcher", lon=middle("D")[0], lat=middle("D")[1], grid=f"{SECOND}D")
    assert LEFT not in newest(store).data, "within one community nothing is left"


def test_it_is_seen_where_it_is_and_nowhere_else(store: SqlStore) -> None:
    put_town(store)
    id = take_in(store)
    move(store, id)
    with store.read(FIRST) as tx:
        assert tx.incidents.count() == 0
        assert {event.kind for event in tx.stream.since(0)} == {"incident.received", "incident.step"}
        with pytest.raises(NotFound, match="incident_unknown"):
            tx.incidents.history(id)
    with store.read(SECOND) as tx:
        assert [card.id for card in tx.incidents.cards()] == [id]
        assert [event.kind for event in tx.incidents.history(id)] == ["incident.changed"]
    with store.read(COUNTY) as tx:
        assert len(tx.incidents.history(id)) == 4


def test_who_answers_for_it_is_known_there_and_can_be_relieved(store: SqlStore) -> None:
    put_town(store)
    id = take_in(store)
    move(store, id)
    with store.write(act(at=NOW, jurisdiction=SECOND)) as tx:
        responsible = tx.incidents.responsible(id)
        assert responsible is not None
        assert responsible.body == "城管中队"
        for state in ("dispatched", "arrived", "feedback", "verified"):
            tx.incidents.step(id, state, "dispatcher", happened_at=NOW)
    with store.read() as tx:
        assert tx.incidents.responsible(id) is None
        assert list(wrong_incidents(tx)) == []


def test_a_unit_that_belongs_elsewhere_from_now_on_leaves_where_it_was(store: SqlStore) -> None:
    put_town(store)
    unit = put_unit(store, "car-1", middle("A"), place=FIRST)
    assert LEFT not in newest(store).data
    with store.write(act(at=NOW)) as tx:
        tx.units.put(replace(unit, place=SECOND), "admin")
    told = newest(store)
    assert (told.kind, told.place, told.data[LEFT]) == ("unit.changed", SECOND, FIRST)


def test_an_id_that_a_unit_of_elsewhere_has_is_refused_and_that_unit_stays_as_it_is(store: SqlStore) -> None:
    put_town(store)
    unit = put_unit(store, "car-1", middle("A"), place=FIRST)
    with store.write(act(at=NOW, jurisdiction=SECOND)) as tx, pytest.raises(Conflict, match="unit_id_used"):
        tx.units.put(replace(unit, place=SECOND, name="other"), "admin")
    with store.read() as tx:
        assert tx.units.card("car-1") == unit


@pytest.mark.parametrize("place", [COUNTY, SECOND])
def test_who_ends_an_incident_frees_the_unit_of_elsewhere_that_had_it(store: SqlStore, place: str) -> None:
    put_town(store)
    with store.write(act(at=NOW)) as tx:
        id = tx.incidents.add(new_incident(middle("A"), Ground(COUNTY, FIRST, f"{FIRST}A"), NOW), "dispatcher")[0].id
    put_unit(store, "car", middle("C"), at=NOW, place=place)
    with store.write(act(at=NOW, jurisdiction=COUNTY)) as tx:
        for state in ("assessed", "assigned", "dispatched", "arrived", "feedback"):
            tx.incidents.step(id, state, "dispatcher", happened_at=NOW, unit="car" if state == "assigned" else None)
        assert tx.units.card("car").status == "busy"
    with store.write(act(at=NOW, jurisdiction=FIRST)) as tx:
        tx.incidents.step(id, "verified", "reviewer", happened_at=NOW)
        assert tx.jurisdiction == FIRST
        assert tx.units.find("car") is None
    with store.read(COUNTY) as tx:
        assert (tx.units.card("car").status, tx.incidents.card(id).unit) == ("available", None)
