"""The incidents of a territory file come into the live table once, with the grid of their time."""

from __future__ import annotations

from datetime import UTC, datetime

import geopandas as gpd
import shapely

from api.usecases.carry_incidents import Carried, carry_incidents
from api.usecases.escalate_incidents import escalate_overdue
from data.store import SqlStore
from data.store.examine import ask
from data.store.examine_incidents import wrong_incidents
from tests.cell_plans import CORNER, CRS
from tests.postgis import postgis_server
from tests.service_town import FIRST, LONG_AGO, put_town, town_territory
from tests.stores import act, embedded_store, migrated_file, migrated_server, postgis_store, store

__all__ = ["embedded_store", "migrated_file", "migrated_server", "postgis_server", "postgis_store", "store"]
COUNTY = FIRST[:6]
EARLY = LONG_AGO.replace(year=2019).date().isoformat()


def land() -> object:
    rows = [  # id, column and row of the drawing, kind, received, state, due, closed, priority
        ("a", 0.5, 0.5, "占道经营", "2026-01-05T08:00:00+08:00", "closed", None, "2026-01-06T09:00:00+08:00", "紧急"),
        ("b", 2.5, 0.5, "噪声扰民", "2026-01-05T08:00:00", "open", "2026-02-01T00:00:00+08:00", None, "较急"),
        ("c", 0.5, 2.5, "噪声扰民", EARLY, "已办结", None, None, "whatever"),
        ("outside", 40, 40, "噪声扰民", "2026-01-05T08:00:00", "open", None, None, None),
        ("no time", 0.5, 0.5, "噪声扰民", "yesterday", "open", None, None, None),
        ("not yet", 0.5, 0.5, "噪声扰民", "2031-01-01T00:00:00Z", "open", None, None, None),
        ("a number", 0.5, 0.5, "联系 13800138000", "2026-01-05T08:00:00", "open", None, None, None),
    ]
    names = ("id", "x", "y", "kind", "received_at", "state", "due_at", "closed_at", "priority")
    columns = dict(zip(names, map(list, zip(*rows))))
    x, y = columns.pop("x"), columns.pop("y")
    points = [shapely.Point(CORNER[0] + 100 * a, CORNER[1] - 100 * b) for a, b in zip(x, y)]
    columns["source"] = [None] * len(rows)
    return town_territory().with_layers(incidents=gpd.GeoDataFrame(columns, geometry=points, crs=CRS))


def test_rows_with_a_place_and_a_time_are_taken_once_and_do_not_go_up_by_themselves(store: SqlStore) -> None:
    put_town(store)
    assert carry_incidents(store, land(), COUNTY, act()) == Carried(new=3, known=0, left_out=4)
    assert carry_incidents(store, land(), COUNTY, act()) == Carried(new=0, known=3, left_out=4)
    with store.read() as tx:
        a, b, c = tx.incidents.cards()
        events = [event.kind for event in tx.stream.since(0)]
        assert ask(wrong_incidents, tx) == ()
    assert (a.external, a.source, a.state, a.priority, a.grid) == ("a", "import", "closed", 1, f"{FIRST}A")
    assert a.closed_at == a.handled_at == datetime(2026, 1, 6, 1, tzinfo=UTC)
    assert (b.state, b.priority, b.grid, b.closed_at) == ("received", 2, f"{FIRST}B", None)
    assert (b.received_at, b.due_at) == (datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 1, 31, 16, tzinfo=UTC))
    # Before the plan was in force: a community and no grid.
    assert (c.state, c.priority, c.grid, c.community, c.closed_at) == ("closed", 3, None, "330402015002", c.received_at)
    assert events == ["incidents.imported"]
    assert escalate_overdue(store, act().at) == 0
