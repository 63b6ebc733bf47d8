"""The API's operations on the fleet index, requests checked against botocore's model of AWS IoT."""

import base64
import binascii
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from greengrass_emulator.cloud.api_errors import (
    Answer,
    IndexNotFoundError,
    InvalidRequestException,
    UnsupportedOperationException,
    ValidationException,
)
from greengrass_emulator.cloud.control_plane.plane import AccountPlane
from greengrass_emulator.cloud.fleet_index.configuration import ThingIndexing
from greengrass_emulator.cloud.fleet_index.query import read_query
from greengrass_emulator.cloud.fleet_index.things import NAME, as_answer
from greengrass_emulator.cloud.gateway import GatewayRequest
from greengrass_emulator.cloud.rest_json.reading import ApiStructure, read_request
from greengrass_emulator.cloud.rest_json.writing import write_answer
from greengrass_emulator.service_models import Route, find_route

_log = logging.getLogger(__name__)
MAXIMUM_PAGE = 100
"""The model has no maximum, but its text does: "cannot exceed 100" (SearchIndexRequest, maxResults)."""
_VERSIONS = {None, "2017-09-30"}
_PATHS = ("/indices", "/indexing/")

Operation = Callable[[AccountPlane, Mapping[str, object]], Mapping[str, object]]


class SearchRequest(ApiStructure):
    """A search in an index."""

    index_name: str = NAME
    query_string: str
    next_token: str | None = None
    max_results: int = MAXIMUM_PAGE
    query_version: str | None = None


class DescribeRequest(ApiStructure):
    """An index, by its name."""

    index_name: str


class GroupIndexing(ApiStructure):
    """The configuration of the index of thing groups, which is not emulated."""

    thing_group_indexing_mode: str


class ConfigureRequest(ApiStructure):
    """A new configuration of the indexes. One that is None stays as it is."""

    thing_indexing_configuration: ThingIndexing | None = None
    thing_group_indexing_configuration: GroupIndexing | None = None


def answer_index_request(plane: AccountPlane, request: GatewayRequest) -> Answer | None:
    """Answer a request about the index; return None for any other. Raises ``ApiError``."""
    if not request.raw_path.startswith(_PATHS):
        return None
    route = find_route("iot", request.method, request.raw_path)
    if route is None:
        return None
    operation = _OPERATIONS.get(route.operation.name)
    if operation is None:
        raise UnsupportedOperationException(f"{route.operation.name} is not emulated; see fleet_index/operations.py")
    read = _read(route, request.query, request.body())
    with plane.lock:
        result = operation(plane, read)
    _log.info("index request", extra={"operation": route.operation.name, "account": plane.account.name})
    return write_answer(route.operation, result)


def _read(route: Route, query: Mapping[str, Sequence[str]], body: bytes) -> dict[str, object]:
    try:
        return read_request(route.operation, route.labels, query, body)
    except ValidationException as fault:
        raise InvalidRequestException(fault.message) from fault


def _search(plane: AccountPlane, request: SearchRequest) -> Mapping[str, object]:
    _must_be_known(request.index_name)
    size = request.max_results
    if size > MAXIMUM_PAGE:
        raise InvalidRequestException(f"maxResults cannot exceed {MAXIMUM_PAGE}, and is {size}")
    if request.query_version not in _VERSIONS:
        raise InvalidRequestException(f"There is no query version {request.query_version!r}")
    matches = read_query(request.query_string)
    last = _last_of(request.next_token)
    found = [each for each in plane.index.search(matches) if str(each["thingId"]) > last]
    page = found[:size]
    token = _token(str(page[-1]["thingId"])) if len(found) > size else None
    return {"things": [as_answer(each) for each in page], "thingGroups": [], "nextToken": token}


def _describe(plane: AccountPlane, request: DescribeRequest) -> Mapping[str, object]:
    _must_be_known(request.index_name)
    return {"indexName": NAME, "indexStatus": plane.index.status, "schema": plane.index.indexing.schema_name}


def _list(plane: AccountPlane, _: ApiStructure) -> Mapping[str, object]:
    return {"indexNames": [NAME] if plane.index.indexing.on else []}


def _configuration(plane: AccountPlane, _: ApiStructure) -> Mapping[str, object]:
    return {
        "thingIndexingConfiguration": plane.index.indexing.as_answer(),
        "thingGroupIndexingConfiguration": {"thingGroupIndexingMode": "OFF"},
    }


def _configure(plane: AccountPlane, request: ConfigureRequest) -> Mapping[str, object]:
    groups = request.thing_group_indexing_configuration
    if groups and groups.thing_group_indexing_mode != "OFF":
        raise UnsupportedOperationException("The index of thing groups is not emulated; see fleet_index/operations.py")
    indexing = request.thing_indexing_configuration
    if indexing is not None:
        plane.index.configure(indexing.checked())
    return {}


Request = TypeVar("Request", bound=ApiStructure)


def _operation(model: type[Request], function: Callable[[AccountPlane, Request], Mapping[str, object]]) -> Operation:
    return lambda plane, parameters: function(plane, model.model_validate(parameters))


_OPERATIONS: Mapping[str, Operation] = {
    "SearchIndex": _operation(SearchRequest, _search),
    "DescribeIndex": _operation(DescribeRequest, _describe),
    "ListIndices": _operation(ApiStructure, _list),
    "GetIndexingConfiguration": _operation(ApiStructure, _configuration),
    "UpdateIndexingConfiguration": _operation(ConfigureRequest, _configure),
}


def _must_be_known(name: str) -> None:
    if name != NAME:
        raise IndexNotFoundError(f"Index {name} does not exist")


def _token(thing_id: str) -> str:
    return base64.urlsafe_b64encode(f"behind:{thing_id}".encode()).decode()


def _last_of(token: str | None) -> str:
    if not token:
        return ""
    try:
        word, _, thing_id = base64.urlsafe_b64decode(token).decode().partition(":")
        if word == "behind":
            return thing_id
    except (binascii.Error, ValueError):
        pass
    raise InvalidRequestException("nextToken is not a token that a search gave")
