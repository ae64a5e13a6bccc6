"""Rows of the table of who may do what: which roles, and what is answered inside and outside of a jurisdiction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from api.accounts.caller import ROLES
from tests.authz_world import HERE, NOBODY, ROOT, World

EVERYBODY = frozenset(ROLES)
READERS = EVERYBODY - {"lookup"}
ANYONE = frozenset({*ROLES, NOBODY})
BEHIND_THE_DOOR = 409
"""The small plans of these tests can not be filed, edited or undone; that this is said shows that one came in."""
OFFICE = "planner reviewer auditor"
FRESH = {"If-Match": '"{new_draft}-1"'}
Request = tuple[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Row:
    """What is expected of a route.

    Attributes
    ----------
    is_link
        It is a link to a plan of the county, and so may tell of that county whoever asks.
    """

    roles: frozenset[str]
    inside: int | Mapping[str, int]
    outside: int | Mapping[str, int]
    ask: Callable[[World, str], Request]
    is_link: bool = False

    def status(self, role: str, county: str) -> int:
        """The expected status of a request of a role about a county."""
        stated = self.inside if county == HERE or role == ROOT else self.outside
        return stated if isinstance(stated, int) else stated.get(role, stated["others"])


def row(
    roles: str | frozenset[str], inside: Any, outside: Any, path: str, *, is_link: bool = False, **options: Any
) -> Row:
    """A row; ``path`` and JSON may name things of the county as ``{plan}``, ``{new_key}`` and so on."""
    named = roles if isinstance(roles, frozenset) else frozenset({*roles.split(), "admin"})

    def ask(world: World, county: str) -> Request:
        things = Things(world, county)
        return path.format_map(things), {key: filled(value, things) for key, value in options.items()}

    return Row(named, inside, outside, ask, is_link)


class Things(dict[str, str]):
    """Names of things of a county; what is ``new_...`` is made for the request."""

    def __init__(self, world: World, county: str) -> None:
        super().__init__()
        self.world, self.county = world, county

    def __missing__(self, name: str) -> str:
        world, county = self.world, self.county
        if name in ("lon", "lat"):
            return str(world.point(county)[name == "lat"])
        if name.startswith("new_"):
            # The same one wherever a request names it.
            return self.setdefault(name, str(getattr(world, name)(county)))
        return {
            "county": county,
            "community": f"{county}001001",
            "grid": f"{county}001001001",
            "name": world.new_name(),
            "plan": world.plans[county],
            "draft": world.drafts[county],
            "territory": world.territories[county],
            "job": world.jobs[county],
            "password": world.site.given[ROOT],
        }[name]


def filled(value: Any, things: Things) -> Any:
    """A value with the names of things in its texts."""
    if isinstance(value, str):
        return value.format_map(things)
    if isinstance(value, dict):
        return {key: filled(content, things) for key, content in value.items()}
    if isinstance(value, list):
        return [filled(content, things) for content in value]
    return value
