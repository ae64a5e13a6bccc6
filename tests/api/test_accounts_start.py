"""How accounts begin: the first admin, the secret, who may come in before there is anybody, and the command line."""

from __future__ import annotations

import json
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from api.accounts import secret as secrets_room
from api.accounts.first_start import FIRST_ADMIN, ensure_admin, is_loopback
from api.accounts.keys import prefix_of
from api.accounts.passwords import Passwords
from api.accounts.secret import agrees, fingerprint, secret_path, service_secret
from api.cli import main
from api.usecases.accounts import add_account, issue_key
from data.store import SqlStore
from gis.errors import Conflict, InputError
from tests.account_kit import CHEAP, make_site
from tests.stores import act, embedded_store, migrated_file, migrated_server, postgis_server, postgis_store, store

__all__ = ["embedded_store", "migrated_file", "migrated_server", "postgis_server", "postgis_store", "store"]
GIVEN = "a secret of at least thirty-two characters"


def test_a_store_without_accounts_gets_an_admin_once(store: SqlStore) -> None:
    password = ensure_admin(store, act("system"), Passwords(CHEAP))
    assert password is not None
    assert ensure_admin(store, act("system"), Passwords(CHEAP)) is None
    site = make_site(store)
    site.passwords = Passwords(CHEAP)
    answer = site.client().post("/v1/session", json={"name": FIRST_ADMIN, "password": password})
    assert (answer.status_code, answer.json()["must_change"]) == (201, True)
    assert (answer.json()["role"], answer.json()["jurisdiction"]) == ("admin", "")


def test_processes_that_start_at_once_make_one_admin(store: SqlStore) -> None:
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: ensure_admin(store, act("system"), Passwords(CHEAP)), range(4)))
    assert len([password for password in made if password]) == 1


def test_the_first_account_must_be_an_admin_of_everything(store: SqlStore) -> None:
    for role, place in (("planner", ""), ("admin", "330402")):
        with pytest.raises(InputError, match="user_first_admin"):
            add_account(store, act(), "first", role=role, place=place, passwords=Passwords(CHEAP))
    add_account(store, act(), "first", role="admin", passwords=Passwords(CHEAP))
    add_account(store, act(), "second", role="planner", place="330402", passwords=Passwords(CHEAP))
    with pytest.raises(Conflict, match="account_exists"):
        add_account(store, act(), "FIRST ", role="planner", passwords=Passwords(CHEAP))


@pytest.mark.parametrize("name", ["", "a", "-a", "a b", "a/b", "a\n", "x" * 65, "local", "SYSTEM", "a%b", "a\u202eb"])
def test_names_that_could_be_mistaken_are_refused(embedded_store: SqlStore, name: str) -> None:
    with pytest.raises(InputError, match="account_name_wrong"):
        add_account(embedded_store, act(), name, role="admin")


@pytest.mark.parametrize("place", ["*", "%", "33_", "33 04", "\\", "33'--", "１２", "x" * 33])
def test_prefixes_that_could_mean_anything_are_refused(embedded_store: SqlStore, place: str) -> None:
    with pytest.raises(InputError, match="jurisdiction_wrong"):
        add_account(embedded_store, act(), "one", role="admin", place=place)


def test_without_accounts_everybody_here_may_do_everything_and_nobody_further_away(embedded_store: SqlStore) -> None:
    site = make_site(embedded_store)
    assert site.client().get("/v1/session").json()["is_local"]
    for header in ({"X-Forwarded-For": "192.0.2.7"}, {"Forwarded": "for=192.0.2.7"}, {"Via": "1.1 proxy"}):
        answer = site.client(**header).get("/v1/session")
        assert (answer.status_code, answer.json()["code"]) == (401, "accounts_needed")
    for host, status in (("127.0.0.1", 200), ("::1", 200), ("192.0.2.7", 401), ("2001:db8::1", 401)):
        assert _from(site, host) == status, host


def _from(site, host: str) -> int:
    from fastapi.testclient import TestClient

    return TestClient(site.app, base_url="http://127.0.0.1", client=(host, 5000)).get("/v1/session").status_code


def test_disabling_every_account_does_not_open_the_door_again(embedded_store: SqlStore) -> None:
    site = make_site(embedded_store)
    site.add("root", "admin")
    site.add("desk", "planner")
    with embedded_store.write(site.act()) as tx:
        tx.accounts.close("desk")
    site = make_site(embedded_store)
    assert site.client().get("/v1/session").status_code == 401


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.5.5.5", True),
        ("::1", True),
        ("[::1]", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.1.5", False),
        ("no.such.host.invalid", False),
    ],
)
def test_what_only_this_machine_can_reach(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected


def test_the_secret_is_made_once_for_its_owner_only(embedded_store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GRIDWRIGHT_SECRET", raising=False)
    path = secret_path(embedded_store)
    assert path == Path(f"{embedded_store.url.database}.secret")
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: service_secret(embedded_store), range(8)))
    assert len(found) == 1
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [p.name for p in path.parent.glob("*.secret*")] == [path.name], "no drafts are left"
    assert len(found.pop()) >= 64


