"""What a camera sees: optics, sight lines that stop at walls, and the private ground it had better not see."""

from gis.sight.cameras import Cameras
from gis.sight.optics import Optics
from gis.sight.profile import PROFILE_2015, PixelProfile
from gis.sight.samples import Samples, Seen, Sights

__all__ = ["PROFILE_2015", "Cameras", "Optics", "PixelProfile", "Samples", "Seen", "Sights"]
