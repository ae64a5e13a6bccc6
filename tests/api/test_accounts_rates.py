"""How often one may ask: per key, per address for strangers, and a sweep of look-ups that comes to its end."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from api.accounts.rates import DEFAULT_RATES, Rates, address_of, read_rates
from api.problems import Refusal
from data.store import SqlStore
from gis.errors import InputError
from tests.account_kit import Site, make_site
from tests.stores import embedded_store, migrated_file

__all__ = ["embedded_store", "migrated_file"]


def site_with(store: SqlStore, **rates: str) -> Site:
    site = make_site(store, rates=rates)
    site.add("root", "admin")
    return site


def statuses(client: TestClient, path: str, n: int) -> list[int]:
    return [client.get(path).status_code for _ in range(n)]


def test_a_key_may_ask_so_often_and_is_then_told_when_to_come_back(embedded_store: SqlStore) -> None:
    site = site_with(embedded_store, lookup="3/hour")
    site.add("desk", "lookup", "330402")
    client = site.client(site.key("desk"))
    assert statuses(client, "/v1/session", 5) == [200, 200, 200, 429, 429]
    answer = client.get("/v1/session")
    assert answer.json()["code"] == "rate_exceeded"
    assert 1 <= int(answer.headers["retry-after"]) <= 3600
    assert statuses(site.client(site.key("desk")), "/v1/session", 1) == [200], "another key counts for itself"
    assert statuses(site.client(site.key("root")), "/v1/session", 9) == [200] * 9, "another role has other rates"


def test_a_sweep_of_look_ups_ends_at_the_day_s_limit(embedded_store: SqlStore) -> None:
    site = site_with(embedded_store, lookup="1000/minute;7/day")
    site.add("desk", "lookup", "330402")
    client = site.client(site.key("desk"))
    found = [client.get(f"/v1/lookup?lon=120.{n}&lat=30.1").status_code for n in range(10)]
    assert found == [200] * 7 + [429] * 3


def test_a_session_is_counted_by_its_account(embedded_store: SqlStore) -> None:
    site = site_with(embedded_store, planner="5/hour")
    site.add("desk", "planner")
    one = site.browser("desk")  # changes its password: one request
    two = site.browser("desk")
    answers = statuses(one, "/v1/session", 3) + statuses(two, "/v1/session", 3)
    assert answers == [200, 200, 200, 200, 429, 429]


def test_wrong_keys_are_held_up_by_address_before_the_store_is_asked(embedded_store: SqlStore) -> None:
    site = site_with(embedded_store, wrong_key="3/hour")
    good = site.key("root")
    wrong = site.client("gw_" + "a" * 10 + "_" + "a" * 52)
    assert statuses(site.client(), "/v1/session", 1) == [401]
    assert statuses(wrong, "/v1/session", 3) == [401] * 3

    def never(*_: object) -> None:
        raise AssertionError("the store was asked")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(site.store, "read", never)
        assert statuses(wrong, "/v1/session", 3) == [429] * 3
        stale = site.client()
        stale.cookies["gridwright"] = "x" * 43
        assert statuses(stale, "/v1/session", 1) == [429]
    elsewhere = TestClient(site.app, base_url="http://127.0.0.1", client=("192.0.2.9", 1))
    elsewhere.headers["Authorization"] = f"Bearer {good}"
    assert elsewhere.get("/v1/session").status_code == 200


def test_a_good_key_goes_on_from_an_address_that_sends_wrong_ones(embedded_store: SqlStore) -> None:
    site = site_with(embedded_store, wrong_key="3/hour")
    good = site.client(site.key("root"))
    assert statuses(good, "/v1/session", 1) == [200]
    statuses(site.client("gw_wrong"), "/v1/session", 5)
    assert statuses(good, "/v1/session", 5) == [200] * 5


def test_log_ins_of_one_address_are_held_up_whatever_the_names(embedded_store: SqlStore) -> None:
    site = site_with(embedded_store, login="4/hour")
    bodies = [{"name": f"name-{n}", "password": "wrong password"} for n in range(6)]
    found = [site.client().post("/v1/session", json=body).status_code for body in bodies]
    assert found == [401] * 4 + [429] * 2


def test_strangers_are_counted_on_open_pages_and_nobody_is_without_accounts(embedded_store: SqlStore) -> None:
    site = make_site(embedded_store, rates={"stranger": "2/hour"})
    assert statuses(site.client(), "/login", 5) == [200] * 5
    site.add("root", "admin")
    assert statuses(site.client(), "/login", 4) == [200, 200, 429, 429]


def test_one_subscriber_of_ipv6_is_one_address() -> None:
    assert address_of("2001:db8:1:2:3:4:5:6") == address_of("2001:db8:1:2::9") == "2001:db8:1:2::"
    assert address_of("2001:db8:1:3::9") != address_of("2001:db8:1:2::9")
    assert address_of("::ffff:192.0.2.1") == address_of("192.0.2.1") == "192.0.2.1"
    assert address_of(None) == address_of("") == "unknown"
    assert address_of("testclient") == "testclient"


def test_rates_are_read_from_one_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_rates("") == {}
    stated = read_rates(" lookup = 10/minute;500/day , planner=5/second")
    assert stated == {"lookup": "10/minute;500/day", "planner": "5/second"}
    for wrong in ("king=3/minute", "lookup", "lookup=", "lookup=many", "lookup=3", "lookup=3/fortnight"):
        with pytest.raises(InputError, match="rate_wrong"):
            read_rates(wrong)
    from api.accounts.guard import access_settings

    monkeypatch.setenv("GRIDWRIGHT_RATES", "lookup=10/minute")
    assert access_settings().rates == {"lookup": "10/minute"}


def test_every_role_has_its_rate_and_is_counted_apart() -> None:
    from api.accounts.caller import ROLES

    assert set(ROLES) <= set(DEFAULT_RATES)
    rates = Rates({"lookup": "1/hour", "patrol": "1/hour"})
    rates.take("lookup", "same name")
    rates.take("patrol", "same name")
    with pytest.raises(Refusal, match="rate_exceeded"):
        rates.take("lookup", "same name")
    with pytest.raises(Refusal, match="rate_exceeded"):
        rates.check("lookup", "same name")


def test_scripts_of_a_page_are_counted_apart_from_strangers(embedded_store: SqlStore) -> None:
    # A page of eighty scripts that an office opens a few times a minute behind one address must not shut itself out.
    site = make_site(embedded_store, rates={"stranger": "1/hour", "page": "3/hour"})
    site.add("root", "admin")
    client = site.client()
    assert [client.get("/desk/plan/plan_state.js").status_code for _ in range(4)] == [200, 200, 200, 429]
    assert client.get("/desk/patrol/patrol.js").status_code == 429
