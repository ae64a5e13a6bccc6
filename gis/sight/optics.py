"""Optics of a camera: from lens, sensor, height and tilt to field of view, blind zone and pixel density.

Sources: thin-lens geometry; pixel density along the axis at depth ``d`` is ``focal_mm * px_width / (sensor_mm * d)``.
Taking the distance for ``d`` understates the density beside the axis, that is, errs on the safe side.  The sensor's
height is taken from a picture of 16 to 9.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from math import atan, degrees, inf, isfinite, pi, radians, tan

from gis.errors import Fault, InputError

PICTURE_FRAC = 9 / 16
"""Height of a picture as a share of its width."""

POSSIBLE: dict[str, tuple[float, float]] = {
    "focal_mm": (0.5, 2_000.0),
    "sensor_mm": (0.5, 100.0),
    "px_width": (16, 100_000),
    "height_m": (0.1, 1_000.0),
    "range_m": (0.1, 50_000.0),
    "hfov_deg": (0.1, 360.0),
}
"""Smallest and largest value that a camera can have, both possible; anything else is a slip of the pen."""


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

    @property
    def focal_px(self) -> float:
        """Focal length in pixels: pixels per metre at one metre."""
        return self.focal_mm * self.px_width / self.sensor_mm

    @property
    def hfov_deg(self) -> float:
        """Horizontal field of view."""
        return field_of_view_deg(self.sensor_mm, self.focal_mm)

    @property
    def vfov_deg(self) -> float:
        """Vertical field of view."""
        return field_of_view_deg(self.sensor_mm * PICTURE_FRAC, self.focal_mm)

    @property
    def near_m(self) -> float:
        """Radius of the blind zone: where the lower edge of the picture meets the ground."""
        return near_limit_m(self.height_m, self.tilt_deg, self.vfov_deg)

    @property
    def far_m(self) -> float:
        """Farthest ground in the picture: its range, or where the upper edge meets the ground if that is nearer."""
        return min(self.range_m, far_limit_m(self.height_m, self.tilt_deg, self.vfov_deg))

    def ppm(self, distance_m: float) -> float:
        """Pixels per metre at a distance."""
        return self.focal_px / distance_m

    def reach_m(self, px_per_m: float) -> float:
        """Distance to which it draws at least so finely, its range and tilt apart."""
        return self.focal_px / px_per_m

    def check(self) -> None:
        """Refuse what no camera can be.

        Raises
        ------
        InputError
            ``sight_optics_impossible``, one fault per value.
        """
        faults = []
        for name, value in ((f.name, float(getattr(self, f.name))) for f in fields(self)):
            least, most = POSSIBLE.get(name, (-90.0, 90.0))
            if not least <= value <= most and not (name == "range_m" and value == inf):
                facts = {"column": name, "measured": str(value), "allowed": f"{least:g}...{most:g}"}
                faults.append(Fault("sight_optics_impossible", facts))
        if faults:
            raise InputError.of(faults)


def field_of_view_deg(sensor_mm: float, focal_mm: float) -> float:
    """Angle of view across a sensor of some width (or height)."""
    return degrees(2 * atan(sensor_mm / (2 * focal_mm)))


def near_limit_m(height_m: float, tilt_deg: float, vfov_deg: float) -> float:
    """Distance of the nearest ground in the picture; infinite where the picture holds no ground."""
    angle = radians(tilt_deg + vfov_deg / 2)
    if angle >= pi / 2:
        return 0.0
    return height_m / tan(angle) if angle > 0 else inf


def far_limit_m(height_m: float, tilt_deg: float, vfov_deg: float) -> float:
    """Distance of the farthest ground in the picture; infinite where the horizon is in it."""
    angle = radians(tilt_deg - vfov_deg / 2)
    if angle <= 0 or not isfinite(angle):
        return inf
    return height_m / tan(angle) if angle < pi / 2 else 0.0
