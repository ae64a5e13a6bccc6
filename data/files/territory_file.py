"""Writing territory files (contract section 1).  Reading and checking them is the work of `gis.readers`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from data.files.geopackage import write_geopackage
from gis.errors import Conflict
from gis.layers import LAYERS
from gis.progress import SILENT, Progress
from gis.report import QualityReport
from gis.territory import Territory


def write_territory(
    territory: Territory,
    path: Path,
    tables: Mapping[str, pd.DataFrame] | None = None,
    progress: Progress = SILENT,
) -> None:
    """Write a territory as one GeoPackage in the CRS its data came in.

    Layers without rows are left out.  The facts in ``territory.meta`` become the attribute table ``meta`` (key,
    value).  Same territory and tables, same bytes.

    Parameters
    ----------
    territory
        What to write.
    path
        The file to make or to replace.
    tables
        Further attribute tables by name, for example ``{"report": report_table(report)}``.

    Raises
    ------
    Conflict
        ``table_name_taken``: a table is named like a layer.
    StorageError
        ``path_is_folder``, ``folder_missing``, ``disk_full``, ``file_not_writable``.
    """
    for name in tables or {}:
        if name in LAYERS or name == "meta":
            raise Conflict("table_name_taken", layer=name)
    layers: dict[str, pd.DataFrame] = {}
    for name, table in territory.layers.items():
        if not table.empty:
            layers[name] = table if territory.file_crs == territory.crs else table.to_crs(territory.file_crs)
    layers["meta"] = key_values(territory.meta)
    layers.update({name: table for name, table in (tables or {}).items() if not table.empty})
    write_geopackage(Path(path), layers, created_at=territory.meta.get("created_at", ""), progress=progress)


def key_values(facts: Mapping[str, str]) -> pd.DataFrame:
    """Facts as a table with the columns key and value, sorted by key."""
    pairs = sorted(facts.items())
    return pd.DataFrame(
        {"key": pd.Series([k for k, _ in pairs], dtype="str"), "value": pd.Series([v for _, v in pairs], dtype="str")}
    )


def report_table(report: QualityReport) -> pd.DataFrame:
    """The remarks of a quality report as a table, in the order they were made; values as text."""

    def text(value: object) -> str | None:
        return None if value is None else str(value)

    rows = [
        {
            "code": remark.code,
            "layer": remark.layer,
            "id": remark.id,
            "before": text(remark.before),
            "after": text(remark.after),
            "facts": "; ".join(f"{key}={value}" for key, value in sorted(remark.facts.items())),
        }
        for remark in report.remarks
    ]
    return pd.DataFrame(rows, columns=["code", "layer", "id", "before", "after", "facts"], dtype="str")
