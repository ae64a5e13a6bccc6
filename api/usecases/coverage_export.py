"""Accepted proposals as files for those who build: a workbook, and points for a map program."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import orjson

from api.i18n import sentence
from data.papers.words import Words
from data.papers.workbook import Column, Sheet, write_workbook
from data.store.rooms.coverage import Decision
from data.store.rooms.plan_card import PlanCard

_COLUMNS = (
    ("number", "int"),
    ("id", "code"),
    ("kind", "text"),
    ("grid", "code"),
    ("lon", "plain"),
    ("lat", "plain"),
    ("heading_deg", "plain"),
    ("level", "text"),
    ("decided_at", "text"),
)


class _Words(Words):
    """The words of the papers, with those of this one."""

    def __init__(self, language: str) -> None:
        super().__init__(language)
        own = {f"col_{name}": sentence(f"coverage_paper_{name}", {}, language) for name, _ in _COLUMNS}
        own["sheet_accepted"] = sentence("coverage_paper_accepted", {}, language)
        self._texts = {**self._texts, **own}


def accepted_workbook(card: PlanCard, accepted: Sequence[Decision], language: str) -> bytes:
    """One sheet, in the order of the ids."""
    words = _Words(language)
    rows = [
        (
            n,
            one.id,
            sentence(f"coverage_kind_{one.kind}", {}, language),
            one.grid,
            one.lon,
            one.lat,
            one.heading_deg,
            one.level,
            one.decided_at.strftime("%Y-%m-%d %H:%M UTC"),
        )
        for n, one in enumerate(accepted, start=1)
    ]
    columns = tuple(Column(name, kind) for name, kind in _COLUMNS)  # type: ignore[arg-type]
    title = sentence("coverage_paper_title", {"name": card.name, "measured": len(rows)}, language)
    sheet = Sheet("accepted", title, columns, rows)
    meta = {"plan_id": f"{card.id}-{card.revision}"}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "accepted.xlsx"
        write_workbook(path, [sheet], meta, words)
        return path.read_bytes()


def accepted_geojson(card: PlanCard, accepted: Sequence[Decision], language: str) -> bytes:
    """Points in longitude and latitude."""
    features = [
        {
            "type": "Feature",
            "id": one.id,
            "geometry": {"type": "Point", "coordinates": [one.lon, one.lat]},
            "properties": {
                "id": one.id,
                "kind": one.kind,
                "grid": one.grid,
                "heading_deg": one.heading_deg,
                "level": one.level,
                "decided_at": one.decided_at.isoformat(),
            },
        }
        for one in accepted
    ]
    body = {"type": "FeatureCollection", "plan": card.id, "revision": card.revision, "features": features}
    return orjson.dumps(body)
