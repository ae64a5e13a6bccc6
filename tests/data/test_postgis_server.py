"""The throw-away server itself: what the PostGIS tests take for granted."""

from __future__ import annotations

import geopandas as gpd
import shapely
from sqlalchemy import Engine, text

from tests.postgis import Server, fresh_database


def test_it_has_postgis_and_counts_in_the_plane(postgis: Engine) -> None:
    with postgis.connect() as connection:
        area = connection.execute(text("select ST_Area(ST_GeomFromText('POLYGON((0 0, 3 0, 3 4, 0 4, 0 0))', 4547))"))
        assert area.scalar_one() == 12.0


def test_its_trigrams_know_chinese(postgis: Engine) -> None:
    with postgis.connect() as connection:
        assert connection.execute(text("select similarity('和平路12号', '和平路12号院')")).scalar_one() > 0.6


def test_each_test_has_a_database_of_its_own(postgis: Engine) -> None:
    frame = gpd.GeoDataFrame({"id": ["a"]}, geometry=[shapely.Point(1, 2)], crs=4547)
    with postgis.begin() as connection:
        tables = connection.execute(
            text("select count(*) from pg_tables where schemaname = 'public' and tablename = 'things'")
        )
        assert tables.scalar_one() == 0
        frame.to_postgis("things", connection)
        assert connection.execute(text("select ST_X(geometry) from things")).scalar_one() == 1.0


def test_nothing_is_left_of_a_database_after_its_test(postgis_server: Server, postgis: Engine) -> None:
    with fresh_database(postgis_server) as engine:
        name = engine.url.database
        assert name in databases(postgis)
    assert name not in databases(postgis)


def databases(engine: Engine) -> set[str]:
    with engine.connect() as connection:
        return set(connection.execute(text("select datname from pg_database")).scalars())
