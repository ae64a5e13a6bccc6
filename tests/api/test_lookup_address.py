"""Address to grid over HTTP: what is known, what is not, other moments, other plans, what an account may see."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pytest
from fastapi.testclient import TestClient

from api.app import ServiceSettings, create_app
from api.operation.logs import end_log, log_answers, start_log
from api.routes.lookup import books_of
from api.usecases.accounts import add_account, issue_key
from data.store import SqlStore
from partition.filed import FiledPlan
from tests.address_town import NAMES, TOWN, address_plan, address_territory, put_address_town
from tests.service_town import FIRST, SECOND, put_in_force, put_town
from tests.stores import act, embedded_store, migrated_file, migrated_server, postgis_server, postgis_store, store

__all__ = ["embedded_store", "migrated_file", "migrated_server", "postgis_server", "postgis_store", "store"]

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
MONTH = timedelta(days=30)
BATCH = "/v1/lookup/batch"
CSV = {"Content-Type": "text/csv"}
MANY = ["望月小区1栋", "忘月小区三号楼", "望月小区9栋", "银盆苑9栋", "枫林路3号", "没有的小区3栋", "", f"{FIRST}B"]


@pytest.fixture(autouse=True)
def _own_data_folder(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


@pytest.fixture
def plan(store: SqlStore) -> str:
    return put_address_town(store)


@pytest.fixture
def client(store: SqlStore, plan: str) -> TestClient:
    return TestClient(create_app(store, ServiceSettings(now=lambda: NOW)))


def asked(client: TestClient, address: str, **more: Any) -> dict[str, Any]:
    answer = client.get("/v1/lookup", params={"address": address, **more})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_an_address_is_answered_with_its_building_and_grid(client, plan) -> None:
    found = asked(client, "望月小区3栋")
    assert found["status"] == "exact"
    assert (found["grid"], found["community"], found["name"]) == (f"{FIRST}A", FIRST, "第A网格")
    assert (found["building"], found["plan"]) == ("b01-00", plan)
    assert found["matched_text"] == "望城街道望月社区麓山路65号望月小区3栋"
    assert (found["grids"], found["reasons"], found["detail"]) == ([f"{FIRST}A"], [], None)
    assert found["confidence"] == 1
    by_point = client.get("/v1/lookup", params={"lon": found["lon"], "lat": found["lat"]}).json()
    assert by_point["grid"] == found["grid"]
    assert by_point.keys() == found.keys()
    assert "households" not in json.dumps(found)


def test_a_mistyped_name_is_corrected_and_said_to_be(client) -> None:
    found = asked(client, "忘月小区三号楼")
    assert (found["status"], found["building"], found["reason"]) == ("building", "b01-00", "corrected")
    assert found["candidates"][0]["building"] == "b01-00"
    assert "mistyped" in found["detail"]
    assert "笔误" in asked(client, "忘月小区三号楼", lang="zh")["detail"]


def test_a_building_that_does_not_exist_is_refused_and_its_grid_given_where_it_is_certain(client) -> None:
    found = asked(client, "望月小区9栋")
    assert (found["status"], found["building"], found["grid"]) == ("street", None, f"{FIRST}A")
    assert {"building_absent", "grid_by_candidates"} <= set(found["reasons"])
    found = asked(client, "银盆苑9栋")
    assert (found["status"], found["building"], found["grid"]) == ("street", None, None)
    assert found["grids"] == [f"{SECOND}C", f"{SECOND}D"]
    assert len(found["candidates"]) <= 5
    assert {one["grid"] for one in found["candidates"]} <= set(found["grids"])


@pytest.mark.parametrize(("number", "letter"), [(3, "A"), (9, "A"), (11, "A"), (4, "C"), (10, "C")])
def test_the_side_of_a_street_decides_where_its_sides_are_two_grids(client, number, letter) -> None:
    assert asked(client, f"枫林路{number}号")["grid"][-1] == letter


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "3",
        "望",
        "\x01\x1f\x7f",
        "\u202e\u200b\ufeff",
        "😀🏠3栋",
        "望月小区" * 150,
        "3" * 4_000,
        "' OR '1'='1'; --",
        "../../etc/passwd",
        "{{7*7}}${7*7}",
        "<script>alert(1)</script>",
        "=HYPERLINK(1)",
        "𝟙𝟚栋𠮷",
        "Straße Ⅻ, FL-9490",
        "330402%",
        "NaN,NaN",
    ],
)
def test_any_text_gets_an_answer_and_never_a_building(client, text) -> None:
    found = asked(client, text)
    assert found["building"] is None
    assert found["reasons"]
    assert found["detail"]
    rows = client.post(BATCH, json={"addresses": [text]}).json()["rows"]
    assert rows == [found]


def test_a_text_of_ten_thousand_characters_is_answered_and_a_longer_one_refused(client) -> None:
    rows = client.post(BATCH, json={"addresses": ["望月小区" * 2_500, "望月小区1栋"]}).json()["rows"]
    assert [row["status"] for row in rows] == ["not_found", "exact"]
    assert rows[0]["reason"] == "too_long"
    longer = client.post(BATCH, json={"addresses": ["望" * 10_001]})
    assert (longer.status_code, longer.json()["code"]) == (422, "parameter_wrong")
    by_get = client.get("/v1/lookup", params={"address": "望月小区" * 250})
    assert (by_get.status_code, by_get.json()["code"]) == (414, "url_too_long")


def test_a_grid_code_is_answered_with_its_grid(client, plan) -> None:
    found = asked(client, f" {SECOND}D ")
    assert (found["status"], found["grid"], found["reason"], found["plan"]) == (
        "exact",
        f"{SECOND}D",
        "grid_code",
        plan,
    )
    by_point = client.get("/v1/lookup", params={"lon": found["lon"], "lat": found["lat"]}).json()
    assert by_point["grid"] == f"{SECOND}D"


def renamed(filed: FiledPlan, codes: dict[str, str], walk: list[tuple[str | None, str | None, float]]) -> FiledPlan:
    """A plan whose grids have other codes, and the crosswalk that leads to them."""
    from dataclasses import replace

    rows = pd.DataFrame(
        [
            {"old": old, "new": new, "households": 100, "buildings": 1, "share_of_old": share, "share_of_new": 1.0}
            for old, new, share in walk
        ]
    ).assign(relation="changed")
    grids = filed.grids.assign(code=[codes.get(code, code) for code in filed.grids["code"]]).sort_values(
        "code", ignore_index=True
    )
    members = filed.members.assign(grid=[codes.get(code, code) for code in filed.members["grid"]])
    return replace(filed, grids=grids, members=members, crosswalk=rows)


def test_a_retired_code_is_answered_with_its_successors_over_several_plans(client, store, plan) -> None:
    a, b, c, d = f"{FIRST}A", f"{FIRST}B", f"{SECOND}C", f"{SECOND}D"
    second = renamed(address_plan("P-2"), {a: f"{FIRST}E"}, [(a, f"{FIRST}E", 1.0), (c, c, 1.0)])
    third = renamed(
        address_plan("P-3"),
        {a: f"{FIRST}F", c: f"{SECOND}G"},
        [(f"{FIRST}E", f"{FIRST}F", 0.75), (f"{FIRST}E", b, 0.25), (c, f"{SECOND}G", 1.0), (d, d, 1.0)],
    )
    with store.write(act()) as tx:
        territory = tx.territories.cards()[0].id
        for filed, since in ((second, NOW - 2 * MONTH), (third, NOW - MONTH)):
            put_in_force(tx, tx.plans.save(filed, territory_id=territory, name="x", state="filed").id, since)
    for code in (a, f"{FIRST}E"):
        found = asked(client, code)
        assert (found["status"], found["grid"], found["reason"]) == ("ambiguous", None, "several_successors")
        assert [one["grid"] for one in found["candidates"]] == [f"{FIRST}F", b]
        assert found["grids"] == [b, f"{FIRST}F"]
    found = asked(client, c)
    assert (found["status"], found["grid"], found["reason"]) == ("exact", f"{SECOND}G", "code_retired")
    assert c in found["detail"]
    assert asked(client, a, as_of="2026-10-10")["grid"] == f"{FIRST}E"
    assert asked(client, a, as_of="2026-10-10")["reason"] == "code_retired"
    assert asked(client, a, as_of="2024-01-01")["reason"] == "grid_code"
    assert asked(client, f"{FIRST}F", as_of="2024-01-01")["status"] == "not_found"
    assert asked(client, a, plan=plan)["reason"] == "grid_code"
    assert asked(client, f"{FIRST}E", plan=plan)["status"] == "not_found"


def test_another_plan_or_moment_gives_the_grid_of_then_and_leaves_the_index_alone(client, store, plan) -> None:
    before = books_of(client.app).ask_current("")
    assert asked(client, "望月小区1栋")["grid"] == f"{FIRST}A"
    with store.write(act()) as tx:
        territory = tx.territories.cards()[0].id
        filed = address_plan("P-2", {"b00-00": "B"}, {letter: f"新{letter}网格" for letter in "ABCD"})
        new = put_in_force(tx, tx.plans.save(filed, territory_id=territory, name="x", state="filed").id, NOW - MONTH)
    found = asked(client, "望月小区1栋")
    assert (found["grid"], found["name"], found["plan"]) == (f"{FIRST}B", "新B网格", new)
    after = books_of(client.app).ask_current("")
    assert after is not before
    assert [one is two for one, two in zip(after.indexes, before.indexes, strict=True)] == [True]
    assert asked(client, "望月小区1栋", as_of="2026-10-01")["plan"] == plan
    assert asked(client, "望月小区1栋", as_of="2026-10-01")["grid"] == f"{FIRST}A"
    assert asked(client, "望月小区1栋", plan=plan)["grid"] == f"{FIRST}A"
    assert asked(client, "望月小区1栋", as_of="2019-01-01")["grid"] is None
    assert client.get(f"/v1/lookup?address=x&plan={plan}&as_of=2026-10-01").json()["code"] == "lookup_plan_or_moment"
    assert client.get("/v1/lookup?address=x&plan=p000000000000").status_code == 404


def test_new_addresses_are_found_and_names_from_before_a_merger_go_on(client, store, plan) -> None:
    assert asked(client, "望月小区77栋")["status"] == "street"
    names = {FIRST: "岳望社区", SECOND: NAMES[SECOND]}
    text = f"{TOWN}岳望社区麓山路65号望月小区77栋"
    with store.write(act()) as tx:
        tx.territories.save(address_territory(names, more={text: "b00-00"}), "again")
    found = asked(client, "望月小区77栋")
    assert (found["status"], found["building"], found["grid"]) == ("exact", "b00-00", f"{FIRST}A")
    found = asked(client, "望月社区望月小区77栋")
    assert (found["building"], found["grid"]) == ("b00-00", f"{FIRST}A")
    assert "via_alias" in found["reasons"]
    assert "community_differs" not in found["reasons"]


def test_many_addresses_are_answered_in_their_order_each_as_by_itself(client) -> None:
    answer = client.post(BATCH, json={"addresses": MANY}).json()
    assert answer["rows"] == [asked(client, text) for text in MANY]
    assert (answer["found"], answer["not_found"]) == (5, 3)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("heading", ["address", "地址"])
def test_a_table_of_addresses_is_answered_row_by_row(client, encoding, heading) -> None:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([["no", heading], *([i, one] for i, one in enumerate(MANY))])
    answer = client.post(BATCH, content=text.getvalue().encode(encoding), headers=CSV)
    assert answer.status_code == 200, answer.text
    rows = list(csv.DictReader(io.StringIO(answer.content.decode())))
    assert [row["query"] for row in rows] == MANY
    one_by_one = [asked(client, one) for one in MANY]
    assert [row["grid"] or None for row in rows] == [one["grid"] for one in one_by_one]
    assert [row["status"] for row in rows] == [one["status"] for one in one_by_one]
    assert [row["reason"] for row in rows] == [" ".join(one["reasons"]) for one in one_by_one]


def test_a_broken_row_in_the_middle_of_a_table_says_so_and_the_rest_go_on(client) -> None:
    rows = ["1,望月小区1栋"] * 1_200
    for broken, reason in (('2,"望月', "row_quotation"), ("2", "row_length"), (f"2,{'x' * 10_001}", "too_long")):
        table = "\n".join(["no,address", *rows, broken, *rows])
        answer = client.post(BATCH, content=table.encode(), headers=CSV)
        found = list(csv.DictReader(io.StringIO(answer.text)))
        assert len(found) == 2_401
        assert (found[1_200]["status"], found[1_200]["reason"]) == ("not_found", reason)
        assert {row["building"] for row in found[:1_200] + found[1_201:]} == {"b00-00"}


def test_a_text_that_looks_like_a_formula_is_quoted_in_the_table(client) -> None:
    answer = client.post(BATCH, content="address\n=1+1\n-望月小区1栋\n".encode(), headers=CSV)
    queries = [row["query"] for row in csv.DictReader(io.StringIO(answer.text))]
    assert queries == ["'=1+1", "'-望月小区1栋"]


def test_a_territory_without_addresses_says_so_and_still_knows_its_codes(store) -> None:
    put_town(store)
    client = TestClient(create_app(store))
    found = asked(client, "望月小区1栋")
    assert (found["status"], found["reason"]) == ("not_found", "no_addresses")
    assert "addresses" in found["detail"]
    assert asked(client, f"{FIRST}A")["grid"] == f"{FIRST}A"


def test_an_empty_store_answers_too(store) -> None:
    assert asked(TestClient(create_app(store)), "望月小区1栋")["reason"] == "no_addresses"


def key_of(store: SqlStore, name: str, role: str, place: str = "") -> dict[str, str]:
    now = act(at=datetime.now(UTC))
    add_account(store, now, name, role=role, place=place)
    return {"Authorization": f"Bearer {issue_key(store, now, name).text}"}


def test_an_account_sees_addresses_of_its_jurisdiction_as_if_there_were_no_others(store, plan) -> None:
    key_of(store, "head", "admin")
    desk, county = key_of(store, "desk", "lookup", FIRST), key_of(store, "county", "lookup", FIRST[:6])
    client = TestClient(create_app(store, ServiceSettings(now=lambda: NOW)))
    assert client.get("/v1/lookup?address=x").status_code == 401
    client.headers.update(desk)
    assert asked(client, "望月小区1栋")["grid"] == f"{FIRST}A"
    for text in ("银盆苑1栋", "银盆苑", "银盆社区", f"{SECOND}D", "枫林路4号"):
        found = asked(client, text)
        assert SECOND not in json.dumps(found), found
        assert "银盆" not in json.dumps({**found, "dropped_text": None}, ensure_ascii=False)
    unknown, elsewhere = asked(client, "没有苑1栋"), asked(client, "银盆苑1栋")
    assert (unknown["status"], unknown["reasons"]) == (elsewhere["status"], elsewhere["reasons"])
    rows = client.post(BATCH, json={"addresses": ["望月小区1栋", "银盆苑1栋"]}).json()["rows"]
    assert [row["grid"] for row in rows] == [f"{FIRST}A", None]
    client.headers.update(county)
    assert asked(client, "银盆苑1栋")["grid"] == f"{SECOND}C"


def test_a_watched_service_hears_of_new_plans_and_new_addresses(store, plan) -> None:
    app = create_app(store, ServiceSettings(poll_seconds=0.05))
    ended = datetime.now(UTC) + timedelta(seconds=120)
    with TestClient(app) as client:
        assert asked(client, "望月小区1栋")["plan"] == plan
        while books_of(app).current("") is None and datetime.now(UTC) < ended:
            client.get("/healthz")
        text = f"{TOWN}{NAMES[FIRST]}麓山路65号望月小区88栋"
        with store.write(act()) as tx:
            territory = tx.territories.save(address_territory(more={text: "b00-00"}), "again").id
            filed = address_plan("P-2", {"b00-00": "B"})
            new = tx.plans.save(filed, territory_id=territory, name="x", state="filed").id
            put_in_force(tx, new, NOW - MONTH)
        found = asked(client, "望月小区88栋")
        while (found["status"], found["plan"]) != ("exact", new) and datetime.now(UTC) < ended:
            found = asked(client, "望月小区88栋")
        assert (found["building"], found["grid"], found["plan"]) == ("b00-00", f"{FIRST}B", new)


@pytest.mark.parametrize("is_broken", [False, True])
def test_what_was_asked_is_never_logged(client, monkeypatch, is_broken) -> None:
    secret = "望月小区1栋张三家"
    if is_broken:

        def fail(self: object, texts: list[str], jurisdiction: str = "") -> None:
            raise KeyError(texts[0])

        monkeypatch.setattr("api.usecases.look_up.Book.look_up_many", fail)
    said = io.StringIO()
    handler = start_log(said)
    log_answers(client.app.state.observer, handler)
    quiet = TestClient(client.app, raise_server_exceptions=False)
    try:
        status = 500 if is_broken else 200
        assert quiet.get("/v1/lookup", params={"address": secret}).status_code == status
        assert quiet.get("/v1/lookup", params={"address": secret, "lon": 1}).status_code == 400
        if not is_broken:
            quiet.post(BATCH, json={"addresses": [secret]})
            quiet.post(BATCH, content=f"address\n{secret}\n".encode(), headers=CSV)
    finally:
        end_log(handler)
    told = said.getvalue()
    assert told.count("/v1/lookup") >= 2
    assert "张三" not in told
    assert "\\u5f20\\u4e09" not in told
    assert "%E5%BC%A0" not in told
