"""Notes on the running deployment, so that after a kill of the nucleus it is never left half applied.

Classic goes back to the configuration from before the merge, and carries the deployment out again. Lite changes
nothing, and has forgotten a local deployment: its queue is in memory (deployment_queue.c). The cloud offers its
deployments again by itself.
"""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pydantic import TypeAdapter, ValidationError

from greengrass_emulator.json_value import JsonObject
from greengrass_emulator.nucleus.deployments.document import Deployment
from greengrass_emulator.nucleus.state import StateFile, UnfinishedDeployment

_log = logging.getLogger(__name__)
_DEPLOYMENT: TypeAdapter[Deployment] = TypeAdapter(Deployment)


@dataclass(frozen=True, slots=True)
class Journal:
    """The notes in the nucleus's state. ``Device.keep`` also deletes a deployment's notes."""

    memory: StateFile

    def begin(self, deployment: Deployment) -> None:
        """Note that a deployment begins: nothing is changed yet."""
        text = _DEPLOYMENT.dump_json(deployment).decode() if deployment.kind == "LOCAL" else ""
        # A deployment that continues after its own restart of the device begins once more.
        self.memory.state.unfinished = UnfinishedDeployment(deployment=text, bootstrapped=sorted(self.bootstrapped))
        self.memory.write()

    def merge(self, configuration: Mapping[str, JsonObject], times: Mapping[str, Mapping[str, float]]) -> None:
        """Note that the device changes from now on. ``configuration`` and its times are what to go back to."""
        unfinished = self.memory.state.unfinished or UnfinishedDeployment()
        unfinished.before = {name: dict(value) for name, value in configuration.items()}
        unfinished.times = {name: dict(each) for name, each in times.items()}
        self.memory.state.unfinished = unfinished
        self.memory.write()

    @property
    def bootstrapped(self) -> frozenset[str]:
        """Return, on lite, the components of this deployment whose bootstrap has run."""
        unfinished = self.memory.state.unfinished
        return frozenset(unfinished.bootstrapped) if unfinished else frozenset()

    def bootstrap(self, names: Iterable[str]) -> None:
        """Note, on lite, that these are bootstrapped. The device restarts, and then the deployment continues."""
        unfinished = self.memory.state.unfinished or UnfinishedDeployment()
        unfinished.bootstrapped = [*unfinished.bootstrapped, *names]
        self.memory.state.unfinished = unfinished
        self.memory.write()

    def end(self) -> None:
        """Delete the notes: the deployment has ended."""
        if self.memory.state.unfinished is not None:
            self.memory.state.unfinished = None
            self.memory.write()


def go_back(memory: StateFile, *, remembers_local: bool) -> Deployment | None:
    """Undo, at a start, a half-done merge of a killed nucleus; return the local deployment to continue, if any.

    Unless ``remembers_local`` there is none, except one that has restarted the device itself (bootstrap_manager.c).
    """
    unfinished = memory.state.unfinished
    if unfinished is None:
        return None
    if not remembers_local and not unfinished.bootstrapped:
        memory.state.unfinished = None
        return None
    if unfinished.before is not None:
        _log.warning("a deployment was interrupted: the configuration from before it is restored")
        memory.state.configuration, unfinished.before = unfinished.before, None
        memory.state.times, unfinished.times = unfinished.times, {}
        memory.write()
    return _deployment(unfinished.deployment) if unfinished.deployment else None


def _deployment(text: str) -> Deployment | None:
    try:
        return _DEPLOYMENT.validate_json(text)
    except ValidationError:
        _log.exception("the interrupted deployment cannot be read")
        return None
