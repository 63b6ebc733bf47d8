"""What every scenario has: the world, the pipeline, the models, and what people do with their versions."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from rehearsal.candidates import Candidate, Candidates
from rehearsal.errors import RehearsalError
from rehearsal.other_user import OtherUser
from rehearsal.pipeline import Pipeline, PipelineRun
from rehearsal.timeline import Timeline
from rehearsal.world import World
from shared_schema.release import FILE, Release


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What every scenario needs."""

    world: World
    pipeline: Pipeline
    models: Sequence[Candidates]
    timeline: Timeline
    user: OtherUser | str = "not asked for"
    """The user that runs the devices' components, or the reason why it is the nucleus's own."""
    current: dict[str, Candidate] = field(default_factory=dict)
    """By model: the good version that was approved last."""

    def of(self, key: str) -> Candidates:
        """Return a model's versions. Raises ``KeyError``."""
        return {each.key: each for each in self.models}[key]

    @property
    def served(self) -> list[Candidates]:
        """The models that the agent serves."""
        return [each for each in self.models if each.served]

    def approve(self, version: Candidate) -> None:
        """Approve a version, as a person would after looking at its metrics."""
        version.approve()
        self.timeline.add("registry", f"{version.name} approved")

    def approve_next(self, number: int) -> list[str]:
        """Approve the good version with this number, from 0, of each model that has so many. Return the models."""
        having = [each for each in self.models if len(each.good) > number]
        for each in having:
            self.approve(each.good[number])
            self.current[each.key] = each.good[number]
        return [each.key for each in having]

    def take_back(self, version: Candidate) -> None:
        """Reject a version."""
        version.take_back()
        self.timeline.add("registry", f"{version.name} rejected")

    def run_pipeline(self, *, gated: bool = True, deadline: float = 300) -> PipelineRun:
        """Run the pipeline once, and record it on the timeline. ``deadline``: seconds for each stage."""
        at = self.timeline.now()
        run = self.pipeline.run(gated=gated, deadline=deadline)
        for name, stage in {"build": run.build, **run.deploys}.items():
            self.timeline.record(name, f"run {run.number}: exit code {stage.exit_code}", at=at, seconds=stage.seconds)
            at += stage.seconds
        return run

    def release(self) -> Release:
        """Return the last build's release. Raises ``RehearsalError`` if no build has written one."""
        path = self.pipeline.dist / FILE
        try:
            return Release.model_validate_json(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise RehearsalError(
                "no build has written a release", f"see the logs in {self.pipeline.source.parent}"
            ) from None

    def wanted(self) -> dict[str, str]:
        """Return the version of each served model's current candidate. The last build must have built these."""
        known = {each.key: self.current[each.key].released_as for each in self.served}
        built = {} if None not in known.values() else {each.key: each.version for each in self.release().components}
        return {key: version or built.get(key, "none") for key, version in known.items()}
