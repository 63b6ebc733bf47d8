"""The WSGI layer in front of the gateway: it decides on every signed request before it is answered.

Requests with an unknown key or without a signature pass: the gateway itself refuses them. Over plain HTTP on this
machine a request counts as one over TLS; with the header ``X-Emulated-Transport: plain`` it does not, so that a
TLS-only policy can be tried.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from greengrass_emulator.iam.actions.calls import call_of
from greengrass_emulator.iam.actions.http_request import HttpRequest, Scope, request_of, scope_of
from greengrass_emulator.iam.actions.resources import Lookups
from greengrass_emulator.iam.actions.s3 import absence_need
from greengrass_emulator.iam.enforcement.account_facts import principal_of
from greengrass_emulator.iam.enforcement.device_permissions import DeviceSessions
from greengrass_emulator.iam.enforcement.permissions import Permissions, refusal_text
from greengrass_emulator.iam.enforcement.refusals import Refusal, refusal_of
from greengrass_emulator.iam.requests import Call, Need, Principal

if TYPE_CHECKING:
    from _typeshed import OptExcInfo

_PIECE = 1 << 16
_PLAIN = "HTTP_X_EMULATED_TRANSPORT"


class GatewayLayer:
    """Wraps the gateway's WSGI application."""

    def __init__(
        self,
        application: WSGIApplication,
        permissions: Permissions,
        lookups: Lookups,
        account_ids: Sequence[str],
        sessions: DeviceSessions,
    ) -> None:
        self._application = application
        self._permissions = permissions
        self._lookups = lookups
        self._account_ids = tuple(account_ids)
        self._sessions = sessions

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request, or refuse it."""
        scope = scope_of(environ)
        principal = self._principal(scope) if scope else None
        if scope is None or principal is None:
            return self._application(environ, start_response)
        request = request_of(environ, scope, principal.account)
        call = _over(call_of(request, self._lookups), environ)
        verdict = self._permissions.judge(principal, call)
        if verdict.denied is not None:
            _drain(environ)
            return _refuse(request, refusal_text(principal, verdict.denied), start_response)
        absence = next((need for each in call.needs[:1] if (need := absence_need(each))), None)
        if request.service == "s3" and absence is not None:
            return self._answer_or_hide(request, principal, absence, environ, start_response)
        return self._application(environ, start_response)

    def _principal(self, scope: Scope) -> Principal | None:
        return principal_of(self._account_ids, scope.access_key_id, self._sessions.thing_of(scope.access_key_id))

    def _answer_or_hide(
        self,
        request: HttpRequest,
        principal: Principal,
        listing: Need,
        environ: WSGIEnvironment,
        start_response: StartResponse,
    ) -> Iterable[bytes]:
        started: list[tuple[str, list[tuple[str, str]], OptExcInfo | None]] = []

        def hold(
            status: str, headers: list[tuple[str, str]], exc_info: "OptExcInfo | None" = None, /
        ) -> Callable[[bytes], object]:
            started.append((status, headers, exc_info))
            return _no_write

        body = self._application(environ, hold)
        # An application may start its answer as late as with the first part of its body.
        pieces = iter(body)
        first = next(pieces, b"") if not started else b""
        status, headers, exc_info = started[-1]
        if status.startswith("404"):
            call = Call("s3", "LearnThatAnObjectIsAbsent", request.region, (listing,))
            verdict = self._permissions.judge(principal, call)
            if verdict.denied is not None:
                _close(body)
                return _refuse(request, refusal_text(principal, verdict.denied), start_response)
        start_response(status, headers, exc_info)
        return _Body(first, pieces, body)


class _Body:
    """An answer's body whose first part was read already. It passes ``close`` on to the application's body."""

    def __init__(self, first: bytes, pieces: Iterable[bytes], whole: Iterable[bytes]) -> None:
        self._first = first
        self._pieces = pieces
        self._whole = whole

    def __iter__(self) -> Iterator[bytes]:
        if self._first:
            yield self._first
        yield from self._pieces

    def close(self) -> None:
        """Close the application's body; WSGI calls this at the end."""
        _close(self._whole)


def _close(body: Iterable[bytes]) -> None:
    if hasattr(body, "close"):
        body.close()


def _drain(environ: WSGIEnvironment) -> None:
    # A client that is still sending when its connection closes would not read the answer.
    left = int(environ.get("CONTENT_LENGTH") or 0)
    while left > 0 and (piece := environ["wsgi.input"].read(min(left, _PIECE))):
        left -= len(piece)


def _no_write(_: bytes) -> None:
    raise AssertionError("the emulated services answer by their body, never by write()")


def _over(call: Call, environ: WSGIEnvironment) -> Call:
    if environ.get(_PLAIN) != "plain":
        return call
    needs = tuple(
        Need(n.action, n.resource, n.owner, {**n.context, "aws:securetransport": ("false",)}, n.because_of)
        for n in call.needs
    )
    return Call(call.service, call.operation, call.region, needs)


def _refuse(request: HttpRequest, text: str, start_response: StartResponse) -> Iterable[bytes]:
    refusal: Refusal = refusal_of(request.service, request.method, text)
    start_response(f"{refusal.status} {refusal.reason}", [*refusal.headers, ("Content-Length", str(len(refusal.body)))])
    return [refusal.body]
