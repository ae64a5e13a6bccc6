"""What people said about places of a plan, among its papers: a sheet of the change list, and the same as GeoJSON.

Which comments there are is decided by whoever orders the papers.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from data.papers.facts import Facts, title_of
from data.papers.words import Words
from data.papers.workbook import Column, Sheet

_OFFICE_HOURS = timezone(timedelta(hours=8))
_DECIMALS = 7


@dataclass(frozen=True, slots=True)
class Saying:
    """Something that was said: by which role and account, and when."""

    text: str
    role: str
    who: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Comment(Saying):
    """A comment on a place, with its answers.

    Attributes
    ----------
    number
        What people call it by.
    plan
        Name of the plan it was written on, where that is another one; empty otherwise.
    grid
        Code; empty for a place without one.
    state
        ``open`` or ``settled``.
    settled
        Who settled it, and when; ``None`` while it is open.
    """

    number: int
    plan: str
    lon: float
    lat: float
    grid: str
    state: str
    settled: Saying | None
    answers: tuple[Saying, ...]


def comments_sheet(facts: Facts, comments: Sequence[Comment]) -> Sheet:
    """The comments in the order they were written, one row each."""
    words = facts.words
    communities = dict(zip(facts.filed.grids["code"], facts.of_community("name")))
    rows = []
    for one in comments:
        settled = (
            "" if one.settled is None else words("comment_by", who=by(one.settled, words), when=_moment(one.settled.at))
        )
        answers = "\n".join(
            words("comment_answer", who=by(said, words), when=_moment(said.at), text=said.text) for said in one.answers
        )
        rows.append(
            (
                words("comment_of", plan=one.plan, number=one.number) if one.plan else str(one.number),
                words.of("comment", one.state),
                one.grid,
                communities.get(one.grid, ""),
                one.text,
                by(one, words),
                _moment(one.at),
                answers,
                settled,
                round(one.lon, _DECIMALS),
                round(one.lat, _DECIMALS),
            )
        )
    columns = (
        *(Column("comment"), Column("comment_state"), Column("code", "code"), Column("community")),
        *(Column("comment_text", "long"), Column("comment_who"), Column("comment_when")),
        *(Column("comment_answers", "long"), Column("comment_settled"), Column("lon", "plain"), Column("lat", "plain")),
    )
    return Sheet("comments", title_of(facts, "comments_title"), columns, rows)


def comments_geojson(comments: Sequence[Comment]) -> bytes:
    """The comments as points (RFC 7946)."""
    features = [
        {
            "type": "Feature",
            "properties": {
                "number": one.number,
                "plan": one.plan or None,
                "grid": one.grid or None,
                "state": one.state,
                **_said(one),
                "settled": None if one.settled is None else _said(one.settled),
                "answers": [_said(said) for said in one.answers],
            },
            "geometry": {"type": "Point", "coordinates": [round(one.lon, _DECIMALS), round(one.lat, _DECIMALS)]},
        }
        for one in comments
    ]
    text = json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False, indent=1)
    return text.encode("utf-8", "replace") + b"\n"


def by(said: Saying, words: Words) -> str:
    """Role and account; the role alone where nobody signs in."""
    role = words.of("by", said.role)
    return role if said.who in ("", "local") else words("comment_role_who", role=role, who=said.who)


def _said(one: Saying) -> dict[str, str]:
    return {"text": one.text, "role": one.role, "who": one.who, "at": one.at.isoformat(timespec="seconds")}


def _moment(at: datetime) -> str:
    return f"{at.astimezone(_OFFICE_HOURS):%Y-%m-%d %H:%M}"
