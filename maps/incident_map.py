"""The incident map of a period: one HTML file with every incident, clusters, and grids by count or rate.

Decides what the page holds and packs it; the page is made like that of `maps.plan_map` and opens with no internet.
How things look is decided in ``maps/static/incident_*.js``.  Which incidents belong to a period, and which of them are
late, is decided by whoever asks for the map.
"""

from __future__ import annotations

from pathlib import Path

from gis.errors import InputError
from gis.territory import Territory
from maps.camera_map import SHARED_SCRIPTS, coverage_frame
from maps.incidents.page import MappedIncidents, MapPeriod, incident_data
from maps.incidents.words import incident_page_words
from maps.plan_map import make_page, write_page
from maps.plan_shapes import shape_plan
from maps.words import LANGUAGES
from partition.filed import FiledPlan

SCRIPTS = (*SHARED_SCRIPTS, "incident_layers.js", "incident_panel.js", "incident_map.js")


def write_incident_map(
    incidents: MappedIncidents,
    period: MapPeriod,
    filed: FiledPlan,
    territory: Territory,
    path: Path,
    *,
    language: str = "zh",
    title: str = "",
) -> None:
    """Write the incidents of a period as one HTML file; the same incidents give the same bytes.

    Parameters
    ----------
    incidents
        Of the period.
    period
        What the page says of them.
    filed, territory
        The plan whose grids are drawn, and the land.  Incidents of grids that this plan does not have are drawn and
        counted, but in no grid.
    path
        File to write, replaced as a whole once the page is complete.
    language
        ``zh`` or ``en``: the language the page opens in; it holds both.
    title
        Heading of the page; empty: a general one with the period.

    Raises
    ------
    InputError
        ``map_language_unknown``, ``map_nothing_to_show`` (a plan without a grid).
    StorageError
        ``map_assets_missing``, ``map_not_written``.
    """
    write_page(render_incident_map(incidents, period, filed, territory, language=language, title=title), path)


def render_incident_map(
    incidents: MappedIncidents,
    period: MapPeriod,
    filed: FiledPlan,
    territory: Territory,
    *,
    language: str = "zh",
    title: str = "",
) -> str:
    """The page of `write_incident_map` as text; raises the same errors but ``map_not_written``."""
    if language not in LANGUAGES:
        raise InputError("map_language_unknown", measured=language, allowed=", ".join(LANGUAGES))
    if filed.grids.empty:
        raise InputError("map_nothing_to_show")
    shapes = shape_plan(filed)
    data = {
        **coverage_frame(filed, territory, shapes, "incident", language, title),
        **incident_data(incidents, period, shapes.origin),
        "words": {one: incident_page_words(one) for one in LANGUAGES},
    }
    return make_page("incident", data, SCRIPTS, ("coverage_map.css", "incident_map.css"), "coverage_map.html")
