"""Use cases: load -> compute -> check -> save.  The public Python API.

One function each; the command line and the service call these and nothing deeper.
"""

from api.usecases.assess_territory import Assessed, assess_territory
from api.usecases.check_plan import Checked, check_plan
from api.usecases.compare_plans import Compared, compare_plans
from api.usecases.draw_nested import DrawnNested, draw_micro_grids, draw_supervision_areas
from api.usecases.draw_plan import Drawn, draw_plan
from api.usecases.file_papers import Filing, file_papers
from api.usecases.import_layers import Imported, ImportOptions, import_layers
from api.usecases.make_demo import Demo, make_demo
from api.usecases.map_plan import map_plan
from api.usecases.redraw_plan import RedrawnPlan, redraw_plan
from api.usecases.weigh_change import Point, weigh_change

__all__ = [
    "Assessed",
    "Checked",
    "Compared",
    "Demo",
    "Drawn",
    "DrawnNested",
    "Filing",
    "ImportOptions",
    "Imported",
    "Point",
    "RedrawnPlan",
    "assess_territory",
    "check_plan",
    "compare_plans",
    "draw_micro_grids",
    "draw_plan",
    "draw_supervision_areas",
    "file_papers",
    "import_layers",
    "make_demo",
    "map_plan",
    "redraw_plan",
    "weigh_change",
]
