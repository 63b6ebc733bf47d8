"""Opens the IPC connection with the component's token, and gets a new token if the nucleus refuses it.

After a restart lite's ggipcd knows no tokens any more. There a process of the component's unit may connect with its
component's name and without a token; the answer's header ``svcuid`` is a new token (ggipcd, ipc_server.c and
ipc_authz.c). Classic refuses such a connect.
"""

import json
import logging
import os
from concurrent.futures import Future
from typing import Any, Final

from awscrt import io
from awscrt.eventstream import Header, rpc
from awscrt.exceptions import AwsCrtError
from awsiot import eventstreamrpc

from edge_agent.errors import NucleusAwayError, TokenRefusedError
from edge_agent.nucleus.ipc_errors import DEADLINE, words_of

logger = logging.getLogger(__name__)
TOKEN: Final = "SVCUID"  # noqa: S105  a name, not a token
SOCKET: Final = "AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT"
_TOKEN_OF_CREDENTIALS: Final = "AWS_CONTAINER_AUTHORIZATION_TOKEN"  # noqa: S105  as above
_HUNG_UP: Final = frozenset({"AWS_IO_SOCKET_CLOSED", "AWS_ERROR_EVENT_STREAM_RPC_CONNECTION_CLOSED"})
"""How lite refuses: it closes the connection without an answer."""


class Connecting:
    """Opens connections for a component, one after the other, on one networking thread."""

    def __init__(self, component: str) -> None:
        self._component = component
        self._network: tuple[io.ClientBootstrap, io.SocketOptions] | None = None

    def open(self, lifecycle: eventstreamrpc.LifecycleHandler) -> eventstreamrpc.Connection:
        """Return a connection that the nucleus has accepted. If it refuses the token, ask for another one first.

        Raises ``TokenRefusedError`` if there is no other token, and ``NucleusAwayError`` if nobody answers.
        """
        try:
            return self._accepted(lifecycle)
        except TokenRefusedError as error:
            refused = error
        token = self._new_token()
        if token is None:
            raise refused
        # A child process or a client of the token exchange service may read it later.
        os.environ[TOKEN] = token
        if _TOKEN_OF_CREDENTIALS in os.environ:
            os.environ[_TOKEN_OF_CREDENTIALS] = token
        logger.info("the nucleus did not know our token any more, and gave another")
        return self._accepted(lifecycle)

    def _accepted(self, lifecycle: eventstreamrpc.LifecycleHandler) -> eventstreamrpc.Connection:
        bootstrap, options = self._networking()
        connection = eventstreamrpc.Connection(
            host_name=os.environ[SOCKET],
            port=0,
            bootstrap=bootstrap,
            socket_options=options,
            connect_message_amender=eventstreamrpc.MessageAmendment.create_static_authtoken_amender(os.environ[TOKEN]),
        )
        try:
            connection.connect(lifecycle).result(DEADLINE)
        except Exception as error:
            # A connection that is still being opened must not come up after the next one.
            connection.close()
            if _is_refusal(error):
                raise TokenRefusedError(
                    "the nucleus refuses our token", "restart the component, if it does not by itself"
                ) from error
            raise NucleusAwayError(f"the nucleus does not answer on its socket: {words_of(error)}") from error
        return connection

    def _new_token(self) -> str | None:
        """Return the token that the nucleus gives for the component's name, if it does. Raises ``NucleusAwayError``."""
        bootstrap, options = self._networking()
        asking = _Asking(self._component)
        try:
            rpc.ClientConnection.connect(
                handler=asking, host_name=os.environ[SOCKET], port=0, bootstrap=bootstrap, socket_options=options
            )
            return asking.answer.result(DEADLINE)
        except Exception as error:
            if _is_refusal(error):
                return None
            raise NucleusAwayError(f"the nucleus gives no token: {words_of(error)}") from error
        finally:
            asking.close()

    def _networking(self) -> tuple[io.ClientBootstrap, io.SocketOptions]:
        if self._network is None:
            library: Any = io
            group = library.EventLoopGroup(num_threads=1)
            options = library.SocketOptions()
            options.domain = library.SocketDomain.Local
            self._network = (library.ClientBootstrap(group, library.DefaultHostResolver(group)), options)
        return self._network


class _Asking(rpc.ClientConnectionHandler):
    """A connection that sends the component's name, takes the answer, and is closed."""

    def __init__(self, component: str) -> None:
        self._component = component
        self._connection: Any = None
        self.answer: Future[str | None] = Future()

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()

    def on_connection_setup(self, connection: Any, error: Exception | None, **_: object) -> None:
        if error is not None:
            self.answer.set_exception(error)
            return
        self._connection = connection
        connection.send_protocol_message(
            headers=[Header.from_string(eventstreamrpc.VERSION_HEADER, eventstreamrpc.VERSION_STRING)],
            payload=json.dumps({"componentName": self._component}).encode(),
            message_type=rpc.MessageType.CONNECT,
        )

    def on_connection_shutdown(self, reason: Exception | None, **_: object) -> None:
        if not self.answer.done():
            self.answer.set_exception(reason or EOFError("the connection was closed without an answer"))

    def on_protocol_message(
        self,
        headers: Any,
        payload: bytes,  # noqa: ARG002
        message_type: Any,
        flags: int,
        **_: object,
    ) -> None:
        if message_type != rpc.MessageType.CONNECT_ACK or self.answer.done():
            return
        accepted = bool(flags & rpc.MessageFlag.CONNECTION_ACCEPTED)
        said = {header.name: header.value for header in headers}
        token = said.get("svcuid")
        self.answer.set_result(token if accepted and isinstance(token, str) and token else None)


def _is_refusal(error: BaseException) -> bool:
    return isinstance(error, eventstreamrpc.AccessDeniedError | EOFError) or (
        isinstance(error, AwsCrtError) and error.name in _HUNG_UP
    )
