"""API keys: what opens, what does not, how they end, how they are followed, and that nothing about them gets out."""

from __future__ import annotations

import json
import logging

import pytest

from api.accounts.keys import is_key, mint_key, prefix_of
from data.store import SqlStore
from tests.account_kit import Site, make_site
from tests.stores import embedded_store, migrated_file

__all__ = ["embedded_store", "migrated_file"]


@pytest.fixture
def site(embedded_store: SqlStore) -> Site:
    made = make_site(embedded_store)
    made.add("root", "admin")
    made.add("desk", "planner", "330402")
    return made


def who(site: Site, *headers: tuple[str, bytes]) -> tuple[int, str]:
    """Status, and the account or the code of the problem, of a request with some headers."""
    answer = site.client().get("/v1/session", headers=[(name.encode(), value) for name, value in headers])
    if answer.status_code == 401:
        assert answer.headers["www-authenticate"].startswith("Bearer ")
        assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code, answer.json().get("account") or answer.json()["code"]


def test_a_key_is_who_it_was_made_for(site: Site) -> None:
    answer = site.client(site.key("desk")).get("/v1/session").json()
    assert (answer["account"], answer["role"], answer["jurisdiction"]) == ("desk", "planner", "330402")
    assert answer["csrf"] == ""


def test_without_a_key_nobody_comes_in(site: Site) -> None:
    assert who(site) == (401, "login_needed")


def test_broken_tokens_and_other_schemes_are_refused_and_never_an_error(site: Site) -> None:
    good = site.key("desk")
    wrong = [
        (b"", "authorization_scheme"),
        (b"Bearer", "key_refused"),
        (b"Bearer ", "key_refused"),
        (b"Basic ZGVzazpkZXNr", "authorization_scheme"),
        (b"Digest username=desk", "authorization_scheme"),
        (good.encode(), "authorization_scheme"),
        (b"Bearer " + good[:-1].encode(), "key_refused"),
        (b"Bearer " + good.encode() + b"a", "key_refused"),
        (b"Bearer " + good.upper().encode(), "key_refused"),
        (b"Bearer " + good.encode() + b" " + good.encode(), "key_refused"),
        (b"Bearer \xff\xfe\xfd", "key_refused"),
        ("Bearer gw_密钥_".encode(), "key_refused"),
        (f"Bearer {good[:13]}é{good[14:]}".encode(), "key_refused"),
        (b"Bearer gw_" + b"a" * 4000, "key_refused"),
        (b"Bearer gw_aaaaaaaaaa_" + b"a" * 52, "key_refused"),
        (b"Bearer ' or 1=1 --", "key_refused"),
    ]
    for header, code in wrong:
        assert who(site, ("Authorization", header)) == (401, code), header
    assert who(site, ("Authorization", b"bearer   " + good.encode()))[0] == 200, "the scheme's capitals do not matter"


def test_two_authorization_headers_are_refused_even_when_both_are_good(site: Site) -> None:
    good = f"Bearer {site.key('desk')}".encode()
    assert who(site, ("Authorization", good)) == (200, "desk")
    assert who(site, ("Authorization", good), ("Authorization", good)) == (401, "authorization_twice")


def test_a_wrong_key_is_not_helped_by_a_good_session(site: Site) -> None:
    browser = site.browser("desk")
    assert browser.get("/v1/session").status_code == 200
    assert browser.get("/v1/session", headers={"Authorization": "Bearer gw_x_y"}).status_code == 401


def test_a_session_token_is_no_key_and_a_key_is_no_session(site: Site) -> None:
    browser = site.browser("desk")
    token = browser.cookies["gridwright"]
    assert who(site, ("Authorization", f"Bearer {token}".encode())) == (401, "key_refused")
    key = site.key("desk")
    assert site.client(key).get("/v1/session").status_code == 200
    assert who(site, ("Cookie", f"gridwright={key}".encode())) == (401, "login_needed")


