"""The files of a survey of cameras or of reach: map, tables, features.

Decides which files there are; what stands in each is decided in `maps` and `data.papers`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from api.usecases.coverage_land import CoverageLand
from gis.progress import SILENT, Progress
from gis.streets.network import ObjectArray
from maps.camera_map import write_camera_map
from partition.coverage.cameras.types import CameraSurvey
from partition.coverage.siting.problem import SitingAnswer

CAMERA_MAP = "cameras.html"


@dataclass(frozen=True, slots=True)
class CameraOrder:
    """What is to be written of a survey of cameras.

    Attributes
    ----------
    held
        The land.
    survey, answer
        What was found and proposed.
    sights
        What each proposed camera would see.
    language
        ``zh`` or ``en``.
    with_gcj02
        A second variant of every GeoJSON file for maps in GCJ-02.
    with_pages
        The map and the tables.
    """

    held: CoverageLand
    survey: CameraSurvey
    answer: SitingAnswer | None
    sights: ObjectArray | None
    language: str
    with_gcj02: bool = False
    with_pages: bool = True


def write_camera_files(order: CameraOrder, place: Path, progress: Progress = SILENT) -> None:
    """Write the files of a survey of cameras into a folder.

    Raises
    ------
    StorageError
        A file can not be written.
    """
    held = order.held
    if order.with_pages:
        progress.stage("stage_map")
        write_camera_map(
            order.survey,
            held.filed,
            held.territory,
            place / CAMERA_MAP,
            siting=order.answer,
            sights=order.sights,
            language=order.language,
        )
