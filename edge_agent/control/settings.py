"""The settings that a desired state carries: text leaves, read by the same model as the config's typed ones."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from edge_agent.errors import EdgeAgentError
from shared_schema.settings import AgentSettings


class InvalidSettingsError(EdgeAgentError):
    """The settings of a desired state are not what an agent knows; the message names the first fault."""


def read_settings(document: Mapping[str, Any]) -> AgentSettings:
    """The settings, defaults filled in. Raises ``InvalidSettingsError``."""
    try:
        return AgentSettings.model_validate(document)
    except ValidationError as error:
        faults = error.errors(include_url=False)
        place = ".".join(str(step) for step in faults[0]["loc"])
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        raise InvalidSettingsError(
            f"settings.{place} of the desired state: {faults[0]['msg']}{more}; correct the agent's settings and deploy"
        ) from None