def test_a_key_ends_at_its_moment_also_while_it_is_remembered(site: Site) -> None:
    client = site.client(site.key("desk", days=1))
    site.clock.pass_by(hours=23, minutes=59)
    assert client.get("/v1/session").status_code == 200
    site.clock.pass_by(minutes=1)
    assert client.get("/v1/session").json()["code"] == "key_ended_401"


def test_a_revoked_key_opens_nothing_from_then_on(site: Site) -> None:
    key = site.key("desk")
    client, admin = site.client(key), site.client(site.key("root"))
    assert client.get("/v1/session").status_code == 200
    assert admin.delete(f"/v1/keys/{prefix_of(key)}").status_code == 204
    assert client.get("/v1/session").json()["code"] == "key_ended_401"
    assert admin.delete(f"/v1/keys/{prefix_of(key)}").status_code == 409


def test_a_key_revoked_by_another_process_is_forgotten_when_its_time_in_memory_is_over(
    embedded_store: SqlStore,
) -> None:
    site = make_site(embedded_store, memory_s=0.0)
    site.add("root", "admin")
    key = site.key("root")
    assert site.client(key).get("/v1/session").status_code == 200
    with embedded_store.write(site.act()) as tx:
        tx.accounts.keys.revoke(prefix_of(key))
    assert site.client(key).get("/v1/session").status_code == 401


def test_a_remembered_key_does_not_ask_the_store(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    client = site.client(site.key("desk"))
    assert client.get("/v1/session").status_code == 200

    def never(*_: object) -> None:
        raise AssertionError("the store was asked")

    monkeypatch.setattr(site.store, "read", never)
    monkeypatch.setattr(site.store, "write", never)
    for _ in range(20):
        assert client.get("/v1/session").status_code == 200


def test_what_was_read_before_a_change_is_not_remembered_after_it(site: Site) -> None:
    guard, key = site.app.state.guard, site.key("desk")
    find = type(site.store).read

    def read_then_change(store: SqlStore, jurisdiction: str = "") -> object:
        guard.forget()  # somebody revokes it while it is being looked up
        return find(store, jurisdiction)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(site.store), "read", read_then_change)
        assert guard.ask_key(key).caller.name == "desk"
    assert guard.known(key) is None


def test_the_keys_of_a_disabled_account_open_nothing_and_open_again(site: Site) -> None:
    client, admin = site.client(site.key("desk")), site.client(site.key("root"))
    assert client.get("/v1/session").status_code == 200
    assert admin.patch("/v1/accounts/desk", json={"is_disabled": True}).json()["state"] == "disabled"
    assert client.get("/v1/session").json()["code"] == "account_disabled_401"
    admin.patch("/v1/accounts/desk", json={"is_disabled": False})
    assert client.get("/v1/session").status_code == 200


def test_a_role_that_changes_counts_at_once(site: Site) -> None:
    client, admin = site.client(site.key("desk")), site.client(site.key("root"))
    assert client.get("/v1/audit").status_code == 403
    admin.patch("/v1/accounts/desk", json={"role": "auditor"})
    assert client.get("/v1/audit").status_code == 200


def test_a_key_is_followed_by_another_and_both_work_for_some_days(site: Site) -> None:
    old = site.key("desk", label="qgis")
    admin = site.client(site.key("root"))
    made = admin.post(f"/v1/keys/{prefix_of(old)}/rotation", json={"overlap_days": 3})
    assert made.status_code == 201
    assert made.headers["cache-control"] == "no-store"
    new = made.json()
    assert (new["account"], new["label"]) == ("desk", "qgis")
    for key in (old, new["key"]):
        assert site.client(key).get("/v1/session").json()["account"] == "desk"
    site.clock.pass_by(days=3)
    assert site.client(old).get("/v1/session").status_code == 401
    assert site.client(new["key"]).get("/v1/session").status_code == 200


