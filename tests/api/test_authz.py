"""Every route x every role x inside and outside of the jurisdiction, on both stores; a route without a row fails.

A row says which roles may call a route, and what is answered for something inside the caller's jurisdiction and for
something outside.  Beyond the status, no answer may hold a word of the other county (a code, an id) that the request
itself did not bring along.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from sqlalchemy import text

from api.accounts.caller import ROLES
from data.store import open_store
from data.store.rooms.collections import COLLECTIONS
from tests.authz_coverage import COVERAGE
from tests.authz_incidents import INCIDENTS
from tests.authz_mergers import MERGERS
from tests.authz_notes import NOTES
from tests.authz_rows import ANYONE, BEHIND_THE_DOOR, EVERYBODY, FRESH, OFFICE, READERS, Row, Things, row
from tests.authz_world import HERE, NOBODY, ROOT, THERE, World, make_world
from tests.postgis import Server, fresh_database, postgis_server
from tests.stores import migrated_file, migrated_server

__all__ = ["migrated_file", "migrated_server", "postgis_server"]

BY_CHANCE = re.compile(rb"(?=[0-9]*[a-f])[0-9a-f]{16,}|(?<=[0-9])\.[0-9]{6}(?=[Z+])")
"""Hashes and parts of a second: any six digits turn up in them some day."""


TABLE: dict[tuple[str, str], Row] = {
    # open to anyone: nothing of the store is shown
    ("GET", "/"): row(ANYONE, 200, 200, "/"),
    ("GET", "/api"): row(ANYONE, 200, 200, "/api"),
    ("GET", "/conformance"): row(ANYONE, 200, 200, "/conformance"),
    ("GET", "/openapi.json"): row(ANYONE, 200, 200, "/openapi.json"),
    ("GET", "/healthz"): row(ANYONE, 200, 200, "/healthz"),
    ("GET", "/readyz"): row(ANYONE, 200, 200, "/readyz"),
    ("GET", "/login"): row(ANYONE, 200, 200, "/login"),
    ("GET", "/login/{name}"): row(ANYONE, 200, 200, "/login/login.js"),
    ("POST", "/v1/session"): row(ANYONE, 201, 201, "/v1/session", json={"name": "root", "password": "{password}"}),
    # one's own session
    ("GET", "/v1/session"): row(EVERYBODY, 200, 200, "/v1/session"),
    ("DELETE", "/v1/session"): row(EVERYBODY, 204, 204, "/v1/session"),
    ("POST", "/v1/session/password"): row(
        EVERYBODY, 403, 403, "/v1/session/password", json={"password": "x", "new_password": "y"}
    ),
    # accounts and keys
    ("GET", "/v1/accounts"): row("admin", 200, 200, "/v1/accounts"),
    ("POST", "/v1/accounts"): row(
        "admin", 201, 403, "/v1/accounts", json={"name": "{name}", "role": "admin", "jurisdiction": "{county}"}
    ),
    ("GET", "/v1/accounts/{name}"): row("admin", 200, 404, "/v1/accounts/{new_account}"),
    ("PATCH", "/v1/accounts/{name}"): row(
        "admin", 200, 404, "/v1/accounts/{new_account}", json={"role": "patrol", "jurisdiction": "{county}"}
    ),
    ("DELETE", "/v1/accounts/{name}"): row("admin", 204, 404, "/v1/accounts/{new_account}"),
    ("POST", "/v1/accounts/{name}/password"): row("admin", 200, 404, "/v1/accounts/{new_account}/password"),
    ("GET", "/v1/keys"): row(EVERYBODY, 200, 200, "/v1/keys"),
    ("POST", "/v1/keys"): row("admin", 201, 404, "/v1/keys", json={"account": "{new_account}"}),
    ("POST", "/v1/keys/{prefix}/rotation"): row("admin", 201, 404, "/v1/keys/{new_key}/rotation", json={}),
    ("DELETE", "/v1/keys/{prefix}"): row(
        EVERYBODY, {"admin": 204, ROOT: 204, "others": 404}, 404, "/v1/keys/{new_key}"
    ),
    ("GET", "/v1/audit"): row("auditor", 200, 200, "/v1/audit?limit=1000"),
    ("GET", "/metrics"): row("auditor", 200, 200, "/metrics"),
    # look-ups: a point outside lies nowhere
    ("GET", "/v1/lookup"): row(EVERYBODY, 200, 200, "/v1/lookup?lon={lon}&lat={lat}"),
    ("POST", "/v1/lookup/batch"): row(
        EVERYBODY,
        200,
        200,
        "/v1/lookup/batch",
        content='{{"points": [{{"lon": {lon}, "lat": {lat}}}]}}',
        headers={"Content-Type": "application/json"},
    ),
    ("GET", "/v1/suggest"): row(EVERYBODY, 200, 200, "/v1/suggest?q=x"),
    ("GET", "/lookup"): row(EVERYBODY, 200, 200, "/lookup"),
    ("GET", "/lookup/{name}"): row(ANYONE, 200, 200, "/lookup/lookup.js"),
    ("GET", "/desk/patrol"): row(READERS, 200, 200, "/desk/patrol"),
    ("GET", "/desk/patrol/{name}"): row(ANYONE, 200, 200, "/desk/patrol/patrol.js"),
    ("GET", "/desk/coverage"): row(OFFICE, 200, 200, "/desk/coverage"),
    ("GET", "/desk/coverage/{name}"): row(ANYONE, 200, 200, "/desk/coverage/coverage.js"),
    ("GET", "/desk/dispatch"): row(READERS, 200, 200, "/desk/dispatch"),
    ("GET", "/desk/dispatch/{name}"): row(ANYONE, 200, 200, "/desk/dispatch/dispatch.js"),
    ("GET", "/desk/statistics"): row(READERS, 200, 200, "/desk/statistics"),
    ("GET", "/desk/statistics/{name}"): row(ANYONE, 200, 200, "/desk/statistics/statistics.js"),
    ("GET", "/desk/plan"): row(OFFICE, 200, 200, "/desk/plan"),
    ("GET", "/desk/plan/{name}"): row(ANYONE, 200, 200, "/desk/plan/plan.js"),
    # patrols and their tracks
    ("GET", "/v1/patrols/grids"): row(f"{OFFICE} dispatcher patrol", 200, 404, "/v1/patrols/grids?plan={plan}"),
    ("GET", "/v1/patrols"): row(f"{OFFICE} dispatcher patrol", 200, 404, "/v1/patrols?grid={grid}"),
    ("GET", "/v1/patrols/{route_id}.{form}"): row(
        f"{OFFICE} dispatcher patrol",
        200,
        404,
        "/v1/patrols/{grid}-1.gpx?grid={grid}&plan={plan}",
    ),
    ("GET", "/v1/patrols/{route_id}/qr.svg"): row(
        f"{OFFICE} dispatcher patrol", 200, 404, "/v1/patrols/{grid}-1/qr.svg?grid={grid}"
    ),
    ("POST", "/v1/tracks"): row(
        "planner dispatcher patrol",
        422,
        404,
        "/v1/tracks?grid={grid}&date=2026-11-22&half=am",
        content="<gpx/>",
        headers={"Content-Type": "application/gpx+xml"},
    ),
    ("GET", "/v1/tracks"): row(f"{OFFICE} dispatcher patrol", 200, 200, "/v1/tracks?date=2026-11-22"),
    ("GET", "/v1/tracks/{id}"): row(f"{OFFICE} dispatcher patrol", 200, 404, "/v1/tracks/{new_track}"),
    **COVERAGE,
    **INCIDENTS,
    **MERGERS,
    **NOTES,
    ("GET", "/v1/plans/{plan}/solve"): row(
        OFFICE, BEHIND_THE_DOOR, 404, "/v1/plans/{plan}/solve?community={community}"
    ),
    ("POST", "/v1/plans/{plan}/solve"): row(
        "planner", BEHIND_THE_DOOR, 404, "/v1/plans/{draft}/solve", json={"community": "{community}"}
    ),
    # layers, tiles, maps
    ("GET", "/collections"): row(READERS, 200, 200, "/collections"),
    ("GET", "/collections/{collection}"): row(READERS, 200, 200, "/collections/grids"),
    ("GET", "/collections/{collection}/schema"): row(READERS, 200, 200, "/collections/grids/schema"),
    ("GET", "/collections/{collection}/items"): row(READERS, 200, 200, "/collections/grids/items?limit=1000"),
    ("GET", "/collections/{collection}/items/{feature:path}"): row(
        READERS, 200, 404, "/collections/grids/items/{grid}"
    ),
    ("GET", "/tiles/{collection}.json"): row(READERS, 200, 200, "/tiles/grids.json"),
    ("GET", "/tiles/{collection}/{z}/{x}/{y}.mvt"): row(READERS, 200, 200, "/tiles/grids/0/0/0.mvt"),
    ("GET", "/map/{plan}"): row(READERS, 200, 404, "/map/{plan}"),
    # plans
    ("GET", "/v1/plans"): row(OFFICE, 200, 200, "/v1/plans"),
    ("POST", "/v1/plans"): row("planner", 201, 404, "/v1/plans", json={"parent": "{plan}"}),
    ("GET", "/v1/plans/{plan}"): row(OFFICE, 200, 404, "/v1/plans/{plan}"),
    ("PATCH", "/v1/plans/{plan}"): row(
        "planner", 200, 404, "/v1/plans/{new_draft}", json={"name": "another"}, headers=FRESH
    ),
    ("GET", "/v1/plans/{plan}/status"): row(OFFICE, 200, 404, "/v1/plans/{plan}/status"),
    ("POST", "/v1/plans/{plan}/status"): row(
        "planner reviewer",
        {"reviewer": 403, "others": 200},
        {"reviewer": 403, "others": 404},
        "/v1/plans/{new_draft}/status",
        json={"state": "withdrawn"},
        headers=FRESH,
    ),
    ("GET", "/v1/plans/{plan}/compare"): row(OFFICE, 200, 404, "/v1/plans/{draft}/compare?with={plan}"),
    ("GET", "/v1/plans/{plan}/compare/changes"): row(OFFICE, 200, 404, "/v1/plans/{draft}/compare/changes?with={plan}"),
    ("GET", "/v1/plans/{plan}/family"): row(OFFICE, 200, 404, "/v1/plans/{draft}/family"),
    ("GET", "/v1/plans/{plan}/file"): row(OFFICE, BEHIND_THE_DOOR, 404, "/v1/plans/{plan}/file"),
    ("GET", "/v1/plans/{plan}/find"): row(OFFICE, 200, 404, "/v1/plans/{plan}/find?q=x"),
    ("GET", "/v1/plans/{plan}/grids"): row(OFFICE, 200, 404, "/v1/plans/{plan}/grids"),
    ("GET", "/v1/plans/{plan}/atoms"): row(OFFICE, 200, 404, "/v1/plans/{plan}/atoms?community={community}"),
    ("GET", "/v1/plans/{plan}/ground"): row(OFFICE, 200, 404, "/v1/plans/{plan}/ground"),
    ("GET", "/v1/plans/{plan}/sheet"): row(OFFICE, 200, 404, "/v1/plans/{plan}/sheet"),
    ("GET", "/v1/plans/{plan}/backdrop/{layer}"): row(OFFICE, 200, 404, "/v1/plans/{plan}/backdrop/streets"),
    ("GET", "/v1/plans/{plan}/changes"): row(OFFICE, 200, 404, "/v1/plans/{plan}/changes"),
    ("GET", "/v1/plans/{plan}/grids/{grid}/why"): row(OFFICE, 200, 404, "/v1/plans/{plan}/grids/{grid}/why"),
    ("GET", "/v1/plans/{plan}/arithmetic"): row(OFFICE, 200, 404, "/v1/plans/{plan}/arithmetic"),
    ("GET", "/v1/plans/{plan}/check"): row(OFFICE, 202, 404, "/v1/plans/{new_draft}/check"),
    ("GET", "/v1/plans/{plan}/moves"): row(OFFICE, 200, 404, "/v1/plans/{plan}/moves"),
    ("POST", "/v1/plans/{plan}/moves"): row(
        "planner",
        BEHIND_THE_DOOR,
        404,
        "/v1/plans/{new_draft}/moves",
        json={"kind": "merge", "grids": ["{community}001", "{community}002"]},
        headers=FRESH,
    ),
    ("POST", "/v1/plans/{plan}/undo"): row(
        "planner", BEHIND_THE_DOOR, 404, "/v1/plans/{new_draft}/undo", headers=FRESH
    ),
    ("POST", "/v1/plans/{plan}/redo"): row(
        "planner", BEHIND_THE_DOOR, 404, "/v1/plans/{new_draft}/redo", headers=FRESH
    ),
    ("GET", "/v1/plans/{plan}/locks"): row(OFFICE, 200, 404, "/v1/plans/{plan}/locks"),
    ("POST", "/v1/plans/{plan}/locks"): row(
        "planner", 200, 404, "/v1/plans/{new_draft}/locks", json={"locks": ["{grid}"]}, headers=FRESH
    ),
    ("DELETE", "/v1/plans/{plan}/locks"): row(
        "planner", 404, 404, "/v1/plans/{new_draft}/locks?lock={grid}", headers=FRESH
    ),
    # jobs
    ("POST", "/v1/draw"): row("planner", 202, 404, "/v1/draw", json={"territory": "{territory}"}),
    ("POST", "/v1/redraw"): row("planner", 202, 404, "/v1/redraw", json={"plan": "{plan}"}),
    ("GET", "/v1/jobs"): row("planner reviewer auditor", 200, 200, "/v1/jobs"),
    ("GET", "/v1/jobs/{job}"): row("planner reviewer auditor", 200, 404, "/v1/jobs/{job}"),
    ("GET", "/v1/jobs/{job}/events"): row("planner reviewer auditor", 204, 404, "/v1/jobs/{job}/events?after=1000"),
    ("DELETE", "/v1/jobs/{job}"): row("planner", 202, 404, "/v1/jobs/{new_job}"),
    ("POST", "/v1/jobs/{job}/cancel"): row("planner", 202, 404, "/v1/jobs/{new_job}/cancel"),
}


@pytest.fixture(scope="module", params=["embedded", "postgis"])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Two counties in a store of either kind; made once, because no row changes what another one asks for."""
    if request.param == "embedded":
        path = tmp_path_factory.mktemp("authz") / "store.db"
        shutil.copy2(request.getfixturevalue("migrated_file"), path)
        yield from _opened(f"sqlite:///{path}")
        return
    server: Server = request.getfixturevalue("postgis_server")
    migrated: Server = request.getfixturevalue("migrated_server")
    with fresh_database(Server(server.address, migrated.template)) as engine:
        name, role = engine.url.database, migrated.address.username
        with engine.begin() as connection:
            connection.execute(text(f"alter database {name} owner to {role}"))
        yield from _opened(migrated.address.set(database=name).render_as_string(hide_password=False))


