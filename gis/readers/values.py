"""Cell values: texts, codes and counts out of whatever a file held, with what could not be read set apart."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd

# Full-width digits, letters and the ideographic space; Chinese brackets and punctuation stay as they are.
_NARROW = {
    **{0xFF10 + i: ord("0") + i for i in range(10)},
    **{0xFF21 + i: ord("A") + i for i in range(26)},
    **{0xFF41 + i: ord("a") + i for i in range(26)},
    0xFF0D: ord("-"),
    0xFF0E: ord("."),
    0xFF03: ord("#"),
    0x3000: ord(" "),
}
_IS_WIDE = re.compile(f"[{''.join(map(chr, _NARROW))}]")
_NOTHING = frozenset({"", "-", "--", "—", "——", "/", "无", "null", "none", "nan", "n/a", "na", "<na>"})
_COUNT = re.compile(r"^([+-]?\d[\d,]*(?:\.\d+)?)\s*(?:户|人|口|个|层|间|套|戶)?$")
_YES = frozenset({"1", "true", "yes", "y", "是", "t"})
_NO = frozenset({"0", "false", "no", "n", "否", "f"})


def narrow(text: str) -> str:
    """Text with full-width digits and letters made narrow, trimmed."""
    # Searching is quicker than translating, and most texts have nothing to translate.
    return text.translate(_NARROW).strip() if not text.isascii() and _IS_WIDE.search(text) else text.strip()


def to_text(values: pd.Series) -> pd.Series:
    """Texts and codes: numbers without a fraction lose their ``.0``, texts where all have it; blanks become missing."""
    out = [_text(v) for v in values.tolist()]
    filled = [v for v in out if v is not None]
    if filled and all(v.endswith(".0") and v[:-2].isdigit() for v in filled):
        # Codes that a spreadsheet or a script wrote as decimal numbers.
        out = [None if v is None else v[:-2] for v in out]
    return pd.Series(out, index=values.index, dtype=object)


def _text(value: object) -> str | None:
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        if not np.isfinite(value):
            return None
        return f"{value:.0f}" if value == int(value) else str(value)
    return narrow(str(value)) or None


def to_numbers(values: pd.Series) -> tuple[Any, Any]:
    """Numbers as float64 (missing: NaN) and a mask of cells that hold something else.

    Understands thousands commas and a trailing counter (``1,234``, ``30户``); ``-``, ``无`` and blanks are missing.
    Infinite values count as something else.
    """
    if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
        number = values.to_numpy(dtype=np.float64, na_value=np.nan)
        bad = np.isinf(number)
        return np.where(bad, np.nan, number), bad
    number, bad = np.full(len(values), np.nan), np.zeros(len(values), dtype=bool)
    for i, value in enumerate(values.tolist()):
        if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
            continue
        text = narrow(str(value))
        if text.lower() in _NOTHING:
            continue
        found = _COUNT.match(text)
        if found:
            number[i] = float(found[1].replace(",", ""))
        else:
            try:
                number[i] = float(text)
            except ValueError:
                bad[i] = True
                continue
            if not np.isfinite(number[i]):
                number[i], bad[i] = np.nan, True
    return number, bad


def to_bools(values: pd.Series) -> tuple[pd.Series, Any]:
    """Yes/no values as nullable booleans and a mask of cells that hold something else."""
    out: list[bool | None] = []
    bad = np.zeros(len(values), dtype=bool)
    for i, value in enumerate(to_text(values).tolist()):
        plain = None if value is None else value.lower()
        known = True if plain in _YES else False if plain in _NO else None
        bad[i] = plain is not None and plain not in _NOTHING and known is None
        out.append(known)
    return pd.Series(out, index=values.index, dtype="boolean"), bad
