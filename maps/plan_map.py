"""The plan map: one HTML file with the grids of a plan, readable at a glance, that opens with no internet.

Decides what the page holds and packs it; how it looks is in `maps.style` and ``maps/static``, where the page's own
scripts draw it.  No text from the data ever becomes HTML or script: all of it travels in one JSON block and reaches
the reader as text content.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import branca  # noqa: F401  (whole before its parts: two threads that begin with a part each wait for one another)
import numpy as np
from branca.element import MacroElement
from jinja2 import Template

from gis.errors import InputError, StorageError
from gis.territory import Territory
from maps.features import grid_status, properties
from maps.figures import plan_rules, summary
from maps.ground import pack_ground
from maps.offline import STATIC, OfflineMap, asset_file, render_page, script_text
from maps.plan_shapes import PlanShapes, shape_plan
from maps.style import css_variables, drawing
from maps.words import LANGUAGES, level_words
from partition.filed import FiledPlan

_JINJA = re.compile(r"\{(?=[{%#])")
SCRIPTS = (
    "say.js",
    "ground.js",
    "grids.js",
    "labels.js",
    "names.js",
    "chart.js",
    "panel.js",
    "search.js",
    "plan_map.js",
)


def write_plan_map(
    filed: FiledPlan,
    territory: Territory | None,
    path: Path,
    *,
    language: str = "zh",
    title: str = "",
) -> None:
    """Write the map of a plan as one HTML file.

    The page needs nothing beside itself: it opens from a disk with no internet and asks nobody for anything.
    The same plan and territory give the same bytes.

    Parameters
    ----------
    filed
        The plan.
    territory
        The land it was drawn on, for streets, water, buildings, estates, posts and cameras.  ``None``: grids and
        community outlines only.
    path
        File to write, replaced as a whole once the page is complete.
    language
        ``zh`` or ``en``: the language the page opens in; it holds both.
    title
        Heading of the page; empty: a general one.

    Raises
    ------
    InputError
        ``map_nothing_to_show`` (a plan without a grid), ``map_language_unknown``.
    StorageError
        ``map_assets_missing``, ``map_not_written``.
    """
    write_page(render_plan_map(filed, territory, language=language, title=title), path)


def write_page(html: str, path: Path) -> None:
    """Write a page as a whole or not at all; raises ``map_not_written``."""
    path = Path(path)
    unfinished = path.with_name(path.name + ".part")
    try:
        unfinished.write_text(html, encoding="utf-8", newline="\n")
        os.replace(unfinished, path)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise StorageError("map_not_written", file=str(path), measured=error.strerror or str(error)) from error


def render_plan_map(
    filed: FiledPlan, territory: Territory | None, *, language: str = "zh", title: str = "", desk: str = ""
) -> str:
    """The page of `write_plan_map` as text; raises the same errors but ``map_not_written``.

    Parameters
    ----------
    desk
        Address where this plan can be worked on; empty: the map leads nowhere else.
    """
    if language not in LANGUAGES:
        raise InputError("map_language_unknown", measured=language, allowed=", ".join(LANGUAGES))
    if filed.grids.empty:
        raise InputError("map_nothing_to_show")
    shapes = shape_plan(filed)
    data = {
        "language": language,
        "title": title,
        "desk": desk,
        "words": level_words(filed.meta.get("level", ""), filed.meta.get("measure", "")),
        "style": drawing(),
        "origin": list(shapes.origin),
        "plan": _plan_facts(filed, territory),
        "summary": summary(filed),
        "grids": _grids(filed, shapes),
        "communities": _communities(filed, territory, shapes),
        "ground": None if territory is None else pack_ground(territory, shapes.origin),
    }
    return make_page("plan", data, SCRIPTS)


def make_page(
    name: str,
    data: Mapping[str, Any],
    scripts: tuple[str, ...],
    styles: tuple[str, ...] = (),
    skeleton: str = "plan_map.html",
) -> str:
    """A page like the plan map: its data, its scripts, styles beside those of the plan map, and its skeleton."""
    lon, lat = data["origin"]
    page = OfflineMap(name, location=(lat, lon), attribution_control=False, zoom_snap=0.25)
    page.add_child(_PlanPage(data, scripts, styles, skeleton))
    return render_page(page, data["title"] or data["words"][data["language"]]["title"])


def _plan_facts(filed: FiledPlan, territory: Territory | None) -> dict[str, Any]:
    rules = plan_rules(filed)
    basis = filed.meta.get("households_basis", "")
    modelled = "" if territory is None else territory.meta.get("households_modelled", "")
    return {
        "id": filed.meta.get("plan_id", ""),
        "created_at": filed.meta.get("created_at", ""),
        "version": filed.meta.get("version", ""),
        "seed": filed.meta.get("seed", ""),
        "territory_hash": filed.meta.get("territory_hash", ""),
        "preset": rules.preset,
        "min": rules.min_households,
        "max": rules.max_households,
        "target": rules.target_households,
        "basis": basis or ("" if territory is None else territory.meta.get("households_basis", "")),
        "modelled": modelled.lower() not in ("", "0", "false", "no", "none") or "model" in basis.lower(),
        "has_land": territory is not None,
        "level": filed.meta.get("level", ""),
        "counts": filed.meta.get("measure", "") or "households",
    }


def _grids(filed: FiledPlan, shapes: PlanShapes) -> list[dict[str, Any]]:
    rows = properties(filed.grids.drop(columns=filed.grids.geometry.name))
    counts = filed.members.groupby(["grid", "kind"]).size().to_dict() if len(filed.members) else {}
    said: dict[str, list[dict[str, str]]] = {}
    for row in properties(filed.violations):
        sentence = {"zh": row["detail_zh"] or row["code"], "en": row["detail_en"] or row["code"]}
        said.setdefault(row["grid"], []).append(sentence)
    for i, (row, status) in enumerate(zip(rows, grid_status(filed), strict=True)):
        row["area_m2"] = round(float(row["area_m2"]))
        row["status"] = status
        row["units"] = int(counts.get((row["code"], "unit"), 0))
        row["members"] = row["units"] + int(counts.get((row["code"], "building"), 0))
        row["said"] = said.get(row["code"], [])
        row["fill"] = int(shapes.fill[i])
        row["spot"] = shapes.spots[i]
        row["room_m"] = round(float(shapes.room_m[i]), 1)
        row["rings"] = shapes.grid_rings[i]
    return rows


def _communities(filed: FiledPlan, territory: Territory | None, shapes: PlanShapes) -> list[dict[str, Any]]:
    known: dict[str, dict[str, Any]] = {}
    if territory is not None:
        table = territory["communities"]
        known = {row["code"]: row for row in properties(table.drop(columns=table.geometry.name))}
    said: dict[str, list[dict[str, str]]] = {}
    for row in properties(filed.violations):
        if not row["grid"]:
            sentence = {"zh": row["detail_zh"] or row["code"], "en": row["detail_en"] or row["code"]}
            said.setdefault(row["community"], []).append(sentence)
    if filed.meta.get("level"):
        # Grids or towns in the place of communities: what the names of their parts begin with is their name.
        wholes = zip(filed.grids["community"], filed.grids["name"])
        known = {code: {"name": str(name or "").rpartition("第")[0]} for code, name in wholes}
    rows = properties(filed.communities.drop(columns="seconds"))
    for row in rows:
        land = known.get(row["code"], {})
        row["name"] = land.get("name") or ""
        row["kind"] = land.get("kind") or ""
        row["town"] = land.get("town") or ""
        row["said"] = said.get(row["code"], [])
        row["rings"] = shapes.community_rings.get(row["code"], [])
        row["spot"] = shapes.community_spots.get(row["code"], [])
    return rows


class _PlanPage(MacroElement):
    """Everything on the page but the map itself: skeleton, styles, data and the scripts that bring them together."""

    _template = Template(
        """
        {% macro header(this, kwargs) %}
            <style>{{ this.colours }}</style>
            <style>{{ this.styles }}</style>
        {% endmacro %}
        {% macro html(this, kwargs) %}
            {{ this.skeleton }}
            <script type="application/json" id="gw-data">{{ this.data }}</script>
            {%- for script in this.scripts %}
            <script>{{ script }}</script>
            {%- endfor %}
        {% endmacro %}
        {% macro script(this, kwargs) %}
            gridwright.start({{ this._parent.get_name() }});
        {% endmacro %}
        """
    )

    def __init__(
        self, data: Mapping[str, Any], scripts: tuple[str, ...], styles: tuple[str, ...], skeleton: str
    ) -> None:
        super().__init__()
        self._name, self._id = "page", "plan"
        self.colours = css_variables()
        self.styles = "".join(asset_file(name).read_text(encoding="utf-8") for name in ("plan_map.css", *styles))
        self.skeleton = (STATIC / skeleton).read_text(encoding="utf-8")
        self.scripts = [script_text(asset_file(name).read_text(encoding="utf-8")) for name in scripts]
        self.data = json_block(data)


def json_block(data: Mapping[str, Any]) -> str:
    """Data as JSON that may stand inside a script element: no character in it can end the element.

    Nor can it begin an expression of Jinja: branca takes what one template gave for the text of another, so that
    a name such as ``{{ ... }}`` would be run on the machine that draws the map.

    Numbers that JSON does not know (NaN, infinity) are a fault of the caller: ``ValueError``.
    """
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_number)
    for character in ("<", ">", "&", "\u2028", "\u2029"):
        text = text.replace(character, f"\\u{ord(character):04x}")
    # Inside JSON a brace is followed by one of these only within a text.
    return _JINJA.sub(r"\\u007b", text)


def _number(value: object) -> object:
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"no JSON for {type(value).__name__}")
