"""Addresses read in bulk from both stores: the layer as it was loaded, in WGS 84, within the jurisdiction."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from data.sample import make_town
from data.store import SqlStore
from data.store.rooms.former_names import former_names
from gis.errors import NotFound
from gis.territory import Territory
from tests.data.store.kit import CRS, town
from tests.stores import act


def addressed(county: str = "330402", **parts: list[object]) -> Territory:
    """Two communities with an address in each, one outside of both and one without a point."""
    base = town(county)
    x, y = 520_000, 3_400_000
    points = [shapely.Point(x + 100, y + 100), shapely.Point(x + 600, y + 100), shapely.Point(x + 5_000, y), None]
    columns: dict[str, object] = {
        "id": ["a1", "a2", "a3", "a4"],
        "text": ["东门街道和平路1号", "和平路2号", "和平路3号", "和平路4号"],
        "building_id": ["b1", "b2", None, None],
        "town": ["东门街道", None, None, None],
        **parts,
    }
    layers = {name: table for name, table in base.layers.items() if len(table)}
    communities = base["communities"].assign(town=["东门街道", "西门街道"])
    return Territory.of(
        layers | {"communities": communities, "addresses": gpd.GeoDataFrame(columns, geometry=points, crs=CRS)}
    )


def test_the_table_is_the_layer_with_points_in_longitude_and_latitude(store: SqlStore) -> None:
    land = make_town(3_000, 1).territory
    with store.write(act()) as tx:
        tx.territories.save(land, "town")
    county = land["communities"]["code"].iloc[0][:6]
    with store.read() as tx:
        assert tx.addresses.counties() == [county]
        found = tx.addresses.table(county)
    layer = land["addresses"]
    assert len(found) > 500
    for column in layer.columns.drop("geometry"):
        said = layer[column].astype(object).where(layer[column].notna(), None)
        assert found[column].tolist() == said.tolist(), column
    points = shapely.get_coordinates(layer.geometry.to_crs(4326))
    assert np.array_equal(found[["lon", "lat"]].to_numpy(), points)


def test_a_community_is_given_by_name_also_where_the_layer_has_its_code(store: SqlStore) -> None:
    land = addressed(community=[None, "330402001001", "别处社区", None])
    with store.write(act()) as tx:
        tx.territories.save(land, "town")
    with store.read() as tx:
        found = tx.addresses.table("330402")
        names = tx.addresses.names("330402")
    assert found["community"].tolist() == [None, "东一", "别处社区", None]
    assert found["town"].tolist() == ["东门街道", None, None, None]
    assert np.isnan(found["lon"]).tolist() == [False, False, False, True]
    assert found["building_id"].tolist() == ["b1", "b2", None, None]
    assert found["place"].tolist() == ["330402001001", "330402001001", "330402", "330402"]
    assert names == {"town": ("东门街道", "西门街道"), "community": ("东一", "东二"), "street": (), "estate": ()}


def test_the_state_changes_with_the_current_territory_alone(store: SqlStore) -> None:
    with store.write(act()) as tx:
        tx.territories.save(addressed(), "first")
        tx.territories.save(addressed("330403"), "elsewhere")
        first = tx.addresses.state("330402")
    with store.write(act()) as tx:
        other = addressed("330403", text=["和平路1号", "和平路2号", "和平路3号", "和平路5号"])
        tx.territories.save(other, "elsewhere, later", make_current=False)
        assert tx.addresses.state("330402") == first
        tx.territories.save(addressed("330404"), "third county")
        assert tx.addresses.state("330402") == first
        tx.territories.save(town(version=3), "of this county, waiting", make_current=False)
        assert tx.addresses.state("330402") == first
    with store.write(act()) as tx:
        tx.territories.save(addressed(text=["和平路1号", "和平路2号", "和平路3号", "和平路6号"]), "newer")
    with store.read() as tx:
        assert tx.addresses.state("330402") != first
        assert tx.addresses.table("330402")["text"].tolist()[-1] == "和平路6号"
        assert tx.addresses.counties() == ["330402", "330403", "330404"]


def test_a_jurisdiction_sees_its_own_addresses_alone(store: SqlStore) -> None:
    with store.write(act()) as tx:
        tx.territories.save(addressed(), "town")
        tx.territories.save(addressed("440100"), "elsewhere")
    seen = {}
    for place in ("", "330402", "330402001", "330402002", "4401", "55"):
        with store.read(place) as tx:
            seen[place] = (tx.addresses.counties(), _ids(tx, "330402"))
    assert seen[""] == (["330402", "440100"], ["a1", "a2", "a3", "a4"])
    assert seen["330402"] == (["330402"], ["a1", "a2", "a3", "a4"])
    assert seen["330402001"] == (["330402"], ["a1"])
    assert seen["330402002"] == (["330402"], ["a2"])
    assert seen["4401"][0] == ["440100"]
    assert seen["4401"][1] == seen["55"][1] == []
    assert seen["55"][0] == []


def _ids(tx: object, county: str) -> list[str]:
    try:
        return tx.addresses.table(county)["id"].tolist()  # type: ignore[attr-defined]
    except NotFound:
        return []


def test_a_county_without_territory_is_told_and_one_without_addresses_is_left_out(store: SqlStore) -> None:
    with store.write(act()) as tx:
        tx.territories.save(town(), "no addresses")
    with store.read() as tx:
        assert tx.addresses.counties() == []
        empty = tx.addresses.table("330402")
        assert isinstance(empty, pd.DataFrame)
        assert len(empty) == 0
        assert {"id", "text", "building_id", "lon", "lat"} <= set(empty.columns)
        with pytest.raises(NotFound) as caught:
            tx.addresses.state("999999")
    assert caught.value.code == "territory_unknown"


def test_names_of_a_territory_that_is_only_planned_are_no_former_names(store: SqlStore) -> None:
    noon = datetime(2026, 11, 22, 12, tzinfo=UTC)
    before, now, planned = (renamed(names) for names in (["老一", "东二"], ["东一", "东二"], ["新一", "东二"]))
    for hour, (land, is_shown) in enumerate(((before, True), (now, True), (planned, False))):
        with store.write(act(at=noon + timedelta(hours=hour))) as tx:
            tx.territories.save(land, "town", make_current=is_shown)
    with store.read() as tx:
        assert former_names(tx, "330402") == {"community": {"老一": "东一"}, "town": {}}


def renamed(names: list[str]) -> Territory:
    base = addressed()
    return base.with_layers(communities=base["communities"].assign(name=names))