def _opened(url: str) -> Iterator[World]:
    store = open_store(url)
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("GRIDWRIGHT_SECRET", "for tests only: 0123456789abcdef0123456789")
            made = make_world(store)
            with made.clients[NOBODY]:  # starts the service, and ends it
                yield made
    finally:
        store.close()


def routes_of(app: FastAPI) -> set[tuple[str, str]]:
    """Every method and path that the service answers."""
    found = set()
    for route in app.routes:
        for method in getattr(route, "methods", None) or {"ANY"}:
            found.add((method, route.path))  # type: ignore[attr-defined]
    return found


def test_every_route_has_its_row_and_every_row_its_route(world: World) -> None:
    assert routes_of(world.site.app) == TABLE.keys()


@pytest.mark.parametrize("county", [HERE, THERE], ids=["inside", "outside"])
@pytest.mark.parametrize(("method", "route"), TABLE, ids=[f"{method} {path}" for method, path in TABLE])
def test_who_may_do_what_where(world: World, method: str, route: str, county: str) -> None:
    expected_row, wrong = TABLE[method, route], []
    for role in (*ROLES, ROOT, NOBODY):
        path, options = expected_row.ask(world, county)
        answer = world.ask(role, method, path, **options)
        expected = expected_row.status(role, county)
        if (role if role != ROOT else "admin") not in expected_row.roles:
            expected = 401 if role == NOBODY else 403
        if answer.status_code != expected:
            wrong.append(f"{role}: {answer.status_code}, not {expected}: {answer.text[:200]}")
        asked = f"{path} {options}"
        known = {HERE if role in ROLES else "", county if expected_row.is_link else ""}
        hidden = {word for other in {HERE, THERE} - known for word in world.words_of(other) if word not in asked}
        shown = BY_CHANCE.sub(b"", answer.content)
        told = {word for word in hidden if word.encode() in shown}
        if told and role != ROOT:
            wrong.append(f"{role} was told of {sorted(told)}")
    assert not wrong, "\n".join(wrong)


