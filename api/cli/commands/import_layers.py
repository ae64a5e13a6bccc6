"""``gridwright import``: layers of any kind in, one territory file and a quality report out."""

from __future__ import annotations

from argparse import Namespace
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from api.cli.parser import Parser
from api.cli.talk import Outcome, Table, Talk
from api.problems import DONE

NAME = "import"


def add_arguments(parser: Parser) -> None:
    """State the arguments."""
    parser.take("sources", nargs="+", metavar="SOURCE", type=Path)
    parser.take("--out", required=True, metavar="TERRITORY.gpkg", type=Path)
    parser.take("--layer", action="append", default=[], metavar="SOURCE=ROLE")
    parser.take("--crs", action="append", default=[], metavar="[SOURCE=]CRS")
    parser.take("--encoding", action="append", default=[], metavar="[SOURCE=]NAME")
    parser.take("--population", metavar="POLYGONS_OR_TIF", type=Path)
    parser.take("--households-column", metavar="COLUMN")
    parser.take("--households-per-dwelling", metavar="N", type=float)
    parser.take("--floor-area-per-household", metavar="M2", type=float)
    parser.take("--persons-per-household", metavar="N", type=float)
    parser.take("--households-basis", metavar="TEXT", default="")
    parser.take("--community-kind", choices=("urban", "rural"), default="urban")
    parser.take("--admin-level", metavar="LEVEL", type=int)
    parser.take("--outside", choices=("error", "drop", "nearest"), default="error")
    parser.take("--accept-shift", action="store_true")
    parser.take("--report", metavar="PATH", type=Path)


def run(arguments: Namespace, talk: Talk) -> Outcome:
    """Import and say what came in and what was mended."""
    from api.usecases import ImportOptions, import_layers

    options = ImportOptions(
        crs=tuple(arguments.crs),
        encoding=tuple(arguments.encoding),
        roles=tuple(arguments.layer),
        population=arguments.population,
        households_column=arguments.households_column,
        households_per_dwelling=arguments.households_per_dwelling,
        floor_area_per_household_m2=arguments.floor_area_per_household,
        persons_per_household=arguments.persons_per_household,
        households_basis=arguments.households_basis,
        community_kind=arguments.community_kind,
        accept_shift=arguments.accept_shift,
        admin_level=arguments.admin_level,
        outside=arguments.outside,
    )
    with talk.progress() as progress:
        done = import_layers(
            arguments.sources,
            arguments.out,
            options,
            report_path=arguments.report,
            language=talk.language,
            progress=progress,
        )
    territory = done.territory
    counts = {name: len(table) for name, table in territory.layers.items() if len(table)}
    households = done.households
    remarks = Counter(remark.code for remark in done.report.remarks)
    summary = {
        "command": NAME,
        "territory": done.path,
        "report": done.report_path,
        "layers": counts,
        "households": households,
        "households_basis": territory.meta.get("households_basis", ""),
        "crs": territory.file_crs.to_string(),
        "metric_crs": territory.crs.to_string(),
        "remarks": dict(sorted(remarks.items())),
    }
    shown: list[str | Table] = [
        talk.say("import_done", file=str(done.path)),
        Table(("label_layer", "label_rows"), list(counts.items())),
        talk.say(
            "import_households",
            households=households,
            basis=_basis(territory.meta, talk),
        ),
        talk.say("import_report", measured=len(done.report.remarks), file=str(done.report_path)),
    ]
    return Outcome(DONE, summary, shown, f"gridwright feasible {done.path}")


def _basis(meta: Mapping[str, str], talk: Talk) -> str:
    """What the households are, in the reader's language where the file's own words are gridwright's."""
    from gis.assemble import AS_STATED

    basis = meta.get("households_basis", "")
    if meta.get("households_modelled") == "true":
        return talk.say("basis_modelled", basis=basis)
    return talk.say("basis_as_stated") if basis == AS_STATED else basis or talk.say("basis_unstated")
