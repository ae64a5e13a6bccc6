"""Whom to send and what lies around: both kinds of store answer alike, to whoever sees all and to one community.

What the answers have to be is asked of the embedded store in `test_dispatch_suggest` and `test_surroundings`; on
PostGIS the rows that an account may not see are kept back by the database itself.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from data.store import open_store
from tests.account_kit import make_site
from tests.dispatch_site import Site
from tests.drawn_town import DrawnTown, drawn_town, loaded_file
from tests.incident_kit import receive
from tests.postgis import Server
from tests.stores import fresh_postgis, migrated_file, migrated_server, postgis_server

__all__ = ["drawn_town", "loaded_file", "migrated_file", "migrated_server", "postgis_server"]


@dataclass(frozen=True, slots=True)
class Guarded:
    """A service with accounts over one kind of store, and who asks it: ``all``, and a ``local`` of one community."""

    site: Site
    community: str
    clients: dict[str, TestClient]

    def ask(self, who: str, path: str, **query: Any) -> tuple[int, Any]:
        """Status and answer; waits until the streets are there."""
        answer = self.clients[who].get(path, params={"wait_s": 60, **query})
        return answer.status_code, answer.json()


@pytest.fixture(scope="module")
def both(
    loaded_file: Path,
    drawn_town: DrawnTown,
    postgis_server: Server,
    migrated_server: Server,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[list[Guarded]]:
    """The same town with the same units in an embedded store and on PostGIS."""
    with pytest.MonkeyPatch.context() as patch, ExitStack() as stack:
        patch.setenv("GRIDWRIGHT_SECRET", "for tests only: 0123456789abcdef0123456789")
        path = shutil.copy2(loaded_file, tmp_path_factory.mktemp("both") / "town.sqlite")
        embedded = open_store(f"sqlite:///{path}")
        stack.callback(embedded.close)
        postgis = stack.enter_context(fresh_postgis(postgis_server, migrated_server))
        drawn_town.load(postgis)
        made = []
        for store in (embedded, postgis):
            site = Site(store)
            with store.read() as tx:
                community = min(reign.community for reign in tx.in_force.at(site.now))
            site.many_units(30, seed=4)
            for k in range(3):
                site.unit(f"local-{k}", 20 + k, place=community)
            office = make_site(store)
            office.add("root", "admin")
            office.add("desk", "dispatcher", community)
            clients = {"all": office.client(office.key("root")), "local": office.client(office.key("desk"))}
            stack.enter_context(clients["all"])
            made.append(Guarded(site, community, clients))
        yield made


def places_in(one: Guarded, n: int) -> list[tuple[float, float]]:
    """Places in the community of ``local``."""
    found = []
    for place in one.site.places:
        lon, lat = place
        status, told = one.ask("all", "/v1/surroundings", lon=lon, lat=lat, wait_s=0)
        assert status == 200
        if told["community"] == one.community:
            found.append(place)
        if len(found) == n:
            break
    assert len(found) == n
    return found


def alike(both: list[Guarded], who: str, path: str, **query: Any) -> Any:
    """The answer of both stores, which is one."""
    told, other = (one.ask(who, path, **query) for one in both)
    if told[0] != 200:  # a refusal names its request
        told, other = ((status, {"code": answer["code"]}) for status, answer in (told, other))
    assert told == other
    return told[1]


def test_both_stores_suggest_the_same_units_to_the_same_account(both: list[Guarded]) -> None:
    (place,) = places_in(both[0], 1)
    alike(both, "all", "/v1/surroundings", lon=place[0], lat=place[1])  # waits for the rings; a suggestion does not
    ids = [receive(one.clients["all"], place)["id"] for one in both]
    assert ids[0] == ids[1]
    told = {who: alike(both, who, "/v1/dispatch", incident=ids[0], k=5) for who in ("all", "local")}
    units = {who: {one["unit"] for part in ("suggestions", "passed_over") for one in told[who][part]} for who in told}
    assert (len(units["all"]), units["local"]) == (34, {"local-0", "local-1", "local-2"})
    for who in told:
        assert told[who]["streets"] == "ready"
        assert [one["reason"] for one in told[who]["suggestions"]].count("chosen") >= 1
        assert all(one["geometry"] for one in told[who]["suggestions"])
    sent = [one.clients["local"].post("/v1/dispatch", json={"incident": ids[0], "unit": "local-1"}) for one in both]
    assert [answer.status_code for answer in sent] == [200, 200]
    second = alike(both, "local", "/v1/dispatch", incident=ids[0], k=5)
    assert {one["reason"] for one in second["passed_over"] if one["unit"] == "local-1"} == {"has_it"}
    far = [receive(one.clients["all"], elsewhere(one))["id"] for one in both]
    assert alike(both, "local", "/v1/dispatch", incident=far[0])["code"] == "incident_unknown"


def test_both_stores_tell_the_same_of_what_lies_around(both: list[Guarded]) -> None:
    for lon, lat in places_in(both[0], 4):
        told = alike(both, "all", "/v1/surroundings", lon=lon, lat=lat)
        assert {told[part]["state"] for part in ("street", "cameras", "ring", "places")} == {"ready"}
        assert told["grid"]
        assert alike(both, "local", "/v1/surroundings", lon=lon, lat=lat) == told
    lon, lat = elsewhere(both[0])
    assert alike(both, "all", "/v1/surroundings", lon=lon, lat=lat)["street"]["state"] == "ready"
    assert alike(both, "local", "/v1/surroundings", lon=lon, lat=lat)["code"] == "incident_outside"
    id = receive(both[0].clients["all"], (lon, lat))["id"]
    assert receive(both[1].clients["all"], (lon, lat))["id"] == id
    assert alike(both, "all", f"/v1/incidents/{id}/surroundings")["community"] != both[0].community
    assert alike(both, "local", f"/v1/incidents/{id}/surroundings")["code"] == "incident_unknown"


def elsewhere(one: Guarded) -> tuple[float, float]:
    """A place in another community."""
    for lon, lat in one.site.places:
        status, told = one.ask("all", "/v1/surroundings", lon=lon, lat=lat, wait_s=0)
        if status == 200 and told["community"] != one.community:
            return lon, lat
    raise AssertionError("there is one community alone")
