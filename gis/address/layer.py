"""The address layer, read into parts: from its columns, and from its text what the columns do not say."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gis.address.characters import fold
from gis.address.latin import latin_row
from gis.address.latin_spelling import is_latin, number_key
from gis.address.tokens import canonical_number, read_numbers
from gis.address.types import COMMUNITY, DISTRICT, ESTATE, STREET, TOWN
from gis.address.unify import normalise
from gis.progress import SILENT, Progress

if TYPE_CHECKING:
    import pandas as pd

NAMED = ("district", "town", "community", "street", "estate")
NUMBERED = ("number", "group", "building", "unit")
KIND_OF = {"district": DISTRICT, "town": TOWN, "community": COMMUNITY, "street": STREET, "estate": ESTATE}
_FRONT = re.compile(
    r"^(?P<region>(?:(?:(?![区县镇乡路街道号村])[\u3400-\u9fff]){2,6}?(?:省|自治区))?"
    r"(?:(?:(?![区县镇乡路街道号村])[\u3400-\u9fff]){2,6}?(?:市(?!场)|自治州))?)"
    r"(?P<district>[\u3400-\u9fff]{1,6}?(?:(?<![小社园校院])区|县)(?![路街]))?"
    r"(?P<town>[\u3400-\u9fff]{2,6}?(?:街道|镇(?![路街])|乡(?![路街])))?"
    r"(?P<community>[\u3400-\u9fff]{1,8}?(?:社区|居委会|村委会|村(?![路街])|(?<=[\u3400-\u9fff])里(?=[0-9]+邻)))?"
)
_STREET = re.compile(r"^.{1,12}?(?:大道|公路|路|街|巷|弄|胡同|里弄|道|线)(?:[0-9]段)?(?=[0-9A-Z附甲乙丙丁临]|$)")
_BUILDING_UNIT = re.compile(r"(?:单元|门|梯)$")
_DIGITS = re.compile(r"[0-9]")


@dataclass(frozen=True, slots=True)
class Parts:
    """Every address in parts: names and canonical numbers as texts, empty where absent; the region most texts state."""

    columns: Mapping[str, NDArray[np.object_]]
    region: str


def read_layer(table: pd.DataFrame, progress: Progress = SILENT) -> Parts:
    """Take a layer apart.

    What a column says holds; where a row's columns do not make up its text, the text is read too and fills what
    the columns leave open (a district, a villagers' group).
    """
    progress.stage("stage_address_parts", len(table))
    n = len(table)
    given = {name: _column(table, "stairwell" if name == "unit" else name) for name in (*NAMED, *NUMBERED)}
    columns = {name: _mapped(given[name], normalise) for name in NAMED}
    for name in NUMBERED:
        columns[name] = _mapped(given[name], _number)
    text = _column(table, "text")
    latin = np.array([is_latin(value) for value in text], dtype=bool)
    if latin.any():
        for name in NUMBERED:
            columns[name] = np.where(latin, _mapped(given[name], _latin_number), columns[name])
    has_place = (columns["street"] != "") | (columns["estate"] != "") | (columns["community"] != "")
    has_number = (columns["number"] != "") | (columns["building"] != "")
    front = _front_of(given, text)
    leads = {lead: _read_lead(lead) for lead in set(front.tolist()) if lead is not None}
    is_told = np.array([leads.get(lead) is not None for lead in front.tolist()], dtype=bool) & has_place & has_number
    regions: Counter[str] = Counter()
    for lead, parts in leads.items():
        rows = np.flatnonzero(is_told & (front == lead)) if parts else ()
        for name, value in (parts or {}).items():
            if name == "region":
                regions[value] += len(rows)
            else:
                columns[name][rows] = np.where(columns[name][rows] == "", value, columns[name][rows])
    open_rows = np.flatnonzero(~is_told)
    heads: dict[tuple[str, ...], dict[str, str]] = {}
    for row in open_rows.tolist():
        if latin[row]:
            _fill_latin(columns, row, text[row])
            continue
        known = tuple(columns[name][row] for name in NAMED)
        found = _read_text(normalise(text[row]), known, heads)
        region = found.get("region", "")
        if region:
            regions[region] += 1
        for name, value in found.items():
            if name != "region" and not columns[name][row]:
                columns[name][row] = value
    progress.advance(n)
    _settle(columns)
    region = max(sorted(regions), key=lambda name: regions[name], default="")
    return Parts(columns, region)


_UNIT_WORD = {"group": "组", "number": "号", "building": "栋", "unit": "单元"}
_IN_TEXT = ("district", "town", "community", "group", "street", "number", "estate", "building", "unit")


def _front_of(given: Mapping[str, NDArray[np.object_]], text: NDArray[np.object_]) -> NDArray[np.object_]:
    """What stands in a text before its own parts in a row; ``None`` where the parts do not make up the rest.

    Many layers leave the community out of the text.
    """
    with_it = without = np.full(len(text), "", dtype=object)
    for name in _IN_TEXT:
        word = _UNIT_WORD.get(name)
        part = _mapped(given[name], partial(_with_word, word=word)) if word else given[name]
        with_it, without = with_it + part, without if name == "community" else without + part
    front: list[str | None] = []
    for whole, more, less in zip(text.tolist(), with_it.tolist(), without.tolist()):
        said = more if whole.endswith(more) else less
        front.append(whole[: len(whole) - len(said)] if said and whole.endswith(said) else None)
    return np.array([*front, None], dtype=object)[:-1]


def _with_word(value: str, word: str) -> str:
    return value + word if value and (value[-1].isdecimal() or ("A" <= value[-1] <= "Z")) else value


def _read_lead(lead: str) -> dict[str, str] | None:
    """Region, district, town and community that a text begins with, where it is nothing else."""
    lead = normalise(lead)
    found = _FRONT.match(lead)
    if found is None or found.end() < len(lead):
        return None
    return {name: value for name, value in found.groupdict().items() if value}


def _settle(columns: dict[str, NDArray[np.object_]]) -> None:
    """A number inside an estate without a street counts buildings."""
    inside = (
        (columns["street"] == "") & (columns["estate"] != "") & (columns["building"] == "") & (columns["number"] != "")
    )
    columns["building"] = np.where(inside, columns["number"], columns["building"])
    columns["number"] = np.where(inside, "", columns["number"])


def _column(table: pd.DataFrame, name: str) -> NDArray[np.object_]:
    if name not in table.columns:
        return np.full(len(table), "", dtype=object)
    values = table[name]
    texts: NDArray[np.object_] = values.astype(object).where(values.notna(), "").map(str).to_numpy(dtype=object)
    return texts


def _mapped(values: NDArray[np.object_], change: Callable[[str], str]) -> NDArray[np.object_]:
    import pandas as pd

    place, distinct = pd.factorize(values)
    if not len(distinct):
        return values
    made: NDArray[np.object_] = np.array([change(value) for value in distinct], dtype=object)[place]
    return made


def _number(text: str) -> str:
    return canonical_number(normalise(_BUILDING_UNIT.sub("", text))) if text else ""


def _latin_number(text: str) -> str:
    number = number_key(fold(text)) if text else ""
    return number if _DIGITS.search(number) and len(number) <= 12 else ""


def _fill_latin(columns: dict[str, NDArray[np.object_]], row: int, text: str) -> None:
    """Fill what the columns of a row in Latin script leave open from its text."""
    is_placed = columns["town"][row] or columns["community"][row] or columns["district"][row]
    if is_placed and columns["street"][row] and columns["number"][row]:
        return
    found = latin_row(fold(text))
    for name in ("street", "number"):
        if not columns[name][row]:
            columns[name][row] = found.get(name, "")
    if not is_placed:
        columns["town"][row] = found.get("town", "")


def _read_text(text: str, known: Sequence[str], heads: dict[tuple[str, ...], dict[str, str]]) -> dict[str, str]:
    """The parts of a normalised text; names that are known are found in it, others by the words they end in."""
    if not text or text.isascii():
        return {}
    found: dict[str, str] = {}
    for name in known:
        if name and _DIGITS.search(name):
            text = text.replace(name, "\uf8ff", 1)
    numbers = [number for number in read_numbers(text) if not number.many and number.kind != "phase"]
    first = numbers[0].start if numbers else len(text)
    head = text[:first]
    is_before_lin = bool(numbers) and numbers[0].kind == "hamlet"
    key = (head, str(is_before_lin), *known)
    if key not in heads:
        heads[key] = _read_head(head, known, "1邻" if is_before_lin else "")
    found.update(heads[key])
    last_end, seen_street = first, bool(found.get("street") or known[3])
    for number in numbers:
        between = text[last_end : number.start].strip(",\uf8ff")
        if number.kind == "building" or (number.kind == "bare" and between):
            if between and "estate" not in found and not known[4]:
                found["estate"] = between
            found.setdefault("building", number.value)
        elif number.kind == "group":
            found.setdefault("group", number.value)
        elif number.kind == "door":
            if between and "number" not in found and "group" not in found and not seen_street:
                street = _STREET.match(between)
                found["street" if street else "estate"] = between
            if "number" not in found:
                found["number"] = number.value
        elif number.kind == "rest" and "单元" in number.value:
            found.setdefault("unit", number.value.partition("单元")[0])
        last_end = number.end
    tail = text[last_end:].strip(",\uf8ff")
    if len(tail) >= 2 and "estate" not in found and not known[4] and numbers and numbers[-1].kind == "door":
        found["estate"] = tail
    if not numbers and head and "estate" not in found and "street" not in found and not known[4]:
        found["estate"] = head
    return found


def _read_head(head: str, known: Sequence[str], behind: str) -> dict[str, str]:
    found: dict[str, str] = {}
    rest = head
    cut = 0
    for name in (known[1], known[2], known[3]):
        place = rest.find(name, cut) if name else -1
        if place >= 0:
            if not cut and place:
                front = _FRONT.match(rest[:place])
                if front:
                    found["region"] = front["region"] or ""
                    found["district"] = front["district"] or ""
            cut = place + len(name)
    if not cut:
        front = _FRONT.match(rest + behind)
        if front:
            for part in ("region", "district", "town", "community"):
                found[part] = front[part] or ""
            cut = front.end()
    left = rest[cut:].strip(",\uf8ff")
    if left and not known[3]:
        street = _STREET.match(left + "0")
        if street and street.end() >= len(left):
            found["street"] = left
        elif street and not known[4]:
            found["street"], found["estate"] = street[0], left[street.end() :]
        elif not known[4]:
            found["estate"] = left
    return {name: value for name, value in found.items() if value}
