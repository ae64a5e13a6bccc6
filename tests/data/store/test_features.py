"""Features of the store: whose they are, when they were there, and what stays the same while it changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import geopandas as gpd
import pytest
import shapely

from data.store import SqlStore
from data.store.rooms.features import MAX_PAGE, Page
from data.store.rooms.incident_cards import Ground
from data.store.rooms.windows import Box, Interval
from gis.errors import InputError, NotFound
from tests.data.store.kit import CRS, plan, town
from tests.incident_kit import new_incident
from tests.stores import act

COUNTY = "330402"
FIRST, SECOND = f"{COUNTY}001001", f"{COUNTY}002001"
LONG_AGO, CHANGE = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)
NOW = datetime(2026, 11, 22, tzinfo=UTC)
ALL = ("grids", "communities", "buildings", "streets", "cameras")


def put_in_force(store: SqlStore, since: datetime, *, per_community: int = 2, plan_id: str = "p1") -> str:
    territory = town()
    with store.write(act()) as tx:
        card = tx.territories.save(territory, "town")
        filed = plan(territory, per_community=per_community, plan_id=plan_id)
        made = tx.plans.save(filed, territory_id=card.id, name=plan_id, state="filed")
        tx.life.change_state(made.id, "in_force", effective_from=since, may_backdate=True, over_others=True)
        return made.id


def ids(store: SqlStore, name: str, prefix: str = "", **asked: object) -> list[str]:
    with store.read(prefix) as tx:
        found = all_pages(tx, name, **asked)
        asked.pop("limit", None)
        assert tx.features.count(name, **{"now": NOW, **asked}) == len(found)
    return found


def all_pages(tx, name: str, *, limit: int = 1, **asked: object) -> list[str]:
    found: list[str] = []
    page: Page | None = None
    while page is None or page.following is not None:
        page = tx.features.page(name, **{"now": NOW, **asked}, limit=limit, after=page.following if page else None)
        found += page.ids
    return found


def test_everything_is_seen_from_everywhere(store: SqlStore) -> None:
    put_in_force(store, LONG_AGO)
    assert ids(store, "grids") == [f"{FIRST}001", f"{FIRST}002", f"{SECOND}001", f"{SECOND}002"]
    assert ids(store, "communities") == [FIRST, SECOND]
    assert ids(store, "buildings") == [f"{COUNTY}:b1", f"{COUNTY}:b2", f"{COUNTY}:b3"]
    assert ids(store, "streets") == [f"{COUNTY}:s1", f"{COUNTY}:s2"]


def test_a_community_sees_its_own_and_the_streets_along_it(store: SqlStore) -> None:
    put_in_force(store, LONG_AGO)
    # The plan reaches beyond the community and can not be opened from it; its grids in the community are seen.
    assert ids(store, "grids", FIRST) == [f"{FIRST}001", f"{FIRST}002"]
    assert ids(store, "communities", FIRST) == [FIRST]
    assert ids(store, "buildings", FIRST) == [f"{COUNTY}:b1"]
    assert ids(store, "streets", FIRST) == [f"{COUNTY}:s1", f"{COUNTY}:s2"]
    assert ids(store, "streets", SECOND) == [f"{COUNTY}:s1"]


@pytest.mark.parametrize("prefix", ["11", "3304021", "%", "_", "33_402"])
def test_nothing_is_seen_from_elsewhere(store: SqlStore, prefix: str) -> None:
    put_in_force(store, LONG_AGO)
    for name in ALL:
        assert ids(store, name, prefix) == []
        with store.read(prefix) as tx:
            assert tx.features.extent(name).bbox is None
            assert tx.features.tile(name, 14, 13658, 6754, now=NOW) == b""


def test_a_single_feature_outside_is_as_if_it_did_not_exist(store: SqlStore) -> None:
    put_in_force(store, LONG_AGO)
    inside = {"grids": f"{FIRST}001", "communities": FIRST, "buildings": f"{COUNTY}:b1", "streets": f"{COUNTY}:s1"}
    outside = {"grids": f"{SECOND}001", "communities": SECOND, "buildings": f"{COUNTY}:b2", "cameras": f"{COUNTY}:k2"}
    with store.read(FIRST) as tx:
        for name, id in inside.items():
            assert tx.features.one(name, id, now=NOW).ids == (id,)
        for name, id in outside.items():
            with pytest.raises(NotFound) as refused:
                tx.features.one(name, id, now=NOW)
            assert refused.value.code == "feature_unknown"


def test_a_window_keeps_to_the_jurisdiction_too(store: SqlStore) -> None:
    put_in_force(store, LONG_AGO)
    world = Box(-180, -90, 180, 90)
    for prefix in ("", FIRST, "11"):
        for name in ALL:
            assert ids(store, name, prefix, box=world) == ids(store, name, prefix)


def test_grids_are_those_of_the_plan_in_force_at_the_moment_asked_for(store: SqlStore) -> None:
    old = put_in_force(store, LONG_AGO, per_community=2, plan_id="old")
    new = put_in_force(store, CHANGE, per_community=3, plan_id="new")
    before, after = Interval.at(CHANGE - timedelta(seconds=1)), Interval.at(CHANGE)
    assert ids(store, "grids") == ids(store, "grids", interval=after)
    assert len(ids(store, "grids")) == 6
    # What is no longer in force goes by its plan; the same code may have come again.
    assert ids(store, "grids", interval=before) == [f"{code}00{k}@{old}" for code in (FIRST, SECOND) for k in (1, 2)]
    both = ids(store, "grids", interval=Interval(LONG_AGO, None))
    assert len(both) == len(set(both)) == 10
    assert ids(store, "grids", interval=Interval(None, LONG_AGO - timedelta(seconds=1))) == []
    with store.read() as tx:
        for id, plan_id in ((f"{FIRST}001", new), (f"{FIRST}001@{old}", old), (f"{FIRST}001@{new}", new)):
            assert tx.features.one("grids", id, now=NOW).properties[0]["plan"] == plan_id
        past = tx.features.one("grids", f"{FIRST}001@{old}", now=NOW).properties[0]
        assert (past["valid_from"], past["valid_to"]) == (LONG_AGO, CHANGE)
        span = tx.features.extent("grids")
        assert (span.start, span.end) == (LONG_AGO, None)


def test_grids_of_a_draft_are_no_features(store: SqlStore) -> None:
    territory = town()
    with store.write(act()) as tx:
        card = tx.territories.save(territory, "town")
        draft = tx.plans.save(plan(territory), territory_id=card.id, name="draft")
    for interval in (None, Interval(None, None)):
        assert ids(store, "grids", interval=interval) == []
    with store.read() as tx, pytest.raises(NotFound):
        tx.features.one("grids", f"{FIRST}001@{draft.id}", now=NOW)


def test_a_plan_of_tomorrow_is_not_shown_today(store: SqlStore) -> None:
    put_in_force(store, NOW + timedelta(days=1))
    assert ids(store, "grids") == []
    assert len(ids(store, "grids", interval=Interval.at(NOW + timedelta(days=2)))) == 4
    assert len(ids(store, "grids", now=NOW + timedelta(days=1))) == 4


def test_a_territory_that_is_replaced_while_it_is_read_is_read_to_its_end(store: SqlStore) -> None:
    with store.write(act()) as tx:
        tx.territories.save(town(), "old")
    with store.read() as tx:
        first = tx.features.page("buildings", now=NOW, limit=1)
    with store.write(act()) as tx:
        tx.territories.save(town(version=1), "new")
    with store.read() as tx:
        rest = tx.features.page("buildings", now=NOW, limit=10, after=first.following)
        anew = tx.features.page("buildings", now=NOW, limit=10)
    assert [*first.ids, *rest.ids] == [f"{COUNTY}:b{k}" for k in (1, 2, 3)]
    assert [*first.properties, *rest.properties][0]["households"] == 300
    assert [anew.ids, anew.properties[0]["households"]] == [(*first.ids, *rest.ids), 301]


def test_several_counties_follow_one_another(store: SqlStore) -> None:
    with store.write(act()) as tx:
        tx.territories.save(town("330402"), "one")
        tx.territories.save(town("330101", x=620_000), "two")
    expected = [f"{county}:b{k}" for county in ("330101", "330402") for k in (1, 2, 3)]
    assert ids(store, "buildings") == ids(store, "buildings", limit=4) == expected
    assert ids(store, "buildings", "3304") == expected[3:]
    assert ids(store, "buildings", "33", limit=2) == expected


@pytest.mark.parametrize("after", ["", "x", "x:1", ":", "0123456789abcdef:1"])
def test_a_page_that_never_was_is_refused(store: SqlStore, after: str) -> None:
    put_in_force(store, LONG_AGO)
    with store.read() as tx, pytest.raises(InputError) as refused:
        tx.features.page("buildings", now=NOW, limit=1, after=after)
    assert refused.value.code == "page_unknown"


def test_a_place_in_a_page_that_is_no_number_is_refused(store: SqlStore) -> None:
    put_in_force(store, LONG_AGO)
    with store.read() as tx:
        following = str(tx.features.page("buildings", now=NOW, limit=1).following)
        for wrong in ("x", "", "-1", "1e3", "9" * 40):
            with pytest.raises(InputError):
                tx.features.page("buildings", now=NOW, limit=1, after=f"{following.split(':')[0]}:{wrong}")


def test_a_page_is_never_longer_than_the_longest(store: SqlStore) -> None:
    territory = town().with_layers(
        cameras=gpd.GeoDataFrame(
            {"id": [f"k{k:06d}" for k in range(MAX_PAGE + 5)]},
            geometry=shapely.points([(520_100, 3_400_100)] * (MAX_PAGE + 5)),
            crs=CRS,
        )
    )
    with store.write(act()) as tx:
        tx.territories.save(territory, "town")
    with store.read() as tx:
        for box in (None, Box(-180, -90, 180, 90)):
            page = tx.features.page("cameras", now=NOW, limit=10**9, box=box)
            assert (len(page.ids), page.following is not None) == (MAX_PAGE, True)
            rest = tx.features.page("cameras", now=NOW, limit=10**9, box=box, after=page.following)
            assert (len(rest.ids), rest.following) == (5, None)


def test_incidents_are_those_of_the_live_table_from_receipt_to_end(store: SqlStore) -> None:
    day = datetime(2026, 3, 1, 8, tzinfo=UTC)
    with store.write(act(at=day)) as tx:
        for k in range(4):
            new = new_incident((120.0 + k, 30.0), Ground(COUNTY, f"{COUNTY}00100{k % 2 + 1}"), day + timedelta(hours=k))
            tx.incidents.add(new, "admin")
        for id in ("i1", "i2"):
            tx.incidents.step(id, "assessed", "admin", happened_at=day + timedelta(hours=2))
        tx.incidents.step("i1", "cancelled", "admin", happened_at=day + timedelta(hours=6))

    def there(hours: float, until: float | None = None, jurisdiction: str = "") -> list[str]:
        first, last = day + timedelta(hours=hours), day + timedelta(hours=hours if until is None else until)
        with store.read(jurisdiction) as tx:
            return list(tx.features.page("incidents", now=NOW, limit=9, interval=Interval(first, last)).ids)

    assert there(-1) == []
    assert there(1) == ["i1", "i2"]
    assert there(6) == ["i1", "i2", "i3", "i4"]
    assert there(6.5) == ["i2", "i3", "i4"]
    assert there(2.5, 99, f"{COUNTY}001001") == ["i1", "i3"]
    with store.read() as tx:
        extent = tx.features.extent("incidents")
        assert (extent.bbox, extent.start, extent.end) == ((120.0, 30.0, 123.0, 30.0), day, None)
        box = Box(120.5, 29, 122.5, 31)
        assert tx.features.page("incidents", now=NOW, limit=9, box=box).ids == ("i2", "i3")
        assert tx.features.count("incidents", now=NOW, box=box) == 2
        (shown,) = tx.features.one("incidents", "i1", now=NOW).properties
        assert (shown["state"], shown["cancelled_at"]) == ("cancelled", day + timedelta(hours=6))
        first = tx.features.page("incidents", now=NOW, limit=3)
        assert tx.features.page("incidents", now=NOW, limit=3, after=first.following).ids == ("i4",)
        for wrong in ("live:x", "p1:3", "3"):
            with pytest.raises(InputError, match="page_unknown"):
                tx.features.page("incidents", now=NOW, limit=3, after=wrong)
        before = tx.features.state("incidents", Interval.at(NOW))
    with store.write(act(at=day)) as tx:
        tx.incidents.change("i4", "admin", priority=1)
        assert tx.features.state("incidents", Interval.at(NOW)) != before


def test_what_is_loaded_of_a_layer_is_not_yet_an_incident(store: SqlStore) -> None:
    territory = town().with_layers(
        incidents=gpd.GeoDataFrame(
            {"id": ["a"], "kind": "x", "received_at": ["2026-03-01T08:00:00+08:00"]},
            geometry=[shapely.Point(520_100, 3_400_100)],
            crs=CRS,
        )
    )
    with store.write(act()) as tx:
        kept = tx.territories.save(territory, "town").id
        assert tx.territories.load(kept).content_hash() == territory.content_hash()
        assert tx.features.count("incidents", now=NOW) == 0


def test_capacity_of_posts_is_told_beside_their_columns(store: SqlStore) -> None:
    posts = gpd.GeoDataFrame(
        {"id": ["p1"], "kind": ["police"], "officers": [7]}, geometry=[shapely.Point(520_100, 3_400_100)], crs=CRS
    )
    with store.write(act()) as tx:
        tx.territories.save(town().with_layers(posts=posts), "town")
    with store.read() as tx:
        (post,) = tx.features.page("posts", now=NOW, limit=1).properties
    assert post["officers"] == 7
    assert "capacity" not in post


def test_the_state_of_a_collection_changes_when_what_it_shows_does(store: SqlStore) -> None:
    def state(prefix: str = "") -> tuple[str, str]:
        with store.read(prefix) as tx:
            return tuple(tx.features.state(name, Interval.at(NOW)) for name in ("grids", "buildings"))

    put_in_force(store, LONG_AGO)
    first = state()
    assert first == state()
    put_in_force(store, CHANGE, plan_id="new")
    second = state()
    assert first[0] != second[0]
    assert first[1] == second[1]
    assert state(FIRST) != second
