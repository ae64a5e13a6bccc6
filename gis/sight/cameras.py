"""Cameras as arrays that the kernels of this room read: where they stand, where they look, how finely they draw.

How the territory's layer becomes such arrays, with its repairs and remarks, is decided in `gis.sight.stand`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields

import numpy as np

from gis.graph import BoolArray, FloatArray, Int32Array


@dataclass(frozen=True, slots=True)
class Cameras:
    """Cameras (or poses a camera could have), in metres of the territory's metric CRS.  Arrays are read-only.

    Attributes
    ----------
    ids
        Text ids; of poses ``POLE@HEADING``.
    row
        Per camera: row in the territory's ``cameras`` layer; -1 for a pose.
    x, y
        Where it stands, after being moved out of a building.
    heading_deg
        Direction it looks, clockwise from grid north; 0 where it looks all round.
    hfov_deg
        Horizontal field of view; 360 where it looks all round (domes, and cameras of unknown heading).
    focal_px
        Focal length in pixels: ``focal_mm * px_width / sensor_mm``; pixels per metre at ``d`` metres = focal_px / d.
    near_m
        Radius of the blind zone below it.
    far_m
        Farthest it sees whatever the level: its stated range, and what its tilt allows; infinite where unknown.
    is_assumed
        Heading or optics are not stated: what it sees is an assumption, and the report says so.
    is_working
        Whether its status says that it works (unknown counts as working).
    is_high
        Whether it is a high point (高点); none is when omitted.
    """

    ids: tuple[str, ...]
    row: Int32Array
    x: FloatArray
    y: FloatArray
    heading_deg: FloatArray
    hfov_deg: FloatArray
    focal_px: FloatArray
    near_m: FloatArray
    far_m: FloatArray
    is_assumed: BoolArray
    is_working: BoolArray
    is_high: BoolArray = field(default_factory=lambda: np.zeros(0, dtype=bool))

    def __post_init__(self) -> None:
        if not len(self.is_high) and len(self.ids):
            object.__setattr__(self, "is_high", np.zeros(len(self.ids), dtype=bool))
        for name in (f.name for f in fields(self)):
            value = getattr(self, name)
            if isinstance(value, np.ndarray):
                value.setflags(write=False)
                if len(value) != len(self.ids):
                    raise ValueError(f"{name} has {len(value)} entries for {len(self.ids)} cameras")

    def __len__(self) -> int:
        return len(self.ids)

    def range_m(self, px_per_m: float) -> FloatArray:
        """Per camera: distance to which it draws at least so finely."""
        reach: FloatArray = np.minimum(self.focal_px / px_per_m, self.far_m)
        return reach
