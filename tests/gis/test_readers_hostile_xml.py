"""XML that explodes or reads other files: refused as a format, or read inside a workbook without doing either."""

from __future__ import annotations

import resource
import zipfile
from pathlib import Path

import openpyxl
import pytest

from gis.errors import InputError
from gis.readers.guard import identify
from gis.readers.sources import read_source

LAUGHS = "".join(
    [
        '<!DOCTYPE x [<!ENTITY a0 "0123456789">',
        *(f'<!ENTITY a{k} "{f"&a{k - 1};" * 10}">' for k in range(1, 10)),
        "]>",
    ]
)
SECRET = "the-secret-of-another-file"


@pytest.mark.parametrize("name", ["a.kml", "a.gpx", "a.gml", "a.geojson", "a.csv", "a.osm"])
@pytest.mark.parametrize(
    "document", [f"{LAUGHS}<kml>&a9;</kml>", '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><gpx>&e;</gpx>']
)
def test_a_file_of_xml_is_refused_before_anything_parses_it(tmp_path: Path, name: str, document: str) -> None:
    path = tmp_path / name
    path.write_text(f'<?xml version="1.0"?>\n{document}')
    with pytest.raises(InputError) as caught:
        identify(path)
    assert caught.value.code == "file_format_refused"


def workbook(path: Path, doctype: str, cell: str) -> Path:
    """A roster whose sheet, strings and workbook begin with a document type of their own."""
    made = openpyxl.Workbook()
    sheet = made.active
    for row in (["id", "address", "households"], ["b1", "PLACE", 12], ["b2", "和平路2号", 8]):
        sheet.append(row)
    made.save(path.with_suffix(".tmp"))
    with zipfile.ZipFile(path.with_suffix(".tmp")) as plain, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as odd:
        for name in plain.namelist():
            text = plain.read(name).decode()
            if name in ("xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"):
                head, mark, rest = text.partition("?>")
                text = f"{head}{mark}{doctype}{rest}" if mark else f"{doctype}{text}"
                text = text.replace("PLACE", cell)
            odd.writestr(name, text)
    return path


def read(path: Path) -> str:
    """Everything that was read, as text; nothing where the file was refused."""
    try:
        layers = read_source(path)
    except InputError as error:
        if error.code not in ("file_damaged", "zip_ratio", "table_without_header"):
            raise
        return ""
    return " ".join(str(table.to_dict()) for table in layers.values())


def test_the_workbook_of_these_tests_is_read_where_nothing_is_wrong_with_it(tmp_path: Path) -> None:
    assert "和平路1号" in read(workbook(tmp_path / "a.xlsx", "<!DOCTYPE x>", "和平路1号"))


def test_a_workbook_whose_entities_explode_takes_neither_time_nor_memory(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", LAUGHS, "&a9;")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert len(read(path)) < 1_000_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000


def test_a_workbook_does_not_read_other_files(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text(SECRET)
    path = workbook(tmp_path / "a.xlsx", f'<!DOCTYPE x [<!ENTITY e SYSTEM "{secret.as_uri()}">]>', "&e;")
    assert SECRET not in read(path)


def test_a_workbook_that_unpacks_to_far_more_than_it_is_is_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", "", "x" * 60_000_000)
    with pytest.raises(InputError) as caught:
        read_source(path)
    assert caught.value.code == "zip_ratio"
