"""The commands, one room each: ``NAME``, ``add_arguments(parser)`` and ``run(arguments, talk) -> Outcome``."""

from api.cli.commands import (
    areas,
    check,
    compare,
    demo,
    draw,
    feasible,
    file_papers,
    import_layers,
    map_plan,
    micro,
    redraw,
    serve,
)

ALL = (demo, import_layers, feasible, draw, redraw, check, compare, file_papers, micro, areas, map_plan, serve)
"""In the order of a user's work; help lists them so."""
