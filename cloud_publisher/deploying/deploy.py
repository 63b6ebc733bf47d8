"""`deploy`: from a release to a deployment of a target, in one step or in two, once, and back if told to.

What it decides is in `merging`, `doors` and `comparing`; what it does, in `delivery`.
"""

from cloud_publisher.deploying.delivery import Build, Delivery
from cloud_publisher.deploying.deployment import Deployment, DeploymentContent
from cloud_publisher.deploying.deployments import outcome_tag
from cloud_publisher.deploying.doors import Door, Held, held, next_release
from cloud_publisher.deploying.merging import (
    Models,
    UnfitTemplateError,
    kept_names,
    merge_release,
    models_of_deployment,
    models_of_release,
)
from cloud_publisher.deploying.reports import Delivered, DeployReport
from cloud_publisher.deploying.rollback import door_of, roll_back
from cloud_publisher.errors import InvalidDocumentError, WorkFailedError, WrongUseError
from cloud_publisher.fleet.outcome import Outcome
from shared_schema.deployment import DeploymentTemplate
from shared_schema.desired_state import DesiredStateTooLargeError
from shared_schema.documents import Document
from shared_schema.release import Release


def deploy(release: Release, template: Document[DeploymentTemplate], delivery: Delivery) -> DeployReport:
    """Bring the release to the target, and say what was done and how it went.

    Raises ``WrongUseError`` (no such target, a device with two targets), ``InvalidDocumentError`` (the template),
    ``WorkFailedError`` (superseded meanwhile) and ``CloudError``. How the devices took it is in the report.
    """
    delivery.deployments.check_target()
    current = delivery.settle(delivery.deployments.current())
    kept = tuple(kept_names(release, template.value, current.content if current else None))
    ours = {component.name for component in release.components}
    delivered: list[Delivered] = []
    first = _models_to_keep(release, template, delivery, current)
    if first is not None:
        delivery.watch.say("the release has a new agent and new models: the agent goes first, with the models of now")
        build = _builder(release, template, delivery, current, first)
        delivered.append(delivery.bring(build, current, ours=ours, part="agent", must_wait=True))
        current = delivered[0].deployment
    if first is None or delivered[0].outcome is Outcome.CONFIRMED:
        build = _builder(release, template, delivery, current)
        must_wait = delivery.terms.wait or delivery.terms.rollback_on_failure
        delivered.append(delivery.bring(build, current, ours=ours, part="release", must_wait=must_wait))
    door = door_of(delivered[-1].deployment)
    report = DeployReport(delivery.target, door, tuple(delivered), kept)
    if not delivery.terms.rollback_on_failure or report.outcome in (None, Outcome.CONFIRMED):
        return report
    try:
        rolled_back = roll_back(delivery, delivered[-1].deployment, goal=None, must_wait=True)
    except WorkFailedError as error:
        # What the devices said of the release is the news; that there was no way back comes beside it.
        delivery.watch.say(f"not rolled back: {error}")
        return report
    return DeployReport(delivery.target, door, tuple(delivered), kept, rolled_back)


def _models_to_keep(
    release: Release, template: Document[DeploymentTemplate], delivery: Delivery, current: Deployment | None
) -> Models | None:
    """The models that a new agent comes with first, where agent and models change together; else None.

    None too when the target holds this release already, has no confirmed models, or no device that could confirm.
    """
    devices = delivery.devices()
    if release.agent is None or current is None or not devices:
        return None
    if delivery.same_as(_builder(release, template, delivery, current), current, delivery.door(devices)):
        return None
    confirmed = current if outcome_tag(current) is Outcome.CONFIRMED else _newest_confirmed(delivery)
    found = held(confirmed.content, release.agent.name) if confirmed else None
    if confirmed is None or found is None or not _both_change(release, confirmed.content, found):
        return None
    return models_of_deployment(confirmed.content, found)


def _both_change(release: Release, confirmed: DeploymentContent, found: Held) -> bool:
    agent = release.agent
    was = confirmed.components.get(found.agent)
    new_agent = agent is not None and was is not None and was.version != agent.version
    return new_agent and bool(found.state.models) and found.state.models != models_of_release(release).desired


def _newest_confirmed(delivery: Delivery) -> Deployment | None:
    return next((each for each in delivery.deployments.history() if outcome_tag(each) is Outcome.CONFIRMED), None)


def _builder(
    release: Release,
    template: Document[DeploymentTemplate],
    delivery: Delivery,
    current: Deployment | None,
    models: Models | None = None,
) -> Build:
    """What a deployment on top of ``current`` should hold, by door; refusals name the place in the template."""
    base = current.content if current else None
    number = next_release(int(delivery.now().timestamp()), base)

    def build(door: Door) -> DeploymentContent:
        try:
            return merge_release(release, template.value, base, door=door, number=number, models=models)
        except UnfitTemplateError as error:
            raise InvalidDocumentError([template.fault(error.path, error.problem, error.remedy)]) from None
        except DesiredStateTooLargeError as error:
            raise WrongUseError(
                f"this release cannot be deployed: {error}", "change greengrass-config.yml, and build it again"
            ) from None

    return build
