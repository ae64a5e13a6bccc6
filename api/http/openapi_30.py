"""The description in OpenAPI 3.0.3, made from the 3.1 that FastAPI writes: what OGC clients ask for at ``/api``.

3.0 knows no ``null`` type, no ``const``, no lists of types or examples in a schema, no number as an exclusive bound,
and passes over everything beside a ``$ref``.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI

MEDIA_TYPE = "application/vnd.oai.openapi+json;version=3.0"
# Keywords of JSON Schema that 3.0 does not have; leaving them out only widens what the schema allows.
_UNKNOWN = frozenset(
    """$schema $id $anchor $comment $defs if then else contains minContains maxContains dependentSchemas
    dependentRequired patternProperties propertyNames contentSchema unevaluatedItems unevaluatedProperties""".split()  # noqa: SIM905
)
_SCHEMA_MAPS = frozenset({"properties"})
_SCHEMA_LISTS = frozenset({"allOf", "anyOf", "oneOf"})


def openapi_30(app: FastAPI) -> dict[str, Any]:
    """The application's description as a valid OpenAPI 3.0.3 document."""
    return downgraded(app.openapi())


def downgraded(document: Mapping[str, Any]) -> dict[str, Any]:
    """A 3.0.3 copy of a 3.1 document."""
    made = copy.deepcopy(dict(document))
    made["openapi"] = "3.0.3"
    made.pop("jsonSchemaDialect", None)
    made.pop("webhooks", None)
    made.setdefault("paths", {})
    made.get("info", {}).pop("summary", None)
    made.get("info", {}).get("license", {}).pop("identifier", None)
    schemas = made.get("components", {}).get("schemas", {})
    for name, schema in schemas.items():
        schemas[name] = schema_30(schema)
    _walk(made)
    return made


def _walk(node: Any) -> None:
    """Turn every schema outside ``components.schemas`` (of parameters, bodies, answers, headers)."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "schema":
                node[key] = schema_30(value)
            elif key not in ("schemas", "example", "examples"):
                _walk(value)
    elif isinstance(node, list):
        for value in node:
            _walk(value)


def schema_30(schema: Any) -> dict[str, Any]:
    """One schema in the words of 3.0."""
    if not isinstance(schema, dict):
        return {} if schema is not False else {"not": {}}
    made = {key: value for key, value in schema.items() if key not in _UNKNOWN}
    _types(made)
    if "const" in made:
        made["enum"] = [made.pop("const")]
    if isinstance(made.get("examples"), list):
        examples = made.pop("examples")
        if examples:
            made.setdefault("example", examples[0])
    for bound, plain in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if isinstance(made.get(bound), (int, float)) and not isinstance(made[bound], bool):
            made[plain], made[bound] = made[bound], True
    if "contentMediaType" in made or "contentEncoding" in made:
        encoding = made.pop("contentEncoding", None)
        made.pop("contentMediaType", None)
        made["format"] = "byte" if encoding == "base64" else "binary"
    if "prefixItems" in made:
        kinds = [schema_30(item) for item in made.pop("prefixItems")]
        made["items"] = kinds[0] if all(kind == kinds[0] for kind in kinds) else {"anyOf": kinds}
    for key in _SCHEMA_MAPS & made.keys():
        made[key] = {name: schema_30(inner) for name, inner in made[key].items()}
    for key in _SCHEMA_LISTS & made.keys():
        made[key] = [schema_30(inner) for inner in made[key]]
    for key in ("items", "not"):
        if key in made:
            made[key] = schema_30(made[key])
    if isinstance(made.get("additionalProperties"), dict):
        made["additionalProperties"] = schema_30(made["additionalProperties"])
    if made.get("type") == "array":
        made.setdefault("items", {})
    return _referring(made)


def _types(schema: dict[str, Any]) -> None:
    """``null`` among types or alternatives becomes ``nullable``."""
    kind = schema.get("type")
    if isinstance(kind, list):
        kinds = [name for name in kind if name != "null"]
        if len(kinds) != len(kind):
            schema["nullable"] = True
        if len(kinds) == 1:
            schema["type"] = kinds[0]
        else:
            del schema["type"]
            schema["anyOf"] = [{"type": name} for name in kinds]
    elif kind == "null":
        del schema["type"]
        schema["enum"] = [None]
        schema["nullable"] = True
    for key in ("anyOf", "oneOf"):
        options = schema.get(key)
        if not isinstance(options, list):
            continue
        others = [option for option in options if not (isinstance(option, dict) and option.get("type") == "null")]
        if len(others) == len(options):
            continue
        schema["nullable"] = True
        if len(others) == 1 and isinstance(others[0], dict):
            del schema[key]
            only = dict(others[0])
            if "$ref" in only:
                schema["allOf"] = [only]
            else:
                for name, value in only.items():
                    schema.setdefault(name, value)
                _types(schema)
        else:
            schema[key] = others


def _referring(schema: dict[str, Any]) -> dict[str, Any]:
    """Words beside a ``$ref`` would be passed over: they go beside an ``allOf`` of it."""
    if "$ref" not in schema or len(schema) == 1:
        return schema
    rest = {key: value for key, value in schema.items() if key != "$ref"}
    return {"allOf": [{"$ref": schema["$ref"]}, *rest.pop("allOf", [])], **rest}
