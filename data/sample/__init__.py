"""The sample town: a generated place with no real people and no real addresses."""

from data.sample.town import SampleTown, make_town

__all__ = ["SampleTown", "make_town"]
