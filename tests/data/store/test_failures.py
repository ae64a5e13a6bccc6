"""What can be wrong with a store and its server: every case has an answer of its own, and nothing is left half."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from data.migrations import downgrade, state, upgrade
from data.store import SqlStore, open_store
from data.store.revision import head
from data.store.tables.layers import counters
from data.store.tables.service import outbox
from gis.errors import Conflict, InputError, StorageError
from tests.data.store.kit import plan, town
from tests.postgis import Server
from tests.stores import act

ROOT = Path(__file__).resolve().parents[3]


def set_revision(store: SqlStore, revision: str) -> None:
    with store.engine.execution_options(writes=True).begin() as connection:
        connection.execute(text("update alembic_version set version_num = :to"), {"to": revision})


@pytest.mark.parametrize(
    "url",
    [
        "",
        "nowhere",
        "sqlite://",
        "sqlite:///:memory:",
        "mysql://a@b/c",
        "oracle+oracledb://a@b/c",
        "postgresql+psycopg://a:geheim@[::1/c",
    ],
)
def test_an_address_that_is_none_is_refused_without_its_password(url: str) -> None:
    for ask in (open_store, upgrade, state):
        with pytest.raises(InputError, match="store_address_wrong") as caught:
            ask(url)
        assert "geheim" not in str(caught.value)


def test_a_path_that_no_system_takes_is_unreachable() -> None:
    with pytest.raises(StorageError, match="store_unreachable"):
        upgrade("sqlite:////nowhere\0/x")


def test_a_server_that_is_not_there_is_unreachable_and_its_password_is_not_shown() -> None:
    store = open_store("postgresql://ann:geheim@127.0.0.1:9/x")
    with pytest.raises(StorageError) as caught, store.read():
        pass
    assert caught.value.code == "store_unreachable"
    assert "geheim" not in str(caught.value)


def test_a_file_that_is_not_there_is_unreachable_and_is_not_made(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'missing.db'}")
    with pytest.raises(StorageError, match="store_unreachable"), store.read() as tx:
        tx.plans.cards()
    assert list(tmp_path.iterdir()) == []
    assert state(f"sqlite:///{tmp_path / 'missing.db'}") == "empty"
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_store_is_unreachable(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_text("not a database, but long enough to be taken for one " * 50)
    with pytest.raises(StorageError, match="store_unreachable"):
        state(f"sqlite:///{tmp_path / 'x.db'}")
    with pytest.raises(StorageError, match="store_unreachable"):
        upgrade(f"sqlite:///{tmp_path / 'x.db'}")


def test_the_embedded_file_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "store.db"
    mask = os.umask(0)
    try:
        upgrade(f"sqlite:///{path}")
        store = open_store(f"sqlite:///{path}")
        with store.write(act()) as tx:
            tx.outbox.put("x", "y", {})
            modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in path.parent.iterdir()}
        store.close()
    finally:
        os.umask(mask)
    assert modes == {"store.db": 0o600, "store.db-wal": 0o600, "store.db-shm": 0o600}


def test_tables_that_are_missing_are_told(store: SqlStore) -> None:
    url = store.url.render_as_string(hide_password=False)
    downgrade(url, "base")
    for ask in (lambda tx: tx.plans.cards(), lambda tx: tx.territories.cards(), lambda tx: tx.outbox.last()):
        with pytest.raises(StorageError) as caught, store.read() as tx:
            ask(tx)
        assert caught.value.code == "store_without_tables"


def test_a_store_of_a_newer_release_is_left_alone(store: SqlStore) -> None:
    url = store.url.render_as_string(hide_password=False)
    set_revision(store, "9999")
    assert state(url) == "ahead"
    for ask in (lambda: upgrade(url), lambda: downgrade(url, "base")):
        with pytest.raises(Conflict, match="store_of_newer_release"):
            ask()
    set_revision(store, head())
    assert state(url) == "current"


def test_an_unknown_revision_changes_nothing(store: SqlStore) -> None:
    url = store.url.render_as_string(hide_password=False)
    with pytest.raises(Conflict, match="store_migration_refused"):
        downgrade(url, "0815")
    assert state(url) == "current"


def test_a_connection_that_breaks_in_a_change_loses_that_change_alone(
    postgis_store: SqlStore, postgis_server: Server
) -> None:
    admin = create_engine(postgis_server.address, isolation_level="AUTOCOMMIT")
    with postgis_store.write(act()) as tx:
        tx.outbox.put("x", "1", {})

    def change() -> None:
        with postgis_store.write(act()) as tx:
            tx.outbox.put("x", "2", {})
            pid = tx.connection.execute(text("select pg_backend_pid()")).scalar_one()
            with admin.connect() as connection:
                connection.execute(text("select pg_terminate_backend(:pid, 60000)"), {"pid": pid})
            tx.outbox.put("x", "3", {})

    with pytest.raises(StorageError) as caught:
        change()
    admin.dispose()
    assert caught.value.code == "store_unreachable"
    with postgis_store.write(act()) as tx:  # the pool has forgotten the broken one
        assert [event.subject for event in tx.outbox.since(0)] == ["1"]


def test_a_connection_that_breaks_while_it_rests_is_not_noticed(
    postgis_store: SqlStore, postgis_server: Server
) -> None:
    with postgis_store.read() as tx:
        tx.outbox.last()
    admin = create_engine(postgis_server.address, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        ended = connection.execute(
            text("select pg_terminate_backend(pid, 60000) from pg_stat_activity where datname = :name"),
            {"name": postgis_store.url.database},
        ).scalars()
        assert True in list(ended)  # the server's own workers may be there too
    admin.dispose()
    with postgis_store.read() as tx:
        assert tx.outbox.last() == 0


def test_a_store_that_others_hold_too_long_is_busy(embedded_store: SqlStore) -> None:
    held = sqlite3.connect(str(embedded_store.url.database), isolation_level=None)
    held.execute("begin immediate")
    try:
        with embedded_store.engine.connect() as connection:  # the pool gives the same one again
            connection.connection.driver_connection.execute("pragma busy_timeout = 1")
        with pytest.raises(StorageError) as caught, embedded_store.write(act()):
            pass
        assert caught.value.code == "store_busy"
        with embedded_store.read() as tx:  # who reads goes on
            assert tx.outbox.last() == 0
    finally:
        held.close()


def test_two_that_wait_for_each_other_are_told_to_try_again(postgis_store: SqlStore) -> None:
    with postgis_store.write(act()) as tx:
        tx.connection.execute(counters.insert(), [{"name": "a", "next": 0}, {"name": "b", "next": 0}])
    both = threading.Barrier(2)
    told: list[str] = []

    def work(first: str, second: str) -> None:
        try:
            with postgis_store.write(act()) as tx:
                tx.connection.execute(counters.update().where(counters.c.name == first).values(next=1))
                both.wait(60)
                tx.connection.execute(counters.update().where(counters.c.name == second).values(next=1))
        except StorageError as error:
            told.append(error.code)

    threads = [threading.Thread(target=work, args=pair) for pair in (("a", "b"), ("b", "a"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told == ["store_busy"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 8 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"a disk of its own cannot be mounted here: {mounted.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_is_told_everything_before_is_kept_and_writing_goes_on_when_there_is_room(
    small_disk: Path, migrated_file: Path
) -> None:
    path = small_disk / "store.db"
    path.write_bytes(migrated_file.read_bytes())
    store = open_store(f"sqlite:///{path}")
    with store.write(act()) as tx:
        ground = tx.territories.save(town(), "town").id
        tx.plans.save(plan(town()), territory_id=ground, name="first")
    kept = []

    def fill() -> None:
        for k in range(100):
            with store.write(act()) as tx:
                number = tx.outbox.put("x", str(k), {"long": "x" * 500_000})
            kept.append(number)

    with pytest.raises(StorageError) as caught:
        fill()
    assert caught.value.code == "store_full"
    assert len(kept) > 2
    with store.read() as tx:
        assert tx.outbox.last() == kept[-1]
        assert len(tx.plans.load(tx.plans.cards()[0].id).grids) == 4
        assert tx.audit.first_broken() is None
    assert state(f"sqlite:///{path}") == "current"
    store.close()  # the journal goes back into the file
    subprocess.run(["mount", "-o", "remount,size=32m", str(small_disk)], check=True)
    again = open_store(f"sqlite:///{path}")
    with again.write(act()) as tx:
        assert tx.outbox.put("x", "after", {"long": "x" * 500_000}) == kept[-1] + 1
    with again.read() as tx:
        assert tx.connection.exec_driver_sql("pragma integrity_check").scalar() == "ok"
    again.close()


def test_a_migration_on_a_full_disk_leaves_no_half_tables(small_disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,size=100k", str(small_disk)], check=True)
    url = f"sqlite:///{small_disk / 'store.db'}"
    with pytest.raises(StorageError, match="store_full"):
        upgrade(url)
    subprocess.run(["mount", "-o", "remount,size=32m", str(small_disk)], check=True)
    assert state(url) == "empty"
    upgrade(url)
    assert state(url) == "current"


KILLED = """
import os, sys
from datetime import UTC, datetime
from data.store import Act, open_store
store = open_store(sys.argv[1])
k = 0
while True:
    k += 1
    with store.write(Act("x", datetime(2026, 11, 22, tzinfo=UTC))) as tx:
        number = tx.outbox.put("x", str(k), {"long": "x" * 2_000})
        tx.audit.record("x.y", str(k))
    os.write(1, b"%d\\n" % number)  # acknowledged
