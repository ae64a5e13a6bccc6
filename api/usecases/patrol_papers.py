"""The files of patrols: what every route gets, and the map of all of them.

Decides which files there are; what stands in each is decided in `maps.patrol`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from api.usecases.patrol_land import Land
from gis.progress import SILENT, Progress
from maps.patrol import DATUMS, Datum, survey, write_geojson, write_gpx, write_kml, write_patrol_page
from maps.patrol_map import write_patrol_map
from partition.patrol.itinerary import Itinerary

MAP = "patrol.html"


@dataclass(frozen=True, slots=True)
class PapersOrder:
    """What is to be written.

    Attributes
    ----------
    land
        What pages draw beneath the routes.
    itineraries
        The routes.
    language
        ``zh`` or ``en``.
    with_gcj02
        A second variant of every route file for maps in GCJ-02.
    with_pages
        A page to print per route, and the map.
    """

    land: Land
    itineraries: tuple[Itinerary, ...]
    language: str
    with_gcj02: bool = False
    with_pages: bool = True


def write_papers(order: PapersOrder, place: Path, progress: Progress = SILENT) -> dict[str, list[str]]:
    """Write the files of every route into a folder.

    Returns
    -------
    dict
        Id of a route to the names of its files.

    Raises
    ------
    StorageError
        A file can not be written.
    """
    progress.stage("stage_patrol_files", len(order.itineraries))
    datums: tuple[Datum, ...] = DATUMS if order.with_gcj02 else ("wgs84",)
    files: dict[str, list[str]] = {}
    for itinerary in order.itineraries:
        written = [
            write(itinerary, place, language=order.language, datum=datum)
            for datum in datums
            for write in (write_geojson, write_gpx, write_kml)
        ]
        files[itinerary.id] = [path.name for path in written]
        progress.advance()
    if order.with_pages and order.itineraries:
        _write_pages(order, place, files, progress)
    return files


def _write_pages(order: PapersOrder, place: Path, files: dict[str, list[str]], progress: Progress) -> None:
    filed = order.land.filed
    progress.stage("stage_patrol_pages", len(order.itineraries))
    ground = survey(filed, order.land.territory)
    for itinerary in order.itineraries:
        page = write_patrol_page(itinerary, filed, ground, place, language=order.language)
        files[itinerary.id].append(page.name)
        progress.advance()
    progress.stage("stage_map")
    write_patrol_map(order.itineraries, filed, order.land.territory, place / MAP, language=order.language)
