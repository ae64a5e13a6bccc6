"""Commands that work on a store: load, backup, restore, serve refused; where the store lies; a cold start."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import closing
from datetime import UTC
from pathlib import Path
from socket import socket

import pytest

from api import settings, wiring
from api.cli import main
from api.operation.door import address_of, open_door
from data import migrations
from data.store import open_store
from data.store.revision import head, revisions
from gis.errors import Conflict, InputError, NotFound, StorageError
from tests.drawn_town import drawn_town, loaded_file, second, town_store
from tests.stores import migrated_server, postgis_server, postgis_store

__all__ = [
    "drawn_town",
    "loaded_file",
    "migrated_server",
    "postgis_server",
    "postgis_store",
    "second",
    "town_store",
]


def told(capsys) -> dict:
    return json.loads(capsys.readouterr().out)


def rows(address: str) -> tuple[int, int, int]:
    """Territories, plans, audit rows."""
    store = open_store(address)
    try:
        with store.read() as tx:
            return len(tx.territories.cards()), len(tx.plans.cards()), tx.audit.head()[0]
    finally:
        store.close()


@pytest.mark.parametrize("kind", ["embedded", "postgis"])
def test_a_town_is_loaded_once_and_its_plan_is_in_force(kind, second, drawn_town, capsys) -> None:
    address = second(kind)
    argv = ["load", str(drawn_town.territory), str(drawn_town.plan), "--store", address, "--json"]
    assert main([*argv, "--reason", "first plan"]) == 0
    first = told(capsys)
    assert first["territory"]["new"]
    assert first["plan"]["new"]
    assert first["plan"]["state"] == "in_force"
    before = rows(address)
    assert before[:2] == (1, 1)

    assert main(argv) == 0
    again = told(capsys)
    assert not again["territory"]["new"]
    assert not again["plan"]["new"]
    assert again["plan"]["id"] == first["plan"]["id"]
    assert rows(address) == before
    store = open_store(address)
    with store.read() as tx:
        assert {entry.reason for entry in tx.audit.entries()} == {"first plan"}
        assert [event.kind for event in tx.outbox.since(0)].count("plan.in_force") == 1
    store.close()
    assert "***" in again["store"] if kind == "postgis" else "store" in again


@pytest.mark.parametrize(("since", "has_grid"), [("2020-01-01", True), ("2026-01-01", False)])
def test_a_plan_of_long_ago_takes_the_incidents_of_its_time(since, has_grid, second, drawn_town, capsys) -> None:
    address = second("embedded")
    argv = ["load", str(drawn_town.territory), str(drawn_town.plan), "--store", address, "--json", "--since"]
    assert main([*argv, since]) == 0
    assert told(capsys)["plan"]["state"] == "in_force"
    store = open_store(address)
    with store.read() as tx:
        cards = tx.incidents.cards()
        plan = tx.plans.card(cards[0].plan) if has_grid else None
    store.close()
    assert cards
    assert all(bool(card.grid) is has_grid for card in cards)
    assert plan is None or plan.effective_from.astimezone(UTC).isoformat() == "2019-12-31T16:00:00+00:00"
    assert main([*argv, "first of May"]) == 2
    assert "--since" in capsys.readouterr().out


def test_loading_says_since_when_a_plan_is_in_force(second, drawn_town, capsys) -> None:
    argv = ["load", str(drawn_town.territory), str(drawn_town.plan), "--store", second("embedded"), "--lang", "en"]
    assert main([*argv, "--since", "2020-01-01"]) == 0
    assert "in force from 2020-01-01 on" in capsys.readouterr().out


def test_loading_says_what_it_did_and_what_comes_next(second, drawn_town, capsys) -> None:
    address = second("embedded")
    argv = ["load", str(drawn_town.territory), str(drawn_town.plan), "--store", address, "--lang"]
    assert main([*argv, "en"]) == 0
    said = capsys.readouterr().out
    assert "is loaded" in said
    assert "is in force" in said
    assert said.splitlines()[-1] == f"Next: gridwright serve --store {address}"
    assert main([*argv, "zh"]) == 0
    assert "没有改变" in capsys.readouterr().out


def test_a_plan_of_another_territory_is_refused_and_nothing_is_loaded(second, drawn_town, tmp_path, capsys) -> None:
    from data.files.territory_file import write_territory
    from data.sample import make_town

    other = tmp_path / "other.gpkg"
    write_territory(make_town(1_000, 2).territory, other)
    address = second("embedded")
    assert main(["load", str(other), str(drawn_town.plan), "--store", address, "--lang", "en"]) == 2
    assert "another territory" in capsys.readouterr().err
    assert rows(address) == (0, 0, 0)


def test_a_plan_that_does_not_pass_the_check_is_refused(second, drawn_town, tmp_path, capsys) -> None:
    import shutil
    import sqlite3

    spoilt = Path(shutil.copy2(drawn_town.plan, tmp_path / "spoilt.gpkg"))
    with closing(sqlite3.connect(spoilt)) as connection, connection:
        connection.execute("delete from members where rowid % 3 = 0")
    address = second("embedded")
    assert main(["load", str(drawn_town.territory), str(spoilt), "--store", address, "--lang", "en"]) == 2
    assert "does not pass the check" in capsys.readouterr().err
    assert rows(address) == (0, 0, 0)


def test_files_in_the_wrong_order_are_told(second, drawn_town, capsys) -> None:
    address = second("embedded")
    assert main(["load", str(drawn_town.plan), "--store", address, "--lang", "en"]) == 2
    assert "is a plan" in capsys.readouterr().err
    assert main(["load", str(drawn_town.territory), str(drawn_town.territory), "--store", address, "--lang", "en"]) == 2
    assert capsys.readouterr().err


def test_a_later_plan_takes_the_place_of_the_one_before(second, drawn_town, tmp_path, capsys) -> None:
    address, next_plan = second("embedded"), tmp_path / "next.gpkg"
    assert main(["load", str(drawn_town.territory), str(drawn_town.plan), "--store", address, "--json"]) == 0
    first = told(capsys)["plan"]["id"]
    rules = tmp_path / "rules.toml"
    rules.write_text("min_households = 150\nmax_households = 320\ntarget_households = 240\n")
    argv = ["redraw", str(drawn_town.plan), str(drawn_town.territory), "--out", str(next_plan), "--rules", str(rules)]
    assert main([*argv, "--json"]) == 0
    assert told(capsys)["plan"]
    assert next_plan.read_bytes() != drawn_town.plan.read_bytes()
    assert main(["load", str(drawn_town.territory), str(next_plan), "--store", address, "--json"]) == 0
    second_plan = told(capsys)["plan"]["id"]
    store = open_store(address)
    with store.read() as tx:
        assert tx.plans.card(first).state == "superseded"
        assert tx.plans.card(second_plan).parent == first
        assert tx.plans.in_force() == [second_plan]
    store.close()
    assert main(["doctor", "--store", address, "--json"]) == 0


def test_from_backup_to_a_store_somewhere_else_by_commands(town_store, tmp_path, capsys) -> None:
    address, file = f"sqlite:///{town_store}", tmp_path / "a.backup"
    assert main(["backup", "--out", str(file), "--store", address, "--json"]) == 0
    saved = told(capsys)
    assert saved["rows"] > 100
    target = f"sqlite:///{tmp_path / 'elsewhere' / 'b.sqlite'}"
    assert main(["restore", str(file), "--store", target, "--lang", "en"]) == 0
    said = capsys.readouterr().out
    assert "The store is sound" in said
    assert rows(target) == rows(address)
    assert main(["backup", "--out", str(tmp_path / "b.backup"), "--store", target, "--json"]) == 0
    assert told(capsys)["tables"] == saved["tables"]
    assert main(["restore", str(file), "--store", target, "--lang", "en"]) == 2
    assert "already holds something" in capsys.readouterr().err


def test_the_store_is_the_option_else_the_environment_else_a_private_file_of_the_user(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.delenv("GRIDWRIGHT_STORE", raising=False)
    assert wiring.store_address() == f"sqlite:///{tmp_path / 'data' / 'gridwright' / 'store.sqlite'}"
    assert (tmp_path / "data" / "gridwright").stat().st_mode & 0o777 == 0o700
    monkeypatch.setenv("GRIDWRIGHT_STORE", "sqlite:///env.sqlite")
    assert wiring.store_address() == "sqlite:///env.sqlite"
    assert wiring.store_address("sqlite:///option.sqlite") == "sqlite:///option.sqlite"
    monkeypatch.setenv("XDG_DATA_HOME", "relative")
    assert settings.data_folder().is_absolute()


def test_a_store_is_made_only_where_that_is_the_owners_to_decide(tmp_path, second) -> None:
    file = tmp_path / "own.sqlite"
    with pytest.raises(NotFound, match="store_missing"):
        wiring.open_ready_store(f"sqlite:///{file}", may_make=False)
    wiring.open_ready_store(f"sqlite:///{file}").close()
    assert file.stat().st_mode & 0o077 == 0
    shared = second("postgis")
    with pytest.raises(Conflict, match="store_not_made"):
        wiring.open_ready_store(shared)
    assert migrations.state(shared) == "empty"
    wiring.open_ready_store(shared, may_migrate=True).close()
    wiring.open_ready_store(shared).close()
    migrations.downgrade(shared, "-1")
    with pytest.raises(Conflict, match="store_behind") as caught:
        wiring.open_ready_store(shared)
    assert "gw_role" not in str(caught.value) or "***" in str(caught.value)


def test_a_service_does_not_start_on_tables_of_another_release_and_says_which_command_to_run(second, capsys) -> None:
    shared = second("postgis")
    assert main(["load", "--store", shared]) == 0
    migrations.downgrade(shared, "-1")
    capsys.readouterr()
    for command in ("serve", "worker"):
        extra = ["--port", "0"] if command == "serve" else []
        assert main([command, "--store", shared, *extra, "--lang", "en"]) == 2
        assert "gridwright load --store URL" in capsys.readouterr().err
    assert main(["doctor", "--store", shared, "--lang", "en"]) == 1
    assert "older release" in capsys.readouterr().out
    assert main(["load", "--store", shared]) == 0
    assert main(["doctor", "--store", shared, "--lang", "en"]) == 0


@pytest.mark.parametrize("address", ["nonsense", "mysql://x/y", "sqlite://", "sqlite:///", "postgresql+psycopg://"])
def test_an_address_that_is_none_is_told_and_its_password_is_not(address, capsys) -> None:
    assert main(["load", "--store", address, "--lang", "en"]) == 2
    assert capsys.readouterr().err


def test_no_message_shows_a_password(capsys) -> None:
    for address in ("postgresql://wang:secret9@127.0.0.1:1/x", "postgresql+psycopg://wang:secret9@127.0.0.1:port/x"):
        for command in (["load"], ["doctor"], ["backup", "--out", "x"], ["serve", "--port", "0"]):
            assert main([*command, "--store", address, "--lang", "en"]) == 2
            said = capsys.readouterr()
            assert "secret9" not in said.out + said.err, command


def test_a_folder_that_can_not_be_used_is_told(tmp_path, monkeypatch, capsys) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "file"))
    monkeypatch.delenv("GRIDWRIGHT_STORE", raising=False)
    assert main(["load", "--lang", "en"]) == 2
    assert "--store sqlite:///PATH" in capsys.readouterr().err
    with pytest.raises(StorageError):
        wiring.store_address()


def test_a_taken_port_is_told_with_another_to_use(town_store, capsys) -> None:
    with closing(socket()) as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(Conflict):
            open_door("127.0.0.1", port)
        assert main(["serve", "--store", f"sqlite:///{town_store}", "--port", str(port), "--lang", "en"]) == 2
    err = capsys.readouterr().err
    assert f"Port {port} on 127.0.0.1 is taken" in err
    assert f"--port {port + 1}" in err


@pytest.mark.parametrize(
    ("host", "port", "code"),
    [("127.0.0.1", 70_000, "port_out_of_range"), ("192.0.2.7", 0, "host_unknown"), ("no such host", 0, "host_unknown")],
)
def test_an_impossible_address_is_told(host, port, code) -> None:
    with pytest.raises(InputError) as caught:
        open_door(host, port)
    assert caught.value.code == code


def test_a_door_to_everywhere_is_shown_as_one_a_person_can_type() -> None:
    with open_door("0.0.0.0", 0) as door:
        assert address_of(door) == f"http://127.0.0.1:{door.getsockname()[1]}"


HEAVY = ("pandas", "numpy", "shapely", "sqlalchemy", "alembic", "fastapi", "starlette", "uvicorn", "dbos", "pydantic")


@pytest.mark.parametrize("argv", [["--help"], ["serve", "--help"], ["load", "--help"], ["--version"]])
def test_help_imports_nothing_heavy(argv) -> None:
    code = (
        "import sys\nfrom api.cli import main\n"
        f"assert main({argv!r}) == 0\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env={**os.environ})
    assert run.stderr.strip() == "[]"


def test_the_service_starts_without_what_only_some_requests_need() -> None:
    late = ("pandas", "geopandas", "alembic", "highspy", "numba", "scipy", "dbos", "folium", "reportlab", "openpyxl")
    code = f"import sys, api.operation.service\nprint([name for name in {late!r} if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_the_revisions_are_those_that_the_migrations_have() -> None:
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory(str(Path(migrations.__file__).parent))
    assert revisions() == tuple(sorted(script.revision for script in scripts.walk_revisions()))
    assert head() == scripts.get_current_head()
