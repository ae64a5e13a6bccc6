"""Sweeps of buildings are recorded and put right: what one may hold is checked here, every fault of it is told.

A sweep is counts at a place and a time.  Its kind passes the guard that notes pass, so that no number of a person gets
in by it; there is no field for anybody's name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from api.usecases.incidents import checked_moment, guarded
from data.store import Tx
from data.store.rooms.incident_cards import said
from data.store.rooms.sweeps import NewSweep, SweepCard
from gis.errors import Conflict, Fault, GridwrightError, InputError
from partition.incidents.sweeps import MOST


@dataclass(frozen=True, slots=True)
class ToldSweep:
    """What somebody tells of a sweep.

    Attributes
    ----------
    community
        None where it went through several.
    county
        The one of its community, or the only one of the jurisdiction, when omitted.
    """

    kind: str
    began_at: datetime
    vehicles: int
    people: int
    buildings: int
    problems: int
    ended_at: datetime | None = None
    community: str | None = None
    county: str | None = None
    source: str = "desk"
    external: str | None = None


@dataclass(frozen=True, slots=True)
class TakenSweep:
    """What became of one row: ``new``, ``known`` or ``refused``, then with its faults."""

    what: str
    card: SweepCard | None = None
    faults: tuple[Fault, ...] = ()


def record_sweep(tx: Tx, told: ToldSweep) -> tuple[SweepCard, bool]:
    """Record a sweep; the same source and external id is the same sweep.

    Raises
    ------
    InputError
        ``sweep_count_off``, ``sweep_ends_before``, ``sweep_community_unknown``, ``incident_in_future``,
        ``incident_too_old``, ``sweep_kind_missing``, ``incident_text_long``, ``note_looks_personal``.
    NotFound
        ``territory_unknown``.
    Conflict
        ``outside_jurisdiction``, ``sweep_county_missing``, ``sweep_elsewhere``.
    """
    (done,) = tx.sweeps.add_many([_checked(tx, told, _land(tx, [told]))])
    return done


def record_sweeps(tx: Tx, told: Sequence[ToldSweep]) -> list[TakenSweep]:
    """Record the good ones of many sweeps; what is wrong with one keeps no other from being taken.

    Raises
    ------
    Conflict
        ``sweep_elsewhere``.
    """
    land = _land(tx, told)
    refused: dict[int, TakenSweep] = {}
    good: list[NewSweep] = []
    for i, one in enumerate(told):
        try:
            good.append(_checked(tx, one, land))
        except GridwrightError as error:
            refused[i] = TakenSweep("refused", faults=error.faults)
    taken = iter(tx.sweeps.add_many(good))
    rows = []
    for i in range(len(told)):
        if i in refused:
            rows.append(refused[i])
            continue
        card, is_new = next(taken)
        rows.append(TakenSweep("new" if is_new else "known", card))
    return rows


def correct_sweep(tx: Tx, id: str, changes: Mapping[str, Any], *, revision: int | None = None) -> SweepCard:
    """Put a sweep right: its kind, times, counts, community; an empty community means the whole county.

    Raises
    ------
    NotFound
        ``sweep_unknown``.
    Conflict
        ``sweep_changed``, ``sweep_withdrawn``, ``outside_jurisdiction``.
    InputError
        ``sweep_change_empty``, and as `record_sweep`.
    """
    if not changes or any(value is None and name not in _MAY_BE_EMPTY for name, value in changes.items()):
        raise InputError("sweep_change_empty")
    card = tx.sweeps.hold(id, revision)
    names = [f.name for f in fields(ToldSweep)]
    told = ToldSweep(**{name: changes.get(name, getattr(card, name)) for name in names})
    new = _checked(tx, told, _land(tx, [told]), is_known=told.community == card.community)
    return tx.sweeps.change(id, **{name: getattr(new, name) for name in changes})


_MAY_BE_EMPTY = ("community", "ended_at")


def sweep_out(card: SweepCard, names: Mapping[str, str]) -> dict[str, Any]:
    """A sweep as it is answered.

    Parameters
    ----------
    names
        Of communities, by their codes.
    """
    row = {f.name: getattr(card, f.name) for f in fields(card) if f.name not in ("number", "place")}
    told = {name: said(value) if isinstance(value, datetime) else value for name, value in row.items()}
    return {"id": card.id, "etag": etag_of_sweep(card), **told, "name": names.get(card.community or "") or None}


def etag_of_sweep(card: SweepCard) -> str:
    """ETag of a sweep."""
    return f'"{card.id}-{card.revision}"'


def _land(tx: Tx, told: Sequence[ToldSweep]) -> dict[str, str]:
    return tx.sweeps.counties_of(one.community for one in told if one.community)


def _checked(tx: Tx, told: ToldSweep, land: Mapping[str, str], *, is_known: bool = False) -> NewSweep:
    """A sweep as it may be kept; every fault of it is told.

    Parameters
    ----------
    is_known
        It has its place already: a community that is no more keeps its sweeps.
    """
    faults: list[Fault] = []

    def checked(check: Any, *arguments: Any) -> Any:
        try:
            return check(*arguments)
        except InputError as error:
            faults.extend(error.faults)
            return None

    kind = checked(guarded, told.kind)
    began_at = checked(checked_moment, told.began_at, tx.act.at)
    ended_at = None if told.ended_at is None else checked(checked_moment, told.ended_at, tx.act.at)
    if not told.kind.strip():
        faults.append(Fault("sweep_kind_missing", {}))
    if began_at and ended_at and ended_at < began_at:
        faults.append(Fault("sweep_ends_before", {"measured": ended_at.isoformat(), "allowed": began_at.isoformat()}))
    for name, most in MOST.items():
        n = getattr(told, name)
        if not 0 <= n <= most:
            faults.append(Fault("sweep_count_off", {"column": name, "measured": n, "allowed": most}))
    county = told.county or ""
    if told.community and not is_known:
        found = land.get(told.community)
        if found is None or (told.county and told.county != found):
            faults.append(Fault("sweep_community_unknown", {"measured": told.community}))
        county = found or ""
    if faults:
        raise InputError.of(faults)
    if not told.community and not is_known:
        county = _county(tx, told.county)
    new = NewSweep(
        county=county,
        community=told.community or None,
        kind=kind,
        began_at=began_at,
        ended_at=ended_at,
        **{name: getattr(told, name) for name in MOST},
        source=told.source,
        external=told.external,
    )
    if not new.place.startswith(tx.jurisdiction):
        raise Conflict("outside_jurisdiction", measured=new.place, allowed=tx.jurisdiction)
    return new


def _county(tx: Tx, county: str | None) -> str:
    """The stated county, or the only one."""
    try:
        return tx.territories.current(county or tx.jurisdiction).county
    except Conflict as several:
        found = sorted({card.county for card in tx.territories.cards() if card.is_current})
        raise Conflict("sweep_county_missing", allowed=", ".join(found)) from several
