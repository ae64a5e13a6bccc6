"""Posts, cameras, key places and incidents of the sample town: points with kinds and counts, never a person."""

from __future__ import annotations

from datetime import datetime, timedelta

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from data.sample.quarters import USE, USES, Quarters
from data.sample.streets import Network

NOW = datetime(2026, 1, 1)
"""The date of the sample's data where no other is asked for, in China's time."""

_CAMERAS = pd.DataFrame(
    {
        "kind": ["枪机", "球机", "半球", "枪机"],
        "hfov_deg": [48.0, 60.0, 90.0, 30.0],
        "focal_mm": [6.0, 4.8, 2.8, 12.0],
        "sensor_mm": [5.37, 5.37, 5.37, 6.4],
        "px_width": [1920, 2560, 1920, 3840],
        "height_m": [4.5, 6.0, 3.5, 6.0],
        "range_m": [60.0, 90.0, 35.0, 120.0],
        "channels": [1, 1, 1, 2],
    }
)
_INCIDENTS = (
    *(("占道经营", 48, 0.16), ("环境卫生", 24, 0.18), ("设施损坏", 72, 0.13), ("矛盾纠纷", 72, 0.12)),
    *(("消防隐患", 24, 0.09), ("噪声扰民", 12, 0.11), ("道路积水", 24, 0.06), ("违章停车", 12, 0.15)),
)


def place_all(
    quarters: Quarters,
    network: Network,
    buildings: pd.DataFrame,
    communities: pd.DataFrame,
    rng: np.random.Generator,
    crs: str,
    now: datetime,
) -> dict[str, gpd.GeoDataFrame]:
    """Layers ``posts``, ``cameras``, ``key_places`` and ``incidents``.

    Parameters
    ----------
    buildings
        With ``shape, kind, households, community, quarter``.
    communities
        With ``code, name, kind, town, shape``, in the order of their codes.
    now
        Where the year of incidents ends, in China's time.
    """
    return {
        "posts": _posts(buildings, communities, rng, crs),
        "cameras": _cameras(network, rng, crs),
        "key_places": _key_places(quarters, network, buildings, rng, crs),
        "incidents": _incidents(buildings, rng, crs, now),
    }


