"""Mergers, splits, new codes and boundary moves of villages and communities, and what became of each old code.

`read_specs` and `read_spec_file` take what the users write, `apply` changes a territory by it, `match_territories`
finds the same answer from two territories.  Both answer with a `Lineage`: old code to new codes with households.
Which grids follow from it is for the partition floor.
"""

from gis.mergers.apply import REVOKED_KEY, apply, revoked_codes
from gis.mergers.lineage import LINEAGE_COLUMNS, Lineage
from gis.mergers.match import match_territories
from gis.mergers.spec_file import read_spec_file
from gis.mergers.specs import Change, Part, read_specs

__all__ = [
    "LINEAGE_COLUMNS",
    "REVOKED_KEY",
    "Change",
    "Lineage",
    "Part",
    "apply",
    "match_territories",
    "read_spec_file",
    "read_specs",
    "revoked_codes",
]
