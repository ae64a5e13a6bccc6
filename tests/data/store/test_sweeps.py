"""Sweeps of buildings: recorded once each, corrected, withdrawn and taken back, added up, seen from around."""

from __future__ import annotations

import dataclasses
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import DBAPIError, ProgrammingError

from api.usecases import backup_store, restore_store
from data.store import SqlStore, open_store
from data.store.backup import table_sums
from data.store.rooms.sweeps import NewSweep, StaleSweep, SweepCard, SweepWanted
from data.store.tables.sweeps import sweeps
from gis.errors import Conflict, NotFound
from partition.incidents.sweeps import SweepFigures
from tests.data.store.kit import town
from tests.stores import act
from tests.sweep_kit import BEGAN, COUNTY, GUANGMING, N_HELD, RATIOS, guangming, new_sweep

FIRST, SECOND, ELSEWHERE = f"{COUNTY}001001", f"{COUNTY}001002", f"{COUNTY}002001"
OTHER = "330411"
DAY = timedelta(days=1)


def added(store: SqlStore, *new: NewSweep, jurisdiction: str = "") -> list[tuple[SweepCard, bool]]:
    with store.write(act(jurisdiction=jurisdiction)) as tx:
        return tx.sweeps.add_many(new)


def test_a_sweep_comes_back_as_it_was_told(store: SqlStore) -> None:
    new = new_sweep(community=FIRST, source="patrol-system", external="17")
    [(card, is_new)] = added(store, new)
    assert is_new
    with store.read() as tx:
        assert tx.sweeps.card("s1") == card
    assert {f.name: getattr(card, f.name) for f in dataclasses.fields(new)} == dataclasses.asdict(new)
    assert (card.id, card.place, card.recorded_at, card.withdrawn_at, card.revision) == (
        "s1", FIRST, act().at, None, 1,
    )  # fmt: skip
    [(county, _)] = added(store, new_sweep())
    assert (county.id, county.place, county.community) == ("s2", COUNTY, None)


def test_the_fourteen_sweeps_of_guangming_print_as_its_paper_does(store: SqlStore) -> None:
    added(store, *guangming())
    with store.read() as tx:
        [(place, told)] = tx.sweeps.figures(BEGAN, BEGAN + 60 * DAY).items()
        assert tx.sweeps.count(SweepWanted()) == N_HELD
    assert (place, told) == (COUNTY, SweepFigures(sweeps=N_HELD, **GUANGMING))
    assert (told.buildings_per_sweep, told.problems_per_building) == RATIOS


def test_figures_are_of_what_began_in_a_time_by_place(store: SqlStore) -> None:
    added(store, new_sweep(community=FIRST), new_sweep(community=FIRST, began_at=BEGAN + DAY, ended_at=None),
          new_sweep(community=SECOND), new_sweep(began_at=BEGAN + 2 * DAY, ended_at=None))  # fmt: skip
    with store.read() as tx:
        until = BEGAN + 2 * DAY
        assert {place: one.sweeps for place, one in tx.sweeps.figures(BEGAN, until).items()} == {FIRST: 2, SECOND: 1}
        assert tx.sweeps.figures(BEGAN - DAY, BEGAN) == {}
    with store.read(SECOND) as tx:
        assert list(tx.sweeps.figures(BEGAN, BEGAN + 9 * DAY)) == [SECOND]


def test_the_same_id_of_the_same_source_is_one_sweep(store: SqlStore) -> None:
    one = new_sweep(source="desk", external="a")
    again = dataclasses.replace(one, problems=3)
    first = added(store, one, again, new_sweep(source="desk", external="b"), new_sweep(), new_sweep())
    assert [(card.id, is_new) for card, is_new in first] == [
        ("s1", True), ("s1", False), ("s2", True), ("s3", True), ("s4", True),
    ]  # fmt: skip
    second = added(store, again, new_sweep(source="other", external="a"))
    assert [(card.id, is_new) for card, is_new in second] == [("s1", False), ("s5", True)]
    assert second[0][0].problems == one.problems
    with store.write(act()) as tx:
        n_rows = tx.audit.head()[0]
        tx.sweeps.add_many([again])
        assert tx.audit.head()[0] == n_rows


