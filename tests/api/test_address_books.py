"""The address index of a store: built once, kept as a file, mapped again, never stale."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import create_engine, delete, func, select, text

from api.app import ServiceSettings, create_app
from api.cli import main
from api.usecases import address_books, examine_store
from api.usecases.address_books import AddressBooks, address_folder, check_address_index
from data.files.territory_file import write_territory
from data.sample import make_town
from data.store import SqlStore
from data.store.address_names import DatabaseIndex
from data.store.tables.addresses import address_editions, address_keys, address_names
from gis.address import AddressIndex
from gis.errors import InputError, NotFound
from gis.territory import Territory
from tests.address_town import put_address_town
from tests.postgis import Server
from tests.stores import (
    act,
    embedded_store,
    migrated_file,
    migrated_server,
    postgis_server,
    postgis_store,
    store,
)

__all__ = ["embedded_store", "migrated_file", "migrated_server", "postgis_server", "postgis_store", "store"]
COUNTY = "990101"
NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)


@pytest.fixture(scope="module")
def land() -> Territory:
    return make_town(3_000, 1).territory


def renumbered(land: Territory) -> Territory:
    """The same land with one address more; the others stand as they were."""
    table = land["addresses"]
    more = table.iloc[:1].assign(id="new", text="新风街道平安大道99号", street="平安大道", number="99号", estate=None)
    return land.with_layers(addresses=pd.concat([table.iloc[:-1], more], ignore_index=True))


def save(store: SqlStore, land: Territory) -> None:
    with store.write(act()) as tx:
        tx.territories.save(land, "town")


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[AddressIndex | None]:
    """What every build was given as its previous index."""
    seen: list[AddressIndex | None] = []
    real = address_books.build_index

    def build(*arguments: object, **options: object) -> AddressIndex:
        seen.append(options["previous"])  # type: ignore[arg-type]
        return real(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(address_books, "build_index", build)
    return seen


def test_every_address_of_the_territory_is_found_by_its_own_text(
    store: SqlStore, tmp_path: Path, land: Territory
) -> None:
    save(store, land)
    books = AddressBooks(store, tmp_path / "kept")
    assert books.counties() == [COUNTY]
    index = books.index(COUNTY)
    layer = land["addresses"]
    assert len(index) == len(layer)
    for row in range(0, len(layer), 37):
        match = index.find(layer["text"][row])
        assert match.status == "exact"
        assert layer["text"][match.row] == layer["text"][row]
        assert index.id(row) == layer["id"][row]
        assert index.building_id(row) == layer["building_id"][row]
    assert np.isfinite(index.lon).all()


def test_the_index_is_built_once_and_mapped_again_by_the_next_process(
    store: SqlStore, tmp_path: Path, land: Territory, built: list[AddressIndex | None]
) -> None:
    save(store, land)
    first = AddressBooks(store, tmp_path / "kept")
    index = first.index(COUNTY)
    assert first.index(COUNTY) is index
    again = AddressBooks(store, tmp_path / "kept").index(COUNTY)
    assert built == [None]
    asked = ["滨河北路1号", "清林街道滨河北路1号银安雅苑2幢", "银按雅苑3栋", "没有这条路8号"]
    for index_of in (index, again):
        assert not index_of.arrays()["lon"].flags.writeable
        assert index_of.arrays()["lon"].base is not None
    assert [m.status for m in again.find_many(asked)] == [m.status for m in index.find_many(asked)]
    assert {path.name for path in (tmp_path / "kept").iterdir()} == {f"{COUNTY}.addresses"}


def test_a_new_territory_makes_a_new_index_that_keeps_what_did_not_change(
    store: SqlStore, tmp_path: Path, land: Territory, built: list[AddressIndex | None]
) -> None:
    save(store, land)
    books = AddressBooks(store, tmp_path / "kept")
    other = AddressBooks(store, tmp_path / "kept")
    index = books.index(COUNTY)
    other.index(COUNTY)
    assert index.find("新风街道平安大道99号").status == "not_found"
    save(store, renumbered(land))
    fresh = books.index(COUNTY)
    assert built == [None, index]
    assert fresh.find("新风街道平安大道99号").status == "exact"
    assert len(fresh) == len(index)
    # A process that was not told finds out by itself, and takes the file that is there.
    assert other.index(COUNTY).find("新风街道平安大道99号").status == "exact"
    assert len(built) == 2


def test_a_territory_with_the_same_addresses_keeps_the_very_same_index(
    store: SqlStore, tmp_path: Path, land: Territory, built: list[AddressIndex | None]
) -> None:
    save(store, land)
    books = AddressBooks(store, tmp_path / "kept")
    index = books.index(COUNTY)
    save(store, land.with_layers(cameras=land["cameras"].iloc[:0]))
    with store.read() as tx:
        assert len(tx.territories.cards()) == 2
    assert books.index(COUNTY) is index
    assert AddressBooks(store, tmp_path / "kept").index(COUNTY).text(0) == index.text(0)
    assert len(built) == 1


@pytest.mark.parametrize("harm", ["cut", "turned", "foreign", "folder"])
def test_a_damaged_file_is_made_anew(embedded_store: SqlStore, tmp_path: Path, land: Territory, harm: str) -> None:
    save(embedded_store, land)
    books = AddressBooks(embedded_store, tmp_path / "kept")
    books.index(COUNTY)
    path = books.path(COUNTY)
    whole = path.read_bytes()
    if harm == "cut":
        path.write_bytes(whole[: len(whole) // 2])
    elif harm == "turned":
        middle = len(whole) // 2
        path.write_bytes(whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :])
    elif harm == "foreign":
        path.write_bytes(b"something else" * 1_000)
    else:
        path.unlink()
        path.mkdir()
    found = AddressBooks(embedded_store, tmp_path / "kept").index(COUNTY)
    assert found.find(land["addresses"]["text"][5]).status == "exact"
    if harm != "folder":
        assert path.read_bytes() == whole


def test_a_folder_that_can_not_be_written_costs_the_file_and_not_the_answer(
    embedded_store: SqlStore, tmp_path: Path, land: Territory, caplog: pytest.LogCaptureFixture
) -> None:
    save(embedded_store, land)
    (tmp_path / "kept").write_text("a file where the folder should be")
    books = AddressBooks(embedded_store, tmp_path / "kept")
    index = books.index(COUNTY)
    assert index.find(land["addresses"]["text"][5]).status == "exact"
    assert books.index(COUNTY) is index
    assert "could not be kept" in caplog.text


def test_many_threads_get_one_index_built_once(
    store: SqlStore, tmp_path: Path, land: Territory, built: list[AddressIndex | None]
) -> None:
    save(store, land)
    books = AddressBooks(store, tmp_path / "kept")
    text = land["addresses"]["text"][8]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: books.index(COUNTY).find(text).status, range(24)))
    assert found == ["exact"] * 24
    assert len(built) == 1


def test_another_region_is_another_index(embedded_store: SqlStore, tmp_path: Path, land: Territory) -> None:
    save(embedded_store, land)
    text = land["addresses"]["text"][8]
    plain = AddressBooks(embedded_store, tmp_path / "kept").index(COUNTY)
    assert plain.find("湖北省武汉市" + text).row is not None
    there = AddressBooks(embedded_store, tmp_path / "kept", region="湖南省长沙市").index(COUNTY)
    assert there.find("湖北省武汉市" + text).row is None
    assert there.find("湖南省长沙市" + text).row is not None


def test_the_files_lie_beside_an_embedded_store_and_are_its_owners_alone(
    embedded_store: SqlStore, land: Territory
) -> None:
    save(embedded_store, land)
    AddressBooks(embedded_store).index(COUNTY)
    folder = Path(f"{embedded_store.url.database}.addresses")
    assert address_folder(embedded_store) == folder
    assert folder.stat().st_mode & 0o077 == 0
    assert [path.name for path in folder.iterdir()] == [f"{COUNTY}.addresses"]


def test_the_files_of_a_server_lie_in_the_users_data_folder_apart_by_database(
    postgis_store: SqlStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    folder = address_folder(postgis_store)
    assert folder.parent == tmp_path / "gridwright" / "addresses"
    assert str(postgis_store.url.password) not in str(folder)


def test_a_county_that_is_not_there_is_told(embedded_store: SqlStore, tmp_path: Path) -> None:
    with pytest.raises(NotFound) as caught:
        AddressBooks(embedded_store, tmp_path).index("123456")
    assert caught.value.code == "territory_unknown"


# -- names and numbers in the database


def test_where_the_database_is_asked_it_is_filled_once_and_answers_like_memory(
    postgis_store: SqlStore, tmp_path: Path, land: Territory
) -> None:
    save(postgis_store, land)
    memory = AddressBooks(postgis_store, tmp_path / "kept", where="memory").index(COUNTY)
    books = AddressBooks(postgis_store, tmp_path / "kept", where="database")
    index = books.index(COUNTY)
    assert isinstance(index, DatabaseIndex)
    assert books.index(COUNTY) is index
    assert isinstance(
        AddressBooks(postgis_store, tmp_path / "elsewhere", where="database").index(COUNTY), DatabaseIndex
    )
    assert n_editions(postgis_store) == 1
    texts = land["addresses"]["text"].tolist()[::97]
    asked = [*texts, *(text.replace("路", "") for text in texts), "银按雅苑3栋", "清林街道"]
    for said, one, other in zip(asked, index.find_many(asked), memory.find_many(asked)):
        assert (one.status, one.candidates, one.reasons) == (other.status, other.candidates, other.reasons), said
        assert one.among.tolist() == other.among.tolist()
    save(postgis_store, renumbered(land))
    assert books.index(COUNTY).find("新风街道平安大道99号").status == "exact"
    assert n_editions(postgis_store) == 2
    # Whoever still holds the one before is answered from it.
    assert index.find("新风街道平安大道99号").status == "not_found"
    assert index.find(texts[3]).status == "exact"


def n_editions(store: SqlStore) -> int:
    with store.read() as tx:
        return int(tx.connection.execute(select(func.count()).select_from(address_editions)).scalar_one())


def test_an_index_that_is_lost_with_a_backup_is_made_anew(
    postgis_store: SqlStore, tmp_path: Path, land: Territory
) -> None:
    save(postgis_store, land)
    AddressBooks(postgis_store, tmp_path / "kept", where="database").index(COUNTY)
    with postgis_store.write(act()) as tx:
        for table in (address_editions, address_names, address_keys):
            tx.connection.execute(delete(table))
    found = AddressBooks(postgis_store, tmp_path / "kept", where="database").index(COUNTY)
    assert found.find(land["addresses"]["text"][20][:-2]).row is not None
    assert n_editions(postgis_store) == 1


def test_the_index_in_memory_needs_no_trigrams(
    postgis_store: SqlStore, postgis_server: Server, tmp_path: Path, land: Territory
) -> None:
    save(postgis_store, land)
    admin = create_engine(postgis_server.address.set(database=postgis_store.url.database))
    with admin.begin() as connection:
        connection.execute(text("drop extension pg_trgm cascade"))
    admin.dispose()
    check_address_index(postgis_store, "memory")
    asked = land["addresses"]["text"][5]
    assert AddressBooks(postgis_store, tmp_path / "kept", where="memory").index(COUNTY).find(asked).status == "exact"


def test_what_can_not_be_is_told_before_anything_waits_for_it(
    embedded_store: SqlStore, postgis_store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_address_index(embedded_store)
    check_address_index(postgis_store, "database")
    for either, where, code in (
        (embedded_store, "database", "address_index_without_server"),
        (embedded_store, "elsewhere", "address_index_unknown"),
        (postgis_store, "elsewhere", "address_index_unknown"),
    ):
        monkeypatch.setenv("GRIDWRIGHT_ADDRESS_INDEX", where)
        with pytest.raises(InputError) as caught:
            check_address_index(either)
        assert caught.value.code == code


def test_the_service_gives_the_same_answers_and_suggestions_from_the_database(
    postgis_store: SqlStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    put_address_town(postgis_store)
    asked = [
        "望月小区3栋",
        "忘月小区三号楼",
        "望月小区9栋",
        "银盆苑9栋",
        "枫林路5号",
        "没有的小区3栋",
        "望月小区",
        "x" * 500,
    ]
    answers = {}
    for where in ("memory", "database"):
        monkeypatch.setenv("GRIDWRIGHT_ADDRESS_INDEX", where)
        with TestClient(create_app(postgis_store, ServiceSettings(now=lambda: NOW))) as client:
            found = [client.get("/v1/lookup", params={"address": text}) for text in asked]
            found += [client.get("/v1/suggest", params={"q": text}) for text in ("wyxq", "望月", "银盆苑1")]
        assert {answer.status_code for answer in found} == {200}
        answers[where] = [answer.json() for answer in found]
        assert (n_editions(postgis_store) == 1) == (where == "database")
    assert answers["database"] == answers["memory"]
    assert {answer["status"] for answer in answers["memory"][: len(asked)]} >= {
        "exact",
        "building",
        "street",
        "not_found",
    }


@pytest.mark.parametrize("command", ["load", "serve"])
def test_commands_refuse_an_index_that_the_store_can_not_hold(
    command: str,
    embedded_store: SqlStore,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    address = embedded_store.url.render_as_string()
    monkeypatch.setenv("GRIDWRIGHT_ADDRESS_INDEX", "database")
    given = [str(tmp_path / "none.gpkg")] if command == "load" else ["--port", "0"]
    assert main([command, *given, "--store", address, "--lang", "en"]) == 2
    assert "GRIDWRIGHT_ADDRESS_INDEX says database" in capsys.readouterr().err


def test_load_fills_the_database_where_it_is_asked(
    postgis_store: SqlStore, tmp_path: Path, land: Territory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    write_territory(land, tmp_path / "town.gpkg")
    address = postgis_store.url.render_as_string(hide_password=False)
    given = ["load", str(tmp_path / "town.gpkg"), "--store", address, "--json"]
    assert main(given) == 0
    assert n_editions(postgis_store) == 0
    monkeypatch.setenv("GRIDWRIGHT_ADDRESS_INDEX", "database")
    assert main(given) == 0
    assert n_editions(postgis_store) == 1
    assert examine_store(postgis_store).is_sound
