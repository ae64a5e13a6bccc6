"""Tracks: what was really patrolled, and what was missed.

Cleaning, matching to the streets, intervals on the links, the report of a shift, and totals over many outings.
"""

from partition.patrol.tracks.judge import Homes, judge_tracks
from partition.patrol.tracks.match import Matcher
from partition.patrol.tracks.report import TrackReport
from partition.patrol.tracks.settings import TrackSettings

__all__ = ["Homes", "Matcher", "TrackReport", "TrackSettings", "judge_tracks"]
