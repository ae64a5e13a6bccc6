"""`doctor` finds what was broken on purpose, names it, and calls a sound store sound."""

from __future__ import annotations

import json
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from api.cli import main
from api.usecases import examine_store
from data import migrations
from data.store import SqlStore, open_store
from tests.drawn_town import drawn_town, loaded_file, town_store
from tests.stores import act, migrated_server, postgis_server, postgis_store

__all__ = ["drawn_town", "loaded_file", "migrated_server", "postgis_server", "postgis_store", "town_store"]


def examined(path: Path) -> dict[str, list[str]]:
    """Check -> codes of what it found, for those that found something."""
    store = open_store(f"sqlite:///{path}")
    try:
        findings = examine_store(store).findings
    finally:
        store.close()
    return {finding.check: [fault.code for fault in finding.faults] for finding in findings if finding.faults}


def spoil(path: Path, *statements: str) -> None:
    """Change a store past gridwright, and past the triggers that keep the log."""
    with sqlite3.connect(path) as connection:
        for (trigger,) in connection.execute("select name from sqlite_master where type = 'trigger'").fetchall():
            connection.execute(f"drop trigger {trigger}")
        for statement in statements:
            connection.execute(statement)
    connection.close()


def test_a_store_that_holds_a_town_is_sound_on_both_kinds(town_store, postgis_store, drawn_town) -> None:
    assert examined(town_store) == {}
    drawn_town.load(postgis_store)
    assert all(finding.verdict == "good" for finding in examine_store(postgis_store).findings)


