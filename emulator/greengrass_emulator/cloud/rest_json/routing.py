"""Which operation of a REST-JSON service a request means, from the model's own URI templates."""

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
    """botocore's newest model of a service."""
    return ServiceModel(Loader().load_service_model(name, "service-2"), name)


def _pattern(template: str) -> re.Pattern[str]:
    written, end = "", 0
    for label in _LABEL.finditer(template):
        written += re.escape(template[end : label.start()])
        written += f"(?P<{label[1]}>{'.+' if label[2] else '[^/]+'})"
        end = label.end()
    return re.compile(written + re.escape(template[end:]))


@cache
def _table(service: str) -> tuple[tuple[str, re.Pattern[str], OperationModel], ...]:
    model = service_model(service)
    operations = [model.operation_model(name) for name in model.operation_names]
    return tuple((o.http["method"], _pattern(o.http["requestUri"].partition("?")[0]), o) for o in operations)


def find_route(service: str, method: str, raw_path: str) -> Route | None:
    """Return the operation with this method and path. ``raw_path`` is still percent-encoded: ARNs have slashes."""
    for wanted, pattern, operation in _table(service):
        if wanted == method and (match := pattern.fullmatch(raw_path)):
            return Route(operation, {name: unquote(value) for name, value in match.groupdict().items()})
    return None