def test_the_rows_would_notice_a_leak(world: World) -> None:
    told = world.ask(ROOT, "GET", "/collections/grids/items?limit=1000").text
    assert f"{THERE}001001001" in told
    assert f"{HERE}001001001" in world.ask("planner", "GET", "/collections/grids/items?limit=1000").text


@pytest.mark.parametrize("collection", COLLECTIONS)
def test_no_layer_shows_anything_of_another_county(world: World, collection: str) -> None:
    everything = world.ask(ROOT, "GET", f"/collections/{collection}/items?limit=1000").json()["features"]
    # Ids of incidents are numbers of the whole store; what they say names the county.
    theirs = [str(f["id"]) for f in everything if THERE in str(f["id"]) or THERE in str(f["properties"])]
    own = world.ask("planner", "GET", f"/collections/{collection}/items?limit=1000")
    assert THERE not in own.text
    assert len(own.json()["features"]) == len(everything) - len(theirs)
    for id in theirs:
        assert world.ask("planner", "GET", f"/collections/{collection}/items/{id}").status_code == 404
    extent = world.ask("planner", "GET", f"/collections/{collection}").json().get("extent", {}).get("spatial")
    if extent:
        lon, lat = world.point(THERE)
        west, south, east, north = extent["bbox"][0][:4]
        assert not (west <= lon <= east and south <= lat <= north)


