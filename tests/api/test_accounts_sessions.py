"""Sessions: signing in and out, what the cookie is like, what pages of others can not do, and how guessing ends."""

from __future__ import annotations

import asyncio
import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from argon2 import PasswordHasher
from fastapi.testclient import TestClient

from api.accounts.logins import FIRST_LOCK, Logins, pause_after
from api.accounts.passwords import Passwords, check_password, one_time_password
from api.problems import Refusal
from data.store import SqlStore
from gis.errors import InputError
from tests.account_kit import CHEAP, Site, make_site
from tests.stores import embedded_store, migrated_file

__all__ = ["embedded_store", "migrated_file"]
WRONG = "not the password at all"


@pytest.fixture
def site(embedded_store: SqlStore) -> Site:
    made = make_site(embedded_store)
    made.add("root", "admin")
    made.add("desk", "planner", "330402")
    return made


def sign_in(site: Site, name: str, password: str, **headers: str) -> tuple[int, str]:
    answer = site.client().post("/v1/session", json={"name": name, "password": password}, headers=headers)
    return answer.status_code, answer.json().get("account") or answer.json()["code"]


def cookie_of(client: TestClient) -> str:
    return client.cookies["gridwright"]


def test_a_one_time_password_lets_one_choose_a_password_and_nothing_else(site: Site) -> None:
    client = site.client()
    answer = client.post("/v1/session", json={"name": "desk", "password": site.given["desk"]})
    assert answer.json()["must_change"]
    client.headers["X-CSRF-Token"] = answer.json()["csrf"]
    assert client.get("/v1/keys").json()["code"] == "password_must_change"
    assert client.get("/v1/session").json()["must_change"]
    body = {"password": site.given["desk"], "new_password": "a lamp by the river"}
    changed = client.post("/v1/session/password", json=body)
    assert changed.status_code == 200
    assert not changed.json()["must_change"]
    assert client.get("/v1/keys").status_code == 200
    assert sign_in(site, "desk", site.given["desk"]) == (401, "login_refused")
    assert sign_in(site, "desk", "a lamp by the river") == (201, "desk")


def test_capitals_width_and_spaces_in_a_name_make_no_difference(site: Site) -> None:
    for name in ("DESK", " desk ", "ｄｅｓｋ"):
        assert sign_in(site, name, site.given["desk"]) == (201, "desk")


def test_a_password_typed_on_another_keyboard_is_the_same(site: Site) -> None:
    browser = site.browser("desk")
    body = {"password": site.given["desk"], "new_password": "caf\u00e9 in the old town"}
    assert browser.post("/v1/session/password", json=body).status_code == 200
    assert sign_in(site, "desk", "cafe\u0301 in the old town") == (201, "desk")


def test_the_cookie_is_out_of_reach_for_scripts_and_other_sites(embedded_store: SqlStore) -> None:
    site = make_site(embedded_store)
    site.add("root", "admin")
    body = {"name": "root", "password": site.given["root"]}
    plain = site.client().post("/v1/session", json=body)
    stated = {part.split("=")[0].strip().lower() for part in plain.headers["set-cookie"].split(";")}
    assert {"gridwright", "httponly", "samesite", "path", "max-age"} <= stated
    assert "expires" not in stated, "a moment means nothing to a browser whose clock is wrong"
    assert "secure" not in stated, "over http a browser would drop it"
    assert plain.headers["cache-control"] == "no-store"
    site = make_site(embedded_store, public_url="https://grid.example")
    safe = site.client().post("/v1/session", json=body).headers["set-cookie"]
    assert safe.startswith("__Host-gridwright=")
    assert "; Secure" in safe
    assert "domain" not in safe.lower()


def test_the_store_knows_a_session_only_by_its_hash(site: Site) -> None:
    browser = site.browser("desk")
    with site.store.read() as tx:
        dumped = "\n".join(tx.connection.connection.driver_connection.iterdump())
    assert cookie_of(browser) not in dumped
    assert site.given["desk"] not in dumped