def test_a_secret_that_others_can_read_or_guess_is_refused(
    embedded_store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GRIDWRIGHT_SECRET", raising=False)
    path = secret_path(embedded_store)
    service_secret(embedded_store)
    os.chmod(path, 0o640)
    with pytest.raises(InputError, match="secret_readable"):
        service_secret(embedded_store)
    os.chmod(path, 0o600)
    path.write_text("short\n")
    with pytest.raises(InputError, match="secret_short"):
        service_secret(embedded_store)
    monkeypatch.setenv("GRIDWRIGHT_SECRET", "short")
    with pytest.raises(InputError, match="secret_short"):
        service_secret(embedded_store)


def test_a_secret_of_the_site_that_can_not_be_used_is_the_service_s_fault_and_not_the_caller_s(
    embedded_store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = make_site(embedded_store)
    site.add("root", "admin")
    key = site.key("root")
    os.chmod(secret_path(embedded_store), 0o644)
    again = make_site(embedded_store)
    answer = again.client(key).get("/v1/session")
    assert answer.status_code == 503
    assert str(secret_path(embedded_store)) not in answer.text


def test_a_server_s_secret_lies_in_the_configuration_folder(
    postgis_store: SqlStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GRIDWRIGHT_SECRET", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert secret_path(postgis_store) == tmp_path / "gridwright" / "secret"
    assert service_secret(postgis_store) == (tmp_path / "gridwright" / "secret").read_bytes().strip()


def test_another_host_with_another_secret_is_noticed_and_refuses_every_key(
    embedded_store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = make_site(embedded_store)
    site.add("root", "admin")
    assert agrees(embedded_store) is None
    key = site.key("root")
    assert agrees(embedded_store) is True
    monkeypatch.setenv("GRIDWRIGHT_SECRET", GIVEN)
    assert agrees(embedded_store) is False
    other = make_site(embedded_store)
    assert other.client(key).get("/v1/session").status_code == 401
    with pytest.raises(Conflict, match="secret_differs"):
        issue_key(embedded_store, act(), "root")
    assert fingerprint(GIVEN.encode()) != fingerprint(site.app.state.guard.secret())
    assert len(fingerprint(GIVEN.encode())) == 16


def test_an_unfinished_secret_is_never_read(embedded_store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever comes while the secret is being written sees none of it, or all."""
    monkeypatch.delenv("GRIDWRIGHT_SECRET", raising=False)
    seen = []
    real = secrets_room.os.fsync

    def look(descriptor: int) -> None:
        real(descriptor)
        seen.append(secret_path(embedded_store).exists())

    monkeypatch.setattr(secrets_room.os, "fsync", look)
    service_secret(embedded_store)
    assert seen == [False]


# --- the command line


@pytest.fixture
def address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.delenv("GRIDWRIGHT_SECRET", raising=False)
    monkeypatch.setenv("GRIDWRIGHT_LANG", "en")
    return f"sqlite:///{tmp_path / 'store.db'}"


def run(capsys: pytest.CaptureFixture[str], address: str, *words: str) -> tuple[int, dict]:
    status = main(["user", *words, "--store", address, "--json"])
    return status, json.loads(capsys.readouterr().out)


def test_accounts_and_keys_from_the_command_line(address: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, address, "list")[0] == 1
    status, made = run(capsys, address, "add", "Root", "--role", "admin")
    assert (status, made["name"], made["must_change"]) == (0, "root", True)
    assert len(made["one_time_password"]) == 23
    run(capsys, address, "add", "desk", "--role", "planner", "--jurisdiction", "330402")
    status, key = run(capsys, address, "key", "desk", "--days", "30", "--label", "qgis")
    assert (status, key["account"], key["label"]) == (0, "desk", "qgis")
    status, rotated = run(capsys, address, "rotate", key["key"][:14], "--overlap", "0")
    assert (status, rotated["replaces"]["prefix"]) == (0, key["prefix"])
    assert run(capsys, address, "revoke", rotated["prefix"])[0] == 0
    assert run(capsys, address, "password", "desk")[1]["one_time_password"]
    assert run(capsys, address, "disable", "desk")[1]["is_disabled"]
    assert not run(capsys, address, "enable", "desk")[1]["is_disabled"]
    assert run(capsys, address, "close", "desk")[0] == 0
    status, listed = run(capsys, address, "list")
    assert [(a["name"], a["state"], a["keys"]) for a in listed["accounts"]] == [
        ("desk", "disabled", []),
        ("root", "one_time", []),
    ]


def test_people_are_shown_a_secret_once_and_never_in_the_list(address: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["user", "add", "root", "--role", "admin", "--store", address]) == 0
    password = capsys.readouterr().out.split("sign-in): ")[1].split()[0]
    assert main(["user", "key", "root", "--store", address]) == 0
    key = capsys.readouterr().out.split("only now): ")[1].split()[0]
    assert prefix_of(key)
    assert main(["user", "list", "--store", address]) == 0
    listed = capsys.readouterr().out
    assert "root" in listed
    assert f"gw_{prefix_of(key)}" in listed
    assert key not in listed
    assert password not in listed


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["add", "x1"], "user_option_missing"),
        (["add", "--role", "admin"], "user_option_missing"),
        (["key"], "user_option_missing"),
        (["list", "--role", "admin"], "user_option_unused"),
        (["disable", "root", "--days", "3"], "user_option_unused"),
        (["list", "root"], "user_option_unused"),
        (["frob", "root"], "usage_choice"),
        (["add", "one", "--role", "king"], "account_role_unknown"),
        (["add", "one", "--role", "planner"], "user_first_admin"),
        (["key", "nobody"], "account_unknown"),
        (["revoke", "gw_nothing"], "key_unknown"),
        (["password", "nobody"], "account_unknown"),
    ],
)
def test_what_can_not_be_is_refused_with_a_sentence(
    address: str, capsys: pytest.CaptureFixture[str], words: list[str], code: str
) -> None:
    status, told = run(capsys, address, *words)
    assert (status, told["error"]["faults"][0]["code"]) == (2, code)


def test_the_last_admin_can_not_lock_everybody_out(address: str, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, address, "add", "root", "--role", "admin")
    for verb in ("disable", "close"):
        status, told = run(capsys, address, verb, "root")
        assert (status, told["error"]["faults"][0]["code"]) == (2, "account_last_admin")
