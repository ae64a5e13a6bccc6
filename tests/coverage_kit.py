"""Surveys of cameras and of response times on the random land of tests/maps/plans.py, for maps and tables.

Cameras are not the work of `partition.coverage`: they see a plain sector without walls, so that what pages and tables
say can be recounted here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from gis.sight import Cameras, Samples, Seen, Sights
from gis.territory import Territory
from partition.coverage.cameras.types import Blind, CameraSurvey, DensityRow, Land
from partition.coverage.posts.types import Goal, PostProposal, PostsAnswer
from partition.coverage.reach.survey import survey_reach
from partition.coverage.reach.types import ReachSurvey
from partition.coverage.settings import CameraSettings, ReachSettings
from partition.coverage.siting.problem import Proposal, SitingAnswer
from partition.filed import FiledPlan

FOCAL_PX = 1906.9
EVERY_M = 10.0


def land_of(filed: FiledPlan, territory: Territory) -> Land:
    """The grids of a plan, counted as they are."""
    grids = filed.grids.to_crs(territory.crs)
    shapes = np.asarray(grids.geometry.array, dtype=object)
    return Land(
        codes=tuple(grids["code"]),
        community=tuple(grids["community"]),
        town=("七星街道",) * len(grids),
        name=tuple(grids["name"].fillna("")),
        class_code=tuple("rural" if kind == "rural" else "urban" for kind in grids["kind"]),
        geometry=shapes,
        area_m2=shapely.area(shapes),
        households=grids["households"].to_numpy(dtype=np.float64),
    )


def with_names(territory: Territory, layer: str, column: str, values: Mapping[int, str]) -> Territory:
    """The territory with some texts of one layer replaced."""
    table = territory[layer].copy()
    texts = table[column].astype(object).tolist()
    for row, text in values.items():
        texts[row] = text
    table[column] = texts
    return Territory.of({**territory.layers, layer: table}, crs=territory.crs, meta=territory.meta)


def with_places(territory: Territory, filed: FiledPlan, *, name: str = "第一小学") -> Territory:
    """The territory with a school in every third grid and a bank far from every street."""
    spots = list(filed.grids.geometry.representative_point()[::3])
    far = shapely.affinity.translate(spots[0], -9_000, 0)
    table = gpd.GeoDataFrame(
        {
            "id": [f"k{k:02d}" for k in range(len(spots) + 1)],
            "kind": ["学校"] * len(spots) + ["银行"],
            "name": [name, *(f"学校{k}" for k in range(1, len(spots))), "远处银行"],
        },
        geometry=[*spots, far],
        crs=filed.grids.crs,
    )
    streets = territory["streets"].copy()
    streets["geometry"] = [shapely.LineString(line.coords) for line in streets.geometry]  # rings are no streets
    layers = {**territory.layers, "key_places": table.to_crs(territory.crs), "streets": streets}
    return Territory.of(layers, crs=territory.crs, meta=territory.meta)


def reach_of(filed: FiledPlan, territory: Territory, settings: ReachSettings | None = None) -> ReachSurvey:
    """The survey of response times itself: it is quick on so little land."""
    return survey_reach(territory, land_of(filed, territory), settings or ReachSettings())


def posts_answer(survey: ReachSurvey, filed: FiledPlan, *, rule: int = 4, name: str = "") -> PostsAnswer:
    """Posts proposed for one promise, in the middles of the first grids."""
    reach = survey.rules[rule]
    spots = shapely.get_coordinates(filed.grids.geometry.representative_point()[:3])
    gains = (120.0, 60.0, 15.0)
    proposals = tuple(
        PostProposal(k + 1, name or f"n{k:03d}", float(x), float(y), filed.grids["code"].iloc[k], name, gain, total)
        for k, ((x, y), gain, total) in enumerate(zip(spots, gains, np.cumsum(gains)))
    )
    whole = reach.shares.households
    return PostsAnswer(
        reach.rule.name,
        reach.band,
        Goal.CENTER,
        proposals,
        620.0,
        425.0,
        401.0,
        0.4 * whole,
        0.7 * whole,
        whole,
        False,
        2,
    )


def stand(territory: Territory, *, directed: int = 3, broken: int = 4) -> Cameras:
    """Every camera of the layer; each ``directed``-th looks somewhere, each ``broken``-th does not work."""
    xy = shapely.get_coordinates(np.asarray(territory["cameras"].geometry.array, dtype=object))
    n = len(xy)
    k = np.arange(n)
    looks = k % directed == 0
    return Cameras(
        ids=tuple(territory["cameras"]["id"]),
        row=k.astype(np.int32),
        x=xy[:, 0].copy(),
        y=xy[:, 1].copy(),
        heading_deg=np.where(looks, (k * 47.0) % 360, 0.0),
        hfov_deg=np.where(looks, 68.0, 360.0),
        focal_px=np.full(n, FOCAL_PX),
        near_m=np.full(n, 7.0),
        far_m=np.full(n, 150.0),
        is_assumed=~looks,
        is_working=k % broken != 1,
    )


def sample(territory: Territory, land: Land) -> Samples:
    """Streets every ten metres, key places as they are; no private ground."""
    x, y, kind, row, along, metres = [], [], [], [], [], []
    for street, line in enumerate(territory["streets"].geometry):
        n = max(1, round(line.length / EVERY_M))
        for k in range(n):
            at = (k + 0.5) * line.length / n
            spot = line.interpolate(at)
            x.append(spot.x), y.append(spot.y), kind.append(Seen.STREET), row.append(street)
            along.append(at), metres.append(line.length / n)
    for place, spot in enumerate(territory["key_places"].geometry):
        x.append(spot.x), y.append(spot.y), kind.append(Seen.PLACE), row.append(place)
        along.append(0.0), metres.append(0.0)
    spots = shapely.points(x, y)
    grid = np.full(len(x), -1, dtype=np.int32)
    which, where = shapely.STRtree(land.geometry).query(spots, predicate="intersects")
    grid[which[::-1]] = where[::-1]
    nothing = np.zeros(len(x))
    return Samples(
        np.array(x),
        np.array(y),
        np.array(kind, dtype=np.int64),
        np.array(row, dtype=np.int32),
        np.array(along),
        np.array(metres),
        grid,
        nothing,
        nothing.copy(),
    )


def _see(cameras: Cameras, samples: Samples, px_per_m: float) -> Sights:
    start, point, density = [0], [], []
    for i in range(len(cameras)):
        dx, dy = samples.x - cameras.x[i], samples.y - cameras.y[i]
        far = np.hypot(dx, dy)
        off = (np.degrees(np.arctan2(dx, dy)) - cameras.heading_deg[i] + 180) % 360 - 180
        px = cameras.focal_px[i] / np.maximum(far, 0.1)
        hit = np.flatnonzero((far >= cameras.near_m[i]) & (px >= px_per_m) & (abs(off) <= cameras.hfov_deg[i] / 2))
        point.extend(hit.tolist()), density.extend(px[hit].tolist()), start.append(len(point))
    return Sights(np.array(start), np.array(point, dtype=np.int32), np.array(density, dtype=np.float32), len(samples))


def sector(x: float, y: float, heading: float, hfov: float, near: float, far: float) -> Any:
    """What one camera sees where nothing is in the way."""
    turns = np.radians(90 - heading + np.linspace(-hfov / 2, hfov / 2, 33))
    ring = [(x + far * np.cos(t), y + far * np.sin(t)) for t in turns]
    whole = shapely.Polygon(ring if hfov >= 360 else [(x, y), *ring])
    return whole.buffer(0).difference(shapely.Point(x, y).buffer(near))


def sights_of(cameras: Cameras, px_per_m: float) -> np.ndarray:
    """Sectors of cameras as one array."""
    reach = cameras.range_m(px_per_m)
    columns = (cameras.x, cameras.y, cameras.heading_deg, cameras.hfov_deg, cameras.near_m, reach)
    return np.array([*(sector(*map(float, row)) for row in zip(*columns)), None], dtype=object)[:-1]


def camera_survey(
    filed: FiledPlan,
    territory: Territory,
    *,
    settings: CameraSettings | None = None,
    names: Sequence[str] = (),
) -> CameraSurvey:
    """A survey of the territory's cameras; ``names`` replaces programme, owner and kind of the first ones."""
    settings = settings or CameraSettings(planned_channels=MappingProxyType({"": 40}))
    land, cameras = land_of(filed, territory), stand(territory)
    samples = sample(territory, land)
    densities = [density for _, density in settings.profile.levels]
    sights = _see(cameras, samples, min(densities))
    n = len(cameras)
    spots = shapely.points(cameras.x, cameras.y)
    grid = np.full(n, -1, dtype=np.int32)
    which, where = shapely.STRtree(land.geometry).query(spots, predicate="intersects")
    grid[which[::-1]] = where[::-1]
    polygon = sights_of(cameras, settings.px_per_m)
    mask = np.array([*(p.intersection(shapely.box(p.bounds[0], *p.bounds[1:])) for p in polygon), None], dtype=object)
    mask = np.array([m if k % 5 == 0 else shapely.Polygon() for k, m in enumerate(mask[:-1])] + [None], object)[:-1]
    texts = [*names, *(["雪亮工程", "平安城市", ""] * n)][:n]
    working = np.repeat(cameras.is_working, np.diff(sights.start))
    asked = working & (sights.px_per_m >= np.float32(settings.px_per_m))
    survey = CameraSurvey(
        settings=settings,
        land=land,
        cameras=cameras,
        grid=grid,
        channels=np.where(np.arange(n) % 4 == 0, 2, 1).astype(np.int32),
        programme=tuple(texts),
        owner=tuple(reversed(texts)) if not names else tuple(texts),
        kind=tuple(names[k] if k < len(names) else ("dome", "fixed", "")[k % 3] for k in range(n)),
        samples=samples,
        sights=sights,
        seen_by=np.bincount(sights.point[asked], minlength=len(samples)).astype(np.int32),
        polygon=polygon,
        mask=mask,
        private_m=np.array([12.5 * (k % 5 == 0) for k in range(n)]),
        rows=(),
        by_programme={text: (texts.count(text), texts.count(text) + 1) for text in dict.fromkeys(texts)},
        by_owner={"公安": (n, n + 2)},
        progress={"": (int(n * 1.5), 40, n * 1.5 / 40)},
        blind=(),
        is_forbidden=np.arange(n) % 7 == 3,
        ids_28181=tuple("gb28181_length" if k == 2 else "none" for k in range(n)),
    )
    return replace(survey, rows=_rows(survey), blind=_blind(survey))