def test_an_admin_of_a_county_gives_no_rights_beyond_it(world: World) -> None:
    name = world.new_account(HERE)
    for place in ("", "77", THERE, "*", "%"):
        for method, path in (("PATCH", f"/v1/accounts/{name}"), ("POST", "/v1/accounts")):
            body = {"jurisdiction": place} | ({} if method == "PATCH" else {"name": world.new_name(), "role": "lookup"})
            assert world.ask("admin", method, path, json=body).status_code in (403, 422), (method, place)
    assert world.ask(ROOT, "GET", f"/v1/accounts/{name}").json()["jurisdiction"] == f"{HERE}001"


def test_nobody_gets_from_a_key_or_a_list_what_lies_elsewhere_by_asking_for_pages(world: World) -> None:
    for path in ("/v1/accounts?limit=1", "/v1/keys?limit=1"):
        names, after = [], ""
        while True:
            answer = world.ask("admin", "GET", f"{path}&after={after}").json()
            names += [entry.get("account", entry.get("name")) for entry in answer.get("keys", answer.get("accounts"))]
            if answer["next"] is None:
                break
            after = answer["next"]
        assert names
        assert ROOT not in names
        with world.site.store.read() as tx:
            assert all(tx.accounts.account(name).jurisdiction.startswith(HERE) for name in names)


