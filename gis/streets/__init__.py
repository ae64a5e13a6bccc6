"""Streets as a network to move on: links, repairs, snapping, and which grid looks after which street."""

from gis.streets.network import Mode, NetworkOptions, StreetNetwork

__all__ = ["Mode", "NetworkOptions", "StreetNetwork"]
