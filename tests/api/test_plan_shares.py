"""Links to read a plan without an account: made, shown once, opened, revoked, expired; and what they never tell."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from api.accounts.guard import AccessSettings, Guard
from api.usecases.plan_shares import hash_of
from data.store import SqlStore
from tests.http_kit import code
from tests.plan_site import PlanSite, make_plan_site
from tests.stores import (
    embedded_store,
    migrated_file,
    migrated_server,
    postgis_server,
    postgis_store,
    store,
)

__all__ = ["embedded_store", "migrated_file", "migrated_server", "postgis_server", "postgis_store", "store"]

NAMES = ("clerk", "wang", "chen", "root", "zhao")
PARTS = ("", "/ground", "/sheet", "/grids", "/notes", "/backdrop/buildings", "/backdrop/streets")


@pytest.fixture
def site(store: SqlStore) -> Iterator[PlanSite]:
    made = make_plan_site(store, 2_000)
    with made.clients["root"]:
        yield made


@pytest.fixture
def small(embedded_store: SqlStore) -> PlanSite:
    return make_plan_site(embedded_store, 2_000)


def make(site: PlanSite, who: str = "wang", plan: str = "", **body: Any) -> dict[str, Any]:
    answer = site.clients[who].post(f"/v1/plans/{plan or site.plan}/shares", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


def stranger(site: PlanSite, **headers: str) -> TestClient:
    return site.site.client(**{"Accept-Language": "en", **headers})


def asked(site: PlanSite, made: dict[str, Any], part: str = "", **headers: str) -> Any:
    return stranger(site).get(f"/v1{made['path']}{part}", headers=headers)


def test_a_link_is_shown_once_and_only_its_hash_is_kept(site: PlanSite) -> None:
    made = make(site, note="街道办")
    token = made["path"].removeprefix("/shared/")
    assert len(token) == 43
    assert made["link"].endswith(made["path"])
    now = site.site.clock()
    assert made["expires_at"] == (now + timedelta(days=14)).isoformat().replace("+00:00", "Z")
    listed = site.get("shares", "zhao")
    assert token not in listed.text
    (one,) = listed.json()["shares"]
    assert one == {key: value for key, value in made.items() if key not in ("path", "link")}
    assert (one["note"], one["state"], one["created_by"], one["uses"], one["last_used_at"]) == (
        *("街道办", "live", "wang", 0),
        None,
    )
    with site.site.store.read() as tx:
        assert tx.shares.find(hash_of(token)) is not None
        for table in ("plan_shares", "audit", "outbox", "idempotency"):
            rows = str(tx.connection.execute(text(f"select * from {table}")).all())
            assert token not in rows, table


def test_two_links_never_are_the_same(small: PlanSite) -> None:
    body = {"expires_in_days": 1}
    headers = {"Idempotency-Key": "k"}  # kept answers would hold what opens the link
    path = f"/v1/plans/{small.plan}/shares"
    made = [small.clients["chen"].post(path, json=body, headers=headers).json()["path"] for _ in range(5)]
    assert len(set(made)) == 5


def test_a_link_opens_the_plan_as_it_is_and_names_no_account(site: PlanSite) -> None:
    point = site.town.filed.grids.to_crs(4326).geometry.iloc[0].representative_point()
    for who in ("chen", "wang"):
        role = "reviewer" if who == "chen" else "planner"
        body = {"lon": point.x, "lat": point.y, "text": f"seen by a {role}"}
        assert site.clients[who].post(f"/v1/plans/{site.plan}/notes", json=body).status_code == 201
    site.clients["wang"].patch(f"/v1/plans/{site.plan}/notes/1", json={"state": "settled"})
    made = make(site)
    for part in PARTS:
        answer = asked(site, made, part)
        assert answer.status_code == 200, (part, answer.text)
        assert answer.headers["x-robots-tag"] == "noindex, nofollow"
        assert answer.headers["referrer-policy"] == "no-referrer"
        if "json" in answer.headers["content-type"]:
            for name in NAMES:
                assert f'"{name}"' not in answer.text, (part, name)
    card, known = asked(site, made).json(), site.get().json()
    differs = {"created_by", "changed_by", "submitted_by", "approved_by", "job", "next_states"}
    assert {key: value for key, value in card.items() if key in known and key not in differs} == {
        key: value for key, value in known.items() if key not in differs
    }
    assert (card["next_states"], card["created_by"], card["shared_until"]) == ([], "", made["expires_at"])
    assert asked(site, made, "/grids").json() == site.get("grids").json()
    assert asked(site, made, "/ground").content == site.get("ground").content
    sheet, own = asked(site, made, "/sheet").json(), site.clients["wang"].get(f"/v1/plans/{site.plan}/sheet").json()
    assert {**sheet, "plan": 0} == {**own, "plan": 0}
    told = asked(site, made, "/notes").json()["notes"]
    assert [(one["text"], one["who"], one["role"], one["may_edit"]) for one in told] == [
        ("seen by a reviewer", None, "reviewer", False),
        ("seen by a planner", None, "planner", False),
    ]
    assert (told[0]["settled_by"], told[0]["settled_role"]) == (None, "planner")


def test_a_link_shows_what_the_plan_has_become(small: PlanSite) -> None:
    made = make(small)
    first = asked(small, made)
    known = {"If-None-Match": first.headers["etag"]}
    assert asked(small, made, **known).status_code == 304
    small.clients["wang"].patch(f"/v1/plans/{small.plan}", json={"name": "another"}, headers={"If-Match": small.etag()})
    again = asked(small, made, **known)
    assert (again.status_code, again.json()["name"], again.json()["revision"]) == (200, "another", 2)


def test_a_link_changes_nothing(small: PlanSite) -> None:
    made = make(small)
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        for part in ("", "/notes", "/shares", "/moves", "/status"):
            answer = stranger(small).request(method, f"/v1{made['path']}{part}", json={})
            assert answer.status_code in (404, 405), (method, part)
    token = made["path"].removeprefix("/shared/")
    for way in ({"Authorization": f"Bearer {token}"}, {"Cookie": f"gridwright={token}"}):
        assert stranger(small).get(f"/v1/plans/{small.plan}", headers=way).status_code == 401


def test_a_link_ends_by_the_clock_of_the_service(site: PlanSite) -> None:
    made = make(site, expires_in_days=1)
    site.site.clock.pass_by(hours=23, minutes=59)
    assert asked(site, made).status_code == 200
    site.site.clock.pass_by(minutes=1)
    for part in (*PARTS, "/compare"):
        assert code(asked(site, made, part)) == (410, "share_expired"), part
    assert site.get("shares").json()["shares"][0]["state"] == "expired"


def test_a_revoked_link_opens_nothing_at_once_and_stays_in_the_list(site: PlanSite) -> None:
    made, other = make(site), make(site, "chen")
    etag = asked(site, made).headers["etag"]
    path = f"/v1/plans/{site.plan}/shares/{made['id']}"
    revoked = site.clients["li"].delete(path)
    assert (revoked.status_code, revoked.json()["state"], revoked.json()["revoked_by"]) == (200, "revoked", "li")
    assert site.clients["chen"].delete(path).json() == revoked.json()
    for part in (*PARTS, "/compare"):
        assert code(asked(site, made, part, **{"If-None-Match": etag})) == (410, "share_revoked"), part
    assert asked(site, other).status_code == 200
    assert {one["state"] for one in site.get("shares").json()["shares"]} == {"live", "revoked"}
    assert code(site.clients["li"].delete(f"/v1/plans/{site.plan}/shares/s000000000000")) == (404, "share_not_here")


@pytest.mark.parametrize("token", ["x", "A" * 43, "%2e%2e", "a" * 200, "..;", "é" * 20])
def test_what_is_no_link_opens_nothing(small: PlanSite, token: str) -> None:
    make(small)
    assert code(stranger(small).get(f"/v1/shared/{token}")) == (404, "share_unknown")
    page = stranger(small).get(f"/shared/{token}")
    assert page.status_code == 404
    assert "This link opens nothing" in page.text


def test_the_page_of_a_link_is_the_desk_until_it_ends_and_then_tells_nothing_of_the_plan(small: PlanSite) -> None:
    small.clients["wang"].patch(
        f"/v1/plans/{small.plan}", json={"name": "secret-name"}, headers={"If-Match": small.etag()}
    )
    made = make(small)
    page = stranger(small).get(made["path"])
    assert page.status_code == 200
    assert "/desk/plan/plan.js" in page.text
    assert "script-src 'self'" in page.headers["content-security-policy"]
    small.clients["wang"].delete(f"/v1/plans/{small.plan}/shares/{made['id']}")
    for language, heading in (("en", "This link was revoked"), ("zh", "链接已被撤销")):
        ended = stranger(small, **{"Accept-Language": language}).get(made["path"])
        assert ended.status_code == 410
        assert heading in ended.text
        assert ended.headers["content-type"].startswith("text/html")
        for page_ in (page, ended):
            assert page_.headers["x-robots-tag"] == "noindex, nofollow"
            assert page_.headers["referrer-policy"] == "no-referrer"
            assert page_.headers["cache-control"] == "private, no-store"
        assert "script" not in ended.headers["content-security-policy"]
        for word in ("secret-name", small.plan, "wang", made["path"]):
            assert word not in ended.text, word
    expired = make(small, expires_in_days=1)
    small.site.clock.pass_by(days=1)
    assert "链接已过期" in stranger(small).get(f"{expired['path']}?lang=zh").text


def test_openings_are_counted_and_readings_noted(small: PlanSite) -> None:
    made = make(small)
    for _ in range(2):
        stranger(small).get(made["path"])
    small.site.clock.pass_by(hours=1)
    asked(small, made, "/sheet")
    (one,) = small.get("shares").json()["shares"]
    assert one["uses"] == 2
    assert one["last_used_at"] == small.site.clock().isoformat().replace("+00:00", "Z")


def test_a_store_that_keeps_nothing_shows_the_plan_all_the_same(
    small: PlanSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    from data.store.rooms.shares import Shares
    from gis.errors import StorageError

    made = make(small)

    def full(*_: Any, **__: Any) -> None:
        raise StorageError("store_full", file="", measured="")

    monkeypatch.setattr(Shares, "note_use", full)
    assert stranger(small).get(made["path"]).status_code == 200
    assert asked(small, made).status_code == 200


def test_the_plan_before_can_be_held_against_it_and_no_other(small: PlanSite) -> None:
    fork = small.clients["wang"].post("/v1/plans", json={"parent": small.plan, "name": "scenario"}).json()["id"]
    sibling = small.clients["wang"].post("/v1/plans", json={"parent": small.plan, "name": "sibling"}).json()["id"]
    made = make(small, plan=fork)
    assert asked(small, made).json()["parent_name"] == "plan"
    told = asked(small, made, "/compare").json()
    assert [one["name"] for one in told["plans"]] == [f"{small.plan}-1", f"{fork}-1"]
    assert told["notes"] == []
    assert asked(small, made, f"/compare?with={small.plan}&detail=true").status_code == 200
    assert code(asked(small, made, f"/compare?with={sibling}")) == (404, "plan_unknown")
    assert code(asked(small, make(small), "/compare")) == (404, "plan_unknown")


@pytest.mark.parametrize("days", [0, 91, -1, 1.5, "14", None])
def test_a_link_is_good_for_one_to_ninety_days(small: PlanSite, days: Any) -> None:
    answer = small.clients["wang"].post(f"/v1/plans/{small.plan}/shares", json={"expires_in_days": days})
    assert answer.status_code == 422
    assert small.get("shares").json()["shares"] == []


def test_auditors_see_the_list_and_make_none(small: PlanSite) -> None:
    made = make(small)
    assert small.get("shares", "zhao").status_code == 200
    assert code(small.clients["zhao"].post(f"/v1/plans/{small.plan}/shares", json={})) == (403, "role_refused")
    assert code(small.clients["zhao"].delete(f"/v1/plans/{small.plan}/shares/{made['id']}")) == (403, "role_refused")


def test_guessing_and_hammering_are_slowed(small: PlanSite) -> None:
    made = make(small)
    rates = {"wrong_key": "3/minute", "share": "5/minute", "stranger": "1000/minute"}
    small.site.app.state.guard = Guard(small.site.store, small.site.clock, AccessSettings(rates=rates))
    assert [asked(small, made).status_code for _ in range(6)] == [200] * 5 + [429]
    wrong = [stranger(small).get(f"/v1/shared/{'A' * 42}{n}").status_code for n in range(4)]
    assert wrong == [404, 404, 404, 429]
    assert stranger(small).get(f"/shared/{'B' * 43}").status_code == 429


def test_a_link_opens_nothing_but_its_own_paths(small: PlanSite) -> None:
    made = make(small)
    token = made["path"].removeprefix("/shared/")
    for path in ("", "/grids", "/notes", "/history", "/shares", "/sheet"):
        assert stranger(small).get(f"/v1/plans/{small.plan}{path}").status_code == 401
        assert stranger(small).get(f"/v1/plans/{token}{path}").status_code == 401
    for path in ("/history", "/shares", "/status", "/file", "/locks", "/moves", "/atoms"):
        assert code(asked(small, made, path))[0] == 404
