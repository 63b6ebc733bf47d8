"""Turns botocore's exceptions into the publisher's own; the message says what was being done.

A caller catches the errors that it expects itself (a key that exists, a component that does not exist).
"""

from collections.abc import Iterator
from contextlib import contextmanager

from cloud_publisher.errors import CloudError

_OF_IOT_DATA = ("ForbiddenException", "UnauthorizedException")
DENIED = frozenset(
    {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "403", "Forbidden", *_OF_IOT_DATA}
)
_STALE = {"ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException"}
_BUSY = {"ThrottlingException", "Throttling", "TooManyRequestsException", "SlowDown", "ServiceUnavailable"}


@contextmanager
def asking(what: str, *, remedy: str | None = None) -> Iterator[None]:
    """``with asking("list the packages of group digits"):`` - raises ``CloudError`` for every error of botocore.

    ``what`` continues "cannot"; ``remedy`` replaces the one that follows from AWS's error code.
    """
    # botocore takes a third of a second to import; whoever has a client has it already.
    from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError  # noqa: PLC0415

    try:
        yield
    except ClientError as error:
        code, message = code_of(error), str(error.response.get("Error", {}).get("Message", ""))
        raise CloudError(f"cannot {what}: {code}: {message}", remedy or _remedy(code, error), code=code) from error
    except NoCredentialsError as error:
        raise CloudError(
            f"cannot {what}: there are no AWS credentials",
            "give some: AWS_PROFILE, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a role of the machine",
        ) from error
    except BotoCoreError as error:
        raise CloudError(
            f"cannot {what}: {error}", remedy or "check the network, AWS_REGION and AWS_ENDPOINT_URL, and run it again"
        ) from error


def code_of(error: Exception) -> str:
    """Return AWS's error code of a ``ClientError``; empty for any other error."""
    response = getattr(error, "response", None)
    return str(response.get("Error", {}).get("Code", "")) if isinstance(response, dict) else ""


def _remedy(code: str, error: Exception) -> str:
    operation = getattr(error, "operation_name", "the call")
    if code in DENIED:
        return f"let the role that runs this call {operation} on it (infra_policies/ has policies that do)"
    if code in _STALE:
        return "renew the credentials, and run it again"
    if code in _BUSY:
        return "AWS was busy, after several attempts: run it again later"
    return "correct what AWS names, and run it again"
