"""A book from two files: the addresses of a territory file, kept as an index beside it, and the grids of a plan file.

The index is a file of its own, ``TERRITORY.gpkg.addresses``.  As long as the territory file is the same one it is
mapped into memory and the territory is not read; where only other layers changed it goes on serving; where addresses
changed, those that did not keep what was read of them.  It holds nothing that the territory file does not: whoever
deletes it has it made anew, and where it can not be written the index serves from memory.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from api.usecases.look_up import Book
from api.usecases.look_up_grids import GridPlaces, KnownGrids
from data.files.address_file import NamedArrays, read_arrays, write_arrays
from data.files.geopackage_rows import has_columns, layer_digest, read_columns, read_crs, read_shapes, read_texts
from gis.errors import Fault, InputError, StorageError
from gis.progress import SILENT, Progress
from gis.readers.guard import FileKind, identify

if TYPE_CHECKING:
    from gis.address import AddressIndex
    from partition.filed import FiledPlan

SUFFIX = ".addresses"
_FORMAT = "1"
"""Raised whenever the same layer would give other arrays; older files are then made anew."""

_OURS = "file_"
_PLAN = {
    "grids": ("code", "name", "community"),
    "meta": ("key", "value"),
    "communities": ("code", "feasible"),
}
_NAMES = (("communities", ("code", "name", "town")), ("streets", ("name",)), ("estates", ("name",)))


@dataclass(frozen=True, slots=True)
class FileBook:
    """A book and what its user should know.

    Attributes
    ----------
    book
        Addresses and grids.
    remarks
        What did not go as it should and does not hinder: an index that could not be kept, a plan of other buildings.
    """

    book: Book
    remarks: tuple[Fault, ...]


def open_book(
    territory: Path, plan: Path, *, region: str = "", with_addresses: bool = True, progress: Progress = SILENT
) -> FileBook:
    """The book of a territory file and a plan file.

    Parameters
    ----------
    territory, plan
        The files.
    region
        Province and city that the territory lies in (``湖南省长沙市``), to tell addresses of other places.
    with_addresses
        Whether addresses are asked for; for points the territory file is only looked at.
    progress
        Watches the work.

    Raises
    ------
    InputError
        ``addresses_missing``, and what the readers of the two files find.
    """
    remarks: list[Fault] = []
    index = None
    if with_addresses:
        index = open_index(territory, region=region, remarks=remarks, progress=progress)
    else:
        _assert_territory(territory)
    grids = open_grids(plan)
    if index is not None and grids.grid_of_building:
        named = index.building_ids
        n_strange = len(named) - sum(map(grids.grid_of_building.__contains__, named))
        if n_strange:
            facts = {"file": plan.name, "territory": territory.name, "measured": n_strange, "total": len(named)}
            remarks.append(Fault("lookup_other_territory", facts))
    return FileBook(Book(index, grids), tuple(remarks))


def open_index(
    territory: Path, *, region: str = "", remarks: list[Fault] | None = None, progress: Progress = SILENT
) -> AddressIndex:
    """The address index of a territory file: from the file beside it, else built and kept there.

    Parameters
    ----------
    territory
        The file.
    region
        As in `open_book`; an index for another region is another index.
    remarks
        Gets ``lookup_index_not_kept`` where the index could not be written.
    progress
        Watches the work.

    Raises
    ------
    InputError
        ``addresses_missing``, and what the readers of the file find.
    """
    _assert_territory(territory)
    kept = read_arrays(_place(territory))
    stamp = _stamp(territory)
    facts = {"format": _format(), "asked_region": region}
    is_ours = kept is not None and all(kept.meta.get(_OURS + key) == value for key, value in facts.items())
    if kept is not None and is_ours and stamp and kept.meta.get(_OURS + "stamp") == stamp:
        index = _index_of(kept)
        if index is not None:
            return index
    content = _content(territory)
    previous = _index_of(kept) if kept is not None and is_ours else None
    if kept is not None and previous is not None and content and kept.meta.get(_OURS + "content") == content:
        index = previous
    else:
        index = _build(territory, region, previous, progress)
    facts |= {"stamp": stamp if stamp == _stamp(territory) else "", "content": content}
    _keep(territory, index, facts, remarks)
    return index


def open_grids(plan: Path) -> KnownGrids:
    """The grids of a plan file.

    Raises
    ------
    InputError
        What `data.files.plan_file.read_plan` refuses.
    """
    return _glance(plan) or KnownGrids.of_plan(_read_whole(plan))


def _format() -> str:
    """What an index of another release does not have: there the same address may be read otherwise."""
    from importlib.metadata import version

    from gis.address.index import FORMAT

    return f"{_FORMAT} {FORMAT} {version('gridwright')}"


def _build(territory: Path, region: str, previous: AddressIndex | None, progress: Progress) -> AddressIndex:
    from gis.address import build_index
    from gis.address.types import COMMUNITY, ESTATE, STREET, TOWN
    from gis.readers.address_layer import read_address_layer

    layer = read_address_layer(territory, progress)
    names = {TOWN: layer.towns, COMMUNITY: layer.communities, STREET: layer.streets, ESTATE: layer.estates}
    return build_index(layer.addresses, region=region, names=names, previous=previous, progress=progress)


def _index_of(kept: NamedArrays) -> AddressIndex | None:
    from gis.address import AddressIndex

    meta = {key: value for key, value in kept.meta.items() if not key.startswith(_OURS)}
    try:
        return AddressIndex.of_arrays(kept.arrays, meta)
    except (KeyError, ValueError, IndexError, TypeError):
        return None  # of another release


def _keep(territory: Path, index: AddressIndex, facts: Mapping[str, str], remarks: list[Fault] | None) -> None:
    ours = {_OURS + key: value for key, value in facts.items()}
    try:
        write_arrays(_place(territory), index.arrays(), {**index.meta, **ours})
    except (StorageError, OSError) as error:
        why = error.code if isinstance(error, StorageError) else str(error.strerror)
        if remarks is not None:
            remarks.append(Fault("lookup_index_not_kept", {"file": _place(territory).name, "why": why}))


def _place(territory: Path) -> Path:
    return territory.with_name(territory.name + SUFFIX)


def _stamp(path: Path) -> str:
    """What is the same as long as nobody wrote to the file; empty where changes wait beside it.

    The moment of the last change of the file's entry can not be set by hand, unlike that of its content.
    """
    side = Path(f"{path}-wal")
    if side.exists() and side.stat().st_size:
        return ""
    facts = path.stat()
    return f"{facts.st_size} {facts.st_mtime_ns} {facts.st_ctime_ns} {facts.st_ino} {facts.st_dev}"


def _content(territory: Path) -> str:
    """A value that changes whenever anything an index is made of changes; empty where that can not be told."""
    said: list[object] = [layer_digest(territory, "addresses")]
    if said[0] is None:
        return ""
    for layer, columns in _NAMES:
        found = [read_columns(territory, layer, (column,)) for column in columns]
        said.append([None if column is None else list(dict.fromkeys(column[0])) for column in found])
    return hashlib.blake2b(repr(said).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _assert_territory(path: Path) -> None:
    if (kind := identify(path)) is not FileKind.GEOPACKAGE:
        raise InputError("not_a_territory_file", file=path.name, measured=kind.value, allowed="GeoPackage")
    if has_columns(path, "grids", _PLAN["grids"]) and has_columns(path, "members", ("kind", "id", "grid")):
        raise InputError("plan_in_place_of_territory", file=path.name)


def _glance(plan: Path) -> KnownGrids | None:
    """The grids of a plan file that is as we write it, without GDAL; ``None`` where it is not."""
    if identify(plan) is not FileKind.GEOPACKAGE:
        return None
    grids, meta, tallies = (read_columns(plan, layer, columns) for layer, columns in _PLAN.items())
    members = read_texts(plan, "members", ("id", "grid"), "building")
    if grids is None or members is None or meta is None or tallies is None:
        return None
    code, name, community = grids
    if not code or not all(isinstance(text, str) for text in (*code, *community)) or sorted(set(code)) != code:
        return None
    walk = read_columns(plan, "crosswalk", ("old", "new", "share_of_old")) or [[], [], []]
    crosswalk = [(old, new, float(share or 0)) for old, new, share in zip(*walk) if old is not None and new is not None]
    return KnownGrids.of_rows(
        code=code,
        name=name,
        community=community,
        places=GridPlaces(lambda: _outlines(plan), lambda: _crs(plan)),
        building=members[0],
        grid=members[1],
        crosswalk=crosswalk,
        meta={str(key): "" if value is None else str(value) for key, value in zip(*meta)},
    )


def _outlines(plan: Path) -> NDArray[Any]:
    shapes = read_shapes(plan, "grids")
    return np.asarray(_read_whole(plan).grids.geometry.array) if shapes is None else shapes


def _crs(plan: Path) -> str:
    return read_crs(plan, "grids") or str(_read_whole(plan).grids.crs.to_wkt())


def _read_whole(plan: Path) -> FiledPlan:
    from data.files.plan_file import read_plan

    return read_plan(plan)
