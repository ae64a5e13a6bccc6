"""GPX in: what is read, what is dropped, what is refused."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest

from gis.errors import InputError
from gis.readers.gpx import GpxLimits, Track, read_gpx
from gis.readers.patrol_number import patrol_number
from gis.report import QualityReport
from gis.shift import wgs84_to_gcj02

HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
ONE_1 = '<gpx version="1.1" creator="x" xmlns="http://www.topografix.com/GPX/1/1">'


def fix(lat: object = 30.5, lon: object = 114.3, inside: str = "") -> str:
    return f'<trkpt lat="{lat}" lon="{lon}">{inside}</trkpt>'


def gpx(fixes: str, before: str = "", opening: str = ONE_1, head: str = HEAD) -> str:
    return f"{head}{opening}{before}<trk><trkseg>{fixes}</trkseg></trk></gpx>"


def read(text: str | bytes, **options: object) -> Track:
    data = text.encode() if isinstance(text, str) else text
    return read_gpx(io.BytesIO(data), file=str(options.pop("file", "7.gpx")), **options)  # type: ignore[arg-type]


def code(text: str | bytes, **options: object) -> str:
    with pytest.raises(InputError) as caught:
        read(text, **options)
    return caught.value.code


def test_positions_times_and_accuracy_are_read() -> None:
    track = read(
        gpx(
            fix(30.1, 114.1, "<ele>3</ele><time>2026-03-02T08:00:00Z</time><hdop>1.2</hdop>")
            + fix(30.2, 114.2, "<time>2026-03-02T16:00:10.5+08:00</time>")
            + fix(30.3, 114.3, "<extensions><x:hAcc xmlns:x='urn:x'>7.5</x:hAcc></extensions>")
        )
    )
    assert track.patrol == "7"
    assert track.lat.tolist() == [30.1, 30.2, 30.3]
    assert track.lon.tolist() == [114.1, 114.2, 114.3]
    assert np.diff(track.time_s[:2]).tolist() == [10.5]
    assert np.isnan(track.time_s[2])
    assert track.accuracy_m[0] == pytest.approx(6.0)
    assert np.isnan(track.accuracy_m[1])
    assert track.accuracy_m[2] == 7.5


@pytest.mark.parametrize(
    "opening",
    [ONE_1, '<gpx version="1.0" xmlns="http://www.topografix.com/GPX/1/0">', "<gpx>", '<g:gpx xmlns:g="urn:g">'],
)
def test_any_namespace_will_do(opening: str) -> None:
    text = gpx(fix(), opening=opening)
    if opening.startswith("<g:"):
        text = text.replace("</gpx>", "</g:gpx>")
    assert len(read(text)) == 1


def test_all_segments_of_all_tracks_are_one_track() -> None:
    part = f"<trk><trkseg>{fix(1)}{fix(2)}</trkseg><trkseg>{fix(3)}</trkseg></trk>"
    track = read(f"{HEAD}{ONE_1}{part}{part}</gpx>")
    assert track.lat.tolist() == [1, 2, 3, 1, 2, 3]
    assert track.segment.tolist() == [0, 0, 1, 2, 2, 3]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gbk", "iso-8859-1"])
def test_encodings_are_understood(encoding: str) -> None:
    stated = {"utf-8-sig": "UTF-8", "gbk": "GBK", "iso-8859-1": "ISO-8859-1"}.get(encoding, "UTF-16")
    name = "Müller" if encoding == "iso-8859-1" else "巡逻"
    text = gpx(
        fix(), before=f"<metadata><name>{name}</name></metadata>", head=f'<?xml version="1.0" encoding="{stated}"?>'
    )
    mark = {"utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}.get(encoding, b"")
    if encoding == "iso-8859-1":
        text = text.replace("巡逻", name)
    assert len(read(mark + text.encode(encoding))) == 1


def test_a_byte_order_mark_is_believed_more_than_the_declaration() -> None:
    assert len(read(gpx(fix()).encode("utf-16"))) == 1


def test_an_unknown_encoding_is_said() -> None:
    assert code(gpx(fix(), head='<?xml version="1.0" encoding="klingon"?>')) == "gpx_encoding_unknown"


BOMB = (
    '<!DOCTYPE gpx [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi"))
    + "]>"
)


@pytest.mark.parametrize(
    "doctype",
    [
        BOMB,
        f'<!DOCTYPE gpx [<!ENTITY a "{"a" * 50_000}">]>',
        '<!DOCTYPE gpx [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE gpx SYSTEM "http://example.invalid/gpx.dtd">',
        '<!DOCTYPE gpx [<!ENTITY % p SYSTEM "http://example.invalid/p"> %p;]>',
        "<!DOCTYPE gpx>",
    ],
    ids=["billion laughs", "quadratic", "external file", "external type", "parameter", "plain"],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_document_types_and_entities_are_refused(doctype: str, encoding: str) -> None:
    text = gpx(fix(inside="<time>&i;&a;</time>"), head=HEAD.replace("UTF-8", encoding.upper()) + doctype)
    assert code(text.encode(encoding)) == "gpx_entities_refused"


def test_names_of_people_and_devices_are_kept_nowhere(tmp_path: Path) -> None:
    before = (
        "<metadata><name>Zhang Wei</name><author><name>Zhang Wei</name><email id='zw' domain='example.org'/></author>"
        "</metadata>"
    )
    text = f"{HEAD}{ONE_1}{before}<trk><name>HUAWEI P40 of Zhang Wei</name><cmt>13812345678</cmt><trkseg>{fix()}"
    text += "<extensions><owner>Zhang Wei</owner></extensions></trkseg></trk></gpx>"
    path = tmp_path / "ZhangWei-phone.gpx"
    path.write_text(text, encoding="utf-8")
    report = QualityReport()
    track = read_gpx(path, running=3, report=report)
    assert track.patrol == "3"
    told = f"{track!r} {report.to_json()}"
    assert "Zhang" not in told
    assert "HUAWEI" not in told
    assert "138" not in told
    assert [r.code for r in report.remarks] == ["note_gpx_names_dropped"]


@pytest.mark.parametrize(
    ("text", "known", "number"),
    [
        ("304-2019-02-18", (), "304-2019-02-18"),
        ("G012-1", (), "G012-1"),
        ("110105001-03_pm", (), "110105001-03_pm"),
        ("110105001003", (), "110105001003"),
        ("Zhang Wei", (), ""),
        ("zhangwei01", (), ""),
        ("张伟-3", (), ""),
        ("13812345678", (), ""),
        ("2026-03-02_13812345678", (), ""),
        ("8613812345678", (), ""),
        ("11010519491231002X", (), ""),
        ("pm", (), ""),
        ("", (), ""),
        ("芙蓉-03-1", ("芙蓉-03",), "芙蓉-03-1"),
        ("芙蓉-03-张伟", ("芙蓉-03",), "芙蓉-03"),
        ("芙蓉-03", ("芙蓉-03", "芙蓉"), "芙蓉-03"),
        ("G10", ("G1",), "G10"),
    ],
)
def test_the_number_of_a_patrol_is_no_name(text: str, known: tuple[str, ...], number: str) -> None:
    assert patrol_number(text, known) == number


def test_fixes_off_the_earth_are_left_out_and_counted() -> None:
    report = QualityReport()
    rows = fix() + fix(95, 114) + fix(30, 200) + fix("north", 114) + fix("", "") + fix(0, 0) + fix("nan", 114)
    track = read(gpx(rows), report=report)
    assert len(track) == 1
    assert dict(track.dropped) == {"no_position": 3, "outside_earth": 3}
    remark = next(r for r in report.remarks if r.code == "warn_gpx_fixes_dropped")
    assert (remark.facts["measured"], remark.facts["total"]) == (6, 7)


def test_swapped_latitude_and_longitude_are_named() -> None:
    assert code(gpx(fix(114.3, 30.5) * 3)) == "gpx_axes_swapped"


def test_a_file_whose_fixes_are_all_off_the_earth_is_refused() -> None:
    assert code(gpx(fix(0, 0) + fix("x", "y"))) == "gpx_outside_earth"


def test_a_track_without_times_is_read() -> None:
    assert np.isnan(read(gpx(fix() + fix(31))).time_s).all()


def test_unreadable_times_are_no_times() -> None:
    track = read(gpx(fix(inside="<time>yesterday</time>") + fix(31, inside="<time>2026-03-02T08:00:00</time>")))
    assert np.isnan(track.time_s).tolist() == [True, False]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (gpx(""), "gpx_no_fixes"),
        (f"{HEAD}{ONE_1}</gpx>", "gpx_no_fixes"),
        (f"{HEAD}{ONE_1}<rte><rtept lat='1' lon='2'/></rte></gpx>", "gpx_route_not_track"),
        (f"{HEAD}<kml><trkpt lat='1' lon='2'/></kml>", "gpx_not_gpx"),
        ("lat,lon\n30,114\n", "gpx_not_gpx"),
        (b"\x89PNG\r\n\x1a\n" + bytes(50), "gpx_not_gpx"),
        ("", "file_empty"),
        (b"\xef\xbb\xbf \n", "file_empty"),
        (gpx(fix() + "<trkpt lat='1' lon='2'><time></wrong></trkpt>"), "gpx_damaged"),
        (gpx(fix()) + "<again/>", "gpx_damaged"),
        (gpx("<a>" * 70 + "</a>" * 70), "gpx_too_deep"),
    ],
)
def test_what_is_no_track_is_refused_with_its_reason(text: str | bytes, expected: str) -> None:
    assert code(text) == expected


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_gpx(tmp_path / "1.gpx")
    assert caught.value.code == "file_not_found"


def test_what_a_receiver_wrote_before_its_battery_died_is_used() -> None:
    report = QualityReport()
    track = read(gpx(fix(1) + fix(2) + fix(3))[:-45], report=report)
    assert len(track) >= 2
    assert [r.code for r in report.remarks] == ["warn_gpx_ends_early"]


def test_files_over_the_limits_are_refused() -> None:
    text = gpx(fix() * 20)
    assert code(text, limits=GpxLimits(fixes=10)) == "gpx_too_many_fixes"
    assert code(text, limits=GpxLimits(bytes=200)) == "gpx_too_large"


def test_a_very_long_text_costs_no_memory_and_is_no_time() -> None:
    track = read(gpx(fix(inside=f"<time>{'9' * 3_000_000}</time>")))
    assert np.isnan(track.time_s).all()


def test_shifted_coordinates_are_taken_back_on_request() -> None:
    lon, lat = wgs84_to_gcj02(np.array([114.3]), np.array([30.5]))
    plain = read(gpx(fix(float(lat[0]), float(lon[0]))))
    back = read(gpx(fix(float(lat[0]), float(lon[0]))), shifted="gcj02")
    assert plain.lon[0] == pytest.approx(lon[0])
    assert back.lon[0] == pytest.approx(114.3, abs=1e-7)
    assert back.lat[0] == pytest.approx(30.5, abs=1e-7)


def test_the_bus_journey_has_its_published_number_of_fixes(shared_data: Path) -> None:
    track = read_gpx(shared_data / "gps-limerick-bus" / "304-2019-02-18.gpx")
    assert len(track) == 2_144
    assert np.isfinite(track.time_s).all()
    assert np.isnan(track.accuracy_m).all()
    assert (np.diff(track.time_s) == 1).sum() == 1_829
