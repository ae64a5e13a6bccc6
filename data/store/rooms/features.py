"""Features: pages, windows, single ones, counts, extents and tiles of what is in force now or was at some moment.

A page is found by the place after the last feature of the page before (never by an offset), so that nothing is
missed or shown twice while others write, and the thousandth page costs what the first one does.  Everything keeps to
the jurisdiction of the transaction; what lies outside is answered like what does not exist.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Table, and_, func, or_, select, true

from data.store.rooms.collections import Collection, collection_of
from data.store.rooms.inside import is_inside
from data.store.rooms.owners import LIVE, Owner, around, is_one_of, plans_of, resume, territories_of
from data.store.rooms.windows import (
    Box,
    Interval,
    ended_at,
    fids_in_box,
    lives_in,
    shapes_of,
    touches,
    wkb_of,
)
from data.store.tx import Tx
from gis.errors import InputError, NotFound

_READ_AT_ONCE = 10_000
_FID = re.compile(r"\d{1,18}", re.ASCII)  # what the column can hold
MAX_PAGE = 10_000
"""Features of one page at most (SQLite takes 32,766 parameters in one statement)."""


@dataclass(frozen=True, slots=True)
class Page:
    """Features in their order, as columns: ids, geometries (longitude, latitude) and properties.

    Attributes
    ----------
    following
        Where the next page starts; none after the last one.
    """

    ids: tuple[str, ...]
    shapes: NDArray[Any]
    properties: tuple[dict[str, Any], ...]
    following: str | None = None


@dataclass(frozen=True, slots=True)
class Extent:
    """What a collection spans: ``bbox`` (west, south, east, north; none when empty), and its time (none: open)."""

    bbox: tuple[float, float, float, float] | None
    start: datetime | None
    end: datetime | None


class Features:
    """Features inside one transaction."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx

    def state(self, name: str, interval: Interval) -> str:
        """A text that changes when what the collection shows of an interval changes, for ETags and caches."""
        collection = collection_of(name)
        digest = hashlib.sha256(f"{name}\0{self._tx.jurisdiction}".encode())
        rows = collection.table
        for owner in self._owners(collection, interval):
            digest.update(f"\0{owner.id}".encode())
            for community, (start, end) in sorted(owner.reigns.items()):
                digest.update(f"\1{community}\2{start.isoformat()}\2{end and end.isoformat()}".encode())
            if collection.is_live:
                newest = self._tx.connection.execute(select(func.max(rows.c.event))).scalar()
                digest.update(f"\1{newest}".encode())
            elif not collection.is_grids:
                # Rows of a territory are never changed; one may still be added.
                mine = and_(rows.c.county == owner.county, rows.c.territory == owner.id)
                newest = self._tx.connection.execute(select(func.max(rows.c.fid)).where(mine)).scalar()
                digest.update(f"\1{newest}".encode())
        return digest.hexdigest()[:20]

    def count(self, name: str, *, now: datetime, box: Box | None = None, interval: Interval | None = None) -> int:
        """How many features there are; ``box`` and ``interval`` as in `page`."""
        collection = collection_of(name)
        total = 0
        for owner in self._owners(collection, interval or Interval.at(now)):
            keep = self._kept(collection, owner, interval)
            if box is not None and not self._tx.is_postgis:
                total += len(fids_in_box(self._tx, collection.table, box, keep, collection.table.c.fid))
                continue
            wanted = select(func.count()).select_from(collection.table).where(keep)
            if box is not None:
                wanted = wanted.where(touches(collection.table, box))
            total += int(self._tx.connection.execute(wanted).scalar_one())
        return total

    def page(
        self,
        name: str,
        *,
        now: datetime,
        limit: int,
        after: str | None = None,
        box: Box | None = None,
        interval: Interval | None = None,
    ) -> Page:
        """The next features of a collection.

        Parameters
        ----------
        name
            Name of the collection.
        now
            The moment the grids are of where ``interval`` is not given.
        limit
            At most so many, and never more than `MAX_PAGE`.
        after
            ``following`` of the page before.
        box
            Only what touches this window.
        interval
            Only what was there in this span; what has no time always was.

        Raises
        ------
        NotFound
            ``collection_unknown``.
        InputError
            ``page_unknown``.
        """
        collection = collection_of(name)
        limit = max(1, min(limit, MAX_PAGE))
        owners = self._owners(collection, interval or Interval.at(now))
        owners, place = resume(self._tx, owners, after)
        if place is not None and collection.order == "fid" and not _FID.fullmatch(place):
            raise InputError("page_unknown", measured=after)
        rows: list[Any] = []
        whose: list[Owner] = []
        for owner in owners:
            found = self._rows(collection, owner, place, limit + 1 - len(rows), box, interval)
            rows += found
            whose += [owner] * len(found)
            place = None
            if len(rows) > limit:
                break
        following = None
        if len(rows) > limit:
            rows, whose = rows[:limit], whose[:limit]
            following = f"{whose[-1].id}:{getattr(rows[-1], collection.order)}"
        return self._shown(collection, rows, whose, now, following)

    def one(self, name: str, id: str, *, now: datetime) -> Page:
        """One feature, as a page of one.

        Parameters
        ----------
        id
            Code of a grid or community, ``<county>:<id>`` of others; ``<code>@<plan>`` for a grid of a plan that is
            no longer, or not yet, in force.

        Raises
        ------
        NotFound
            ``collection_unknown``, ``feature_unknown``.
        """
        collection = collection_of(name)
        interval = Interval.at(now)
        county, key = "", id
        plan = None
        if not collection.keyed_by_code:
            county, _, key = id.partition(":")
        elif collection.is_grids and "@" in id:
            key, _, plan = id.rpartition("@")
            interval = Interval(None, None)
        for owner in self._owners(collection, interval):
            if (plan and owner.id != plan) or (not collection.keyed_by_code and owner.county != county):
                continue
            keep = and_(self._kept(collection, owner, None), collection.column(collection.key) == key)
            row = self._tx.connection.execute(self._columns(collection).where(keep)).first()
            if row is not None:
                found = self._shown(collection, [row], [owner], now, None)
                return Page((id,), found.shapes, found.properties)
        raise NotFound("feature_unknown", layer=name, id=id)

    def extent(self, name: str) -> Extent:
        """The smallest window and span that hold every feature of the collection, of any time."""
        collection = collection_of(name)
        west = south = np.inf
        east = north = -np.inf
        start: datetime | None = None
        end: datetime | None = None
        is_open = False
        owners = self._owners(collection, Interval(None, None))
        for owner in owners:
            for w, s, e, n in self._bounds(collection, owner):
                west, south, east, north = min(west, w), min(south, s), max(east, e), max(north, n)
            began, ended, lasts = self._span(collection, owner)
            start = began if start is None or (began is not None and began < start) else start
            end = ended if end is None or (ended is not None and ended > end) else end
            is_open = is_open or lasts
        bbox = (float(west), float(south), float(east), float(north)) if west <= east else None
        return Extent(bbox, start, None if is_open else end)

    def tile(self, name: str, z: int, x: int, y: int, *, now: datetime) -> bytes:
        """The vector tile of a collection as it is at a moment; empty where there is nothing to show."""
        # Only who asks for tiles waits for what packs them.
        from data.store.rooms.tile_contents import tile

        collection = collection_of(name)
        keeps = [
            (owner.county, owner.id, self._kept(collection, owner, None))
            for owner in self._owners(collection, Interval.at(now))
        ]
        return tile(self._tx, collection, keeps, z, x, y)

    # -- whose rows ------------------------------------------------------------------------------------------------

    def _owners(self, collection: Collection, interval: Interval) -> list[Owner]:
        if collection.is_live:
            return [LIVE]
        return plans_of(self._tx, interval) if collection.is_grids else territories_of(self._tx)

    def _kept(self, collection: Collection, owner: Owner, interval: Interval | None) -> ColumnElement[bool]:
        """Rows of an owner that the jurisdiction covers and that were there in the interval."""
        rows = collection.table
        if collection.is_live:
            alive = true() if interval is None else lives_in(rows, interval)
            return and_(is_inside(rows.c.place, self._tx), alive)
        conditions: list[ColumnElement[bool]] = [
            rows.c.county == owner.county,
            collection.column(collection.owner) == owner.id,
        ]
        if collection.is_grids:
            conditions.append(is_one_of(rows.c.community, sorted(owner.reigns), self._tx))
        elif self._tx.jurisdiction:
            inside = is_inside(rows.c.place, self._tx)
            if collection.crosses_communities:
                inside = or_(inside, and_(rows.c.place != "", around(rows.c.place, self._tx)))
            conditions.append(inside)
        return and_(*conditions)

    # -- rows ------------------------------------------------------------------------------------------------------

    def _columns(self, collection: Collection) -> Any:
        rows = collection.table
        names = ("fid", *collection.properties, *(("capacity",) if "capacity" in rows.c else ()))
        return select(*(rows.c[name] for name in names), wkb_of(rows, self._tx).label("wkb"))

    def _rows(
        self,
        collection: Collection,
        owner: Owner,
        place: str | None,
        limit: int,
        box: Box | None,
        interval: Interval | None,
    ) -> Sequence[Any]:
        rows, order = collection.table, collection.column(collection.order)
        keep = self._kept(collection, owner, interval)
        if place is not None:
            keep = and_(keep, order > (int(place) if collection.order == "fid" else place))
        wanted = self._columns(collection).where(keep).order_by(order).limit(limit)
        if box is not None and self._tx.is_postgis:
            wanted = wanted.where(touches(rows, box))
        elif box is not None:
            fids = fids_in_box(self._tx, rows, box, keep, order)[:limit]
            mine = true() if collection.is_live else rows.c.county == owner.county
            wanted = self._columns(collection).where(mine, rows.c.fid.in_(fids))
            wanted = wanted.order_by(order)
        return self._tx.connection.execute(wanted).all()

    def _shown(
        self, collection: Collection, rows: Sequence[Any], whose: Sequence[Owner], now: datetime, following: str | None
    ) -> Page:
        ids, properties = [], []
        for row, owner in zip(rows, whose):
            shown = {name: getattr(row, name) for name in collection.properties}
            if "capacity" in row._fields:
                shown.update(row.capacity or {})
            key = str(shown[collection.key])
            if collection.is_grids:
                began, ended = owner.reigns[row.community]
                shown |= {"plan": owner.id, "valid_from": began, "valid_to": ended}
                is_now = began <= now and (ended is None or ended > now)
                key = key if is_now else f"{key}@{owner.id}"
            ids.append(key if collection.keyed_by_code else f"{owner.county}:{key}")
            properties.append(shown)
        return Page(tuple(ids), shapes_of([row.wkb for row in rows]), tuple(properties), following)

    # -- extents ---------------------------------------------------------------------------------------------------

    def _bounds(self, collection: Collection, owner: Owner) -> Iterator[tuple[float, float, float, float]]:
        rows = collection.table
        keep = self._kept(collection, owner, None)
        if self._tx.is_postgis:
            box = select(func.ST_Extent(rows.c.geom).label("box")).where(keep).subquery()
            corners = [getattr(func, f)(box.c.box) for f in ("ST_XMin", "ST_YMin", "ST_XMax", "ST_YMax")]
            west, south, east, north = self._tx.connection.execute(select(*corners)).one()
            if west is not None:
                yield west, south, east, north
            return
        wanted = select(wkb_of(rows, self._tx)).where(keep).execution_options(yield_per=_READ_AT_ONCE)
        for some in self._tx.connection.execute(wanted).partitions():
            bounds = shapely.bounds(shapes_of([row[0] for row in some]))
            if np.isfinite(bounds).any():
                low, high = np.nanmin(bounds, axis=0), np.nanmax(bounds, axis=0)
                yield float(low[0]), float(low[1]), float(high[2]), float(high[3])

    def _span(self, collection: Collection, owner: Owner) -> tuple[datetime | None, datetime | None, bool]:
        """Earliest start, latest end, and whether something has no end."""
        if collection.times is None:
            return None, None, True
        if collection.is_grids:
            ends = [end for _, end in owner.reigns.values()]
            return (
                min(start for start, _ in owner.reigns.values()),
                max((end for end in ends if end is not None), default=None),
                None in ends,
            )
        return self._span_of_live(collection.table, self._kept(collection, owner, None))

    def _span_of_live(self, rows: Table, keep: ColumnElement[bool]) -> tuple[datetime | None, datetime | None, bool]:
        ended = ended_at(rows)
        wanted = select(func.min(rows.c.received_at), func.max(ended), func.count(), func.count(ended)).where(keep)
        first, last, n, n_ended = self._tx.connection.execute(wanted).one()
        return first, last, n > n_ended
