"""From an address to the rows of the territory's own address layer: names may be mistyped, numbers are exact."""

from gis.address.index import AddressIndex, build_index
from gis.address.types import Candidate, Match

__all__ = ["AddressIndex", "Candidate", "Match", "build_index"]
