"""Reference pages for people, from the same JSON Schemas that editors use: each key, its type, default and meaning."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from shared_schema.config import Config
from shared_schema.export.schemas import OTHER_SPELLING_OF, json_schema
from shared_schema.model_manifest import ModelManifest

_REFERENCE = "#/$defs/"


@dataclass(frozen=True, slots=True)
class _Page:
    title: str
    opening: str
    schema: dict[str, Any]


def reference_pages() -> dict[str, str]:
    """Return the text of each page, by its name in ``docs/``."""
    pages = {
        "config-reference": _Page(
            "Config reference: `greengrass-config.yml`",
            "Every key of the file that says what is released. An unknown key is a fault, and `cloud-publisher "
            "validate` says which\none was meant. In text that names an artifact, `BUCKET_NAME`, `COMPONENT_NAME` and "
            "`COMPONENT_VERSION`, also written\n`$BUCKET_NAME$` and so on, are filled in by the build.",
            json_schema(Config),
        ),
        "model-reference": _Page(
            "Model reference: `model.yaml`",
            "Every key of a model component's manifest. With it a component is hot-reloadable; `edge-agent check "
            "FOLDER` vets the\nfolder on a laptop as a device will.",
            json_schema(ModelManifest),
        ),
    }
    return {name: _text(page) for name, page in pages.items()}


def _text(page: _Page) -> str:
    lines = [
        f"# {page.title}",
        "",
        "<!-- Written by `make schemas` from shared_schema; edit the docstrings there. -->",
        "",
        page.opening,
        "",
    ]
    definitions = page.schema.get("$defs", {})
    lines += _section("The whole file", page.schema)
    for name in _in_order_of_use(page.schema, definitions):
        lines += _section(name, definitions[name])
    return "\n".join(lines).rstrip() + "\n"


def _section(name: str, schema: dict[str, Any]) -> list[str]:
    lines = [f"## {name}", ""]
    if schema.get("description") and name != "The whole file":
        lines += [_plain(schema["description"]), ""]
    if "properties" not in schema:
        return lines
    lines += ["| key | type | default | meaning |", "|---|---|---|---|"]
    required = set(schema.get("required", []))
    others = {
        key: value[OTHER_SPELLING_OF] for key, value in schema["properties"].items() if OTHER_SPELLING_OF in value
    }
    for key, value in schema["properties"].items():
        if key in others:
            continue
        shown = " or ".join(f"`{each}`" for each in (key, *(other for other in others if others[other] == key)))
        default = "required" if key in required else _default(value)
        lines.append(f"| {shown} | {_type(value)} | {default} | {_cell(value.get('description', ''))} |")
    return [*lines, ""]


def _in_order_of_use(schema: dict[str, Any], definitions: dict[str, Any]) -> list[str]:
    """Return the definitions in the order of their first use, from the top of the file downwards."""
    met: list[str] = []
    waiting = [schema]
    while waiting:
        for name in _references(waiting.pop(0).get("properties", {})):
            if name not in met:
                met.append(name)
                waiting.append(definitions[name])
    return met


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "$ref":
                yield inner.removeprefix(_REFERENCE)
            elif key != "discriminator":
                yield from _references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner)


def _type(value: dict[str, Any]) -> str:
    if "$ref" in value:
        name = value["$ref"].removeprefix(_REFERENCE)
        return f"[{name}](#{name.lower()})"
    if "const" in value:
        return f"`{value['const']}`"
    if "enum" in value:
        return " or ".join(f"`{each}`" for each in value["enum"])
    branches = value.get("anyOf") or value.get("oneOf")
    if branches:
        return " or ".join(dict.fromkeys(_type(each) for each in branches if each.get("type") != "null"))
    match value.get("type"):
        case "array":
            return f"list of {_type(value.get('items', {}))}"
        case "object":
            inner = _values_of(value)
            return f"mapping to {_type(inner)}" if inner else "mapping"
        case kind:
            words = {"string": "text", "boolean": "true or false", "integer": "whole number", "number": "number"}
            return words.get(str(kind), "anything") + _bounds(value)


def _values_of(value: dict[str, Any]) -> dict[str, Any] | None:
    for pattern in value.get("patternProperties", {}).values():
        return dict(pattern)
    inner = value.get("additionalProperties")
    return inner if isinstance(inner, dict) else None


def _bounds(value: dict[str, Any]) -> str:
    words = {"minimum": "≥", "maximum": "≤", "exclusiveMinimum": ">"}
    told = [f"{sign} {value[name]:g}" for name, sign in words.items() if name in value]
    return f" ({', '.join(told)})" if told else ""


def _default(value: dict[str, Any]) -> str:
    default = value.get("default")
    return "" if default in (None, []) else f"`{json.dumps(default)}`"


def _plain(text: str) -> str:
    return text.replace("``", "`")


def _cell(text: str) -> str:
    return _plain(" ".join(text.split())).replace("|", "\\|")