def test_a_key_can_be_followed_without_any_overlap(site: Site) -> None:
    old = site.key("desk")
    admin = site.client(site.key("root"))
    admin.post(f"/v1/keys/{prefix_of(old)}/rotation", json={"overlap_days": 0})
    assert site.client(old).get("/v1/session").status_code == 401
    again = admin.post(f"/v1/keys/{prefix_of(old)}/rotation", json={})
    assert (again.status_code, again.json()["code"]) == (409, "key_ended")


def test_the_last_use_of_a_key_is_noted_at_most_once_an_hour(embedded_store: SqlStore) -> None:
    site = make_site(embedded_store, memory_s=0.0)
    site.add("root", "admin")
    client = site.client(site.key("root"))
    noted = []
    for minutes in (0, 1, 58, 1, 30):
        site.clock.pass_by(minutes=minutes)
        noted.append(client.get("/v1/keys").json()["keys"][0]["last_used_at"])
    first, later = "2026-11-22T08:00:00Z", "2026-11-22T09:00:00Z"
    assert noted == [first, first, first, later, later]


def test_a_store_that_can_not_be_written_keeps_no_key_out(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    from gis.errors import StorageError

    key = site.key("desk")

    def full(*_: object) -> None:
        raise StorageError("store_full", file="", measured="")

    monkeypatch.setattr(site.store, "write", full)
    assert site.client(key).get("/v1/session").status_code == 200


def test_the_text_of_a_key_is_in_no_row_of_the_store_no_log_and_no_answer_but_its_own(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    admin = site.client(site.key("root"))
    made = admin.post("/v1/keys", json={"account": "desk"})
    assert made.headers["cache-control"] == "no-store"
    secret = made.json()["key"].split("_")[2]
    site.client(made.json()["key"]).get("/v1/session")
    site.client(made.json()["key"] + "x").get("/v1/session")
    told = [admin.get(path).text for path in ("/v1/keys", "/v1/audit", "/v1/accounts")]
    assert not [text for text in [*told, caplog.text] if secret in text]
    with site.store.read() as tx:
        dumped = "\n".join(tx.connection.connection.driver_connection.iterdump())
    assert made.json()["prefix"] in dumped
    assert secret not in dumped
    assert site.app.state.guard.secret().decode() not in dumped


def test_one_s_own_keys_are_seen_and_ended_and_nobody_else_s(site: Site) -> None:
    site.add("other", "planner", "330402")
    own, foreign = site.key("desk"), site.key("other")
    client = site.client(own)
    assert [key["account"] for key in client.get("/v1/keys").json()["keys"]] == ["desk"]
    assert client.get("/v1/keys?account=other").status_code == 404
    assert client.delete(f"/v1/keys/{prefix_of(foreign)}").status_code == 404
    assert client.post("/v1/keys", json={"account": "desk"}).status_code == 403
    assert client.delete(f"/v1/keys/{prefix_of(own)}").status_code == 204
    assert client.get("/v1/keys").status_code == 401


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"days": 0}, "key_days_wrong"),
        ({"days": -5}, "key_days_wrong"),
        ({"days": 5000}, "key_days_wrong"),
        ({"label": "x" * 81}, "key_label_wrong"),
        ({"label": "a\nb"}, "key_label_wrong"),
    ],
)
def test_a_key_that_makes_no_sense_is_not_made(site: Site, body: dict[str, object], code: str) -> None:
    answer = site.client(site.key("root")).post("/v1/keys", json={"account": "desk", **body})
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert json.dumps(answer.json())


def test_a_key_has_256_random_bits_and_is_compared_whole() -> None:
    one, other = mint_key(b"s" * 32), mint_key(b"s" * 32)
    assert len(one.text.split("_")[2]) * 5 >= 256
    assert one.text != other.text
    assert is_key(one.text, one.hash, b"s" * 32)
    assert not is_key(one.text, one.hash, b"t" * 32), "a copy of the store alone tests no keys"
    assert not is_key(one.text, other.hash, b"s" * 32)
    assert one.text not in repr(one)
