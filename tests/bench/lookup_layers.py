"""Files of rows and questions -> the address table that the look-up is built from, and the questions about it.

A row is ``[district, town, community, road, number, estate, group, building]``; a village row has a group, and its
house in ``number`` or ``building``.  The province and the city of the published layer stand in no row: they are a
fact of its maker (``REGION``), given to the index as the region the layer lies in.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import pandas as pd

from tests.bench.lookup_city import REGION, Row, text_of
from tests.bench.lookup_questions import Question

REGION_TEXT: Final = "".join(REGION)
_PARTS: Final = ("district", "town", "community", "street", "number", "estate", "group", "building")


def address_table(rows: Sequence[Row], region: str = REGION_TEXT, *, with_parts: bool = True) -> pd.DataFrame:
    """The layer's addresses: ``id`` is the row's place, ``text`` the address in full, and the parts where wanted."""
    table = pd.DataFrame({"id": [str(k) for k in range(len(rows))], "text": [text_of(row, (region,)) for row in rows]})
    table["building_id"] = table["id"]
    if with_parts:
        for at, name in enumerate(_PARTS):
            table[name] = [row[at] or None for row in rows]
    return table


def read_rows(path: Path) -> list[Row]:
    """Rows of a JSON list of eight texts each."""
    rows = []
    for row in json.loads(path.read_text(encoding="utf-8")):
        row = Row(*("" if part is None else str(part) for part in row))
        rows.append(row._replace(number=row.building, building="") if row.group and not row.number else row)
    return rows


def read_questions(path: Path) -> list[Question]:
    """Questions of a JSON list of ``[kind, text, row, accepted rows]``; none accepted: whoever is sure is wrong."""
    questions = []
    for kind, text, row, accepted, *expect in json.loads(path.read_text(encoding="utf-8")):
        expected = expect[0] if expect else ("row" if accepted else "none")
        questions.append(Question(kind, text, -1 if row is None else int(row), tuple(accepted), expected))
    return questions


def write_layer(rows: Sequence[Row], questions: Sequence[Question], rows_file: Path, questions_file: Path) -> None:
    """Both files, as `read_rows` and `read_questions` take them."""
    rows_file.write_text(_lines(rows), encoding="utf-8")
    questions_file.write_text(_lines(questions), encoding="utf-8")


def _lines(items: Sequence[Any]) -> str:
    return "[\n" + ",\n".join(json.dumps(list(item), ensure_ascii=False) for item in items) + "\n]\n"