def test_of_many_that_send_one_sweep_at_once_one_records_it(store: SqlStore) -> None:
    def send(_: int) -> bool:
        own = open_store(store.url.render_as_string(hide_password=False))
        try:
            [(_card, is_new)] = added(own, new_sweep(external="a"))
            return is_new
        finally:
            own.close()

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(send, range(8))) == [False] * 7 + [True]


def test_an_id_that_is_taken_where_one_does_not_see_is_refused_whole(store: SqlStore) -> None:
    added(store, new_sweep(community=FIRST, external="a"))
    with pytest.raises(Conflict, match="sweep_elsewhere"):
        added(store, new_sweep(community=ELSEWHERE), new_sweep(community=ELSEWHERE, external="a"),
              jurisdiction=f"{COUNTY}002")  # fmt: skip
    with store.read() as tx:
        assert tx.sweeps.count(SweepWanted()) == 1


def test_what_is_put_right_has_another_revision_and_both_values_in_the_log(store: SqlStore) -> None:
    added(store, new_sweep(community=FIRST))
    with store.write(act()) as tx:
        card = tx.sweeps.change("s1", problems=41, community=None, revision=1)
        assert (card.problems, card.place, card.revision) == (41, COUNTY, 2)
        assert tx.sweeps.change("s1", problems=41) == card
        entry = tx.audit.entries(after=tx.audit.head()[0] - 1)[0]
        assert (entry.action, entry.subject) == ("sweep.change", "s1")
        assert (entry.before, entry.after) == (
            {"community": FIRST, "problems": 40}, {"community": None, "problems": 41},
        )  # fmt: skip
    with store.read() as tx:
        assert tx.sweeps.card("s1") == card
    with store.write(act()) as tx, pytest.raises(StaleSweep, match="sweep_changed"):
        tx.sweeps.change("s1", problems=1, revision=1)


def test_a_sweep_that_is_withdrawn_counts_nowhere_until_it_is_taken_back(store: SqlStore) -> None:
    added(store, new_sweep(), new_sweep(community=FIRST))
    with store.write(act()) as tx:
        gone = tx.sweeps.withdraw("s1")
        assert gone.withdrawn_at == act().at
        assert tx.sweeps.withdraw("s1") == gone
        assert list(tx.sweeps.figures(BEGAN, BEGAN + DAY)) == [FIRST]
        assert [card.id for card in tx.sweeps.cards(SweepWanted())] == ["s2"]
        assert [card.id for card in tx.sweeps.cards(SweepWanted(is_withdrawn=True))] == ["s1"]
        with pytest.raises(Conflict, match="sweep_withdrawn"):
            tx.sweeps.change("s1", problems=1)
        back = tx.sweeps.restore("s1")
        assert (back.withdrawn_at, back.revision) == (None, 3)
        assert tx.sweeps.restore("s1") == back
        assert sorted(tx.sweeps.figures(BEGAN, BEGAN + DAY)) == [COUNTY, FIRST]
        actions = [entry.action for entry in tx.audit.entries(after=tx.audit.head()[0] - 3)]
        assert actions == ["sweep.add", "sweep.withdraw", "sweep.restore"]
        assert tx.audit.first_broken() is None


def test_the_list_is_newest_first_and_in_pages(store: SqlStore) -> None:
    days = (2, 0, 1, 1, 3)
    added(store, *(new_sweep(began_at=BEGAN + d * DAY, ended_at=None, community=FIRST) for d in days))
    added(store, new_sweep(community=SECOND, began_at=BEGAN + 9 * DAY, ended_at=None), new_sweep())
    mine = SweepWanted(community=FIRST)
    with store.read() as tx:
        assert [card.id for card in tx.sweeps.cards(mine)] == ["s5", "s1", "s4", "s3", "s2"]
        assert [card.id for card in tx.sweeps.cards(mine, limit=2)] == ["s5", "s1"]
        assert [card.id for card in tx.sweeps.cards(mine, after="s1", limit=2)] == ["s4", "s3"]
        some = SweepWanted(BEGAN + DAY, BEGAN + 3 * DAY)
        assert [card.id for card in tx.sweeps.cards(some)] == ["s1", "s4", "s3"]
        assert (tx.sweeps.count(some), tx.sweeps.count(mine), tx.sweeps.count(SweepWanted())) == (3, 5, 7)
        assert tx.sweeps.count(SweepWanted(community=f"{COUNTY}001")) == 6
        for unknown in ("s99", "17", "s", "s-1", "s" + "9" * 30, "s１"):
            with pytest.raises(NotFound, match="sweep_unknown"):
                tx.sweeps.cards(mine, after=unknown)


