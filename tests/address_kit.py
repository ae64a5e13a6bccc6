"""A small address layer written as texts, and its index: for tests of the look-up."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from gis.address import AddressIndex, Match, build_index

REGION = "湖南省长沙市"
COLUMNS = ("district", "town", "community", "street", "number", "estate", "group", "building")
ROWS = (
    *(("岳麓区", "望月湖街道", "岳王亭社区", "桃子湖路", "12", "望月小区", "", str(n)) for n in range(1, 13)),
    *(("岳麓区", "望月湖街道", "荷叶塘社区", "潇湘中路", "120", "荣信花园", "", n) for n in ("A1", "A2", "3", "14")),
    *(
        ("岳麓区", "银盆岭街道", "茶山村社区", "银盆南路", n, "", "", "")
        for n in ("1", "3", "5", "2", "4", "16", "169")
    ),
    *(("岳麓区", "银盆岭街道", "茶山村社区", "银盆南路", n, "", "", "") for n in ("16-2", "21巷2弄35", "附9")),
    *(("岳麓区", "银盆岭街道", "航华社区", "育德一街", "30", "海岸一号", "", n) for n in ("1", "3")),
    *(
        ("岳麓区", "银盆岭街道", "航华社区", "育德二街", "30", "阳光花园" + phase, "", "3")
        for phase in ("一期", "二期")
    ),
    *(("芙蓉区", "韭菜园街道", "文艺社区", "桃子湖路", "12", "望月小区", "", str(n)) for n in (1, 2)),
    *(("长沙县", "黄花镇", "天昌村", "", str(n), "", group, "") for group in ("7", "8") for n in range(1, 5)),
)


def address_table(rows: Sequence[Sequence[str]] = ROWS) -> pd.DataFrame:
    """Rows of eight texts as an address layer, each a building of its own."""
    table = pd.DataFrame(list(rows), columns=list(COLUMNS))
    table["number"] = [number + "号" if number else "" for number in table["number"]]
    table["group"] = [group + "组" if group else "" for group in table["group"]]
    table["building"] = [building + "栋" if building else "" for building in table["building"]]
    in_text = ("district", "town", "community", "group", "street", "number", "estate", "building")
    table["text"] = ["".join(row[name] for name in in_text) for row in table.to_dict("records")]
    table["id"] = [f"a{row:04d}" for row in range(len(table))]
    table["building_id"] = [f"b{row:04d}" for row in range(len(table))]
    return table


def address_index(rows: Sequence[Sequence[str]] = ROWS, region: str = REGION) -> AddressIndex:
    """The index of such rows."""
    return build_index(address_table(rows), region=region)


def answer(index: AddressIndex, text: str) -> tuple[str, str]:
    """Status, and the address of the answer (empty where no building is given)."""
    match = index.find(text)
    return match.status, index.text(match.row) if match.row is not None else ""


def candidates(index: AddressIndex, match: Match) -> list[str]:
    """The addresses of the candidates."""
    return [index.text(one.row) for one in match.candidates]
