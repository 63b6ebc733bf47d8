"""The HTTPS endpoint for devices with their certificates: credentials, component versions, thing groups.

One endpoint for each account. Sources: AWS IoT Core, "Authorizing direct calls to AWS services using the credentials
provider"; botocore's ResolveComponentCandidates; the nucleus's ThingGroupHelper for ``thingGroups``.
"""

import json
import logging
import re
import ssl
import threading
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from greengrass_emulator.cloud.api_errors import (
    AccessDeniedException,
    Answer,
    ApiError,
    ResourceNotFoundException,
    UnknownOperationException,
)
from greengrass_emulator.cloud.certificate_authority import ServerIdentity
from greengrass_emulator.cloud.control_plane.plane import AccountPlane
from greengrass_emulator.cloud.control_plane.requests import ResolveComponentCandidates
from greengrass_emulator.cloud.control_plane.resolution import resolve_component_candidates
from greengrass_emulator.cloud.faults.gateway_layer import hang_up
from greengrass_emulator.cloud.moto_memory.identities import assume_role, trust_policy
from greengrass_emulator.cloud.rest_json.reading import read_request
from greengrass_emulator.cloud.rest_json.writing import write_answer, write_error
from greengrass_emulator.cloud.role_trust import trusts_service
from greengrass_emulator.iam.enforcement.device_permissions import CREDENTIALS_SERVICE, DevicePermissions
from greengrass_emulator.service_models import find_route

_log = logging.getLogger(__name__)
_HANDSHAKE_SECONDS = 10
_CREDENTIALS = re.compile(r"/role-aliases/([\w=,@-]+)/credentials")
_THING_GROUPS = re.compile(r"/greengrass/v2/coreDevices/([^/]+)/thingGroups")


class DeviceEndpoint:
    """One account's endpoint. It owns its server thread."""

    def __init__(
        self,
        plane: AccountPlane,
        identity: ServerIdentity,
        permissions: DevicePermissions | None = None,
        is_cut_off: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self._plane = plane
        self._is_cut_off = is_cut_off
        self._permissions = permissions
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(identity.root_path))
        context.load_cert_chain(str(identity.certificate_path), str(identity.key_path))
        context.verify_mode = ssl.CERT_REQUIRED
        self._server = _TlsServer(self._application, context)
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, name="device-endpoint", daemon=True
        )

    @property
    def port(self) -> int:
        """The port that the endpoint listens on."""
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Start to serve."""
        self._thread.start()

    def stop(self) -> None:
        """End the server and its thread."""
        self._server.shutdown()
        self._thread.join(timeout=10)
        self._server.server_close()

    def _application(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        try:
            answer = self._answer(environ)
        except ApiError as error:
            answer = write_error(error)
        except ConnectionError:
            raise  # The device has no network: werkzeug closes the connection without an answer.
        except Exception:  # noqa: BLE001 - one bad request must not end the server
            _log.exception("device request failed", extra={"path": environ.get("REQUEST_URI")})
            answer = write_error(ApiError("The service failed"))
        start_response(f"{answer.status} .", list(answer.headers))
        return [answer.body]

    def _answer(self, environ: WSGIEnvironment) -> Answer:
        target = urlsplit(environ["REQUEST_URI"])
        things = self._plane.things.of_certificate(ssl.PEM_cert_to_DER_cert(environ["SSL_CLIENT_CERT"]))
        if not things:
            raise AccessDeniedException("The certificate is not active, or is attached to no thing of this account")
        if any(self._is_cut_off(thing) for thing in things):
            raise hang_up(environ)
        method, path = environ["REQUEST_METHOD"], unquote(target.path)
        if method == "GET" and (found := _CREDENTIALS.fullmatch(path)):
            return self._credentials(things, found[1], environ.get("HTTP_X_AMZN_IOT_THINGNAME"))
        if method == "GET" and (found := _THING_GROUPS.fullmatch(path)):
            return self._thing_groups(things, found[1])
        route = find_route("greengrassv2", method, target.path)
        if route is None or route.operation.name != "ResolveComponentCandidates":
            raise UnknownOperationException(f"The device endpoint has no operation {method} {path}")
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        parameters = read_request(route.operation, route.labels, parse_qs(target.query), body)
        request = ResolveComponentCandidates.model_validate(parameters)
        names = tuple(each.component_name for each in request.component_candidates if each.component_name)
        if self._permissions is not None and not self._permissions.candidates(things[0], names):
            raise AccessDeniedException(f"{things[0]} may not resolve {', '.join(names)}")
        with self._plane.lock:
            return write_answer(route.operation, resolve_component_candidates(self._plane, request))

    def _credentials(self, things: tuple[str, ...], alias: str, thing: str | None) -> Answer:
        if thing is not None and thing not in things:
            raise AccessDeniedException(f"The certificate is not attached to the thing {thing}")
        found = self._plane.things.role_of_alias(alias)
        if found is None:
            raise AccessDeniedException(f"The role alias {alias} does not exist")
        role_arn, seconds = found
        if self._permissions is not None:
            if not self._permissions.credentials(thing or things[0], alias, role_arn):
                raise AccessDeniedException(f"Access Denied: {alias} for {thing or things[0]}")
        elif not trusts_service(trust_policy(role_arn), CREDENTIALS_SERVICE, source_arn=self._alias_arn(alias)):
            raise AccessDeniedException(f"{role_arn} does not exist, or does not trust {CREDENTIALS_SERVICE}")
        key, token, expires = assume_role(role_arn, thing or things[0], seconds, self._plane.account.region)
        if self._permissions is not None:
            self._permissions.store_session(thing or things[0], key.access_key_id)
        credentials = {
            "accessKeyId": key.access_key_id,
            "secretAccessKey": key.secret_access_key,
            "sessionToken": token,
            "expiration": expires.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        return Answer(200, json.dumps({"credentials": credentials}).encode())

    def _alias_arn(self, alias: str) -> str:
        account = self._plane.account
        return f"arn:aws:iot:{account.region}:{account.id}:rolealias/{alias}"

    def _thing_groups(self, things: tuple[str, ...], thing: str) -> Answer:
        if thing not in things:
            raise ResourceNotFoundException(
                f"Core device {thing} does not exist", resource_id=thing, resource_type="CORE_DEVICE"
            )
        if self._permissions is not None and not self._permissions.thing_groups(things[0], thing):
            raise AccessDeniedException(f"{things[0]} may not ask for the thing groups of {thing}")
        groups = [
            {"thingGroupName": group.name, "thingGroupArn": group.arn} for group in self._plane.things.groups_of(thing)
        ]
        return Answer(200, json.dumps({"thingGroups": groups}).encode())


class _Handler(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:
        _log.debug("device endpoint %s: " + message, type, *args)


class _TlsServer(ThreadedWSGIServer):
    """Does the TLS handshake in the request's own thread, so that a silent client blocks no other."""

    def __init__(self, application: WSGIApplication, context: ssl.SSLContext) -> None:
        super().__init__("127.0.0.1", 0, application, _Handler)
        self.ssl_context = context  # tells the handler that the scheme is https

    def finish_request(self, request: Any, client_address: Any) -> None:
        request.settimeout(_HANDSHAKE_SECONDS)
        try:
            connection = self.ssl_context.wrap_socket(request, server_side=True)  # type: ignore[union-attr]
        except (ssl.SSLError, OSError) as fault:
            _log.info("device refused", extra={"reason": str(fault)})
            return
        try:
            super().finish_request(connection, client_address)
        except OSError as fault:
            _log.info("device connection lost", extra={"reason": str(fault)})
        finally:
            connection.close()
