"""Makes requested component versions DEPLOYABLE or FAILED, as the service does in the background.

The whole cloud has one worker. It reads each S3 artifact with the caller's own credentials and computes its digest;
``docker:`` images are not checked. The recipe itself is checked elsewhere.
"""

import base64
import hashlib
import logging
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from greengrass_emulator.cloud.accounts import Caller
from greengrass_emulator.cloud.api_errors import ThrottlingException
from greengrass_emulator.cloud.control_plane.recipe_reading import CloudRecipe

_log = logging.getLogger(__name__)
NO_ACCESS = "Specified artifact resource cannot be accessed"
UNKNOWN_SCHEME = "The artifact's URI scheme is not supported; use s3://bucket/key"
_WAITING = 1000
_CHUNK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class CheckRequest:
    """One version to check, with the callbacks for the check's begin and end."""

    recipe: CloudRecipe
    caller: Caller
    started: Callable[[], None]
    finished: Callable[[dict[str, str], dict[str, str]], None]
    """Called with the digests and the errors, both by URI."""


class ArtifactChecker:
    """The worker. ``s3_client`` makes a client that signs as the caller; it owns its thread."""

    def __init__(self, s3_client: Callable[[Caller], Any]) -> None:
        self._s3_client = s3_client
        self._requests: queue.Queue[CheckRequest | None] = queue.Queue(_WAITING)
        self._thread = threading.Thread(target=self._work, name="artifact-checker", daemon=True)

    def start(self) -> None:
        """Start the worker."""
        self._thread.start()

    def stop(self) -> None:
        """End the worker after its present check."""
        self._requests.put(None)
        self._thread.join(timeout=10)

    def submit(self, request: CheckRequest) -> None:
        """Queue a check. Raises ``ThrottlingException`` if too many wait already."""
        try:
            self._requests.put_nowait(request)
        except queue.Full as full:
            raise ThrottlingException("Too many component versions are being created") from full

    def _work(self) -> None:
        while (request := self._requests.get()) is not None:
            try:
                self._check(request)
            except Exception:  # noqa: BLE001 - one bad request must not end the server
                _log.exception("artifact check failed", extra={"component": request.recipe.name})
                request.finished({}, {"internal": "The service failed while it looked at the artifacts"})

    def _check(self, request: CheckRequest) -> None:
        request.started()
        digests: dict[str, str] = {}
        errors: dict[str, str] = {}
        client = None
        for uri in request.recipe.artifact_uris:
            match urlsplit(uri).scheme:
                case "s3":
                    client = client or self._s3_client(request.caller)
                    digest = _digest(client, uri)
                    if digest is None:
                        errors[uri] = NO_ACCESS
                    else:
                        digests[uri] = digest
                case "docker":
                    pass
                case _:
                    errors[uri] = UNKNOWN_SCHEME
        request.finished(digests, errors)


def _digest(client: Any, uri: str) -> str | None:
    parts = urlsplit(uri)
    digest = hashlib.sha256()
    try:
        body = client.get_object(Bucket=parts.netloc, Key=parts.path.removeprefix("/"))["Body"]
        for chunk in body.iter_chunks(_CHUNK):
            digest.update(chunk)
    except (ClientError, BotoCoreError) as fault:
        _log.info("artifact refused", extra={"uri": uri, "reason": str(fault)})
        return None
    return base64.b64encode(digest.digest()).decode()
