"""The columns of exported layers: how each is called where names may have ten characters, and what it means.

The one place that states this; the writers take names from here, and `write_field_table` hands it to the reader of
a Shapefile as a table.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

LONGEST_NAME = 10


@dataclass(frozen=True, slots=True)
class Meaning:
    """A column: its short name (at most ten characters) and what it holds, in Chinese and English."""

    short: str
    zh: str
    en: str


FIELDS: Mapping[str, Meaning] = MappingProxyType(
    {
        "code": Meaning("code", "代码(文本)", "code (text)"),
        "name": Meaning("name", "名称", "name"),
        "community": Meaning("community", "所属社区(村)代码(文本)", "code of its community (text)"),
        "town": Meaning("town", "所属街道(乡镇)", "town or subdistrict"),
        "class_code": Meaning("class_code", "城乡分类代码(文本)", "urban or rural class (text)"),
        "kind": Meaning(
            "kind",
            "类别: standard 基础, dedicated 专属, rural 农村; 社区为 urban 城市, rural 农村; 成员为 unit, building",
            "kind: standard, dedicated, rural; of a community urban, rural; of a member unit, building",
        ),
        "households": Meaning("households", "户数", "households"),
        "population": Meaning("population", "人口数", "population"),
        "buildings": Meaning("buildings", "楼栋数", "buildings"),
        "area_m2": Meaning("area_m2", "面积(平方米)", "area in square metres"),
        "within_band": Meaning("in_band", "户数是否在规定范围内", "households within the band"),
        "reason": Meaning("reason", "超出范围或无方案的原因代码", "why it lies outside the band (code)"),
        "parent": Meaning("parent", "原网格代码(文本)", "code of the grid it came from (text)"),
        "plan": Meaning("plan", "方案版本", "plan version"),
        "id": Meaning("id", "编号(文本)", "identifier (text)"),
        "grid": Meaning("grid", "所属网格代码(文本)", "code of its grid (text)"),
        "grids": Meaning("grids", "网格数", "grids"),
        "feasible": Meaning("feasible", "是否存在合规方案: yes, no, unknown", "lawful plan exists: yes, no, unknown"),
        "proof": Meaning("proof", "依据: arithmetic, cover_lp, cover_mip, none", "by which proof"),
        "objective": Meaning("objective", "方案得分(越小越好)", "cost of the plan (less is better)"),
        "bound": Meaning("bound", "得分的下界", "least possible cost"),
        "gap_frac": Meaning("gap_frac", "与下界的相对差", "relative distance to the bound"),
        "old": Meaning("old", "旧网格代码(文本)", "old grid code (text)"),
        "new": Meaning("new", "新网格代码(文本)", "new grid code (text)"),
        "share_of_old": Meaning("share_old", "占旧网格户数的份额", "share of the old grid's households"),
        "share_of_new": Meaning("share_new", "占新网格户数的份额", "share of the new grid's households"),
        "relation": Meaning(
            "relation",
            "关系: kept 保留, changed 调整, split 拆分, merged 合并, new 新设, retired 撤销",
            "relation: kept, changed, split, merged, new, retired",
        ),
        "detail_zh": Meaning("detail_zh", "说明(中文)", "explanation in Chinese"),
        "detail_en": Meaning("detail_en", "说明(英文)", "explanation in English"),
    }
)


def short_names(columns: Iterable[str]) -> dict[str, str]:
    """Short name of each column, at most ten characters of ASCII, no two alike.

    A column that `FIELDS` does not know is cut to ten characters, and numbered where that name is taken.
    """
    short: dict[str, str] = {}
    for column in columns:
        known = FIELDS.get(column)
        wish = known.short if known else "".join(c if c.isascii() and c.isalnum() else "_" for c in column)
        name, number = wish[:LONGEST_NAME], 1
        while name in short.values():
            number += 1
            name = f"{wish[: LONGEST_NAME - len(str(number))]}{number}"
        short[column] = name
    return short


def write_field_table(path: Path, layers: Mapping[str, Iterable[tuple[str, str, str, int, int]]]) -> None:
    """Write what the fields of a Shapefile are as CSV (UTF-8 with byte order mark, as spreadsheets expect).

    Parameters
    ----------
    path
        File to write.
    layers
        Layer name to its fields: full name, short name, type letter of dBASE, width in bytes, decimals.
    """
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\r\n")
    table.writerow(("layer", "field", "column", "type", "bytes", "decimals", "含义", "meaning"))
    for layer, fields in layers.items():
        for column, short, kind, width, decimals in fields:
            meaning = FIELDS.get(column, Meaning(short, "", ""))
            table.writerow((layer, short, column, kind, width, decimals, meaning.zh, meaning.en))
    path.write_bytes(text.getvalue().encode("utf-8-sig"))
