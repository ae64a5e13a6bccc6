"""Real layers with real or derived questions: Tainan's estates, Singapore's blocks, Liechtenstein, Monaco.

Tainan asks what offices wrote and takes the official geocoder's answer as truth, unit by unit.  The others have no
questions of their own: each address is asked as written, with one wrong letter, with a part left away, with a unit or
postcode behind it, and with numbers that are not there.
"""

from __future__ import annotations

import csv
import json
import random
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import pandas as pd

from gis.readers.osm import read_osm
from tests.bench.lookup_questions import Question
from tests.bench.lookup_typos import mistyped_latin

WRITTEN_OUT: Final = {
    "ST": "Street", "RD": "Road", "AVE": "Avenue", "DR": "Drive", "CRES": "Crescent", "CTRL": "Central",
    "NTH": "North", "STH": "South", "BT": "Bukit", "JLN": "Jalan", "LOR": "Lorong", "CL": "Close", "PL": "Place",
    "UPP": "Upper", "C'WEALTH": "Commonwealth", "GDNS": "Gardens", "PK": "Park", "HTS": "Heights", "TER": "Terrace",
}  # fmt: skip
_TYPES: Final = frozenset(("ST", "RD", "AVE", "DR", "CRES", "CTRL", "CL", "PL", "TER", "LANE", "LINK", "WALK", "WAY"))
_MAPPED_KINDS: Final = (
    "clean", "number_first", "plain_letters", "typo", "typo_no_town", "no_town", "no_postcode", "shortened",
    "neg_number", "neg_letter",
)  # fmt: skip
_ENDINGS: Final = ("strasse", "weg", "gasse")
EXACT_OFFICIAL: Final = "完全比對"


class Layer(NamedTuple):
    """A layer's table, the region it lies in, and the questions about it."""

    name: str
    table: pd.DataFrame
    region: str
    questions: list[Question]


