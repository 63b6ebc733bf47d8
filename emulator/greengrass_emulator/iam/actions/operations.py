"""Which operation a request is, and its parameters, by botocore's own service models.

Query (``Action=``), JSON (``X-Amz-Target``) and REST-JSON (method and path). For S3 see ``s3_operations``.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from botocore.model import OperationModel

from greengrass_emulator.iam.actions.http_request import HttpRequest
from greengrass_emulator.json_value import JsonObject, JsonValue
from greengrass_emulator.service_models import find_route, service_model

# By signing name, as it stands in the credential scope: botocore's name of the model.
MODELS = {
    "greengrass": "greengrassv2",
    "iam": "iam",
    "iot": "iot",
    "iotdata": "iot-data",
    "kms": "kms",
    "logs": "logs",
    "s3": "s3",
    "sagemaker": "sagemaker",
    "sts": "sts",
}


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation's name, and its parameters by the model's member names (a query's by their dotted names)."""

    name: str
    parameters: Mapping[str, JsonValue] = field(default_factory=dict)

    def text(self, parameter: str) -> str | None:
        """Return a parameter that is a string, or None."""
        value = self.parameters.get(parameter)
        return value if isinstance(value, str) and value else None

    def texts(self, parameter: str) -> tuple[str, ...]:
        """Return the strings of a parameter that is a list of them."""
        value = self.parameters.get(parameter)
        return tuple(each for each in value if isinstance(each, str)) if isinstance(value, list) else ()


def read_operation(request: HttpRequest) -> Operation | None:
    """Return the operation of a request to one of ``MODELS`` but S3, or None where the model has none like it."""
    model = service_model(MODELS[request.service])
    match model.protocol:
        case "query":
            return _query(request)
        case "json":
            return _json(request)
        case _:
            return _rest(request)


def _query(request: HttpRequest) -> Operation | None:
    form = dict(parse_qsl(request.read_body().decode(errors="replace"), keep_blank_values=True))
    form = {name: values[0] for name, values in request.query.items()} | form
    action = form.pop("Action", "")
    return Operation(action, form) if action else None


def _json(request: HttpRequest) -> Operation | None:
    name = request.headers.get("x-amz-target", "").rpartition(".")[2]
    return Operation(name, _body(request)) if name else None


def _rest(request: HttpRequest) -> Operation | None:
    route = find_route(MODELS[request.service], request.method, request.path)
    if route is None:
        return None
    return Operation(route.operation.name, _parameters(route.operation, route.labels, request))


def _parameters(operation: OperationModel, labels: Mapping[str, str], request: HttpRequest) -> JsonObject:
    shape = operation.input_shape
    if shape is None:
        return {}
    payload = shape.serialization.get("payload")
    body = {} if payload else _body(request)
    read: JsonObject = {}
    for name, member in shape.members.items():
        wire = member.serialization.get("name", name)
        match member.serialization.get("location"):
            case "uri":
                value: JsonValue = labels.get(wire)
            case "querystring":
                given = request.query.get(wire)
                value = [*given] if given and member.type_name == "list" else request.query_value(wire)
            case "header":
                value = request.headers.get(wire.lower())
            case _:
                value = body.get(wire)
        if value is not None:
            read[name] = value
    return read


def _body(request: HttpRequest) -> JsonObject:
    try:
        content = json.loads(request.read_body() or b"{}")
    except ValueError:
        return {}  # The service itself reports the error.
    return content if isinstance(content, dict) else {}
