"""Cleaning: which fixes of a track are to be believed, and where it falls into parts.

Every fix left out is counted under the rule that left it out; nothing is moved or made up.  Distances are on the
sphere, so that no network is needed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np

from gis.graph import BoolArray, FloatArray, Int32Array
from gis.readers.gpx import Track
from partition.patrol.tracks.kernels_clean import distances_m, drop_strays, ride_mask
from partition.patrol.tracks.settings import TrackSettings

RULES = (
    "no_position",
    "outside_earth",
    "inaccurate",
    "without_time",
    "clock",
    "outside_shift",
    "duplicate",
    "too_fast",
)
"""Every rule that may drop a fix, in the order they are applied."""

_FIRST_S, _LAST_S = 946_684_800.0, 4_102_444_800.0  # years 2000 to 2100: no patrol was recorded outside
_NOISE_M = 60.0  # two fixes may well be so far apart though taken at one place
_STEP_M = 500.0  # farthest step of a track without times
_CUT_M = 200.0  # a longer jump than speed and error explain cuts the track
_USUAL = 5.0  # steps this many times longer than usual are no error of the usual kind
_RIDE_S = 60.0  # speeds are looked at over so long a stretch: error counts little in it


@dataclass(frozen=True, slots=True)
class CleanTrack:
    """The fixes that are believed, in order of time.  Arrays are read-only.

    Attributes
    ----------
    patrol
        Number of the patrol.
    lon, lat
        WGS 84 degrees.
    time_s
        Seconds since 1970; all NaN for a track without times, whose order is all that is known.
    part
        Number of the part each fix is in, ascending from 0; no step leads from one part to the next.
    n_read
        Fixes of the file.
    dropped
        Fixes left out, by rule of `RULES`; rules that dropped none are there too.
    clock_jumps
        How often the clock was set back under way.
    """

    patrol: str
    lon: FloatArray
    lat: FloatArray
    time_s: FloatArray
    part: Int32Array
    n_read: int
    dropped: Mapping[str, int]
    clock_jumps: int

    def __post_init__(self) -> None:
        for name in (f.name for f in fields(self)):
            value = getattr(self, name)
            if isinstance(value, np.ndarray):
                value.setflags(write=False)

    def __len__(self) -> int:
        return len(self.lon)

    @property
    def is_timed(self) -> bool:
        """Its fixes have times."""
        return bool(len(self.time_s)) and bool(np.isfinite(self.time_s[0]))

    @property
    def n_parts(self) -> int:
        """Number of parts."""
        return int(self.part[-1]) + 1 if len(self.part) else 0

    @property
    def length_m(self) -> float:
        """Metres from fix to fix inside the parts."""
        same = self.part[1:] == self.part[:-1]
        return float(distances_m(self.lon, self.lat)[same].sum())

    @property
    def seconds(self) -> float:
        """Seconds inside the parts; NaN for a track without times."""
        if not self.is_timed:
            return float("nan")
        same = self.part[1:] == self.part[:-1]
        return float(np.diff(self.time_s)[same].sum())


def clean_track(track: Track, settings: TrackSettings, *, within: tuple[float, float] | None = None) -> CleanTrack:
    """Leave out what cannot be true and cut the rest into parts.

    Parameters
    ----------
    track
        As read.
    settings
        Limits.
    within
        First and last second (since 1970) of the shift: fixes outside it are another shift's.
    """
    dropped = dict.fromkeys(RULES, 0) | {rule: int(n) for rule, n in track.dropped.items()}
    n_read = len(track) + sum(track.dropped.values())
    kept = _by_segment(track)

    def leave_out(rule: str, bad: BoolArray) -> None:
        nonlocal kept
        dropped[rule] += int(bad.sum())
        kept = kept[~bad]

    leave_out("inaccurate", track.accuracy_m[kept] > settings.accuracy_m)
    is_timed = bool(len(kept)) and bool(np.isfinite(track.time_s[kept]).mean() >= 0.5)
    if is_timed:
        leave_out("without_time", ~np.isfinite(track.time_s[kept]))
        leave_out("clock", (track.time_s[kept] < _FIRST_S) | (track.time_s[kept] > _LAST_S))
        if within is not None:
            leave_out("outside_shift", (track.time_s[kept] < within[0]) | (track.time_s[kept] > within[1]))
    leave_out("duplicate", _seen_before(track, kept, is_timed))

    time_s = track.time_s if is_timed else np.full(len(track), np.nan)
    nowhere = np.zeros(len(track))
    stray, jumps = drop_strays(nowhere[kept], nowhere[kept], time_s[kept], settings.gap_s, 0.0, np.inf)
    leave_out("clock", stray)
    most_ms = settings.most_kmh[settings.mode] / 3.6
    slack_m = _NOISE_M if is_timed else _STEP_M
    steps_m = distances_m(track.lon[kept], track.lat[kept])
    usual_m = float(np.median(steps_m)) if len(steps_m) else 0.0
    near_m = max(slack_m, min(_USUAL * usual_m, _CUT_M))  # a poor receiver jumps about at every fix
    stray, _ = drop_strays(track.lon[kept], track.lat[kept], time_s[kept], np.inf, most_ms, near_m)
    leave_out("too_fast", stray)
    if is_timed:
        leave_out("too_fast", ride_mask(track.lon[kept], track.lat[kept], time_s[kept], _RIDE_S, most_ms, slack_m))

    lon, lat, time_s = track.lon[kept], track.lat[kept], time_s[kept]
    part = _parts(lon, lat, time_s, settings.gap_s, most_ms, max(near_m, _CUT_M))
    return CleanTrack(track.patrol, lon, lat, time_s, part, n_read, dropped, int(jumps))


def _by_segment(track: Track) -> Int32Array:
    """Positions of all fixes, whole segments in order of their first time: some programs write the newest first."""
    n = len(track)
    if not n:
        return np.empty(0, np.int32)
    timed = np.flatnonzero(np.isfinite(track.time_s))
    segments, first = np.unique(track.segment[timed], return_index=True)
    if len(segments) < 2 or len(np.unique(track.segment)) != len(segments):
        return np.arange(n, dtype=np.int32)
    rank = np.empty(int(segments[-1]) + 1, np.int64)
    rank[segments[np.argsort(track.time_s[timed][first], kind="stable")]] = np.arange(len(segments))
    return np.argsort(rank[track.segment], kind="stable").astype(np.int32)


def _seen_before(track: Track, kept: Int32Array, is_timed: bool) -> BoolArray:
    """The same fix once more (a file that holds a track twice), or a second one of the same moment."""
    bad = np.zeros(len(kept), np.bool_)
    if len(kept) < 2:
        return bad
    lon, lat, time_s = track.lon[kept], track.lat[kept], track.time_s[kept]
    if not is_timed:
        bad[1:] = (lon[1:] == lon[:-1]) & (lat[1:] == lat[:-1])
        return bad
    bad[1:] = time_s[1:] == time_s[:-1]
    order = np.lexsort((np.arange(len(kept)), lat, lon, time_s))
    same = np.ones(len(kept) - 1, np.bool_)
    for values in (lon, lat, time_s):
        same &= values[order][1:] == values[order][:-1]
    bad[order[1:][same]] = True
    return bad


def _parts(
    lon: FloatArray, lat: FloatArray, time_s: FloatArray, gap_s: float, most_ms: float, slack_m: float
) -> Int32Array:
    part = np.zeros(len(lon), np.int32)
    if len(lon) > 1:
        step_s = np.nan_to_num(np.diff(time_s), nan=0.0)
        cut = (step_s > gap_s) | (step_s < 0) | (distances_m(lon, lat) > most_ms * np.maximum(step_s, 0) + slack_m)
        part[1:] = np.cumsum(cut)
    return part
