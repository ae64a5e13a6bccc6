"""Use cases: load -> compute -> check -> save.  The public Python API.

One function each; the command line and the service call these and nothing deeper.
"""

from api.usecases.assess_territory import Assessed, assess_territory
from api.usecases.check_plan import Checked, check_plan
from api.usecases.draw_nested import DrawnNested, draw_micro_grids, draw_supervision_areas
from api.usecases.draw_plan import Drawn, draw_plan
from api.usecases.file_papers import Filing, file_papers
from api.usecases.import_layers import Imported, ImportOptions, import_layers
from api.usecases.make_demo import Demo, make_demo
from api.usecases.map_plan import map_plan

__all__ = [
    "Assessed",
    "Checked",
    "Demo",
    "Drawn",
    "DrawnNested",
    "Filing",
    "ImportOptions",
    "Imported",
    "assess_territory",
    "check_plan",
    "draw_micro_grids",
    "draw_plan",
    "draw_supervision_areas",
    "file_papers",
    "import_layers",
    "make_demo",
    "map_plan",
]
