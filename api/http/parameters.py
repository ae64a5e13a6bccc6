"""Strict parameters: a name that a route does not declare, or one given twice, is refused and never passed over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args, get_origin
from urllib.parse import parse_qsl

from fastapi.dependencies.models import Dependant
from pydantic import BaseModel

from api.problems import Refusal
from gis.errors import Fault

_MAX_PARAMETERS = 100


@dataclass(frozen=True, slots=True)
class Declared:
    """What a route says of one query parameter."""

    may_repeat: bool = False
    choices: tuple[str, ...] = ()


def declared_parameters(dependant: Dependant, openapi_extra: Mapping[str, Any] | None) -> dict[str, Declared]:
    """A route's query parameters by name.

    They are those of the function and its dependencies, and those the route writes into its ``openapi_extra``
    (for parameters that it reads by itself; of these, choices are checked here).
    """
    found: dict[str, Declared] = {}
    waiting = [dependant]
    while waiting:
        part = waiting.pop()
        waiting.extend(part.dependencies)
        for field in part.query_params:
            annotation = field.field_info.annotation
            if isinstance(annotation, type) and issubclass(annotation, BaseModel):
                for name, inner in annotation.model_fields.items():
                    found[inner.alias or name] = Declared(_is_list(inner.annotation))
            else:
                found[field.alias] = Declared(_is_list(annotation))
    for parameter in (openapi_extra or {}).get("parameters", ()):
        if parameter.get("in") == "query":
            schema = parameter.get("schema", {})
            repeats = schema.get("type") == "array" and parameter.get("explode", True)
            found[parameter["name"]] = Declared(bool(repeats), tuple(schema.get("enum", ())))
    return found


def check_query(query: bytes, declared: Mapping[str, Declared]) -> None:
    """Refuse what a route does not declare.

    Raises
    ------
    Refusal
        400 ``parameter_unknown``, ``parameter_twice``, ``parameter_wrong``, ``parameters_too_many``.
    """
    try:
        pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True, max_num_fields=_MAX_PARAMETERS)
    except ValueError as error:
        raise Refusal(400, "parameters_too_many", allowed=_MAX_PARAMETERS) from error
    faults, seen = [], set()
    for name, value in pairs:
        known = declared.get(name)
        if known is None:
            allowed = ", ".join(sorted(declared)) or None
            faults.append(Fault("parameter_unknown", {"column": name[:80], "allowed": allowed}))
        elif name in seen and not known.may_repeat:
            faults.append(Fault("parameter_twice", {"column": name}))
        elif known.choices and value not in known.choices:
            facts = {"where": "query", "column": name, "measured": value[:80], "allowed": ", ".join(known.choices)}
            faults.append(Fault("parameter_wrong", facts))
        seen.add(name)
    if faults:
        refusal = Refusal(400, faults[0].code)
        refusal.faults = tuple(faults)
        raise refusal


def _is_list(annotation: Any) -> bool:
    origin = get_origin(annotation) or annotation
    if origin in (list, tuple, set, frozenset):
        return True
    return any(_is_list(inner) for inner in get_args(annotation))
