"""Reads the plan that ``deploy --plan`` is given, and holds the command's other options to it."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shared_schema.plan import TargetPlan
    from shared_schema.release import Release


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command's options say: the target, the canary, and the components that may be removed."""

    target_arn: str | None
    canary: str | None
    removals: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Planned:
    """The plans of the target, and of the canary if there is one."""

    target: "TargetPlan"
    canary: "TargetPlan | None"

    @property
    def canary_arn(self) -> str | None:
        """The ARN of the canary's group, if there is a canary."""
        return self.canary.target_arn if self.canary else None


def read_planned(path: Path, release: "Release", asked: Asked) -> Planned:
    """Read a plan for this release. Raises ``InvalidDocumentError``, ``WrongUseError`` (the options differ from it)."""
    from cloud_publisher.deploying.as_planned import check_release
    from cloud_publisher.documents import read_valid
    from cloud_publisher.errors import InvalidDocumentError, WrongUseError
    from shared_schema.plan import Plan

    document = read_valid(path, Plan)
    plan = document.value
    if not plan.targets or any(not each.canary for each in plan.targets[:-1]) or plan.targets[-1].canary:
        fault = document.diagnostic(
            ("targets",), "has no target, or something else than a canary before it", "run plan with --target-arn"
        )
        raise InvalidDocumentError([fault])
    check_release(plan, release)
    target, canary = plan.targets[-1], plan.targets[0] if len(plan.targets) > 1 else None
    if asked.target_arn not in (None, target.target_arn):
        raise WrongUseError(
            f"{path} is a plan for {target.target_arn}, and the target is {asked.target_arn}",
            "plan for this target, or leave out --target-arn (TARGET_ARN)",
        )
    if asked.canary or asked.removals:
        raise WrongUseError(
            "--canary and --allow-removal are part of a plan, and one is given with --plan",
            "give them to plan, and deploy what it writes",
        )
    return Planned(target, canary)