DAMAGES: dict[str, tuple[str, str, str]] = {
    "an audit row was changed": ("update audit set who = 'nobody' where number = 2", "audit", "doctor_audit_broken"),
    "an audit row was removed": ("delete from audit where number = 2", "audit", "doctor_audit_broken"),
    "two plans in force": (
        "insert into reigns select community, 'p000000000000', '2027-01-01T00:00:00.000000Z', null from reigns limit 1",
        "reigns",
        "doctor_two_in_force",
    ),
    "a plan's state was changed": ("update plans set state = 'draft'", "states", "doctor_state_differs"),
    "a grid's households were changed": (
        "update plan_grids set households = households + 1 where fid = (select min(fid) from plan_grids)",
        "sums",
        "doctor_sum_wrong",
    ),
    "a member was moved to no grid": (
        "update plan_members set grid = 'nowhere' where fid = (select min(fid) from plan_members)",
        "sums",
        "doctor_member_without_grid",
    ),
    "members were lost": ("delete from plan_members where fid % 7 = 0", "sums", "doctor_sum_wrong"),
    "a plan was lost": ("delete from plans", "orphans", "doctor_orphans"),
    "buildings were lost": ("delete from layer_buildings where fid % 9 = 0", "orphans", "doctor_rows_missing"),
    "a building was changed": (
        "update layer_buildings set levels = 99 where fid = (select min(fid) from layer_buildings)",
        "territories",
        "doctor_territory_changed",
    ),
    "an incident got somebody past the program": (
        "insert into assignments (number, incident, county, place, body, made_at, role) "
        "select 1, id, county, place, 'x', received_at, 'x' from incidents where fid = 1",
        "incidents",
        "doctor_incident_assignment",
    ),
    "an incident points to nothing": (
        "update incidents set duplicate_of = 'i999999' where fid = 1",
        "incidents",
        "doctor_incident_main",
    ),
    "a message leads to no incident": (
        "insert into cap_messages (incident, external, message, sent, county, place, recorded_at) "
        "select 'i999999', 'x', 'Alert', received_at, county, place, received_at from incidents where fid = 1",
        "incidents",
        "doctor_cap_messages",
    ),
    "a revision of an incident is told nowhere": (
        "update incidents set revision = 2 where fid = 1",
        "incidents",
        "doctor_incident_events",
    ),
    "events were lost": ("delete from incident_events", "incidents", "doctor_incident_event"),
    "numbers of events begin anew": (
        "update counters set next = 1 where name = 'incident_events'",
        "incidents",
        "doctor_incident_numbers",
    ),
    "a window of an incident was lost": (
        "delete from window_incidents where id = 1",
        "windows",
        "doctor_window_differs",
    ),
    "a window was lost": ("delete from window_layer_buildings where id % 9 = 0", "windows", "doctor_window_differs"),
    "a window was moved": (
        "update window_layer_buildings set x_min = x_min + 1, x_max = x_max + 1 where id % 9 = 0",
        "windows",
        "doctor_window_differs",
    ),
    "a grid lost its land": (
        "update plan_grids set shape = (select shape from plan_grids order by fid limit 1) "
        "where fid = (select max(fid) from plan_grids)",
        "plans_in_force",
        "doctor_plan_broken",
    ),
    "a key without its account": (
        "insert into api_keys (prefix, account, hash, label, created_at) values ('x', 'gone', '', '', '2026-01-01')",
        "orphans",
        "doctor_orphans",
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_was_changed_past_gridwright_is_found(damage, town_store) -> None:
    statement, check, code = DAMAGES[damage]
    spoil(town_store, statement)
    found = examined(town_store)
    assert code in found.get(check, []), found


def test_a_damaged_page_is_found(town_store) -> None:
    with sqlite3.connect(town_store) as connection:
        (root,) = connection.execute(
            "select rootpage from sqlite_master where name = 'ix_plan_members_plan_grid'"
        ).fetchone()
        (size,) = connection.execute("pragma page_size").fetchone()
    connection.close()
    content = bytearray(town_store.read_bytes())
    start = (root - 1) * size
    content[start : start + size] = bytes([13, *([0xFF] * (size - 1))])
    town_store.write_bytes(content)
    assert "doctor_page_broken" in str(examined(town_store))


def test_an_index_of_a_server_that_is_not_whole_is_found(postgis_store, postgis_server) -> None:
    assert verdict(postgis_store, "pages") == "good"
    # As an interrupted CREATE INDEX CONCURRENTLY leaves it.
    engine = create_engine(postgis_server.address.set(database=postgis_store.url.database))
    with engine.begin() as connection:
        connection.execute(text("update pg_index set indisvalid = false where indexrelid = 'ix_reigns_plan'::regclass"))
    engine.dispose()
    assert verdict(postgis_store, "pages") == "bad"


def verdict(store: SqlStore, check: str, **options: object) -> str:
    findings = examine_store(store, **options).findings  # type: ignore[arg-type]
    return next(finding.verdict for finding in findings if finding.check == check)


def test_a_job_that_nobody_takes_is_a_warning_and_not_a_fault(postgis_store, drawn_town) -> None:
    drawn_town.load(postgis_store)
    with postgis_store.write(act()) as tx:
        tx.jobs.ask("draw", {}, place="330402")
    assert verdict(postgis_store, "jobs", now=act().at) == "good"
    assert verdict(postgis_store, "jobs", now=act().at + timedelta(hours=1)) == "warning"
    assert examine_store(postgis_store, now=act().at + timedelta(hours=1)).is_sound


def test_tables_of_another_release_are_told_before_anything_else(town_store) -> None:
    address = f"sqlite:///{town_store}"
    migrations.downgrade(address, "-1")
    assert examined(town_store) == {"migrations": ["store_behind"]}
    spoil(town_store, "update alembic_version set version_num = 'later'")
    assert examined(town_store) == {"migrations": ["store_ahead"]}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_command_shows_every_check_and_its_verdict(language, town_store, capsys) -> None:
    argv = ["doctor", "--store", f"sqlite:///{town_store}", "--lang", language]
    assert main(argv) == 0
    told = capsys.readouterr().out
    assert told.count("good" if language == "en" else "正常") >= 14
    assert "doctor_" not in told
    assert main([*argv, "--json"]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary["sound"] is True
    assert {check["verdict"] for check in summary["checks"]} == {"good"}

    spoil(town_store, "update audit set who = 'nobody' where number = 1")
    assert main(argv) == 1
    told = capsys.readouterr().out
    assert ("WRONG" if language == "en" else "有问题") in told
    assert "1" in told
    assert main([*argv, "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["sound"] is False


def test_a_store_that_is_not_there_is_not_made(tmp_path, capsys) -> None:
    path = tmp_path / "none.sqlite"
    for argv in (["doctor"], ["backup", "--out", str(tmp_path / "x.backup")]):
        assert main([*argv, "--store", f"sqlite:///{path}", "--lang", "en"]) == 2
        assert "there is no store" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
