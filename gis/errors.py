"""Errors that say what, where, measured and allowed; the sentence itself is made on the `api` floor.

A reader collects every `Fault` it meets and raises one `InputError` with all of them, so that a user mends a
file once and not once per fault.  Codes are stable: `api/locales/<language>/*.json` holds one sentence per code,
with the remedy, and a house test keeps the two in step.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Self

Fact = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with an input.

    Attributes
    ----------
    code
        Stable name, snake_case: the key of the sentence in the locale files.
    facts
        What the sentence needs.  Usual keys: ``file``, ``layer``, ``row`` (1-based, as the user counts),
        ``id``, ``column``, ``measured``, ``allowed``.
    """

    code: str
    facts: Mapping[str, Fact] = field(default_factory=dict)

    def __str__(self) -> str:
        detail = ", ".join(f"{key}={value}" for key, value in self.facts.items())
        return f"{self.code}: {detail}" if detail else self.code


class GridwrightError(Exception):
    """Base of every error gridwright raises on purpose; carries a code and its facts."""

    def __init__(self, code: str, **facts: Fact) -> None:
        self.faults: tuple[Fault, ...] = (Fault(code, dict(facts)),)
        super().__init__(str(self.faults[0]))

    @classmethod
    def of(cls, faults: Iterable[Fault]) -> Self:
        """Make one error out of many faults (at least one)."""
        error: Self = _restore(cls, tuple(faults))  # type: ignore[assignment]
        return error

    @property
    def code(self) -> str:
        """Code of the first fault."""
        return self.faults[0].code

    @property
    def facts(self) -> Mapping[str, Fact]:
        """Facts of the first fault."""
        return self.faults[0].facts

    def __reduce__(self) -> tuple[object, ...]:
        # Errors cross process borders when communities are mapped over workers.
        return _restore, (type(self), self.faults)


class InputError(GridwrightError):
    """The input cannot be used; holds every fault that was found."""


class NotFound(GridwrightError):
    """A named thing does not exist."""


class Conflict(GridwrightError):
    """Two wishes contradict each other (rules, locks, versions)."""


class StorageError(GridwrightError):
    """A file or store could not be written or read."""


def _restore(kind: type[GridwrightError], faults: tuple[Fault, ...]) -> GridwrightError:
    if not faults:
        raise ValueError("an error needs at least one fault")
    error = kind.__new__(kind)
    Exception.__init__(error, "; ".join(map(str, faults)))
    error.faults = faults
    return error
