"""Edits by hand: a planner's wish in, the changed rows of a plan out, or the rule that stands against it.

`ground` is the territory cut into atoms and made ready, `sheet` a plan lying on it, `wishes` what can be asked,
`edit` the one function that answers.  Nothing here knows of stores, revisions or people.

What is refused: ground across a community border, a grid in pieces, an estate cut, a dedicated grid mixed with other
homes, anything locked.  What is allowed and told: a grid out of the band, as the broken rule ``edited``; as
``edited_no_worse`` where no lawful plan of the community exists and the edits miss the band by no more households
than the plan as drawn.
"""

from partition.edits.changes import TableChange, Tables
from partition.edits.edit import Explain, edit
from partition.edits.ground import Ground, prepare
from partition.edits.locks import check_locks, refuse_locked
from partition.edits.sheet import Sheet, lay, mixed_communities
from partition.edits.wishes import Known, Wish

__all__ = [
    "Explain",
    "Ground",
    "Known",
    "Sheet",
    "TableChange",
    "Tables",
    "Wish",
    "check_locks",
    "edit",
    "lay",
    "mixed_communities",
    "prepare",
    "refuse_locked",
]
