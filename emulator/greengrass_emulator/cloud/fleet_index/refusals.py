"""The errors that AWS IoT answers to requests about an index. Source: botocore's model iot/2015-05-28."""

from greengrass_emulator.cloud.api_errors import ApiError


class InvalidQuery(ApiError):
    """The query is not valid."""

    code = "InvalidQueryException"
    status = 400


class IndexNotReady(ApiError):
    """The index is being built: it can be searched once it is ACTIVE."""

    code = "IndexNotReadyException"
    status = 400


class NoIndex(ApiError):
    """There is no such index: indexing is off, or the name is wrong."""

    code = "ResourceNotFoundException"
    status = 404


class InvalidRequest(ApiError):
    """The request is invalid."""

    code = "InvalidRequestException"
    status = 400
