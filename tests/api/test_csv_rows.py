"""A table is read row by row: a broken row costs itself and no other."""

from __future__ import annotations

import csv
import io
import random
import tracemalloc

import pytest

from api.csv_rows import MAX_ROW_BYTES, CsvRows
from gis.errors import InputError


def rows(table: str | bytes, encoding: str | None = None) -> list[tuple[int, list[str], str]]:
    content = table if isinstance(table, bytes) else table.encode()
    return [(row.line, row.cells, row.fault) for row in CsvRows(io.BytesIO(content), encoding)]


def test_rows_are_those_of_a_csv_reader_when_nothing_is_broken() -> None:
    source = random.Random(3)
    table = [
        ["".join(source.choices('长沙路3号,"\n;x ', k=source.randrange(12))) + "z" for _ in range(3)]
        for _ in range(500)
    ]
    text = io.StringIO(newline="")
    csv.writer(text).writerows([["a", "b", "c"], *table])
    for encoding in ("utf-8", "utf-8-sig", "gb18030"):
        found = rows(text.getvalue().encode(encoding))
        assert [cells for _, cells, _ in found] == table
        assert not any(fault for *_, fault in found)


@pytest.mark.parametrize(
    ("broken", "fault"),
    [
        ("only one", "row_length"),
        ("one,two,three", "row_length"),
        ('"open,2', "row_quotation"),
        ('"a"b,2', "row_quotation"),
        ("a\0b,2", "row_control"),
        ("x" * MAX_ROW_BYTES + ",2", "row_too_long"),
        (b"\xff\xfe\xfd,2", "row_not_text"),
    ],
)
@pytest.mark.parametrize("is_quoted", [False, True])
def test_a_broken_row_in_the_middle_costs_itself_alone(broken: str | bytes, fault: str, is_quoted: bool) -> None:
    mark = b'"' if is_quoted else b""
    whole = [mark + f"望月路{i}号".encode() + mark + b",1" for i in range(3_000)]
    bad = broken if isinstance(broken, bytes) else broken.encode()
    found = rows(b"\n".join([b"a,b", *whole[:1_500], bad, *whole[1_500:]]))
    assert len(found) == 3_001
    assert found[1_500][2] == fault
    assert found[1_500][0] == 1_502
    assert len(found[1_500][1]) == 2
    rest = found[:1_500] + found[1_501:]
    assert [cells[0] for _, cells, _ in rest] == [f"望月路{i}号" for i in range(3_000)]
    assert not any(fault for *_, fault in rest)
    assert [line for line, *_ in rest] == [*range(2, 1_502), *range(1_503, 3_003)]


def test_the_encoding_is_found_at_the_first_text_that_tells_it() -> None:
    plain = "".join(f"{i},x\n" for i in range(300_000))
    for name in ("gb18030", "utf-8"):
        table = CsvRows(io.BytesIO(f"a,b\n{plain}望月小区三栋,x\n岳麓区,x\n".encode(name)))
        assert table.encoding == name
        assert [row.cells for row in table][-2:] == [["望月小区三栋", "x"], ["岳麓区", "x"]]


def test_one_damaged_row_does_not_change_the_encoding_of_the_others() -> None:
    table = b"a,b\n\xff\xff,1\n" + "望月小区,2\n岳麓区,3\n".encode()
    assert [(cells[1], fault) for _, cells, fault in rows(table)] == [("", "row_not_text"), ("2", ""), ("3", "")]


def test_a_table_of_one_column_may_hold_commas_and_blank_lines_are_no_rows() -> None:
    assert [cells for _, cells, _ in rows('address\nRue A, 12\n\n  \n"x, y"\n""\n')] == [["Rue A, 12"], ["x, y"], [""]]


def test_a_quoted_cell_may_go_on_over_lines() -> None:
    found = rows('a,b\r\n"one\r\ntwo",1\r\nthree,2\r\n')
    assert found == [(2, ["one\ntwo", "1"], ""), (4, ["three", "2"], "")]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_that_of_the_header(delimiter: str) -> None:
    assert rows(f"a{delimiter}b\n1{delimiter}2\n") == [(2, ["1", "2"], "")]


@pytest.mark.parametrize(
    ("table", "encoding", "code"),
    [
        ("", None, "table_empty"),
        ("\n \n", None, "table_empty"),
        ('"a,b\n', None, "table_header_broken"),
        ("a,b\n".encode("utf-16"), None, "table_encoding_wide"),
        ("a,b\n", "klingon", "table_encoding_unknown"),
        ("a,b\n", "utf-16", "table_encoding_unknown"),
    ],
)
def test_what_is_no_table_is_refused(table: str | bytes, encoding: str | None, code: str) -> None:
    with pytest.raises(InputError) as refused:
        rows(table, encoding)
    assert refused.value.code == code


def test_any_bytes_are_read_without_an_error() -> None:
    source = random.Random(8)
    alphabet = [b'"', b",", b"\n", b"\r", b"\0", b"\xff", b"\xb7", "望".encode(), b"x", b"\xd8\xb7"]
    for _ in range(300):
        content = b"a,b\n" + b"".join(source.choices(alphabet, k=200))
        for row in CsvRows(io.BytesIO(content)):
            assert len(row.cells) == 2


def test_a_line_without_an_end_is_not_kept_in_memory() -> None:
    class Endless(io.RawIOBase):
        """Fifty megabytes of one line, that are nowhere."""

        def __init__(self) -> None:
            self.head, self.at, self.size = b"a,b\n1,2\n", 0, 50_000_000

        def readinto(self, into: bytearray) -> int:
            if self.at < len(self.head):
                n = min(len(into), len(self.head) - self.at)
                into[:n] = self.head[self.at : self.at + n]
            else:
                n = min(len(into), self.size - self.at)
                into[:n] = b"x" * n
            self.at += n
            return n

        def readable(self) -> bool:
            return True

        def seekable(self) -> bool:
            return True

        def tell(self) -> int:
            return self.at

        def seek(self, at: int, whence: int = 0) -> int:
            self.at = at
            return at

    tracemalloc.start()
    try:
        found = [row.fault for row in CsvRows(io.BufferedReader(Endless()))]  # type: ignore[arg-type]
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()
    assert found == ["", "row_too_long"]
