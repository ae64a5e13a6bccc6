"""``gridwright demo``: the main job on a generated town, from layers to a served map, with patrols and coverage."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from api import settings
from api.cli.commands.serve import serve_through
from api.cli.commands.tables import percent, plan_table
from api.cli.parser import Parser
from api.cli.talk import Outcome, Talk
from api.problems import BROKEN, DONE

NAME = "demo"


def add_arguments(parser: Parser) -> None:
    """State the arguments."""
    parser.take("--out", metavar="DIR", type=Path, default=Path("demo"))
    parser.take("--no-serve", action="store_true")
    parser.take("--households", metavar="N", type=int, default=12_000)
    parser.take("--seed", metavar="N", type=int, default=1)
    parser.take("--workers", metavar="N", type=int)
    parser.take("--today", metavar="DATE")
    parser.take("--host", metavar="HOST", default="127.0.0.1")
    parser.take("--port", metavar="PORT", type=int, default=8000)


def run(arguments: Namespace, talk: Talk) -> Outcome:
    """Make, draw, check, map; then serve unless told not to."""
    from api.http.moments import read_moment
    from api.usecases import make_demo
    from api.wiring import local_act

    door = None
    if not arguments.no_serve:
        # Before the work: who can not have the port learns it now, not after a minute.
        from api.operation.door import open_door

        door = open_door(arguments.host, arguments.port)
    today = None if arguments.today is None else read_moment(arguments.today, "--today")
    with talk.progress() as progress:
        demo = make_demo(
            arguments.out,
            local_act("demo"),
            households=arguments.households,
            seed=arguments.seed,
            workers=settings.n_cores() if arguments.workers is None else arguments.workers,
            language=talk.language,
            name=talk.say("demo_name"),
            today=today,
            progress=progress,
        )
    drawn = demo.drawn
    summary = {
        "command": NAME,
        "folder": arguments.out,
        "territory": demo.territory_path,
        "plan": drawn.path,
        "map": demo.map_path,
        "patrols": demo.patrolled.folder,
        "routes": demo.patrolled.summary["totals"]["routes"],
        "cameras": demo.seen.folder,
        "reach": demo.reached.folder,
        "store": f"sqlite:///{demo.store_path}",
        "passed": drawn.verdict.passed,
        **drawn.figures,
    }
    shown = [
        talk.say("demo_done", folder=str(arguments.out)),
        plan_table(drawn.figures, talk),
        talk.say(
            "demo_files",
            territory=str(demo.territory_path),
            plan=str(drawn.path),
            map=str(demo.map_path),
            store=str(demo.store_path),
        ),
        talk.say("demo_patrols", file=str(demo.patrolled.folder), measured=demo.patrolled.summary["totals"]["routes"]),
    ]
    totals = demo.seen.summary["totals"]
    seen_frac = percent(totals["seen_frac"][demo.seen.summary["level"]])
    verdicts = [row["is_kept"] for row in demo.reached.summary["rules"] if row["is_kept"] is not None]
    shown += [
        talk.say("demo_cameras", file=str(demo.seen.folder), measured=totals["positions"], percent=seen_frac),
        talk.say("demo_reach", file=str(demo.reached.folder), measured=sum(verdicts), n=len(verdicts)),
    ]
    status = DONE if drawn.verdict.passed else BROKEN
    address = f"sqlite:///{demo.store_path}"
    if door is None:
        return Outcome(status, summary, shown, f"gridwright serve --store {address}")
    talk.tell(Outcome(status, summary, shown))
    serve_through(door, address, talk, public_url="", with_worker=True)
    return Outcome(status, {}, [talk.say("serve_ended")], is_told=talk.is_json)
