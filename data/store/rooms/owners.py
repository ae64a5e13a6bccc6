"""Whose rows a collection shows: the current territories, the plans that are or were in force, or nobody's."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, String, and_, any_, bindparam, func, literal, or_, select
from sqlalchemy.dialects.postgresql import ARRAY

from data.store.rooms.inside import is_inside
from data.store.rooms.windows import Interval
from data.store.tables.layers import territories
from data.store.tables.plans import plans, reigns
from data.store.tx import Tx
from gis.errors import InputError

Span = tuple[datetime, datetime | None]


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose rows a collection shows: a current territory, or a plan where and while it was in force.

    Attributes
    ----------
    county
        The part of the table its rows are in.
    id
        Territory or plan.
    reigns
        For a plan: community to the span it was in force there.
    """

    county: str
    id: str
    reigns: Mapping[str, Span]


LIVE = Owner("", "live", {})
"""Whose the rows of a live collection are: nobody's, all of them together."""


def territories_of(tx: Tx) -> list[Owner]:
    """The current territories that the jurisdiction touches, by county."""
    wanted = select(territories.c.county, territories.c.id).where(territories.c.is_current, _seen(tx))
    found = tx.connection.execute(wanted.order_by(territories.c.county, territories.c.id))
    return [Owner(str(county), str(id), {}) for county, id in found]


def plans_of(tx: Tx, interval: Interval) -> list[Owner]:
    """The plans that were in force somewhere in an interval, by county and id.

    A plan reaches beyond the jurisdiction of a single community, which then may not see it, only where it reigns.
    Its county is told by the territories around.
    """
    wanted = (
        select(plans.c.county, reigns.c.plan, reigns.c.community, reigns.c.valid_from, reigns.c.valid_to)
        .outerjoin(plans, and_(plans.c.id == reigns.c.plan, is_inside(plans.c.place, tx)))
        .where(is_inside(reigns.c.community, tx))
        .order_by(reigns.c.plan, reigns.c.community, reigns.c.valid_from)
    )
    if interval.end is not None:
        wanted = wanted.where(reigns.c.valid_from <= interval.end)
    if interval.start is not None:
        # The end of a reign is the start of the next one and no longer part of it.
        wanted = wanted.where(or_(reigns.c.valid_to.is_(None), reigns.c.valid_to > interval.start))
    owners: dict[tuple[str, str], dict[str, Span]] = {}
    known: list[str] | None = None
    for county, id, community, valid_from, valid_to in tx.connection.execute(wanted):
        if county is None and known is None:
            known = list(tx.connection.execute(select(territories.c.county).where(_seen(tx)).distinct()).scalars())
        for each in (county,) if county is not None else (c for c in known or () if community.startswith(c)):
            owners.setdefault((each, id), {})[community] = (valid_from, valid_to)
    return [Owner(county, id, owners[county, id]) for county, id in sorted(owners)]


def resume(tx: Tx, owners: Sequence[Owner], after: str | None) -> tuple[list[Owner], str | None]:
    """The owners from the one on that a page ended in, and the place in its rows.

    A territory that has been replaced since the first page is read to its end: half of the old and half of the new
    would be neither.

    Raises
    ------
    InputError
        ``page_unknown``.
    """
    if after is None:
        return list(owners), None
    id, mark, place = after.partition(":")
    for position, owner in enumerate(owners):
        if owner.id == id and mark:
            return list(owners[position:]), place
    if owners == [LIVE]:
        raise InputError("page_unknown", measured=after)
    left = select(territories.c.county).where(territories.c.id == id, _seen(tx))
    county = tx.connection.execute(left).scalar() if mark else None
    if county is None:
        raise InputError("page_unknown", measured=after)
    return [Owner(str(county), id, {}), *(owner for owner in owners if owner.county > county)], place


def is_one_of(said: ColumnElement[Any], values: Sequence[str], tx: Tx) -> ColumnElement[bool]:
    """Whether a column is one of many values, sent as one parameter: a plan may reign in thousands of communities."""
    if tx.is_postgis:
        return said == any_(bindparam(None, list(values), type_=ARRAY(String)))
    each = func.json_each(literal(json.dumps(list(values)))).table_valued("value")
    return said.in_(select(each.c.value))


def around(place: ColumnElement[str], tx: Tx) -> ColumnElement[bool]:
    """Whether the jurisdiction lies in a place."""
    return func.substr(literal(tx.jurisdiction), 1, func.length(place)) == place


def _seen(tx: Tx) -> ColumnElement[bool]:
    county = territories.c.county
    return or_(is_inside(county, tx), around(county, tx))
