"""What a rollback deploys: an earlier deployment of the target, under a new release number.

Pure. Each component of the earlier deployment is as it was then. A component that came to the target since stays:
our rollback must not take another team's component from a device.
"""

from cloud_publisher.deploying.channels import held
from cloud_publisher.deploying.deployment import Deployment, DeploymentContent
from cloud_publisher.deploying.merging import place
from shared_schema.desired_state import DesiredState
from shared_schema.messages import Channel
from shared_schema.release import OUTCOME_TAG

RESTORES_TAG = "mlops:restores"


def restored(goal: Deployment, current: DeploymentContent, *, channel: Channel, number: int) -> DeploymentContent:
    """Return the content that puts ``goal`` back."""
    components = {**current.components, **goal.content.components}
    was = held(goal.content)
    if was is not None:
        state = DesiredState(release=str(number), models=was.state.models, settings=was.state.settings)
        components = place(components, current.components, was.agent, state, channel)
    tags = {key: value for key, value in goal.content.tags.items() if key != OUTCOME_TAG and not key.startswith("aws:")}
    return DeploymentContent(
        components=components,
        policies=goal.content.policies,
        job=goal.content.job,
        name=goal.content.name,
        parent_target_arn=goal.content.parent_target_arn,
        tags={**tags, RESTORES_TAG: goal.content.tags.get(RESTORES_TAG, goal.id)},
    )
