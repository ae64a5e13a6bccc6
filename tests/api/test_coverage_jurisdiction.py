"""A planner of one community: their own grids of the county's plan, and nothing of the neighbours, on both stores."""

from __future__ import annotations

from typing import Any

import pytest

from data.store import SqlStore
from tests.authz_world import HERE, THERE, World, make_world
from tests.http_kit import code
from tests.stores import embedded_store, migrated_file, migrated_server, postgis_server, postgis_store, store

__all__ = ["embedded_store", "migrated_file", "migrated_server", "postgis_server", "postgis_store", "store"]

OWN, NEXT = f"{HERE}001001", f"{HERE}002001"


@pytest.fixture
def world(store: SqlStore) -> World:
    made = make_world(store)
    for name, place in (("own", OWN), ("next", NEXT), ("county", HERE)):
        made.site.add(name, "planner", place)
        made.clients[name] = made.site.client(made.site.key(name))
    return made


def get(world: World, who: str, path: str, **query: Any) -> dict[str, Any]:
    answer = world.ask(who, "GET", path, params=query)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_rows_and_sums_are_of_the_readers_grids(world: World) -> None:
    whole = {row["code"]: row for row in get(world, "county", "/v1/cameras")["rows"]}
    for who, community in (("own", OWN), ("next", NEXT)):
        told = get(world, who, "/v1/cameras")
        assert told["plan"]["id"] == world.plans[HERE]
        codes = [row["code"] for row in told["rows"]]
        assert codes == [code for code in whole if code.startswith(community)]
        assert [row for row in told["rows"] if row != whole[row["code"]]] == []
        assert told["totals"]["positions"] == sum(whole[code]["positions"] for code in codes)
        assert told["totals"]["street_m"] == pytest.approx(sum(whole[code]["street_m"] for code in codes), abs=0.2)
        communities = get(world, who, "/v1/cameras", scope="community")["rows"]
        assert [row["code"] for row in communities] == [community]
        assert get(world, who, "/v1/cameras", scope="all")["rows"][0]["positions"] == told["totals"]["positions"]


@pytest.mark.parametrize("what", ["grids", "cameras", "sights", "masks", "seen", "blind"])
def test_features_end_where_the_jurisdiction_does(world: World, what: str) -> None:
    text = world.ask("own", "GET", f"/v1/cameras/features?what={what}").text
    assert NEXT not in text
    whole = get(world, "county", "/v1/cameras/features", what=what)
    own = get(world, "own", "/v1/cameras/features", what=what)
    grids = [f"{NEXT}001", f"{NEXT}002"]
    assert own["numberMatched"] == sum(
        (one["properties"].get("grid") or one["properties"].get("code")) not in grids for one in whole["features"]
    )
    refused = world.ask("own", "GET", f"/v1/cameras/features?what={what}&grid={NEXT}001")
    assert code(refused) == (404, "coverage_grid_not_here")


def test_what_ifs_and_proposals_stay_inside(world: World) -> None:
    inside = {"add": [{"grid": f"{OWN}001", "count": 2}]}
    told = world.ask("own", "POST", "/v1/cameras/what-if", json=inside)
    assert told.status_code == 200, told.text
    assert {row["before"]["scope"] for row in told.json()["rows"]} == {"grid"}
    outside = {"add": [{"grid": f"{NEXT}001"}]}
    assert code(world.ask("own", "POST", "/v1/cameras/what-if", json=outside)) == (404, "coverage_grid_not_here")
    for question in ({"grids": [f"{NEXT}001"]}, {"community": NEXT}):
        answer = world.ask("own", "POST", "/v1/cameras/proposals", json={"add": 1, **question})
        assert answer.status_code == 404
    found = world.ask("own", "POST", "/v1/cameras/proposals", json={"add": 3, "level": "detect"}).json()["proposals"]
    assert found
    assert all(one["grid"].startswith(OWN) for one in found)


