"""A patrol of one community: its own grids of the county's plan, and nothing of the neighbours, on both stores."""

from __future__ import annotations

import pytest

from data.store import SqlStore
from tests.authz_world import HERE, World, make_world
from tests.http_kit import code
from tests.patrol_site import SHIFT, gpx_of, walk_of
from tests.stores import embedded_store, migrated_file, migrated_server, postgis_server, postgis_store, store

__all__ = ["embedded_store", "migrated_file", "migrated_server", "postgis_server", "postgis_store", "store"]

OWN, NEXT = f"{HERE}001001", f"{HERE}002001"
GPX = {"Content-Type": "application/gpx+xml"}


@pytest.fixture
def world(store: SqlStore) -> World:
    made = make_world(store)
    for name, place in (("walker", OWN), ("neighbour", NEXT)):
        made.site.add(name, "patrol", place)
        made.clients[name] = made.site.client(made.site.key(name))
    return made


def test_a_patrol_walks_its_own_grids_of_the_plan_of_the_county(world: World) -> None:
    listed = world.ask("walker", "GET", "/v1/patrols/grids").json()
    codes = [grid["code"] for grid in listed["grids"]]
    assert codes
    assert all(code.startswith(OWN) for code in codes)
    assert listed["plan"]["id"] == world.plans[HERE]
    for named in ("", f"&plan={world.plans[HERE]}"):
        answer = world.ask("walker", "GET", f"/v1/patrols?grid={codes[0]}{named}")
        assert answer.status_code == 200, answer.text
        assert answer.json()["routes"]
        for path in ("/v1/patrols?", f"/v1/patrols/{NEXT}001-1.gpx?", f"/v1/patrols/{NEXT}001-1/qr.svg?"):
            refused = world.ask("walker", "GET", f"{path}grid={NEXT}001{named}")
            assert code(refused) == (404, "patrol_grid_not_here")
            assert world.ask("neighbour", "GET", f"{path}grid={NEXT}001{named}").status_code == 200


def test_a_track_is_kept_for_those_of_its_community_and_of_the_county(world: World) -> None:
    grid = f"{OWN}001"
    query = f"grid={grid}&date={SHIFT['date']}&half={SHIFT['half']}"
    legs = world.ask("walker", "GET", f"/v1/patrols?{query}").json()["routes"][0]["legs"]
    content = gpx_of(walk_of(legs))
    assert code(world.ask("neighbour", "POST", f"/v1/tracks?{query}", content=content, headers=GPX))[0] == 404
    sent = world.ask("walker", "POST", f"/v1/tracks?{query}", content=content, headers=GPX)
    assert sent.status_code == 201, sent.text
    id = sent.json()["id"]
    for who, sees in (("walker", True), ("dispatcher", True), ("auditor", True), ("neighbour", False)):
        assert [row["id"] for row in world.ask(who, "GET", "/v1/tracks").json()["tracks"]] == ([id] if sees else [])
        assert world.ask(who, "GET", f"/v1/tracks/{id}").status_code == (200 if sees else 404)
    assert world.ask("lookup", "GET", f"/v1/tracks/{id}").status_code == 403
    assert code(world.ask("auditor", "POST", f"/v1/tracks?{query}", content=content, headers=GPX)) == (
        403,
        "role_refused",
    )


def test_the_log_has_the_account_and_the_answer_has_not(world: World) -> None:
    grid = f"{OWN}001"
    query = f"grid={grid}&date={SHIFT['date']}&half={SHIFT['half']}"
    legs = world.ask("walker", "GET", f"/v1/patrols?{query}").json()["routes"][0]["legs"]
    sent = world.ask("walker", "POST", f"/v1/tracks?{query}", content=gpx_of(walk_of(legs)), headers=GPX)
    assert "walker" not in sent.text
    with world.site.store.read() as tx:
        [entry] = [e for e in tx.audit.entries(limit=1000) if e.action == "track.add"]
    assert (entry.who, entry.place, entry.subject) == ("walker", OWN, sent.json()["id"])
