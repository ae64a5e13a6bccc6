"""Counts, never people: finds and drops what describes a person before anything else sees a table.

A column goes when its header names a person (姓名, 户主, phone ...) or when its values are those of a person:
ID numbers (18 digits with the ISO 7064 mod 11-2 check and a birth date), mobile numbers, personal names.  The
column is judged, not the cell: a random 18-digit code passes the check once in eleven.  Single ID and phone numbers
inside the free text of a column that stays are blanked.  Old 15-digit ID numbers are not looked for: official
15-digit place codes look the same.

What a column *means* (the mapping to the schema) is decided in `gis.readers.columns`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from typing import Any

import numpy as np
import pandas as pd

from gis.report import QualityReport

_HEADERS_ZH = (
    *(
        "姓名",
        "户主",
        "联系人",
        "负责人",
        "责任人",
        "楼长",
        "楼栋长",
        "单元长",
        "网格长",
        "网格员",
        "业主",
        "产权人",
        "房主",
        "租客",
    ),
    *(
        "承租人",
        "居民名",
        "人员名",
        "社长",
        "组长",
        "民警",
        "辅警",
        "法人",
        "法定代表",
        "报警人",
        "报案人",
        "当事人",
        "监护人",
    ),
    *(
        "身份证",
        "证件号",
        "证件号码",
        "公民身份",
        "护照",
        "手机",
        "电话",
        "联系方式",
        "联系号码",
        "微信",
        "邮箱",
        "出生日期",
        "银行卡",
    ),
)
_HEADERS_EN = (
    *("first_name", "last_name", "surname", "given_name", "family_name", "full_name", "person_name", "resident_name"),
    *(
        "householder",
        "head_of_household",
        "owner_name",
        "tenant",
        "tenant_name",
        "contact",
        "contact_name",
        "contact_person",
    ),
    *(
        "caller",
        "caller_name",
        "phone",
        "phone_no",
        "phone_number",
        "telephone",
        "tel",
        "mobile",
        "mobile_no",
        "cell_phone",
    ),
    *("fax", "email", "e_mail", "id_card", "idcard", "id_card_no", "id_no", "id_number", "identity_no", "national_id"),
    *("passport", "passport_no", "ssn", "date_of_birth", "birth_date", "birthday", "dob", "wechat"),
)
# A header that counts people or places is not a person: 电话亭数 (phone boxes), 户主数.
_COUNTED_ZH = ("数", "数量", "人数", "个数", "亭", "局")

_SURNAMES = frozenset(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾萧田董潘袁蔡蒋余于杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范"
    "石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤劉張陳楊黃趙吳孫馬鄭謝許韓馮鄧蕭葉蘇"
)
_PLACE_ENDINGS = frozenset(
    "路街巷里弄村区區苑园園城家庄莊楼樓栋棟幢号號院府居湾灣山桥橋镇鎮乡鄉县縣市省组組队隊店场場厂廠站台门門坊寓厦廈庭"
)
_ID_TEXT = re.compile(r"(?<!\d)\d{17}[\dXx](?![\dXx])")
_MOBILE_TEXT = re.compile(r"(?<!\d)(?:(?:\+|00)?86[\s-]?)?1[3-9]\d[\s-]?\d{4}[\s-]?\d{4}(?!\d)")
_LANDLINE = re.compile(r"^\(?0\d{2,3}\)?[\s-]\d{7,8}$")
_WEIGHTS = np.array([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2])
_CHECKS = "10X98765432"
_OWNER = "owner"
_SHARE = 0.5  # of the filled cells of a column
_NAME_SHARE, _NAME_ROWS = 0.9, 10
_SAMPLE = 5_000


def drop_person_columns(
    table: pd.DataFrame,
    report: QualityReport,
    *,
    layer: str,
    file: str,
    places: Collection[str] = (),
    keys: Collection[str] = (),
) -> pd.DataFrame:
    """A table without the columns that describe people, and without ID or phone numbers in its free text.

    Parameters
    ----------
    table
        Any table; its geometry column is left alone.
    report
        Gets one ``person_column_dropped`` per column (header, why, filled cells) and one
        ``person_numbers_blanked`` per column with blanked cells.  Never the values themselves.
    layer, file
        Where the table comes from, for the report.
    places
        Columns known to hold names of places: not judged as personal names.
    keys
        Columns of ids and codes: their cells are not searched for numbers inside text.
    """
    gone: list[str] = []
    geometry = getattr(table, "_geometry_column_name", None)
    for column in table.columns:
        if column == geometry:
            continue
        why = "header" if _is_person_header(str(column)) else _judge_values(table[column], column in places)
        if why:
            cells = int(_filled(table[column]).sum())
            report.add("person_column_dropped", layer, before=cells, after=0, file=file, column=str(column), why=why)
            report.count("person_columns_dropped", 1)
            report.count("person_cells_dropped", cells)
            gone.append(column)
    table = table.drop(columns=gone)
    for column in table.columns:
        if column != geometry and column not in keys and not pd.api.types.is_numeric_dtype(table[column]):
            blanked, cells = _blank(table[column])
            if cells:
                table = table.assign(**{str(column): blanked})
                report.add("person_numbers_blanked", layer, before=cells, after=0, file=file, column=str(column))
                report.count("person_cells_dropped", cells)
    return table


def describes_person(header: str, values: pd.Series) -> bool:
    """Whether a column would be dropped as one about people; names of places are judged as strictly as the rest."""
    return _is_person_header(header) or bool(_judge_values(values, is_place=False))


def without_numbers(text: str) -> str:
    """A text without ID and mobile numbers."""
    return _blank_text(text)


def is_called_like_a_person(text: str) -> bool:
    """Whether a text is a phone or ID number, or reads like the name of a person (two or three characters)."""
    plain = unicodedata.normalize("NFKC", text).strip()
    return _is_name(plain) or _blank_text(plain) != plain or bool(_LANDLINE.match(plain))


def is_id_number(text: str) -> bool:
    """Whether a text is a resident ID number: 18 characters, a birth date, ISO 7064 mod 11-2 check."""
    if not _ID_TEXT.fullmatch(text):
        return False
    digits = np.array([int(c) for c in text[:17]])
    return _is_birth_date(text[6:14]) and _CHECKS[int(digits @ _WEIGHTS) % 11] == text[17].upper()


def _is_birth_date(text: str) -> bool:
    year, month, day = int(text[:4]), int(text[4:6]), int(text[6:])
    return 1900 <= year <= 2099 and 1 <= month <= 12 and 1 <= day <= 31


def _is_person_header(header: str) -> bool:
    plain = unicodedata.normalize("NFKC", header).strip().lower()
    plain = re.sub(r"[\s　:*]+", "", plain) if re.search(r"[^\x00-\x7f]", plain) else plain
    plain = re.sub(r"\(.*?\)", "", plain)
    if any(word in plain for word in _HEADERS_ZH) and not plain.endswith(_COUNTED_ZH):
        return True
    return re.sub(r"[\s.\-]+", "_", plain).strip("_") in _HEADERS_EN


def _filled(values: pd.Series) -> Any:
    return values.notna() & (values.astype(str).str.strip() != "")


def _judge_values(values: pd.Series, is_place: bool) -> str:
    """Why the values are those of people: ``id_number``, ``phone``, ``name``, or nothing."""
    if pd.api.types.is_bool_dtype(values) or pd.api.types.is_datetime64_any_dtype(values):
        return ""
    texts = _texts(values)
    if not texts:
        return ""
    # Numbers that went through a spreadsheet lost their last digits and with them the check digit.
    lossy = pd.api.types.is_float_dtype(values)
    # One or two hits among few values may be chance; all of them are not.
    least = min(len(texts), max(_SHARE * len(texts), 3))
    if sum(map(_is_lossy_id if lossy else is_id_number, texts)) >= least:
        return "id_number"
    if sum(bool(_MOBILE_TEXT.fullmatch(t) or _LANDLINE.match(t)) for t in texts) >= least:
        return "phone"
    if not is_place and sum(_blank_text(t) != t for t in texts) >= least:
        # A number in every other remark: what stands beside it is its owner's name.
        return "phone"
    if is_place or len(texts) < _NAME_ROWS or len(set(texts)) < 0.5 * len(texts):
        return ""
    return "name" if sum(map(_is_name, texts)) >= _NAME_SHARE * len(texts) else ""


def _texts(values: pd.Series) -> list[str]:
    filled = values[_filled(values)]
    if len(filled) > _SAMPLE:  # every k-th row: enough to judge a column of a million
        filled = filled.iloc[:: len(filled) // _SAMPLE]
    if pd.api.types.is_float_dtype(filled):
        finite = filled[np.isfinite(filled.to_numpy(dtype=np.float64))]
        return [f"{v:.0f}" if v == int(v) else str(v) for v in finite.tolist()]
    return [unicodedata.normalize("NFKC", str(v)).strip() for v in filled.tolist()]


def _is_lossy_id(text: str) -> bool:
    return len(text) == 18 and text.isdigit() and _is_birth_date(text[6:14])


def _is_name(text: str) -> bool:
    return len(text) in (2, 3) and text[0] in _SURNAMES and text[-1] not in _PLACE_ENDINGS and _is_han(text)


def _is_han(text: str) -> bool:
    return all("一" <= c <= "鿿" for c in text)


def _blank(values: pd.Series) -> tuple[pd.Series, int]:
    """Texts with ID and mobile numbers taken out, and how many cells that touched.

    An owner is an office or a firm: one who is called like a person is taken out whole.
    """
    texts = values.where(values.notna(), "").astype(str)
    if str(values.name).lower() == _OWNER and (named := texts.str.strip().map(_is_name)).any():
        return values.where(~named, None), int(named.sum())
    suspect = texts.str.contains(r"\d[\d\s-]{9,}", regex=True)
    if not suspect.any():
        return values, 0
    cleaned = {index: _blank_text(text) for index, text in texts[suspect].items()}
    changed = {index: text for index, text in cleaned.items() if text != texts[index]}
    if not changed:
        return values, 0
    result = values.astype(object)
    for index, text in changed.items():
        result[index] = text
    return result, len(changed)


def _blank_text(text: str) -> str:
    without = _ID_TEXT.sub(lambda found: "" if is_id_number(found[0]) else found[0], text)
    return _MOBILE_TEXT.sub("", without).strip()
