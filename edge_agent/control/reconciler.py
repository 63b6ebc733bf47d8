"""Makes the models that serve match the desired state: carries out the plan, takes the loader's answers, confirms.

Used by the control thread only. `decisions.py` makes the plan; the loader does what takes time.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge_agent.component_environment import AGENT_VERSION
from edge_agent.control import decisions
from edge_agent.control.decisions import Applied, plan
from edge_agent.control.fallback import Fallbacks
from edge_agent.errors import ArtifactError, CommandError
from edge_agent.inference.model_folder import model_folder
from edge_agent.memory import Memory
from edge_agent.serving import loader as jobs
from edge_agent.serving.model_cache import ModelCache
from edge_agent.serving.served_models import ServedModels, Target
from shared_schema.messages import Channel, ModelConfirmation, Reason, Verdict

logger = logging.getLogger(__name__)
LOOK_AGAIN: Final = 0.25
"""Seconds between two looks for an artifact that is not there yet."""
Confirm = Callable[[str, ModelConfirmation], None]


@dataclass(slots=True)
class _Pending:
    """A model that is to be loaded. ``job`` is ``None`` while its artifact is not there, at most until ``deadline``."""

    target: Target
    deadline: float
    job: jobs.Load | None = None


class Reconciler:
    """``confirm`` is called for each model that serves, was refused, or is held."""

    def __init__(
        self,
        root: Path,
        served_models: ServedModels,
        loader: jobs.Loader,
        model_cache: ModelCache,
        memory: Memory,
        confirm: Confirm,
    ) -> None:
        self._root = root
        self._served_models = served_models
        self._loader = loader
        self._model_cache = model_cache
        self._memory = memory
        self._confirm = confirm
        self._pending: dict[str, _Pending] = {}
        self.fallbacks = Fallbacks(served_models, loader, model_cache)
        self.applied: Applied | None = None
        self.refused: dict[str, ModelConfirmation] = {}
        """By model, the refusal of the version that the applied document names."""
        self.confirmations: dict[str, ModelConfirmation] = {}
        """By model, what was confirmed last, also of a version that was proposed and never applied."""

    @property
    def desired(self) -> list[str]:
        """The models that the applied document names; none while no document is applied."""
        return list(self.applied.state.models) if self.applied is not None else []

    @property
    def under_way(self) -> bool:
        """Whether a model is still being loaded."""
        return bool(self._pending) or self.fallbacks.under_way

    @property
    def waits(self) -> bool:
        """Whether an artifact is missing still: call `look_again` in a while."""
        return any(pending.job is None for pending in self._pending.values())

    def apply(self, applied: Applied, now: float, artifact_deadline: float) -> bool:
        """Apply a document. Return whether it differs from the one that is applied.

        ``artifact_deadline``: how many seconds to wait for an artifact on the subscribed channel. On the validated
        one it is there before the nucleus asks.
        """
        if self.applied is not None and self.applied.state == applied.state:
            self.applied = applied
            return False
        self.applied, state = applied, applied.state
        logger.info(
            "applying",
            extra={
                "release": state.release,
                "channel": applied.channel or "last-confirmed",
                "models": ",".join(state.models),
            },
        )
        for model in list(self._pending):
            self._abandon(model)
        current = {model: served.target.digest for model, served in self._served_models.serving().items()}
        previous = {
            model: served.target.digest
            for model in {*current, *applied.state.models}
            if (served := self._served_models.previous(model)) is not None
        }
        wait = artifact_deadline if applied.channel is Channel.SUBSCRIBED else 0.0
        for action in plan(applied, current, previous, self._memory.says.held):
            self._do(action, now, now + wait)
        for model in (self.refused.keys() | self.confirmations.keys()) - applied.state.models.keys():
            self.refused.pop(model, None)
            self.confirmations.pop(model, None)
        return True

    def look_again(self, now: float) -> None:
        """Look again for the artifacts that are missing still."""
        for pending in list(self._pending.values()):
            if pending.job is None:
                self._load(pending, now)

    def loaded(self, answer: jobs.Loaded) -> None:
        """Take the loader's answer: swap the model in, or confirm its refusal. Close it if nobody wants it any more."""
        target = answer.job.target
        if answer.job.fallback:
            self.fallbacks.loaded(answer)
            return
        pending = self._pending.get(target.model)
        if pending is None or pending.job is not answer.job:
            if answer.model is not None:
                self._loader.close(answer.model)
            return
        del self._pending[target.model]
        if answer.model is not None:
            self.fallbacks.forget(target.model)
            self._served_models.swap(target, answer.model)
            logger.info("swapped", extra={"model": target.model, "version": target.version})
            self._confirmed(target, answer.outcome.steps_ms)
            self._loader.keep(target, answer.model.folder)
        else:
            self._refused(
                target,
                Verdict.REJECTED if answer.vetted else Verdict.FAILED,
                answer.outcome.reason or Reason.LOAD,
                answer.outcome.words or "it was refused",
                answer.outcome.steps_ms,
            )

    def rollback(self, model: str) -> str:
        """Put the previous version back and hold the desired digest. Return the words for the reply.

        Raises ``CommandError`` if there is no way back.
        """
        target = self._desired(model)
        if self._memory.says.held.get(model) == target.digest:
            raise CommandError(f"{model} {target.version} is held already", "release-hold ends that")
        back = self._served_models.back(model)
        if back is not None:
            words = f"{model} {back.target.version} serves again"
        elif self.fallbacks.begin(target, even_now=True):
            # After a restart the previous version is not open, but in the model cache.
            words = f"the cached previous version of {model} is being opened"
        else:
            raise CommandError(f"{model} has no previous version on this device", "deploy the one that you want")
        self._memory.hold(model, target.digest)
        self._abandon(model)
        self._held(target)
        return f"{words}; {target.version} is held until release-hold"

    def release_hold(self, model: str, now: float) -> str:
        """End the hold and serve what is desired. Return the words for the reply.

        Raises ``CommandError`` if nothing is held.
        """
        if model not in self._memory.says.held:
            raise CommandError(f"{model} is not held", "there is nothing to release")
        target = self._desired(model)
        self._memory.unhold(model)
        previous = self._served_models.previous(model)
        if previous is not None and previous.target.digest == target.digest:
            self._do(decisions.Return(target), now, now)
        else:
            self._do(decisions.Load(target), now, now)
        return f"{model} {target.version} is no longer held"

    def _desired(self, model: str) -> Target:
        if self.applied is None or model not in self.applied.state.models:
            raise CommandError(f"the desired state names no model {model!r}", "give one that it names")
        return self.applied.target(model)

    def _do(self, action: decisions.Action, now: float, deadline: float) -> None:
        match action:
            case decisions.Load(target):
                self.refused.pop(target.model, None)
                pending = self._pending[target.model] = _Pending(target, deadline)
                self._load(pending, now)
            case decisions.Confirm(target):
                self.refused.pop(target.model, None)
                self._served_models.rename(target)
                self._confirmed(target, {})
            case decisions.Return(target):
                self.refused.pop(target.model, None)
                self._served_models.back(target.model, target)
                self._confirmed(target, {})
            case decisions.Hold(target):
                self.refused.pop(target.model, None)
                self._held(target)
                if self._served_models.current(target.model) is None:
                    # A hold is no failure of this agent version, so a cached version may serve in any case.
                    self.fallbacks.begin(target, even_now=True)
            case decisions.EndHold(model):
                self._memory.unhold(model)
            case decisions.Withdraw(model):
                self.fallbacks.forget(model)
                self._served_models.withdraw(model)
                logger.info("withdrawn", extra={"model": model})

    def _load(self, pending: _Pending, now: float) -> None:
        target = pending.target
        try:
            folder = model_folder(self._root, target.component, target.version)
        except ArtifactError as error:
            if now < pending.deadline:
                return
            folder = self._model_cache.folder(target.digest)
            if self.applied is None or self.applied.channel is not None or not folder.is_dir():
                self._pending.pop(target.model, None)
                self._refused(target, Verdict.REJECTED, Reason.ARTIFACT, str(error), {})
                return
        job = jobs.Load(target, folder, self.folder_of(target.model))
        if self._loader.submit(job):
            pending.job = job

    def folder_of(self, model: str) -> Path | None:
        """Return the folder of the model that serves: its artifact, or its copy in the model cache."""
        served = self._served_models.current(model)
        if served is None:
            return None
        for folder in (served.handle.model.folder, self._model_cache.folder(served.target.digest)):
            if folder.is_dir():
                return folder
        return None

    def _abandon(self, model: str) -> None:
        pending = self._pending.pop(model, None)
        if pending is not None and pending.job is not None:
            pending.job.abandoned.set()

    def _confirmed(self, target: Target, steps: dict[str, float]) -> None:
        self._memory.confirmed(AGENT_VERSION)
        self._conclude(target, Verdict.CONFIRMED, None, None, steps)

    def _held(self, target: Target) -> None:
        words = "an operator put the previous version back; release-hold ends that"
        self._conclude(target, Verdict.HELD, None, words, {})

    def _refused(self, target: Target, verdict: Verdict, reason: Reason, words: str, steps: dict[str, float]) -> None:
        self._conclude(target, verdict, reason, words, steps)
        self.refused[target.model] = self.confirmations[target.model]
        if self._served_models.current(target.model) is None:
            self.fallbacks.begin(target)

    def _conclude(
        self, target: Target, verdict: Verdict, reason: Reason | None, words: str | None, steps: dict[str, float]
    ) -> None:
        self.conclude(
            target.model,
            ModelConfirmation(
                release=target.release,
                component=target.component,
                version=target.version,
                digest=target.digest,
                verdict=verdict,
                reason=reason,
                words=words[:700] if words else None,
                steps_ms=steps,
            ),
        )

    def conclude(self, model: str, confirmation: ModelConfirmation) -> None:
        """Remember a model's confirmation, and send it. `Validation` does so for what it refuses."""
        self.confirmations[model] = confirmation
        self._confirm(model, confirmation)
