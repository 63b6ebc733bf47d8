"""Which S3 operation a request is: by method, bucket, key, query and headers, from botocore's model.

Path-style and virtual-host-style requests; access points and S3 Express are not known.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from urllib.parse import unquote

from greengrass_emulator.iam.actions.http_request import HttpRequest
from greengrass_emulator.iam.actions.operations import Operation
from greengrass_emulator.service_models import service_model

_VIRTUAL_HOST = re.compile(r"(?P<bucket>[a-z0-9.-]+)\.(?:localhost|s3[a-z0-9.-]*\.amazonaws\.com(?:\.cn)?)(?::\d+)?")


@dataclass(frozen=True, slots=True)
class _Route:
    operation: str
    level: int  # 0 the service, 1 a bucket, 2 an object
    query: frozenset[str]
    headers: frozenset[str]


def read_s3_operation(request: HttpRequest) -> Operation | None:
    """Return the operation with ``Bucket``, ``Key`` and the query's parameters; None if S3 has none like it."""
    bucket, key = _bucket_and_key(request)
    level = 2 if key else 1 if bucket else 0
    for route in _routes().get(request.method, ()):
        if route.level == level and route.query <= set(request.query) and route.headers <= set(request.headers):
            parameters = {name: values[0] for name, values in request.query.items()}
            return Operation(route.operation, {**parameters, "Bucket": bucket, "Key": key})
    return None


def _bucket_and_key(request: HttpRequest) -> tuple[str, str]:
    path = unquote(request.path).removeprefix("/")
    host = _VIRTUAL_HOST.fullmatch(request.headers.get("host", ""))
    if host:
        return host["bucket"], path
    bucket, _, key = path.partition("/")
    return bucket, key


@cache
def _routes() -> Mapping[str, tuple[_Route, ...]]:
    """By method, the most particular first; of two alike the one that is not deprecated."""
    model = service_model("s3")
    found: dict[str, list[tuple[tuple[int, bool, str], _Route]]] = {}
    for name in model.operation_names:
        operation = model.operation_model(name)
        path, _, literal = operation.http["requestUri"].partition("?")
        query = {part.partition("=")[0] for part in literal.split("&") if part}
        headers: set[str] = set()
        shape = operation.input_shape
        required = [shape.members[member] for member in shape.required_members] if shape else []
        for where in (member.serialization for member in required):
            if where.get("location") == "querystring":
                query.add(where["name"])
            elif where.get("location") == "header":
                headers.add(where["name"].lower())
        route = _Route(name, path.count("{"), frozenset(query), frozenset(headers))
        order = (-len(query) - len(headers), operation.deprecated, name)
        found.setdefault(operation.http["method"], []).append((order, route))
    return {
        method: tuple(route for _, route in sorted(routes, key=lambda each: each[0]))
        for method, routes in found.items()
    }
