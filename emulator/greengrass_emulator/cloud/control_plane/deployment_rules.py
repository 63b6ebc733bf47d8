"""Rules for a CreateDeployment request beyond the service model.

Sources: AWS IoT Greengrass V2 API reference, CreateDeployment and its shapes; AWS IoT, JobExecutionsRolloutConfig.
"""

import json
from collections.abc import Mapping

from greengrass_emulator.cloud.api_errors import FieldFault, ValidationException
from greengrass_emulator.cloud.control_plane.requests import DeployedComponent
from greengrass_emulator.cloud.control_plane.versions import is_version
from greengrass_emulator.cloud.device_messages.job_rules import JobConfiguration

MAXIMUM_TIMEOUT_MINUTES = 10_080


def check_components(components: Mapping[str, DeployedComponent]) -> None:
    """Check that versions are exact, ``merge`` holds a JSON object, and ``reset`` JSON pointers.

    Raises ``ValidationException``.
    """
    faults: list[FieldFault] = []
    for name, component in components.items():
        path = f"components.{name}"
        if not is_version(component.component_version):
            faults.append(FieldFault(f"{path}.componentVersion", "must be one exact semantic version"))
        update = component.configuration_update
        if update and update.merge is not None and not _is_json_object(update.merge):
            faults.append(FieldFault(f"{path}.configurationUpdate.merge", "must be a string that holds a JSON object"))
        for pointer in (update and update.reset) or ():
            if pointer and not pointer.startswith("/"):
                faults.append(FieldFault(f"{path}.configurationUpdate.reset", f"{pointer!r} is not a JSON pointer"))
    refuse_if_any(faults)


def check_job_configuration(configuration: JobConfiguration | None) -> None:
    """Check what the model does not check of a job's configuration. Raises ``ValidationException``.

    One criterion for the rollout's increase; one digit of a factor and two of a percentage (API reference);
    a time-out of 1 to 10,080 minutes (AWS IoT, TimeoutConfig).
    """
    if configuration is None:
        return
    faults: list[FieldFault] = []
    rollout = configuration.job_executions_rollout_config
    exponential = rollout.exponential_rate if rollout else None
    if exponential and len(exponential.rate_increase_criteria.as_answer()) != 1:
        faults.append(
            FieldFault(
                "iotJobConfiguration.jobExecutionsRolloutConfig.exponentialRate.rateIncreaseCriteria",
                "must have numberOfNotifiedThings or numberOfSucceededThings, and not both",
            )
        )
    if exponential and round(exponential.increment_factor, 1) != exponential.increment_factor:
        faults.append(
            FieldFault(
                "iotJobConfiguration.jobExecutionsRolloutConfig.exponentialRate.incrementFactor",
                "must have at most one digit after the point",
            )
        )
    for index, each in enumerate(configuration.abort_config.criteria_list if configuration.abort_config else ()):
        share = each.threshold_percentage
        if share < 0 or round(share, 2) != share:
            faults.append(
                FieldFault(
                    f"iotJobConfiguration.abortConfig.criteriaList[{index}].thresholdPercentage",
                    "must be 0 to 100 with at most two digits after the point",
                )
            )
    minutes = configuration.timeout_config.in_progress_timeout_in_minutes if configuration.timeout_config else None
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
