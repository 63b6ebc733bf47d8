"""What is rehearsed: a repository's models with their versions, its agent, and what is fed to the devices."""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rehearsal.feeding import Feeding, feeding_of
from rehearsal.model_data import VERSIONS, ModelToRelease, folders_by_model, models_to_release
from rehearsal.rehearsed_config import agent_place, prepare_config
from rehearsal.repository_config import AgentComponent, agent_of, checked_config
from rehearsal.timeline import Proof
from rehearsal.world import AgentPlace


@dataclass(frozen=True, slots=True)
class Subject:
    """A repository to rehearse, read and checked."""

    repository: Path
    models: Sequence[ModelToRelease]
    agent: AgentComponent
    feeding: Feeding

    @property
    def place(self) -> AgentPlace:
        """Where the agent is found on a device."""
        return agent_place(self.agent)

    def write_into(self, source: Path, *, region: str) -> list[str]:
        """Prepare the pipeline's copy of the repository. Return in words what was changed of its config."""
        for model in self.models:
            shutil.rmtree(source / model.component.root / VERSIONS, ignore_errors=True)
        return prepare_config(source, self.agent, self.feeding, region=region)

    def unfed(self) -> Iterator[Proof]:
        """Yield a row for each model that gets no frames: it says why, and what to do."""
        for key, why in self.feeding.unfed.items():
            claim = f"every frame of {key} has exactly one prediction"
            yield Proof("no frames", claim, True, f"left out: {why}", tried=False)


def subject_of(
    repository: Path, model_data: Sequence[str] = (), bad: Sequence[str] = (), inputs: Sequence[str] = ()
) -> Subject:
    """Read a repository. The other arguments are the texts of ``--model-data``, ``--bad`` and ``--input``.

    Raises ``WrongUse`` for what cannot be rehearsed. Starts and writes nothing.
    """
    repository = repository.absolute()
    config = checked_config(repository)
    agent = agent_of(config, repository)
    models = models_to_release(repository, config, model_data, bad)
    fed = folders_by_model("--input", inputs, {each.key: each for each in models})
    return Subject(repository, models, agent, feeding_of(agent.settings, models, fed))
