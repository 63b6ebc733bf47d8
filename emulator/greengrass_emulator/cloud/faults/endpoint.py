"""The endpoint that ``greengrass-emulator fault`` calls: the gateway's own port, and the token of ``cloud.json``."""

import hmac
import json
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from greengrass_emulator.cloud.api_errors import Answer
from greengrass_emulator.cloud.faults.faults import Faults
from greengrass_emulator.cloud.gateway import respond
from greengrass_emulator.errors import WrongUse
from greengrass_emulator.iam.actions.http_request import target_of

PATH = "/emulator/faults"
_LIMIT = 65_536


class FaultEndpoint:
    """Wraps the whole gateway: ``POST /emulator/faults`` is for it, everything else goes through."""

    def __init__(self, application: WSGIApplication, faults: Faults, token: str) -> None:
        self._application = application
        self._faults = faults
        self._token = token

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Order a fault, or pass the request on."""
        if target_of(environ).path != PATH or environ["REQUEST_METHOD"] != "POST":
            return self._application(environ, start_response)
        return respond(self._answer(environ), start_response)

    def _answer(self, environ: WSGIEnvironment) -> Answer:
        if not hmac.compare_digest(str(environ.get("HTTP_X_EMULATOR_TOKEN", "")).encode(), self._token.encode()):
            return _message(403, "The token is not this cloud's; read it from cloud.json")
        body = environ["wsgi.input"].read(min(int(environ.get("CONTENT_LENGTH") or 0), _LIMIT))
        try:
            self._faults.order(json.loads(body))
        except (ValueError, WrongUse) as fault:
            return _message(400, str(fault))
        return _message(200, "ordered")


def _message(status: int, message: str) -> Answer:
    return Answer(status, json.dumps({"message": message}).encode())