def _rows(survey: CameraSurvey) -> tuple[DensityRow, ...]:
    land, samples, levels = survey.land, survey.samples, survey.settings.profile.levels
    best = np.zeros(len(samples), dtype=np.float32)
    working = np.repeat(survey.cameras.is_working, np.diff(survey.sights.start))
    np.maximum.at(best, survey.sights.point[working], survey.sights.px_per_m[working])

    def row(scope: str, code: str, name: str, grids: list[int]) -> DensityRow:
        mine, points = np.isin(survey.grid, grids), np.isin(samples.grid, grids)
        km2 = float(land.area_m2[grids].sum()) / 1e6
        wanted = [survey.settings.density[land.class_code[k]] * land.area_m2[k] / 1e6 for k in grids]
        short = [max(0, int(np.ceil(w)) - int((survey.grid == k).sum())) for w, k in zip(wanted, grids)]
        street, place = points & (samples.kind == Seen.STREET), points & (samples.kind == Seen.PLACE)
        return DensityRow(
            scope,
            code,
            name,
            km2,
            int(mine.sum()),
            int(survey.channels[mine].sum()),
            int(survey.cameras.is_working[mine].sum()),
            sum(wanted) / km2,
            float(mine.sum()) / km2,
            sum(short),
            float(samples.metres[street].sum()),
            {name: float(samples.metres[street & (best >= density)].sum()) for name, density in levels},
            int(place.sum()),
            {name: int((place & (best >= density)).sum()) for name, density in levels},
            float(survey.private_m[mine].sum()),
            networked=int(mine.sum()) // 2,
            networked_known=int(mine.sum()),
            twice_m=float(samples.metres[street & (survey.seen_by >= 2)].sum()),
        )

    every = list(range(len(land.codes)))
    found = [row("grid", code, land.name[k], [k]) for k, code in enumerate(land.codes)]
    for code in dict.fromkeys(land.community):
        found.append(row("community", code, f"社区 {code}", [k for k in every if land.community[k] == code]))
    found.append(row("town", land.town[0], land.town[0], every))
    for code in dict.fromkeys(land.class_code):
        found.append(row("class", code, code, [k for k in every if land.class_code[k] == code]))
    return (*found, row("all", "", "", every))


