"""Population rasters: which cells a set of buildings stands in, and the people of every cell around them.

Reads only the window it needs, from a plain GeoTIFF on this machine, in the raster's own CRS.  How people are shared
among buildings is decided in `gis.population`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from rasterio.errors import RasterioError
from rasterio.windows import Window

from gis.errors import InputError

_PEOPLE_MAX = 1e7
_CELLS_MAX = 100_000_000
_PAIRS = 2_000_000


@dataclass(frozen=True, slots=True)
class CellPieces:
    """Where buildings and populated cells meet.

    Attributes
    ----------
    building, cell
        Positions side by side: this building has a piece in this cell.
    share
        Share of the building's footprint that lies in the cell (1 for points).
    people
        People of each cell (finite, not negative).
    name
        ``row_column`` of each cell in the raster.
    centre
        Middle of each cell, x and y in the buildings' CRS.
    morton
        Order in which cells lie close together (Z-order of row and column).
    """

    building: NDArray[np.int64]
    cell: NDArray[np.int64]
    share: NDArray[np.float64]
    people: NDArray[np.float64]
    name: NDArray[Any]
    centre: NDArray[np.float64]
    morton: NDArray[np.int64]


def read_cells(path: Path, geometry: Any, crs: CRS, *, extent: Any = None, band: int = 1) -> CellPieces:
    """Lay buildings over a population raster.

    Parameters
    ----------
    path
        A GeoTIFF; people per cell, nodata and negative values count as nobody.
    geometry
        Footprints or points in ``crs``.
    crs
        CRS of the buildings.
    extent
        Study area in ``crs``: cells whose middle lies outside are left out.  ``None``: the buildings' bounding box.
    band
        Band to read, from 1.

    Raises
    ------
    InputError
        ``raster_missing``, ``raster_unreadable``, ``raster_without_crs``, ``raster_rotated``, ``raster_band_absent``,
        ``raster_elsewhere``, ``raster_too_fine``, ``raster_value_bad``.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError("raster_missing", file=path.name)
    try:
        # The driver is named: a VRT or an address in disguise must not make us read other files.
        with rasterio.open(path.resolve(), driver="GTiff") as raster:
            return _lay(raster, path.name, geometry, crs, extent, band)
    except RasterioError as error:
        raise InputError("raster_unreadable", file=path.name, measured=str(error)) from error


def _lay(raster: Any, file: str, geometry: Any, crs: CRS, extent: Any, band: int) -> CellPieces:
    if raster.crs is None:
        raise InputError("raster_without_crs", file=file)
    transform = raster.transform
    if transform.b != 0 or transform.d != 0 or transform.a == 0 or transform.e == 0:
        raise InputError("raster_rotated", file=file, measured=str(tuple(transform)[:6]))
    if not 1 <= band <= raster.count:
        raise InputError("raster_band_absent", file=file, measured=band, allowed=f"1-{raster.count}")
    own = CRS.from_user_input(raster.crs.to_wkt())
    there = Transformer.from_crs(crs, own, always_xy=True)
    back = Transformer.from_crs(own, crs, always_xy=True)

    def to_cells(shape: Any) -> Any:
        """Geometry in fractional columns and rows of the raster."""

        def move(xy: Any) -> Any:
            x, y = there.transform(xy[:, 0], xy[:, 1])
            return np.column_stack([(x - transform.c) / transform.a, (y - transform.f) / transform.e])

        return shapely.transform(shape, move)

    placed = to_cells(geometry)
    around = shapely.total_bounds(
        placed if extent is None else shapely.union(to_cells(extent), shapely.box(*shapely.total_bounds(placed)))
    )
    if not np.isfinite(around).all():
        raise InputError("raster_elsewhere", file=file)
    left, top = (max(int(np.floor(v)), 0) for v in around[:2])
    right, bottom = min(int(np.floor(around[2])) + 1, raster.width), min(int(np.floor(around[3])) + 1, raster.height)
    if right <= left or bottom <= top:
        raise InputError("raster_elsewhere", file=file)
    if (right - left) * (bottom - top) > _CELLS_MAX:
        raise InputError("raster_too_fine", file=file, measured=(right - left) * (bottom - top), allowed=_CELLS_MAX)
    people = _read(raster, file, band, Window(left, top, right - left, bottom - top))
    row, column = np.nonzero(people > 0)
    xy = (column + left + 0.5) * transform.a + transform.c, (row + top + 0.5) * transform.e + transform.f
    centre = np.column_stack(back.transform(*xy)) if len(row) else np.empty((0, 2))
    if extent is not None and len(row):
        shapely.prepare(extent)
        inside = shapely.intersects_xy(extent, centre[:, 0], centre[:, 1])
        row, column, centre = row[inside], column[inside], centre[inside]
    number = np.full(people.shape, -1, dtype=np.int64)
    number[row, column] = np.arange(len(row))
    building, cell, share = _pieces(placed, number, left, top)
    name = np.array([f"{r}_{c}" for r, c in zip((row + top).tolist(), (column + left).tolist())], dtype=object)
    order = _morton(row + top, column + left)
    return CellPieces(building, cell, share, people[row, column], name, centre, order)


