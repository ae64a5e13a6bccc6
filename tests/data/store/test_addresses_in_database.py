"""Names and numbers in PostgreSQL: the same answers as from memory, seen within jurisdictions, made and remade."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from alembic import command
from sqlalchemy import create_engine, func, select, text

from data.migrations import downgrade, state, upgrade, with_config
from data.store import SqlStore, Tx, open_store
from data.store.address_names import DatabaseIndex, edition_of, enough_distance, fill_names, sounds_of
from data.store.backup import table_sums
from data.store.postgis import prepare_trigrams, unfit_for_names
from data.store.tables.addresses import address_editions, address_keys, address_names
from gis.address import AddressIndex, Match, build_index
from gis.address.types import COMMUNITY, ESTATE, STREET
from gis.errors import StorageError
from tests.bench.lookup_city import make_rows
from tests.bench.lookup_forms import further_forms
from tests.bench.lookup_layers import REGION_TEXT, address_table
from tests.bench.lookup_questions import City, twelve_kinds
from tests.postgis import Server
from tests.stores import act, empty_database

COUNTY = "430100"
ROWS = make_rows(4_000, seed=3)
PLACES = [f"{COUNTY}{1 + row % 3:03d}001" for row in range(len(ROWS))]
ODD = [
    "",
    "栋",
    "3",
    "望",
    "'; drop table address_names; --",
    "%_\\",
    "ＡＢＣ",
    "😀望月",
    "𠮷祥里3栋",
    "ааа",
    "--- ---",
    "a" * 1_500,
]


@pytest.fixture(scope="module")
def index() -> AddressIndex:
    return build_index(address_table(ROWS), region=REGION_TEXT)


def filled(store: SqlStore, index: AddressIndex, content: str = "first") -> DatabaseIndex:
    with store.write(act()) as tx:
        edition = fill_names(tx, COUNTY, content, index, PLACES[: len(index)])
    return DatabaseIndex(index.arrays(), index.meta, store, COUNTY, *edition)


def plain(match: Match) -> tuple[object, ...]:
    told = (match.status, match.candidates, match.reasons, match.confidence, match.matched, match.dropped)
    return (*told, match.among.tolist())


def counted(tx: Tx) -> dict[str, int]:
    tables = (address_editions, address_names, address_keys)
    return {t.name: tx.connection.execute(select(func.count()).select_from(t)).scalar_one() for t in tables}


def test_hundreds_of_questions_of_every_kind_are_answered_as_from_memory(
    postgis_store: SqlStore, index: AddressIndex
) -> None:
    city = City(ROWS)
    absent = ["晨曦雅筑", "鹿鸣山庄", "海纳公馆", "月湖新苑"]
    asked = [*twelve_kinds(city, absent, 25), *further_forms(city, 8)]
    there = filled(postgis_store, index)
    assert len(asked) > 450
    statuses = set()
    for question in asked:
        wanted = index.find(question.text)
        assert plain(there.find(question.text)) == plain(wanted), question
        statuses.add(wanted.status)
    assert statuses == {"exact", "building", "street", "ambiguous", "not_found"}


def test_many_at_once_are_answered_like_one_by_one(postgis_store: SqlStore, index: AddressIndex) -> None:
    there = filled(postgis_store, index)
    asked = [question.text for question in twelve_kinds(City(ROWS), ["晨曦雅筑"], 4, seed=11)] + ODD
    together = [plain(match) for match in there.find_many(asked)]
    assert together == [plain(match) for match in index.find_many(asked)]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda one: plain(there.find(one)), asked)) == together


@pytest.fixture
def there(postgis_store: SqlStore, index: AddressIndex) -> DatabaseIndex:
    return filled(postgis_store, index)


def test_no_resembling_name_is_missed_at_any_cost(there: DatabaseIndex, index: AddressIndex) -> None:
    rng = random.Random(5)
    names = [(id, name) for id, name in enumerate(index.names.texts) if len(name) >= 2]
    n_found = 0
    for id, name in rng.sample(names, 60):
        kind = int(index.names.kind[id])
        at = rng.randrange(len(name))
        for asked in (
            name,
            name[:at] + name[at + 1 :],
            name[:at] + "里" + name[at:],
            name[:at] + "安" + name[at + 1 :],
        ):
            for most in (0.5, 1.0, 0.58 * len(asked)):
                wanted = index.names.similar(kind, asked, most, 48)
                assert there.names.similar(kind, asked, most, 48) == wanted, (asked, kind, most)
                n_found += len(wanted)
    assert n_found > 500


def test_homophones_are_the_nearest_neighbours(there: DatabaseIndex) -> None:
    assert sounds_of("望月") == sounds_of("旺悦") != sounds_of("望星")
    assert len(sounds_of("望月小区").split()) == 4
    assert enough_distance(sounds_of("望月小区"), 1.0) < enough_distance(sounds_of("望月小区"), 2.0) < 1.0
    near = there.names.rows(
        "select similarity(%(a)s, %(b)s), similarity(%(a)s, %(c)s)",
        a=sounds_of("望月小区"),
        b=sounds_of("旺悦小区"),
        c=sounds_of("望星小区"),
    )
    assert near[0][0] == 1.0
    assert 0 < near[0][1] < 1


def test_rows_of_names_and_numbers_come_in_the_same_order(there: DatabaseIndex, index: AddressIndex) -> None:
    for kind in (ESTATE, STREET, COMMUNITY):
        ids = np.flatnonzero(np.asarray(index.names.kind) == kind)[:40].tolist()
        assert there.rows_with(kind, ids).tolist() == index.rows_with(kind, ids).tolist()
        numbers = ["3", "1", "12", "A1", "no such number", "2"]
        assert there.rows_with(kind, ids, numbers).tolist() == index.rows_with(kind, ids, numbers).tolist()
        assert there.rows_with(kind, [], numbers).tolist() == []
        assert there.rows_with(kind, ids, ["no such number"]).tolist() == []


def test_the_indexes_are_used_under_row_level_security(there: DatabaseIndex, postgis_store: SqlStore) -> None:
    from data.store import address_names as room

    facts = {"county": COUNTY, "edition": 1, "kind": ESTATE}
    for statement, more, wanted in (
        (room._NEIGHBOURS, {"sounds": sounds_of("望月小区"), "most": 64}, f"{COUNTY}_sounds"),
        (room._SPELLINGS, {"texts": ["望月", "小区"]}, "address_names_430100_pkey"),
        (room._ROWS_OF_NUMBERS, {"names": [1], "numbers": [2]}, "address_keys_430100_pkey"),
    ):
        with postgis_store.read() as tx:
            raw = tx.connection.connection.driver_connection
            assert raw is not None
            said = "\n".join(row[0] for row in raw.execute(f"explain {statement}", {**facts, **more}))
        assert wanted in said, said
        assert "Seq Scan" not in said


def test_a_place_sees_its_own_rows_and_a_stranger_nothing(there: DatabaseIndex, postgis_store: SqlStore) -> None:
    n_keys = {}
    for prefix in ("", COUNTY, f"{COUNTY}001", f"{COUNTY}001001", "4401", "55"):
        with postgis_store.read(prefix) as tx:
            n_keys[prefix] = counted(tx)
    assert n_keys[""] == n_keys[COUNTY]
    assert n_keys[f"{COUNTY}001"] == n_keys[f"{COUNTY}001001"]
    assert 0 < n_keys[f"{COUNTY}001"]["address_keys"] < n_keys[""]["address_keys"]
    assert n_keys[f"{COUNTY}001"]["address_names"] == n_keys[""]["address_names"]
    assert set(n_keys["4401"].values()) == set(n_keys["55"].values()) == {0}


def test_what_is_there_is_not_filled_again_and_the_edition_before_goes_on_answering(
    postgis_store: SqlStore, index: AddressIndex
) -> None:
    first = filled(postgis_store, index)
    with postgis_store.read() as tx:
        assert edition_of(tx, COUNTY, "second") is None
        once = counted(tx)
    filled(postgis_store, index)
    with postgis_store.read() as tx:
        assert counted(tx) == once
    smaller = build_index(address_table(ROWS[:2_000]), region=REGION_TEXT)
    second = filled(postgis_store, smaller, "second")
    asked = [question.text for question in twelve_kinds(City(ROWS), ["晨曦雅筑"], 2, seed=4)]
    assert [plain(first.find(one)) for one in asked] == [plain(index.find(one)) for one in asked]
    assert [plain(second.find(one)) for one in asked] == [plain(smaller.find(one)) for one in asked]
    third = filled(postgis_store, smaller, "third")
    with postgis_store.read() as tx:
        assert counted(tx)["address_editions"] == 2
        assert edition_of(tx, COUNTY, "first") is None
        assert edition_of(tx, COUNTY, "second") is not None
    assert plain(third.find(asked[0])) == plain(smaller.find(asked[0]))


def test_two_that_fill_at_once_fill_once(postgis_store: SqlStore, index: AddressIndex) -> None:
    def fill(_: int) -> tuple[int, int]:
        with postgis_store.write(act()) as tx:
            return fill_names(tx, COUNTY, "same", index, PLACES)

    with ThreadPoolExecutor(3) as pool:
        assert len(set(pool.map(fill, range(3)))) == 1
    with postgis_store.read() as tx:
        assert counted(tx)["address_editions"] == 1


def test_a_very_long_text_is_answered_as_from_memory(there: DatabaseIndex, index: AddressIndex) -> None:
    rng = random.Random(9)
    for n in (40, 300, 1_900):
        asked = "".join(chr(rng.randrange(0x4E00, 0x9000)) for _ in range(n)) + "3栋"
        assert plain(there.find(asked)) == plain(index.find(asked))


def test_tables_that_are_filled_go_and_come_back_and_are_no_part_of_a_backup(
    postgis_store: SqlStore, index: AddressIndex
) -> None:
    url = postgis_store.url.render_as_string(hide_password=False)
    with postgis_store.read() as tx:
        before = table_sums(tx)
    filled(postgis_store, index)
    with postgis_store.read() as tx:
        after = table_sums(tx)
    assert {name for name in after if after[name] != before[name]} == {"counters"}
    assert "address_names" not in after
    with_config(url, command.check)
    postgis_store.close()
    downgrade(url, "0003")
    assert state(url) == "behind"
    upgrade(url)
    asked = twelve_kinds(City(ROWS), ["晨曦雅筑"], 1)[4].text
    assert plain(filled(postgis_store, index).find(asked)) == plain(index.find(asked))


@pytest.mark.parametrize("county", ["a'; drop", "网格县", "", "AB"])
def test_a_county_of_any_name_is_filled(postgis_store: SqlStore, index: AddressIndex, county: str) -> None:
    with postgis_store.write(act()) as tx:
        edition = fill_names(tx, county, "first", index, PLACES)
    there = DatabaseIndex(index.arrays(), index.meta, postgis_store, county, *edition)
    asked = twelve_kinds(City(ROWS), ["晨曦雅筑"], 1)[3].text
    assert plain(there.find(asked)) == plain(index.find(asked))


def test_without_addresses_nothing_is_found(postgis_store: SqlStore) -> None:
    empty = build_index(address_table([]), region=REGION_TEXT)
    there = filled(postgis_store, empty)
    assert [plain(m) for m in there.find_many(["望月小区3栋", *ODD])] == [
        plain(m) for m in empty.find_many(["望月小区3栋", *ODD])
    ]


# -- servers that can not


def test_a_database_in_the_c_locale_is_refused_by_what_it_does(postgis_server: Server) -> None:
    admin = create_engine(postgis_server.address, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        for name, locale in (("gw_c", "C"), ("gw_c_utf8", "C.UTF-8")):
            connection.execute(text(f"create database {name} template template0 encoding 'UTF8' locale '{locale}'"))
        try:
            said = {}
            for name in ("gw_c", "gw_c_utf8"):
                inside = create_engine(postgis_server.address.set(database=name))
                with inside.begin() as c:
                    assert [fault.code for fault in unfit_for_names(c)] == ["server_trigrams_missing"]
                    try:
                        prepare_trigrams(c)
                        said[name] = "good"
                    except StorageError as error:
                        said[name] = error.code
                        same = c.execute(text("select similarity('望月小区3栋', '银盆岭3栋')")).scalar_one()
                        assert same == 1  # two estates are one to it
                inside.dispose()
            assert said == {"gw_c": "server_locale_c", "gw_c_utf8": "good"}
        finally:
            for name in ("gw_c", "gw_c_utf8"):
                connection.execute(text(f"drop database {name} with (force)"))
    admin.dispose()


def test_a_role_that_may_not_make_the_extension_has_the_tables_and_is_told_the_one_line(
    postgis_server: Server, index: AddressIndex
) -> None:
    with empty_database(postgis_server) as address:
        admin = create_engine(postgis_server.address.set(database=address.database), isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.execute(text("create extension if not exists btree_gist"))
            connection.execute(text("drop extension if exists pg_trgm"))
            connection.execute(text(f"alter database {address.database} owner to {postgis_server.address.username}"))
            connection.execute(text(f"grant create, usage on schema public to {address.username}"))
        url = address.render_as_string(hide_password=False)
        upgrade(url)
        assert state(url) == "current"
        store = open_store(url)
        try:
            with pytest.raises(StorageError) as caught, store.write(act()) as tx:
                fill_names(tx, COUNTY, "first", index, PLACES)
            assert caught.value.code == "server_trigrams_missing"
            assert caught.value.facts == {"measured": "pg_trgm"}
            with store.read() as tx:
                assert counted(tx) == {"address_editions": 0, "address_names": 0, "address_keys": 0}
            with admin.connect() as connection:
                connection.execute(text("create extension pg_trgm"))
            asked = twelve_kinds(City(ROWS), ["晨曦雅筑"], 1)[0].text
            assert plain(filled(store, index).find(asked)) == plain(index.find(asked))
        finally:
            store.close()
            with admin.connect() as connection:
                connection.execute(text(f"alter database {address.database} owner to {address.username}"))
            admin.dispose()
