"""What an office may set about its papers."""

from __future__ import annotations

from dataclasses import dataclass

from data.papers.comments import Comment
from data.papers.staffing import TEMPLATES, Template


@dataclass(frozen=True, slots=True)
class PaperOptions:
    """Settings of the papers.

    Attributes
    ----------
    staffing
        The template whose posts the register counts.
    effective_from, effective_to
        ISO days from and to which the codes hold; the plan's own (``effective_from``, ``effective_to`` of its meta)
        where empty.
    office
        Office to ask, for the notice sheet (an office, never a person); a line to fill in where empty.
    comments
        What was said about places of the plan: a sheet of its own in the change list, where there are any; in the
        register of a plan that has no change list.
    """

    staffing: Template = TEMPLATES["one_officer"]
    effective_from: str = ""
    effective_to: str = ""
    office: str = ""
    comments: tuple[Comment, ...] = ()