def tainan(data: Path) -> list[Layer]:
    """Three layers: the officially exact rows; all rows; all rows but every other, asked for those taken out.

    A row is right when it lies in the unit the official geocoder names.
    """
    with (data / "tainan" / "estates_geocoded.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    exact = [r for r in rows if r["geocoder_match"] == EXACT_OFFICIAL]
    fuzzy = [r for r in rows if r["geocoder_match"] != EXACT_OFFICIAL]
    standard = sorted({r["address_std"] for r in rows})
    kept, out = set(standard[::2]), set(standard[1::2])
    return [
        _tainan("tainan, exact rows", exact, {"exact": exact}),
        _tainan("tainan, all rows", rows, {"exact": exact, "fuzzy": fuzzy}),
        _tainan(
            "tainan, every other address taken out",
            [r for r in rows if r["address_std"] in kept],
            {"taken_out": [r for r in exact if r["address_std"] in out]},
        ),
    ]


def _tainan(name: str, known: Sequence[dict[str, str]], asked: dict[str, Sequence[dict[str, str]]]) -> Layer:
    by_text = {r["address_std"]: r for r in known}
    table = pd.DataFrame(
        {
            "id": [f"a{k}" for k in range(len(by_text))],
            "text": list(by_text),
            "lon": [float(r["lon"]) for r in by_text.values()],
            "lat": [float(r["lat"]) for r in by_text.values()],
        }
    )
    of_unit: dict[str, list[int]] = defaultdict(list)
    for k, row in enumerate(by_text.values()):
        of_unit[row["CODEBASE"]].append(k)
    questions = [
        Question(kind, r["address_raw"], -1, tuple(of_unit.get(r["CODEBASE"], ())), "row")
        for kind, rows in asked.items()
        for r in rows
    ]
    return Layer(name, table, "臺南市", questions)


def singapore(data: Path, n: int, seed: int = 5) -> list[Layer]:
    """Public housing blocks: number and street."""
    with (data / "singapore-hdb" / "blocks.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    table = pd.DataFrame(
        {
            "id": [str(k) for k in range(len(rows))],
            "text": [f"{r['blk_no']} {r['street']}" for r in rows],
            "street": [r["street"] for r in rows],
            "number": [r["blk_no"] for r in rows],
            "lon": [float(r["lon"]) for r in rows],
            "lat": [float(r["lat"]) for r in rows],
        }
    )
    return [Layer("singapore blocks", table, "", list(_singapore(rows, n, seed)))]


def _without_type(street: str) -> str:
    return " ".join(word for word in street.split() if word not in _TYPES)


def _out(street: str) -> str:
    return " ".join(WRITTEN_OUT.get(word, word.capitalize()) for word in street.split())


def _singapore(rows: Sequence[dict[str, str]], n: int, seed: int) -> Iterator[Question]:
    pairs = [(r["blk_no"], r["street"]) for r in rows]
    row_of = {pair: k for k, pair in enumerate(pairs)}
    streets = {street.casefold() for _, street in pairs}
    bare: dict[tuple[str, str], list[int]] = defaultdict(list)
    for k, (block, street) in enumerate(pairs):
        bare[block, _without_type(street)].append(k)
    for kind in ("clean", "written_out", "typo", "type_missing", "unit_postcode"):
        rng = random.Random(f"{seed} {kind}")
        for k in rng.sample(range(len(rows)), min(n, len(rows))):
            block, street = pairs[k]
            accepted: tuple[int, ...] = (k,)
            text = rng.choice(("{} {}", "Blk {} {}", "BLK {}, {}", "Block {} {}"))
            shown = rng.choice((street, street.title(), street.lower()))
            if kind == "written_out":
                shown = _out(street)
            elif kind == "typo":
                shown = mistyped_latin(_out(street) if rng.random() < 0.5 else street.title(), rng, streets)
            elif kind == "type_missing":
                shown = _without_type(street).title()
                accepted = tuple(bare[block, _without_type(street)])
            elif kind == "unit_postcode":
                unit = f"#{rng.randint(1, 25):02d}-{rng.randint(1, 400):02d}"
                text += rng.choice(
                    (f" {unit}", f" {unit} Singapore 56{k:04d}", f", Singapore 56{k:04d}", f" {unit} S(56{k:04d})")
                )
            yield Question(kind, text.format(block, shown), k, accepted, "several" if len(accepted) > 1 else "row")
    for kind, change in (("neg_letter", _other_letter), ("neg_block", _other_block), ("neg_street", _other_ordinal)):
        rng = random.Random(f"{seed} {kind}")
        made = 0
        for k in rng.sample(range(len(rows)), len(rows)):
            pair = change(pairs[k], rng)
            if made < n and pair is not None and pair not in row_of:
                made += 1
                yield Question(kind, f"Blk {pair[0]} {_out(pair[1])}", k, (), "none")


Pair = tuple[str, str]


def _other_letter(pair: Pair, rng: random.Random) -> Pair:
    digits = "".join(c for c in pair[0] if c.isdigit())
    return digits + rng.choice("ABCDEFGHJ"), pair[1]


def _other_block(pair: Pair, rng: random.Random) -> Pair:
    digits = int("".join(c for c in pair[0] if c.isdigit()))
    return str(digits + rng.choice((1, 2, 5, 10, 100))), pair[1]


def _other_ordinal(pair: Pair, rng: random.Random) -> Pair | None:
    head, _, last = pair[1].rpartition(" ")
    return (pair[0], f"{head} {int(last) * 10 + rng.randint(0, 3)}") if last.isdigit() else None


def mapped(data: Path, n: int, seed: int = 6) -> list[Layer]:
    """The addresses that the reader of map files makes of Liechtenstein and Monaco."""
    layers = []
    for name in ("liechtenstein-2021", "monaco-2023"):
        folder = "osm-" + name.split("-")[0]
        frame = read_osm(data / folder / f"{name}.osm.pbf")["addresses"]
        table = pd.DataFrame(frame.drop(columns="geometry")).reset_index(drop=True)
        table["lon"], table["lat"] = frame.geometry.x.to_numpy(), frame.geometry.y.to_numpy()
        table = table.astype(object).where(table.notna(), None)
        layers.append(Layer(name, table, "", list(_mapped(table, n, seed))))
    return layers


def _plain(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


def _mapped(table: pd.DataFrame, n: int, seed: int) -> Iterator[Question]:
    keys = list(zip(table["street"], table["number"], table["town"]))
    of_key: dict[tuple[Any, ...], list[int]] = defaultdict(list)
    of_door: dict[tuple[Any, ...], list[int]] = defaultdict(list)
    for k, (street, number, town) in enumerate(keys):
        of_key[street, number, town].append(k)
        of_door[street, number].append(k)
    known = {str(street).casefold() for street in table["street"] if street}
    buildings = [k if building is None else building for k, building in enumerate(table["building_id"])]
    full = [k for k, key in enumerate(keys) if all(key)]

    def question(kind: str, k: int, rng: random.Random) -> Question | None:
        street, number, town = keys[k]
        behind = str(table["text"][k]).partition(", ")[2]
        here = tuple(of_key[keys[k]])
        if kind == "clean":
            return Question(kind, str(table["text"][k]), k, here)
        if kind == "number_first":
            return Question(kind, f"{number} {street}, {behind}", k, here)
        if kind == "plain_letters":
            return Question(kind, _plain(f"{street} {number} {town}").lower(), k, here)
        if kind == "typo":
            wrong = mistyped_latin(street, rng, known)
            return Question(kind, f"{wrong} {number}, {behind}", k, here) if wrong != street else None
        if kind in ("no_town", "typo_no_town"):
            anywhere = tuple(of_door[street, number])
            expect = "several" if len({buildings[at] for at in anywhere}) > 1 and len(here) < len(anywhere) else "row"
            shown = street if kind == "no_town" else mistyped_latin(street, rng, known)
            if kind == "typo_no_town" and shown == street:
                return None
            return Question(kind, f"{shown} {number}", k, anywhere, expect)
        if kind == "no_postcode":
            return Question(kind, f"{street} {number}, {town}", k, here)
        if kind == "shortened":
            short = next((street.removesuffix(e) + e[:3] + "." for e in _ENDINGS if street.endswith(e)), "")
            return Question(kind, f"{short} {number}, {town}", k, here) if short.endswith("str.") else None
        wrong_number = str(int("".join(c for c in number if c.isdigit()) or 0) + rng.choice((1, 2, 50, 500)))
        if kind == "neg_letter":
            wrong_number = "".join(c for c in number if c.isdigit()) + rng.choice("fghkz")
        if (street, wrong_number) in of_door:
            return None
        return Question(kind, f"{street} {wrong_number}, {town}", k, (), "none")

    for kind in _MAPPED_KINDS:
        rng = random.Random(f"{seed} {kind}")
        made = 0
        for k in rng.sample(full, len(full)):
            asked = question(kind, k, rng) if made < n else None
            if asked is not None:
                made += 1
                yield asked


def latin_cases(data: Path, n: int) -> list[Layer]:
    """Published geocoder cases against a layer of their own expected answers.

    Cases of one file with the same street and number are one address; left out where they name two towns.
    """
    lines = (data / "address" / "latin_geocoder_tester.jsonl").read_text(encoding="utf-8").splitlines()
    of_door: dict[tuple[str, str, str], list[dict[str, str]]] = defaultdict(list)
    for case in map(json.loads, lines):
        if case.get("expected_street") and case.get("expected_housenumber"):
            of_door[case["file"], case["expected_street"], case["expected_housenumber"]].append(case)
    rows: list[dict[str, Any]] = []
    questions: list[Question] = []
    for (file, street, number), cases in of_door.items():
        towns = {c["expected_city"] for c in cases if c.get("expected_city")}
        codes = {c["expected_postcode"] for c in cases if c.get("expected_postcode")}
        if len(towns) > 1 or len(codes) > 1:
            continue
        behind = " ".join([*codes, *towns])
        row = {"id": str(len(rows)), "text": f"{street} {number}, {behind}".strip(" ,")}
        rows.append(row | {"street": street, "number": number, "town": next(iter(towns), None)})
        at = len(rows) - 1
        questions += [Question(file.split("/")[0], case["query"], at, (at,)) for case in cases]
    same: dict[tuple[str, str], list[int]] = defaultdict(list)
    for k, row in enumerate(rows):
        same[row["street"], row["number"]].append(k)
    alike = [tuple(same[rows[q.row]["street"], rows[q.row]["number"]]) for q in questions]
    asked = [q._replace(accepted=accepted) for q, accepted in zip(questions, alike)]
    step = max(1, len(asked) // n)
    return [Layer("geocoder cases", pd.DataFrame(rows), "", asked[::step])]


REAL: Final[dict[str, Callable[[Path, int], list[Layer]]]] = {
    "tainan": lambda data, n: tainan(data),
    "singapore-hdb": singapore,
    "osm-liechtenstein": mapped,
    "address": latin_cases,
}
"""What each folder of the data gives."""
