"""Point to grid over HTTP: the plans in force, other plans, other moments, many points at once."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
import shapely
from fastapi.testclient import TestClient
from sqlalchemy import update

from api.app import ServiceSettings, create_app
from api.routes.lookup import lookups_of
from api.usecases.accounts import add_account, issue_key
from data.store import SqlStore
from data.store.tables.plans import plan_grids
from tests.service_town import FIRST, LONG_AGO, lon_lat, middle, put_in_force, put_town, town_plan
from tests.stores import act, embedded_store, migrated_file, migrated_server, postgis_server, postgis_store, store

__all__ = ["embedded_store", "migrated_file", "migrated_server", "postgis_server", "postgis_store", "store"]

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.moment = NOW

    def __call__(self) -> datetime:
        return self.moment


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def plan(store: SqlStore) -> str:
    return put_town(store)


@pytest.fixture
def client(store: SqlStore, plan: str, clock: Clock) -> TestClient:
    return TestClient(create_app(store, ServiceSettings(now=clock)))


def asked(client: TestClient, lon: float, lat: float, **more: str) -> dict[str, object]:
    answer = client.get("/v1/lookup", params={"lon": lon, "lat": lat, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_point_is_answered_with_its_grid_community_and_plan(client, plan) -> None:
    for letter in "ABCD":
        found = asked(client, *middle(letter))
        assert found["status"] == "exact"
        assert found["grid"][-1] == letter
        assert found["community"] == found["grid"][:-1]
        assert found["name"] == f"第{letter}网格"
        assert found["plan"] == plan
        assert found["reason"] is None
    assert "households" not in found


def test_a_point_outside_is_said_to_be_outside(client) -> None:
    found = asked(client, *lon_lat(50, 50))
    assert (found["status"], found["grid"], found["reason"]) == ("not_found", None, "outside")
    assert "WGS 84" in found["detail"]
    assert "坐标" in asked(client, *lon_lat(50, 50), lang="zh")["detail"]


def test_a_point_on_a_common_border_has_one_grid_and_says_so(client) -> None:
    found = asked(client, *lon_lat(2, 1))
    assert (found["grid"][-1], found["reason"]) in (("A", "on_border"), ("A", None), ("B", None))
    corner = asked(client, *lon_lat(2, 2))
    assert corner["grid"] == f"{FIRST}A"
    assert corner["reason"] == "on_border"


def test_longitude_and_latitude_exchanged_are_suspected_where_only_that_fits(store) -> None:
    app = create_app(store)
    put_town(store)
    lon, lat = middle("B")  # both fit into 90 degrees only in the west: the town is moved there
    with store.write(act()) as tx:
        for row in tx.connection.execute(plan_grids.select()).mappings().all():
            moved = shapely.transform(row["geom"], lambda xy: xy - [60.0, 0.0])
            here = update(plan_grids).where(plan_grids.c.fid == row["fid"])
            tx.connection.execute(here.values(geom=shapely.set_srid(moved, 4326)))
    client = TestClient(app)
    assert asked(client, lon - 60, lat)["status"] == "exact"
    found = asked(client, lat, lon - 60)
    assert (found["status"], found["reason"]) == ("not_found", "lon_lat_swapped")
    assert f"{FIRST}B" in found["detail"]


@pytest.mark.parametrize(
    ("query", "column"),
    [
        ("lon=abc&lat=30", "lon"),
        ("lon=NaN&lat=30", "lon"),
        ("lon=1e400&lat=30", "lon"),
        ("lon=120&lat=-91", "lat"),
        ("lon=30&lat=120", "lat"),
        ("lat=30", "lon"),
        ("lon=&lat=30", "lon"),
    ],
)
def test_a_point_that_is_none_is_refused_with_the_name_of_the_parameter(client, query, column) -> None:
    answer = client.get(f"/v1/lookup?{query}")
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert column in {fault["facts"]["column"] for fault in answer.json()["faults"]}


def test_a_point_or_an_address_is_asked_for_and_not_both(client) -> None:
    both = client.get("/v1/lookup?address=x&lon=120&lat=30")
    assert (both.status_code, both.json()["code"]) == (400, "lookup_one_of")
    for query in ("", "?lon=120", "?lat=30"):
        neither = client.get(f"/v1/lookup{query}")
        assert (neither.status_code, neither.json()["code"]) == (400, "parameter_missing")


def later_plan(store: SqlStore, since: datetime) -> str:
    """The same town with the codes of its grids exchanged, in force from a moment on."""
    with store.write(act()) as tx:
        territory = tx.territories.cards()[0].id
        filed = town_plan("P-2", {letter: f"新{letter}网格" for letter in "ABCD"})
        return put_in_force(tx, tx.plans.save(filed, territory_id=territory, name="新方案", state="filed").id, since)


def test_a_plan_that_comes_into_force_is_answered_from_its_moment_on(client, store, plan, clock) -> None:
    lon, lat = middle("A")
    assert asked(client, lon, lat)["plan"] == plan
    new = later_plan(store, NOW + timedelta(hours=1))
    assert asked(client, lon, lat)["plan"] == plan
    clock.moment = NOW + timedelta(hours=1)
    assert asked(client, lon, lat)["plan"] == new
    assert asked(client, lon, lat)["name"] == "新A网格"


def test_other_moments_and_other_plans_are_answered_from_the_store(client, store, plan, clock) -> None:
    lon, lat = middle("D")
    new = later_plan(store, NOW - timedelta(days=30))
    assert asked(client, lon, lat)["plan"] == new
    assert asked(client, lon, lat, as_of="2026-10-01")["plan"] == plan
    assert asked(client, lon, lat, as_of="2026-11-22T00:00:00+08:00")["plan"] == new
    assert asked(client, lon, lat, as_of="2019-12-31")["reason"] == "outside"
    assert asked(client, lon, lat, plan=plan)["plan"] == plan
    for query in ("plan=p000000000000", "plan=%27%20or%201=1--"):
        answer = client.get(f"/v1/lookup?lon={lon}&lat={lat}&{query}")
        assert (answer.status_code, answer.json()["code"]) == (404, "plan_unknown")
    for moment in ("yesterday", "2026-13-01", "0001-01-01T00:00:00+14:00", "2026-11-22T08:00:00"):
        answer = client.get("/v1/lookup", params={"lon": lon, "lat": lat, "as_of": moment})
        assert (answer.status_code, answer.json()["code"]) == (400, "moment_malformed")
    both = client.get(f"/v1/lookup?lon={lon}&lat={lat}&plan={plan}&as_of=2026-10-01")
    assert both.json()["code"] == "lookup_plan_or_moment"


def test_a_watched_service_answers_from_memory_and_hears_of_a_new_plan(store, plan) -> None:
    app = create_app(store, ServiceSettings(poll_seconds=0.05))
    lon, lat = middle("A")
    with TestClient(app) as client:
        ended = datetime.now(UTC) + timedelta(seconds=60)
        while lookups_of(app).current() is None and datetime.now(UTC) < ended:
            asked(client, lon, lat)
        slow = asked(client, lon, lat, as_of="2026-11-22")
        fast = asked(client, lon, lat)
        assert fast == slow
        assert asked(client, *lon_lat(50, 50))["reason"] == "outside"
        new = later_plan(store, LONG_AGO + timedelta(days=1))
        found = fast
        while found["plan"] != new and datetime.now(UTC) < ended:
            found = asked(client, lon, lat)
        assert found["plan"] == new


def test_many_points_are_answered_in_their_order(client, plan) -> None:
    points = [dict(zip(("lon", "lat"), where)) for where in (middle("D"), lon_lat(9, 9), middle("A"), lon_lat(2, 2))]
    answer = client.post("/v1/lookup/batch", json={"points": points})
    assert answer.status_code == 200, answer.text
    rows = answer.json()["rows"]
    assert [(row["grid"] or "-")[-1] for row in rows] == ["D", "-", "A", "A"]
    assert [row["reason"] for row in rows] == [None, "outside", None, "on_border"]
    assert (answer.json()["found"], answer.json()["not_found"]) == (3, 1)
    assert rows == [asked(client, point["lon"], point["lat"]) for point in points]


def test_a_table_is_answered_with_a_table_of_the_contract(client, plan) -> None:
    (a, b), (c, d) = middle("B"), lon_lat(9, 9)
    table = f"\ufeffname,LAT,lon\r\nx,{b},{a}\r\n\r\ny,{d},{c}\r\n"
    answer = client.post("/v1/lookup/batch", content=table.encode(), headers={"Content-Type": "text/csv"})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    wanted = "query,status,grid,community,building,matched_text,confidence,lon,lat,plan,reason"
    assert list(rows[0]) == wanted.split(",")
    assert [row["grid"] for row in rows] == [f"{FIRST}B", ""]
    assert rows[1]["reason"] == "outside"
    as_json = client.post(
        "/v1/lookup/batch",
        content=table.encode(),
        headers={"Content-Type": "text/csv; charset=utf-8", "Accept": "application/json"},
    )
    assert as_json.json()["found"] == 1


def table_of(client: TestClient, table: str | bytes, kind: str = "text/csv") -> list[dict[str, str]]:
    """The rows of the answer to a table."""
    content = table.encode() if isinstance(table, str) else table
    answer = client.post("/v1/lookup/batch", content=content, headers={"Content-Type": kind})
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.text)))


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ("x,3", "point_unreadable"),
        ("4,NaN", "point_unreadable"),
        ("1,inf", "point_unreadable"),
        ("30,120", "point_unreadable"),
        ("1e400,3", "point_unreadable"),
        (",", "point_unreadable"),
        ("1", "row_length"),
        ("1,2,3", "row_length"),
        ('"1,2', "row_quotation"),
        ("1\0,2", "row_control"),
        (b"\xff,2", "row_not_text"),
    ],
)
def test_a_faulty_row_of_a_table_says_so_and_the_rest_go_on(client, broken, reason) -> None:
    good = "{!r},{!r}".format(*middle("B")).encode()
    bad = broken if isinstance(broken, bytes) else broken.encode()
    rows = table_of(client, b"\n".join([b"lon,lat", *[good] * 1_500, bad, *[good] * 1_500]))
    assert len(rows) == 3_001
    assert (rows[1_500]["status"], rows[1_500]["reason"], rows[1_500]["grid"]) == ("not_found", reason, "")
    assert {row["grid"] for row in rows[:1_500] + rows[1_501:]} == {f"{FIRST}B"}
    as_json = client.post(
        "/v1/lookup/batch",
        content=b"\n".join([b"lon,lat", good, bad]),
        headers={"Content-Type": "text/csv", "Accept": "application/json"},
    ).json()
    assert [row["reason"] for row in as_json["rows"]] == [None, reason]
    assert as_json["rows"][1]["detail"]
    assert (as_json["found"], as_json["not_found"]) == (1, 1)


@pytest.mark.parametrize(
    ("table", "status", "codes"),
    [
        ("a,b\n1,2\n", 422, ["batch_columns_missing"]),
        ("lon,lat,lon\n1,2,3\n", 422, ["batch_columns_missing"]),
        ("lon,lat\n", 422, ["batch_empty"]),
        ('"lon,lat\n', 422, ["table_header_broken"]),
        ("", 422, ["table_empty"]),
    ],
)
def test_what_is_no_table_is_refused(client, table, status, codes) -> None:
    answer = client.post("/v1/lookup/batch", content=table.encode(), headers={"Content-Type": "text/csv"})
    assert answer.status_code == status, answer.text
    assert [fault["code"] for fault in answer.json()["faults"]] == codes


@pytest.mark.parametrize(
    "body",
    [
        '{"points": [{"lon": NaN, "lat": 1}]}',
        '{"points": [{"lon": 1e400, "lat": 1}]}',
        '{"points": [{"lon": 181, "lat": 1}]}',
        '{"points": [{"lon": "1", "lat": 1}]}',
        '{"points": [{"lon": 1}]}',
        '{"points": [{"lon": 1, "lat": 1, "z": 1}]}',
        '{"points": []}',
        '{"points": 5}',
        '{"points": [{"lon": 1, "lat": 1}], "addresses": ["x"]}',
        '{"addresses": []}',
        '{"addresses": "x"}',
        '{"addresses": [1]}',
        '{"addresses": [null]}',
        "[]",
        "null",
        "{}",
    ],
)
def test_points_that_are_none_are_refused(client, body) -> None:
    answer = client.post("/v1/lookup/batch", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422), answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_more_rows_than_are_taken_at_once_are_refused(client) -> None:
    points = {"points": [{"lon": 1.0, "lat": 1.0}] * 10_001}
    answer = client.post("/v1/lookup/batch", json=points)
    assert (answer.status_code, answer.json()["code"]) == (422, "batch_too_long")


def test_a_table_may_be_longer_but_not_without_end(client, monkeypatch) -> None:
    table = "lon,lat\n" + "1,1\n" * 25_000
    assert len(table_of(client, table)) == 25_000
    monkeypatch.setattr("api.lookup_batch.MAX_TABLE_ROWS", 24_999)
    answer = client.post("/v1/lookup/batch", content=table, headers={"Content-Type": "text/csv"})
    assert (answer.status_code, answer.json()["code"]) == (422, "batch_too_long")


def test_a_code_that_looks_like_a_formula_is_quoted_in_the_table(store) -> None:
    put_town(store)
    with store.write(act()) as tx:
        tx.connection.execute(update(plan_grids).where(plan_grids.c.code == f"{FIRST}A").values(code="=1+1"))
    where = ",".join(map(str, middle("A")))
    client = TestClient(create_app(store))
    answer = client.post("/v1/lookup/batch", content=f"lon,lat\n{where}\n", headers={"Content-Type": "text/csv"})
    assert next(csv.DictReader(io.StringIO(answer.text)))["grid"] == "'=1+1"


def key_of(store: SqlStore, name: str, role: str, place: str = "") -> dict[str, str]:
    now = act(at=datetime.now(UTC))
    add_account(store, now, name, role=role, place=place)
    return {"Authorization": f"Bearer {issue_key(store, now, name).text}"}


def test_an_account_finds_grids_of_its_jurisdiction_and_no_draft(store, plan) -> None:
    with store.write(act()) as tx:
        territory = tx.territories.cards()[0].id
        draft = tx.plans.save(town_plan("P-3"), territory_id=territory, name="draft").id
    key_of(store, "head", "admin")
    desk, planner = key_of(store, "desk", "lookup", FIRST), key_of(store, "planner", "planner")
    client = TestClient(create_app(store))
    lon, lat = middle("A")
    assert client.get(f"/v1/lookup?lon={lon}&lat={lat}").status_code == 401
    points = {"points": [dict(zip(("lon", "lat"), middle(letter))) for letter in "AD"]}
    for more in ("", "as_of=2026-10-01", f"plan={plan}"):
        answer = client.post(f"/v1/lookup/batch?{more}", json=points, headers=desk)
        assert [row["grid"] for row in answer.json()["rows"]] == [f"{FIRST}A", None], more
        x, y = middle("D")
        one = client.get(f"/v1/lookup?lon={x}&lat={y}&{more}".rstrip("&"), headers=desk).json()
        assert (one["status"], one["reason"]) == ("not_found", "outside")
    asked_for = f"/v1/lookup?lon={lon}&lat={lat}&plan={draft}"
    assert client.get(asked_for, headers=planner).json()["plan"] == draft
    refused = client.get(asked_for, headers=desk)
    assert (refused.status_code, refused.json()["code"]) == (404, "plan_unknown")


def test_a_watched_service_asks_for_a_key_too(store, plan) -> None:
    key_of(store, "head", "admin")
    desk = key_of(store, "desk", "lookup", FIRST)
    app = create_app(store, ServiceSettings(poll_seconds=0.05))
    with TestClient(app) as client:
        ended = datetime.now(UTC) + timedelta(seconds=60)
        while lookups_of(app).current() is None and datetime.now(UTC) < ended:
            client.get("/healthz")
        for letter, status in (("A", "exact"), ("D", "not_found")):
            lon, lat = middle(letter)
            assert client.get(f"/v1/lookup?lon={lon}&lat={lat}", headers=desk).json()["status"] == status
            assert client.get(f"/v1/lookup?lon={lon}&lat={lat}").status_code == 401
