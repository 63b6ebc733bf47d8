"""Rules for a CreateDeployment request beyond the service model, and the defaults that the service fills in.

Sources: AWS IoT Greengrass V2 API reference, CreateDeployment and its shapes; AWS IoT, JobExecutionsRolloutConfig.
"""

import json
from collections.abc import Mapping
from typing import Any

from greengrass_emulator.cloud.api_errors import FieldFault, ValidationException
from greengrass_emulator.cloud.control_plane.versions import is_version

MAXIMUM_TIMEOUT_MINUTES = 10_080


def with_default_policies(given: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the deployment's policies, with the API's defaults for missing ones."""
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
                faults.append(FieldFault(f"{path}.configurationUpdate.reset", f"{pointer!r} is not a JSON pointer"))
    refuse_if_any(faults)


def check_job_configuration(configuration: Mapping[str, Any] | None) -> None:
    """Check what the model does not check of a job's configuration. Raises ``ValidationException``.

    One criterion for the rollout's increase; one digit of a factor and two of a percentage (API reference);
    a time-out of 1 to 10,080 minutes (AWS IoT, TimeoutConfig).
    """
    configuration = configuration or {}
    exponential = (configuration.get("jobExecutionsRolloutConfig") or {}).get("exponentialRate") or {}
    criteria = exponential.get("rateIncreaseCriteria")
    faults: list[FieldFault] = []
    if criteria is not None and len(criteria) != 1:
        faults.append(
            FieldFault(
                "iotJobConfiguration.jobExecutionsRolloutConfig.exponentialRate.rateIncreaseCriteria",
                "must have numberOfNotifiedThings or numberOfSucceededThings, and not both",
            )
        )
    if exponential and round(exponential["incrementFactor"], 1) != exponential["incrementFactor"]:
        faults.append(
            FieldFault(
                "iotJobConfiguration.jobExecutionsRolloutConfig.exponentialRate.incrementFactor",
                "must have at most one digit after the point",
            )
        )
    for index, each in enumerate((configuration.get("abortConfig") or {}).get("criteriaList", ())):
        share = each["thresholdPercentage"]
        if share < 0 or round(share, 2) != share:
            faults.append(
                FieldFault(
                    f"iotJobConfiguration.abortConfig.criteriaList[{index}].thresholdPercentage",
                    "must be 0 to 100 with at most two digits after the point",
                )
            )
    minutes = (configuration.get("timeoutConfig") or {}).get("inProgressTimeoutInMinutes")
    if minutes is not None and not 1 <= minutes <= MAXIMUM_TIMEOUT_MINUTES:
        faults.append(
            FieldFault(
                "iotJobConfiguration.timeoutConfig.inProgressTimeoutInMinutes",
                f"must be 1 to {MAXIMUM_TIMEOUT_MINUTES}",
            )
        )
    refuse_if_any(faults)


def refuse_if_any(faults: list[FieldFault]) -> None:
    """Raise a ``ValidationException`` that names every invalid field, if there is any."""
    if faults:
        listed = "; ".join(f"{fault.name} {fault.message}" for fault in faults)
        raise ValidationException(listed, reason="FIELD_VALIDATION_FAILED", faults=tuple(faults))


def _is_json_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False
