"""Vets a folder by itself, with a template and a copy that end with it: what `edge-agent check` does."""

import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edge_agent.errors import RefusedModelError
from edge_agent.inference.model_folder import read_manifest
from edge_agent.processes.template import Template
from edge_agent.vetting.copies import Copies
from edge_agent.vetting.protocol import Outcome
from edge_agent.vetting.rewriting import write_outputs
from edge_agent.vetting.vetter import WORKER, Vetter
from shared_schema.messages import Reason


class FolderVetting:
    """Vets folders, one after the other. ``copies`` is a folder for the copies."""

    def __init__(self, template: Template, copies: Path) -> None:
        self._vetter = Vetter(template)
        self._copies = Copies(copies)

    def vet(
        self,
        folder: Path,
        digest: str | None = None,
        *,
        serving: Path | None = None,
        abandoned: threading.Event | None = None,
    ) -> Outcome:
        """Vet a folder as the agent does. Return the outcome.

        ``digest``: the model digest that it must have. ``serving``: the folder of what serves now, for a budget that is
        a ratio. Raises ``VettingAbandonedError`` and ``TemplateError``.
        """
        self._copies.clear()
        files = self._copies.make(folder, digest, abandoned)
        if isinstance(files, Outcome):
            return files
        return self._vetter.vet(files, serving=serving, abandoned=abandoned)

    def write_golden(self, folder: Path) -> None:
        """Write what the model answers over the outputs that its golden samples expect.

        Raises ``RefusedModelError`` if it has no answer, and ``TemplateError``.
        """
        self._copies.clear()
        files = self._copies.make(folder, None)
        if isinstance(files, Outcome):
            raise RefusedModelError(files.reason or Reason.DIGEST, files.words or "it cannot be copied")
        write_outputs(folder, read_manifest(folder), self._vetter.outputs(files))


@contextmanager
def folder_vetting() -> Iterator[FolderVetting]:
    """Give a vetting of folders, whose template and copies end with the context."""
    template = Template([WORKER])
    with tempfile.TemporaryDirectory(prefix="edge-agent-check-") as copies:
        template.start()
        try:
            yield FolderVetting(template, Path(copies) / "copies")
        finally:
            template.stop()
