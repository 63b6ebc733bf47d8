"""Whether a deployment's agent can read the form of the desired state that the deployment sends it.

Pure, except for the passed-in question which forms a version reads. An agent that cannot read a form goes on as before
and confirms nothing, so `deploy` would wait until it times out.
"""

from collections.abc import Callable, Sequence

from cloud_publisher.deploying.channels import desired_documents, find_agents
from cloud_publisher.deploying.deployment import DeploymentContent
from cloud_publisher.errors import WrongUseError
from shared_schema.desired_state import DesiredState, NotWhole, higher_release
from shared_schema.messages import Channel

FormsOf = Callable[[str, str], Sequence[str] | None]
"""The forms that an agent reads, by its name and version; None for a version that is not there."""


def form_of(content: DeploymentContent, agent: str) -> str | None:
    """Return the form of the desired state that a deployment's devices apply; None where there is none."""
    at = desired_documents(content, agent)
    applied = higher_release(at[Channel.VALIDATED], at[Channel.SUBSCRIBED])
    return None if isinstance(applied, NotWhole) else applied.form


def refuse_unreadable(content: DeploymentContent, before: DeploymentContent | None, forms_of: FormsOf) -> None:
    """Raise ``WrongUseError`` if an agent would be sent a desired state that it cannot read.

    Only what the deployment changes is checked, not an agent and a document that the target has already (``before``).
    """
    for agent in find_agents(content):
        form, version = form_of(content, agent), content.components[agent].version
        if form is None or (before is not None and _same_of(agent, content, before)):
            continue
        reads = forms_of(agent, version)
        # If the version does not exist, CreateDeployment refuses it and says so.
        if reads is not None and form not in reads:
            raise WrongUseError(
                f"{agent} {version} does not read this desired state, whose form is {form!r}: {_what(reads)}. It would "
                "go on as it is, and confirm nothing. It was not deployed",
                f"deploy a release with an agent that reads form {form}: build the agent again, with sources that do, "
                "and publish it; or use the cloud-publisher that its release was made with",
            )


def has_unknown_form(content: DeploymentContent) -> str | None:
    """Return the form of a deployment's desired state if this publisher does not know it, else None."""
    for agent in find_agents(content):
        for read in desired_documents(content, agent).values():
            if not isinstance(read, NotWhole | DesiredState):
                return read.form
    return None


def _same_of(agent: str, content: DeploymentContent, before: DeploymentContent) -> bool:
    was = before.components.get(agent)
    return (
        was is not None
        and was.version == content.components[agent].version
        and desired_documents(content, agent) == desired_documents(before, agent)
    )


def _what(reads: Sequence[str]) -> str:
    if not reads:
        return "its version does not say that it reads any (it has no tag mlops:forms)"
    return f"it reads {', '.join(repr(form) for form in reads)}"
