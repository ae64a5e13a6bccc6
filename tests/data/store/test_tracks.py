"""Judged tracks: kept once each, seen within a jurisdiction, in the log and in a backup."""

from __future__ import annotations

import dataclasses
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, ProgrammingError

from api.usecases import backup_store, restore_store
from data.store import SqlStore, open_store
from data.store.backup import table_sums
from data.store.examine import ask, orphans
from data.store.rooms.tracks import TrackFigures, TrackKey, track_id
from gis.errors import Conflict, NotFound
from tests.data.store.kit import plan, town
from tests.stores import act

HERE, THERE = "330402", "330411"
FIGURES = TrackFigures(fixes=900, used=880, hours=2.5, km=6.4, planned_m=4900.0, covered_m=4700.5)
REPORT = {"missed": [{"street": "文昌路", "length_m": 199.5}], "links": {"s1#2": [[0.0, 12.5]]}, "blind": []}


def saved_plan(store: SqlStore, county: str = HERE, x: float = 520_000) -> str:
    territory = town(county, x=x)
    with store.write(act()) as tx:
        ground = tx.territories.save(territory, county).id
        return tx.plans.save(plan(territory), territory_id=ground, name=county).id


def key_of(plan: str, number: int = 1, *, county: str = HERE, half: str = "am", day: str = "2026-11-22") -> TrackKey:
    grid = f"{county}001001001"
    return TrackKey(plan, 1, grid, f"{grid}-{number}", "foot", day, half)


def added(store: SqlStore, key: TrackKey, content: bytes = b"gpx", *, jurisdiction: str = "", hour: int = 8) -> str:
    moment = datetime(2026, 11, 22, hour, tzinfo=UTC)
    with store.write(act(jurisdiction=jurisdiction, at=moment)) as tx:
        id = track_id(key, content)
        card, _ = tx.tracks.add(id, key, FIGURES, REPORT, county=key.grid[:6], community=key.grid[:12])
    return card.id


def test_a_track_comes_back_as_it_was_added(store: SqlStore) -> None:
    key = key_of(saved_plan(store))
    id = added(store, key)
    with store.read() as tx:
        card = tx.tracks.card(id)
        assert tx.tracks.report(id) == REPORT
    for said in (key, FIGURES):
        assert {f.name: getattr(card, f.name) for f in dataclasses.fields(said)} == dataclasses.asdict(said)
    assert card.received_at == datetime(2026, 11, 22, 8, tzinfo=UTC)


def test_a_track_without_times_has_no_hours(store: SqlStore) -> None:
    key = key_of(saved_plan(store))
    with store.write(act()) as tx:
        figures = dataclasses.replace(FIGURES, hours=None)
        card, is_new = tx.tracks.add("t1", key, figures, REPORT, county=HERE, community=key.grid[:12])
    assert is_new
    assert card.hours is None


def test_the_same_file_sent_twice_is_one_track_and_one_row_of_the_log(store: SqlStore) -> None:
    key = key_of(saved_plan(store))
    first = added(store, key)
    with store.write(act()) as tx:
        n_rows, last = tx.audit.head()[0], tx.outbox.last()
        card, is_new = tx.tracks.add(first, key, FIGURES, {}, county=HERE, community=key.grid[:12])
        assert (card.id, is_new) == (first, False)
        assert (tx.audit.head()[0], tx.outbox.last()) == (n_rows, last)
        assert tx.tracks.report(first) == REPORT
    assert added(store, key, b"another file") != first
    assert added(store, dataclasses.replace(key, half="pm")) != first
    assert added(store, dataclasses.replace(key, revision=2)) != first
    with store.read() as tx:
        assert len(tx.tracks.cards()) == 4


def test_of_many_that_send_one_file_at_once_one_adds_it(store: SqlStore) -> None:
    key = key_of(saved_plan(store))
    id = track_id(key, b"gpx")

    def send(_: int) -> bool:
        own = open_store(store.url.render_as_string(hide_password=False))
        try:
            with own.write(act()) as tx:
                return tx.tracks.add(id, key, FIGURES, REPORT, county=HERE, community=key.grid[:12])[1]
        finally:
            own.close()

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(send, range(8))) == [False] * 7 + [True]


def test_adding_is_in_the_log_and_among_the_events_of_its_place(store: SqlStore) -> None:
    key = key_of(saved_plan(store))
    id = added(store, key)
    with store.read() as tx:
        entry = tx.audit.entries(after=tx.audit.head()[0] - 1)[0]
        event = tx.outbox.since(tx.outbox.last() - 1)[0]
        assert tx.audit.first_broken() is None
    assert (entry.action, entry.subject, entry.place) == ("track.add", id, key.grid[:12])
    assert entry.after is not None
    assert entry.after["route"] == key.route
    assert (event.kind, event.subject, event.payload["grid"]) == ("track.added", id, key.grid)


