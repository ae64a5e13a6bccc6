"""A small plan made by hand, with every trap the papers must survive, and reading papers back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import openpyxl
import pandas as pd
from shapely.geometry import LineString, Point, box

from data.papers.workbook import HEADER_ROW
from gis.territory import Territory
from partition.filed import FiledPlan
from partition.rules import Rules

CRS = "EPSG:4549"
X, Y = 500_000.0, 3_390_000.0
FORMULA = '=HYPERLINK("http://x","第1社区")'
"""A name that a spreadsheet would run."""


def square(column: int, row: int) -> Any:
    """One cell of 200 m."""
    return box(X + 200 * column, Y + 200 * row, X + 200 * (column + 1), Y + 200 * (row + 1))


def make_land(*, posts: dict[str, list[int]] | None = None) -> Territory:
    """Three communities side by side, two towns; streets only on some borders.

    Columns 0-1 are community A (town 东镇), column 2 is B (东镇), column 3 is C (no town); two rows of cells.
    """
    communities = {
        "code": ["990101001001", "990101001002", "990101101200"],
        "name": [FORMULA, "乙社区", "丙村"],
        "kind": ["urban", "urban", "rural"],
        "town": ["东镇", "东镇", None],
    }
    outlines = [box(X, Y, X + 400, Y + 400), box(X + 400, Y, X + 600, Y + 400), box(X + 600, Y, X + 800, Y + 400)]
    streets = {
        "id": ["s1", "s2", "s3"],
        "name": ["中山路", None, "@人民路"],
        "class": ["primary", "service", "primary"],
    }
    lines = [
        LineString([(X + 203, Y), (X + 203, Y + 400)]),
        LineString([(X, Y + 200), (X + 400, Y + 200)]),
        LineString([(X - 3, Y), (X - 3, Y + 400)]),
    ]
    centres = [square(c, r).centroid for c in range(4) for r in range(2)]
    tables: dict[str, tuple[dict[str, list[Any]], list[Any]]] = {
        "communities": (communities, outlines),
        "streets": (streets, lines),
        "barriers": ({"id": ["r1"], "kind": ["river"]}, [LineString([(X, Y + 402), (X + 800, Y + 402)])]),
        "estates": ({"id": ["e1"], "name": ["丁小区"], "kind": ["estate"]}, [square(2, 0)]),
        "buildings": (
            {"id": [f"b{i}" for i in range(8)], "households": [350, 400, 301, 499, 210, 550, 120, 80]},
            [p.buffer(10) for p in centres],
        ),
        "key_places": (
            {"id": [f"k{i:02d}" for i in range(16)], "kind": ["学校"] * 16, "name": [f"+学校{i}" for i in range(16)]},
            [Point(X + 100 + i, Y + 100) for i in range(15)] + [Point(X - 500, Y)],
        ),
        "posts": (
            {
                "id": ["p1", "p2", "p3"],
                "kind": ["police", "service", "service"],
                "community": ["990101001001", None, "990101001002"],
                **(posts or {}),
            },
            [Point(X + 100, Y + 300), Point(X + 100, Y + 310), Point(X + 500, Y + 300)],
        ),
    }
    layers = {name: gpd.GeoDataFrame(data, geometry=shapes, crs=CRS) for name, (data, shapes) in tables.items()}
    return Territory.of(layers, meta={"households_basis": "registered", "created_at": "2024-05-01T00:00:00+08:00"})


CELLS = {
    "990101001001001": ("990101001001", "standard", [(0, 0)], [0]),
    "990101001001002": ("990101001001", "standard", [(0, 1)], [1]),
    "990101001001003": ("990101001001", "standard", [(1, 0)], [2]),
    "990101001001004": ("990101001001", "standard", [(1, 1)], [3]),
    "990101001002600": ("990101001002", "dedicated", [(2, 0)], [4]),
    "990101001002001": ("990101001002", "standard", [(2, 1)], [5]),
    "990101101200001": ("990101101200", "rural", [(3, 0), (3, 1)], [6, 7]),
}


def make_plan(
    cells: dict[str, tuple[str, str, list[tuple[int, int]], list[int]]] | None = None,
    *,
    households: tuple[int, ...] = (350, 400, 301, 499, 210, 550, 120, 80),
    **meta: str,
) -> FiledPlan:
    """A plan of the land: code to (community, kind, cells, buildings)."""
    cells = CELLS if cells is None else cells
    rows, members = [], []
    for code in sorted(cells):
        community, kind, places, buildings = cells[code]
        count = sum(households[b] for b in buildings)
        within = 300 <= count <= 500
        shape = gpd.GeoSeries([square(*place) for place in places]).union_all()
        reason = "band_hole" if kind == "standard" and not within else None
        name = "-1+1" if code.endswith("001001") else f"{code[-3:]}网格"
        rows.append((code, name, community, kind, count, 3 * count, len(buildings), shape.area, within, reason, None))
        rows[-1] = (*rows[-1], shape)
        members += [("building", f"b{b}", code) for b in buildings]
    columns = ["code", "name", "community", "kind", "households", "population", "buildings", "area_m2", "within_band"]
    grids = gpd.GeoDataFrame(rows, columns=[*columns, "reason", "parent", "geometry"], geometry="geometry", crs=CRS)
    bad = grids[grids["reason"].notna()]
    violations = pd.DataFrame(
        {
            "code": "band_hole",
            "grid": bad["code"],
            "community": bad["community"],
            "detail_zh": "网格户数在空档。",
            "detail_en": "The grid lies in a hole.",
        }
    )
    facts = {
        "rules": Rules().to_toml(),
        "seed": "1",
        "version": "0.1.0",
        "territory_hash": "0" * 64,
        "created_at": "2024-05-01T09:30:00+08:00",
        "households_basis": "registered",
        "plan_id": "new000000001",
        **meta,
    }
    table = pd.DataFrame(members, columns=["kind", "id", "grid"]).sort_values(["kind", "id"], ignore_index=True)
    totals = grids.groupby("community", sort=True)["households"].agg(["sum", "size"])
    communities = pd.DataFrame(
        {
            "code": totals.index,
            "households": totals["sum"].to_numpy(),
            "grids": totals["size"].to_numpy(),
            "feasible": "yes",
            "reason": None,
            "proof": "none",
            "objective": 1.0,
            "bound": float("nan"),
            "gap_frac": float("nan"),
            "seconds": float("nan"),
        }
    )
    return FiledPlan(grids, table, communities, violations.reset_index(drop=True), facts)


def make_old_plan() -> FiledPlan:
    """The plan before: the two western grids of A were one, B's were cut otherwise, C was two grids."""
    cells = dict(CELLS)
    cells["990101001001001"] = ("990101001001", "standard", [(0, 0), (0, 1)], [0, 1])
    del cells["990101001001002"]
    cells["990101101200001"] = ("990101101200", "rural", [(3, 0)], [6])
    cells["990101101200002"] = ("990101101200", "rural", [(3, 1)], [7])
    return make_plan(cells, plan_id="old000000001")


def read_table(path: Path, sheet: int = 0) -> pd.DataFrame:
    """A sheet as a table; the totals row included, every cell as it stands in the file."""
    page = openpyxl.load_workbook(path).worksheets[sheet]
    rows = list(page.iter_rows(min_row=HEADER_ROW, values_only=True))
    return pd.DataFrame(rows[1:], columns=rows[0], dtype=object)


def cells_of(path: Path) -> list[Any]:
    """Every cell of every sheet."""
    return [cell for page in openpyxl.load_workbook(path) for row in page.iter_rows() for cell in row]


__all__ = [
    *("CELLS", "CRS", "FORMULA", "HEADER_ROW", "cells_of", "make_land", "make_old_plan", "make_plan"),
    *("read_table", "square"),
]
