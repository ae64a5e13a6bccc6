"""Streets as a network to move on: links, repairs, snapping, and which grid looks after which street."""

from gis.streets.beats import Beats
from gis.streets.lay import lay_network
from gis.streets.network import Mode, NetworkOptions, StreetNetwork

__all__ = ["Beats", "Mode", "NetworkOptions", "StreetNetwork", "lay_network"]
