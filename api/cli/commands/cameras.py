"""``gridwright cameras``: density of cameras by area, what they see, and where further ones should stand."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from api.cli.commands.tables import percent, word
from api.cli.parser import Parser
from api.cli.talk import Outcome, Table, Talk
from api.i18n import number
from api.problems import BROKEN, DONE

if TYPE_CHECKING:
    from api.usecases.survey_cameras import SurveyedCameras

NAME = "cameras"
_SHOWN_PROPOSALS, _SHOWN_NOTES, _SHOWN_BLIND = 20, 20, 5
_SHOWN_SCOPES = ("class", "class_code", "town", "all")
_M_PER_KM = 1000.0


def add_arguments(parser: Parser) -> None:
    """State the arguments."""
    parser.take("territory", metavar="TERRITORY.gpkg", type=Path)
    parser.take("plan", metavar="PLAN.gpkg", type=Path)
    parser.take("--out", required=True, metavar="DIR", type=Path)
    parser.take("--add", metavar="N", type=int)
    parser.take("--level", metavar="detect|observe|recognise|identify", type=str)
    parser.take("--goal", choices=("cover", "all", "floor"))
    parser.take("--grid", metavar="CODE", nargs="+", action="extend", default=[])
    parser.take("--community", metavar="CODE", nargs="+", action="extend", default=[])
    parser.take("--keep-floors", action="store_true")
    parser.take("--zones", metavar="FILE", type=Path)
    parser.take("--settings", metavar="COVERAGE.toml", type=Path)
    parser.take("--target", metavar="CLASS=N", nargs="+", action="extend", default=[])
    parser.take("--channels", metavar="PROGRAMME=N", nargs="+", action="extend", default=[])
    parser.take("--area", metavar="FILE", type=Path)
    parser.take("--area-target", metavar="N", type=float)
    parser.take("--what-if", metavar="CODE=N", nargs="+", action="extend", default=[])
    parser.take("--no-sight", action="store_true")
    parser.take("--gcj02", action="store_true")
    parser.take("--no-pages", action="store_true")
    parser.take("--seconds", metavar="S", type=float)


def run(arguments: Namespace, talk: Talk) -> Outcome:
    """Survey; status 1 when a grid stays under its target density, or nothing could be proposed."""
    from api.usecases import survey_cameras
    from api.usecases.coverage_settings import read_camera_settings, read_counts, read_pairs
    from api.usecases.survey_cameras import Asked

    chosen = read_camera_settings(
        arguments.settings,
        level=arguments.level,
        targets=read_pairs("--target", arguments.target),
        channels=read_counts("--channels", arguments.channels),
    )
    asked = Asked(
        goal=arguments.goal or "",
        add=arguments.add,
        grids=tuple(arguments.grid),
        communities=tuple(arguments.community),
        zones=arguments.zones,
        keep_floors=arguments.keep_floors,
    )
    with talk.progress() as progress:
        surveyed = survey_cameras(
            arguments.territory,
            arguments.plan,
            arguments.out,
            settings=chosen,
            asked=asked,
            area=arguments.area,
            area_target=arguments.area_target,
            what_if=read_counts("--what-if", arguments.what_if),
            with_sight=not arguments.no_sight,
            with_gcj02=arguments.gcj02,
            with_pages=not arguments.no_pages,
            language=talk.language,
            seconds=arguments.seconds,
            progress=progress,
        )
    return _told(surveyed, arguments, talk)


def _told(surveyed: SurveyedCameras, arguments: Namespace, talk: Talk) -> Outcome:
    content = surveyed.summary
    totals = content["totals"]
    summary = {"command": NAME, "folder": surveyed.folder, **content}
    shown: list[str | Table] = [
        talk.say(
            "cameras_done",
            file=str(surveyed.folder),
            measured=totals["positions"],
            channels=totals["channels"],
            lines=content["checked"]["sight_lines"],
        ),
        _densities([row for row in content["rows"] if row["scope"] in _SHOWN_SCOPES] + content["areas"], talk),
    ]
    if not arguments.no_sight:
        shown += [_seen(content, talk), talk.say("cameras_density_is_not_sight", edition=content["edition"])]
        shown += _blind(content["blind"], totals["blind_stretches"], talk)
    if content["progress"]:
        shown.append(_progress(content["progress"], talk))
    if content["what_if"]:
        shown.append(_thought(content["what_if"], talk))
    if content["siting"]:
        shown += _proposals(content["siting"], talk)
    notes = [note["message"] for note in content["notes"]]
    shown += notes[:_SHOWN_NOTES]
    if len(notes) > _SHOWN_NOTES:
        shown.append(talk.say("more_rows", measured=len(notes) - _SHOWN_NOTES, option="--json"))
    return Outcome(_status(content), summary, shown, _next_step(content, arguments))


def _status(content: Any) -> int:
    siting, missing = content["siting"], content["totals"]["missing"]
    if siting and siting["goal"] == "floor":
        return BROKEN if siting["floor_short"] else DONE
    if siting:
        is_empty = not siting["proposals"] and siting["reachable_m"] > siting["seen_before_m"]
        return BROKEN if is_empty and siting["asked"] != 0 else DONE
    return BROKEN if missing else DONE


def _next_step(content: Any, arguments: Namespace) -> str:
    if content["siting"] or arguments.no_sight:
        return ""
    files = f"{arguments.territory} {arguments.plan} --out {arguments.out}"
    return f"gridwright cameras {files} " + ("--goal floor" if content["totals"]["missing"] else "--add 20")


def _densities(rows: list[dict[str, Any]], talk: Talk) -> Table:
    table = [
        (
            _area(row, talk),
            row["positions"],
            row["channels"],
            f"{row['area_km2']:.2f}",
            "—" if row["density_per_km2"] is None else f"{row['density_per_km2']:.1f}",
            f"{row['target_per_km2']:.1f}",
            row["missing"],
            percent(row["working_frac"]),
        )
        for row in rows
    ]
    headings = ("cameras_label_area", "cameras_label_positions", "cameras_label_channels", "cameras_label_km2")
    more = ("cameras_label_density", "cameras_label_target", "cameras_label_missing", "cameras_label_working")
    return Table((*headings, *more), table)


def _area(row: dict[str, Any], talk: Talk) -> str:
    if row["scope"] in ("class", "class_code", "all"):
        return word("cameras_scope", row["code"], talk)
    return row["name"] or row["code"]


def _seen(content: Any, talk: Talk) -> Table:
    totals = content["totals"]
    rows: list[tuple[str | int | float, ...]] = [
        (
            word("sight_level", level["name"], talk),
            f"{level['px_per_m']:g}",
            f"{totals['seen_m'][level['name']] / _M_PER_KM:.2f}",
            percent(totals["seen_frac"][level["name"]]),
            f"{totals['places_seen'][level['name']]} / {totals['places']}",
        )
        for level in content["levels"]
    ]
    title = talk.say("cameras_seen_title", measured=f"{totals['street_m'] / _M_PER_KM:.2f}")
    headings = ("cameras_label_level", "cameras_label_px", "cameras_label_km", "cameras_label_share")
    return Table((*headings, "cameras_label_places"), rows, title)


def _blind(rows: list[dict[str, Any]], n: int, talk: Talk) -> list[str | Table]:
    if not rows:
        return []
    shown = rows[:_SHOWN_BLIND]
    table = [(row["name"] or row["street"], row["grid"] or "—", round(row["length_m"])) for row in shown]
    title = talk.say("cameras_blind_title", measured=len(shown), n=n)
    return [Table(("cameras_label_street", "label_grid", "cameras_label_metres"), table, title)]


def _progress(rows: list[dict[str, Any]], talk: Talk) -> Table:
    table = [
        (
            row["name"] or talk.say("cameras_all_programmes"),
            row["channels"],
            row["planned"],
            f"{100 * row['frac']:.2f} %",
        )
        for row in rows
    ]
    headings = ("cameras_label_programme", "cameras_label_channels", "cameras_label_planned", "cameras_label_progress")
    return Table(headings, table)


def _thought(rows: list[dict[str, Any]], talk: Talk) -> Table:
    def density(row: dict[str, Any]) -> str:
        return "—" if row["density_per_km2"] is None else f"{row['density_per_km2']:.2f}"

    table = [
        (
            _area(pair["after"], talk),
            f"{pair['before']['positions']} → {pair['after']['positions']}",
            f"{density(pair['before'])} → {density(pair['after'])}",
            f"{pair['before']['missing']} → {pair['after']['missing']}",
        )
        for pair in rows
        if pair["after"]["scope"] in _SHOWN_SCOPES or len(rows) <= _SHOWN_PROPOSALS
    ]
    headings = ("cameras_label_area", "cameras_label_positions", "cameras_label_density", "cameras_label_missing")
    return Table(headings, table, talk.say("cameras_what_if_title"))


def _proposals(siting: dict[str, Any], talk: Talk) -> list[str | Table]:
    said = talk.say(
        f"cameras_siting_{siting['goal']}",
        measured=siting["n"],
        before=f"{siting['seen_before_m'] / _M_PER_KM:.2f}",
        after=f"{siting['seen_after_m'] / _M_PER_KM:.2f}",
        percent=percent(siting["bound_frac"]),
        bound=number(round(siting["bound"], 1), talk.language),
    )
    shown: list[str | Table] = [said]
    if siting["is_proved"]:
        shown.append(talk.say("cameras_siting_proved"))
    rows = [
        (
            p["rank"],
            p["id"],
            p["grid"] or "—",
            f"{p['heading_deg']:.0f}°",
            round(p["gain_m"]),
            round(p["total_m"]),
            round(p["private_m"]),
        )
        for p in siting["proposals"][:_SHOWN_PROPOSALS]
    ]
    if rows:
        headings = ("reach_label_rank", "reach_label_id", "label_grid", "cameras_label_heading")
        more = ("cameras_label_gain", "cameras_label_total", "cameras_label_private")
        shown.append(Table((*headings, *more), rows))
    if siting["n"] > len(rows):
        shown.append(talk.say("more_rows", measured=siting["n"] - len(rows), option="--json"))
    if siting["floor_short"]:
        n = sum(siting["floor_short"].values())
        shown.append(talk.say("cameras_floor_short", measured=n, grids=len(siting["floor_short"])))
    return shown
