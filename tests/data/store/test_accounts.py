"""Accounts, keys and sessions in the store: who sees whom, what ends what, what the audit log says and never says."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Column, select, update

from data.store import SqlStore
from data.store.rooms.accounts import Account
from data.store.tables.service import accounts, keys, sessions
from gis.errors import Conflict, InputError, NotFound
from tests.stores import act

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
COUNTY, TOWN, ELSEWHERE = "330402", "330402001", "330411"


def fill(store: SqlStore) -> None:
    with store.write(act("root")) as tx:
        tx.accounts.add("root", "admin", "", "hash of root")
        tx.accounts.add("county", "admin", COUNTY, "hash of county")
        tx.accounts.add("desk", "planner", TOWN, "hash of desk")
        tx.accounts.add("far", "planner", ELSEWHERE, "hash of far")


def add_key(store: SqlStore, account: str, prefix: str, *, days: int = 365) -> None:
    with store.write(act("root")) as tx:
        owner = tx.accounts.account(account)
        tx.accounts.keys.add(owner, prefix, f"hash of {prefix}", label="", expires_at=NOW + timedelta(days=days))


def names(accounts: list[Account]) -> list[str]:
    return [account.name for account in accounts]


def test_accounts_exist_from_the_first_on_also_when_all_are_disabled(store: SqlStore) -> None:
    with store.read() as tx:
        assert not tx.accounts.exist()
    with store.write(act()) as tx:
        tx.accounts.add("one", "planner", TOWN, None)
        tx.accounts.close("one")
    with store.read() as tx:
        assert tx.accounts.exist()


@pytest.mark.parametrize(
    ("jurisdiction", "seen"),
    [("", ["county", "desk", "far", "root"]), (COUNTY, ["county", "desk"]), (TOWN, ["desk"]), ("99", [])],
)
def test_an_account_is_seen_from_where_its_jurisdiction_lies(
    store: SqlStore, jurisdiction: str, seen: list[str]
) -> None:
    fill(store)
    with store.read(jurisdiction) as tx:
        assert names(tx.accounts.accounts()) == seen
        for name in ("county", "desk", "far", "root"):
            if name in seen:
                assert tx.accounts.account(name).name == name
            else:
                with pytest.raises(NotFound, match="account_unknown"):
                    tx.accounts.account(name)


def test_capitals_and_wild_cards_in_a_jurisdiction_mean_themselves(store: SqlStore) -> None:
    with store.write(act("root")) as tx:
        tx.accounts.add("small", "planner", "ab1", None)
        tx.accounts.add("capital", "planner", "AB1", None)
    with store.read("ab") as tx:
        assert names(tx.accounts.accounts()) == ["small"]
    for wild in ("%", "_b", "*", "[a]"):
        with store.read(wild) as tx:
            assert names(tx.accounts.accounts()) == []


def test_pages_of_accounts_hold_every_account_once(store: SqlStore) -> None:
    fill(store)
    seen: list[str] = []
    with store.read() as tx:
        while page := tx.accounts.accounts(after=seen[-1] if seen else "", limit=3):
            seen += names(page)
    assert seen == ["county", "desk", "far", "root"]


def test_an_admin_of_a_county_makes_and_changes_accounts_only_inside_it(store: SqlStore) -> None:
    fill(store)
    inside = act("county", COUNTY)
    with store.write(inside) as tx:
        tx.accounts.add("new", "reviewer", TOWN, None)
        assert tx.accounts.change("new", role="planner").role == "planner"
    for place in ("", "33", ELSEWHERE):
        with pytest.raises(Conflict, match="account_outside"), store.write(inside) as tx:
            tx.accounts.add("other", "planner", place, None)
        with pytest.raises(Conflict, match="account_outside"), store.write(inside) as tx:
            tx.accounts.change("new", jurisdiction=place)
    for name in ("root", "far"):
        with pytest.raises(NotFound), store.write(inside) as tx:
            tx.accounts.change(name, is_disabled=True)
        with pytest.raises(NotFound), store.write(inside) as tx:
            tx.accounts.set_password(name, "another", must_change=False)
        with pytest.raises(NotFound), store.write(inside) as tx:
            tx.accounts.close(name)
    with store.read() as tx:
        assert not tx.accounts.account("far").is_disabled
        assert tx.accounts.login("far").password_hash == "hash of far"


def test_a_name_is_taken_for_ever_and_for_everywhere(store: SqlStore) -> None:
    fill(store)
    with store.write(act("root")) as tx:
        tx.accounts.close("far")
    with pytest.raises(Conflict, match="account_exists"), store.write(act("county", COUNTY)) as tx:
        tx.accounts.add("far", "planner", TOWN, None)


def test_a_role_that_does_not_exist_is_refused(store: SqlStore) -> None:
    with pytest.raises(InputError, match="account_role_unknown"), store.write(act()) as tx:
        tx.accounts.add("one", "king", "", None)


def test_the_last_admin_of_everything_stays_one(store: SqlStore) -> None:
    fill(store)
    for change in ({"role": "planner"}, {"jurisdiction": COUNTY}, {"is_disabled": True}):
        with pytest.raises(Conflict, match="account_last_admin"), store.write(act()) as tx:
            tx.accounts.change("root", **change)
    with pytest.raises(Conflict, match="account_last_admin"), store.write(act()) as tx:
        tx.accounts.close("root")
    with store.write(act()) as tx:
        tx.accounts.add("second", "admin", "", None)
        tx.accounts.close("root")
    with store.read() as tx:
        assert tx.accounts.account("root").is_disabled
        assert tx.accounts.login("root").password_hash is None


def test_what_an_account_may_do_changes_and_its_sessions_end(store: SqlStore) -> None:
    fill(store)
    changes = [
        lambda accounts: accounts.change("desk", role="reviewer"),
        lambda accounts: accounts.change("desk", is_disabled=True),
        lambda accounts: accounts.set_password("desk", "new hash", must_change=True),
        lambda accounts: accounts.close("desk"),
    ]
    for change in changes:
        with store.write(act()) as tx:
            tx.accounts.sessions.open("token", tx.accounts.account("desk"), csrf="c", expires_at=NOW)
            change(tx.accounts)
        with store.read() as tx:
            assert tx.accounts.sessions.find("token") is None


def test_wrong_passwords_are_counted_until_the_right_one_or_a_new_one_comes(store: SqlStore) -> None:
    fill(store)
    until = NOW + timedelta(minutes=1)
    for n in range(3):
        with store.write(act("desk")) as tx:
            tx.accounts.note_failure("desk", locked_until=until if n == 2 else None)
    with store.read() as tx:
        login = tx.accounts.login("desk")
        assert (login.failed_logins, login.account.locked_until) == (3, until)
        assert login.account.state(NOW) == "locked"
    with store.write(act("desk")) as tx:
        tx.accounts.sessions.open("token", tx.accounts.account("desk"), csrf="c", expires_at=NOW)
    with store.read() as tx:
        assert tx.accounts.login("desk").failed_logins == 0
        assert tx.accounts.account("desk").locked_until is None


def test_a_key_is_seen_from_where_its_account_lies(store: SqlStore) -> None:
    fill(store)
    add_key(store, "desk", "inside")
    add_key(store, "far", "outside")
    with store.read(COUNTY) as tx:
        assert [key.prefix for key in tx.accounts.keys.all()] == ["inside"]
        with pytest.raises(NotFound, match="key_unknown"):
            tx.accounts.keys.key("outside")
    with pytest.raises(NotFound, match="key_unknown"), store.write(act("county", COUNTY)) as tx:
        tx.accounts.keys.revoke("outside")
    with store.read() as tx:
        key, key_hash = tx.accounts.keys.find("outside")
        assert (key.account, key_hash) == ("far", "hash of outside")
        assert key.is_valid(NOW)


def test_a_key_ends_at_the_first_of_its_ends_and_is_never_prolonged(store: SqlStore) -> None:
    fill(store)
    add_key(store, "desk", "one", days=10)
    with store.write(act()) as tx:
        key = tx.accounts.keys.revoke("one", at=NOW + timedelta(days=3))
    assert key.is_valid(NOW + timedelta(days=2))
    assert not key.is_valid(NOW + timedelta(days=3))
    for later in (3, 5, 20):
        with pytest.raises(Conflict, match="key_ended"), store.write(act()) as tx:
            tx.accounts.keys.revoke("one", at=NOW + timedelta(days=later))
    with store.write(act()) as tx:
        assert not tx.accounts.keys.revoke("one").is_valid(NOW)


def test_closing_an_account_ends_its_keys(store: SqlStore) -> None:
    fill(store)
    add_key(store, "desk", "one")
    with store.write(act()) as tx:
        tx.accounts.close("desk")
        assert not tx.accounts.keys.key("one").is_valid(NOW)


def test_sessions_that_ran_out_are_forgotten(store: SqlStore) -> None:
    fill(store)
    with store.write(act()) as tx:
        desk = tx.accounts.account("desk")
        for hours in (-1, 1):
            tx.accounts.sessions.open(f"{hours}", desk, csrf="c", expires_at=NOW + timedelta(hours=hours))
        assert tx.accounts.sessions.forget(ended_before=NOW) == 1
        assert tx.accounts.sessions.find("1").csrf == "c"
        tx.accounts.sessions.prolong("1", NOW + timedelta(hours=2))
        assert tx.accounts.sessions.find("1").expires_at == NOW + timedelta(hours=2)


def test_a_second_secret_is_noticed(store: SqlStore) -> None:
    with store.write(act()) as tx:
        assert tx.accounts.keys.secret_fingerprint() is None
        tx.accounts.keys.note_secret("one")
        tx.accounts.keys.note_secret("one")
    fill(store)
    add_key(store, "desk", "one")
    with pytest.raises(Conflict, match="secret_differs"), store.write(act()) as tx:
        tx.accounts.keys.note_secret("two")


def test_a_lost_secret_is_replaced_when_no_key_made_with_it_is_left(store: SqlStore) -> None:
    fill(store)
    add_key(store, "far", "one")
    with store.write(act()) as tx:
        tx.accounts.keys.note_secret("lost")
        tx.accounts.keys.revoke("one")
    with pytest.raises(Conflict, match="secret_differs"), store.write(act("county", COUNTY)) as tx:
        tx.accounts.keys.note_secret("new")
    with store.write(act()) as tx:
        tx.accounts.keys.note_secret("new")
        assert tx.accounts.keys.secret_fingerprint() == "new"


def test_every_change_stands_in_the_audit_log_where_it_belongs_and_no_hash_does(store: SqlStore) -> None:
    fill(store)
    add_key(store, "desk", "one")
    with store.write(act("root", reason="left")) as tx:
        tx.accounts.change("desk", role="reviewer")
        tx.accounts.set_password("desk", "secret hash", must_change=True)
        tx.accounts.note_failure("desk", locked_until=NOW)
        tx.accounts.sessions.open("token hash", tx.accounts.account("desk"), csrf="csrf", expires_at=NOW)
        tx.accounts.keys.revoke("one")
        tx.accounts.close("desk")
    with store.read() as tx:
        rows = tx.audit.entries(place=TOWN)
        assert [row.action for row in rows] == [
            "account.add",
            "key.add",
            "account.change",
            "account.password",
            "account.lock",
            "session.open",
            "key.revoke",
            "account.close",
        ]
        assert rows[2].before == {"role": "planner"}
        assert rows[2].after == {"role": "reviewer"}
        assert {row.reason for row in rows[2:]} == {"left"}
        assert {row.subject for row in rows} == {"desk"}
        told = json.dumps([[row.before, row.after] for row in rows])
        assert not [secret for secret in ("hash", "token", "csrf") if secret in told]
        assert tx.audit.first_broken() is None


def test_the_server_itself_shows_accounts_keys_and_sessions_only_inside(postgis_store: SqlStore) -> None:
    """Beneath the room: a question that forgets the jurisdiction is answered within it all the same."""
    fill(postgis_store)
    for name in ("desk", "far"):
        add_key(postgis_store, name, f"key-{name}")
        with postgis_store.write(act()) as tx:
            tx.accounts.sessions.open(f"token-{name}", tx.accounts.account(name), csrf="c", expires_at=NOW)

    def seen(column: Column, jurisdiction: str) -> list[str]:
        with postgis_store.read(jurisdiction) as tx:
            return sorted(tx.connection.execute(select(column)).scalars())

    for table, of_all in ((accounts.c.name, ["county", "desk", "far", "root"]), (keys.c.account, ["desk", "far"])):
        assert seen(table, "") == of_all
        assert seen(table, TOWN) == ["desk"]
        assert seen(table, "99") == []
    assert seen(sessions.c.account, COUNTY) == ["desk"]
    with postgis_store.write(act("county", COUNTY)) as tx:
        changed = tx.connection.execute(update(accounts).values(role="admin").where(accounts.c.name == "far"))
        assert changed.rowcount == 0
