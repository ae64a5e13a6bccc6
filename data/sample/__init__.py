"""The sample town: a generated place with no real people and no real addresses."""
