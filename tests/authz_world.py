"""Two counties with everything in them, and an account of every role in one: for the table of who may do what."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import count

from fastapi.testclient import TestClient
from httpx import Response
from pyproj import Transformer

from api.accounts.caller import ROLES
from api.accounts.keys import prefix_of
from api.usecases.plan_shares import make_share
from data.store import SqlStore
from data.store.rooms.coverage import Proposed
from data.store.rooms.incident_cards import Ground
from data.store.rooms.red_flags import NewFlag
from data.store.rooms.shares import Share
from data.store.rooms.tracks import TrackFigures, TrackKey
from data.store.tables import METADATA
from gis.territory import Territory
from partition.filed import FiledPlan
from partition.rules import Rules
from tests.account_kit import Site, make_site
from tests.data.store.kit import CRS, plan, town
from tests.incident_kit import new_incident, put_unit
from tests.sweep_kit import new_sweep

HERE, THERE = "771801", "771902"  # in no example of the documentation
WHERE_X = {HERE: 520_000, THERE: 540_000}
NOBODY, ROOT = "nobody", "root"


@dataclass
class World:
    """A service with accounts, and what lies where in it."""

    site: Site
    clients: dict[str, TestClient]
    territories: dict[str, str]
    plans: dict[str, str]
    drafts: dict[str, str]
    jobs: dict[str, str] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=count)

    def ask(self, who: str, method: str, path: str, **options: object) -> Response:
        """One request of somebody."""
        client = self.clients[who]
        client.cookies.clear()  # a request that signs in leaves nothing behind
        return client.request(method, path, **options)  # type: ignore[arg-type]

    def words_of(self, county: str) -> set[str]:
        """What nobody of another county may ever be shown."""
        return {county, self.territories[county], self.plans[county], self.drafts[county], self.jobs[county]}

    def new_name(self) -> str:
        """A name for an account that no account has."""
        return f"desk-{next(self._numbers)}"

    def new_account(self, county: str) -> str:
        """An account inside a county."""
        name = self.new_name()
        with self.site.store.write(self.site.act("root")) as tx:
            tx.accounts.add(name, "planner", f"{county}001", "no hash", must_change=False)
        return name

    def new_key(self, county: str) -> str:
        """Readable start of a key of an account inside a county."""
        return str(prefix_of(self.site.key(self.new_account(county))))

    def new_job(self, county: str) -> str:
        """A job that waits inside a county."""
        with self.site.store.write(self.site.act("root")) as tx:
            return tx.jobs.ask("draw", {"territory": self.territories[county]}, place=county).id

    def new_draft(self, county: str) -> str:
        """A draft inside a county."""
        territory = town(county, x=WHERE_X[county])
        with self.site.store.write(self.site.act("root")) as tx:
            return tx.plans.save(_plan(territory), territory_id=self.territories[county], name="draft").id

    def new_track(self, county: str) -> str:
        """A judged track of a grid inside a county."""
        grid = f"{county}001001001"
        key = TrackKey(self.plans[county], 1, grid, f"{grid}-1", "foot", "2026-11-22", "am")
        figures = TrackFigures(fixes=9, used=8, hours=1.0, km=2.0, planned_m=900.0, covered_m=800.0)
        report: dict[str, object] = {"missed": [], "blind": [], "warnings": []}
        id = f"t{next(self._numbers)}"
        with self.site.store.write(self.site.act("root")) as tx:
            return tx.tracks.add(id, key, figures, report, county=county, community=grid[:12])[0].id

    def new_decision(self, county: str) -> str:
        """A proposal of a plan that was accepted inside a county."""
        lon, lat = self.point(county)
        community, id = f"{county}001001", f"pole{next(self._numbers)}@090"
        said = Proposed("camera", id, community, f"{community}001", lon, lat, 90.0, "recognise")
        with self.site.store.write(self.site.act("root")) as tx:
            return tx.coverage.decide(self.plans[county], county, said, "accepted", "planner")[0].id

    def new_note(self, county: str) -> int:
        """Number of a note on the plan of a county."""
        lon, lat = self.point(county)
        with self.site.store.write(self.site.act("root")) as tx:
            return tx.notes.add(self.plans[county], lon, lat, "look here", "admin").number

    def new_share(self, county: str) -> str:
        """Id of a link to the plan of a county."""
        return self._shared(county)[0].id

    def new_link(self, county: str) -> str:
        """Token of a link to the plan of a county."""
        return self._shared(county)[1]

    def new_incident(self, county: str) -> str:
        """Id of an incident of a county."""
        place = self.point(county)
        with self.site.store.write(self.site.act("root")) as tx:
            ground = Ground(county, f"{county}001001", f"{county}001001001", self.plans[county])
            return tx.incidents.add(new_incident(place, ground, tx.act.at), "admin")[0].id

    def new_flag(self, county: str) -> str:
        """Id of a red flag of a county."""
        lon, lat = self.point(county)
        with self.site.store.write(self.site.act("root")) as tx:
            ground = Ground(county, f"{county}001001", f"{county}001001001", self.plans[county])
            new = NewFlag("x", self.new_name(), lon, lat, ground, tx.act.at, tx.act.at)
            return tx.flags.raise_many([new], "admin")[0].id

    def new_sweep(self, county: str) -> str:
        """Id of a sweep of a community of a county."""
        with self.site.store.write(self.site.act("root")) as tx:
            return tx.sweeps.add_many([new_sweep(county=county, community=f"{county}001001")])[0][0].id

    def new_unit(self, county: str) -> str:
        """Id of a free unit of a county."""
        id = f"unit{next(self._numbers)}"
        at = self.site.act("root").at
        return put_unit(self.site.store, id, self.point(county), at=at, county=county, place=county).id

    def _shared(self, county: str) -> tuple[Share, str]:
        with self.site.store.write(self.site.act("root")) as tx:
            return make_share(tx, self.plans[county], 14)

    def point(self, county: str) -> tuple[float, float]:
        """Longitude and latitude of a house of a county."""
        to_lon_lat = Transformer.from_crs(CRS, "EPSG:4326", always_xy=True)
        lon, lat = to_lon_lat.transform(WHERE_X[county] + 100, 3_400_100)
        return round(lon, 7), round(lat, 7)


def make_world(store: SqlStore) -> World:
    """A world in a fresh store."""
    site = make_site(store, rates=dict.fromkeys(ROLES, "1000000/minute"))
    site.add(ROOT, "admin")
    clients = {NOBODY: site.client(), ROOT: site.client(site.key(ROOT))}
    for role in ROLES:
        site.add(f"the-{role}", role, HERE)
        clients[role] = site.client(site.key(f"the-{role}"))
    territories, plans = {}, {}
    for county in (HERE, THERE):
        territory = town(county, x=WHERE_X[county])
        with store.write(site.act(ROOT)) as tx:
            territories[county] = tx.territories.save(territory, county).id
            plans[county] = tx.plans.save(_plan(territory), territory_id=territories[county], name=county).id
        _put_in_force(site, plans[county], [f"{county}001001", f"{county}002001"])
    world = World(site, clients, territories, plans, {})
    for county in (HERE, THERE):
        world.drafts[county] = world.new_draft(county)
        world.jobs[county] = world.new_job(county)
        with store.write(site.act(ROOT)) as tx:
            tx.jobs.cancel(world.jobs[county])
    return world


def _put_in_force(site: Site, plan_id: str, communities: list[str]) -> None:
    with site.store.write(site.act(ROOT)) as tx:
        reigns, plans = METADATA.tables["reigns"], METADATA.tables["plans"]
        for community in communities:
            row = {"community": community, "plan": plan_id, "valid_from": tx.act.at}
            tx.connection.execute(reigns.insert().values(row))
        tx.connection.execute(plans.update().where(plans.c.id == plan_id).values(state="in_force"))


def _plan(territory: Territory) -> FiledPlan:
    """A plan that says by which rules it was drawn, so that it can be edited."""
    filed = plan(territory)
    return replace(filed, meta={**filed.meta, "rules": Rules().to_toml()})
