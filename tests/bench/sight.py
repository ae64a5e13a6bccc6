"""Sight: ``python -m tests.bench.sight [WHAT ...] [--scenes N]``; one JSON object a line.

scenes    visibility polygons against brute-force rays on random scenes: shared area as a share of both together
block     1 km2 of streets with 600 buildings: milliseconds a polygon, seconds for the matrix of poses and points
growth    sight lines and polygons of 1,500, 3,000 and 6,000 cameras on one land
city      100,000 buildings and 3,000 km of street as points
walls     500,000 footprints as walls
helsinki  a real extract with 221 cameras: what is there and what is seen by level

Seconds are of the processor.  Figures after the first call: the compiler's time does not count.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

import geopandas as gpd
import numpy as np
import shapely

from gis.report import QualityReport
from gis.sight import PROFILE_2015, Cameras, Optics, Samples, Seen
from gis.sight.masks import masks
from gis.sight.poles import poses, stand_poles
from gis.sight.sampling import sample_land
from gis.sight.see import see
from gis.sight.stand import stand_cameras
from gis.sight.sweep import visible
from gis.sight.walls import Walls
from gis.territory import Territory
from tests.bench.output import json_lines, say
from tests.sight_kit import CRS, X0, Y0, cameras, likeness, random_camera, random_scene, seen_by_rays, walls

HELSINKI = Path(__file__).resolve().parents[3] / "shared" / "data" / "osm-helsinki" / "helsinki-centre.osm.pbf"
LEVELS = dict(PROFILE_2015.levels)


class Watch:
    """Seconds of the processor per step."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def of(self, name: str, work: Callable[[], Any]) -> Any:
        """Do some work and note how long it took."""
        begin = time.process_time()
        result = work()
        self.seconds[name] = round(time.process_time() - begin, 3)
        return result


def street_scene(side_m: float, *, buildings_km2: int = 600, street_km_km2: float = 22.0, seed: int = 0) -> Territory:
    """A square of streets both ways with buildings in the blocks, one community."""
    rng = np.random.default_rng(seed)
    step = 2_000.0 / street_km_km2
    at = np.arange(step / 2, side_m, step)
    lines = [shapely.LineString([(x, 0), (x, side_m)]) for x in at] + [
        shapely.LineString([(0, y), (side_m, y)]) for y in at
    ]
    n = int(buildings_km2 * side_m**2 / 1e6)
    per_block = int(np.ceil(n / (len(at) - 1) ** 2))
    corner = np.stack(np.meshgrid(at[:-1], at[:-1]), axis=-1).reshape(-1, 1, 2)
    places = int(np.ceil(np.sqrt(per_block)))
    cell = (step - 12.0) / places
    slot = np.stack(np.meshgrid(np.arange(places), np.arange(places)), axis=-1).reshape(-1, 2)[:per_block]
    low = (corner + 6.0 + slot * cell + cell * 0.1 + rng.uniform(0, 0.2 * cell, (len(corner), per_block, 2))).reshape(
        -1, 2
    )
    size = cell * rng.uniform(0.3, 0.65, low.shape)
    # Angles, as houses with a wing are: six walls.
    steps = np.array([(0, 0), (1, 0), (1, 0.5), (0.6, 0.5), (0.6, 1), (0, 1)])
    shapes = shapely.polygons(low[:, None] + steps * size[:, None])
    kinds: dict[str, Any] = {
        "communities": {
            "code": ["C"],
            "name": ["C"],
            "kind": ["urban"],
            "geometry": [shapely.box(0, 0, side_m, side_m)],
        },
        "streets": {
            "id": [f"s{k:05d}" for k in range(len(lines))],
            "class": ["residential"] * len(lines),
            "geometry": lines,
        },
        "buildings": {
            "id": [f"b{k:07d}" for k in range(len(shapes))],
            "households": [10] * len(shapes),
            "geometry": shapes,
        },
    }
    tables = {}
    for name, columns in kinds.items():
        moved = shapely.transform(np.asarray(columns.pop("geometry"), dtype=object), lambda xy: xy + np.array([X0, Y0]))
        tables[name] = gpd.GeoDataFrame(columns, geometry=moved, crs=CRS)
    return Territory.of(tables)


def grids_of(land: Territory, side_m: float = 300.0) -> np.ndarray:
    """Squares over the land."""
    x0, y0, x1, y1 = land["communities"].total_bounds
    boxes = [
        shapely.box(x, y, min(x + side_m, x1), min(y + side_m, y1))
        for x in np.arange(x0, x1, side_m)
        for y in np.arange(y0, y1, side_m)
    ]
    return np.array(boxes, dtype=object)


