"""What only PostgreSQL can have wrong or right: locale, extensions, account, parts by county, use of its indexes."""

from __future__ import annotations

import numpy as np
import pytest
from sqlalchemy import create_engine, text

from data.migrations import state, upgrade
from data.store import SqlStore
from data.store.postgis import unfit
from gis.errors import StorageError
from tests.data.store.kit import town
from tests.postgis import Server
from tests.stores import act, empty_database


def test_a_good_server_has_no_faults_and_a_superuser_is_told(postgis_store: SqlStore, postgis_server: Server) -> None:
    with postgis_store.read() as tx:
        assert unfit(tx.connection) == ()
    admin = create_engine(postgis_server.address.set(database=postgis_store.url.database))
    with admin.begin() as connection:
        assert [fault.code for fault in unfit(connection)] == ["server_role_sees_all"]
        connection.execute(text("drop extension pg_trgm"))
        connection.execute(text("alter function geometry_overlaps(geometry, geometry) not leakproof"))
    admin.dispose()
    with postgis_store.read() as tx:
        assert [fault.code for fault in unfit(tx.connection)] == ["server_trigrams_missing", "server_windows_slow"]


def test_a_database_in_the_c_locale_is_told(postgis_server: Server) -> None:
    admin = create_engine(postgis_server.address, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text("create database gw_in_c template template0 encoding 'UTF8' locale 'C'"))
        connection.execute(text("create database gw_in_latin template template0 encoding 'LATIN1' locale 'C'"))
        try:
            inside = create_engine(postgis_server.address.set(database="gw_in_c"))
            with inside.begin() as c:
                c.execute(text("create extension pg_trgm"))
                assert "server_locale_c" in [fault.code for fault in unfit(c)]
            inside.dispose()
            inside = create_engine(postgis_server.address.set(database="gw_in_latin"))
            with inside.begin() as c:
                assert "server_not_utf8" in [fault.code for fault in unfit(c)]
            inside.dispose()
        finally:
            connection.execute(text("drop database gw_in_c with (force)"))
            connection.execute(text("drop database gw_in_latin with (force)"))
    admin.dispose()


def test_an_extension_that_the_account_may_not_make_is_named_with_the_remedy(postgis_server: Server) -> None:
    with empty_database(postgis_server) as address:
        admin = create_engine(postgis_server.address.set(database=address.database))
        with admin.begin() as connection:
            connection.execute(text("drop extension postgis cascade"))
        admin.dispose()
        url = address.render_as_string(hide_password=False)
        with pytest.raises(StorageError) as caught:
            upgrade(url)
        assert caught.value.code == "store_extension_missing"
        assert caught.value.facts["allowed"] == "create extension postgis"
        assert state(url) == "empty"


def test_a_county_of_any_name_gets_a_part_of_its_own(postgis_store: SqlStore) -> None:
    names = ["330402", "ab", "AB", "a'; drop", "网格县", ""]
    with postgis_store.write(act()) as tx:
        for number, county in enumerate(names):
            tx.territories.save(town(county, version=number), county)
    with postgis_store.read() as tx:
        parts = tx.connection.execute(
            text("select inhrelid::regclass::text from pg_inherits where inhparent = 'layer_buildings'::regclass")
        )
        # "" and what shares nothing: two communities whose codes begin alike are the county's own part.
        assert len(set(parts.scalars())) == len({card.county for card in tx.territories.cards()})
        for card in tx.territories.cards():
            assert tx.territories.load(card.id).content_hash() == card.content_hash


def test_a_question_that_names_its_county_reads_that_part_alone(postgis_store: SqlStore) -> None:
    with postgis_store.write(act()) as tx:
        for number in range(4):
            tx.territories.save(town(f"33040{number}", version=number), "x")
    with postgis_store.read() as tx:
        box = "geom && ST_MakeEnvelope(100, 20, 130, 40, 4326)"
        named = tx.connection.execute(
            text(f"explain select fid from layer_buildings where county = '330402' and {box}")
        )
        plan_text = "\n".join(named.scalars())
        assert "layer_buildings_330402" in plan_text
        assert "layer_buildings_330401" not in plan_text
        whole = "\n".join(tx.connection.execute(text(f"explain select fid from layer_buildings where {box}")).scalars())
        assert all(f"layer_buildings_33040{k}" in whole for k in range(4))


def test_a_window_uses_the_spatial_index_under_row_level_security(postgis_store: SqlStore) -> None:
    with postgis_store.write(act()) as tx:
        tx.territories.save(town(), "x")
        # Enough rows that looking at each of them costs more.
        tx.connection.execute(
            text(
                "insert into layer_buildings (county, fid, territory, place, id, geom) select '330402', 1000 + k, 'x', "
                "'330402001001', 'x' || k, ST_SetSRID(ST_MakePoint(100 + k * 0.001, 30), 4326) "
                "from generate_series(1, 20000) k"
            )
        )
        tx.connection.execute(text("analyze layer_buildings_330402"))
    box = "county = '330402' and geom && ST_MakeEnvelope(101, 29, 101.01, 31, 4326)"
    for prefix in ("", "3304"):
        with postgis_store.read(prefix) as tx:
            said = "\n".join(
                tx.connection.execute(text(f"explain select fid from layer_buildings where {box}")).scalars()
            )
            assert "geom_idx" in said, said
            found = tx.connection.execute(text(f"select count(*) from layer_buildings where {box}")).scalar_one()
            assert found == np.sum((np.arange(1, 20001) >= 1000) & (np.arange(1, 20001) <= 1010))
