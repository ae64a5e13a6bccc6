"""Messages of CAP in the store: kept once with their incident, seen where it is, in backups, looked at by doctor."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import DBAPIError, ProgrammingError

from api.usecases import backup_store, restore_store
from api.usecases.incident_cap import hear
from api.usecases.incident_ground import IncidentGround
from data.files.cap import read_cap
from data.store import SqlStore, open_store
from data.store.backup import table_sums
from data.store.examine_incidents import wrong_incidents
from data.store.rooms.cap_messages import TakenMessage
from data.store.rooms.incident_cards import Ground, IncidentCard
from data.store.tables.incidents import cap_messages, incidents
from gis.errors import NotFound
from tests.api.test_incident_cap import message
from tests.incident_kit import NOW, new_incident
from tests.service_town import FIRST, SECOND, middle, put_town
from tests.stores import act

COUNTY, OTHER = FIRST[:6], "330411"
MINUTE = timedelta(minutes=1)


def incident(store: SqlStore, community: str = FIRST, external: str = "") -> IncidentCard:
    facts = {"source": "cap", "external": external} if external else {}
    with store.write(act(at=NOW)) as tx:
        new = new_incident(middle("A"), Ground(community[:6], community), NOW - 9 * MINUTE, **facts)
        return tx.incidents.add(new, "dispatcher")[0]


def keep(store: SqlStore, card: IncidentCard, name: str, sent: datetime = NOW, kind: str = "Update") -> bool:
    with store.write(act(at=NOW, jurisdiction=card.place)) as tx:
        return tx.cap_messages.record(card, name, kind, sent)


def known(store: SqlStore, *names: str, jurisdiction: str = "") -> list[TakenMessage]:
    with store.read(jurisdiction) as tx:
        return tx.cap_messages.known_as(names)


def test_a_message_is_kept_once_and_found_by_what_it_is_known_by(store: SqlStore) -> None:
    card = incident(store)
    assert [keep(store, card, "U1~aa") for _ in range(2)] == [True, False]
    assert known(store, "U1~aa", "U1~bb") == [TakenMessage(card.id, "U1~aa", "Update", NOW)]
    assert known(store, "U1~aa")[0].identifier == "U1"
    others = (("U1~bb", NOW, "Update"), ("U1~aa", NOW, "Cancel"), ("U1~aa", NOW + MINUTE, "Update"))
    assert [keep(store, card, *one) for one in others] == [True] * 3
    assert len(known(store, "U1~aa", "U1~aa")) == 3
    assert known(store, *(f"none{k}" for k in range(1200)), "U1~bb")[0].external == "U1~bb"
    assert known(store) == []


def test_the_newest_is_the_one_sent_last_and_an_alert_is_none(store: SqlStore) -> None:
    card, other = incident(store), incident(store)
    for name, minutes, kind in (("A", 9, "Alert"), ("U1", 1, "Update"), ("U3", 3, "Update"), ("C2", 2, "Cancel")):
        with store.read() as tx:
            assert (tx.cap_messages.newest(card.id) is None) == (name in ("A", "U1"))
        keep(store, card, f"{name}~aa", NOW + minutes * MINUTE, kind)
    keep(store, other, "U9~aa", NOW + 9 * MINUTE)
    with store.read() as tx:
        assert tx.cap_messages.newest(card.id) == TakenMessage(card.id, "U3~aa", "Update", NOW + 3 * MINUTE)
    with store.read(OTHER) as tx:
        assert tx.cap_messages.newest(card.id) is None


def test_an_incident_without_messages_is_known_by_its_alert(store: SqlStore) -> None:
    card = incident(store, external="A1~aa")
    incident(store)
    assert known(store, "A1~aa", "A1~bb") == [TakenMessage(card.id, "A1~aa", "Alert", card.received_at)]
    assert known(store, "A1~aa", jurisdiction=OTHER) == []


def test_a_message_is_seen_from_around_its_incident_and_not_from_outside(store: SqlStore) -> None:
    keep(store, incident(store), "U1~aa")
    for inside in ("", "33", COUNTY, FIRST):
        assert len(known(store, "U1~aa", jurisdiction=inside)) == 1
    for outside in (OTHER, SECOND, "44"):
        assert known(store, "U1~aa", jurisdiction=outside) == []


def test_it_goes_where_its_incident_goes(store: SqlStore) -> None:
    card = incident(store)
    keep(store, card, "U1~aa")
    with store.write(act(at=NOW, jurisdiction=COUNTY)) as tx:
        tx.incidents.change(card.id, "dispatcher", place=SECOND, community=SECOND)
    assert known(store, "U1~aa", jurisdiction=FIRST) == []
    assert len(known(store, "U1~aa", jurisdiction=SECOND)) == 1
    with store.read() as tx:
        assert list(wrong_incidents(tx)) == []


def test_the_same_message_of_two_counties_is_each_one_s_own(store: SqlStore) -> None:
    cards = [incident(store, community) for community in (FIRST, f"{OTHER}001001")]
    for card in cards:
        assert keep(store, card, "U1~aa")
        assert [one.incident for one in known(store, "U1~aa", jurisdiction=card.county)] == [card.id]
    assert {one.incident for one in known(store, "U1~aa")} == {card.id for card in cards}


def test_the_database_itself_shows_and_takes_only_what_lies_inside(postgis_store: SqlStore) -> None:
    for community in (FIRST, SECOND, f"{OTHER}001001"):
        keep(postgis_store, incident(postgis_store, community), "U1~aa")

    def seen(prefix: str) -> int:
        with postgis_store.engine.begin() as connection:
            connection.execute(text("select set_config('gw.jurisdiction', :p, true)"), {"p": prefix})
            return int(connection.execute(text("select count(*) from cap_messages")).scalar_one())

    assert [seen(p) for p in ("*", COUNTY, FIRST, OTHER, "44", "")] == [3, 2, 1, 1, 0, 0]
    with postgis_store.engine.connect() as connection:
        connection.execute(text("select set_config('gw.jurisdiction', :p, true)"), {"p": COUNTY})
        with pytest.raises(ProgrammingError, match="row-level security"):
            connection.execute(text(f"update cap_messages set place = '{OTHER}'"))


def test_the_database_itself_keeps_no_other_kind_of_message(store: SqlStore) -> None:
    card = incident(store)
    with pytest.raises(Exception, match="store_") as caught:
        keep(store, card, "U1~aa", kind="Ack")
    assert isinstance(caught.value.__cause__, DBAPIError)


def said(name: str, before: str = "", **facts: str) -> str:
    references = f"ops@example.org,{before},2026-11-22T15:30:00+08:00" if before else ""
    return message(identifier=name, references=references, type="Update" if before else "Alert", **facts)


def test_a_message_is_kept_in_the_transaction_of_what_it_does_and_its_sender_is_not(store: SqlStore) -> None:
    put_town(store)
    ground = IncidentGround(store)

    def rows() -> list[tuple[str, ...]]:
        with store.read() as tx:
            c = cap_messages.c
            wanted = select(c.incident, c.external, c.message, c.county, c.place).order_by(c.recorded_at, c.external)
            return [tuple(row) for row in tx.connection.execute(wanted)]

    def take(words: str, *, minutes: int = 0, jurisdiction: str = FIRST, stumbles: bool = False) -> None:
        with store.write(act(at=NOW + minutes * MINUTE, jurisdiction=jurisdiction)) as tx:
            told = hear(tx, ground, read_cap(words.encode()), "dispatcher")
            assert told.is_new or told.is_changed
            if stumbles:
                raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError, match="in the middle"):
        take(said("A1"), stumbles=True)
    assert rows() == []
    take(said("A1"))
    take(said("U2", "A1", event="火灾"), minutes=1)
    marks = [read_cap(said(name).encode()).external for name in ("A1", "U2")]
    assert rows() == [("i1", mark, kind, COUNTY, FIRST) for mark, kind in zip(marks, ("Alert", "Update"))]
    with pytest.raises(RuntimeError, match="in the middle"):
        take(said("U3", "U2", severity="Minor"), stumbles=True)
    assert len(rows()) == 2
    with pytest.raises(NotFound, match="cap_reference_unknown"):
        take(said("U3", "U2"), jurisdiction=OTHER)
    with store.read() as tx:
        assert "example" not in str(tx.connection.execute(select(cap_messages)).all())


def test_doctor_finds_messages_whose_incident_is_lost_or_elsewhere(store: SqlStore) -> None:
    card = incident(store)
    for number in range(2):
        keep(store, card, f"U{number}~aa")

    def found() -> list[tuple[str, object]]:
        with store.read() as tx:
            return [(fault.code, fault.facts["measured"]) for fault in wrong_incidents(tx)]

    assert found() == []
    with store.write(act()) as tx:
        tx.connection.execute(update(cap_messages).values(place=SECOND))
    assert found() == [("doctor_cap_messages", 2)]
    with store.write(act()) as tx:
        tx.connection.execute(update(cap_messages).values(place=FIRST))
    assert found() == []
    with store.write(act()) as tx:
        tx.connection.execute(delete(incidents))
    assert ("doctor_cap_messages", 2) in found()


def test_messages_are_part_of_a_backup(store: SqlStore, tmp_path: Path) -> None:
    card = incident(store)
    keep(store, card, "U1~aa")
    with store.read() as tx:
        before = table_sums(tx)
    backup_store(store, tmp_path / "a.backup", now=act().at)
    restore_store(tmp_path / "a.backup", f"sqlite:///{tmp_path / 'second.db'}", act())
    other = open_store(f"sqlite:///{tmp_path / 'second.db'}")
    try:
        with other.read() as tx:
            assert table_sums(tx)["cap_messages"] == before["cap_messages"]
        assert known(other, "U1~aa") == known(store, "U1~aa") != []
        assert keep(other, card, "U1~aa") is False
    finally:
        other.close()
