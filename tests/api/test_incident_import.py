"""Incidents from files: every row new, known or refused; the same file again changes nothing, on both stores."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, timezone
from pathlib import Path
from typing import Any

import geopandas as gpd
import openpyxl
import pytest
from fastapi.testclient import TestClient

from api.app import ServiceSettings, create_app
from api.cli import main
from api.usecases.import_incidents import Receipt, import_incidents
from api.usecases.incident_cells import ImportOptions
from api.usecases.incident_ground import IncidentGround
from api.usecases.incident_receipt import receipt_csv, receipt_data, refused_csv
from api.usecases.incident_words import read_values
from api.usecases.look_up_answers import Answer
from data.store import SqlStore
from tests.http_kit import code
from tests.incident_kit import NOW
from tests.postgis import postgis_server
from tests.service_town import FIRST, middle, put_town
from tests.stores import act, embedded_store, migrated_file, migrated_server, postgis_store, store

__all__ = ["embedded_store", "migrated_file", "migrated_server", "postgis_server", "postgis_store", "store"]
LON, LAT = middle("A")
HEADER = "编号,经度,纬度,接报时间,类型,优先级,状态,办结时间,网格,标题"
GOOD = f"G1,{LON},{LAT},2026-11-20 08:30,噪声扰民,一般,受理,,,"


def file_of(folder: Path, *rows: str, header: str = HEADER, encoding: str = "utf-8", name: str = "rows.csv") -> Path:
    path = folder / name
    path.write_bytes("\r\n".join((header, *rows)).encode(encoding))
    return path


def take(store: SqlStore, path: Path, jurisdiction: str = "", **options: Any) -> Receipt:
    return import_incidents(
        store, path, act(at=NOW, jurisdiction=jurisdiction), "dispatcher", ImportOptions(**options), name=path.name
    )


def codes(receipt: Receipt) -> dict[int, list[str]]:
    return {receipt.table.numbers[row]: [f.code for f in faults] for row, faults in receipt.faults.items()}


def count(store: SqlStore) -> int:
    with store.read() as tx:
        return tx.incidents.count()


BAD = (
    (GOOD.replace("G1", "B1").replace(str(LON), "abc"), "incident_import_number_wrong"),
    (GOOD.replace("G1", "B2").replace(str(LON), "NaN"), "incident_import_number_infinite"),
    (GOOD.replace("G1", "B3").replace(str(LAT), "inf"), "incident_import_number_infinite"),
    (GOOD.replace("G1", "B4").replace(str(LON), "1e300"), "incident_import_place_range"),
    (GOOD.replace("G1", "B5").replace(str(LON), "1e999"), "incident_import_number_infinite"),
    (GOOD.replace("G1", "B6").replace(str(LON), "0"), "incident_import_outside"),
    (GOOD.replace("G1", "B7").replace(f"{LON},{LAT}", ","), "incident_import_place_missing"),
    (GOOD.replace("G1", "B8").replace("2026-11-20 08:30", "2036-11-20 08:30"), "incident_import_time_future"),
    (GOOD.replace("G1", "B9").replace("2026-11-20 08:30", "1999-12-31 08:30"), "incident_import_time_old"),
    (GOOD.replace("G1", "B10").replace("2026-11-20 08:30", "20.11.26"), "incident_import_time_wrong"),
    (GOOD.replace("G1", "B11").replace("2026-11-20 08:30", "2026-02-30 08:30"), "incident_import_time_wrong"),
    (GOOD.replace("G1", "B12").replace("2026-11-20 08:30", ""), "incident_import_time_missing"),
    (GOOD.replace("G1", "B13").replace("噪声扰民", ""), "incident_import_kind_missing"),
    (GOOD.replace("G1", "B14").replace("一般", "紫色"), "incident_import_word_unknown"),
    (GOOD.replace("G1", "B15").replace("受理", "飞走"), "incident_import_word_unknown"),
    (GOOD.replace("G1", "B16").replace("受理,", "已办结,2026-11-20 08:00"), "incident_import_closed_before"),
    (GOOD.replace("G1", "B17").replace("受理", "已办结"), "incident_import_end_missing"),
    (GOOD.replace("G1", "B18").replace("受理,", "受理,2026-11-20 09:00"), "incident_import_state_time"),
    (GOOD.replace("G1", "B19")[:-1] + "999888777,", "incident_import_grid_unknown"),
    (GOOD.replace("G1", "B20") + "长" * 201, "incident_import_text_long"),
    (GOOD.replace("G1", "B21") + "x\x07y", "incident_import_text_wrong"),
    (GOOD.replace("噪声扰民", "道路积水"), "incident_import_id_twice"),
    (GOOD.replace("G1", "B23") + ",,,,,", "address_row_length"),
    ('"B24,never closed', "address_row_quotation"),
)


def test_each_bad_row_is_refused_with_its_own_reason_and_the_good_ones_go_in(store: SqlStore, tmp_path: Path) -> None:
    put_town(store)
    path = file_of(tmp_path, GOOD, *(row for row, _ in BAD))
    receipt = take(store, path)
    assert receipt.counts == {"new": 1, "known": 0, "refused": len(BAD)}
    found = codes(receipt)
    assert {n: found[n] for n in sorted(found)} == {n: [expected] for n, (_, expected) in enumerate(BAD, start=3)}
    with store.read() as tx:
        (card,) = tx.incidents.cards()
        events = tx.stream.since(0)
        log = tx.audit.entries(limit=1000)
    assert (card.grid, card.external, card.source, card.state) == (f"{FIRST}A", "G1", "import", "received")
    assert card.received_at == datetime(2026, 11, 20, 0, 30, tzinfo=UTC)
    assert [(event.number, event.kind) for event in events] == [(card.event, "incidents.imported")]
    assert [entry.action for entry in log].count("incident.import") == 1
    assert events[0].data["new"] == 1

    again = take(store, path)
    assert again.counts == {"new": 0, "known": 1, "refused": len(BAD)}
    assert (again.ids[0], again.import_id) == (card.id, None)
    with store.read() as tx:
        assert tx.stream.last() == card.event

    mended = "".join(refused_csv(receipt)).replace("abc", str(LON))
    (tmp_path / "mended.csv").write_text(mended, encoding="utf-8")
    after = take(store, tmp_path / "mended.csv")
    # One is mended; that of an id which is here with the same moment is taken for the one that is here.
    assert after.counts == {"new": 1, "known": 1, "refused": len(BAD) - 2}
    told = list(csv.DictReader(io.StringIO("".join(receipt_csv(receipt)))))
    assert [row["status"] for row in told] == ["new", *["refused"] * len(BAD)]
    assert all(row["detail_zh"] and row["detail_en"] for row in told[1:])


def test_rows_without_ids_are_known_by_what_they_say_and_how_often(embedded_store: SqlStore, tmp_path: Path) -> None:
    put_town(embedded_store)
    header = "lon,lat,date,time,kind"
    rows = [f"{LON},{LAT},2026-11-20,08:30,noise"] * 3 + [f"{LON},{LAT},2026-11-20,9,noise"]
    assert take(embedded_store, file_of(tmp_path, *rows[1:], header=header)).counts["new"] == 3
    receipt = take(embedded_store, file_of(tmp_path, *rows, header=header))
    assert receipt.counts == {"new": 1, "known": 3, "refused": 0}  # one more that says the same
    assert len(set(receipt.ids)) == count(embedded_store) == 4
    assert take(embedded_store, file_of(tmp_path, *reversed(rows), header=header)).counts["new"] == 0


def test_an_id_that_another_incident_has_is_refused_unless_the_system_is_another(
    embedded_store: SqlStore, tmp_path: Path
) -> None:
    put_town(embedded_store)
    assert take(embedded_store, file_of(tmp_path, GOOD)).counts["new"] == 1
    other = file_of(tmp_path, GOOD.replace("08:30", "09:30"), GOOD.replace("08:30", "09:30"))
    assert codes(take(embedded_store, other)) == {2: ["incident_import_id_other"], 3: ["incident_import_id_other"]}
    receipt = take(embedded_store, other, system="12345")
    assert receipt.counts == {"new": 1, "known": 1, "refused": 0}  # the row stands in the file twice
    assert receipt.ids[0] == receipt.ids[1] != ""


def test_closed_incidents_keep_their_times_and_held_ones_have_who_holds_them(store: SqlStore, tmp_path: Path) -> None:
    put_town(store)
    header = "id,lon,lat,received_at,kind,state,arrived_at,closed_at,body,result"
    place = f"{LON},{LAT},2026-11-20T08:30:00Z,noise"
    rows = (
        f"C1,{place},已办结,2026-11-20T08:40:00Z,2026-11-20T10:00:00Z,,已解决",
        f"C2,{place},处理中,,,城管局,",
        f"C3,{place},处理中,,,,",
    )
    receipt = take(store, file_of(tmp_path, *rows, header=header))
    assert receipt.counts["new"] == 3
    with store.read() as tx:
        closed, held, waiting = tx.incidents.cards()
    assert (closed.state, closed.result, closed.escalate_at) == ("closed", "settled", None)
    assert closed.handled_at == closed.closed_at == datetime(2026, 11, 20, 10, tzinfo=UTC)
    assert closed.arrived_at == datetime(2026, 11, 20, 8, 40, tzinfo=UTC)
    assert (held.state, held.body) == ("dispatched", "城管局")
    assert (waiting.state, waiting.body) == ("assessed", None)
    assert [fault.code for fault in receipt.notes[2]] == ["incident_import_unassigned"]
    with store.write(act(at=NOW)) as tx:  # the assignment is there: bringing the incident on closes it
        tx.incidents.step(held.id, "arrived", "dispatcher", happened_at=NOW)
        assert tx.incidents.step(held.id, "assessed", "dispatcher", happened_at=NOW, reason="x").body is None


def _xlsx(path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["事件台账"])
    book.active.append(["经度", "纬度", "接报时间", "类型", "报警人"])
    book.active.append([LON, LAT, datetime(2026, 11, 20, 8, 30), "噪声", "张三"])
    book.save(path)


def _geojson(path: Path) -> None:
    point = {"type": "Point", "coordinates": [LON, LAT]}
    said = {"类型": "噪声", "接报时间": "2026-11-20 08:30", "报警人": "张三"}
    feature = {"type": "Feature", "geometry": point, "properties": said}
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), encoding="utf-8")


def test_the_same_incident_from_any_kind_of_file_is_one_and_its_caller_is_let_go(
    embedded_store: SqlStore, tmp_path: Path
) -> None:
    put_town(embedded_store)
    row = f"{LON},{LAT},2026年11月20日8时30分,噪声,张三"
    paths = [file_of(tmp_path, row, header="经度,纬度,接报时间,类型,报警人", encoding="gb18030")]
    for name, write in (("rows.xlsx", _xlsx), ("rows.geojson", _geojson)):
        paths.append(tmp_path / name)
        write(paths[-1])
    paths.append(tmp_path / "rows.zip")
    with zipfile.ZipFile(paths[-1], "w") as archive:
        archive.write(paths[0], "事件.csv")
    for n, path in enumerate(paths):
        receipt = take(embedded_store, path)
        assert receipt.counts == {"new": 1 if n == 0 else 0, "known": 0 if n == 0 else 1, "refused": 0}, path.name
        told = receipt_data(receipt)
        assert "张三" not in json.dumps(told, ensure_ascii=False) + "".join(receipt_csv(receipt))
        assert "person_column_dropped" in [remark["code"] for remark in told["remarks"]]


def test_dates_and_times_of_a_workbook_are_put_together(embedded_store: SqlStore, tmp_path: Path) -> None:
    put_town(embedded_store)
    book = openpyxl.Workbook()
    book.active.append(["编号", "经度", "纬度", "日期", "时间", "类型"])
    for id, clock in (("both", time(8, 30)), ("text", "9:15"), ("none", None)):
        book.active.append([id, LON, LAT, date(2026, 11, 20), clock, "噪声"])
    book.save(tmp_path / "rows.xlsx")
    receipt = take(embedded_store, tmp_path / "rows.xlsx")
    assert receipt.counts["new"] == 3
    with embedded_store.read() as tx:
        found = {card.external: card.received_at for card in tx.incidents.cards()}
    shanghai = timezone(timedelta(hours=8))
    assert found["both"] == datetime(2026, 11, 20, 8, 30, tzinfo=shanghai)
    assert found["text"] == datetime(2026, 11, 20, 9, 15, tzinfo=shanghai)
    assert found["none"] == datetime(2026, 11, 20, tzinfo=shanghai)
    assert {row: [note.code for note in notes] for row, notes in receipt.notes.items()} == {
        2: ["incident_import_midnight"]
    }


def test_an_address_counts_only_where_it_is_certain(embedded_store: SqlStore, tmp_path: Path) -> None:
    put_town(embedded_store)
    found = {
        "和平路3号": Answer("和平路3号", "exact", lon=LON, lat=LAT),
        "和平路": Answer("和平路", "street"),
        "和平": Answer("和平", "ambiguous"),
        "月亮": Answer("月亮", "not_found"),
    }
    path = file_of(tmp_path, *(f"{text},2026-11-20 08:30" for text in found), header="地址,接报时间")
    receipt = import_incidents(
        embedded_store,
        path,
        act(at=NOW),
        "dispatcher",
        ImportOptions(kind="noise"),
        look_up=lambda texts: [found[text] for text in texts],
    )
    assert receipt.counts["new"] == 1
    names = ("street", "ambiguous", "unknown")
    assert codes(receipt) == {n: [f"incident_import_address_{name}"] for n, name in enumerate(names, start=3)}


def test_what_lies_outside_the_jurisdiction_is_refused(store: SqlStore, tmp_path: Path) -> None:
    put_town(store)
    there = middle("C")
    path = file_of(tmp_path, GOOD, GOOD.replace("G1", "G2").replace(f"{LON},{LAT}", f"{there[0]},{there[1]}"))
    receipt = take(store, path, jurisdiction=FIRST)
    assert codes(receipt) == {3: ["incident_import_outside"]}
    assert receipt.counts["new"] == 1
    assert take(store, path).counts == {"new": 1, "known": 1, "refused": 0}
    assert take(store, path, jurisdiction=FIRST).counts == {"new": 0, "known": 1, "refused": 1}


def test_words_of_theirs_and_time_zones_are_understood(embedded_store: SqlStore, tmp_path: Path) -> None:
    put_town(embedded_store)
    path = file_of(tmp_path, f"{LON},{LAT},2026-07-01 08:30,0203,甲", header="lon,lat,when,kind,how")
    values = read_values(["kind:0203=占道经营", "priority:甲=1"])
    columns = {"when": "received_at", "how": "priority"}
    take(embedded_store, path, columns=columns, values=values, zone="Europe/London")
    with embedded_store.read() as tx:
        (card,) = tx.incidents.cards()
    assert (card.kind, card.priority) == ("占道经营", 1)
    assert card.received_at == datetime(2026, 7, 1, 7, 30, tzinfo=UTC)  # summer time


def test_an_import_that_is_killed_leaves_nothing_and_is_run_again(embedded_store: SqlStore, tmp_path: Path) -> None:
    put_town(embedded_store)
    path = file_of(tmp_path, *(GOOD.replace("G1", f"K{n}") for n in range(300)))
    script = (
        "import os, signal, sys\n"
        "from data.store.rooms.incident_import import IncidentImport\n"
        "IncidentImport.record = lambda *a, **k: os.kill(os.getpid(), signal.SIGKILL)\n"  # its rows are written
        "from api.cli import main\n"
        "main(['incidents', sys.argv[1], '--store', sys.argv[2]])\n"
    )
    command = [sys.executable, "-c", script, str(path), str(embedded_store.url)]
    done = subprocess.run(command, check=False, capture_output=True, env={**os.environ, "PYTHONPATH": os.getcwd()})
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert count(embedded_store) == 0
    assert take(embedded_store, path).counts == {"new": 300, "known": 0, "refused": 0}
    assert count(embedded_store) == 300


@pytest.fixture
def http(embedded_store: SqlStore) -> Iterator[TestClient]:
    put_town(embedded_store)
    with TestClient(create_app(embedded_store, ServiceSettings(now=lambda: NOW, max_table_bytes=50_000))) as client:
        yield client


def test_a_file_comes_over_http_and_is_answered_row_by_row(http: TestClient) -> None:
    body = "\n".join((HEADER, GOOD, GOOD.replace("G1", "B").replace("受理", "飞走"))).encode("gb18030")
    headers = {"Content-Type": "text/csv"}
    told = http.post("/v1/incidents/import?name=events.csv", content=body, headers=headers).json()
    assert (told["file"], told["encoding"], told["new"], told["refused"]) == ("events.csv", "gb18030", 1, 1)
    assert [row["status"] for row in told["receipt"]] == ["new", "refused"]
    (reason,) = told["receipt"][1]["reasons"]
    assert (reason["code"], reason["facts"]["measured"]) == ("incident_import_word_unknown", "飞走")
    table = http.post("/v1/incidents/import?rows=refused", content=body, headers=headers | {"Accept": "text/csv"})
    assert table.headers["content-type"].startswith("text/csv")
    assert [row["编号"] for row in csv.DictReader(io.StringIO(table.text.removeprefix("\ufeff")))] == ["B"]
    assert http.get("/v1/incidents").json()["count"] == 1


def test_any_kind_of_file_comes_over_http(http: TestClient, tmp_path: Path) -> None:
    for name, write in (("rows.xlsx", _xlsx), ("rows.geojson", _geojson)):
        write(tmp_path / name)
    gpd.read_file(tmp_path / "rows.geojson").to_file(tmp_path / "rows.gpkg")
    for name in ("rows.xlsx", "rows.gpkg"):
        with zipfile.ZipFile(tmp_path / f"{name}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.write(tmp_path / name, name)
    said = {"Content-Type": "application/octet-stream"}
    for n, name in enumerate(("rows.xlsx", "rows.geojson", "rows.xlsx.zip", "rows.gpkg.zip")):
        answer = http.post("/v1/incidents/import", content=(tmp_path / name).read_bytes(), headers=said)
        assert answer.status_code == 200, f"{name}: {answer.text}"
        told = answer.json()
        assert (told["new"], told["known"], told["refused"]) == (int(n == 0), int(n > 0), 0), name


UNUSABLE = (
    ("", "", 422, "file_empty"),
    ("", "a,b\n1,2\n", 422, "incident_import_columns"),
    ("", "lon,lat,time\n1,2,2026-01-01\n", 422, "incident_import_kind_column"),
    ("", "lon,lat,kind\n1,2,x\n", 422, "incident_import_time_column"),
    ("", HEADER, 422, "incident_import_empty"),
    ("zone=Nowhere", f"{HEADER}\n{GOOD}", 422, "incident_import_zone"),
    ("map=x=lon", f"{HEADER}\n{GOOD}", 422, "incident_import_column_unknown"),
    ("map=x=moon", f"{HEADER}\n{GOOD}", 422, "incident_import_map_option"),
    ("value=state:x=moon", f"{HEADER}\n{GOOD}", 422, "incident_import_value_option"),
    ("kind=13812345678", f"{HEADER}\n{GOOD}", 422, "incident_import_personal"),
    ("", "<html/>", 422, "file_format_refused"),
    ("", "x" * 60_000, 413, "body_too_large"),
)


def test_a_file_that_can_not_be_used_is_refused_as_a_whole(http: TestClient) -> None:
    for query, body, status, expected in UNUSABLE:
        said = {"Content-Type": "text/csv"}
        answer = http.post(f"/v1/incidents/import?{query}", content=body.encode(), headers=said)
        assert code(answer) == (status, expected)
    assert http.get("/v1/incidents").json()["count"] == 0


def test_the_collisions_of_salford_come_in_once(
    embedded_store: SqlStore, shared_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from data.files.cap import read_cap
    from tests.salford_land import SINCE, salford_town
    from tests.served import put_town as put_drawn

    put_drawn(embedded_store, salford_town(), SINCE)
    path = shared_data / "incidents-salford" / "incidents.csv"
    words = [*("--map", "mode=kind", "--map", "collision_severity=priority", "--zone", "Europe/London")]
    words += ["--state", "closed", "--result", "settled", "--closed-after", "60"]
    command = ["incidents", str(path), "--store", str(embedded_store.url), *words, "--json"]
    counts = []
    for _ in range(2):
        assert main(command) == 0
        told = json.loads(capsys.readouterr().out)
        counts.append((told["rows"], told["new"], told["known"], told["refused"]))
    assert counts == [(1633, 1633, 0, 0), (1633, 0, 1633, 0)]
    with embedded_store.read() as tx:
        cards = tx.incidents.cards()
    assert len(cards) == 1633
    assert all(card.grid for card in cards)
    first = next(card for card in cards if abs(card.lon + 2.33499729864882) < 1e-12)
    assert first.received_at == datetime(2024, 1, 4, 6, 50, tzinfo=UTC)

    # Where it is possible to tell, latitude and longitude the wrong way round are told.
    from api.usecases.incident_cap import hear
    from gis.errors import InputError
    from tests.api.test_incident_cap import message

    swapped = read_cap(message((first.lat, first.lon)).encode())
    with pytest.raises(InputError, match="cap_area_swapped"), embedded_store.write(act(at=NOW)) as tx:
        hear(tx, IncidentGround(embedded_store), swapped, "dispatcher")
