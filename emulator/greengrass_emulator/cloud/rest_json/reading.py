"""A REST-JSON request's parameters, read and checked against the service model.

botocore's clients check only types, required fields and minimum lengths; the service checks
patterns, enumerations and maxima, and so does this module.
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping, Sequence
from functools import cache

from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape
from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from greengrass_emulator.cloud.api_errors import FieldFault, ValidationException
from greengrass_emulator.json_value import JsonObject

_INTEGERS = {"integer", "long"}
_TRUE_FALSE = {"true": True, "false": False}


class ApiStructure(BaseModel):
    """A structure of a service model: a checked request, or a part of one. Members that are not read are left out."""

    # Validators are built at the first use of a model: a command that needs none of them starts sooner.
    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True, defer_build=True)

    def as_answer(self) -> dict[str, object]:
        """Return it by the model's member names, without missing members."""
        return self.model_dump(by_alias=True, exclude_none=True)


def read_request(
    operation: OperationModel, labels: Mapping[str, str], query: Mapping[str, Sequence[str]], body: bytes
) -> dict[str, object]:
    """Return the operation's input by the model's member names: blobs decoded, numbers as numbers.

    Raises ``ValidationException``: ``CANNOT_PARSE`` for a body that is not a JSON object, ``FIELD_VALIDATION_FAILED``
    with every invalid field.
    """
    shape = operation.input_shape
    if shape is None:
        return {}
    document = _document(body)
    faults: list[FieldFault] = []
    values: dict[str, object] = {}
    for name, member in shape.members.items():
        wire_name = member.serialization.get("name", name)
        given: object
        match member.serialization.get("location"):
            case "uri":
                given = labels.get(wire_name)
            case "querystring":
                given = _from_query(member, query, wire_name)
            case _:
                given = document.get(wire_name)
        if given is not None:
            values[name] = _read(member, given, name, faults)
        elif name in shape.required_members:
            faults.append(FieldFault(name, "is required"))
    if faults:
        listed = "; ".join(f"{fault.name} {fault.message}" for fault in faults)
        raise ValidationException(
            f"{len(faults)} validation error(s) in {operation.name}: {listed}",
            reason="FIELD_VALIDATION_FAILED",
            faults=tuple(faults),
        )
    return values


def _document(body: bytes) -> JsonObject:
    if not body:
        return {}
    try:
        document = json.loads(body)
    except ValueError as fault:
        raise ValidationException(f"The request's body is not JSON: {fault}", reason="CANNOT_PARSE") from fault
    if not isinstance(document, dict):
        raise ValidationException("The request's body is not a JSON object", reason="CANNOT_PARSE")
    return document


def _from_query(member: Shape, query: Mapping[str, Sequence[str]], name: str) -> object:
    given = query.get(name)
    if not given:
        return None
    if member.type_name == "list":
        return list(given)
    if member.type_name in _INTEGERS and re.fullmatch(r"-?\d+", given[0]):
        return int(given[0])
    if member.type_name == "boolean":
        return _TRUE_FALSE.get(given[0], given[0])
    return given[0]


def _read(shape: Shape, value: object, path: str, faults: list[FieldFault]) -> object:
    if isinstance(shape, StructureShape):
        return _structure(shape, value, path, faults)
    if isinstance(shape, ListShape):
        if not isinstance(value, list):
            return _wrong(path, "must be a list", faults)
        _check_size(shape, len(value), path, "items", faults)
        return [_read(shape.member, item, f"{path}[{index}]", faults) for index, item in enumerate(value)]
    if isinstance(shape, MapShape):
        if not isinstance(value, dict):
            return _wrong(path, "must be a map", faults)
        _check_size(shape, len(value), path, "entries", faults)
        read = {}
        for key, item in value.items():
            _read(shape.key, key, f"{path} key {key!r}", faults)
            if item is not None:
                read[key] = _read(shape.value, item, f"{path}.{key}", faults)
        return read
    return _scalar(shape, value, path, faults)


def _structure(shape: StructureShape, value: object, path: str, faults: list[FieldFault]) -> object:
    if not isinstance(value, dict):
        return _wrong(path, "must be an object", faults)
    read = {}
    for name, member in shape.members.items():
        given = value.get(member.serialization.get("name", name))
        if given is not None:
            read[name] = _read(member, given, f"{path}.{name}", faults)
        elif name in shape.required_members:
            faults.append(FieldFault(f"{path}.{name}", "is required"))
    return read


def _scalar(shape: Shape, value: object, path: str, faults: list[FieldFault]) -> object:
    kind = shape.type_name
    if kind == "blob":
        return _blob(value, path, faults)
    if kind == "boolean":
        return value if isinstance(value, bool) else _wrong(path, "must be true or false", faults)
    if kind in _INTEGERS or kind in {"double", "float"}:
        wrong_kind = kind in _INTEGERS and isinstance(value, float)
        if wrong_kind or isinstance(value, bool) or not isinstance(value, (int, float)):
            return _wrong(path, "must be a number", faults)
        low, high = shape.metadata.get("min"), shape.metadata.get("max")
        if (low is not None and value < low) or (high is not None and value > high):
            _wrong(path, f"must be between {low} and {high}, and is {value}", faults)
        return value
    if not isinstance(value, str):
        return _wrong(path, "must be a string", faults)
    allowed = shape.metadata.get("enum")
    if allowed and value not in allowed:
        _wrong(path, f"must be one of {', '.join(allowed)}, and is {value!r}", faults)
    _check_size(shape, len(value), path, "characters", faults)
    pattern = shape.metadata.get("pattern")
    if pattern and not _compiled(pattern).fullmatch(value):
        _wrong(path, f"must match {pattern}, and is {value[:80]!r}", faults)
    return value


def _blob(value: object, path: str, faults: list[FieldFault]) -> object:
    if isinstance(value, str):
        try:
            return base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            pass
    return _wrong(path, "must be base64", faults)


def _check_size(shape: Shape, size: int, path: str, unit: str, faults: list[FieldFault]) -> None:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and size < low:
        _wrong(path, f"must have at least {low} {unit}, and has {size}", faults)
    if high is not None and size > high:
        _wrong(path, f"must have at most {high} {unit}, and has {size}", faults)


def _wrong(path: str, message: str, faults: list[FieldFault]) -> object:
    """Add a fault. Return None in the value's place: a request with a fault is refused."""
    faults.append(FieldFault(path, message))
    return None


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)
