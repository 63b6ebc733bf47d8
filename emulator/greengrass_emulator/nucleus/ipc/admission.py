"""Who may connect to IPC, and as which component: by a token, or on lite by the process's unit.

Lite (ggipcd/src/ipc_server.c, handle_conn_init): a connection with an unknown token is closed without an answer, even
if it has a name. A name alone is accepted from any process in the component's unit, and answered with the component's
token, which is the same until ggipcd is restarted (ipc_components.c, ggl_ipc_components_register).

A component's IPC can be cut: a fault, ordered by a file that the nucleus reads. The nucleus closes its connections, and
every new one as soon as it knows the component.
"""

import json
from collections.abc import Callable, Set
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from greengrass_emulator.json_value import JsonObject
from greengrass_emulator.nucleus.runtimes import Runtime


class _Cut(BaseModel):
    model_config = ConfigDict(extra="forbid")

    components: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Admitted:
    """A component that may connect. ``token`` is sent in the answer, if there is one."""

    component: str
    token: str | None = None


@dataclass(frozen=True, slots=True)
class Admission:
    """``component_of_process`` gives the component whose unit a process (by its number) belongs to, or None."""

    runtime: Runtime
    component_of: Callable[[str], str | None]
    component_of_process: Callable[[int], str | None]
    token_of: Callable[[str], str]

    def admit(self, connect_payload: bytes, pid: int) -> Admitted | None:
        """Return the component of a connect message, or None to refuse it.

        Raises ConnectionError to close the connection without an answer."""
        claim = _read(connect_payload)
        token, name = claim.get("authToken"), claim.get("componentName")
        if not self.runtime.admits_by_unit:
            component = self.component_of(token) if isinstance(token, str) else None
            return None if component is None else Admitted(component)
        if isinstance(token, str):
            component = self.component_of(token)
            if component is None or name not in {None, component}:
                raise ConnectionAbortedError("its token is not known, or not that component's")
            return Admitted(component)
        if token is not None or not isinstance(name, str):
            raise ConnectionAbortedError("it says neither a token nor a component's name")
        if self.component_of_process(pid) != name:
            raise ConnectionAbortedError(f"process {pid} is not of the unit of {name}")
        return Admitted(name, self.token_of(name))


def cut_file(root: Path) -> Path:
    """Return the path of the file for the device with this root folder."""
    return root / "config" / "ipc-cut.json"


def read_cut(file: Path) -> frozenset[str]:
    """Return the components that are cut; empty if the file is missing or cannot be read."""
    try:
        return _Cut.model_validate_json(file.read_text(encoding="utf-8")).components
    except (FileNotFoundError, ValidationError):
        return frozenset()


def written_cut(components: Set[str]) -> str:
    """Return the file's text for these components."""
    return _Cut(components=frozenset(components)).model_dump_json()


def _read(connect_payload: bytes) -> JsonObject:
    try:
        claim = json.loads(connect_payload)
    except ValueError:
        return {}
    return claim if isinstance(claim, dict) else {}