def scenes(out: TextIO, n: int) -> None:
    """Polygons against rays."""
    found, seconds = [], 0.0
    for seed in range(n):
        rng = np.random.default_rng(seed)
        scene = random_scene(rng)
        camera = random_camera(rng, scene)
        range_m = float(rng.choice([20.0, 50.0, 114.0]))
        land = Walls.around(scene)
        begin = time.process_time()
        polygon = visible(camera, land, np.array([range_m]))[0]
        seconds += time.process_time() - begin
        found.append((likeness(polygon, seen_by_rays(camera, scene, range_m)), polygon.is_valid))
    iou = np.array([f[0] for f in found])
    row = {
        "bench": "scenes",
        "scenes": n,
        "iou_min": round(float(iou.min()), 6),
        "iou_mean": round(float(iou.mean()), 6),
    }
    say(out, row | {"below_0999": int((iou < 0.999).sum()), "all_valid": all(f[1] for f in found)})


def spread(land: Walls, side_m: float, n: int, seed: int = 1) -> Cameras:
    """Cameras of unknown heading anywhere clear of walls."""
    rng = np.random.default_rng(seed)
    x, y, depth = land.step_out(X0 + rng.uniform(0, side_m, n), Y0 + rng.uniform(0, side_m, n))
    return cameras(x, y, near=7.0, focal_px=Optics(focal_mm=6.0).focal_px, far=np.where(depth > 15, 0.0, np.inf))


def block(out: TextIO) -> None:
    """One square kilometre."""
    land = street_scene(1_000.0)
    hidden, grids = Walls.of(land), grids_of(land)
    many = spread(hidden, 1_000.0, 500)
    row: dict[str, Any] = {"bench": "block", "buildings": len(land["buildings"]), "edges": len(hidden)}
    for reach in (30.0, 76.0, 114.0):
        visible(many, hidden, np.full(500, reach))
        begin = time.process_time()
        seen = visible(many, hidden, np.full(500, reach))
        row[f"polygon_ms_{reach:.0f}m"] = round((time.process_time() - begin) * 2, 3)
        row[f"valid_{reach:.0f}m"] = bool(shapely.is_valid(seen).all())
    samples = sample_land(land, grids, walls=hidden)
    streets = only_streets(samples)
    for every in (40.0, 90.0):
        poles = stand_poles(land, grids, hidden, every_m=every)
        for focal, density in ((6.0, 25.0), (4.0, 62.5)):
            standing = poses(poles, Optics(focal_mm=focal, tilt_deg=10.0, range_m=1_000.0), 12)
            watch = Watch()
            sights = watch.of("see", lambda c=standing, d=density: see(c, streets, hidden, d))
            facts = {"poles": len(poles), "poses": len(standing), "points": len(streets), "entries": len(sights.point)}
            say(
                out,
                row
                | {"focal_mm": focal, "px_per_m": density, "pole_every_m": every}
                | facts
                | {"seconds": watch.seconds},
            )


def only_streets(samples: Samples) -> Samples:
    """Street points alone."""
    kept = samples.kind == Seen.STREET
    names = ("x", "y", "kind", "row", "along_m", "metres", "grid", "nx", "ny")
    return Samples(*(getattr(samples, name)[kept] for name in names))


def growth(out: TextIO) -> None:
    """Three sizes."""
    side = 4_000.0
    land = street_scene(side)
    hidden, grids = Walls.of(land), grids_of(land)
    samples = sample_land(land, grids, walls=hidden)
    see(spread(hidden, side, 10), samples, hidden, 25.0)
    visible(spread(hidden, side, 10), hidden, np.full(10, 50.0))
    for n in (1_500, 3_000, 6_000):
        some = spread(hidden, side, n)
        watch = Watch()
        sights = watch.of("see", lambda c=some: see(c, samples, hidden, 25.0))
        seen = watch.of("visible", lambda c=some: visible(c, hidden, c.range_m(25.0)))
        watch.of("masks", lambda s=seen: masks(s, land))
        say(
            out,
            {"bench": "growth", "cameras": n, "points": len(samples), "entries": len(sights.point)}
            | {"seconds": watch.seconds},
        )


