"""What AWS IoT answers to a request about an index that cannot be done. Source: botocore's model iot/2015-05-28."""

from greengrass_emulator.cloud.api_errors import ApiError


class InvalidQuery(ApiError):
    """The query is not of the language."""

    code = "InvalidQueryException"
    status = 400


class IndexNotReady(ApiError):
    """The index is being built: it can be searched once it is ACTIVE."""

    code = "IndexNotReadyException"
    status = 400


class NoIndex(ApiError):
    """There is no such index: indexing is off, or the name is another's."""

    code = "ResourceNotFoundException"
    status = 404


class InvalidRequest(ApiError):
    """The request is not as the service has it."""

    code = "InvalidRequestException"
    status = 400
