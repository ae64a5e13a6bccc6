"""A plan as one compressed text of bytes, for plans that wait to be chosen; what is in it is a plan file."""

from __future__ import annotations

import tempfile
import zlib
from pathlib import Path

from data.files.plan_file import read_plan, write_plan
from partition.filed import FiledPlan

_NAME = "plan.gpkg"


def pack_plan(filed: FiledPlan) -> bytes:
    """Same plan, same bytes."""
    with tempfile.TemporaryDirectory(prefix="gridwright-") as folder:
        path = Path(folder) / _NAME
        write_plan(filed, path)
        return zlib.compress(path.read_bytes())


def unpack_plan(content: bytes) -> FiledPlan:
    """The plan that `pack_plan` was given."""
    with tempfile.TemporaryDirectory(prefix="gridwright-") as folder:
        path = Path(folder) / _NAME
        path.write_bytes(zlib.decompress(content))
        return read_plan(path)
