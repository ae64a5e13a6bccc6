"""Cameras, random scenes of buildings, and what is seen in them found the slow way: rays against united footprints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from shapely import affinity

from gis.report import QualityReport
from gis.sight import Cameras
from gis.sight.walls import Walls
from gis.territory import Territory

CRS = "EPSG:4547"
X0, Y0 = 500_000.0, 3_100_000.0


def cameras(
    x: Any,
    y: Any,
    *,
    heading: Any = 0.0,
    hfov: Any = 360.0,
    focal_px: Any = 1_900.0,
    near: Any = 2.0,
    far: Any = np.inf,
) -> Cameras:
    """Cameras by arrays or single numbers; ids c0, c1, ..."""
    x, y = np.atleast_1d(np.asarray(x, float)), np.atleast_1d(np.asarray(y, float))
    n = len(x)

    def each(value: Any) -> np.ndarray:
        return np.broadcast_to(np.asarray(value, float), n).copy()

    return Cameras(
        ids=tuple(f"c{k}" for k in range(n)),
        row=np.full(n, -1, np.int32),
        x=x.copy(),
        y=y.copy(),
        heading_deg=each(heading),
        hfov_deg=each(hfov),
        focal_px=each(focal_px),
        near_m=each(near),
        far_m=each(far),
        is_assumed=np.zeros(n, bool),
        is_working=np.ones(n, bool),
    )


def walls(*shapes: Any) -> Walls:
    """Walls of shapes that are valid."""
    outline = np.empty(len(shapes), dtype=object)
    outline[:] = shapes
    return Walls.around(outline)


def random_scene(rng: np.random.Generator, size_m: float = 160.0) -> np.ndarray:
    """Footprints about the middle of a square: turned boxes, rows that touch, courtyards, corners, overlaps."""
    shapes: list[Any] = []
    for _ in range(int(rng.integers(4, 16))):
        x, y = rng.uniform(0, size_m, 2)
        w, h = rng.uniform(6, 30), rng.uniform(6, 20)
        kind = rng.integers(0, 5)
        box = shapely.box(-w / 2, -h / 2, w / 2, h / 2)
        if kind == 0:  # a courtyard
            made = [box.difference(shapely.box(-w / 4, -h / 4, w / 4, h / 4))]
        elif kind == 1:  # a terrace: houses wall to wall
            made = [affinity.translate(box, k * w, 0.0) for k in range(3)]
        elif kind == 2:  # an angle
            made = [box.difference(shapely.box(0, 0, w, h))]
        elif kind == 3:  # one that overlaps another
            made = [box, affinity.translate(box, w / 3, h / 3)]
        else:
            made = [box]
        turn = float(rng.choice([0.0, 0.0, 45.0, rng.uniform(0, 90)]))
        shapes += [affinity.translate(affinity.rotate(s, turn, origin=(0, 0)), x, y) for s in made]
    snapped = [shapely.transform(s, lambda xy: np.round(xy / 0.05) * 0.05) for s in shapes]
    good = [s for s in snapped if s.is_valid and s.area > 1]
    scene = np.empty(len(good), dtype=object)
    scene[:] = good
    return scene


def squared_scene(rng: np.random.Generator) -> tuple[np.ndarray, Cameras, float]:
    """Everything on whole metres: walls in line, corners behind corners, a camera in line with them; and a range."""
    boxes = [shapely.box(x, y, x + w, y + h) for x, y, w, h in rng.integers((0, 0, 1, 1), (40, 40, 10, 10), (8, 4))]
    scene = np.array(boxes, dtype=object)
    free = [(x, y) for x in range(40) for y in range(40) if not shapely.intersects_xy(scene, x, y).any()]
    x, y = free[int(rng.integers(0, len(free)))]
    turn, width = rng.choice([0.0, 45.0, 90.0, 180.0]), rng.choice([60.0, 90.0, 180.0, 270.0, 360.0])
    camera = cameras(float(x), float(y), heading=turn, hfov=width, near=rng.choice([0.0, 1.0, 2.0, 5.0]))
    return scene, camera, float(rng.choice([10.0, 20.0, 30.0]))


def random_camera(rng: np.random.Generator, scene: np.ndarray, size_m: float = 160.0) -> Cameras:
    """A camera anywhere, near a wall, on a corner or in a building, moved out as all are; any heading and field."""
    kind = rng.integers(0, 4)
    x, y = rng.uniform(0.2 * size_m, 0.8 * size_m, 2)
    if kind < 3:
        ring = shapely.get_coordinates(scene[rng.integers(0, len(scene))])
        k = int(rng.integers(0, len(ring) - 1))
        share = 0.0 if kind == 0 else float(rng.uniform())
        x, y = ring[k] + share * (ring[k + 1] - ring[k])
        if kind == 2:
            x, y = x + rng.normal(0, 0.5), y + rng.normal(0, 0.5)
    out_x, out_y, _ = Walls.around(scene).step_out(np.array([x]), np.array([y]))
    hfov = float(rng.choice([360.0, 360.0, rng.uniform(5, 355), 67.7]))
    near = float(rng.choice([0.0, 0.1, 2.0, 7.0]))
    return cameras(out_x, out_y, heading=rng.uniform(0, 360), hfov=hfov, near=near)


def seen_by_rays(camera: Cameras, scene: np.ndarray, range_m: float, n_rays: int = 3_600) -> Any:
    """What one camera sees: the nearest wall along many rays, and along rays just beside every corner."""
    cx, cy = float(camera.x[0]), float(camera.y[0])
    near, hfov = float(camera.near_m[0]), float(camera.hfov_deg[0])
    mass = shapely.union_all(scene)
    rings = shapely.get_rings(shapely.get_parts(mass))
    a = np.concatenate([shapely.get_coordinates(r)[:-1] for r in rings]) - (cx, cy)
    b = np.concatenate([shapely.get_coordinates(r)[1:] for r in rings]) - (cx, cy)
    middle = np.pi / 2 - np.radians(camera.heading_deg[0])
    half = np.radians(hfov) / 2
    corner = np.arctan2(a[:, 1], a[:, 0])
    turn = np.concatenate([corner - 1e-7, corner, corner + 1e-7])
    turn = np.mod(turn - middle + np.pi, 2 * np.pi) - np.pi
    turn = np.concatenate([turn[np.abs(turn) < half], np.linspace(-half, half, n_rays)])
    turn = np.unique(turn) + middle
    dx, dy = np.cos(turn)[:, None], np.sin(turn)[:, None]
    ex, ey = (b - a).T
    down = dx * ey - dy * ex
    with np.errstate(divide="ignore", invalid="ignore"):
        away = (a[:, 0] * ey - a[:, 1] * ex) / down
        share = (a[:, 0] * dy - a[:, 1] * dx) / down
    hit = (away > 1e-9) & (share >= -1e-12) & (share <= 1 + 1e-12) & (np.abs(down) > 1e-12)
    far = np.minimum(np.where(hit, away, np.inf).min(axis=1, initial=np.inf), range_m)
    if range_m <= near:
        return shapely.Polygon()
    outer = np.stack([far * np.cos(turn), far * np.sin(turn)], axis=1)
    inner = np.zeros((1, 2)) if hfov < 360 else np.zeros((0, 2))
    seen = shapely.make_valid(shapely.Polygon(np.concatenate([outer, inner])))
    if near > 0:
        seen = shapely.difference(seen, shapely.Point(0, 0).buffer(near, quad_segs=512))
    return affinity.translate(seen, cx, cy)


def likeness(a: Any, b: Any) -> float:
    """Shared area as a share of the area of both together; 1 where both are empty."""
    both = shapely.union(a, b).area
    return float(shapely.intersection(a, b).area / both) if both > 1e-9 else 1.0


def here(shape: Any) -> Any:
    """A shape moved from the drawing to the land."""
    return affinity.translate(shape, X0, Y0)


def site(
    *,
    streets: Sequence[Mapping[str, Any]] = (),
    buildings: Sequence[Any] = (),
    households: int = 10,
    cameras: Sequence[Mapping[str, Any]] = (),
    estates: Sequence[tuple[str, Any]] = (),
    places: Sequence[tuple[str, float, float]] = (),
    barriers: Sequence[tuple[str, Any]] = (),
    community: Any = None,
) -> Territory:
    """A territory drawn in metres from a corner; cameras by ``x``, ``y`` and columns of the layer."""
    around = community if community is not None else shapely.box(-500, -500, 500, 500)
    layers = {
        "communities": _table([{"code": "C", "name": "C", "kind": "urban", "geometry": around}]),
        "streets": _table([{"id": f"s{k}", "class": "residential", **row} for k, row in enumerate(streets)]),
        "buildings": _table(
            [{"id": f"b{k}", "households": households, "geometry": s} for k, s in enumerate(buildings)]
        ),
        "cameras": _table(
            [
                {"id": f"k{k}"}
                | {name: value for name, value in row.items() if name not in "xy"}
                | {"geometry": shapely.Point(row["x"], row["y"])}
                for k, row in enumerate(cameras)
            ]
        ),
        "estates": _table(
            [{"id": f"e{k}", "name": "e", "kind": kind, "geometry": s} for k, (kind, s) in enumerate(estates)]
        ),
        "key_places": _table(
            [{"id": f"p{k}", "kind": kind, "geometry": shapely.Point(x, y)} for k, (kind, x, y) in enumerate(places)]
        ),
        "barriers": _table([{"id": f"w{k}", "kind": kind, "geometry": s} for k, (kind, s) in enumerate(barriers)]),
    }
    return Territory.of({name: table for name, table in layers.items() if len(table)})


def street(*points: tuple[float, float], **facts: Any) -> dict[str, Any]:
    """One street: corners, and what it is (``klass`` for its class)."""
    row = {"class": facts.pop("klass", "residential"), "geometry": shapely.LineString(points)}
    return row | facts


def codes(report: QualityReport) -> list[str]:
    return [remark.code for remark in report.remarks]


def _table(rows: Sequence[Mapping[str, Any]]) -> gpd.GeoDataFrame:
    shapes = [None if r["geometry"] is None else here(r["geometry"]) for r in rows]
    names = dict.fromkeys(key for row in rows for key in row if key != "geometry")
    return gpd.GeoDataFrame({n: [row.get(n) for row in rows] for n in names}, geometry=shapes, crs=CRS)
