"""Codes of grids: how a number is given, read, checked, remembered and turned into another profile.

`numbering` gives a first plan its numbers; `register` knows which numbers were ever issued; `profiles` says how each
profile writes a code and what it means; `convert` goes from one profile to another; `units` reads the 12 digits of a
community.  Which grid keeps its code after a re-draw is decided in `partition.lineage`.
"""

from partition.codes.convert import convert
from partition.codes.numbering import is_well_formed, number_grids, stat15
from partition.codes.profiles import CodeParts, Profile, profile_of, validate
from partition.codes.register import Register
from partition.codes.units import is_revoked, read_community, read_village_class, reclassed

__all__ = [
    "CodeParts",
    "Profile",
    "Register",
    "convert",
    "is_revoked",
    "is_well_formed",
    "number_grids",
    "profile_of",
    "read_community",
    "read_village_class",
    "reclassed",
    "stat15",
    "validate",
]