@pytest.mark.parametrize(
    ("path", "sees_drafts"),
    [
        ("/map/{draft}", {"planner", "reviewer", "auditor", "admin"}),
        ("/v1/lookup?lon={lon}&lat={lat}&plan={draft}", {"planner", "reviewer", "auditor", "admin"}),
        ("/collections/grids/items/{grid}@{draft}", set()),
        ("/v1/patrols?grid={grid}&plan={draft}", {"planner", "reviewer", "auditor", "admin"}),
        ("/v1/patrols/grids?plan={draft}", {"planner", "reviewer", "auditor", "admin"}),
        ("/v1/plans/{draft}", {"planner", "reviewer", "auditor", "admin"}),
    ],
)
def test_drafts_are_for_those_who_work_on_plans(world: World, path: str, sees_drafts: set[str]) -> None:
    for role in ROLES:
        status = world.ask(role, "GET", path.format_map(Things(world, HERE))).status_code
        if role in sees_drafts:
            assert status == 200, role
        else:
            assert status in (403, 404), role
        assert world.ask(role, "GET", path.format_map(Things(world, THERE))).status_code in (403, 404), role


def test_a_point_outside_lies_nowhere_in_batches_too(world: World) -> None:
    points = [dict(zip(("lon", "lat"), world.point(county))) for county in (HERE, THERE)]
    for role in ROLES:
        rows = world.ask(role, "POST", "/v1/lookup/batch", json={"points": points}).json()["rows"]
        assert [row["grid"] for row in rows] == [f"{HERE}001001001", None]
    both = world.ask(ROOT, "POST", "/v1/lookup/batch", json={"points": points}).json()["rows"]
    assert both[1]["grid"] == f"{THERE}001001001"


def test_nobody_approves_what_they_submitted_and_planners_approve_nothing(world: World) -> None:
    for role, state in (("planner", "approved"), ("planner", "in_force"), ("reviewer", "submitted")):
        draft = world.new_draft(HERE)
        headers = {"If-Match": f'"{draft}-1"'}
        answer = world.ask(role, "POST", f"/v1/plans/{draft}/status", json={"state": state}, headers=headers)
        assert answer.status_code == 403
