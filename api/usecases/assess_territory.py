"""A territory in, per community what arithmetic and proof say about its grids, before drawing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from api.usecases.rules_file import read_rules
from gis.atoms import build_atoms
from gis.progress import SILENT, Progress
from gis.readers.territory_file import read_territory
from gis.report import QualityReport
from partition.rules import Rules
from partition.zoning.feasible import Assessment, assess


@dataclass(frozen=True, slots=True)
class Assessed:
    """What `assess_territory` found.

    Attributes
    ----------
    assessments
        One per community, in the order of their codes.
    rules
        The rules they were assessed under.
    names
        Community code to name.
    quality
        Repairs and remarks made while reading.
    """

    assessments: tuple[Assessment, ...]
    rules: Rules
    names: Mapping[str, str]
    quality: QualityReport


def assess_territory(territory_path: Path, *, rules_path: Path | None = None, progress: Progress = SILENT) -> Assessed:
    """Say for each community whether a lawful plan can exist.

    Parameters
    ----------
    territory_path
        Territory file.
    rules_path
        Rules as TOML; the default preset when omitted.
    progress
        Watches the work.

    Raises
    ------
    InputError
        What the rules and territory readers find.
    """
    rules = read_rules(rules_path)
    quality = QualityReport()
    territory = read_territory(territory_path, quality, progress)
    atoms = build_atoms(
        territory,
        max_households=rules.max_households,
        estate_cap=rules.estate_cap,
        report=quality,
        progress=progress,
    )
    communities = territory["communities"]
    names = dict(zip(communities["code"], communities["name"], strict=True))
    return Assessed(assess(atoms.graph, rules), rules, names, quality)
