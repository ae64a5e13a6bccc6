"""Strict parameters: a name that a route does not declare, or one given twice, is refused and never passed over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args, get_origin
from urllib.parse import parse_qsl

from fastapi.dependencies.models import Dependant
from pydantic import BaseModel

from api.problems import Refusal
from gis.errors import Fault

_MAX_PARAMETERS = 100


def declared_parameters(dependant: Dependant, openapi_extra: Mapping[str, Any] | None) -> dict[str, bool]:
    """Names of a route's query parameters -> whether they may be repeated.

    They are those of the function and its dependencies, and those the route writes into its ``openapi_extra``
    (for parameters that it reads by itself).
    """
    found: dict[str, bool] = {}
    waiting = [dependant]
    while waiting:
        part = waiting.pop()
        waiting.extend(part.dependencies)
        for field in part.query_params:
            annotation = field.field_info.annotation
            if isinstance(annotation, type) and issubclass(annotation, BaseModel):
                for name, inner in annotation.model_fields.items():
                    found[inner.alias or name] = _is_list(inner.annotation)
            else:
                found[field.alias] = _is_list(annotation)
    for parameter in (openapi_extra or {}).get("parameters", ()):
        if parameter.get("in") == "query":
            repeats = parameter.get("schema", {}).get("type") == "array" and parameter.get("explode", True)
            found[parameter["name"]] = bool(repeats)
    return found


def check_query(query: bytes, declared: Mapping[str, bool]) -> None:
    """Refuse what a route does not declare.

    Raises
    ------
    Refusal
        400 ``parameter_unknown``, ``parameter_twice``, ``parameters_too_many``.
    """
    try:
        pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True, max_num_fields=_MAX_PARAMETERS)
    except ValueError as error:
        raise Refusal(400, "parameters_too_many", allowed=_MAX_PARAMETERS) from error
    faults, seen = [], set()
    for name, _ in pairs:
        if name not in declared:
            faults.append(
                Fault("parameter_unknown", {"column": name[:80], "allowed": ", ".join(sorted(declared)) or None})
            )
        elif name in seen and not declared[name]:
            faults.append(Fault("parameter_twice", {"column": name}))
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
