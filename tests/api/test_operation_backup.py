"""A backup holds one state of a store, comes back the same on either kind, whole or not at all."""

from __future__ import annotations

import json
import threading
import zipfile
from pathlib import Path

import pytest

from api.usecases import backup_store, examine_store, restore_store
from api.usecases.incident_ground import IncidentGround
from data import migrations
from data.store import SqlStore, open_store
from data.store.backup import n_rows_present, table_sums
from data.store.rooms.red_flags import NewFlag
from gis.errors import Conflict, GridwrightError, InputError
from tests.drawn_town import drawn_town, loaded_file, second, town_store
from tests.incident_kit import new_incident, places, put_unit
from tests.stores import act, embedded_store, migrated_file, migrated_server, postgis_server, postgis_store, store
from tests.sweep_kit import new_sweep

__all__ = [
    "drawn_town",
    "embedded_store",
    "loaded_file",
    "migrated_file",
    "migrated_server",
    "postgis_server",
    "postgis_store",
    "second",
    "store",
    "town_store",
]
NOW = act().at


def sums(store: SqlStore) -> dict[str, str]:
    with store.read() as tx:
        return table_sums(tx)


def opened(address: str | Path) -> SqlStore:
    return open_store(address if isinstance(address, str) else f"sqlite:///{address}")


def work_at_the_desk(store: SqlStore) -> None:
    """Something in every table of incidents: a unit that has one, a flag put right, other rules."""
    (place,) = places(store, 1)
    put_unit(store, "car-1", place, at=NOW)
    ground = IncidentGround(store).find(*place, NOW)
    with store.write(act()) as tx:
        for hand in ({"unit": "car-1"}, {"body": "station"}):
            card, _ = tx.incidents.add(new_incident(place, ground, NOW), "dispatcher")
            id = card.id
            tx.cap_messages.record(card, "A1~aa", "Alert", NOW)
            tx.incidents.step(id, "assessed", "dispatcher", happened_at=NOW)
            tx.incidents.step(id, "assigned", "dispatcher", happened_at=NOW, **hand)
        tx.units.set("car-1", "dispatcher", kind="unit.moved", lon=place[0], lat=place[1], position_at=NOW)
        flags = [NewFlag("火", f"楼道 {k}", *place, ground, NOW, NOW) for k in range(2)]
        tx.flags.clear(tx.flags.raise_many(flags, "dispatcher")[0].id, "done", "dispatcher")
        tx.incident_rules.change(ground.county, "[incidents]\nduplicate_m = 5.0\n", 0, "reviewer")
        swept = {"county": ground.county, "community": ground.community}
        tx.sweeps.add_many([new_sweep(**swept, external=name) for name in ("1", None)])
        tx.sweeps.withdraw("s1")


@pytest.mark.parametrize("target", ["embedded", "postgis"])
def test_a_backup_comes_back_the_same_from_either_store_into_either(
    store, target, drawn_town, second, tmp_path
) -> None:
    plan = drawn_town.load(store)
    work_at_the_desk(store)
    before = sums(store)
    saved = backup_store(store, tmp_path / "a.backup", now=NOW)
    assert saved.path.stat().st_mode & 0o077 == 0
    assert sums(store) == before

    address = second(target)
    restored = restore_store(saved.path, address, act())
    assert restored.examined.is_sound, restored.examined.findings
    other = opened(address)
    try:
        assert sums(other) == before
        with other.read() as tx:
            land = tx.territories.current()
            assert tx.territories.load(land.id).content_hash() == land.content_hash
            assert tx.plans.in_force() == [plan]
        again = backup_store(other, tmp_path / "b.backup", now=NOW)
    finally:
        other.close()
    with zipfile.ZipFile(saved.path) as a, zipfile.ZipFile(again.path) as b:
        assert {name: a.read(name) for name in a.namelist()} == {name: b.read(name) for name in b.namelist()}


def test_a_store_goes_on_after_it_was_put_back(store, drawn_town, second, tmp_path) -> None:
    plan = drawn_town.load(store)
    saved = backup_store(store, tmp_path / "a.backup", now=NOW)
    address = second(store.kind)
    restore_store(saved.path, address, act())
    other = opened(address)
    try:
        with other.write(act()) as tx:
            filed = tx.plans.load(plan)
            made = tx.plans.save(filed, territory_id=tx.plans.card(plan).territory, name="next", parent=plan)
            tx.life.change_state(made.id, "withdrawn")
        assert examine_store(other).is_sound
    finally:
        other.close()


def test_a_backup_taken_while_others_write_holds_one_moment(store, drawn_town, second, tmp_path) -> None:
    plan = drawn_town.load(store)
    is_over, n_written = threading.Event(), 0

    def write() -> None:
        nonlocal n_written
        while not is_over.is_set():
            with store.write(act(reason=f"number {n_written}")) as tx:
                tx.life.rename(plan, f"name {n_written}")
            n_written += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        kept = []
        for number in range(3):
            kept.append(backup_store(store, tmp_path / f"{number}.backup", now=NOW))
    finally:
        is_over.set()
        writer.join(60)
    assert n_written > 0
    for number, saved in enumerate(kept):
        address = second("embedded").replace("second", f"second{number}")
        restored = restore_store(saved.path, address, act())
        assert restored.examined.is_sound, restored.examined.findings
        other = opened(address)
        with other.read() as tx:
            # The name, its row in the audit log and its event are written together: they agree in every backup.
            name = tx.plans.card(plan).name
            n = int(name.split()[1]) + 1 if name.startswith("name ") else 0
            entries = tx.audit.entries(limit=100_000)
            events = tx.outbox.since(0, limit=100_000)
            assert [entry.action for entry in entries].count("plan.rename") == n
            assert [event.payload.get("kind") for event in events].count("rename") == n
        other.close()


