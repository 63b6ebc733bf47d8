"""The WSGI layer that carries out the ordered faults: it throttles, delays, loses, corrupts and cuts off calls."""

import socket
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from greengrass_emulator.cloud.accounts import Account
from greengrass_emulator.cloud.api_errors import ApiError, ThrottlingException
from greengrass_emulator.cloud.faults.orders import Delay, LoseAnswer, Throttle
from greengrass_emulator.cloud.faults.pending_faults import PendingFaults
from greengrass_emulator.cloud.gateway import respond
from greengrass_emulator.cloud.moto_memory.identities import find_caller
from greengrass_emulator.cloud.refusals import refusal_for
from greengrass_emulator.iam.actions.http_request import HttpRequest, Scope, request_of, scope_of
from greengrass_emulator.iam.actions.operations import MODELS, Operation, read_operation
from greengrass_emulator.iam.actions.s3_operations import read_s3_operation


def hang_up(environ: WSGIEnvironment) -> ConnectionError:
    """Close a request's connection without an answer; return the error to raise, which werkzeug expects."""
    connection = environ.get("werkzeug.socket")
    if isinstance(connection, socket.socket):
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
    return ConnectionAbortedError("ended on demand")


class FaultLayer:
    """Wraps the gateway's WSGI application."""

    def __init__(self, application: WSGIApplication, pending: PendingFaults, accounts: tuple[Account, ...]) -> None:
        self._application = application
        self._pending = pending
        self._accounts = accounts

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request, or spoil it as ordered."""
        pending, scope = self._pending, scope_of(environ)
        if scope is None or not (pending.awaits_calls or pending.s3_is_away or pending.cut_off):
            return self._application(environ, start_response)
        account_id, arn = self._caller(environ, scope)
        away = scope.service == "s3" and pending.s3_is_away
        if away or (account_id, arn.rpartition("/")[2]) in pending.cut_off:
            raise hang_up(environ)
        request = request_of(environ, scope, account_id)
        operation = _operation(request)
        if operation is None:
            return self._application(environ, start_response)
        name = f"{MODELS[scope.service]}:{operation.name}"
        due = pending.take(name, account_id)
        for fault in due:
            match fault:
                case Throttle():
                    request.read_body()  # A client that is still sending would not read an answer.
                    return respond(refusal_for(scope.service, ThrottlingException("Rate exceeded")), start_response)
                case Delay():
                    time.sleep(fault.seconds)
        if any(isinstance(fault, LoseAnswer) for fault in due):
            _consume(self._application(environ, _no_start))
            raise hang_up(environ)
        answered = self._application(environ, start_response)
        if name == "s3:GetObject" and pending.take_object(operation.text("Key") or ""):
            return [_with_a_wrong_byte(_consume(answered))]
        return answered

    def _caller(self, environ: WSGIEnvironment, scope: Scope) -> tuple[str, str]:
        token = environ.get("HTTP_X_AMZ_SECURITY_TOKEN")
        try:
            caller = find_caller(self._accounts, scope.access_key_id, token)
        except ApiError:
            return "", ""  # The gateway refuses it.
        return caller.account_id, caller.arn


def _operation(request: HttpRequest) -> Operation | None:
    if request.service not in MODELS:
        return None
    return read_s3_operation(request) if request.service == "s3" else read_operation(request)


def _no_start(*_: object) -> Callable[[bytes], object]:
    return lambda _: None


def _consume(answer: Iterable[bytes]) -> bytes:
    try:
        return b"".join(answer)
    finally:
        if hasattr(answer, "close"):
            answer.close()


def _with_a_wrong_byte(body: bytes) -> bytes:
    middle = len(body) // 2
    return body[:middle] + bytes([body[middle] ^ 0xFF]) + body[middle + 1 :] if body else body