def test_a_decision_is_for_those_of_its_community_and_of_the_county(world: World) -> None:
    lon, lat = world.point(HERE)
    body = {"verdict": "accepted", "lon": lon, "lat": lat}
    assert code(world.ask("next", "PUT", "/v1/cameras/proposals/pole@0", json=body)) == (404, "coverage_point_not_here")
    assert world.ask("own", "PUT", "/v1/cameras/proposals/pole@0", json=body).status_code == 200
    for who, sees in (("own", True), ("county", True), ("next", False), ("auditor", True)):
        listed = get(world, who, "/v1/cameras/proposals")["proposals"]
        assert [one["id"] for one in listed] == (["pole@0"] if sees else [])
        exported = get(world, who, "/v1/cameras/proposals.geojson")["features"]
        assert len(exported) == sees
    assert code(world.ask("next", "DELETE", "/v1/cameras/proposals/pole@0"))[0] == 404
    assert code(world.ask("auditor", "DELETE", "/v1/cameras/proposals/pole@0")) == (403, "role_refused")
    with world.site.store.read() as tx:
        [entry] = [one for one in tx.audit.entries(limit=1000) if one.action == "coverage.accept"]
    assert (entry.who, entry.place, entry.subject) == ("own", OWN, "pole@0")
    assert "own" not in str(get(world, "county", "/v1/cameras/proposals"))


def test_rules_are_the_countys_read_by_all_in_it_and_changed_by_who_covers_it(world: World) -> None:
    url = "/v1/cameras/settings"
    tag = {"If-Match": '"cameras-0"'}
    body = {"settings": {"density": {"urban": 40, "rural": 4}}}
    assert code(world.ask("own", "PUT", url, json=body, headers=tag)) == (409, "outside_jurisdiction")
    assert world.ask("county", "PUT", url, json=body, headers=tag).status_code == 200
    assert get(world, "own", url)["settings"]["density"] == {"urban": 40.0, "rural": 4.0}
    assert code(world.ask("own", "POST", f"{url}/undo")) == (409, "outside_jurisdiction")
    other = world.ask("root", "GET", url, params={"plan": world.plans[THERE]}).json()
    assert other["version"] == 0


def test_reach_is_worked_out_over_the_county_and_shown_for_ones_own_grids(world: World) -> None:
    whole, own = (get(world, who, "/v1/reach") for who in ("county", "own"))
    for one, all_of_it in zip(own["rules"], whole["rules"], strict=True):
        assert one["shares"]["households"] <= all_of_it["shares"]["households"]
        assert all(door["grid"].startswith(OWN) for door in one["worst"])
    assert all(code.startswith(OWN) for grid in own["grids"].values() for code in grid)
    for what in ("streets", "rings", "doors"):
        assert NEXT not in world.ask("own", "GET", f"/v1/reach/features?what={what}&rule=30").text
    for path in ("/v1/reach/posts",):
        body = {"rule": "30", "add": 1}
        assert code(world.ask("own", "POST", path, json=body)) == (403, "coverage_whole_only")
        assert world.ask("county", "POST", path, json=body).status_code == 200
    compare = f"/v1/cameras/compare?plan={world.plans[HERE]}&other={world.plans[HERE]}"
    assert code(world.ask("own", "GET", compare)) == (403, "coverage_whole_only")
    lon, lat = world.point(HERE)
    spot = {"lon": lon, "lat": lat}
    assert world.ask("own", "GET", "/v1/reach/arrival", params=spot).status_code == 200
    assert code(world.ask("next", "GET", "/v1/reach/arrival", params=spot)) == (404, "coverage_point_not_here")
    asked = {**spot, "units": [{"id": "car", **spot}]}
    assert world.ask("own", "POST", "/v1/units/nearest", json=asked).status_code == 200
    assert code(world.ask("next", "POST", "/v1/units/nearest", json=asked)) == (404, "coverage_point_not_here")
