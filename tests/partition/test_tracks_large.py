"""A million fixes: read as they come, judged in one go."""

from __future__ import annotations

import io
import tracemalloc

import numpy as np

from gis.readers.gpx import Track, read_gpx
from partition.patrol.tracks import TrackSettings
from partition.patrol.tracks.clean import clean_track
from partition.patrol.tracks.intervals import cover
from partition.patrol.tracks.match import Matcher
from tests.street_kit import MONDAY_S, grid_town, track_along, walk_all

MILLION = 1_000_000


class Endless(io.RawIOBase):
    """A GPX file of ``n`` fixes that is written while it is read."""

    def __init__(self, n: int, step: int = 2_000) -> None:
        self._n, self._at, self._step = n, -1, step
        self._left = b'<?xml version="1.0"?><gpx xmlns="http://www.topografix.com/GPX/1/1"><trk><trkseg>'

    def read(self, size: int = -1) -> bytes:
        while len(self._left) < size and self._at < self._n:
            if self._at < 0:
                self._at = 0
            rows = range(self._at, min(self._n, self._at + self._step))
            stamps = (np.datetime64("2026-03-02T00:00:00") + np.array(rows, "timedelta64[s]")).astype(str)
            self._left += "".join(
                f'<trkpt lat="{30 + i * 1e-6:.6f}" lon="114"><time>{stamp}Z</time></trkpt>\n'
                for i, stamp in zip(rows, stamps)
            ).encode()
            self._at = rows.stop
            if self._at == self._n:
                self._left += b"</trkseg></trk></gpx>"
                self._at += 1
        given, self._left = self._left[:size], self._left[size:]
        return given


def test_reading_keeps_numbers_only_so_memory_stays_small() -> None:
    n = 80_000
    tracemalloc.start()
    try:
        track = read_gpx(Endless(n), file="1.gpx")  # type: ignore[arg-type]
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(track) == n
    # Five columns, twice while they are put together, and one block of texts on the way.
    assert most < 90 * n + 40e6


def test_a_million_fixes_are_read() -> None:
    track = read_gpx(Endless(MILLION), file="1.gpx")  # type: ignore[arg-type]
    assert len(track) == MILLION
    assert (np.diff(track.time_s) == 1).all()
    assert track.lat[-1] == 30.999999


def test_a_million_fixes_are_judged() -> None:
    net = grid_town()
    once = track_along(net, *walk_all(net), every_s=1.0, sigma_m=5.0, dropped=0.0)
    rounds = MILLION // len(once) + 1
    shift_s = once.time_s[-1] - MONDAY_S + 3_600
    time_s = (once.time_s[None, :] + shift_s * np.arange(rounds)[:, None]).ravel()[:MILLION]
    lon, lat = (np.tile(column, rounds)[:MILLION] for column in (once.lon, once.lat))
    track = Track("1", lon, lat, time_s, np.full(MILLION, np.nan), np.zeros(MILLION, np.int32), {})
    chosen = TrackSettings()
    matcher = Matcher(net, chosen)
    clean = clean_track(track, chosen)
    assert clean.n_parts == rounds
    coverage = cover(net, [matcher.match(clean)], chosen, degree=matcher.degree)
    assert coverage.is_patrolled.all()
    assert coverage.visits.min() >= rounds - 1
