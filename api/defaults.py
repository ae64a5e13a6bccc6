"""Defaults that the command line, the service and the use cases share; nothing heavy is imported for them."""

CHANGE_WEIGHT = 20.0
"""Metres of border that one household in another grid costs, where the user does not say (docs/concepts.md)."""
