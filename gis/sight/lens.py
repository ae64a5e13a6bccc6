"""What a lens sees, of what is said about it; nothing stated is ever made better than it was said to be."""

from __future__ import annotations

from dataclasses import dataclass
from math import atan, degrees, isfinite, radians, tan

from gis.sight.optics import PICTURE_FRAC, Optics, field_of_view_deg, near_limit_m

WIDE_DEG = 180.0
"""From here on no plain lens has such a field of view."""


@dataclass(frozen=True, slots=True)
class Lens:
    """A lens in front of a picture.

    Attributes
    ----------
    focal_px
        Focal length in pixels; pixels a radian for a picture of half a turn or more.
    hfov_deg, vfov_deg
        Fields of view.
    is_assumed
        The default stands in for something that matters.
    differs_deg
        By how much a stated field of view differs from that of the stated lens.
    """

    focal_px: float
    hfov_deg: float
    vfov_deg: float
    is_assumed: bool
    differs_deg: float = 0.0


def read_lens(focal_mm: float, sensor_mm: float, px: float, hfov: float, is_round: bool, default: Optics) -> Lens:
    """Put together a lens; NaN stands for what is not said.

    Parameters
    ----------
    hfov
        Stated field of view in degrees.
    is_round
        A dome or the like: a wide field of view is what it turns through, not what it sees at once.
    """
    has_focal, has_sensor, has_fov = isfinite(focal_mm), isfinite(sensor_mm), isfinite(hfov)
    is_assumed = not isfinite(px) or not (has_fov or (has_focal and has_sensor))
    px = px if isfinite(px) else float(default.px_width)
    focal = focal_mm if has_focal else default.focal_mm
    sensor = sensor_mm if has_sensor else default.sensor_mm
    by_lens = field_of_view_deg(sensor, focal)
    vertical = field_of_view_deg(sensor * PICTURE_FRAC, focal)
    focal_px = focal * px / sensor
    if not has_fov:
        return Lens(focal_px, by_lens, vertical, is_assumed)
    if hfov >= WIDE_DEG:
        if has_focal or is_round:
            return Lens(focal_px, hfov, vertical, is_assumed or not (has_focal and has_sensor))
        return Lens(px / radians(hfov), hfov, min(hfov * PICTURE_FRAC, WIDE_DEG), is_assumed)
    by_fov_px = px / (2 * tan(radians(hfov) / 2))
    vertical_fov = degrees(2 * atan(PICTURE_FRAC * tan(radians(hfov) / 2)))
    if has_focal and has_sensor:
        narrow, low = min(hfov, by_lens), min(vertical, vertical_fov)
        return Lens(min(focal_px, by_fov_px), narrow, low, is_assumed, abs(hfov - by_lens))
    return Lens(by_fov_px, hfov, vertical_fov, is_assumed)


def blind_m(height_m: float, vfov_deg: float, tilt_deg: float) -> float:
    """Blind zone of a camera whose tilt is not known: tilted as usual, but never so that the horizon is lost."""
    return near_limit_m(height_m, min(tilt_deg, vfov_deg / 2), vfov_deg)
