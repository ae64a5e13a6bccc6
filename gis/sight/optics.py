"""Optics of a camera: from lens, sensor, height and tilt to field of view, blind zone and pixel density.

Sources: thin-lens geometry; pixel density along the axis at depth ``d`` is ``focal_mm * px_width / (sensor_mm * d)``.
Taking the slant distance for ``d`` understates the density beside the axis, that is, errs on the safe side.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Optics:
    """One model of camera.

    Attributes
    ----------
    focal_mm, sensor_mm, px_width
        Focal length, width of the sensor, pixels across.
    height_m, tilt_deg
        Height above ground and angle below the horizon.
    range_m
        Farthest use, whatever the level.
    """

    focal_mm: float = 4.0
    sensor_mm: float = 5.37
    px_width: int = 2560
    height_m: float = 6.0
    tilt_deg: float = 20.0
    range_m: float = 150.0
