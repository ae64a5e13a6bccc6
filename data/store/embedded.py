"""What only the embedded store knows: its file, and the R*Trees beside its tables.

The file holds all that a site has, so it is made for its owner alone (mode 0600; SQLite gives its journal the same).
A store that does not exist is never made by opening it, only by `data.migrations.upgrade`.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import Connection, make_url
from sqlalchemy.exc import ArgumentError

from gis.errors import StorageError


def prepare_file(url: str, *, create: bool = True) -> bool | None:
    """Make the folder and the empty file of an embedded store.

    Returns
    -------
    bool or None
        Whether the file is there; ``None`` for a store that is no file.

    Raises
    ------
    StorageError
        ``store_unreachable``.
    """
    try:
        address = make_url(url)
    except (ArgumentError, ValueError):
        return None  # `open_store` says what is wrong
    if address.get_backend_name() != "sqlite" or not address.database or address.database == ":memory:":
        return None
    path = Path(address.database)
    try:
        if create and not path.exists():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        return path.exists()
    except (OSError, ValueError) as error:  # a name with a zero byte is a ValueError
        raise StorageError("store_unreachable", file=url, measured=str(error)) from error


def connect(path: str) -> sqlite3.Connection:
    """Open the file of a store; one that is missing is not made."""
    place = quote(str(Path(path).absolute()))
    return sqlite3.connect(f"file:{place}?mode=rw", uri=True, check_same_thread=False)


def window_of(table: str) -> str:
    """Name of the R*Tree beside a table; its columns: ``id`` (the row's ``fid``), ``x_min, x_max, y_min, y_max``.

    It keeps 32-bit floats, rounded outwards: a window of the map asks it first and the exact geometry after it.
    """
    return f"window_{table}"


def add_windows(connection: Connection, table: str, fids: Sequence[int], geom: NDArray[np.object_]) -> None:
    """Enter the bounds of geometries (longitude, latitude); those without a geometry have none."""
    bounds = shapely.bounds(geom)
    known = np.isfinite(bounds).all(axis=1)
    x_min, y_min, x_max, y_max = bounds[known].T.tolist() if known.any() else ([], [], [], [])
    rows = list(zip(np.asarray(fids)[known].tolist(), x_min, x_max, y_min, y_max, strict=True))
    if rows:
        connection.exec_driver_sql(f"insert into {window_of(table)} values (?, ?, ?, ?, ?)", rows)


def remove_windows(connection: Connection, table: str, fids: Sequence[int]) -> None:
    """Forget the bounds of rows that go."""
    if fids:
        connection.exec_driver_sql(f"delete from {window_of(table)} where id = ?", [(fid,) for fid in fids])
