"""Counts only: no column of ours is made for a person."""

from __future__ import annotations

import re

import pytest

from gis.layers import LAYERS
from partition.filed import COMMUNITY_COLUMNS, GRID_COLUMNS, MEMBER_COLUMNS, VIOLATION_COLUMNS

PERSON_WORDS = {
    *("person", "people", "resident", "residents", "holder", "householder", "head", "tenant", "landlord", "officer"),
    *("surname", "forename", "firstname", "lastname", "nickname", "contact", "phone", "tel", "telephone", "mobile"),
    *("email", "wechat", "passport", "idcard", "identity", "birth", "birthday", "age", "gender", "sex", "ethnicity"),
    *("nationality", "religion", "face", "plate", "caller", "reporter", "victim", "suspect"),
}
TABLES = {
    **{name: tuple(layer.columns) for name, layer in LAYERS.items()},
    "plan grids": tuple(GRID_COLUMNS),
    "plan members": tuple(MEMBER_COLUMNS),
    "plan communities": tuple(COMMUNITY_COLUMNS),
    "plan violations": tuple(VIOLATION_COLUMNS),
}


def words(column: str) -> set[str]:
    return {w for w in re.split(r"[_\W\d]+", column.lower()) if w}


@pytest.mark.parametrize("table", TABLES)
def test_no_table_has_a_column_for_a_person(table: str) -> None:
    assert TABLES[table]
    assert not [c for c in TABLES[table] if words(c) & PERSON_WORDS or re.search("姓名|户主|身份证|电话|手机|联系", c)]
