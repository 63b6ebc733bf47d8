"""botocore's service models, and the operation that a REST-JSON request means by their URI templates."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from urllib.parse import unquote

from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel

_LABEL = re.compile(r"\{(\w+)(\+?)\}")


@dataclass(frozen=True, slots=True)
class Route:
    """An operation and the path's labels, percent-decoded."""

    operation: OperationModel
    labels: Mapping[str, str]


@cache
def service_model(name: str) -> ServiceModel:
    """Return botocore's newest model of a service, by its name there, such as ``greengrassv2``."""
    return ServiceModel(Loader().load_service_model(name, "service-2"), name)


def find_route(service: str, method: str, raw_path: str) -> Route | None:
    """Return the operation with this method and path. ``raw_path`` is still percent-encoded: ARNs have slashes."""
    for wanted, pattern, operation in _routes(service):
        if wanted == method and (match := pattern.fullmatch(raw_path)):
            return Route(operation, {name: unquote(value) for name, value in match.groupdict().items()})
    return None


@cache
def _routes(service: str) -> tuple[tuple[str, re.Pattern[str], OperationModel], ...]:
    """Return every route, those with more literal text first: ``/things/add…`` before ``/things/{name}``."""
    model = service_model(service)
    operations = [model.operation_model(name) for name in model.operation_names]
    operations.sort(key=lambda o: -len(_LABEL.sub("", o.http["requestUri"])))
    return tuple((o.http["method"], _pattern(o.http["requestUri"].partition("?")[0]), o) for o in operations)


def _pattern(template: str) -> re.Pattern[str]:
    written, end = "", 0
    for label in _LABEL.finditer(template):
        written += re.escape(template[end : label.start()])
        written += f"(?P<{label[1]}>{'.+' if label[2] else '[^/]+'})"
        end = label.end()
    return re.compile(written + re.escape(template[end:]))