def test_unsafe_requests_of_a_browser_need_the_token_and_safe_ones_do_not(site: Site) -> None:
    browser = site.browser("root")
    good = browser.headers.pop("X-CSRF-Token")
    body = {"name": "new", "role": "planner"}
    assert browser.get("/v1/accounts").status_code == 200
    for wrong in ({}, {"X-CSRF-Token": "x"}, {"X-CSRF-Token": good[:-1]}, {"X-CSRF-Token": ""}):
        answer = browser.post("/v1/accounts", json=body, headers=wrong)
        assert (answer.status_code, answer.json()["code"]) == (403, "csrf_missing")
    strange = browser.post("/v1/accounts", json=body, headers=[(b"X-CSRF-Token", b"\xff\xfe")])
    assert strange.status_code == 403
    assert browser.delete("/v1/session").json()["code"] == "csrf_missing"
    assert browser.post("/v1/accounts", json=body, headers={"X-CSRF-Token": good}).status_code == 201


def test_the_token_of_one_session_does_not_open_another(site: Site) -> None:
    one, other = site.browser("root"), site.browser("desk")
    one.headers["X-CSRF-Token"] = other.headers["X-CSRF-Token"]
    assert one.post("/v1/accounts", json={"name": "new", "role": "planner"}).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://elsewhere.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9999"},
        {"Origin": "https://127.0.0.1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_pages_of_other_sites_can_not_act_through_a_browser(
    site: Site, embedded_store: SqlStore, headers: dict[str, str]
) -> None:
    body = {"name": "new", "role": "planner"}
    answer = site.browser("root").post("/v1/accounts", json=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "origin_refused")
    assert sign_in(site, "desk", site.given["desk"], **headers) == (403, "origin_refused")