def _blind(survey: CameraSurvey) -> tuple[Blind, ...]:
    samples, found = survey.samples, []
    for street in np.unique(samples.row[samples.kind == Seen.STREET]).tolist():
        at = np.flatnonzero((samples.kind == Seen.STREET) & (samples.row == street))
        start = None
        for k in [*at.tolist(), None]:
            if k is not None and not survey.seen_by[k]:
                start = k if start is None else start
                last = k
            elif start is not None:
                ends = samples.along_m[[start, last]] + samples.metres[[start, last]] / 2 * (-1, 1)
                found.append(Blind(street, float(ends[0]), float(ends[1]), int(samples.grid[start])))
                start = None
    return tuple(sorted(found, key=lambda one: (-one.length_m, one.street, one.from_m)))


def siting_of(survey: CameraSurvey, n: int = 6, *, goal: str = "cover", name: str = "") -> SitingAnswer:
    """Cameras proposed beside the middles of the first grids."""
    land = survey.land
    spots = shapely.get_coordinates(shapely.centroid(land.geometry[:n]))
    n = len(spots)
    gains = np.sort(np.linspace(20.0, 90.0, n))[::-1]
    proposals = tuple(
        Proposal(
            rank=k + 1,
            id=f"{name or f'L{k:05d}+040R'}@{30 * k:03d}",
            x=float(spots[k, 0]),
            y=float(spots[k, 1]),
            heading_deg=30.0 * k,
            grid=k,
            gain_m=float(gains[k]),
            total_m=float(gains[: k + 1].sum()),
            street_m=float(gains[k]),
            places=k % 2,
            private_m=8.0 * (k % 3 == 2),
            is_for_floor=k == n - 1,
        )
        for k in range(n)
    )
    cameras = Cameras(
        ids=tuple(one.id for one in proposals),
        row=np.full(n, -1, dtype=np.int32),
        x=spots[:, 0].copy(),
        y=spots[:, 1].copy(),
        heading_deg=30.0 * np.arange(n),
        hfov_deg=np.full(n, 67.7),
        focal_px=np.full(n, FOCAL_PX),
        near_m=np.full(n, 7.0),
        far_m=np.full(n, 150.0),
        is_assumed=np.zeros(n, dtype=bool),
        is_working=np.ones(n, dtype=bool),
    )
    whole = next(row for row in survey.rows if row.scope == "all")
    level = survey.settings.level
    worth = float(gains.sum())
    return SitingAnswer(
        goal=goal,
        level=level,
        edition=survey.settings.profile.edition,
        proposals=proposals,
        cameras=cameras,
        seen_before_m=whole.seen_m[level],
        seen_after_m=whole.seen_m[level] + worth,
        street_m=whole.street_m,
        reachable_m=whole.street_m * 0.9,
        worth=worth,
        greedy_worth=worth * 0.99,
        bound=worth * 1.008,
        is_proved=False,
        density={"urban": (20.0, 20.4)},
        floor_short={land.codes[0]: 2},
        left_out={"forbidden": 3, "in_building": 1},
    )
