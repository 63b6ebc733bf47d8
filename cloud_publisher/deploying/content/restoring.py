"""What a rollback deploys: an earlier deployment of the target, under a new release number.

Pure. Each component of the earlier deployment is as it was then. A component that came to the target since stays:
our rollback must not take another team's component from a device.
"""

from collections.abc import Iterable
from itertools import dropwhile, islice

from cloud_publisher.deploying.channels import applied_state, carriers, next_release
from cloud_publisher.deploying.content.comparing import same
from cloud_publisher.deploying.content.merging import with_desired_state
from cloud_publisher.deploying.deployment import Deployment, DeploymentContent
from cloud_publisher.fleet.outcome import Outcome
from shared_schema.desired_state import DesiredState
from shared_schema.messages import Channel
from shared_schema.release import OUTCOME_TAG

RESTORES_TAG = "mlops:restores"
"""Names the deployment that a rollback put back."""


def restored(goal: Deployment, current: DeploymentContent, *, channel: Channel, number: int) -> DeploymentContent:
    """Return the content that puts ``goal`` back. ``number`` is its new release number."""
    components = {**current.components, **goal.content.components}
    was = applied_state(goal.content)
    if was is not None:
        state = DesiredState(release=str(number), models=was.state.models, settings=was.state.settings)
        components = with_desired_state(components, current.components, was.agent, state, channel)
    tags = {key: value for key, value in goal.content.tags.items() if key != OUTCOME_TAG and not key.startswith("aws:")}
    return DeploymentContent(
        components=components,
        policies=goal.content.policies,
        job=goal.content.job,
        name=goal.content.name,
        parent_target_arn=goal.content.parent_target_arn,
        tags={**tags, RESTORES_TAG: goal.content.tags.get(RESTORES_TAG, goal.id)},
    )


def last_confirmed_before(current: Deployment, history: Iterable[Deployment]) -> Deployment | None:
    """Return the newest confirmed deployment before the current one, or before the one that the current one put back.

    So a second rollback goes one release further back. A deployment that would change nothing is passed over.
    ``history`` has the newest first, and is read no further than needed.
    """
    origin = current.content.tags.get(RESTORES_TAG, current.id)
    earlier = islice(dropwhile(lambda each: each.id != origin, history), 1, None)
    found = (each for each in earlier if each.outcome is Outcome.CONFIRMED and _differs(each, current.content))
    return next(found, None)


def components_of_release(goal: Deployment) -> set[str]:
    """Return the components of a deployment that are known to be a release's: the agent's, and the models'."""
    found = applied_state(goal.content)
    if found is None:
        return set()
    return carriers(found.agent) | {each.component for each in found.state.models.values()}


def _differs(goal: Deployment, current: DeploymentContent) -> bool:
    number = next_release(0, current)
    contents = (restored(goal, current, channel=channel, number=number) for channel in Channel)
    return not any(same(content, current) for content in contents)