def test_pages_of_other_sites_can_not_act_where_there_are_no_accounts(embedded_store: SqlStore) -> None:
    client = make_site(embedded_store).client()
    body = {"name": "root", "role": "admin"}
    for headers in ({"Origin": "https://elsewhere.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert client.post("/v1/accounts", json=body, headers=headers).status_code == 403
    own = {"Origin": "http://127.0.0.1", "Sec-Fetch-Site": "same-origin"}
    assert client.post("/v1/accounts", json=body, headers=own).status_code == 201
    assert client.get("/v1/accounts").status_code == 401, "with the first account the door is shut"


def test_a_session_ends_when_nothing_was_asked_for_too_long(embedded_store: SqlStore) -> None:
    site = make_site(embedded_store, memory_s=0.0)
    site.add("root", "admin")
    site.add("desk", "planner")
    browser = site.browser("desk")
    for _ in range(4):
        site.clock.pass_by(hours=1, minutes=30)
        assert browser.get("/v1/session").status_code == 200, "it is in use"
    site.clock.pass_by(hours=2, minutes=1)
    assert browser.get("/v1/session").status_code == 401


def test_a_session_ends_after_a_shift_even_when_it_is_in_use(embedded_store: SqlStore) -> None:
    site = make_site(embedded_store, memory_s=0.0)
    site.add("root", "admin")
    site.add("desk", "planner")
    browser = site.browser("desk")
    hours = 0
    while browser.get("/v1/session").status_code == 200:
        site.clock.pass_by(hours=1)
        hours += 1
        assert hours <= 12
    assert hours == 12


def test_signing_out_ends_this_session_and_a_new_password_ends_all(site: Site) -> None:
    one, other, third = site.browser("root"), site.browser("root"), site.browser("root")
    cookie = cookie_of(one)
    answer = one.delete("/v1/session")
    assert answer.status_code == 204
    assert 'gridwright=""' in answer.headers["set-cookie"]
    again = site.client()
    again.cookies["gridwright"] = cookie
    assert again.get("/v1/session").status_code == 401
    body = {"password": site.given["root"], "new_password": "another long password"}
    assert other.post("/v1/session/password", json=body).status_code == 200
    assert other.get("/v1/session").status_code == 200
    assert third.get("/v1/session").status_code == 401


def test_a_new_one_time_password_ends_sessions_and_the_old_password(site: Site) -> None:
    desk, admin = site.browser("desk"), site.browser("root")
    made = admin.post("/v1/accounts/desk/password")
    assert made.headers["cache-control"] == "no-store"
    assert desk.get("/v1/session").status_code == 401
    assert sign_in(site, "desk", site.given["desk"]) == (401, "login_refused")
    assert sign_in(site, "desk", made.json()["one_time_password"]) == (201, "desk")


def test_guessing_ends_alike_for_names_that_exist_and_names_that_do_not(site: Site) -> None:
    def told(name: str) -> list[tuple[int, str, str | None]]:
        answers = []
        for _ in range(FIRST_LOCK + 1):
            answer = site.client().post("/v1/session", json={"name": name, "password": WRONG})
            answers.append((answer.status_code, answer.json()["detail"], answer.headers.get("retry-after")))
        return answers

    known, unknown = told("desk"), told("nobody")
    assert known == unknown
    assert [status for status, *_ in known] == [401] * FIRST_LOCK + [429]
    assert known[-1][2] == "60"
    assert sign_in(site, "desk", site.given["desk"]) == (429, "login_locked"), "also with the right password"
    site.clock.pass_by(minutes=1)
    assert sign_in(site, "desk", WRONG) == sign_in(site, "nobody", WRONG) == (401, "login_refused")
    assert sign_in(site, "desk", WRONG) == sign_in(site, "nobody", WRONG) == (429, "login_locked")
    site.clock.pass_by(minutes=2)
    assert sign_in(site, "desk", site.given["desk"]) == (201, "desk")
    assert [sign_in(site, "desk", WRONG)[0] for _ in range(FIRST_LOCK)] == [401] * FIRST_LOCK, "it counts anew"


def test_the_pauses_grow_to_a_quarter_of_an_hour_and_no_further() -> None:
    minutes = [pause_after(n).total_seconds() / 60 for n in (0, 4, 5, 6, 7, 8, 9, 10, 1000, 10**9)]
    assert minutes == [0, 0, 1, 2, 4, 8, 15, 15, 15, 15]


def test_guessing_the_old_password_in_a_session_ends_as_guessing_at_the_door(site: Site) -> None:
    browser = site.browser("desk")
    body = {"password": WRONG, "new_password": "another long password"}
    statuses = [browser.post("/v1/session/password", json=body).status_code for _ in range(FIRST_LOCK + 1)]
    assert statuses == [401] * FIRST_LOCK + [429]


def test_a_disabled_or_closed_account_is_refused_like_a_wrong_password(site: Site) -> None:
    admin = site.browser("root")
    admin.patch("/v1/accounts/desk", json={"is_disabled": True})
    assert sign_in(site, "desk", site.given["desk"]) == (401, "login_refused")
    admin.delete("/v1/accounts/desk")
    assert sign_in(site, "desk", site.given["desk"]) == (401, "login_refused")


@pytest.mark.parametrize("name", ["", " ", "x" * 500, "a\u0001b", "';--", "local", "../..", "名" * 100])
def test_names_that_can_be_none_are_refused_like_wrong_passwords(site: Site, name: str) -> None:
    assert sign_in(site, name, WRONG) == (401, "login_refused")


def test_bodies_that_are_no_log_in_are_refused_without_their_password_in_the_answer(site: Site) -> None:
    for body in ({}, {"name": "desk"}, {"name": "desk", "password": 5_551_234}, {"name": ["desk"], "password": WRONG}):
        answer = site.client().post("/v1/session", json=body)
        assert answer.status_code == 422
        assert not [secret for secret in (WRONG, "5551234", "5,551,234") if secret in answer.text]
    lone = site.client().post(
        "/v1/session",
        content=b'{"name": "desk", "password": "\\ud800 lone half of a pair"}',
        headers={"Content-Type": "application/json"},
    )
    assert lone.status_code in (400, 401)


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("short", "password_short"),
        ("x" * 257, "password_long"),
        ("planning-desk", "password_like_name"),
        ("my PLANNING DESK 1", "password_like_name"),
        ("123456123456", "password_common"),
        ("Password1234", "password_common"),
        ("aaaabbbbaaaabbbb", "password_common"),
        ("abcdefghijklm", "password_common"),
        ("345678901234", "password_common"),
        ("四个字四个字四个字四个字", "password_common"),
    ],
)
def test_passwords_that_would_be_guessed_are_refused(password: str, code: str) -> None:
    with pytest.raises(InputError, match=code) as refused:
        check_password("planning-desk", password)
    assert password not in json.dumps(dict(refused.value.facts))


