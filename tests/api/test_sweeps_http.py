"""Sweeps of buildings over HTTP, on both stores: recorded, refused, put right, withdrawn; figures beside patrols."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from openpyxl import load_workbook

from api.app import ServiceSettings, create_app
from api.cli import main
from data.store import SqlStore
from tests.account_kit import make_site
from tests.http_kit import code
from tests.incident_facts import NOW
from tests.maps.pdf import texts
from tests.postgis import postgis_server
from tests.service_town import FIRST, SECOND, put_town
from tests.stores import act, embedded_store, migrated_file, migrated_server, postgis_store, store
from tests.sweep_kit import BEGAN, COUNTY, GUANGMING, N_HELD, RATIOS, guangming, new_sweep, sent

__all__ = ["embedded_store", "migrated_file", "migrated_server", "postgis_server", "postgis_store", "store"]
PERIOD = {"period": "quarter", "at": "2026-Q4"}
KEYS = (*GUANGMING, "sweeps", "buildings_per_sweep", "problems_per_building")


@pytest.fixture
def http(store: SqlStore) -> TestClient:
    """The service over the small town, early in December."""
    put_town(store)
    return TestClient(create_app(store, ServiceSettings(now=lambda: NOW)))


def post(http: TestClient, **facts: Any) -> Any:
    return http.post("/v1/sweeps", json=sent(new_sweep()) | facts)


def swept(http: TestClient, **asked: str) -> Any:
    return http.get("/v1/statistics", params=PERIOD | asked).json()["total"]["sweep"]


def test_a_sweep_is_recorded_read_and_listed(http: TestClient) -> None:
    made = post(http, community=FIRST)
    assert made.status_code == 201
    told = made.json()
    assert (told["id"], told["county"], told["community"], told["name"]) == ("s1", COUNTY, FIRST, f"社区 {FIRST}")
    assert (told["began_at"], told["ended_at"]) == ("2026-10-06T11:30:00.000Z", "2026-10-06T14:30:00.000Z")
    assert made.headers["etag"] == told["etag"] == '"s1-1"'
    shown = http.get(made.headers["location"])
    assert shown.json() == told
    assert http.get("/v1/sweeps/s1", headers={"If-None-Match": '"s1-1"'}).status_code == 304
    post(http, began_at="2026-11-20", ended_at=None)
    listed = http.get("/v1/sweeps", params={"limit": 1}).json()
    assert ([one["id"] for one in listed["sweeps"]], listed["count"], listed["next"]) == (["s2"], 2, "s2")
    rest = http.get("/v1/sweeps", params={"after": "s2"}).json()
    assert ([one["id"] for one in rest["sweeps"]], rest["next"]) == (["s1"], None)
    for asked, ids in (
        ({"since": "2026-11-10"}, ["s2"]),
        ({"until": "2026-11-10"}, ["s1"]),
        ({"community": FIRST}, ["s1"]),
    ):
        assert [one["id"] for one in http.get("/v1/sweeps", params=asked).json()["sweeps"]] == ids
    assert code(http.get("/v1/sweeps/s3")) == (404, "sweep_unknown")


def test_sent_again_it_is_counted_once(http: TestClient) -> None:
    body = sent(new_sweep(source="joint-office", external="2026-17"))
    answers = [http.post("/v1/sweeps", json=body) for _ in range(2)]
    assert [one.status_code for one in answers] == [201, 200]
    assert answers[0].json() == answers[1].json()
    plain, key = sent(new_sweep()), {"Idempotency-Key": "k-1"}
    again = [http.post("/v1/sweeps", json=plain, headers=key) for _ in range(2)]
    assert [one.status_code for one in again] == [201, 201]
    assert again[1].headers["x-repeated"] == "true"
    assert http.get("/v1/sweeps").json()["count"] == 2


@pytest.mark.parametrize(
    ("wrong", "faults"),
    [
        ({"began_at": "2026-12-06T08:00:00Z"}, ["incident_in_future"]),
        ({"ended_at": "2026-12-06T08:00:00Z"}, ["incident_in_future"]),
        ({"began_at": "1999-12-31T12:00:00Z"}, ["incident_too_old"]),
        ({"ended_at": "2026-10-06T11:29:59Z"}, ["sweep_ends_before"]),
        ({"problems": -1}, ["sweep_count_off"]),
        ({"vehicles": 1001, "people": 10_001, "buildings": 100_001}, ["sweep_count_off"] * 3),
        ({"community": "330402015009"}, ["sweep_community_unknown"]),
        ({"community": FIRST, "county": "330411"}, ["sweep_community_unknown"]),
        ({"kind": " "}, ["sweep_kind_missing"]),
        ({"kind": "找张三 13812345678"}, ["note_looks_personal"]),
        (
            {"kind": " ", "people": -3, "community": "1"},
            ["sweep_kind_missing", "sweep_count_off", "sweep_community_unknown"],
        ),
    ],
)
def test_what_can_not_be_is_refused_and_every_fault_is_told(
    http: TestClient, wrong: dict[str, Any], faults: list[str]
) -> None:
    answer = post(http, **wrong)
    assert answer.status_code == 422
    assert [one["code"] for one in answer.json()["faults"]] == faults
    assert http.get("/v1/sweeps").json()["count"] == 0


def test_bodies_of_another_shape_are_refused(http: TestClient) -> None:
    for wrong in ({"problems": "3"}, {"problems": 1.5}, {"note": "x"}, {"began_at": 17}, {"source": "Ä"}):
        assert post(http, **wrong).status_code == 422
    missing = sent(new_sweep())
    del missing["buildings"]
    assert code(http.post("/v1/sweeps", json=missing)) == (422, "parameter_missing")
    assert code(post(http, county="44")) == (404, "territory_unknown")
    assert code(http.post("/v1/sweeps/many", json={"sweeps": []}))[0] == 422


def test_many_are_answered_row_by_row(http: TestClient) -> None:
    rows = [
        sent(new_sweep(source="office", external="1")),
        sent(new_sweep(community="330402015009", problems=-1)),
        sent(new_sweep(source="office", external="1")),
        sent(new_sweep(community=SECOND)),
        sent(new_sweep()) | {"county": "44"},
    ]
    told = http.post("/v1/sweeps/many", json={"sweeps": rows}, headers={"Accept-Language": "en"}).json()
    assert {name: told[name] for name in ("new", "known", "refused")} == {"new": 2, "known": 1, "refused": 2}
    assert [(row["row"], row["what"], row["id"]) for row in told["rows"]] == [
        (1, "new", "s1"), (2, "refused", None), (3, "known", "s1"), (4, "new", "s2"), (5, "refused", None),
    ]  # fmt: skip
    assert [one["code"] for one in told["rows"][1]["faults"]] == ["sweep_count_off", "sweep_community_unknown"]
    assert "330402015009" in told["rows"][1]["faults"][1]["message"]
    assert [one["code"] for one in told["rows"][4]["faults"]] == ["territory_unknown"]
    full = {"sweeps": [sent(new_sweep(source="office", external=str(i))) for i in range(1000)]}
    told = http.post("/v1/sweeps/many", json=full).json()
    assert (told["new"], told["known"]) == (999, 1)
    full["sweeps"].append(full["sweeps"][0])
    assert http.post("/v1/sweeps/many", json=full).status_code == 422


def test_a_sweep_is_put_right_by_whoever_read_it_last(http: TestClient) -> None:
    post(http, community=FIRST)
    right = http.patch("/v1/sweeps/s1", json={"problems": 41, "community": None}, headers={"If-Match": '"s1-1"'})
    assert right.status_code == 200
    assert (right.json()["problems"], right.json()["community"], right.headers["etag"]) == (41, None, '"s1-2"')
    late = http.patch("/v1/sweeps/s1", json={"problems": 1}, headers={"If-Match": '"s1-1"'})
    assert code(late) == (412, "sweep_changed")
    assert late.headers["etag"] == '"s1-2"'
    for wrong, expected in (
        ({}, "sweep_change_empty"),
        ({"problems": None}, "sweep_change_empty"),
        ({"problems": -1}, "sweep_count_off"),
        ({"ended_at": "2026-10-06T10:00:00Z"}, "sweep_ends_before"),
        ({"community": "330402015009"}, "sweep_community_unknown"),
    ):
        assert code(http.patch("/v1/sweeps/s1", json=wrong)) == (422, expected)
    http.patch("/v1/sweeps/s1", json={"ended_at": None, "community": SECOND})
    told = http.get("/v1/sweeps/s1").json()
    assert (told["ended_at"], told["community"], told["problems"]) == (None, SECOND, 41)


def test_a_withdrawn_sweep_counts_nowhere_and_comes_back(http: TestClient) -> None:
    post(http)
    assert swept(http)["sweeps"] == 1
    assert code(http.delete("/v1/sweeps/s1", headers={"If-Match": '"s1-9"'})) == (412, "sweep_changed")
    gone = http.delete("/v1/sweeps/s1", headers={"If-Match": '"s1-1"'})
    assert (gone.status_code, gone.json()["withdrawn_at"]) == (200, "2026-12-05T08:00:00.000Z")
    assert swept(http) is None
    assert code(http.patch("/v1/sweeps/s1", json={"problems": 1})) == (409, "sweep_withdrawn")
    assert http.get("/v1/sweeps").json()["count"] == 0
    assert http.get("/v1/sweeps", params={"withdrawn": "true"}).json()["count"] == 1
    assert http.post("/v1/sweeps/s1/restore").json()["withdrawn_at"] is None
    assert swept(http)["sweeps"] == 1


def test_the_figures_of_guangming_stand_beside_the_patrols(http: TestClient, store: SqlStore) -> None:
    assert swept(http) is None
    http.post("/v1/sweeps/many", json={"sweeps": [sent(one) for one in guangming()]})
    expected = dict(zip(KEYS, (*GUANGMING.values(), N_HELD, *RATIOS)))
    assert swept(http, by="kind") == expected
    assert swept(http, by="time") == expected
    assert swept(http, at="2025-Q4") is None
    beside = http.get("/v1/statistics/summary", params=PERIOD).json()["beside"]
    assert {name: beside[name] for name in KEYS} == expected
    assert beside["hours"] is None
    plan = http.get("/v1/statistics", params=PERIOD).json()["plans"][0]
    assert swept(http, plan=plan) is None  # a sweep is of no plan


def test_figures_by_place_add_up_to_the_whole(http: TestClient) -> None:
    for place, n in ((FIRST, 3), (SECOND, 5), (None, 7)):
        http.post("/v1/sweeps/many", json={"sweeps": [sent(new_sweep(community=place))] * n})
    http.patch("/v1/sweeps/s1", json={"buildings": 0, "problems": 0})
    by = {}
    for name in ("community", "town", "grid", "kind"):
        told = http.get("/v1/statistics", params=PERIOD | {"by": name}).json()
        by[name] = {row["key"]: row["sweep"] and row["sweep"]["sweeps"] for row in told["groups"]}
    assert by["community"] == {FIRST: 3, SECOND: 5, COUNTY: 7}
    assert by["town"] == {FIRST[:9]: 8, COUNTY: 7}
    assert set(by["grid"].values()) == {None}
    told = http.get("/v1/statistics", params=PERIOD | {"by": "community"}, headers={"Accept": "text/csv"})
    rows = list(csv.DictReader(io.StringIO(told.content.decode("utf-8-sig"))))
    assert [(row["key"], row["sweeps"], row["sweep_buildings"]) for row in rows] == [
        (COUNTY, "7", "994"), (FIRST, "3", "284"), (SECOND, "5", "710"), ("total", "15", "1988"),
    ]  # fmt: skip
    assert (rows[1]["buildings_per_sweep"], rows[1]["problems_per_building"]) == ("95", "0.28")


def test_sweeps_without_buildings_have_no_problems_per_building(http: TestClient) -> None:
    post(http, buildings=0, problems=0)
    told = swept(http)
    assert (told["buildings_per_sweep"], told["problems_per_building"]) == ("0", None)
    assert http.get("/v1/statistics/summary", params=PERIOD).json()["beside"]["problems_per_building"] is None


def test_the_papers_print_142_and_0_28(embedded_store: SqlStore, tmp_path: Path) -> None:
    put_town(embedded_store)
    with embedded_store.write(act(at=NOW)) as tx:
        tx.sweeps.add_many(guangming())
    asked = ["--store", str(embedded_store.engine.url), "--period", "quarter", "--at", "2026-Q4"]
    assert main(["summary", *asked, "--out", str(tmp_path), "--lang", "en"]) == 0
    [book], [paper] = tmp_path.glob("*.xlsx"), tmp_path.glob("*.pdf")
    sheet = load_workbook(book)["Patrols and sweeps"]
    figures = {row[0]: row[1] for row in sheet.iter_rows(min_row=4, values_only=True)}
    assert figures == {
        "Sweeps": 14,
        "Vehicle-times of sweeps": 247,
        "Person-times of sweeps": 1499,
        "Buildings swept": 1987,
        "Problems found": 558,
        "Buildings per sweep": 142,
        "Problems per building": 0.28,
    }
    text = "".join(texts(paper))
    heads = "SweepsVehicle-timesPerson-timesBuildingssweptPersweepProblemsfoundPerbuilding"
    assert f"{heads}142471,4991,9871425580.28" in text


def test_an_account_of_a_community_records_there_and_sees_no_other(store: SqlStore) -> None:
    put_town(store)
    site = make_site(store)
    site.add("root", "admin")
    site.add("grid-office", "patrol", FIRST)
    site.add("town-office", "dispatcher", FIRST[:9])
    site.add("reader", "planner", COUNTY)
    office, town, reader = (
        {"Authorization": f"Bearer {site.key(name)}"} for name in ("grid-office", "town-office", "reader")
    )
    http = TestClient(site.app)
    body = sent(new_sweep(began_at=BEGAN - timedelta(days=1), ended_at=None))
    assert http.post("/v1/sweeps", json=body | {"community": FIRST}, headers=office).status_code == 201
    assert code(http.post("/v1/sweeps", json=body | {"community": SECOND}, headers=office)) == (
        422, "sweep_community_unknown",
    )  # fmt: skip
    assert code(http.post("/v1/sweeps", json=body, headers=office)) == (409, "outside_jurisdiction")
    assert http.post("/v1/sweeps", json=body | {"community": SECOND}, headers=town).status_code == 201
    assert code(http.patch("/v1/sweeps/s2", json={"problems": 1}, headers=office)) == (404, "sweep_unknown")
    assert code(http.patch("/v1/sweeps/s1", json={"community": None}, headers=town)) == (409, "outside_jurisdiction")
    seen = {name: http.get("/v1/sweeps", headers=who).json()["count"] for name, who in (("o", office), ("t", town))}
    assert seen == {"o": 1, "t": 2}
    assert http.post("/v1/sweeps", json=body, headers=reader).status_code == 403
    told = http.get("/v1/statistics", params=PERIOD, headers=office).json()
    assert told["total"]["sweep"]["sweeps"] == 1


def test_where_there_are_several_counties_one_is_named(store: SqlStore) -> None:
    from tests.data.store.kit import town

    with store.write(act()) as tx:
        for county, x in ((COUNTY, 520_000), ("330411", 540_000)):
            tx.territories.save(town(county, x=x), county)
    http = TestClient(create_app(store, ServiceSettings(now=lambda: NOW)))
    refused = post(http)
    assert code(refused) == (409, "sweep_county_missing")
    assert refused.json()["faults"][0]["facts"]["allowed"] == "330402, 330411"
    assert post(http, county="330411").json()["county"] == "330411"
    assert post(http, community="330402001001").json()["county"] == COUNTY
    # It stays in its county.
    assert code(http.patch("/v1/sweeps/s1", json={"community": "330402001001"})) == (422, "sweep_community_unknown")
