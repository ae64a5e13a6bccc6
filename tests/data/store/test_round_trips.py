"""What goes into a store comes out equal, on both kinds."""

from __future__ import annotations

import dataclasses

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from pandas.testing import assert_frame_equal

from data.sample import make_town
from data.store import SqlStore
from gis.layers import LAYERS
from gis.territory import Territory
from partition.filed import FiledPlan
from tests.data.filed_town import filed_town
from tests.stores import act


def assert_same_plan(found: FiledPlan, saved: FiledPlan) -> None:
    assert found.grids.crs == saved.grids.crs
    wanted, got = (shapely.to_wkb(np.asarray(f.grids.geometry.array), byte_order=1).tolist() for f in (saved, found))
    assert got == wanted
    for name in ("grids", "members", "communities", "violations", "crosswalk"):
        a, b = getattr(found, name), getattr(saved, name)
        if b is None:
            assert a is None
            continue
        a, b = (pd.DataFrame(t.drop(columns=["geometry", "seconds"], errors="ignore")) for t in (a, b))
        assert_frame_equal(a, b[list(a.columns)])
        assert set(a.columns) == set(b.columns)
        for column in a.columns:
            if a[column].dtype == object:
                assert [v is None for v in a[column]] == [v is None for v in b[column]], (name, column)
    assert found.meta == saved.meta


def assert_same_territory(found: Territory, saved: Territory) -> None:
    assert found.content_hash() == saved.content_hash()
    assert found.crs == saved.crs
    assert found.file_crs == saved.file_crs
    assert dict(found.meta) == dict(saved.meta)
    for name in LAYERS:
        assert_frame_equal(
            pd.DataFrame(found[name].drop(columns="geometry")), pd.DataFrame(saved[name].drop(columns="geometry"))
        )
        assert found[name].crs == saved[name].crs


@pytest.fixture(scope="module")
def town() -> Territory:
    return make_town(3_000, 1).territory


def odd_territory() -> Territory:
    """Every layer, every kind of gap: missing text, numbers and flags, odd words, geometry in parts, no geometry."""
    crs = "EPSG:4547"
    a, b = shapely.box(500_000, 3_000_000, 501_000, 3_001_000), shapely.box(501_000, 3_000_000, 502_000, 3_001_000)
    rare = ["𠮷祥㙍里'\"; drop table plans; --", "a\tb\nc\\N", "nan", "", None]

    def table(key: str, n: int, shapes: list, **columns: object) -> gpd.GeoDataFrame:
        return gpd.GeoDataFrame({key: [f"{i:02d}" for i in range(n)], **columns}, geometry=shapes, crs=crs)

    points = [shapely.Point(500_100 + 300 * i, 3_000_500) for i in range(5)]
    return Territory.of(
        {
            "communities": gpd.GeoDataFrame(
                {
                    "code": ["330402001001", "330402002001"],
                    "name": ["甲", "乙"],
                    "kind": ["urban", "rural"],
                    "town": [None, "镇"],
                },
                geometry=[shapely.MultiPolygon([a]), b],
                crs=crs,
            ),
            "buildings": table("id", 5, points, households=[0, 1, None, 2**40, 5], use=rare),
            "addresses": table("id", 5, points, text=["x"] * 5, number=rare),
            "streets": table(
                "id",
                3,
                [
                    shapely.LineString([(500_100, 3_000_100), (501_900, 3_000_100)]),
                    shapely.LineString([(500_100, 3_000_200), (500_200, 3_000_200)]),
                    shapely.LineString([(600_100, 3_000_200), (600_200, 3_000_200)]),
                ],
                speed_kmh=[0.1 + 0.2, None, -0.0],
                **{"class": ["primary", None, "service"]},
            ),
            "estates": table(
                "id",
                3,
                [a.buffer(-100), b.buffer(-100), shapely.Polygon()],
                name=["x"] * 3,
                kind=["park"] * 3,
                dedicated=[True, False, None],
            ),
            "posts": table(
                "id",
                2,
                points[:2],
                kind=["police", "patrol"],
                zebra=pd.array([3, None], dtype="Int64"),
                apes=pd.array([None, None], dtype="Int64"),
            ),
            "cameras": table("id", 2, points[:2], heading_deg=[1e-300, 359.999999999999], px_width=[1920, None]),
            "incidents": table("id", 1, [None], kind=["fire"], received_at=["2026-01-01T00:00:00+08:00"]),
        },
        meta={"source": "测试", "created_at": "2026-01-01"},
    )


def test_a_territory_comes_back_with_the_same_content(store: SqlStore, town: Territory) -> None:
    with store.write(act()) as tx:
        card = tx.territories.save(town, "样城")
    assert town.content_hash().startswith(card.id)
    with store.read() as tx:
        assert_same_territory(tx.territories.load(card.id), town)
        counts = tx.territories.counts(card.id)
    assert counts == {name: len(town[name]) for name in LAYERS}
    assert counts == card.n_rows
    assert card.is_current


def test_gaps_odd_words_and_odd_geometry_come_back_too(store: SqlStore) -> None:
    territory = odd_territory()
    with store.write(act()) as tx:
        card = tx.territories.save(territory, "odd")
    with store.read() as tx:
        found = tx.territories.load(card.id)
    assert_same_territory(found, territory)
    assert list(found["posts"].columns) == list(territory["posts"].columns)


@pytest.mark.parametrize(
    "crs", ["EPSG:4549", "EPSG:4490", "EPSG:4326", "+proj=tmerc +lon_0=120.7 +ellps=GRS80 +units=m"]
)
def test_a_plan_comes_back_as_it_was_saved(store: SqlStore, crs: str) -> None:
    filed, territory = filed_town(crs=crs, rare=True, name_length=5_000)
    with store.write(act()) as tx:
        ground = tx.territories.save(territory, "town")
        card = tx.plans.save(filed, territory_id=ground.id, name="first")
    with store.read() as tx:
        found = tx.plans.load(card.id)
        assert_same_territory(tx.territories.load(ground.id), territory)
    assert_same_plan(found, filed)
    assert shapely.coverage_is_valid(np.asarray(found.grids.geometry.array)) == shapely.coverage_is_valid(
        np.asarray(filed.grids.geometry.array)
    )
    first = dataclasses.replace(filed, crosswalk=None, meta={k: v for k, v in filed.meta.items() if k != "parent_plan"})
    with store.write(act()) as tx:
        again = tx.plans.save(first, territory_id=ground.id, name="without crosswalk")
        assert_same_plan(tx.plans.load(again.id), first)
