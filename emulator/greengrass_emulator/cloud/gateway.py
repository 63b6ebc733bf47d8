"""The one HTTP port of the cloud: it finds each request's caller and service, and who answers it.

A WSGI middleware around moto's server. The service is the one that the request was signed for. Access keys are
checked, signatures are not. Requests to which moto would be kinder than AWS are refused or corrected before moto.
"""

import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

from greengrass_emulator.cloud.accounts import Account, Caller
from greengrass_emulator.cloud.api_errors import (
    Answer,
    ApiError,
    MissingAuthenticationTokenError,
    SignatureVersionError,
    UnsupportedOperationException,
)
from greengrass_emulator.cloud.moto_memory.identities import find_caller
from greengrass_emulator.cloud.refusals import refusal_for
from greengrass_emulator.iam.actions.http_request import Scope, body_of, scope_of, target_of

if TYPE_CHECKING:
    from _typeshed import OptExcInfo

_log = logging.getLogger(__name__)
_MOTO_OWN = ("/moto-api", "/favicon.ico", "/latest/meta-data", "/latest/api")
_OF_ONE_REGION = frozenset({"greengrass", "iot", "iotdata"})


@dataclass(frozen=True, slots=True)
class GatewayRequest:
    """A request, its caller, and the service that it was signed for."""

    environ: WSGIEnvironment
    caller: Caller
    service: str
    region: str
    method: str
    raw_path: str
    query: Mapping[str, list[str]]

    def body(self) -> bytes:
        """Return the whole body. It stays readable for the next application."""
        return body_of(self.environ)

    def replace_body(self, body: bytes) -> None:
        """Replace the body that the next application reads."""
        self.environ["wsgi.input"] = BytesIO(body)
        self.environ["CONTENT_LENGTH"] = str(len(body))


Answerer = Callable[[GatewayRequest], Answer | None]
"""Answers a request of its service, or returns None to leave it to moto. May raise ``ApiError``."""
Follower = Callable[[GatewayRequest], None]
"""Is called with each request of its service that moto has answered with success."""


class Gateway:
    """The WSGI application. moto answers for all services that are not in ``answerers``."""

    def __init__(
        self,
        accounts: tuple[Account, ...],
        answerers: Mapping[str, Answerer],
        followers: Mapping[str, Follower],
    ) -> None:
        self._accounts = accounts
        self._answerers = answerers
        self._followers = followers
        self._moto = DomainDispatcherApplication(create_backend_app)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        scope = scope_of(environ)
        service = scope.service if scope else "s3"
        try:
            request = self._read(environ, scope)
            answerer = self._answerers.get(service)
            answer = answerer(request) if answerer else None
            return respond(answer, start_response) if answer else self._ask_moto(request, start_response)
        except ApiError as error:
            _log.info("refused", extra={"service": service, "code": error.code, "reason": error.message})
            return respond(refusal_for(service, error), start_response)
        except NotImplementedError as gap:
            return respond(refusal_for(service, UnsupportedOperationException(str(gap))), start_response)
        except Exception as fault:  # noqa: BLE001 - a service's own failure is an answer too
            _log.exception("request failed", extra={"service": service, "path": environ.get("REQUEST_URI")})
            return respond(refusal_for(service, ApiError(f"The service failed: {fault!r}")), start_response)

    def _read(self, environ: WSGIEnvironment, scope: Scope | None) -> GatewayRequest:
        target = target_of(environ)
        query = parse_qs(target.query, keep_blank_values=True)
        if scope is None and ("AWSAccessKeyId" in query or environ.get("HTTP_AUTHORIZATION", "").startswith("AWS ")):
            raise SignatureVersionError(
                "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256."
            )
        if scope is None or target.path.startswith(_MOTO_OWN):
            raise MissingAuthenticationTokenError("The request is not signed (Signature Version 4)")
        token = environ.get("HTTP_X_AMZ_SECURITY_TOKEN") or next(iter(query.get("X-Amz-Security-Token", [])), None)
        caller = find_caller(self._accounts, scope.access_key_id, token)
        here = self._accounts[0].region
        if scope.service in _OF_ONE_REGION and scope.region != here:
            message = f"The emulated {scope.service} runs in {here}, not in {scope.region}; set AWS_REGION"
            raise UnsupportedOperationException(message)
        method = environ["REQUEST_METHOD"]
        return GatewayRequest(environ, caller, scope.service, scope.region, method, target.path, query)

    def _ask_moto(self, request: GatewayRequest, start_response: StartResponse) -> Iterable[bytes]:
        statuses: list[str] = []

        def watch(
            status: str, headers: list[tuple[str, str]], exc_info: "OptExcInfo | None" = None, /
        ) -> Callable[[bytes], object]:
            statuses.append(status)
            return start_response(status, headers, exc_info)

        answered: Iterable[bytes] = self._moto(request.environ, watch)
        follower = self._followers.get(request.service)
        if follower and statuses and statuses[0].startswith("2"):
            follower(request)
        return answered


def respond(answer: Answer, start_response: StartResponse) -> Iterable[bytes]:
    """Send an answer by WSGI."""
    headers = [*answer.headers, ("Content-Length", str(len(answer.body)))]
    start_response(f"{answer.status} {'OK' if answer.status < 400 else 'Refused'}", headers)
    return [answer.body]


def serve(running: ExitStack, application: WSGIApplication) -> int:
    """Serve on 127.0.0.1 until ``running`` closes; return the port."""
    server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=_Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, name="gateway", daemon=True)
    thread.start()

    def stop() -> None:
        server.shutdown()
        thread.join(timeout=10)
        server.server_close()

    running.callback(stop)
    return int(server.server_address[1])


class _Handler(MotoRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:
        _log.debug("gateway %s: " + message, type, *args)
