"""Whether the agent that a deployment has on its devices reads the desired state that it is sent there.

Pure but for asking of an agent's version, which is passed in. An agent that meets a form that it does not read goes on
as before, so that the release would never be confirmed.
"""

from collections.abc import Callable, Sequence

from cloud_publisher.deploying.channels import documents, find_agents
from cloud_publisher.deploying.deployment import DeploymentContent
from cloud_publisher.errors import WrongUseError
from shared_schema.desired_state import DesiredState, NotWhole, higher_release
from shared_schema.messages import Channel

FormsOf = Callable[[str, str], Sequence[str] | None]
"""The forms that an agent reads, by its name and version; None for a version that is not there."""


def form_of(content: DeploymentContent, agent: str) -> str | None:
    """Return the form of the desired state that a deployment's devices apply; None where there is none."""
    at = documents(content, agent)
    applied = higher_release(at[Channel.VALIDATED], at[Channel.SUBSCRIBED])
    return None if isinstance(applied, NotWhole) else applied.form


def refuse_unread(content: DeploymentContent, before: DeploymentContent | None, forms_of: FormsOf) -> None:
    """Raises ``WrongUseError`` for an agent that would be sent a desired state that it does not read.

    What the target has already (``before``), the same agent with the same document, is no matter of this deployment.
    """
    for agent in find_agents(content):
        form, version = form_of(content, agent), content.components[agent].version
        if form is None or (before is not None and _same_of(agent, content, before)):
            continue
        reads = forms_of(agent, version)
        # A version that is not there is the cloud's refusal, which says so.
        if reads is not None and form not in reads:
            raise WrongUseError(
                f"{agent} {version} does not read this desired state, whose form is {form!r}: {_what(reads)}. It would "
                "go on as it is, and confirm nothing. It was not deployed",
                f"deploy a release with an agent that reads form {form}: build the agent anew, with sources that do, "
                "and publish it; or use the cloud-publisher that its release was made with",
            )


def has_unknown_form(content: DeploymentContent) -> str | None:
    """The form of a deployment's desired state, where this publisher does not know it."""
    for agent in find_agents(content):
        for read in documents(content, agent).values():
            if not isinstance(read, NotWhole | DesiredState):
                return read.form
    return None


def _same_of(agent: str, content: DeploymentContent, before: DeploymentContent) -> bool:
    was = before.components.get(agent)
    return (
        was is not None
        and was.version == content.components[agent].version
        and documents(content, agent) == documents(before, agent)
    )


def _what(reads: Sequence[str]) -> str:
    if not reads:
        return "its version does not say that it reads any (it has no tag mlops:forms)"
    return f"it reads {', '.join(repr(form) for form in reads)}"