def test_a_backup_goes_only_into_an_empty_place(town_store, tmp_path) -> None:
    store = opened(town_store)
    saved = backup_store(store, tmp_path / "a.backup", now=NOW)
    before = sums(store)
    with pytest.raises(Conflict, match="restore_not_empty"):
        restore_store(saved.path, f"sqlite:///{town_store}", act())
    assert sums(store) == before
    with pytest.raises(InputError, match="backup_over_store"):
        backup_store(store, town_store, now=NOW)
    store.close()
    made = tmp_path / "made.sqlite"
    migrations.upgrade(f"sqlite:///{made}")
    assert restore_store(saved.path, f"sqlite:///{made}", act()).examined.is_sound


def rewritten(path: Path, out: Path, change) -> Path:
    """A copy of a backup with entries changed by ``change(name, bytes) -> bytes | None`` (``None``: left out)."""
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = change(name, old.read(name))
            if content is not None:
                new.writestr(name, content)
    return out


def in_manifest(change):
    """A change of the manifest alone."""

    def of(name: str, content: bytes) -> bytes:
        if name != "manifest.json":
            return content
        manifest = json.loads(content)
        change(manifest)
        return json.dumps(manifest).encode()

    return of


def swap_a_byte(name: str, content: bytes) -> bytes:
    return content.replace(b'"plan', b'"plam', 1) if name == "tables/audit.jsonl" else content


def strange_column(manifest) -> None:
    columns = manifest["tables"]["plans"]["columns"]
    columns['id") values (1); drop table plans; --'] = columns.pop("id")


def a_row_too_many(manifest) -> None:
    manifest["tables"]["plans"]["rows"] += 1


DAMAGES = {
    "a byte": (swap_a_byte, "backup_table_damaged"),
    "a table missing": (lambda name, content: None if "audit" in name else content, "backup_table_missing"),
    "longer than stated": (
        lambda name, content: content + b"[]\n" * 10 if "audit" in name else content,
        "backup_table_damaged",
    ),
    "no manifest": (lambda name, content: None if name == "manifest.json" else content, "backup_not_one"),
    "manifest is no JSON": (lambda name, content: b"{" if name == "manifest.json" else content, "backup_not_one"),
    "another format": (in_manifest(lambda m: m.update(format="gridwright-store-9")), "backup_format_unknown"),
    "a newer release": (in_manifest(lambda m: m.update(revision="9999")), "backup_of_newer_release"),
    "a strange table": (
        in_manifest(lambda m: m["tables"].update(pg_authid=m["tables"]["plans"])),
        "backup_table_strange",
    ),
    "a strange column": (in_manifest(strange_column), "backup_table_strange"),
    "other rows than stated": (in_manifest(a_row_too_many), "backup_table_damaged"),
    "tables are a list": (in_manifest(lambda m: m.update(tables=[1])), "backup_not_one"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_backup_is_refused_and_leaves_nothing_behind(damage, town_store, tmp_path) -> None:
    store = opened(town_store)
    saved = backup_store(store, tmp_path / "a.backup", now=NOW)
    store.close()
    change, code = DAMAGES[damage]
    bad = rewritten(saved.path, tmp_path / "bad.backup", change)
    target = tmp_path / "new" / "store.sqlite"
    target.parent.mkdir()
    with pytest.raises(GridwrightError) as caught:
        restore_store(bad, f"sqlite:///{target}", act())
    assert caught.value.code == code
    assert list(target.parent.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"SQLite format 3\x00", b"\x00" * 5000])
def test_what_is_no_backup_is_refused(content, tmp_path) -> None:
    path = tmp_path / "x.backup"
    path.write_bytes(content)
    with pytest.raises(InputError, match="backup_not_one"):
        restore_store(path, f"sqlite:///{tmp_path / 'new.sqlite'}", act())
    with pytest.raises(InputError, match="backup_missing"):
        restore_store(tmp_path / "none.backup", f"sqlite:///{tmp_path / 'new.sqlite'}", act())
    assert not (tmp_path / "new.sqlite").exists()


def test_a_truncated_backup_is_refused(town_store, tmp_path) -> None:
    store = opened(town_store)
    saved = backup_store(store, tmp_path / "a.backup", now=NOW)
    store.close()
    whole = saved.path.read_bytes()
    for n in (10, len(whole) // 2, len(whole) - 1):
        saved.path.write_bytes(whole[:n])
        with pytest.raises(InputError, match="backup_not_one"):
            restore_store(saved.path, f"sqlite:///{tmp_path / 'new.sqlite'}", act())


def test_a_restore_that_fails_half_way_puts_nothing_back_on_a_server(town_store, second, tmp_path, monkeypatch) -> None:
    store = opened(town_store)
    saved = backup_store(store, tmp_path / "a.backup", now=NOW)
    store.close()
    address = second("postgis")
    from data.store import backup

    put, n = backup._insert, 0

    def stumble(*arguments) -> None:
        nonlocal n
        n += 1
        if n == 12:
            raise MemoryError("in the middle")
        put(*arguments)

    monkeypatch.setattr(backup, "_insert", stumble)
    with pytest.raises(MemoryError):
        restore_store(saved.path, address, act())
    monkeypatch.undo()
    other = opened(address)
    with other.read() as tx:
        assert n_rows_present(tx) == 0
    other.close()
    assert restore_store(saved.path, address, act()).examined.is_sound
