"""Sources of any kind in, one territory file and a quality report out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import geopandas as gpd

from api.figures import territory_households
from api.usecases.moments import moment_of_sources
from api.usecases.places import check_out, check_place, check_sources
from api.usecases.report_files import report_paths, write_report
from data.files.territory_file import write_territory
from gis.assemble import AssembleOptions, assemble
from gis.crs import parse_crs
from gis.errors import Fault, InputError
from gis.progress import SILENT, Progress
from gis.readers.columns import ROLES, ZONES
from gis.readers.encoding import check_encoding_name
from gis.readers.guard import FileKind, identify
from gis.readers.osm import OsmOptions, read_osm
from gis.readers.sources import SourceOptions, read_source
from gis.report import QualityReport
from gis.territory import Territory

Part = Mapping[str, gpd.GeoDataFrame]


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """What a user says about the sources; whatever is left out is recognised and reported.

    Attributes
    ----------
    crs, encoding
        Each value is for every source, or ``SOURCE=VALUE`` for one; the latter wins.
    roles
        ``SOURCE=ROLE``: what a file, layer or sheet is.
    population
        Areas with counts, or a GeoTIFF with people per cell, to spread over the buildings.
    households_column
        Source column that holds households.
    households_per_dwelling, floor_area_per_household_m2, persons_per_household
        Models for households where the sources have none.
    households_basis
        What the households of the sources are (registered, present, dwellings ...).
    admin_level
        OSM admin_level of the communities.
    community_kind
        Kind of communities whose source does not say.
    outside
        Buildings outside every community: ``error``, ``drop`` or ``nearest``.
    accept_shift
        Go on although a layer looks shifted as GCJ-02 or BD-09 is.
    """

    crs: tuple[str, ...] = ()
    encoding: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    population: Path | None = None
    households_column: str | None = None
    households_per_dwelling: float | None = None
    floor_area_per_household_m2: float | None = None
    persons_per_household: float | None = None
    households_basis: str = ""
    admin_level: int | None = None
    community_kind: Literal["urban", "rural"] = "urban"
    outside: Literal["error", "drop", "nearest"] = "error"
    accept_shift: bool = False


@dataclass(frozen=True, slots=True)
class Imported:
    """What `import_layers` made: the territory, its file, the report and its files, the households in all."""

    path: Path
    territory: Territory
    households: int
    report: QualityReport
    report_path: Path
    readable_report_path: Path


def import_layers(
    sources: Sequence[Path],
    out: Path,
    options: ImportOptions | None = None,
    *,
    report_path: Path | None = None,
    language: str = "en",
    progress: Progress = SILENT,
) -> Imported:
    """Read sources, put them together, and write the territory with its quality report.

    Parameters
    ----------
    sources
        Files: ``.osm.pbf``, GeoPackage, Shapefile, GeoJSON, CSV, XLSX, or a zip of these.
    out
        Territory file to write (``.gpkg``); it appears whole or not at all.
    options
        See `ImportOptions`.
    report_path
        Folder or ``.json`` file for the report; beside ``out`` when omitted.
    language
        Language of the readable report.
    progress
        Watches the work.

    Raises
    ------
    InputError
        Every fault of every source: ``out_*``, ``file_not_found``, ``source_given_twice``, ``role_malformed``,
        ``option_source_unknown``,
        ``option_out_of_range``, and what `gis.readers` and `gis.assemble` find.
    StorageError
        A file can not be written.
    """
    options = options or ImportOptions()
    everything = [*sources, *([options.population] if options.population else [])]
    check_sources(everything)
    check_out(out, (".gpkg",), everything)
    reports = report_paths(out, report_path)
    for path in reports:
        check_place(path)
    roles = _roles(options.roles)
    _check_numbers(options)
    _check_systems(options, everything)
    report = QualityReport()
    parts, raster = _read_all(sources, options, roles, report, progress)
    _check_roles_used(options.roles, everything, report)
    territory = assemble(
        parts,
        AssembleOptions(
            outside=options.outside,
            households_per_dwelling=options.households_per_dwelling,
            floor_area_per_household_m2=options.floor_area_per_household_m2,
            persons_per_household=options.persons_per_household,
            population=raster,
            households_basis=options.households_basis,
            community_kind=options.community_kind,
            accept_shift=options.accept_shift,
            source=", ".join(path.name for path in everything),
            created_at=moment_of_sources(everything),
        ),
        report,
        progress,
    )
    write_territory(territory, out, progress=progress)
    write_report(report, out, reports, language)
    return Imported(out, territory, territory_households(territory), report, *reports)


def _read_all(
    sources: Sequence[Path],
    options: ImportOptions,
    roles: Mapping[str, str],
    report: QualityReport,
    progress: Progress,
) -> tuple[list[Part], Path | None]:
    """Every source as layers, and the population raster where one was given; all faults of all sources at once."""
    faults: list[Fault] = []
    parts: list[Part] = []
    maps: list[Path] = []
    raster: Path | None = None

    def read(path: Path, said: Mapping[str, str]) -> None:
        wishes = SourceOptions(
            crs=_for_source(options.crs, path),
            encoding=_for_source(options.encoding, path),
            roles=said,
            households_column=options.households_column,
            community_kind=options.community_kind,
        )
        parts.append(read_source(path, wishes, report, progress))

    for path in sources:
        try:
            # A map brings communities of its own only where no other source does: read it last.
            if identify(path) is FileKind.OSM_PBF:
                maps.append(path)
            else:
                read(path, roles)
        except InputError as error:
            faults.extend(error.faults)
    if options.population is not None:
        path = options.population
        try:
            if identify(path) is FileKind.GEOTIFF:
                raster = path
            else:
                read(path, {**roles, path.name: ZONES, path.stem: ZONES})
        except InputError as error:
            faults.extend(error.faults)
    has_communities = any("communities" in part for part in parts)
    for path in maps:
        wishes = OsmOptions(community_admin_level=options.admin_level, with_communities=not has_communities)
        try:
            parts.append(read_osm(path, wishes, report, progress))
        except InputError as error:
            faults.extend(error.faults)
    if faults:
        raise InputError.of(faults)
    return parts, raster


def _for_source(values: Sequence[str], path: Path) -> str | None:
    """The value said for this source, else the one said for all."""
    general = None
    for value in values:
        name, equals, own = value.partition("=")
        if equals and name in (path.name, path.stem, str(path)):
            return own
        if not equals or name.startswith("+"):
            general = value
    return general


def _roles(texts: Sequence[str]) -> dict[str, str]:
    roles: dict[str, str] = {}
    faults = []
    for text in texts:
        source, _, role = text.rpartition("=")
        if not source or role not in ROLES:
            faults.append(Fault("role_malformed", {"measured": text, "allowed": ", ".join(ROLES)}))
        else:
            roles[source] = role
            roles.setdefault(Path(source).name, role)
    if faults:
        raise InputError.of(faults)
    return roles


def _check_systems(options: ImportOptions, sources: Sequence[Path]) -> None:
    """That ``--crs`` and ``--encoding`` say something gridwright knows, of sources that are given."""
    known = {name for path in sources for name in (path.name, path.stem, str(path))}
    faults: list[Fault] = []
    for option, values in (("--crs", options.crs), ("--encoding", options.encoding)):
        for value in values:
            source, equals, own = value.partition("=")
            is_for_one = bool(equals) and not source.startswith("+")  # +proj=... is a system of its own
            if is_for_one and source not in known:
                allowed = ", ".join(path.name for path in sources)
                faults.append(
                    Fault(
                        "option_source_unknown", {"option": option, "measured": value, "id": source, "allowed": allowed}
                    )
                )
            try:
                said = own if is_for_one else value
                parse_crs(said) if option == "--crs" else check_encoding_name(said)
            except InputError as error:
                faults.extend(error.faults)
    if faults:
        raise InputError.of(faults)


def _check_roles_used(texts: Sequence[str], sources: Sequence[Path], report: QualityReport) -> None:
    """That ``--layer`` names files, layers or sheets that were met."""
    known = {name for path in sources for name in (path.name, path.stem, str(path))}
    for remark in report.remarks:
        if remark.code in ("note_layer_read", "note_layer_ignored", "note_layer_empty", "note_sheet_ignored"):
            file, layer = str(remark.facts["file"]), str(remark.facts.get("source", remark.layer))
            stem = file.rsplit("/", 1)[-1]
            known |= {layer, f"{file}:{layer}", file, stem, stem.rsplit(".", 1)[0]}
    allowed = ", ".join(path.name for path in sources)
    faults = [
        Fault("option_source_unknown", {"option": "--layer", "measured": text, "id": source, "allowed": allowed})
        for text, source in ((text, text.rpartition("=")[0]) for text in texts)
        if source not in known and Path(source).name not in known
    ]
    if faults:
        raise InputError.of(faults)


def _check_numbers(options: ImportOptions) -> None:
    limits = (
        ("--households-per-dwelling", options.households_per_dwelling, 0.0, 10.0),
        ("--floor-area-per-household", options.floor_area_per_household_m2, 5.0, 10_000.0),
        ("--persons-per-household", options.persons_per_household, 0.5, 50.0),
    )
    faults = [
        Fault("option_out_of_range", {"column": name, "measured": f"{value:g}", "allowed": f"{low:g}-{high:g}"})
        for name, value, low, high in limits
        if value is not None and not low < value <= high
    ]
    if faults:
        raise InputError.of(faults)
