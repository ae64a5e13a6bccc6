"""The sample town from layers to map, patrols, cameras and reach, in one folder: as files, and in a store beside."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from api.http.moments import CHINA
from api.usecases.draw_plan import Drawn, draw_plan
from api.usecases.load_store import load_store
from api.usecases.map_plan import map_plan
from api.usecases.plan_patrols import Patrolled, plan_patrols
from api.usecases.survey_cameras import Asked, SurveyedCameras, survey_cameras
from api.usecases.survey_reach import SurveyedReach, survey_reach
from api.wiring import open_ready_store
from data.files.territory_file import write_territory
from data.sample import make_town
from data.store import Act
from gis.errors import InputError
from gis.progress import SILENT, Progress

TERRITORY, PLAN, MAP, STORE, PATROLS = "town.gpkg", "plan.gpkg", "plan.html", "store.sqlite", "patrols"
CAMERAS, REACH = "cameras", "reach"
_PROPOSED = 20


@dataclass(frozen=True, slots=True)
class Demo:
    """Where the demo lies and how it went."""

    territory_path: Path
    map_path: Path
    store_path: Path
    drawn: Drawn
    patrolled: Patrolled
    seen: SurveyedCameras
    reached: SurveyedReach


def make_demo(
    folder: Path,
    act: Act,
    *,
    households: int = 12_000,
    seed: int = 1,
    workers: int = 1,
    language: str = "zh",
    name: str = "town",
    today: datetime | None = None,
    progress: Progress = SILENT,
) -> Demo:
    """Generate the sample town, draw it, check it, map it, plan its patrols, survey cameras and reach, load it.

    Parameters
    ----------
    folder
        Where ``town.gpkg``, ``plan.gpkg``, ``plan.html``, ``patrols``, ``cameras``, ``reach`` and ``store.sqlite`` go;
        made when missing.
    act
        Who loads it into the store.
    households
        Size of the town.
    seed
        Of the town and of the search.
    workers
        Processes for the search.
    language
        Language the map opens in.
    name
        What territory and plan are called in the store.
    today
        Incidents are of the year before the beginning of this day, in which the plan is in force; none: of ``act``.
    progress
        Watches the work.

    Raises
    ------
    InputError
        ``option_out_of_range``, ``out_folder_missing``, ``results_holds_other_files``.
    StorageError
        A file can not be written.
    """
    if not 500 <= households <= 2_000_000:
        raise InputError("option_out_of_range", column="--households", measured=households, allowed="500-2000000")
    if folder.exists() and not folder.is_dir():
        raise InputError("out_not_folder", file=str(folder))
    folder.mkdir(parents=True, exist_ok=True)
    # The year up to this morning: desks and figures show what one would see at work.
    today = (today or act.at).astimezone(CHINA).replace(hour=0, minute=0, second=0, microsecond=0)
    town = make_town(households, seed, progress, now=today.replace(tzinfo=None))
    territory_path = folder / TERRITORY
    write_territory(town.territory, territory_path, progress=progress)
    drawn = draw_plan(territory_path, folder / PLAN, seed=seed, workers=workers, progress=progress)
    mapped = map_plan(drawn.path, territory_path, folder / MAP, language=language, progress=progress)
    patrolled = plan_patrols(
        territory_path, drawn.path, folder / PATROLS, language=language, seed=seed, workers=workers, progress=progress
    )
    seen = survey_cameras(
        territory_path,
        drawn.path,
        folder / CAMERAS,
        asked=Asked(add=_PROPOSED),
        language=language,
        progress=progress,
    )
    reached = survey_reach(territory_path, drawn.path, folder / REACH, language=language, seed=seed, progress=progress)
    store_path = folder / STORE
    store = open_ready_store(f"sqlite:///{store_path}")
    try:
        since = today - timedelta(days=365)
        load_store(store, territory_path, drawn.path, act, name=name, since=since, progress=progress)
    finally:
        store.close()
    return Demo(territory_path, mapped.path, store_path, drawn, patrolled, seen, reached)
