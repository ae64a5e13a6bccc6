"""What patrols are planned and judged on: the territory, the plan's grids, the streets laid for one mode.

Decides that a plan and a territory must belong together; how streets become a network is decided in `gis.streets`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import pandas as pd

from data.files.plan_file import read_plan
from gis.errors import InputError
from gis.progress import SILENT, Progress
from gis.readers.territory_file import read_territory
from gis.report import QualityReport
from gis.streets import Beats, StreetNetwork, lay_network
from gis.territory import Territory
from partition.filed import FiledPlan
from partition.patrol.describe import PlaceName
from partition.patrol.settings import PatrolSettings


@dataclass(frozen=True, slots=True)
class Land:
    """Land to patrol.

    Attributes
    ----------
    territory, filed
        The territory and a plan that was drawn on it.
    grids
        Code and geometry of the grids, in the territory's metric CRS.
    network, beats
        Streets of one mode, and which grid looks after which of them.
    report
        What laying the network mended or found odd.
    plan_name, territory_name
        What messages call the two files.
    """

    territory: Territory
    filed: FiledPlan
    grids: gpd.GeoDataFrame
    network: StreetNetwork
    beats: Beats
    report: QualityReport
    plan_name: str
    territory_name: str

    @property
    def plan_id(self) -> str:
        """Version of the plan."""
        return self.filed.meta.get("plan_id", "")

    @property
    def places(self) -> Mapping[int, PlaceName]:
        """Key places by row."""
        table = self.territory["key_places"]
        columns = zip(table["id"], table["kind"], table["name"], table.geometry)
        return {row: PlaceName(id, kind, _text(name), point) for row, (id, kind, name, point) in enumerate(columns)}

    def post_names(self) -> dict[int, str]:
        """Name of the post at each node of the network that has one; its id where it has no name."""
        posts = self.territory["posts"]
        names: dict[int, str] = {}
        for row, node in enumerate(self.beats.post_node.tolist()):
            if node >= 0:
                names.setdefault(node, _text(posts["name"].iloc[row]) or str(posts["id"].iloc[row]))
        return names


def read_land(territory_path: Path, plan_path: Path, settings: PatrolSettings, progress: Progress = SILENT) -> Land:
    """Read a territory and a plan, and lay the streets.

    Raises
    ------
    InputError
        ``patrol_other_territory``, ``patrol_no_streets``, ``patrol_no_grids``, and what the readers and the laying of
        the network find.
    """
    filed = read_plan(plan_path)
    territory = read_territory(territory_path, progress=progress)
    names = {"file": plan_path.name, "territory": territory_path.name}
    if filed.meta.get("territory_hash") != territory.content_hash():
        raise InputError("patrol_other_territory", **names)
    return lay_land(territory, filed, settings, names=(plan_path.name, territory_path.name), progress=progress)


def lay_land(
    territory: Territory,
    filed: FiledPlan,
    settings: PatrolSettings,
    *,
    names: tuple[str, str] = ("", ""),
    progress: Progress = SILENT,
) -> Land:
    """Lay the streets of a territory and share them out to the grids of a plan.

    Parameters
    ----------
    territory, filed
        Territory, and a plan drawn on it.
    settings
        Mode, speeds, what is inspected.
    names
        What messages call the plan and the territory.

    Raises
    ------
    InputError
        ``patrol_no_streets``, ``patrol_no_grids``, and what the laying of the network finds.
    """
    if territory["streets"].empty:
        raise InputError("patrol_no_streets", file=names[1], layer="streets")
    if filed.grids.empty:
        raise InputError("patrol_no_grids", file=names[0], layer="grids")
    grids = filed.grids[["code", "geometry"]].to_crs(territory.crs)
    report = QualityReport()
    network, beats = lay_network(territory, grids, settings.network_options(), report, progress)
    return Land(territory, filed, grids, network, beats, report, *names)


def _text(value: object) -> str:
    return "" if value is None or pd.isna(value) else str(value)