def city(out: TextIO) -> None:
    """Points of a whole city."""
    side = 12_000.0
    land = street_scene(side, buildings_km2=700, street_km_km2=21.0)
    watch = Watch()
    grids = grids_of(land, 380.0)
    hidden = watch.of("walls", lambda: Walls.of(land))
    samples = watch.of("sample", lambda: sample_land(land, grids, walls=hidden))
    poles = watch.of("poles", lambda: stand_poles(land, grids, hidden))
    many = spread(hidden, side, 6_000)
    sights = watch.of("see", lambda: see(many, samples, hidden, 25.0))
    row = {"bench": "city", "buildings": len(land["buildings"]), "street_km": round(land["streets"].length.sum() / 1e3)}
    row |= {
        "grids": len(grids),
        "points": len(samples),
        "poles": len(poles),
        "cameras": 6_000,
        "entries": len(sights.point),
    }
    row |= {"street_m_in_points": round(float(samples.metres[samples.kind == Seen.STREET].sum()))}
    say(out, row | {"seconds": watch.seconds, "peak_mb": peak_mb()})


def many_walls(out: TextIO) -> None:
    """Half a million buildings."""
    land = street_scene(29_000.0, buildings_km2=600)
    watch = Watch()
    hidden = watch.of("walls", lambda: Walls.of(land))
    row = {
        "bench": "walls",
        "buildings": len(land["buildings"]),
        "edges": len(hidden),
        "cell_m": round(hidden.cell_m, 1),
    }
    say(out, row | {"seconds": watch.seconds, "peak_mb": peak_mb()})


def helsinki(out: TextIO) -> None:
    """Real cameras, none of which has a heading."""
    from gis.readers.osm import read_osm  # the reader's libraries only where they are needed

    layers = read_osm(HELSINKI)
    cameras_of = layers["cameras"]
    # The extract has no communities: the box of its buildings is the land.
    box = shapely.box(*layers["buildings"].total_bounds)
    one = {"code": ["C"], "name": ["C"], "kind": ["urban"]}
    layers["communities"] = gpd.GeoDataFrame(one, geometry=[box], crs=cameras_of.crs)
    land = Territory.of({name: table for name, table in layers.items() if len(table)})
    grids = np.asarray(land["communities"].geometry.array, dtype=object)
    report, watch = QualityReport(), Watch()
    hidden = watch.of("walls", lambda: Walls.of(land, report))
    found = watch.of("stand", lambda: stand_cameras(land, Optics(), report, walls=hidden))
    samples = watch.of("sample", lambda: sample_land(land, grids, report=report, walls=hidden))
    sights = watch.of("see", lambda: see(found, samples, hidden, LEVELS["detect"]))
    seen = watch.of("visible", lambda: visible(found, hidden, found.range_m(LEVELS["detect"])))
    street = samples.kind == Seen.STREET
    place = samples.kind == Seen.PLACE
    area = float(shapely.area(shapely.union_all(grids))) / 1e6
    total = float(samples.metres[street].sum())
    row: dict[str, Any] = {"bench": "helsinki", "cameras": len(found), "km2": round(area, 3)}
    row |= {"per_km2": round(len(found) / area, 1), "street_m": round(total), "places": int(place.sum())}
    for level, density in PROFILE_2015.levels:
        is_seen = sights.count(density) > 0
        metres = float(samples.metres[street & is_seen].sum())
        row[level] = {
            "street_m": round(metres),
            "street_frac": round(metres / total, 4),
            "places": int((place & is_seen).sum()),
        }
    row["remarks"] = {
        code: sum(r.code == code for r in report.remarks) for code in sorted({r.code for r in report.remarks})
    }
    say(out, row | {"polygons_valid": bool(shapely.is_valid(seen).all()), "seconds": watch.seconds})


def peak_mb() -> int:
    """Most memory this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1_000


def main(arguments: list[str]) -> int:
    """Run what is named, everything when nothing is."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.sight", description=__doc__.splitlines()[0])
    names = ("scenes", "block", "growth", "city", "walls", "helsinki")
    parser.add_argument("what", nargs="*", choices=names, default=[])
    parser.add_argument("--scenes", type=int, default=1_000)
    chosen = parser.parse_args(arguments)
    out = json_lines()
    visible(cameras(0, 0), walls(shapely.box(5, 5, 9, 9)), np.array([30.0]))
    for name in chosen.what or names:
        work = {
            "scenes": lambda: scenes(out, chosen.scenes),
            "block": lambda: block(out),
            "growth": lambda: growth(out),
        }
        work |= {"city": lambda: city(out), "walls": lambda: many_walls(out), "helsinki": lambda: helsinki(out)}
        work[name]()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
