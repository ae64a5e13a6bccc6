"""The rules of incidents of a county: read from the store, checked before they are kept, as plain data and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from data.store import Tx
from data.store.rooms.incident_rules import IncidentBook
from gis.errors import Conflict, InputError
from partition.incidents.deadlines import RULES, IncidentRules, Kind
from partition.incidents.rules_toml import rules_from_toml, rules_of_table, table_of, to_toml

MOST_TOML = 200_000


def rules_in(tx: Tx, county: str) -> IncidentRules:
    """The rules in effect in a county."""
    return rules_of(tx.incident_rules.book(county))


def rules_of(book: IncidentBook) -> IncidentRules:
    """What a rule book says."""
    return _read(book.toml) if book.toml else RULES


def county_for(tx: Tx, county: str | None) -> str:
    """The county that is meant: the stated one, or the one around or in the jurisdiction.

    Raises
    ------
    NotFound
        ``territory_unknown``: there is none.
    Conflict
        ``incident_rules_many``: there are several.
    """
    try:
        return tx.territories.current(county or tx.jurisdiction).county
    except Conflict as several:
        found = sorted({card.county for card in tx.territories.cards() if card.is_current})
        facts = {"measured": county or tx.jurisdiction or "*", "allowed": ", ".join(found)}
        raise Conflict("incident_rules_many", **facts) from several


@dataclass(frozen=True, slots=True)
class KnownKinds:
    """Kinds of incidents as a desk calls them, of every county that it works in.

    Attributes
    ----------
    counties
        Code and name of each, by code.
    kinds
        Each code once, with its names; of two counties that name one differently the first is followed.
    stale_s
        Positions of units that are older, in seconds, are old somewhere: the shortest span of them.
    """

    counties: tuple[tuple[str, str], ...]
    kinds: tuple[Kind, ...]
    stale_s: float


def known_kinds(tx: Tx) -> KnownKinds:
    """The kinds in the rules of the county around the jurisdiction, or of all counties in it."""
    found = {card.county: card.name for card in tx.territories.cards() if card.is_current}
    around = [county for county in found if tx.jurisdiction.startswith(county)]
    counties = [max(around, key=len)] if around else sorted(found)
    books = [rules_in(tx, county) for county in counties] or [RULES]
    kinds: dict[str, Kind] = {}
    for rules in books:
        for kind in rules.kinds:
            kinds.setdefault(kind.code, kind)
    shown = tuple((county, found[county]) for county in counties)
    return KnownKinds(shown, tuple(kinds.values()), min(rules.stale_s for rules in books))


def kind_names(tx: Tx) -> dict[str, dict[str, str]]:
    """Kind as it is kept to language to what it is called; of the counties of `known_kinds`."""
    return {kind.code: {"zh": kind.zh, "en": kind.en} for kind in known_kinds(tx).kinds}


def checked_toml(text: str) -> str:
    """Rules as they are kept: other tables taken out, every field stated; empty where they are the defaults.

    Raises
    ------
    InputError
        What the reading of rules finds, all of it; ``incident_rules_long``.
    """
    if len(text) > MOST_TOML:
        raise InputError("incident_rules_long", measured=len(text), allowed=MOST_TOML)
    return _kept(rules_from_toml(text))


def checked_table(table: Mapping[str, Any]) -> str:
    """As `checked_toml`, of rules given as plain data."""
    return _kept(rules_of_table(table))


def plain(book: IncidentBook) -> dict[str, Any]:
    """Rules as plain data, every field stated: what `checked_table` takes."""
    return table_of(rules_of(book))


def full_toml(book: IncidentBook) -> str:
    """Rules as TOML, every field stated."""
    return to_toml(rules_of(book))


def _kept(rules: IncidentRules) -> str:
    return "" if rules == RULES else to_toml(rules)


@lru_cache(maxsize=64)
def _read(toml: str) -> IncidentRules:
    return rules_from_toml(toml)
