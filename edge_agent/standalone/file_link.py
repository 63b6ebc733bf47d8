"""A link to a config file in place of a nucleus: the file gives the desired state, and messages are written beside it.

It looks at the file and the models' folders every half second. A change gives a `Hint`, as a nucleus does.
"""

import contextlib
import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

from edge_agent.errors import NotOfferedError, ProposalError
from edge_agent.nucleus.events import Hint, NucleusEvent
from edge_agent.standalone.config_file import Proposals, StandaloneConfig, read_config
from shared_schema.desired_state import KEY
from shared_schema.diagnostics import first_few
from shared_schema.documents.writing import write_whole
from shared_schema.errors import DocumentError
from shared_schema.json_value import JsonObject

logger = logging.getLogger(__name__)
_LOOK: Final = 0.5
Signature = tuple[tuple[str, int, int], ...]


class FileLink:
    """Has the methods of `NucleusLink`. Owns the thread that looks at the files, from `connect` to `close`."""

    connection = 0
    forgets = False

    def __init__(self, file: Path, work: Path, component: str, put: Callable[[NucleusEvent], object]) -> None:
        self._file = file
        self._work = work
        self._component = component
        self._put = put
        self._proposals = Proposals(work)
        self._config: StandaloneConfig | None = None
        self._document: JsonObject | None = None
        self._seen: Signature | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._look, name="config-file", daemon=True)

    @property
    def connected(self) -> bool:
        return self._thread.is_alive()

    def connect(self) -> None:
        self._take()
        self._thread.start()

    def close(self) -> None:
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout=2)

    def end(self, name: str) -> None:
        """Do nothing: there are no streams."""

    def configuration(self, component: str, key: str) -> object | None:
        if component != self._component:
            return None
        if key == KEY:
            return self._document
        return self._config.application if key == "application" and self._config is not None else None

    def subscribe_to_configuration(self, name: str, component: str) -> None:
        """Do nothing: the thread looks at the file anyway."""

    def offer_validation(self, name: str) -> None:  # noqa: ARG002
        raise NotOfferedError("a file does not ask before it changes")

    def offer_consent(self, name: str) -> None:  # noqa: ARG002
        raise NotOfferedError("a file does not ask before it changes")

    def subscribe_to_command(self, name: str, topic: str) -> None:
        """Do nothing: nobody sends commands."""

    def subscribe_to_local(self, name: str, topic: str) -> None:  # noqa: ARG002
        logger.warning("nobody can ask: there is no nucleus", extra={"topic": topic})

    def report_validity(self, deployment: str, *, accepted: bool, words: str | None = None) -> None:
        """Do nothing: nobody asked."""

    def answer_update(self, deployment: str, *, recheck_ms: int, words: str | None = None) -> None:
        """Do nothing: nobody asked."""

    def running(self) -> None:
        """Do nothing: nobody waits for it."""

    def publish(self, topic: str, payload: bytes) -> None:
        """Write the newest message of each kind to ``said/health.json`` and the like."""
        path = self._work / "said" / f"{_kind(topic)}.json"
        try:
            write_whole(path, payload)
        except OSError as error:
            logger.warning("message not kept", extra={"path": str(path), "error": str(error)})

    def publish_local(self, topic: str, payload: bytes) -> None:
        """Do nothing: nobody listens."""

    def _look(self) -> None:
        while not self._stopping.wait(_LOOK):
            if self._signature() != self._seen and self._take():
                self._put(Hint())

    def _take(self) -> bool:
        """Read the file and copy its models. Return whether the desired state is new.

        Faults are logged; what was applied so far stays applied.
        """
        self._seen = self._signature()
        try:
            config = read_config(self._file)
            document = self._proposals.document(config, self._file.parent)
        except DocumentError as error:
            logger.warning("config not taken", extra={"why": "; ".join(first_few(map(str, error.diagnostics), 3))})
            return False
        except ProposalError as error:
            logger.warning("config not taken", extra={"why": str(error)})
            return False
        same = self._document is not None and _said(self._document) == _said(document)
        self._config = config
        if not same:
            self._document = document
        return not same

    def _signature(self) -> Signature:
        """Return names, times and sizes of all files: they tell a change without reading the models."""
        folders = [self._file.parent / each.folder for each in (self._config.models.values() if self._config else ())]
        found = []
        for path in [self._file, *(each for folder in folders for each in _files(folder))]:
            with contextlib.suppress(OSError):
                status = path.stat()
                found.append((str(path), status.st_mtime_ns, status.st_size))
        return tuple(found)


def _files(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.rglob("*") if path.is_file())
    except OSError:
        return []


def _said(document: JsonObject) -> JsonObject:
    return {key: value for key, value in document.items() if key not in {"release", "seal"}}


def _kind(topic: str) -> str:
    """``dt/line/thing/prediction/digits`` → ``prediction-digits``; the shadow's topic → ``shadow``."""
    return "shadow" if topic.startswith("$aws/") else "-".join(topic.split("/")[3:])