def _read(raster: Any, file: str, band: int, window: Window) -> NDArray[np.float64]:
    values = raster.read(band, window=window, masked=True)
    people = np.where(np.ma.getmaskarray(values), 0.0, np.ma.getdata(values).astype(np.float64))
    # Usual "no data" marks that a file forgot to declare: negative and not-a-number.
    people[~np.isfinite(people) | (people < 0)] = 0.0
    if people.size and people.max() > _PEOPLE_MAX:
        raise InputError("raster_value_bad", file=file, measured=float(people.max()), allowed=_PEOPLE_MAX)
    return people


def _pieces(
    placed: Any, number: NDArray[np.int64], left: int, top: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Building, cell and share of the footprint, for populated cells."""
    n_rows, n_columns = number.shape
    bounds = shapely.bounds(placed)
    usable = np.isfinite(bounds).all(axis=1)
    bounds = np.where(usable[:, None], bounds, 0.0)
    first_column, first_row = np.floor(bounds[:, 0]).astype(np.int64), np.floor(bounds[:, 1]).astype(np.int64)
    # A footprint that ends exactly on a cell edge does not reach into the next cell.
    last_column = np.maximum(np.ceil(bounds[:, 2]).astype(np.int64) - 1, first_column)
    last_row = np.maximum(np.ceil(bounds[:, 3]).astype(np.int64) - 1, first_row)
    wide = last_column - first_column + 1
    n_cells = np.where(usable, wide * (last_row - first_row + 1), 0)
    area = shapely.area(placed)
    found: list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]] = []
    start = 0
    while start < len(placed):
        stop = start + max(int(np.searchsorted(np.cumsum(n_cells[start:]), _PAIRS, side="right")), 1)
        part = np.arange(start, stop)
        building = np.repeat(part, n_cells[part])
        offset = np.arange(len(building)) - np.repeat(np.cumsum(n_cells[part]) - n_cells[part], n_cells[part])
        column = first_column[building] + offset % wide[building]
        row = first_row[building] + offset // wide[building]
        on = (row >= top) & (row < top + n_rows) & (column >= left) & (column < left + n_columns)
        building, row, column = building[on], row[on], column[on]
        cell = number[row - top, column - left]
        on = cell >= 0
        building, row, column, cell = building[on], row[on], column[on], cell[on]
        share = np.ones(len(building))
        cut = (n_cells[building] > 1) & (area[building] > 0)
        boxes = shapely.box(column[cut], row[cut], column[cut] + 1, row[cut] + 1)
        share[cut] = shapely.area(shapely.intersection(placed[building[cut]], boxes)) / area[building[cut]]
        keep = share > 0
        found.append((building[keep], cell[keep], share[keep]))
        start = stop
    if not found:
        return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0)
    building, cell, share = (np.concatenate([part[k] for part in found]) for k in range(3))
    return building, cell, share


def _morton(row: NDArray[np.int64], column: NDArray[np.int64]) -> NDArray[np.int64]:
    """Bits of row and column interleaved: sorting by it walks the raster block by block."""
    code = np.zeros(len(row), dtype=np.int64)
    for bit in range(30):
        code |= ((column.astype(np.int64) >> bit) & 1) << (2 * bit)
        code |= ((row.astype(np.int64) >> bit) & 1) << (2 * bit + 1)
    return code
