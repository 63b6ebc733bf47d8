"""The Unix socket that components connect to, at ``<root>/ipc.socket``.

A socket's path has at most 107 bytes (sun_path). For a longer one the socket is in the temporary folder.
"""

import asyncio
import logging
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from greengrass_emulator.nucleus.ipc.admission import Admission, Admitted, cut_file, read_cut
from greengrass_emulator.nucleus.ipc.connection import Connection
from greengrass_emulator.nucleus.ipc.streams import Handler
from greengrass_emulator.nucleus.runtimes import Runtime

_log = logging.getLogger(__name__)
_LONGEST_PATH = 107


class IpcServer:
    """Listens at ``path`` from ``start()`` to ``stop()``."""

    def __init__(self, root: Path, runtime: Runtime, admission: Admission, held_up: Callable[[], float]) -> None:
        """``held_up``: for how many seconds nothing is done for anybody."""
        self.path = root / "ipc.socket"
        self._own_folder: Path | None = None
        self._runtime = runtime
        self._admission = admission
        self._held_up = held_up
        self._back: asyncio.Event | None = None
        self._handlers: dict[str, Handler] = {}
        self._server: asyncio.Server | None = None
        self._connections: dict[asyncio.Task[None], Connection] = {}
        self.cut = read_cut(cut_file(root))
        """Components whose connections are cut."""

    def offer(self, handlers: dict[str, Handler]) -> None:
        """Add operations by name, without those that the runtime does not have."""
        self._handlers.update({name: each for name, each in handlers.items() if name in self._runtime.operations})

    def cut_off(self, components: frozenset[str]) -> None:
        """Close these components' connections and refuse new ones. All other components may connect."""
        self.cut = components
        _log.info("IPC connections are cut", extra={"components": ", ".join(sorted(components))})
        for connection in self._connections.values():
            if connection.component in components:
                connection.abort()

    def restart(self, seconds: float) -> None:
        """Close every connection. New ones wait for so many seconds (systemd holds the socket)."""
        back = self._back = asyncio.Event()
        asyncio.get_running_loop().call_later(seconds, back.set)
        for connection in self._connections.values():
            connection.abort()

    async def start(self) -> None:
        if len(os.fsencode(self.path)) > _LONGEST_PATH:
            self._own_folder = Path(tempfile.mkdtemp(prefix="greengrass-"))
            self.path = self._own_folder / "ipc.socket"
        self.path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._accept, path=self.path)
        self.path.chmod(0o666)
        _log.info("IPC listens", extra={"socket": str(self.path)})

    async def stop(self) -> None:
        """Close the socket and every connection."""
        if self._server is not None:
            self._server.close()
        for task in tuple(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        self.path.unlink(missing_ok=True)
        if self._own_folder is not None:
            self._own_folder.rmdir()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._back is not None:
            await self._back.wait()
        connection = Connection(reader, writer, self._runtime, self._handlers, self._admitted, self._held_up)
        task = asyncio.current_task()
        if task is not None:
            self._connections[task] = connection
            task.add_done_callback(self._connections.pop)
        await connection.serve()

    def _admitted(self, connect_payload: bytes, pid: int) -> Admitted | None:
        admitted = self._admission.admit(connect_payload, pid)
        if admitted is not None and admitted.component in self.cut:
            raise ConnectionAbortedError(f"the IPC of {admitted.component} is cut")
        return admitted
