"""PostGIS as an outside judge: another geometry engine, another language, the same verdict on our plans.

The plan goes through the public use cases to a file; the file goes into tables; SQL answers.  None of our own
geometry code takes part in the judgement.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import BigInteger, Column, Engine, Index, MetaData, String, Table, text

from api.usecases import draw_plan
from data.files.plan_file import read_plan
from data.files.territory_file import write_territory
from data.sample import make_town
from gis.layers import LAYERS
from gis.territory import Territory
from partition.filed import FiledPlan

MOST_M2 = 1.0
TABLES = ("communities", "buildings", "units", "grids")

OVERLAPS = """
    select a.code, b.code, ST_Area(ST_Intersection(a.geom, b.geom)) as m2
    from grids a join grids b on a.code < b.code and a.geom && b.geom and ST_Intersects(a.geom, b.geom)
    where ST_Area(ST_Intersection(a.geom, b.geom)) > :most
"""
DIFFERENCES = """
    select c.code, ST_Area(ST_SymDifference(c.geom, coalesce(g.geom, ST_GeomFromText('POLYGON EMPTY', :srid)))) as m2
    from communities c
    left join (select community, ST_Union(geom) as geom from grids group by community) g on g.community = c.code
    where ST_Area(ST_SymDifference(c.geom, coalesce(g.geom, ST_GeomFromText('POLYGON EMPTY', :srid)))) > :most
"""
# Every building (or unit) by a point in it, beside the grids that hold the point and the grid the plan names.
MISPLACED = """
    select t.id, m.grid as named, array_agg(g.code order by g.code) filter (where g.code is not null) as found
    from {table} t
    left join members m on m.kind = :kind and m.id = t.id
    left join grids g on ST_Intersects(g.geom, ST_PointOnSurface(t.geom))
    group by t.id, m.grid
    having m.grid is null or count(g.code) <> 1 or min(g.code) <> m.grid
"""
# Where a community has units they say how many households it has, elsewhere its buildings do.
COUNTS = """
    with counted as (
        select m.grid, u.households from members m join units u on m.kind = 'unit' and m.id = u.id
        union all
        select m.grid, b.households from members m join buildings b on m.kind = 'building' and m.id = b.id
        join grids g on g.code = m.grid where g.community not in (select community from units)
    )
    select g.code, g.households, coalesce(sum(c.households), 0)
    from grids g left join counted c on c.grid = g.code
    group by g.code, g.households having g.households <> coalesce(sum(c.households), 0)
