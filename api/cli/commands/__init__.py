"""The commands, one room each: ``NAME``, ``add_arguments(parser)`` and ``run(arguments, talk) -> Outcome``."""

from api.cli.commands import (
    areas,
    backup,
    check,
    compare,
    demo,
    doctor,
    draw,
    feasible,
    file_papers,
    import_layers,
    load,
    map_plan,
    micro,
    redraw,
    restore,
    serve,
    user,
    worker,
)

ALL = (
    demo,
    import_layers,
    feasible,
    draw,
    redraw,
    check,
    compare,
    file_papers,
    micro,
    areas,
    map_plan,
    load,
    serve,
    worker,
    user,
    backup,
    restore,
    doctor,
)
"""In the order of a user's work; help lists them so."""
