"""A month's incidents on paper, as workbook and as CSV: opened by others, they say the figures of the core."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

import pytest
from openpyxl import load_workbook

from data.papers.incidents import incidents_csv, write_incident_tables
from gis.errors import InputError
from maps.incidents.paper import write_incident_paper
from partition.filed import FiledPlan
from partition.incidents.rates import Tally
from partition.incidents.summary import IncidentSummary
from tests.incident_summary_kit import made_summary
from tests.maps.pdf import texts
from tests.maps.plans import make_plan


@pytest.fixture(scope="module")
def filed() -> FiledPlan:
    return make_plan(30, 3)[0]


@pytest.fixture(scope="module")
def summary(filed: FiledPlan) -> IncidentSummary:
    return made_summary(filed)


def told(path: Path) -> str:
    """All text of a PDF, without spaces."""
    return "".join(texts(path))


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("zh", ("事件月报", "内部使用", "结案率", "按期结案率", "对比期：2025-11",
                "督办", "约谈", "问责", "逆排名", "红牌", "新增")),
        ("en", ("Incidents of the month", "Internal use", "On time of due", "compared with 2025-11", "Supervised",
                "Summoned", "Held to account", "Bottom up", "Red flags", "new")),
    ],
)  # fmt: skip
def test_the_pdf_prints_the_figures_with_their_counts(
    summary: IncidentSummary, filed: FiledPlan, tmp_path: Path, language: str, words: tuple[str, ...]
) -> None:
    path = tmp_path / "month.pdf"
    n = write_incident_paper(summary, filed, path, language=language)
    text = told(path)
    for wanted in (
        "93.72 %",
        "911 / 972",
        "75.82 %",
        "737 / 972",
        "-17 %",
        "-38 %",
        "-100 %",
        "181",
        "28,577",
        "85,732",
    ):
        assert wanted.replace(" ", "") in text, wanted
    for wanted in (*words, "p-20260101-abc", "2026-12-01 08:00"):
        assert wanted.replace(" ", "") in text, wanted
    assert f"共{n}页" in text or f"of{n}" in text
    assert all(code in text for code in filed.grids["code"])
    assert "nan" not in text.lower()
    assert "{" not in text


def test_the_same_summary_gives_the_same_bytes(summary: IncidentSummary, filed: FiledPlan, tmp_path: Path) -> None:
    made = []
    for k in range(2):
        write_incident_paper(summary, filed, tmp_path / f"{k}.pdf")
        write_incident_tables(summary, tmp_path / f"{k}.xlsx")
        made.append([(tmp_path / f"{k}.{ending}").read_bytes() for ending in ("pdf", "xlsx")])
    assert made[0] == made[1]


def test_the_workbook_holds_codes_as_text_and_rates_as_numbers(summary: IncidentSummary, tmp_path: Path) -> None:
    path = tmp_path / "month.xlsx"
    write_incident_tables(summary, path)
    book = load_workbook(path)
    assert book.sheetnames == [
        "总计",
        "走势",
        "按类别",
        "按来源",
        "按网格",
        "排名",
        "逆排名",
        "红牌",
        "巡防与清查",
        "说明",
    ]
    grids = [[cell.value for cell in row] for row in book["按网格"].iter_rows(min_row=4)]
    assert [row[0] for row in grids] == [area.code for area in summary.areas]
    assert all(isinstance(row[0], str) for row in grids)
    assert [row[4] for row in grids] == [area.tally.received for area in summary.areas]
    totals = {row[0].value: (row[1].value, row[2].value, row[3].value) for row in book["总计"].iter_rows(min_row=4)}
    assert totals["结案率（应结案中已结）"] == (911, 972, pytest.approx(911 / 972))
    assert totals["按期结案率（应结案中按期）"] == (737, 972, pytest.approx(737 / 972))
    kinds = {row[0].value: row for row in book["按类别"].iter_rows(min_row=4)}
    assert [kinds[name][8].value for name in ("盗窃", "诈骗", "抢劫")] == [
        pytest.approx(-0.17),
        pytest.approx(-0.38),
        -1,
    ]
    assert kinds["=1+1</script>"][0].data_type == "s"
    assert kinds["=1+1</script>"][8].value is None  # from nothing there is no per cent
    assert kinds["=1+1</script>"][9].value == "新增（对比期为零）"
    assert [row[5].value for row in book["逆排名"].iter_rows(min_row=4, max_row=6)] == ["问责", "约谈", "督办"]
    flags = {row[0].value: row[1].value for row in book["红牌"].iter_rows(min_row=4)}
    assert (flags["期初红牌"], flags["摘牌"], flags["期末红牌"]) == (181, 181, 0)


def test_kinds_are_called_as_the_rules_call_them_in_the_language(summary: IncidentSummary, tmp_path: Path) -> None:
    write_incident_tables(summary, tmp_path / "month.xlsx", language="en")
    names = [row[0].value for row in load_workbook(tmp_path / "month.xlsx").worksheets[2].iter_rows(min_row=4)]
    assert names[:2] == ["Theft", "诈骗"]  # what has no name in a language stands as it is kept


def test_the_csv_says_the_same_and_no_cell_is_a_formula(summary: IncidentSummary) -> None:
    rows = list(csv.DictReader(io.StringIO(incidents_csv(summary).removeprefix("\ufeff"))))
    whole = rows[0]
    assert (whole["handled_percent"], whole["on_time_percent"], whole["change_percent"]) == ("93.72", "75.82", "-17")
    assert [row["key"] for row in rows if row["part"] == "grid"] == [area.code for area in summary.areas]
    assert not any(row["key"].startswith("=") for row in rows)


def test_a_period_without_incidents_prints_no_rate_and_no_error(summary: IncidentSummary, tmp_path: Path) -> None:
    bare = replace(
        summary, totals=Tally(), change=replace(summary.change, now=0, before=0), steps=(), kinds=(), sources=(),
        areas=(), ranking=(), flags=None,
    )  # fmt: skip
    write_incident_paper(bare, None, tmp_path / "bare.pdf", language="en")
    text = told(tmp_path / "bare.pdf")
    assert "Nothinginthisperiod" in text
    assert "nan" not in text.lower()
    write_incident_tables(bare, tmp_path / "bare.xlsx")
    assert incidents_csv(bare).count("\r\n") == 2


def test_an_unknown_language_is_refused(summary: IncidentSummary, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="map_language_unknown"):
        write_incident_paper(summary, None, tmp_path / "x.pdf", language="fr")
    with pytest.raises(InputError, match="option_out_of_range"):
        write_incident_tables(summary, tmp_path / "x.xlsx", language="fr")