def test_the_list_is_by_grid_and_day_the_newest_first_and_in_pages(store: SqlStore) -> None:
    plan_id = saved_plan(store)
    ids = [added(store, key_of(plan_id, n, day=f"2026-11-2{n}"), hour=n) for n in range(1, 6)]
    with store.read() as tx:
        assert [c.id for c in tx.tracks.cards()] == ids[::-1]
        assert [c.id for c in tx.tracks.cards(limit=2)] == [ids[4], ids[3]]
        assert [c.id for c in tx.tracks.cards(after=ids[3], limit=2)] == [ids[2], ids[1]]
        assert [c.id for c in tx.tracks.cards(first="2026-11-22", last="2026-11-23")] == [ids[2], ids[1]]
        assert [c.id for c in tx.tracks.cards(plan=plan_id, grid=f"{HERE}001001001")] == ids[::-1]
        assert tx.tracks.cards(grid="none") == []
        assert tx.tracks.cards(plan="none") == []
        with pytest.raises(NotFound, match="track_unknown"):
            tx.tracks.cards(after="none")


def test_a_track_is_seen_from_around_its_community_and_not_from_outside(store: SqlStore) -> None:
    key = key_of(saved_plan(store))
    id = added(store, key, jurisdiction=f"{HERE}001")
    for inside in ("", "33", HERE, f"{HERE}001001"):
        with store.read(inside) as tx:
            assert tx.tracks.card(id).id == id
    for outside in (THERE, f"{HERE}002"):
        with store.read(outside) as tx:
            assert tx.tracks.cards() == []
            for ask in (tx.tracks.card, tx.tracks.report):
                with pytest.raises(NotFound, match="track_unknown"):
                    ask(id)
        with pytest.raises(Conflict, match="outside_jurisdiction"):
            added(store, key, b"other", jurisdiction=outside)


def test_the_database_itself_shows_and_takes_only_what_lies_inside(postgis_store: SqlStore) -> None:
    here = saved_plan(postgis_store)
    there = saved_plan(postgis_store, THERE, 540_000)
    added(postgis_store, key_of(here))
    added(postgis_store, key_of(there, county=THERE))

    def seen(prefix: str) -> int:
        with postgis_store.engine.begin() as connection:
            connection.execute(text("select set_config('gw.jurisdiction', :p, true)"), {"p": prefix})
            return int(connection.execute(text("select count(*) from patrol_tracks")).scalar_one())

    assert [seen(p) for p in ("*", HERE, f"{HERE}001", f"{HERE}002", THERE, "44")] == [2, 1, 1, 0, 1, 0]
    for part in (f"patrol_tracks_{HERE}", f"patrol_tracks_{THERE}"):
        with postgis_store.engine.begin() as connection:
            connection.execute(text("select set_config('gw.jurisdiction', '*', true)"))
            assert connection.execute(text(f"select count(*) from {part}")).scalar_one() == 0
    with postgis_store.engine.connect() as connection:
        connection.execute(text("select set_config('gw.jurisdiction', :p, true)"), {"p": HERE})
        with pytest.raises(ProgrammingError, match="row-level security"):
            connection.execute(text(f"update patrol_tracks set place = '{THERE}001001'"))


def test_only_known_halves_and_modes_are_kept(store: SqlStore) -> None:
    key = key_of(saved_plan(store))
    for wrong in ({"half": "noon"}, {"mode": "boat"}):
        with pytest.raises(Exception, match="store_") as caught:
            added(store, dataclasses.replace(key, **wrong))
        assert isinstance(caught.value.__cause__, DBAPIError)


def test_tracks_of_long_ago_can_be_forgotten_within_a_jurisdiction(store: SqlStore) -> None:
    plan_id = saved_plan(store)
    for n in range(1, 5):
        added(store, key_of(plan_id, n, day=f"2026-11-0{n}"))
    with store.write(act(jurisdiction=f"{HERE}002")) as tx:
        assert tx.tracks.forget_before("2026-11-03") == 0
    with store.write(act()) as tx:
        assert tx.tracks.forget_before("2026-11-03") == 2
        assert sorted(c.day for c in tx.tracks.cards()) == ["2026-11-03", "2026-11-04"]
        assert tx.audit.entries(after=tx.audit.head()[0] - 1)[0].action == "track.forget"


def test_tracks_are_part_of_a_backup_and_the_store_is_sound_with_them(store: SqlStore, tmp_path: Path) -> None:
    id = added(store, key_of(saved_plan(store)))
    with store.read() as tx:
        before = table_sums(tx)
        assert "patrol_tracks" in before
        assert ask(orphans, tx) == ()
    backup_store(store, tmp_path / "a.backup", now=act().at)
    restore_store(tmp_path / "a.backup", f"sqlite:///{tmp_path / 'second.db'}", act())
    other = open_store(f"sqlite:///{tmp_path / 'second.db'}")
    try:
        with other.read() as tx:
            assert table_sums(tx) == before
            assert tx.tracks.report(id) == REPORT
    finally:
        other.close()


def test_a_track_whose_plan_is_not_there_is_told(store: SqlStore) -> None:
    added(store, key_of("p000000000000"))
    with store.read() as tx:
        assert [(f.code, f.facts["layer"]) for f in ask(orphans, tx)] == [("doctor_orphans", "patrol_tracks")]


def test_no_column_holds_a_name_of_a_person_or_a_fix(store: SqlStore) -> None:
    from data.store.tables.tracks import patrol_tracks

    assert not {"who", "name", "device", "account", "points", "geom", "shape"} & set(patrol_tracks.c.keys())
