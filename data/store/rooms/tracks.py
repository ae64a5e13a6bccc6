"""Tracks of patrols, judged: kept once each, read within a jurisdiction.

How a track is judged is decided on the floors below; here it is a card with figures and a report.  A track names a
patrol (``GRID-1``), never a person, and holds no fix.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, text, tuple_

from data.store.postgis import ensure_parts
from data.store.rooms.inside import is_inside
from data.store.tables.tracks import patrol_tracks
from data.store.tx import Tx
from gis.errors import Conflict, NotFound

_ID_DIGITS = 16


@dataclass(frozen=True, slots=True)
class TrackKey:
    """What a track was walked for: a route of a grid of a plan as it was at a revision, in one half of a day."""

    plan: str
    revision: int
    grid: str
    route: str
    mode: str
    day: str
    half: str


@dataclass(frozen=True, slots=True)
class TrackFigures:
    """What a track adds up to.

    Attributes
    ----------
    fixes, used
        In the file, and left after cleaning.
    hours
        ``None`` where the file has no times.
    km
        Along the track.
    planned_m, covered_m
        Of the streets the route has to inspect.
    """

    fixes: int
    used: int
    hours: float | None
    km: float
    planned_m: float
    covered_m: float


@dataclass(frozen=True, slots=True)
class TrackCard:
    """One track, without its report."""

    id: str
    plan: str
    revision: int
    grid: str
    route: str
    mode: str
    day: str
    half: str
    received_at: datetime
    fixes: int
    used: int
    hours: float | None
    km: float
    planned_m: float
    covered_m: float


_CARD = [patrol_tracks.c[f.name] for f in fields(TrackCard)]


def track_id(key: TrackKey, digest: bytes) -> str:
    """Id of a track, from the SHA-256 of its file.

    The same file for the same shift has the same id, so that sending it again makes no second track.
    """
    said = "\n".join(str(getattr(key, f.name)) for f in fields(key)).encode()
    return "t" + hashlib.sha256(said + b"\n" + digest).hexdigest()[:_ID_DIGITS]


class Tracks:
    """Tracks inside one transaction."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx

    def add(
        self, id: str, key: TrackKey, figures: TrackFigures, report: Mapping[str, Any], *, county: str, community: str
    ) -> tuple[TrackCard, bool]:
        """Keep a judged track, with a row of the log and an event.

        Parameters
        ----------
        id
            From `track_id`.
        county
            Of the plan.
        community
            Of the grid; those within whose jurisdiction it lies see the track.

        Returns
        -------
        TrackCard, bool
            The track, and whether it is new.  One that is there already is left as it is.

        Raises
        ------
        Conflict
            ``outside_jurisdiction``.
        """
        tx = self._tx
        if not community.startswith(tx.jurisdiction):
            raise Conflict("outside_jurisdiction", measured=community, allowed=tx.jurisdiction)
        if tx.is_postgis:
            # Of two that send one file at once, the second waits here and finds the first's.
            tx.connection.execute(text("select pg_advisory_xact_lock(hashtextextended(:id, 6))"), {"id": id})
            ensure_parts(tx.connection, (patrol_tracks,), county)
        there = self.find(id)
        if there is not None:
            return there, False
        row = {f.name: getattr(source, f.name) for source in (key, figures) for f in fields(source)}
        row |= {"county": county, "id": id, "place": community, "received_at": tx.act.at, "report": dict(report)}
        tx.connection.execute(patrol_tracks.insert().values(row))
        after = {name: row[name] for name in ("plan", "revision", "route", "day", "half", "fixes", "covered_m")}
        tx.audit.record("track.add", id, place=community, after=after)
        event = {"track": id, "plan": key.plan, "grid": key.grid, "route": key.route}
        tx.outbox.put("track.added", id, event, place=community)
        return self.card(id), True

    def card(self, id: str) -> TrackCard:
        """One track.

        Raises
        ------
        NotFound
            ``track_unknown``.
        """
        found = self.find(id)
        if found is None:
            raise NotFound("track_unknown", id=id)
        return found

    def report(self, id: str) -> dict[str, Any]:
        """What was found of one track.

        Raises
        ------
        NotFound
            ``track_unknown``.
        """
        wanted = select(patrol_tracks.c.report).where(patrol_tracks.c.id == id, self._is_seen())
        found = self._tx.connection.execute(wanted).scalar()
        if found is None:
            raise NotFound("track_unknown", id=id)
        return dict(found)

    def cards(
        self,
        *,
        plan: str | None = None,
        grid: str | None = None,
        mode: str | None = None,
        first: str | None = None,
        last: str | None = None,
        after: str | None = None,
        limit: int = 100,
    ) -> list[TrackCard]:
        """Tracks, the newest first.

        Parameters
        ----------
        plan, grid, mode
            Only those.
        first, last
            Days of the shift, both included.
        after
            Id of the last track of the page before.

        Raises
        ------
        NotFound
            ``track_unknown``: there is no track ``after``.
        """
        table = patrol_tracks.c
        wanted = select(*_CARD).where(self._is_seen())
        for column, value in ((table.plan, plan), (table.grid, grid), (table.mode, mode)):
            if value is not None:
                wanted = wanted.where(column == value)
        if first is not None:
            wanted = wanted.where(table.day >= first)
        if last is not None:
            wanted = wanted.where(table.day <= last)
        if after is not None:
            card = self.card(after)
            wanted = wanted.where(tuple_(table.received_at, table.id) < (card.received_at, card.id))
        wanted = wanted.order_by(table.received_at.desc(), table.id.desc()).limit(limit)
        return [TrackCard(**row._mapping) for row in self._tx.connection.execute(wanted)]

    def forget_before(self, day: str) -> int:
        """Drop the tracks of shifts before a day; returns how many."""
        found = self._tx.connection.execute(delete(patrol_tracks).where(patrol_tracks.c.day < day, self._is_seen()))
        if found.rowcount:
            self._tx.audit.record("track.forget", day, place=self._tx.jurisdiction, after={"tracks": found.rowcount})
        return found.rowcount

    def find(self, id: str) -> TrackCard | None:
        """One track; ``None`` where there is none."""
        row = self._tx.connection.execute(select(*_CARD).where(patrol_tracks.c.id == id, self._is_seen())).first()
        return None if row is None else TrackCard(**row._mapping)

    def _is_seen(self) -> Any:
        return is_inside(patrol_tracks.c.place, self._tx)
