"""``gridwright load``: a territory and its plan from files into a store."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import asdict
from pathlib import Path

from api.cli.parser import Parser
from api.cli.talk import Outcome, Talk
from api.problems import DONE

NAME = "load"


def add_arguments(parser: Parser) -> None:
    """State the arguments."""
    parser.take("territory", metavar="TERRITORY.gpkg", type=Path, nargs="?")
    parser.take("plan", metavar="PLAN.gpkg", type=Path, nargs="?")
    parser.take("--store", metavar="URL")
    parser.take("--name", metavar="TEXT", default="")
    parser.take("--since", metavar="DATE")
    parser.take("--reason", metavar="TEXT", default="")


def run(arguments: Namespace, talk: Talk) -> Outcome:
    """Make the tables ready; load what is given."""
    from api.http.moments import read_moment
    from api.usecases.address_books import check_address_index, fill_address_index
    from api.usecases.load_store import load_store
    from api.wiring import local_act, open_ready_store, shown, store_address, store_option

    since = None if arguments.since is None else read_moment(arguments.since, "--since")
    store = open_ready_store(store_address(arguments.store), may_migrate=True)
    name = shown(store.url)
    try:
        if arguments.territory is None:
            summary = {"command": NAME, "store": name, "territory": None, "plan": None}
            return Outcome(DONE, summary, [talk.say("load_tables_made", file=name)])
        check_address_index(store)
        with talk.progress() as progress:
            loaded = load_store(
                store,
                arguments.territory,
                arguments.plan,
                local_act(arguments.reason),
                name=arguments.name,
                since=since,
                progress=progress,
            )
            fill_address_index(store, loaded.territory.county, progress)
    finally:
        store.close()
    land, plan = loaded.territory, loaded.plan
    summary = {
        "command": NAME,
        "store": name,
        "territory": {"id": land.id, "county": land.county, "rows": dict(land.n_rows), "new": loaded.is_new_territory},
        "incidents": asdict(loaded.incidents),
        "plan": None if plan is None else {"id": plan.id, "state": plan.state, "new": loaded.is_new_plan},
    }
    facts = {"id": land.id, "file": arguments.territory.name}
    if loaded.is_new_territory:
        n_rows = sum(land.n_rows.values())
        told = [talk.say("load_territory_done", n_communities=land.n_rows["communities"], n_rows=n_rows, **facts)]
    else:
        told = [talk.say("load_territory_known", **facts)]
    if loaded.incidents.new or loaded.incidents.left_out:
        told.append(talk.say("load_incidents", **asdict(loaded.incidents)))
    if plan is not None:
        done = "load_plan_done" if since is None else "load_plan_since"
        code = done if loaded.is_new_plan else "load_plan_known"
        told.append(talk.say(code, id=plan.id, file=arguments.plan.name, measured=arguments.since or ""))
    return Outcome(DONE, summary, told, f"gridwright serve{store_option(arguments.store)}")