def _posts(buildings: pd.DataFrame, communities: pd.DataFrame, rng: np.random.Generator, crs: str) -> gpd.GeoDataFrame:
    rows = []
    centre = shapely.get_coordinates(shapely.centroid(buildings["shape"].to_numpy()))
    by_community = buildings.groupby("community", sort=True).indices
    emergency_every = 3
    for k, (code, name, kind) in enumerate(zip(communities["code"], communities["name"], communities["kind"])):
        members = by_community.get(code)
        if members is None:
            continue
        middle = np.median(centre[members], axis=0)
        near = members[np.argsort(np.hypot(*(centre[members] - middle).T), kind="stable")]
        wanted = [("service", f"{name}便民服务站", 2, 4)]
        if kind == "urban":
            wanted += [("police", f"{name}警务室", 2, 3), ("patrol", f"{name}巡防点", 4, 8)]
        if k % emergency_every == 0:
            wanted.append(("emergency", f"{name}微型消防站", 3, 6))
        for place, (post, called, low, high) in enumerate(wanted):
            at = near[min(len(near) - 1, (place * len(near)) // 5)]
            officers = int(rng.integers(low, high + 1))
            rows.append(
                {
                    "kind": post,
                    "name": called,
                    "community": code,
                    "officers": officers,
                    "vehicles": int(officers // 3) if post != "service" else 0,
                    "geometry": shapely.Point(np.round(centre[at], 2)),
                }
            )
    table = pd.DataFrame(rows)
    table.insert(0, "id", [f"p{k:05d}" for k in range(1, len(table) + 1)])
    return gpd.GeoDataFrame(table, geometry="geometry", crs=crs)


def _cameras(network: Network, rng: np.random.Generator, crs: str) -> gpd.GeoDataFrame:
    """Cameras at crossings of larger streets and at gates, looking along the street."""
    edges = network.edges
    wide = edges[edges["class"].isin(["primary", "secondary", "tertiary", "residential"])]
    shapes = wide["shape"].to_numpy()
    chance = wide["class"].map({"primary": 0.5, "secondary": 0.4, "tertiary": 0.3, "residential": 0.16}).to_numpy()
    shapes = shapes[rng.random(len(shapes)) < chance]
    start = shapely.get_coordinates(shapely.line_interpolate_point(shapes, np.minimum(8.0, shapely.length(shapes) / 3)))
    ahead = shapely.get_coordinates(shapely.line_interpolate_point(shapes, np.minimum(30.0, shapely.length(shapes))))
    gates = shapely.get_coordinates(network.gates)
    turned = rng.uniform(0, 360, len(gates))
    heading = np.degrees(np.arctan2(ahead[:, 0] - start[:, 0], ahead[:, 1] - start[:, 1])) % 360
    # Posts stand at the kerb, five metres to the right of the middle line.
    aside = np.radians(heading + 90)
    spots = np.concatenate([start + 5.0 * np.stack([np.sin(aside), np.cos(aside)], axis=1), gates])
    n = len(spots)
    model = _CAMERAS.iloc[rng.choice(len(_CAMERAS), n, p=[0.5, 0.2, 0.15, 0.15])].reset_index(drop=True)
    at_gate = np.arange(n) >= len(start)
    table = model.assign(
        id=[f"c{k:06d}" for k in range(1, n + 1)],
        heading_deg=np.round(np.concatenate([heading, turned]), 1),
        programme=np.where(at_gate, "小区自建", np.where(rng.random(n) < 0.6, "雪亮工程", "天网")),
        owner=np.where(at_gate, "物业", np.where(rng.random(n) < 0.7, "公安", "综治")),
        status=np.where(rng.random(n) < 0.94, "在线", "离线"),
    )
    return gpd.GeoDataFrame(table, geometry=shapely.points(np.round(spots, 2)), crs=crs)


def _key_places(
    quarters: Quarters, network: Network, buildings: pd.DataFrame, rng: np.random.Generator, crs: str
) -> gpd.GeoDataFrame:
    kinds = {
        "school": ("学校", 8.0),
        "hospital": ("医院", 10.0),
        "market": ("市场", 12.0),
        "government": ("机关", 5.0),
        "business": ("商圈", 12.0),
        "park": ("公园", 10.0),
        "industrial": ("厂区", 6.0),
        "estate": ("小区出入口", 3.0),
    }
    rows: list[tuple[str, str, float, NDArray[np.float64]]] = []
    gate_of: dict[int, NDArray[np.float64]] = {}
    for quarter, spot in zip(network.gate_quarter.tolist(), shapely.get_coordinates(network.gates)):
        gate_of.setdefault(quarter, spot)
    for use, (kind, minutes) in kinds.items():
        for k in np.flatnonzero(quarters.use == USE[use]):
            spot = gate_of.get(int(k))
            if spot is None:
                spot = shapely.get_coordinates(shapely.point_on_surface(quarters.shape[k]))[0]
            rows.append((kind, f"{kind}{len(rows) + 1:03d}", minutes, spot))
    old = np.flatnonzero((buildings["kind"] == USE["old"]) & (buildings["households"] == 0))
    centre = shapely.get_coordinates(shapely.centroid(buildings["shape"].to_numpy()))
    for k in old[rng.random(len(old)) < 0.25]:
        rows.append(("沿街门店", f"沿街门店{len(rows) + 1:03d}", 2.0, centre[k]))
    table = pd.DataFrame(
        {
            "id": [f"k{k:05d}" for k in range(1, len(rows) + 1)],
            "kind": [row[0] for row in rows],
            "name": [row[1] for row in rows],
            "dwell_min": [row[2] for row in rows],
        }
    )
    return gpd.GeoDataFrame(table, geometry=shapely.points(np.round([row[3] for row in rows], 2)), crs=crs)


def _incidents(buildings: pd.DataFrame, rng: np.random.Generator, crs: str, now: datetime) -> gpd.GeoDataFrame:
    """The year of incidents before ``now``: about one to fifty households, more of them by day, a few still open."""
    weight = buildings["households"].to_numpy() + np.where(
        np.isin(buildings["kind"], [USE[name] for name in USES if name in ("market", "business", "school")]), 25, 0
    )
    n = max(12, int(weight.sum() // 50))
    at = rng.choice(len(buildings), n, p=weight / weight.sum())
    spots = shapely.get_coordinates(shapely.centroid(buildings["shape"].to_numpy()))[at] + rng.normal(0, 9.0, (n, 2))
    kind = rng.choice(len(_INCIDENTS), n, p=[share for _, _, share in _INCIDENTS])
    day = rng.uniform(0, 364.9, n)
    minute = np.clip(rng.normal(14.5, 4.2, n), 0, 23.9) * 60
    since = now - timedelta(days=365)
    received = sorted(since + timedelta(days=int(d), minutes=int(m)) for d, m in zip(day, minute))
    hours = np.asarray([hours for _, hours, _ in _INCIDENTS], dtype=float)[kind]
    taken = hours * rng.lognormal(-0.7, 0.6, n)
    # Some of the last two months drag on past the date of the data.
    taken[(np.sort(day) > 305) & (rng.random(n) < 0.2)] += 24.0 * 60
    due = [when + timedelta(hours=float(h)) for when, h in zip(received, hours)]
    closed = [when + timedelta(hours=float(h)) for when, h in zip(received, taken)]
    table = pd.DataFrame(
        {
            "id": [f"i{k:06d}" for k in range(1, n + 1)],
            "kind": [_INCIDENTS[k][0] for k in kind],
            "received_at": [_stamp(when) for when in received],
            "state": ["closed" if when <= now else "open" for when in closed],
            "due_at": [_stamp(when) for when in due],
            "closed_at": [_stamp(when) if when <= now else None for when in closed],
            "priority": rng.choice(["一般", "较急", "紧急"], n, p=[0.74, 0.2, 0.06]),
            "source": rng.choice(["网格上报", "热线", "视频巡查", "群众上报"], n, p=[0.55, 0.22, 0.1, 0.13]),
        }
    )
    return gpd.GeoDataFrame(table, geometry=shapely.points(np.round(spots, 2)), crs=crs)


def _stamp(when: datetime) -> str:
    return when.strftime("%Y-%m-%dT%H:%M:%S+08:00")
