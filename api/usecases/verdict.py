"""The verdict on a checked plan: which checks hold, and which broken rules have an excuse.

A plan may break a rule lawfully: a community of 250 households has no grid in the band of 300-500, and the plan
says so.  Such a rule counts as excused where the plan proves that nothing better exists, or where somebody asked
for it.  What is left is open: the count allows better, and the search did not find it.
"""

from __future__ import annotations

from dataclasses import dataclass

from gis.errors import Fault
from partition.checks import CheckReport
from partition.filed import FiledPlan

_GROUPS: dict[str, tuple[str, ...]] = {
    "gap": (
        "check_gap",
        "check_community_without_grid",
        "nested_gap",
        "nested_community_without_grid",
        "nested_grid_missing",
    ),
    "overlap": (
        "check_overlap",
        "check_coverage_invalid",
        "nested_overlap",
        "nested_coverage_invalid",
        "nested_grid_twice",
    ),
    "crossing": (
        "check_crossing",
        "check_community_unknown",
        "nested_crossing",
        "nested_place_unknown",
        "nested_grid_unknown",
        "nested_area_crosses_towns",
    ),
    "shape": ("check_grid_invalid", "check_grid_in_parts", "check_sliver"),
    "codes": ("check_code_twice", "check_code_malformed", "check_kind_unknown"),
    "members": (
        "check_member_twice",
        "check_member_unknown",
        "check_member_grid_unknown",
        "check_member_missing",
        "check_member_outside",
        "nested_member_strayed",
    ),
    "sums": ("check_sum_wrong", "nested_sum_wrong"),
    "band": ("check_band_flag_wrong", "check_reason_missing", "check_not_declared"),
    "estates": ("check_estate_cut",),
}
_MEASURED_M2 = {"gap": "gap_m2", "overlap": "overlap_m2", "crossing": "crossing_m2"}
_ALLOWED_M2 = 1.0
# Declared deviations that a rule or a user asked for, whatever the count of households says.
_ASKED_FOR = frozenset({"part_joined", "locked", "estate_over_cap"})
# Declared deviations that somebody made by hand: a refusal of the community does not speak for them.
_BY_HAND = frozenset({"edited"})
_PROOFS = frozenset({"arithmetic", "cover_lp", "cover_mip"})


_GROUP_OF = {code: name for name, codes in _GROUPS.items() for code in codes}


def group_of(code: str) -> str:
    """The check that a fault belongs to; ``other`` for one that no row counts."""
    return _GROUP_OF.get(code, "other")


@dataclass(frozen=True, slots=True)
class CheckRow:
    """One check: measured and allowed in ``unit`` (``m2``, or ``findings``: how many places fail)."""

    check: str
    passed: bool
    measured: float
    allowed: float
    unit: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check of a plan comes to.

    Attributes
    ----------
    rows
        One per check, always all of them.
    faults
        What is wrong with the plan as a plan.
    excused, open_rules
        Broken rules by (code, grid, community): with an excuse, and without.
    passed
        No fault, and no broken rule without an excuse.
    """

    rows: tuple[CheckRow, ...]
    faults: tuple[Fault, ...]
    excused: tuple[tuple[str, str, str], ...]
    open_rules: tuple[tuple[str, str, str], ...]

    @property
    def passed(self) -> bool:
        """No fault, and no broken rule without an excuse."""
        return not self.faults and not self.open_rules


def judge(report: CheckReport, filed: FiledPlan) -> Verdict:
    """Judge the findings of `partition.checks.verify`."""
    rows = [_row(name, codes, report) for name, codes in _GROUPS.items()]
    others = sum(fault.code not in _GROUP_OF for fault in report.faults)
    if others:
        rows.append(CheckRow("other", False, others, 0, "findings"))
    communities = filed.communities
    proved = {
        code
        for code, feasible, proof in zip(communities["code"], communities["feasible"], communities["proof"])
        if feasible == "no" and proof in _PROOFS
    }
    excused, left = [], []
    for rule in report.broken_rules:
        has_excuse = rule.code in _ASKED_FOR or (rule.community in proved and rule.code not in _BY_HAND)
        (excused if has_excuse else left).append((rule.code, rule.grid, rule.community))
    return Verdict(tuple(rows), report.faults, tuple(excused), tuple(left))


def _row(name: str, codes: tuple[str, ...], report: CheckReport) -> CheckRow:
    n = sum(fault.code in codes for fault in report.faults)
    if name in _MEASURED_M2:
        return CheckRow(name, n == 0, round(float(report.measures[_MEASURED_M2[name]]), 6), _ALLOWED_M2, "m2")
    return CheckRow(name, n == 0, n, 0, "findings")
