"""The one HTTP server in front of every account."""

import logging
import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import make_server

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

_log = logging.getLogger(__name__)


def serve(running: ExitStack, application: "WSGIApplication") -> int:
    """Serves on 127.0.0.1 until ``running`` closes; returns the port."""
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
