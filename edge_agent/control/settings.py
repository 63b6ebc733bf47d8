"""The settings of a desired state. Their leaves are texts, read by the same model as the typed ones of the config."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from edge_agent.errors import EdgeAgentError
from shared_schema.settings import AgentSettings


class InvalidSettingsError(EdgeAgentError):
    """The settings of a desired state are invalid. The message names the first fault."""


def read_settings(document: Mapping[str, Any]) -> AgentSettings:
    """Return the settings with the defaults filled in. Raises ``InvalidSettingsError``."""
    try:
        return AgentSettings.model_validate(document)
    except ValidationError as error:
        faults = error.errors(include_url=False)
        place = ".".join(str(step) for step in faults[0]["loc"])
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        raise InvalidSettingsError(
            f"settings.{place} of the desired state: {faults[0]['msg']}{more}; correct the agent's settings and deploy"
        ) from None
