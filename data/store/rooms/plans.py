"""Plans as they are filed: saved whole, read back equal, changed table by table.

What state a plan is in, what is in force and which edits were made is decided in `data.store.rooms.life`; this room
keeps the tables of a `FiledPlan` and the card.  A plan is reached from a jurisdiction that covers all of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from datetime import datetime
from typing import Any

import geopandas as gpd
from pyproj import CRS
from sqlalchemy import ColumnElement, func, or_, select, tuple_, update

from data.store.codec import frame, select_columns, shapes_of
from data.store.numbers import take_numbers
from data.store.places import common_start
from data.store.rooms.inside import is_inside
from data.store.rooms.plan_card import PlanCard
from data.store.rooms.plan_tables import KEYS, TABLES, codes_within, dtypes_of, insert_table, replace_table
from data.store.tables.plans import plan_states, plans, reigns
from data.store.tx import Tx
from gis.errors import Conflict, NotFound
from gis.progress import SILENT, Progress
from partition.filed import FiledPlan

_ID_DIGITS = 12


_CARD = [plans.c[name] for name in PlanCard.__slots__]


class Plans:
    """Plans inside one transaction."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx

    def save(
        self,
        filed: FiledPlan,
        *,
        territory_id: str,
        name: str,
        state: str = "draft",
        parent: str | None = None,
        job: str | None = None,
        progress: Progress = SILENT,
    ) -> PlanCard:
        """Keep a plan, at revision 1; a job that has saved its plan already gets that one back.

        Raises
        ------
        NotFound
            ``territory_unknown``, ``plan_unknown`` (the parent).
        Conflict
            ``outside_jurisdiction``.
        """
        tx = self._tx
        number = take_numbers(tx, "plans")  # one save at a time: of two of the same job, the second finds the first's
        if job is not None:
            made = tx.connection.execute(select(plans.c.id).where(plans.c.job == job)).scalar()
            if made is not None:
                return self.card(made)
        county = tx.territories.card(territory_id).county
        if parent is not None:
            self.card(parent)
        place = common_start(filed.communities["code"])
        if not place.startswith(tx.jurisdiction):
            raise Conflict("outside_jurisdiction", measured=place, allowed=tx.jurisdiction)
        act = tx.act
        content_id = str(filed.meta.get("plan_id", ""))
        seed = f"{number}\n{territory_id}\n{content_id}\n{act.who}\n{act.at.isoformat()}"
        id = "p" + hashlib.sha256(seed.encode()).hexdigest()[:_ID_DIGITS]
        tx.connection.execute(
            plans.insert().values(
                id=id,
                name=name,
                territory=territory_id,
                county=county,
                place=place,
                parent=parent,
                content_id=content_id,
                job=job,
                state=state,
                revision=1,
                edit=0,
                created_at=act.at,
                created_by=act.who,
                changed_at=act.at,
                changed_by=act.who,
                meta=dict(filed.meta),
                file_crs=CRS(filed.grids.crs).to_string(),
            )
        )
        tx.connection.execute(
            plan_states.insert().values(
                plan=id, revision=1, state=state, at=act.at, who=act.who, reason=act.reason or None
            )
        )
        progress.stage("stage_load_store", len(TABLES))
        for key in TABLES:
            insert_table(tx, key, id, county, filed)
            progress.advance()
        tx.audit.record("plan.create", id, place=place, after={"name": name, "state": state, "territory": territory_id})
        tx.outbox.put("plan.created", id, {"plan": id, "state": state, "revision": 1}, place=place)
        return self.card(id)

    def card(self, id: str) -> PlanCard:
        """One plan.

        Raises
        ------
        NotFound
            ``plan_unknown``.
        """
        row = self._tx.connection.execute(select(*_CARD).where(plans.c.id == id, self._is_seen())).first()
        if row is None:
            raise NotFound("plan_unknown", id=id)
        return PlanCard(**row._mapping)

    def cards(
        self, *, state: str | None = None, county: str | None = None, after: str | None = None, limit: int = 100
    ) -> list[PlanCard]:
        """Plans, the newest first.

        Parameters
        ----------
        state, county
            Only those.
        after
            Id of the last plan of the page before.
        """
        wanted = select(*_CARD).where(self._is_seen())
        if state is not None:
            wanted = wanted.where(plans.c.state == state)
        if county is not None:
            wanted = wanted.where(plans.c.county == county)
        if after is not None:
            last = self.card(after)
            wanted = wanted.where(tuple_(plans.c.created_at, plans.c.id) < (last.created_at, last.id))
        wanted = wanted.order_by(plans.c.created_at.desc(), plans.c.id.desc()).limit(limit)
        return [PlanCard(**row._mapping) for row in self._tx.connection.execute(wanted)]

    def family(self, id: str, most: int = 500) -> tuple[list[PlanCard], int]:
        """Plans that were made from one another and that this jurisdiction reaches, and how many are left out.

        Beginning with the first ancestor, then generation by generation.

        Raises
        ------
        NotFound
            ``plan_unknown``.
        """
        top = self.card(id)
        seen = {top.id}
        while top.parent is not None and top.parent not in seen:
            try:
                top = self.card(top.parent)
            except NotFound:
                break  # it lies beyond the jurisdiction
            seen.add(top.id)
        found, born = {top.id: top}, [top.id]
        while born:
            wanted = select(*_CARD).where(plans.c.parent.in_(born), self._is_seen()).order_by(plans.c.created_at)
            born = []
            for row in self._tx.connection.execute(wanted):
                card = PlanCard(**row._mapping)
                if card.id not in found:
                    found[card.id] = card
                    born.append(card.id)
        kept = list(found.values())
        if id not in {card.id for card in kept[:most]}:
            kept = [*kept[: most - 1], found[id]] if len(kept) > most else kept
        return kept[:most], max(0, len(found) - most)

    def load(self, id: str, progress: Progress = SILENT) -> FiledPlan:
        """A plan as it was saved or last changed; measured times (``seconds``) are not kept, as in a plan file.

        Raises
        ------
        NotFound
            ``plan_unknown``.
        """
        card = self.card(id)
        meta, file_crs = self._tx.connection.execute(
            select(plans.c.meta, plans.c.file_crs).where(plans.c.id == id)
        ).one()
        progress.stage("stage_read_store", len(TABLES))
        tables: dict[str, Any] = {}
        for key, table in TABLES.items():
            names = list(dtypes_of(key))
            columns = [table.c[name] for name in names] + ([table.c.shape] if key == "grids" else [])
            wanted = select(*columns).where(table.c.county == card.county, table.c.plan == id)
            found = select_columns(self._tx, wanted.order_by(table.c.fid))
            shapes = found.pop("shape", None)
            tables[key] = frame(found, dtypes_of(key))
            if shapes is not None:
                tables[key] = gpd.GeoDataFrame(tables[key], geometry=shapes_of(shapes), crs=CRS(file_crs))
            progress.advance()
        for key, by in KEYS.items():
            # Rows that an edit added stand at the end.
            tables[key] = tables[key].sort_values(list(by), kind="stable", ignore_index=True)
        broken = tables["violations"]
        in_order = broken["community"].fillna("").sort_values(kind="stable").index
        tables["violations"] = broken.loc[in_order].reset_index(drop=True)
        tables["communities"]["seconds"] = float("nan")
        if tables["crosswalk"].empty:  # a first plan, or one that was edited since it was drawn
            tables["crosswalk"] = None
        return FiledPlan(**tables, meta=meta)

    def replace_tables(self, id: str, filed: FiledPlan, *, communities: Collection[str] | None = None) -> None:
        """Make the tables of a plan equal to another version of it; rows that did not change are not touched.

        Revision, state and history are the caller's (`data.store.rooms.life`).

        Parameters
        ----------
        communities
            Where something changed, when the caller knows: only grids, members and communities there are compared.

        Raises
        ------
        NotFound
            ``plan_unknown``.
        """
        card = self.card(id)
        within: dict[str, tuple[str, Collection[str]]] = {}
        if communities is not None:
            codes = codes_within(self._tx, id, card.county, filed, communities)
            within = {"grids": ("code", codes), "members": ("grid", codes), "communities": ("code", communities)}
        for key in TABLES:
            replace_table(self._tx, key, id, card.county, filed, within.get(key))
        self._tx.connection.execute(update(plans).where(plans.c.id == id).values(meta=dict(filed.meta)))

    def in_force(self, place: str = "", at: datetime | None = None) -> list[str]:
        """Ids of the plans in force in a place, ascending.

        Parameters
        ----------
        place
            Community code, or the start of several; empty: wherever the jurisdiction reaches.
        at
            When; those that have no end yet when omitted.
        """
        wanted = select(reigns.c.plan).distinct().where(is_inside(reigns.c.community, self._tx))
        if place:
            wanted = wanted.where(func.substr(reigns.c.community, 1, len(place)) == place)
        if at is None:
            wanted = wanted.where(reigns.c.valid_to.is_(None))
        else:
            wanted = wanted.where(reigns.c.valid_from <= at, or_(reigns.c.valid_to.is_(None), reigns.c.valid_to > at))
        return sorted(self._tx.connection.execute(wanted).scalars())

    def _is_seen(self) -> ColumnElement[Any]:
        return is_inside(plans.c.place, self._tx)
