"""Codes of grids: how a number is given, read, checked, remembered and turned into another profile.

`numbering` gives a first plan its numbers; `register` knows which numbers were ever issued; `profiles` says how each
profile writes a code and what it means; `convert` goes from one profile to another; `units` reads the 12 digits of a
community.  Which grid keeps its code after a re-draw is decided in `partition.lineage`.
"""

from partition.codes.numbering import is_well_formed, number_grids, stat15
from partition.codes.register import Register

__all__ = ["Register", "is_well_formed", "number_grids", "stat15"]
