"""What the incident map holds beside land and grids: the incidents of a period, column by column.

Each text that many incidents share (kind, grid, title) stands once in a book.  Counts are made here and again by the
page from its columns, so that a page that lost a row would say so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maps.pack import PER_DEGREE
from maps.patrol.datum import clean
from partition.incidents.flow import HANDLED, OPEN, STATES

LOOKS = ("open", "late", "handled", "closed", "cancelled")
"""How an incident is drawn: what its state means to whoever looks at the map."""


@dataclass(frozen=True, slots=True)
class MappedIncidents:
    """Incidents of a period, one item each in every column.

    Attributes
    ----------
    lon, lat
        Degrees, WGS 84.
    received_at
        Seconds since 1970.
    grid
        Code in the plan that was in force when it was received; empty for none.
    is_late
        Handled after it was due, or still open though it was due.
    level
        0 grid, 1 community, 2 town, 3 county.
    called
        Kind to language to what it is called; kinds that are not there are called as they are kept.
    """

    id: Sequence[str]
    kind: Sequence[str]
    state: Sequence[str]
    priority: Sequence[int]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    received_at: NDArray[np.int64]
    grid: Sequence[str]
    title: Sequence[str]
    address: Sequence[str]
    level: Sequence[int]
    is_late: NDArray[np.bool_]
    called: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.id)


@dataclass(frozen=True, slots=True)
class MapPeriod:
    """What the page says of its incidents.

    Attributes
    ----------
    first, last
        First and last day, ISO 8601.
    zone
        Of the days.
    made_at
        When it was made, as it is to be shown.
    n_in_store
        How many incidents of the period the store has.
    """

    first: str
    last: str
    zone: str
    made_at: str
    n_in_store: int


def look_of(state: str, is_late: bool) -> str:
    """One of `LOOKS`."""
    if state in ("closed", "cancelled"):
        return state
    if state in HANDLED:
        return "handled"
    assert state in OPEN
    return "late" if is_late else "open"


def incident_data(incidents: MappedIncidents, period: MapPeriod, origin: tuple[float, float]) -> dict[str, Any]:
    """The incidents of the page as plain data; see ``maps/static/incident_layers.js``."""
    xy = np.rint((np.column_stack([incidents.lon, incidents.lat]) - np.asarray(origin)) * PER_DEGREE).astype(np.int64)
    kinds, kind = _book([clean(one) for one in incidents.kind])
    called = {clean(one): names for one, names in incidents.called.items()}
    titles, title = _book([clean(one) for one in incidents.title])
    addresses, address = _book([clean(one) for one in incidents.address])
    grids, grid = _book([clean(one) for one in incidents.grid])
    looks = [look_of(state, bool(late)) for state, late in zip(incidents.state, incidents.is_late)]
    return {
        "period": {
            "first": period.first,
            "last": period.last,
            "zone": period.zone,
            "made_at": period.made_at,
            "n_in_store": period.n_in_store,
        },
        "states": list(STATES),
        "looks": list(LOOKS),
        "kinds": kinds,
        "kinds_called": [{key: clean(text) for key, text in called.get(one, {}).items()} for one in kinds],
        "titles": titles,
        "addresses": addresses,
        "grid_codes": grids,
        "incidents": {
            "id": [clean(one) for one in incidents.id],
            "spot": xy.tolist(),
            "kind": kind,
            "state": [STATES.index(one) for one in incidents.state],
            "look": [LOOKS.index(one) for one in looks],
            "late": incidents.is_late.astype(int).tolist(),
            "priority": [int(one) for one in incidents.priority],
            "received_at": incidents.received_at.tolist(),
            "grid": grid,
            "title": title,
            "address": address,
            "level": [int(one) for one in incidents.level],
        },
    }


def _book(texts: Sequence[str]) -> tuple[list[str], list[int]]:
    """Each text once, the frequent ones first, and the place of each."""
    counts: dict[str, int] = {}
    for text in texts:
        counts[text] = counts.get(text, 0) + 1
    order = sorted(counts, key=lambda text: (-counts[text], text))
    place = {text: i for i, text in enumerate(order)}
    return order, [place[text] for text in texts]
