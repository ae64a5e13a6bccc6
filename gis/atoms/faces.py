"""The land cut into faces: every face in one community, and in at most one unit and one estate."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from gis.atoms.split import split_lines
from gis.enclose import Lines, ObjectArray, arrange, as_lines, in_steps, locate
from gis.graph import BoolArray, IntArray
from gis.progress import Progress
from gis.report import QualityReport

LANE_SHARE = 0.5
"""A block with more than this share of the band's top is split along its lanes: smaller atoms, same streets."""
PIECE_SHARE = 0.25
"""Most households of a piece made without a lane, as a share of the band's top."""
ATTEMPTS = 3
"""A split can fail to close (a lane that just misses the next): what is still too full is split again."""


@dataclass(frozen=True, slots=True)
class Faces:
    """Faces of the arrangement with the positions of what each lies in (-1: in none)."""

    geometry: ObjectArray
    community: IntArray
    unit: IntArray
    estate: IntArray

    def __len__(self) -> int:
        return len(self.geometry)

    def take(self, rows: NDArray[Any]) -> Faces:
        """Some of the faces."""
        return Faces(*(getattr(self, f.name)[rows] for f in fields(self)))


@dataclass(frozen=True, slots=True)
class Land:
    """What the faces are made from, as plain arrays.

    ``has_units`` says per community that ready-made units are its atoms; streets and estates do not cut it.
    ``is_finer`` asks for smaller pieces there.  ``lines`` are streets and barriers, without estate outlines.
    """

    communities: ObjectArray
    has_units: BoolArray
    is_finer: BoolArray
    units: ObjectArray
    unit_community: IntArray
    estates: ObjectArray
    lines: Lines
    footprints: ObjectArray
    households: IntArray


def enclose(land: Land, *, max_households: int, estate_cap: int, report: QualityReport, progress: Progress) -> Faces:
    """Cut the land into faces, then split the faces that hold too many households.

    Blocks with more than half of ``max_households`` are split along their lanes, pieces still over it into
    cells; where finer pieces are asked for, all blocks go down to the size of a cell piece.  Estates are split
    only from ``estate_cap`` on and only inside their own outline.
    """
    lines, estates = _on_block_land(land)
    cut = _outside_estates(lines.geometry[~lines.is_inner], estates)
    frame = np.concatenate([as_lines(land.communities)[0], as_lines(land.units)[0]])
    drawn = [as_lines(estates)[0], cut]
    progress.stage("stage_atoms_blocks")
    faces = _settle(arrange(np.concatenate(drawn), frame), land, estates)
    middle = shapely.point_on_surface(land.footprints)
    piece_households = max(1, int(PIECE_SHARE * max_households))
    lanes = lines.geometry
    for attempt in range(ATTEMPTS):
        home = locate(middle, faces.geometry)
        is_finer = land.is_finer[faces.community]
        most = np.where(is_finer, piece_households, max_households)
        most = np.where(faces.estate >= 0, np.minimum(most, estate_cap), most)
        limit = np.where(
            faces.estate >= 0, estate_cap, most if attempt else np.minimum(most, LANE_SHARE * max_households)
        )
        over = np.flatnonzero(_is_over(faces, land, home, limit, several=attempt > 0))
        if not len(over):
            break
        progress.stage("stage_atoms_split", len(over))
        if attempt == 0:
            report.count("blocks_split", len(over))
        order = np.argsort(home, kind="stable")
        start, stop = (np.searchsorted(home[order], over, side=side) for side in ("left", "right"))
        block, lane = shapely.STRtree(lanes).query(faces.geometry[over], predicate="intersects")
        lane_start = np.searchsorted(block, np.arange(len(over) + 1))
        for i, face in enumerate(over):
            rows = order[start[i] : stop[i]]
            drawn.append(
                split_lines(
                    faces.geometry[face],
                    lanes[np.sort(lane[lane_start[i] : lane_start[i + 1]])],
                    land.footprints[rows],
                    land.households[rows],
                    max_households=int(most[face]),
                    piece_households=piece_households,
                )
            )
            progress.advance()
        faces = _settle(arrange(np.concatenate(drawn), frame), land, estates)
        # A lane that failed to close a piece fails again: from now on only cells.
        lanes = lanes[:0]
    return faces


def _is_over(faces: Faces, land: Land, home: IntArray, limit: NDArray[Any], *, several: bool) -> BoolArray:
    """Faces to split: more households than the limit; where asked, only with several inhabited buildings."""
    rows = home >= 0
    lived = np.bincount(home[rows], weights=land.households[rows], minlength=len(faces))
    inhabited = np.bincount(home[rows], weights=land.households[rows] > 0, minlength=len(faces))
    over = (faces.unit < 0) & ~land.has_units[faces.community] & (lived > limit)
    return np.asarray(over & (inhabited > 1) if several else over)


def _settle(geometry: ObjectArray, land: Land, estates: ObjectArray) -> Faces:
    """Say what each face lies in; faces outside every community are dropped; north to south, west to east."""
    point = shapely.point_on_surface(geometry)
    community = locate(point, land.communities)
    faces = Faces(geometry, community, locate(point, land.units), locate(point, estates))
    stray = (faces.unit >= 0) & (land.unit_community[faces.unit] != community) if len(land.units) else None
    if stray is not None:
        faces.unit[stray] = -1
    centre = in_steps(shapely.get_coordinates(shapely.centroid(geometry)))
    order = np.lexsort((centre[:, 0], -centre[:, 1], community))
    return faces.take(order[community[order] >= 0])


def _on_block_land(land: Land) -> tuple[Lines, ObjectArray]:
    """Lines and estates clipped to the communities that have no ready-made units."""
    if not land.has_units.any():
        return land.lines, land.estates
    none = np.zeros(0, dtype=object)
    if land.has_units.all():
        return land.lines.take(np.zeros(0, np.int64)), none
    ground = shapely.union_all(land.communities[~land.has_units])
    shapely.prepare(ground)
    touches = np.flatnonzero(shapely.intersects(ground, land.lines.geometry))
    lines = land.lines.take(touches)
    pieces, row = as_lines(shapely.intersection(lines.geometry, ground))
    clipped = Lines(pieces, lines.edge_class[row], lines.is_barrier[row], lines.is_inner[row])
    estates = shapely.intersection(land.estates, ground) if len(land.estates) else land.estates
    return clipped, estates


def _outside_estates(lines: ObjectArray, estates: ObjectArray) -> ObjectArray:
    """Lines without what runs inside an estate: an estate is one piece, no street splits it."""
    if not len(estates) or not len(lines):
        return lines
    line, estate = shapely.STRtree(estates).query(lines, predicate="intersects")
    if not len(line):
        return lines
    rows, first = np.unique(line, return_index=True)
    last = np.append(first[1:], len(line))
    cut = lines.copy()
    for row, i, j in zip(rows, first, last, strict=True):
        inside = estates[estate[i]] if j - i == 1 else shapely.union_all(estates[np.sort(estate[i:j])])
        cut[row] = shapely.difference(lines[row], inside)
    return as_lines(cut)[0]
