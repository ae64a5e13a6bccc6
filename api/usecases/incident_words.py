"""How offices call priorities, states, levels and results of incidents, in Chinese and English.

A user's own words (``--value state:办理中=dispatched``) go before these.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence

from gis.errors import InputError
from partition.incidents.flow import LEVELS, RESULTS, STATES

_PRIORITY = {
    "1": "1 p1 一 一级 i 高 特急 紧急 重大 危急 红 urgent emergency critical high fatal extreme immediate",
    "2": "2 p2 二 二级 ii 中 加急 较急 较大 橙 medium pressing serious severe expected",
    "3": "3 p3 三 三级 iii 低 普通 一般 平 黄 蓝 ordinary normal low slight minor moderate routine future past",
}
_STATE = {
    "received": "受理 已受理 待受理 接报 已接报 新建 待处理 未处理 未办理 登记 open new pending registered",
    "assessed": "研判 已研判 待分派 triaged",
    "assigned": "已分派 已派单 分流 待处置",
    "dispatched": "已派警 已出警 已调度 处置中 处理中 办理中 inprogress enroute",
    "arrived": "已到场 已到达 到场 onscene",
    "feedback": "已反馈 已处置 已处理 handled resolved done",
    "verified": "已核查 已核实 已回访",
    "closed": "已办结 办结 已结案 结案 已完成 完成 已完结 完结 关闭 已关闭 completed finished",
    "cancelled": "作废 已作废 撤销 已撤销 取消 已取消 canceled void withdrawn",
}
_LEVEL = {
    "0": "grid 网格 网格级 小事",
    "1": "community village 社区 村 村社 社区级 难事",
    "2": "town street township 街道 镇街 乡镇 乡街 街道级 大事",
    "3": "county district 县 区 区县 县级 区级",
}
_RESULT = {
    "settled": "已解决 解决 已化解 化解 办结 resolved solved",
    "transferred": "移交 已移交 转办 已转办 移送 referred",
    "unfounded": "不属实 误报 虚警 虚假 falsealarm unsubstantiated",
    "not_settled": "未解决 未化解 未办结 notsettled unresolved unsolved",
}
ALLOWED: Mapping[str, tuple[str, ...]] = {
    "priority": ("1", "2", "3"),
    "state": STATES,
    "level": LEVELS,
    "result": RESULTS,
}
"""What a value must come to, per column."""
_WORDS = {"priority": _PRIORITY, "state": _STATE, "level": _LEVEL, "result": _RESULT}


def plain(text: str) -> str:
    """A word for comparing: narrow, lower case, without blanks and joints."""
    return re.sub(r"[\s_\-]+", "", unicodedata.normalize("NFKC", text).strip().lower())


def _table(column: str) -> dict[str, str]:
    known = {plain(word): ours for ours, words in _WORDS[column].items() for word in words.split()}
    own = {str(i): str(i) for i in range(len(LEVELS))} if column == "level" else {plain(w): w for w in ALLOWED[column]}
    return known | own


_TABLES: Mapping[str, Mapping[str, str]] = {column: _table(column) for column in _WORDS}


def known_words(given: Mapping[tuple[str, str], str]) -> dict[str, dict[str, str]]:
    """Per column the words that are understood, those of the user first."""
    tables = {column: dict(table) for column, table in _TABLES.items()}
    for (column, theirs), ours in given.items():
        tables.setdefault(column, {})[plain(theirs)] = ours
    return tables


def read_values(texts: Sequence[str]) -> dict[tuple[str, str], str]:
    """The user's own words, ``COLUMN:THEIRS=OURS``; ``kind`` takes any word of ours.

    Raises
    ------
    InputError
        ``incident_import_value_option``.
    """
    found = {}
    for text in texts:
        theirs, equals, ours = text.rpartition("=")
        column, colon, theirs = theirs.partition(":")
        allowed = {**ALLOWED, "kind": ()}.get(column)
        own = plain(ours) if column != "kind" else ours.strip()
        if column == "level" and own in LEVELS:
            own = str(LEVELS.index(own))
        is_ours = column == "kind" or own in (*_TABLES.get(column, {}).values(),)
        if not equals or not colon or not theirs.strip() or allowed is None or not own or not is_ours:
            options = ", ".join(allowed) if allowed else "priority, state, level, result, kind"
            raise InputError("incident_import_value_option", measured=text, allowed=options)
        found[column, theirs] = own
    return found


def read_map(texts: Sequence[str], targets: Sequence[str]) -> dict[str, str]:
    """The user's own mapping of columns, ``THEIRS=OURS``.

    Raises
    ------
    InputError
        ``incident_import_map_option``.
    """
    found = {}
    for text in texts:
        theirs, _, ours = text.rpartition("=")
        if not theirs.strip() or ours.strip() not in targets:
            raise InputError("incident_import_map_option", measured=text, allowed=", ".join(targets))
        found[theirs.strip()] = ours.strip()
    return found
