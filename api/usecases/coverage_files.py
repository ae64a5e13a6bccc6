"""The files of a survey of cameras or of reach: map, tables, features.

Decides which files there are; what stands in each is decided in `maps` and `data.papers`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from api.usecases.coverage_land import CoverageLand
from data.papers.coverage_cameras import write_camera_tables
from data.papers.coverage_reach import write_reach_tables
from gis.progress import SILENT, Progress
from gis.streets.network import ObjectArray
from maps.camera_map import write_camera_map
from maps.coverage import geojson
from maps.patrol import DATUMS, Datum
from maps.reach_map import write_reach_map
from partition.coverage.cameras.types import CameraSurvey
from partition.coverage.posts.types import PostsAnswer
from partition.coverage.reach.rings import rings
from partition.coverage.reach.types import ReachSurvey, Ring
from partition.coverage.siting.problem import SitingAnswer

CAMERA_MAP, CAMERA_TABLES = "cameras.html", "cameras.xlsx"
REACH_MAP, REACH_TABLES = "reach.html", "reach.xlsx"


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


@dataclass(frozen=True, slots=True)
class ReachOrder:
    """What is to be written of a survey of reach; fields as of `CameraOrder`."""

    held: CoverageLand
    survey: ReachSurvey
    answers: tuple[PostsAnswer, ...]
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
    held, survey = order.held, order.survey
    territory = held.territory
    progress.stage("stage_coverage_files")
    for datum in _datums(with_gcj02=order.with_gcj02):
        for write in (geojson.write_sights, geojson.write_masks, geojson.write_blind):
            write(survey, territory, place, datum=datum, plan_id=held.plan_id)
        if order.answer is not None:
            geojson.write_proposals(
                order.answer, survey, territory, place, sights=order.sights, datum=datum, plan_id=held.plan_id
            )
    if not order.with_pages:
        return
    write_camera_tables(
        survey, held.filed, territory, place / CAMERA_TABLES, siting=order.answer, language=order.language
    )
    progress.stage("stage_map")
    write_camera_map(
        survey,
        held.filed,
        territory,
        place / CAMERA_MAP,
        siting=order.answer,
        sights=order.sights,
        language=order.language,
    )


def write_reach_files(order: ReachOrder, place: Path, progress: Progress = SILENT) -> None:
    """Write the files of a survey of reach into a folder.

    Raises
    ------
    StorageError
        A file can not be written.
    """
    held, survey = order.held, order.survey
    territory = held.territory
    progress.stage("stage_coverage_files", len(survey.rules))
    made: list[Sequence[Ring]] = []
    for position, reach in enumerate(survey.rules):
        made.append(rings(survey, position, tuple(sorted(reach.ring))))
        for datum in _datums(with_gcj02=order.with_gcj02):
            geojson.write_rings(survey, position, made[-1], territory, place, datum=datum, plan_id=held.plan_id)
        progress.advance()
    if not order.with_pages:
        return
    write_reach_tables(
        survey, held.filed, territory, place / REACH_TABLES, posts_answer=order.answers, language=order.language
    )
    progress.stage("stage_map")
    write_reach_map(
        survey,
        held.filed,
        territory,
        place / REACH_MAP,
        posts_answer=order.answers,
        rings=made,
        language=order.language,
    )


def _datums(*, with_gcj02: bool) -> tuple[Datum, ...]:
    return DATUMS if with_gcj02 else ("wgs84",)
