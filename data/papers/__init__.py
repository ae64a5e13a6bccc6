"""The papers of a plan for the office: register, statistics, change list, crosswalk, notice sheet.

Every paper carries the same plan version, says in words what the plan says in codes, and comes out the same to the
byte every time: dates come from the plan, never from the clock.  Posts and counts only, no people.
"""

from __future__ import annotations

from data.papers.changes import write_change_list
from data.papers.comments import Comment, Saying, comments_geojson
from data.papers.crosswalk import write_crosswalk
from data.papers.notice import write_notice
from data.papers.options import PaperOptions
from data.papers.register import write_register
from data.papers.staffing import TEMPLATES, Role, Template
from data.papers.statistics import write_statistics

__all__ = [
    "TEMPLATES",
    "Comment",
    "PaperOptions",
    "Role",
    "Saying",
    "Template",
    "comments_geojson",
    "write_change_list",
    "write_crosswalk",
    "write_notice",
    "write_register",
    "write_statistics",
]
