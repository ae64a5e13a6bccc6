"""``gridwright compare``: plans side by side, what changed, and a map of the differences."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from api.cli.commands.tables import percent
from api.cli.parser import Parser
from api.cli.talk import Outcome, Table, Talk
from api.i18n import number
from api.problems import DONE

if TYPE_CHECKING:
    from partition.compare import Comparison, Measures, Pair
    from partition.coverage.compare import CoverageComparison

NAME = "compare"
_SHOWN_CHANGES = 12


def add_arguments(parser: Parser) -> None:
    """State the arguments."""
    parser.take("plans", metavar="PLAN.gpkg", type=Path, nargs="+")
    parser.take("--territory", metavar="TERRITORY.gpkg", type=Path)
    parser.take("--out", metavar="DIR", type=Path)
    parser.take("--map", metavar="MAP.html", type=Path)


def run(arguments: Namespace, talk: Talk) -> Outcome:
    """Compare."""
    from api.usecases import compare_plans
    from api.usecases.compare_plans import comparison_json

    with talk.progress() as progress:
        compared = compare_plans(
            arguments.plans,
            territory_path=arguments.territory,
            out=arguments.out,
            map_out=arguments.map,
            language=talk.language,
            progress=progress,
        )
    comparison = compared.comparison
    summary = {
        "command": NAME,
        **comparison_json(comparison, compared.coverage),
        "same_territory": list(compared.known_territory) or None,
        "files": list(compared.files),
    }
    shown: list[str | Table] = [_measure_table(comparison, talk)]
    for pair, measures in zip(comparison.pairs, comparison.measures[1:], strict=True):
        shown += _tell_pair(pair, measures, talk)
    for pair, coverage in zip(comparison.pairs, compared.coverage, strict=False):
        shown.append(_coverage_table(pair, coverage, talk))
    if compared.known_territory and not any(compared.known_territory):
        shown.append(talk.say("compare_other_territory", file=arguments.territory.name))
    shown += [talk.say("compare_written", file=str(path)) for path in compared.files]
    return Outcome(DONE, summary, shown, _next_step(arguments, comparison))


def _measure_table(comparison: Comparison, talk: Talk) -> Table:
    def whole(value: float | None) -> str:
        return "—" if value is None else number(round(value), talk.language)

    def percent(value: float | None) -> str:
        return "—" if value is None else f"{100 * value:.1f} %"

    def figure(value: float | None, decimals: int) -> str:
        return "—" if value is None else f"{value:,.{decimals}f}"

    def moved(m: Measures) -> str:
        if m.households_moved is None:
            return "—"
        return f"{whole(m.households_moved)} ({percent(m.households_moved_frac)})"

    rows: list[tuple[str, Callable[[Measures], str]]] = [
        ("measure_grids", lambda m: whole(m.grids)),
        ("measure_kinds", lambda m: " / ".join(map(whole, (m.standard, m.dedicated, m.rural)))),
        ("measure_in_band", lambda m: percent(m.in_band_frac)),
        ("measure_sizes", lambda m: " / ".join(map(whole, (m.households_min, m.households_mean, m.households_max)))),
        ("measure_cv", lambda m: figure(m.households_cv, 3)),
        ("measure_border", lambda m: figure(m.inner_border_km, 1)),
        ("measure_compact", lambda m: figure(m.polsby_popper, 3)),
        ("measure_out_of_band", lambda m: whole(m.households_out_of_band)),
        ("measure_without_plan", lambda m: whole(m.communities_without_plan)),
        ("measure_proved", lambda m: percent(m.proved_optimal_frac)),
        ("measure_moved", moved),
        ("measure_keeps_code", lambda m: percent(m.keeps_code_frac)),
    ]
    table = [(talk.say(code), *(show(m) for m in comparison.measures)) for code, show in rows]
    # A heading without a sentence is shown as it is: the name of the plan.
    return Table(("label_measure", *comparison.names), table)


def _tell_pair(pair: Pair, measures: Measures, talk: Talk) -> list[str | Table]:
    title = talk.say("compare_pair", before=pair.old, after=pair.new)
    if pair.is_unchanged:
        return [talk.say("compare_unchanged", before=pair.old, after=pair.new, measured=measures.grids)]
    rows = [
        (talk.say(f"change_{change}"), "—" if change == "new" else int(old), "—" if change == "retired" else int(new))
        for change, old, new in pair.counts.itertuples()
    ]
    shown: list[str | Table] = [Table(("label_change", "label_old_grids", "label_new_grids"), rows, title)]
    changes = pair.changes[pair.changes["change"] != "kept"]
    weight = changes["households_in"] + changes["households_out"]
    largest = changes.loc[weight.sort_values(ascending=False, kind="stable").index[:_SHOWN_CHANGES]]
    if len(largest):
        listed = [
            (talk.say(f"change_{row.change}"), row.old or "—", row.new or "—", row.households_in, row.households_out)
            for row in largest.itertuples()
        ]
        labels = ("label_change", "label_old_code", "label_new_code", "label_households_in", "label_households_out")
        shown.append(Table(labels, listed, talk.say("compare_largest", measured=len(listed), n=len(changes))))
    if n := int(((pair.changes["change"] == "kept") & (pair.changes["outline_m2"] > 0)).sum()):
        shown.append(talk.say("compare_outline", measured=n))
    if pair.households == "estimated":
        shown.append(talk.say("compare_by_area" if pair.joined == "area" else "compare_estimated"))
    elif pair.households == "filed":
        shown.append(talk.say("compare_filed"))
    return shown


def _coverage_table(pair: Pair, coverage: CoverageComparison, talk: Talk) -> Table:
    """Cameras and response times: what the change of plan does to them."""
    rows = [
        (talk.say(f"coverage_measure_{m.name}"), _measure(m.name, m.before), _measure(m.name, m.after))
        for m in coverage.measures
        if m.before is not None or m.after is not None
    ]
    return Table(("label_measure", pair.old, pair.new), rows, talk.say("compare_coverage"))


def _measure(name: str, value: float | None) -> str:
    if value is None:
        return "—"
    if "_frac" in name or name == "households_in_time_min":
        return percent(value)
    return f"{value:,.1f}" if name.startswith("density") else f"{value:,.0f}"


def _next_step(arguments: Namespace, comparison: Comparison) -> str:
    plans = " ".join(map(str, arguments.plans))
    territory = f" --territory {arguments.territory}" if arguments.territory else ""
    if all(pair.is_unchanged for pair in comparison.pairs):
        return f"gridwright map {arguments.plans[0]} --out {arguments.plans[0].with_suffix('.html')}"
    if arguments.out is None and arguments.map is None:
        return f"gridwright compare {plans}{territory} --out {arguments.plans[-1].with_name('compare')}"
    land = arguments.territory or "TERRITORY.gpkg"
    folder = arguments.plans[-1].with_name("papers")
    return f"gridwright file {arguments.plans[-1]} {land} --old {arguments.plans[0]} --out {folder}"
