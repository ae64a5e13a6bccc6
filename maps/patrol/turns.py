"""The turn list: one row a leg and one for the arrival, in words a patrol reads on the way.

Decides the words; where they stand is decided by the writers.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import shapely

from maps.patrol.datum import Datum, clean
from maps.patrol.words import length_text, minutes_text, patrol_words
from partition.patrol.itinerary import Itinerary, Leg


@dataclass(frozen=True, slots=True)
class TurnRow:
    """One row of the list.

    Attributes
    ----------
    number
        Of the leg; the arrival has the next one.
    kind
        ``inspect``, ``deadhead``, ``dwell``, ``arrive``.
    turn
        The turn in a word: 左转, Left.
    street
        Street or place.
    length_m
        Metres of this leg.
    at
        When it begins: ``09:42`` where the route has a moment to start at, else hours and minutes from its
        beginning, ``0:42``.
    note
        空驶, 尽头折返, 停留 3 分钟; empty where there is nothing to say.
    text
        All of it in one sentence.
    """

    number: int
    kind: str
    turn: str
    street: str
    length_m: float
    at: str
    note: str
    text: str


def turn_rows(itinerary: Itinerary, language: str = "zh") -> list[TurnRow]:
    """The turn list of a route; ``language``: ``zh`` or ``en``."""
    words = patrol_words(language)
    joint = "、" if language == "zh" else ", "
    rows = []
    before: Leg | None = None
    for leg in itinerary.legs:
        street = street_text(leg, words)
        rows.append(
            TurnRow(
                number=leg.number,
                kind=leg.kind,
                turn=words[f"turn_{leg.turn}"],
                street=street,
                length_m=leg.length_m,
                at=time_text(itinerary, leg.start_s),
                note=joint.join(_notes(leg, words)),
                text=_sentence(itinerary, leg, before, street, words, language),
            )
        )
        before = leg if leg.kind != "dwell" else before
    if itinerary.legs:
        rows.append(_arrival(itinerary, words))
    return rows


def turn_dicts(itinerary: Itinerary, language: str = "zh") -> list[dict[str, Any]]:
    """`turn_rows` as plain data."""
    return [asdict(row) for row in turn_rows(itinerary, language)]


def turn_text(itinerary: Itinerary, language: str = "zh") -> str:
    """The turn list as text: what the route is, then a line a row."""
    words = patrol_words(language)
    rows = turn_rows(itinerary, language)
    wide = max((len(row.at) for row in rows), default=0)
    lines = [words["list_title"].format(id=clean(itinerary.id)), " · ".join(facts(itinerary, language))]
    lines += [f"{row.number:>3}  {row.at:>{wide}}  {row.text}" for row in rows]
    return "\n".join(lines) + "\n"


def facts(itinerary: Itinerary, language: str) -> list[str]:
    """What the route is, in a few short texts: mode and lengths, who, which shift, when, which plan."""
    words = patrol_words(language)
    parts = [
        words["list_facts"].format(
            mode=words[f"mode_{itinerary.mode.value}"],
            minutes=f"{itinerary.minutes:.0f}",
            length=length_text(itinerary.length_m, words),
            required=length_text(itinerary.required_m, words),
            deadhead=length_text(itinerary.deadhead_m, words),
        )
    ]
    if itinerary.n_patrollers > 1:
        parts.append(words["list_patroller"].format(n=itinerary.patroller, of=itinerary.n_patrollers))
    if itinerary.shift:
        parts.append(words["list_shift"].format(shift=clean(itinerary.shift)))
    moment = starts(itinerary)
    parts.append(words["list_starts"].format(at=f"{moment:%Y-%m-%d %H:%M}") if moment else words["list_elapsed"])
    if itinerary.plan_id:
        parts.append(words["list_plan"].format(plan=clean(itinerary.plan_id)))
    return parts


def about(itinerary: Itinerary, language: str, datum: Datum) -> str:
    """What a file holds, in a paragraph: that it is a plan, in which coordinates, and the facts of the route."""
    words = patrol_words(language)
    return " ".join([words["planned"], words[f"datum_{datum}"], " · ".join(facts(itinerary, language))])


def starts(itinerary: Itinerary) -> datetime | None:
    """The moment the patrol sets out, where one is set; raises ``ValueError`` for what is no moment with an offset."""
    if not itinerary.starts_at:
        return None
    moment = datetime.fromisoformat(itinerary.starts_at)
    if moment.tzinfo is None:
        raise ValueError(f"{itinerary.starts_at!r} has no offset from UTC")
    return moment


def time_text(itinerary: Itinerary, seconds: float) -> str:
    """A time on the way, to the minute: of the clock, or from the start."""
    moment = starts(itinerary)
    if moment is not None:
        return f"{moment + timedelta(seconds=round(seconds)):%H:%M}"
    minutes = int(seconds // 60)
    return f"{minutes // 60}:{minutes % 60:02d}"


def street_text(leg: Leg, words: dict[str, str]) -> str:
    """What a street or place is called; one without a name by its class or kind."""
    name = clean(leg.name)
    if leg.kind != "dwell":
        return name or words.get(f"road_{leg.road_class}", words["road"])
    kind = clean(leg.road_class)
    return name or words.get(f"place_{kind}", kind) or words["place_unnamed"].format(id=clean(leg.place_id))


def heading_text(bearing_deg: float, words: dict[str, str]) -> str:
    """One of eight headings."""
    return words[f"heading_{round(bearing_deg / 45) % 8}"]


def end_point(itinerary: Itinerary) -> Any:
    """Where the route ends, in its CRS."""
    geometry = itinerary.legs[-1].geometry
    return geometry if shapely.get_dimensions(geometry) == 0 else shapely.get_point(geometry, -1)


def _notes(leg: Leg, words: dict[str, str]) -> list[str]:
    if leg.kind == "dwell":
        return [words["mark_dwell"].format(minutes=minutes_text(leg.seconds))]
    notes = [words["mark_deadhead"]] if leg.kind == "deadhead" else []
    notes += [words["mark_other_side"]] if leg.other_side else []
    return notes + ([words["mark_turns_back"]] if leg.turns_back else [])


def _sentence(
    itinerary: Itinerary, leg: Leg, before: Leg | None, street: str, words: dict[str, str], language: str
) -> str:
    if leg.kind == "dwell":
        return words["say_dwell"].format(place=street, minutes=minutes_text(leg.seconds))
    key = f"say_{leg.turn}"
    same = before is not None and (before.name, before.road_class if not leg.name else "") == (
        leg.name,
        leg.road_class if not leg.name else "",
    )
    if leg.turn == "start" and itinerary.post:
        key = "say_start_post"
    elif leg.turn == "straight" and same:
        key = "say_on"
    elif leg.turn == "back" and same:
        key = "say_return"
    manner = "deadhead" if leg.kind == "deadhead" else "other_side" if leg.other_side else "inspect"
    first = words[key].format(street=street, heading=heading_text(leg.bearing_deg, words), post=clean(itinerary.post))
    text = first + words[f"say_{manner}"].format(length=length_text(leg.length_m, words))
    return text + (words["say_turns_back"] if leg.turns_back else "")


def _arrival(itinerary: Itinerary, words: dict[str, str]) -> TurnRow:
    last = itinerary.legs[-1]
    if not itinerary.is_closed:
        text = words["say_arrive"]
    elif itinerary.post:
        text = words["say_arrive_post"].format(post=clean(itinerary.post))
    else:
        text = words["say_arrive_back"]
    return TurnRow(
        number=last.number + 1,
        kind="arrive",
        turn=words["turn_arrive"],
        street=clean(itinerary.post) if itinerary.is_closed else "",
        length_m=0.0,
        at=time_text(itinerary, last.start_s + last.seconds),
        note="",
        text=text,
    )
