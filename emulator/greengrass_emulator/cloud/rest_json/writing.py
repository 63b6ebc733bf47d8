"""REST-JSON answers, written from the service model: only its members, timestamps in Unix seconds, blobs in base64."""

import base64
import json
from collections.abc import Mapping
from datetime import datetime
from uuid import uuid4

from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape

from greengrass_emulator.cloud.api_errors import Answer, ApiError
from greengrass_emulator.json_value import JsonValue


def write_answer(operation: OperationModel, result: Mapping[str, object]) -> Answer:
    """Return a success with the operation's own status code. Members without a value are left out."""
    status = int(operation.http.get("responseCode", 200))
    shape = operation.output_shape
    body = b"" if shape is None else json.dumps(_write(shape, result)).encode()
    return Answer(status, body, (("Content-Type", "application/json"), ("x-amzn-RequestId", str(uuid4()))))


def write_error(error: ApiError) -> Answer:
    """Return an error in REST-JSON: the name in ``x-amzn-ErrorType``, its fields in the body."""
    headers = (
        ("Content-Type", "application/json"),
        ("x-amzn-ErrorType", error.code),
        ("x-amzn-RequestId", str(uuid4())),
    )
    return Answer(error.status, json.dumps(error.body()).encode(), headers)


def _write(shape: Shape, value: object) -> JsonValue:
    match value:
        case Mapping() if isinstance(shape, StructureShape):
            return {
                member.serialization.get("name", name): _write(member, value[name])
                for name, member in shape.members.items()
                if value.get(name) is not None
            }
        case Mapping() if isinstance(shape, MapShape):
            return {str(key): _write(shape.value, item) for key, item in value.items()}
        case list() | tuple() if isinstance(shape, ListShape):
            return [_write(shape.member, item) for item in value]
        case bytes():
            return base64.b64encode(value).decode()
        case datetime():
            return value.timestamp()
        case str() | int() | float():
            return value
        case _:
            raise TypeError(f"{value!r} is not what {shape.name} ({shape.type_name}) has")