def test_a_sweep_is_seen_from_around_its_place_and_not_from_outside(store: SqlStore) -> None:
    added(store, new_sweep(community=FIRST), jurisdiction=f"{COUNTY}001")
    for inside in ("", "33", COUNTY, FIRST):
        with store.read(inside) as tx:
            assert tx.sweeps.card("s1").id == "s1"
    for outside in (OTHER, f"{COUNTY}002", SECOND):
        with store.read(outside) as tx:
            assert tx.sweeps.cards(SweepWanted()) == []
            assert tx.sweeps.count(SweepWanted()) == 0
            assert tx.sweeps.figures(BEGAN, BEGAN + DAY) == {}
        with store.write(act(jurisdiction=outside)) as tx:
            for do in (tx.sweeps.withdraw, tx.sweeps.restore, tx.sweeps.card):
                with pytest.raises(NotFound, match="sweep_unknown"):
                    do("s1")
        with pytest.raises(Conflict, match="outside_jurisdiction"):
            added(store, new_sweep(), jurisdiction=outside)
    with store.write(act(jurisdiction=FIRST)) as tx, pytest.raises(Conflict, match="outside_jurisdiction"):
        tx.sweeps.change("s1", community=None)


def test_the_database_itself_shows_and_takes_only_what_lies_inside(postgis_store: SqlStore) -> None:
    added(postgis_store, new_sweep(community=FIRST), new_sweep(), new_sweep(county=OTHER))

    def seen(prefix: str) -> int:
        with postgis_store.engine.begin() as connection:
            connection.execute(text("select set_config('gw.jurisdiction', :p, true)"), {"p": prefix})
            return int(connection.execute(text("select count(*) from sweeps")).scalar_one())

    assert [seen(p) for p in ("*", COUNTY, f"{COUNTY}001", f"{COUNTY}002", OTHER, "44")] == [3, 2, 1, 0, 1, 0]
    with postgis_store.engine.connect() as connection:
        connection.execute(text("select set_config('gw.jurisdiction', :p, true)"), {"p": COUNTY})
        with pytest.raises(ProgrammingError, match="row-level security"):
            connection.execute(text(f"update sweeps set place = '{OTHER}'"))


@pytest.mark.parametrize(
    "wrong", [{"problems": -1}, {"vehicles": -1}, {"ended_at": BEGAN - DAY}], ids=["problems", "vehicles", "times"]
)
def test_the_database_itself_keeps_no_sweep_that_can_not_be(store: SqlStore, wrong: dict[str, object]) -> None:
    row = {f.name: getattr(added(store, new_sweep())[0][0], f.name) for f in dataclasses.fields(SweepCard)}
    with pytest.raises(Exception, match="store_") as caught, store.write(act()) as tx:
        tx.connection.execute(insert(sweeps).values(row | {"number": 9} | wrong))
    assert isinstance(caught.value.__cause__, DBAPIError)


def test_the_county_of_a_community_is_that_of_the_current_land(store: SqlStore) -> None:
    with store.write(act()) as tx:
        tx.territories.save(town(COUNTY), COUNTY)
    with store.read() as tx:
        assert tx.sweeps.counties_of([FIRST, "330402999999"]) == {FIRST: COUNTY}
    with store.read(OTHER) as tx:
        assert tx.sweeps.counties_of([FIRST]) == {}


def test_sweeps_are_part_of_a_backup(store: SqlStore, tmp_path: Path) -> None:
    added(store, *guangming(), new_sweep(community=FIRST, external="a"))
    with store.write(act()) as tx:
        tx.sweeps.withdraw("s3")
        before = table_sums(tx)
    backup_store(store, tmp_path / "a.backup", now=act().at)
    restore_store(tmp_path / "a.backup", f"sqlite:///{tmp_path / 'second.db'}", act())
    other = open_store(f"sqlite:///{tmp_path / 'second.db'}")
    try:
        with other.read() as tx:
            assert table_sums(tx)["sweeps"] == before["sweeps"]
            assert tx.sweeps.card("s3").withdrawn_at == act().at
        [(card, _)] = added(other, new_sweep())
        assert card.id == "s16"
    finally:
        other.close()