"""


def test_a_writer_that_is_killed_loses_nothing_that_was_acknowledged(store: SqlStore) -> None:
    url = store.url.render_as_string(hide_password=False)
    acknowledged = 0
    for _ in range(3):
        writer = subprocess.Popen([sys.executable, "-c", KILLED, url], stdout=subprocess.PIPE, cwd=ROOT)
        assert writer.stdout is not None
        for _ in range(20):
            acknowledged = int(writer.stdout.readline())
        writer.kill()
        acknowledged = max([acknowledged, *(int(line) for line in writer.stdout.read().split())])
        writer.wait()
        with store.write(act()) as tx:  # waits until the server has noticed
            last = tx.outbox.last()
            assert acknowledged <= last <= acknowledged + 1
            assert [event.number for event in tx.outbox.since(0)] == list(range(1, last + 1))
            assert tx.audit.head()[0] == last
    with store.read() as tx:
        assert tx.audit.first_broken() is None


def test_reading_refuses_to_write(postgis_store: SqlStore) -> None:
    with pytest.raises(StorageError, match="store_refused"), postgis_store.read() as tx:
        tx.connection.execute(outbox.delete())


@pytest.mark.parametrize("value", ["half a \ud800 character", "a \0 byte"])
def test_text_that_cannot_be_kept_is_the_askers_fault(postgis_store: SqlStore, value: str) -> None:
    for asked in (lambda tx: tx.outbox.put(value, "y", {}), lambda tx: tx.outbox.put("x", "y", {"z": value})):
        with pytest.raises(InputError, match="value_not_storable"), postgis_store.write(act()) as tx:
            asked(tx)


def test_half_a_character_and_a_number_too_large_are_the_askers_fault(store: SqlStore) -> None:
    for asked in (
        lambda tx: tx.outbox.put("half a \ud800 character", "y", {}),
        lambda tx: tx.connection.execute(counters.insert().values(name="x", next=2**63)),
        lambda tx: tx.outbox.since(2**63),
    ):
        with pytest.raises(InputError, match="value_not_storable"), store.write(act()) as tx:
            asked(tx)


def test_the_sign_for_everywhere_is_not_a_jurisdiction_that_somebody_can_have(store: SqlStore) -> None:
    with store.write(act()) as tx:
        tx.territories.save(town(), "town")
    for prefix in ("*", "**", "%", "_"):
        with store.read(prefix) as tx:
            assert tx.territories.cards() == []
            if store.kind == "postgis":
                assert tx.connection.execute(text("select count(*) from layer_buildings")).scalar_one() == 0