"""
SPLIT = "select code, ST_NumGeometries(geom) from grids where kind = 'standard' and ST_NumGeometries(geom) <> 1"
INVALID = "select code, ST_IsValidReason(geom) from grids where not ST_IsValid(geom)"


@dataclass(frozen=True, slots=True)
class Case:
    """A territory and the plan that was drawn of it, as read back from the files."""

    territory: Territory
    filed: FiledPlan


def drawn(territory: Territory, folder: Path) -> Case:
    write_territory(territory, folder / "territory.gpkg")
    draw_plan(folder / "territory.gpkg", folder / "plan.gpkg", seed=1)
    return Case(territory, read_plan(folder / "plan.gpkg"))


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Case:
    return drawn(make_town(6_000, 1).territory, tmp_path_factory.mktemp("town"))


@pytest.fixture(scope="module")
def tainan(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Case:
    """Twenty-four real villages with ready-made units, from all over the city."""
    source = shared_data / "tainan" / "tainan-2021.gpkg"
    communities = gpd.read_file(source, layer="communities").sort_values("code").iloc[::19]
    units = gpd.read_file(source, layer="units")
    units = units[units["community"].isin(communities["code"])]
    return drawn(Territory.of({"communities": communities, "units": units}), tmp_path_factory.mktemp("tainan"))


def load(engine: Engine, case: Case, grids: gpd.GeoDataFrame | None = None) -> None:
    """Put the case into PostGIS tables, in the metric CRS of the territory."""
    srid = case.territory.crs.to_epsg()
    assert srid is not None
    tables = {name: case.territory[name] for name in ("communities", "buildings", "units")}
    tables["grids"] = (case.filed.grids if grids is None else grids).to_crs(srid)
    layout = MetaData()
    with engine.begin() as connection:
        for name, frame in tables.items():
            key = LAYERS[name].key
            texts = [c for c in ("community", "kind") if c in frame.columns]
            counts = [c for c in ("households",) if c in frame.columns]
            table = Table(
                name,
                layout,
                Column(key, String, primary_key=True),
                *(Column(c, String) for c in texts),
                *(Column(c, BigInteger) for c in counts),
                Column("geom", Geometry("GEOMETRY", srid=srid, spatial_index=False), nullable=False),
            )
            Index(f"idx_{name}_geom", table.c.geom, postgresql_using="gist")
            table.create(connection)
            plain = frame[[key, *texts, *counts]].astype(object)
            rows = plain.where(plain.notna(), None).to_dict("records")
            shapes = shapely.to_wkb(np.asarray(frame.geometry.array))
            for row, shape in zip(rows, shapes, strict=True):
                row["geom"] = WKBElement(shape, srid=srid)
            if rows:
                connection.execute(table.insert(), rows)
        members = Table("members", layout, *(Column(c, String) for c in ("kind", "id", "grid")))
        members.create(connection)
        connection.execute(members.insert(), case.filed.members[["kind", "id", "grid"]].to_dict("records"))
        connection.execute(text("analyze"))


def ask(engine: Engine, statement: str, **values: object) -> list[tuple[object, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(statement), values)]


def assert_agreed(engine: Engine, case: Case) -> None:
    assert ask(engine, INVALID) == []
    assert ask(engine, OVERLAPS, most=MOST_M2) == []
    assert ask(engine, DIFFERENCES, most=MOST_M2, srid=case.territory.crs.to_epsg()) == []
    assert ask(engine, COUNTS) == []
    for table, kind in (("buildings", "building"), ("units", "unit")):
        assert ask(engine, MISPLACED.format(table=table), kind=kind) == []
        count = f"select (select count(*) from members where kind = :kind), (select count(*) from {table})"
        ((n_members, n_things),) = ask(engine, count, kind=kind)
        assert n_members == n_things == len(case.territory[table])
    if shapely.get_num_geometries(np.asarray(case.territory["communities"].geometry.array)).max() == 1:
        assert ask(engine, SPLIT) == []


def test_postgis_finds_the_sample_town_seamless_and_every_building_where_the_plan_says(
    postgis: Engine, town: Case
) -> None:
    load(postgis, town)
    assert len(town.territory["buildings"]) > 1_000
    assert_agreed(postgis, town)


def test_postgis_finds_real_villages_seamless_and_every_unit_where_the_plan_says(postgis: Engine, tainan: Case) -> None:
    load(postgis, tainan)
    assert len(tainan.territory["units"]) > 100
    assert_agreed(postgis, tainan)


def test_the_judge_sees_a_grid_that_was_moved_by_two_metres(postgis: Engine, town: Case) -> None:
    grids = town.filed.grids.to_crs(town.territory.crs)
    shapes = np.asarray(grids.geometry.array).copy()
    shapes[0] = shapely.transform(shapes[0], lambda xy: xy + 2.0)
    load(postgis, town, grids.set_geometry(gpd.GeoSeries(shapes, index=grids.index, crs=grids.crs)))
    assert ask(postgis, OVERLAPS, most=MOST_M2) or len(grids) == 1
    assert ask(postgis, DIFFERENCES, most=MOST_M2, srid=town.territory.crs.to_epsg())


def test_the_judge_sees_a_building_that_the_plan_names_in_the_wrong_grid(postgis: Engine, town: Case) -> None:
    load(postgis, town)
    with postgis.begin() as connection:
        connection.execute(
            text(
                "update members set grid = (select code from grids where code <> members.grid order by code limit 1) "
                "where ctid = (select ctid from members where kind = 'building' order by id limit 1)"
            )
        )
    assert len(ask(postgis, MISPLACED.format(table="buildings"), kind="building")) == 1
