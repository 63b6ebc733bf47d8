"""What a CreateDeployment request must be beyond the service model, and what the service fills in.

Sources: AWS IoT Greengrass V2 API reference, CreateDeployment and its shapes; AWS IoT, JobExecutionsRolloutConfig.
"""

import json
from collections.abc import Mapping
from typing import Any

from greengrass_emulator.cloud.api_errors import FieldFault, ValidationException
from greengrass_emulator.cloud.control_plane.versions import is_version


def with_default_policies(given: Mapping[str, Any] | None) -> dict[str, Any]:
    """The deployment's policies, with the API's defaults where nothing was said."""
    given = given or {}
    update = {"timeoutInSeconds": 60, "action": "NOTIFY_COMPONENTS"} | dict(given.get("componentUpdatePolicy") or {})
    validation = {"timeoutInSeconds": 30} | dict(given.get("configurationValidationPolicy") or {})
    return {
        "failureHandlingPolicy": given.get("failureHandlingPolicy", "ROLLBACK"),
        "componentUpdatePolicy": update,
        "configurationValidationPolicy": validation,
    }


def check_components(components: Mapping[str, Mapping[str, Any]]) -> None:
    """Exact versions, ``merge`` a JSON object in a string, ``reset`` JSON pointers. Raises ``ValidationException``."""
    faults: list[FieldFault] = []
    for name, spec in components.items():
        path = f"components.{name}"
        if not is_version(spec["componentVersion"]):
            faults.append(FieldFault(f"{path}.componentVersion", "must be one exact semantic version"))
        update = spec.get("configurationUpdate") or {}
        if "merge" in update and not _is_json_object(update["merge"]):
            faults.append(FieldFault(f"{path}.configurationUpdate.merge", "must be a string that holds a JSON object"))
        for pointer in update.get("reset", ()):
            if pointer and not pointer.startswith("/"):
                faults.append(FieldFault(f"{path}.configurationUpdate.reset", f"{pointer!r} is no JSON pointer"))
    if faults:
        listed = "; ".join(f"{fault.name} {fault.message}" for fault in faults)
        raise ValidationException(listed, reason="FIELD_VALIDATION_FAILED", faults=tuple(faults))


def check_job_configuration(configuration: Mapping[str, Any] | None) -> None:
    """One criterion for the rollout's increase, not both and not none. Raises ``ValidationException``."""
    rollout = (configuration or {}).get("jobExecutionsRolloutConfig") or {}
    criteria = (rollout.get("exponentialRate") or {}).get("rateIncreaseCriteria")
    if criteria is not None and len(criteria) != 1:
        raise ValidationException(
            "rateIncreaseCriteria must have numberOfNotifiedThings or numberOfSucceededThings, and not both"
        )


def _is_json_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False
