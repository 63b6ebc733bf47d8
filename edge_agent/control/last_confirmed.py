"""The last confirmed desired state, kept for a start at which the present one cannot be read."""

import json
import logging
from collections.abc import Mapping
from pathlib import Path

from edge_agent.control.decisions import Applied
from edge_agent.serving.served_models import Served
from shared_schema.desired_state import DesiredModel, DesiredState, read_desired_state
from shared_schema.documents.writing import write_whole
from shared_schema.messages import ModelConfirmation, Verdict

logger = logging.getLogger(__name__)


def as_confirmed(
    applied: Applied, serving: Mapping[str, Served], confirmations: Mapping[str, ModelConfirmation]
) -> DesiredState | None:
    """Return the document that describes what serves now; ``None`` if a model does not serve. Pure.

    A refused model is replaced by the version that serves in its place. A model that an operator holds stays as it is
    desired: the hold is for that digest.
    """
    models = {}
    for name, desired in applied.state.models.items():
        said, served = confirmations.get(name), serving.get(name)
        if said is not None and said.verdict is Verdict.HELD:
            models[name] = desired
        elif served is None:
            return None
        else:
            target = served.target
            models[name] = DesiredModel(component=target.component, version=target.version, digest=target.digest)
    return applied.state.model_copy(update={"models": models})


class LastConfirmed:
    """One small file in the work folder. It is written only if it changes: flash wears out."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._kept = self.recall()

    def keep(self, state: DesiredState) -> None:
        """Write it over the one before. If it cannot be written, that is logged."""
        if state == self._kept:
            return
        self._kept = state
        try:
            write_whole(self._path, json.dumps(state.sealed()))
        except OSError as error:
            logger.warning("desired state not kept", extra={"path": str(self._path), "error": str(error)})

    def recall(self) -> DesiredState | None:
        """Return what this process or an earlier one has kept; ``None`` if there is no whole document."""
        try:
            found = read_desired_state(json.loads(self._path.read_bytes()))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            logger.warning("kept desired state unreadable", extra={"path": str(self._path), "error": str(error)})
            return None
        return found if isinstance(found, DesiredState) else None
