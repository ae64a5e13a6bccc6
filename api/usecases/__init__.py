"""Use cases: load -> compute -> check -> save.  The public Python API.

One function each; the command line and the service call these and nothing deeper.  A use case is imported when it is
first asked for: drawing needs solvers, filing needs printers, and the service starts without either.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from api.usecases.assess_territory import Assessed, assess_territory
    from api.usecases.backup_store import Saved, backup_store
    from api.usecases.check_plan import Checked, check_plan
    from api.usecases.compare_plans import Compared, compare_plans
    from api.usecases.draw_nested import DrawnNested, draw_micro_grids, draw_supervision_areas
    from api.usecases.draw_plan import Drawn, draw_plan
    from api.usecases.examine_store import Examined, examine_store
    from api.usecases.file_papers import Filing, file_papers
    from api.usecases.import_layers import Imported, ImportOptions, import_layers
    from api.usecases.judge_tracks import JudgedTracks, judge_tracks
    from api.usecases.load_store import Loaded, load_store
    from api.usecases.look_up import Book
    from api.usecases.look_up_batch import Batch, look_up_batch
    from api.usecases.look_up_file import FileBook, open_book
    from api.usecases.make_demo import Demo, make_demo
    from api.usecases.map_plan import map_plan
    from api.usecases.plan_patrols import Patrolled, plan_patrols
    from api.usecases.plan_roster import Rostered, plan_roster
    from api.usecases.redraw_plan import RedrawnPlan, redraw_plan
    from api.usecases.restore_store import Restored, restore_store
    from api.usecases.survey_cameras import SurveyedCameras, survey_cameras
    from api.usecases.survey_reach import SurveyedReach, survey_reach
    from api.usecases.weigh_change import Point, weigh_change

_HOMES = {
    "Assessed": "assess_territory",
    "Batch": "look_up_batch",
    "Book": "look_up",
    "Checked": "check_plan",
    "Compared": "compare_plans",
    "Demo": "make_demo",
    "Drawn": "draw_plan",
    "DrawnNested": "draw_nested",
    "Examined": "examine_store",
    "FileBook": "look_up_file",
    "Filing": "file_papers",
    "ImportOptions": "import_layers",
    "Imported": "import_layers",
    "JudgedTracks": "judge_tracks",
    "Loaded": "load_store",
    "Patrolled": "plan_patrols",
    "Point": "weigh_change",
    "RedrawnPlan": "redraw_plan",
    "Restored": "restore_store",
    "Rostered": "plan_roster",
    "Saved": "backup_store",
    "SurveyedCameras": "survey_cameras",
    "SurveyedReach": "survey_reach",
    "assess_territory": "assess_territory",
    "backup_store": "backup_store",
    "check_plan": "check_plan",
    "compare_plans": "compare_plans",
    "draw_micro_grids": "draw_nested",
    "draw_plan": "draw_plan",
    "draw_supervision_areas": "draw_nested",
    "examine_store": "examine_store",
    "file_papers": "file_papers",
    "import_layers": "import_layers",
    "judge_tracks": "judge_tracks",
    "load_store": "load_store",
    "look_up_batch": "look_up_batch",
    "make_demo": "make_demo",
    "map_plan": "map_plan",
    "open_book": "look_up_file",
    "plan_patrols": "plan_patrols",
    "plan_roster": "plan_roster",
    "redraw_plan": "redraw_plan",
    "restore_store": "restore_store",
    "survey_cameras": "survey_cameras",
    "survey_reach": "survey_reach",
    "weigh_change": "weigh_change",
}

__all__ = [
    "Assessed",
    "Batch",
    "Book",
    "Checked",
    "Compared",
    "Demo",
    "Drawn",
    "DrawnNested",
    "Examined",
    "FileBook",
    "Filing",
    "ImportOptions",
    "Imported",
    "JudgedTracks",
    "Loaded",
    "Patrolled",
    "Point",
    "RedrawnPlan",
    "Restored",
    "Rostered",
    "Saved",
    "SurveyedCameras",
    "SurveyedReach",
    "assess_territory",
    "backup_store",
    "check_plan",
    "compare_plans",
    "draw_micro_grids",
    "draw_plan",
    "draw_supervision_areas",
    "examine_store",
    "file_papers",
    "import_layers",
    "judge_tracks",
    "load_store",
    "look_up_batch",
    "make_demo",
    "map_plan",
    "open_book",
    "plan_patrols",
    "plan_roster",
    "redraw_plan",
    "restore_store",
    "survey_cameras",
    "survey_reach",
    "weigh_change",
]


class _UseCases(ModuleType):
    """This package: its functions stay reachable where a module has the same name."""

    def __getattr__(self, name: str) -> Any:
        if name not in _HOMES:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{self.__name__}.{_HOMES[name]}"), name)

    def __setattr__(self, name: str, value: Any) -> None:
        # Importing a module makes it an attribute of its package; the function of that name is the public one.
        if not (isinstance(value, ModuleType) and name in _HOMES):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _UseCases
