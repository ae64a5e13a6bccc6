"""Helpers of the tests of the atlas: where its sheets are, what a frame shows, the simplest plan there is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely

from gis.territory import Territory
from maps.atlas.land import survey
from maps.atlas.layout import lay_out
from maps.atlas.pen import Pen
from maps.atlas.sheets import Sheet
from partition.filed import FiledPlan
from tests.maps.pdf import picture
from tests.maps.plans import make_plan

MARGIN = 9.5
"""Millimetres; no text comes nearer to the edge of a page."""


def sheets_of(filed: FiledPlan, territory: Territory | None, paper: str = "A4") -> dict[int, tuple[str, Sheet]]:
    """Page to community and sheet, as the atlas lays them out."""
    pen = Pen(Path("unwritten.pdf"), "", "", "", "")
    layout = lay_out(pen, filed, survey(filed, territory), paper, "zh")
    return {entry.page: (entry.place.code, entry.sheet) for entry in layout.entries}


def one_square(
    side_m: float, crs: str = "EPSG:4549", corner: tuple[float, float] = (500_000.0, 3_390_000.0)
) -> FiledPlan:
    """A plan of one square grid."""
    filed, _ = make_plan(n_grids=4, n_communities=1)
    grids = filed.grids.iloc[:1].copy()
    square = shapely.box(corner[0], corner[1], corner[0] + side_m, corner[1] + side_m)
    grids = gpd.GeoDataFrame(grids.drop(columns="geometry"), geometry=[square], crs=crs)
    return replace(filed, grids=grids, violations=filed.violations.iloc[:0], communities=filed.communities.iloc[:1])


def framed(path: Path, page: int, sheet: Sheet, dots: float = 4.0) -> np.ndarray:
    image = picture(path, page, dots)
    frame = sheet.frame
    top, bottom = (sheet.height - frame.top) * dots, (sheet.height - frame.y) * dots
    return image[round(top) : round(bottom), round(frame.x * dots) : round(frame.right * dots)]
