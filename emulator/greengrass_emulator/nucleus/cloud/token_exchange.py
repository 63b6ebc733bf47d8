"""The token exchange service: gives components credentials for their token, over HTTP on this machine.

AWS SDKs call it by ``AWS_CONTAINER_CREDENTIALS_FULL_URI`` (TokenExchangeService.java, HttpServerImpl).
"""

import asyncio
import json
import logging
from collections.abc import Callable
from http import HTTPStatus

from greengrass_emulator.nucleus.cloud.data_plane import Credentials
from greengrass_emulator.nucleus.errors import CloudAway, DeploymentFailed

_log = logging.getLogger(__name__)
_PATH = "/2016-11-01/credentialprovider/"
_TIMEOUT = 5.0


class TokenExchange:
    """Listens from ``start()`` to ``stop()``; ``uri`` is in components' environment."""

    def __init__(
        self, credentials: Callable[[], Credentials], component_of: Callable[[str], str | None], refusal: HTTPStatus
    ) -> None:
        """``refusal`` answers an unknown token."""
        self._refusal = refusal
        self._credentials = credentials
        self._component_of = component_of
        self._server: asyncio.Server | None = None
        self.uri = ""

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.uri = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}{_PATH}"

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_TIMEOUT):
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            status, body = await self._answer(head)
            writer.write(
                f"HTTP/1.1 {status.value} {status.phrase}\r\ncontent-type: application/json\r\n"
                f"content-length: {len(body)}\r\nconnection: close\r\n\r\n".encode()
                + body
            )
            await writer.drain()
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            _log.info("a request for credentials was not made well", extra={"reason": str(error)})
        finally:
            writer.close()

    async def _answer(self, head: str) -> tuple[HTTPStatus, bytes]:
        request, _, rest = head.partition("\r\n")
        headers = {
            name.strip().lower(): value.strip()
            for name, _, value in (line.partition(":") for line in rest.split("\r\n"))
        }
        method, _, path = request.partition(" ")
        if method != "GET" or path.partition(" ")[0] != _PATH:
            return HTTPStatus.NOT_FOUND, b"{}"
        if self._component_of(headers.get("authorization", "")) is None:
            return self._refusal, b"{}"
        try:
            given = await asyncio.to_thread(self._credentials)
        except (DeploymentFailed, CloudAway) as error:
            return HTTPStatus.INTERNAL_SERVER_ERROR, json.dumps({"message": str(error)}).encode()
        return HTTPStatus.OK, json.dumps(
            {
                "AccessKeyId": given.access_key,
                "SecretAccessKey": given.secret_key,
                "Token": given.token,
                "Expiration": given.expires.strftime("%Y-%m-%dT%H:%M:%SZ"),
            }
        ).encode()
