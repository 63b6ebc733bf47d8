"""Operations on deployments: the command line requests them, and components validate or defer them."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from greengrass_emulator.json_value import JsonObject
from greengrass_emulator.nucleus.deployments.device import Device
from greengrass_emulator.nucleus.deployments.document import LOCAL_TARGET, Deployment, RunWith, WantedComponent
from greengrass_emulator.nucleus.deployments.queue import DeploymentQueue, Order
from greengrass_emulator.nucleus.deployments.resolution import Candidates
from greengrass_emulator.nucleus.ipc.answers import (
    InvalidArgumentsError,
    InvalidArtifactsDirectoryPathError,
    InvalidRecipeDirectoryPathError,
    IpcError,
    ResourceNotFoundError,
    ServiceError,
    texts_in,
)
from greengrass_emulator.nucleus.ipc.authorization import CLI, Access
from greengrass_emulator.nucleus.ipc.streams import Answer, Handler, Stream

_VALIDATION_EVENTS = "aws.greengrass#ValidateConfigurationUpdateEvents"
_UPDATE_EVENTS = "aws.greengrass#ComponentUpdatePolicyEvents"


@dataclass(frozen=True, slots=True)
class DeploymentOperations:
    """Validation, update notification, and local deployments. ``candidates`` serve the local ones."""

    device: Device
    queue: DeploymentQueue
    candidates: Candidates
    access: Access

    def handlers(self) -> dict[str, Handler]:
        return {
            "SubscribeToValidateConfigurationUpdates": self._subscribe_to_validation,
            "SendConfigurationValidityReport": self._report_validity,
            "SubscribeToComponentUpdates": self._subscribe_to_updates,
            "DeferComponentUpdate": self._defer,
            "CreateLocalDeployment": self._create,
            "GetLocalDeploymentStatus": self._status,
            "ListLocalDeployments": self._list,
            "CancelLocalDeployment": self._cancel,
        }

    async def _subscribe_to_validation(self, stream: Stream, _request: JsonObject) -> Answer:
        def ask(configuration: JsonObject, deployment_id: str) -> None:
            event: JsonObject = {"configuration": configuration, "deploymentId": deployment_id}
            stream.send_event(_VALIDATION_EVENTS, {"validateConfigurationUpdateEvent": event})

        stream.on_close.append(self.device.validation.subscribe(stream.component, ask))
        return Answer(stays_open=True)

    async def _report_validity(self, stream: Stream, request: JsonObject) -> Answer:
        report = request.get("configurationValidityReport")
        if not isinstance(report, dict) or report.get("status") not in {"ACCEPTED", "REJECTED"}:
            raise InvalidArgumentsError("the report's status is neither ACCEPTED nor REJECTED")
        taken = self.device.validation.report(
            stream.component,
            str(report.get("deploymentId")),
            report["status"] == "ACCEPTED",
            str(report.get("message") or ""),
        )
        if not taken:
            raise InvalidArgumentsError("Validation request either timed out or was never made")
        return Answer()

    async def _subscribe_to_updates(self, stream: Stream, _request: JsonObject) -> Answer:
        def notify(before: str | None, after: str | None) -> None:
            if before is None:
                stream.send_event(_UPDATE_EVENTS, {"postUpdateEvent": {"deploymentId": after}})
            else:
                event: JsonObject = {"deploymentId": before, "isGgcRestarting": False}
                stream.send_event(_UPDATE_EVENTS, {"preUpdateEvent": event})

        stream.on_close.append(self.device.updates.subscribe(stream.component, notify))
        return Answer(stays_open=True)

    async def _defer(self, stream: Stream, request: JsonObject) -> Answer:
        milliseconds = request.get("recheckAfterMs") or 0
        if not isinstance(milliseconds, int | float):
            raise InvalidArgumentsError("recheckAfterMs is not a number")
        if not self.device.updates.defer(stream.component, str(request.get("deploymentId")), milliseconds / 1000):
            raise InvalidArgumentsError("no update with this deploymentId waits for an answer")
        return Answer()

    async def _create(self, stream: Stream, request: JsonObject) -> Answer:
        self.access.check(stream.component, CLI, "CreateLocalDeployment", "*")
        recipes = _folder(request, "recipeDirectoryPath", InvalidRecipeDirectoryPathError)
        artifacts = _folder(request, "artifactsDirectoryPath", InvalidArtifactsDirectoryPathError)
        deployment_id = str(uuid.uuid4())
        adds = _object(request, "rootComponentVersionsToAdd")
        removes = texts_in(request, "rootComponentsToRemove")
        updates = _object(request, "componentToConfiguration")
        run_with = _object(request, "componentToRunWithInfo")
        deployment = Deployment(
            id=deployment_id,
            kind="LOCAL",
            target=LOCAL_TARGET,
            validation_id=deployment_id,
            components={
                name: _wanted(str(version), _object(updates, name), _object(run_with, name))
                for name, version in adds.items()
            },
            rolls_back=request.get("failureHandlingPolicy") != "DO_NOTHING",
            created_at=self.device.clock.now(),
        )

        def take_in(asked: Deployment) -> Deployment:
            self.device.packages.take_in(recipes, artifacts)
            return _on_top(asked, self._local_roots(), removes, updates, run_with)

        if not self.queue.add(Order(deployment, self.candidates, take_in)):
            raise ServiceError("too many deployments wait")
        return Answer({"deploymentId": deployment_id})

    def _local_roots(self) -> Mapping[str, str]:
        local = self.device.memory.state.targets.get(LOCAL_TARGET)
        return local.roots if local else {}

    async def _status(self, stream: Stream, request: JsonObject) -> Answer:
        deployment_id = _deployment_id(request)
        self.access.check(stream.component, CLI, "GetLocalDeploymentStatus", deployment_id)
        return Answer({"deployment": _describe(self._order(deployment_id))})

    async def _cancel(self, stream: Stream, request: JsonObject) -> Answer:
        deployment_id = _deployment_id(request)
        self.access.check(stream.component, CLI, "CancelLocalDeployment", "*")
        order = self._order(deployment_id)
        if order.outcome is not None:
            return Answer({"message": "Cancellation request is not processed because deployment is already finished"})
        self.queue.cancel(order)
        return Answer({"message": f"Cancel request submitted. Deployment ID: {deployment_id}"})

    def _order(self, deployment_id: str) -> Order:
        order = self.queue.orders.get(deployment_id)
        if order is None or order.deployment.kind != "LOCAL":
            raise ResourceNotFoundError(
                f"Cannot find the deployment {deployment_id}", resourceType="deployment", resourceName=deployment_id
            )
        return order

    async def _list(self, stream: Stream, _request: JsonObject) -> Answer:
        self.access.check(stream.component, CLI, "ListLocalDeployments", "*")
        local = [each for each in self.queue.orders.values() if each.deployment.kind == "LOCAL"]
        return Answer({"localDeployments": [_describe(each) for each in local]})


def _on_top(
    asked: Deployment,
    roots: Mapping[str, str],
    removes: tuple[str, ...],
    updates: JsonObject,
    run_with: JsonObject,
) -> Deployment:
    """Return the roots after a local deployment: those of the earlier ones, except where this one names them."""
    kept = {
        name: _wanted(version, _object(updates, name), _object(run_with, name))
        for name, version in roots.items()
        if name not in removes and name not in asked.components
    }
    return replace(asked, components={**kept, **asked.components})


def _wanted(version: str, update: JsonObject, run_with: JsonObject) -> WantedComponent:
    folded = {key.lower(): value for key, value in update.items()}
    try:
        user = RunWith.model_validate(run_with)
    except ValidationError as error:
        raise InvalidArgumentsError(f"componentToRunWithInfo: {error.errors()[0]['msg']}") from error
    return WantedComponent(version, _object(folded, "merge"), texts_in(folded, "reset"), user.user, bool(user.limits))


def _object(mapping: JsonObject, key: str) -> JsonObject:
    value = mapping.get(key) or {}
    if not isinstance(value, dict):
        raise InvalidArgumentsError(f"{key} is not an object")
    return value


def _folder(request: JsonObject, key: str, error: type[IpcError]) -> Path | None:
    given = request.get(key)
    if not given:
        return None
    path = Path(str(given))
    if not path.is_dir():
        raise error(f"{path} is not a folder")
    return path


def _deployment_id(request: JsonObject) -> str:
    written = str(request.get("deploymentId"))
    try:
        uuid.UUID(written)
    except ValueError as error:
        raise InvalidArgumentsError("Invalid deploymentId format received. DeploymentId is a UUID") from error
    return written


def _describe(order: Order) -> JsonObject:
    described: JsonObject = {
        "deploymentId": order.deployment.id,
        "status": order.status,
        "createdOn": datetime.fromtimestamp(order.created_at, UTC).isoformat(timespec="seconds"),
    }
    if order.outcome is not None:
        described["deploymentStatusDetails"] = {
            "detailedDeploymentStatus": order.outcome.detailed,
            "deploymentErrorStack": [*order.outcome.codes],
            "deploymentFailureCause": order.outcome.cause,
        }
    return described
