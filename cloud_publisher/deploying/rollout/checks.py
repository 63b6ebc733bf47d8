"""Whether the devices of a target can take a deployment: its sizes, and the desired state that its agent reads.

Pure, except for the passed-in question which forms of the desired state a version of an agent reads.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from cloud_publisher.deploying.content.forms import FormsOf, refuse_unreadable
from cloud_publisher.deploying.deployment import DeploymentContent
from cloud_publisher.deploying.rollout.steps import Order, Step, deployments_needed, steps_of
from cloud_publisher.deploying.target_state import TargetState
from cloud_publisher.sizes.deployment_sizes import Place, deployment_figures, refuse_recipes, refuse_too_large
from cloud_publisher.sizes.figure import Figure, warned_of
from shared_schema.plan import PlannedDeployment
from shared_schema.release import Release


@dataclass(frozen=True, slots=True)
class CheckedSteps:
    """The steps of a release, those of them that are needed, and the sizes in these that are worth a warning."""

    steps: tuple[Step, ...]
    needed: tuple[PlannedDeployment, ...]
    warned: tuple[Figure, ...]


def checked_steps(order: Order, state: TargetState, forms_of: FormsOf) -> CheckedSteps:
    """Return the deployments that the target needs. All of them are checked, before the first is made.

    Raises what `steps_of` and `check_content` raise, and ``WrongUseError`` for a recipe that is too large.
    """
    steps = steps_of(order, state)
    needed = deployments_needed(steps, state)
    if not needed:
        return CheckedSteps(steps, (), ())
    before, warned = state.content, list[Figure]()
    for step in steps:
        content = step.build(state.channel)
        warned += check_content(content, before, state.place, forms_of, order.release)
        before = content
    refuse_recipes(order.release, state.place)
    return CheckedSteps(steps, tuple(needed), tuple(warned))


def check_content(
    content: DeploymentContent,
    before: DeploymentContent | None,
    place: Place,
    forms_of: FormsOf,
    release: Release | None = None,
) -> list[Figure]:
    """Return the sizes of a deployment that are worth a warning.

    ``release`` says what its own agent reads; of any other version ``forms_of`` is asked. Raises ``WrongUseError`` for
    a deployment that is too large, or whose agent does not read the desired state in it, and what ``forms_of`` raises.
    """
    agent = release.agent if release else None

    def forms(name: str, version: str) -> Sequence[str] | None:
        if agent is not None and (agent.name, agent.version) == (name, version):
            return agent.forms
        return forms_of(name, version)

    figures = deployment_figures(content, place)
    refuse_too_large(figures, place)
    refuse_unreadable(content, before, forms)
    return warned_of(figures)
