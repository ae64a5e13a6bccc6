"""What the report says of response times: posts and doors off the streets, promises that nobody answers."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from gis.graph import BoolArray, FloatArray, Int32Array
from gis.report import QualityReport
from gis.streets import Mode
from gis.territory import Territory
from partition.coverage.reach.types import Doors, RuleReach
from partition.coverage.settings import ReachSettings

_NAMED = 20


class Remarks:
    """Writes down what a planner must know."""

    def __init__(self, territory: Territory, report: QualityReport) -> None:
        self._territory = territory
        self._report = report
        self._said: set[tuple[str, str]] = set()

    def of_mode(
        self,
        mode: Mode,
        doors: Mapping[str, Doors],
        post_node: Int32Array,
        post_off_m: FloatArray,
        settings: ReachSettings,
    ) -> None:
        """Posts and doors that are too far from the streets of a mode, and doors outside every grid."""
        report, allowed = self._report, float(settings.place_m)
        ids = self._ids("posts")
        for row in np.flatnonzero(post_node < 0).tolist():
            off = round(float(post_off_m[row])) if np.isfinite(post_off_m[row]) else None
            report.add("warn_reach_post_off", "posts", ids[row], mode=mode.value, measured=off, allowed=allowed)
        for layer, found in doors.items():
            off_rows = np.flatnonzero(found.link < 0)
            if len(off_rows):
                report.add(
                    "warn_reach_doors_off",
                    layer,
                    self._named(layer, off_rows),
                    before=len(off_rows),
                    mode=mode.value,
                    allowed=allowed,
                )
            outside = np.flatnonzero(found.grid < 0)
            if len(outside) and ("outside", layer) not in self._said:
                self._said.add(("outside", layer))
                report.add("note_reach_doors_outside", layer, self._named(layer, outside), before=len(outside))

    def of_rule(
        self, reach: RuleReach, is_asked: bool, of_kind: BoolArray, doors: Doors, post_node: Int32Array
    ) -> None:
        """A promise without posts or doors, posts without means, doors that nobody reaches."""
        report, rule = self._report, reach.rule
        facts = {"rule": rule.name, "band": reach.band}
        if not is_asked:
            report.add("note_reach_off_duty", "posts", **facts)
            return
        if not reach.n_posts:
            kinds = ", ".join(sorted(rule.posts)) or "*"
            report.add("warn_reach_no_posts", "posts", kinds=kinds, measured=int(of_kind.sum()), **facts)
        without = int((of_kind & (post_node >= 0)).sum()) - reach.n_posts
        if without and reach.n_posts:
            report.add("note_reach_no_means", "posts", measured=without, allowed=reach.n_posts, **facts)
        if not reach.promised.any():
            places = ", ".join(sorted(rule.places)) or "*"
            report.add("note_reach_no_doors", doors.layer, places=places, **facts)
        elif reach.n_posts:
            lost = np.flatnonzero(np.isinf(reach.door_s) & reach.promised & (doors.link >= 0))
            said = (rule.mode.value + doors.layer, lost.tobytes().hex())
            if len(lost) and said not in self._said:  # by the same doors, whatever minutes and band
                self._said.add(said)
                measured = round(float(doors.households[lost].sum()))
                named = self._named(doors.layer, lost)
                report.add("warn_reach_nobody", doors.layer, named, before=len(lost), measured=measured, **facts)

    def _ids(self, layer: str) -> list[str]:
        return list(map(str, self._territory[layer]["id"].tolist()))

    def _named(self, layer: str, rows: np.ndarray) -> str:
        named = self._territory[layer]["id"].iloc[rows[:_NAMED]]
        return ", ".join(map(str, named)) + (" ..." if len(rows) > _NAMED else "")