def test_passwords_that_nobody_guesses_are_taken() -> None:
    for password in ("a lamp by the river", "窗外的梧桐树叶落了一地又一地", one_time_password(), "li-k8!mz0#qTwv"):
        check_password("li", password)
    assert len({one_time_password() for _ in range(100)}) == 100


def test_a_password_kept_under_older_parameters_is_kept_anew_when_it_is_used(site: Site) -> None:
    site.browser("desk")
    newer = PasswordHasher(time_cost=2, memory_cost=16, parallelism=1)
    site.app.state.logins = Logins(site.app.state.guard, Passwords(newer))
    with site.store.read() as tx:
        before = tx.accounts.login("desk").password_hash
    assert sign_in(site, "desk", site.given["desk"])[0] == 201
    with site.store.read() as tx:
        after = tx.accounts.login("desk").password_hash
    assert "m=8,t=1" in before
    assert "m=16,t=2" in after
    assert sign_in(site, "desk", site.given["desk"])[0] == 201


def test_passwords_are_kept_with_argon2id() -> None:
    assert Passwords().hash("x").startswith("$argon2id$v=19$m=65536,t=3,p=4$")


def test_two_passwords_are_looked_at_at_once_a_few_wait_and_the_rest_come_back_later() -> None:
    passwords = Passwords(CHEAP)
    hold, lock, at_once = threading.Event(), threading.Lock(), [0, 0]

    def look() -> bool:
        with lock:
            at_once[0] += 1
            at_once[1] = max(at_once)
        assert hold.wait(60)
        with lock:
            at_once[0] -= 1
        return True

    async def crowd() -> list[object]:
        waiting = [asyncio.ensure_future(passwords.gated(look)) for _ in range(30)]
        await asyncio.sleep(0)
        hold.set()
        return await asyncio.gather(*waiting, return_exceptions=True)

    answers = asyncio.run(crowd())
    refused = [answer for answer in answers if isinstance(answer, Refusal)]
    assert answers.count(True) == 10
    assert len(refused) == 20
    assert {(r.status, r.code, r.headers["Retry-After"]) for r in refused} == {(503, "login_busy", "2")}
    assert at_once[1] <= 2
    assert asyncio.run(passwords.gated(lambda: "free again")) == "free again"


def test_log_ins_at_the_same_time_all_succeed(site: Site) -> None:
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: sign_in(site, "desk", site.given["desk"]), range(6)))
    assert answers == [(201, "desk")] * 6


def test_a_password_that_is_changed_while_a_log_in_looks_at_the_old_one_refuses_it(site: Site) -> None:
    logins: Logins = site.app.state.logins
    fits = logins.passwords.fits

    def change_meanwhile(password: str, password_hash: str | None) -> bool:
        good = fits(password, password_hash)
        with site.store.write(site.act()) as tx:
            tx.accounts.set_password("desk", "another hash", must_change=False)
        return good

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(logins.passwords, "fits", change_meanwhile)
        assert sign_in(site, "desk", site.given["desk"]) == (401, "login_refused")
