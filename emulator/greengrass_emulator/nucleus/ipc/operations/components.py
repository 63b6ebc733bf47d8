"""Operations on a component itself and on others."""

from collections.abc import Callable
from dataclasses import dataclass

from greengrass_emulator.json_value import JsonObject
from greengrass_emulator.nucleus.configuration.store import ConfigurationStore
from greengrass_emulator.nucleus.ipc.answers import (
    InvalidArgumentsError,
    InvalidTokenError,
    ResourceNotFoundError,
    ServiceError,
    UnauthorizedError,
)
from greengrass_emulator.nucleus.ipc.authorization import CLI, LIFECYCLE, Access
from greengrass_emulator.nucleus.ipc.streams import Answer, Handler, Stream
from greengrass_emulator.nucleus.lifecycle.service import Service
from greengrass_emulator.nucleus.lifecycle.services import Services
from greengrass_emulator.nucleus.lifecycle.states import LifecycleRequest, State
from greengrass_emulator.nucleus.runtimes import Runtime

_METRIC_UNITS = frozenset({"BYTES", "BYTES_PER_SECOND", "COUNT", "COUNT_PER_SECOND", "MEGABYTES", "SECONDS"})
_ASKS_ABOUT_TOKENS = frozenset({"aws.greengrass.StreamManager"})


@dataclass(frozen=True, slots=True)
class ComponentOperations:
    """Operations on components, and those of some components of AWS's own.

    ``component_of`` returns the component of a token, or None. Sources for access: LifecycleIPCEventStreamAgent.java,
    AuthorizationIPCAgent.java, ComponentMetricIPCEventStreamAgent.java.
    """

    services: Services
    configuration: ConfigurationStore
    access: Access
    runtime: Runtime
    component_of: Callable[[str], str | None]

    def handlers(self) -> dict[str, Handler]:
        return {
            "UpdateState": self._update_state,
            "RestartComponent": self._restart,
            "StopComponent": self._stop,
            "PauseComponent": self._pause,
            "ResumeComponent": self._resume,
            "PutComponentMetric": self._take_metrics,
            "ValidateAuthorizationToken": self._validate_token,
            "GetComponentDetails": self._details,
            "ListComponents": self._list,
        }

    async def _update_state(self, stream: Stream, request: JsonObject) -> Answer:
        state = request.get("state")
        if state not in {State.RUNNING, State.ERRORED}:
            raise InvalidArgumentsError(f"state is {state}; it is RUNNING or ERRORED")
        # Lite accepts ERRORED and ignores it.
        if state == State.RUNNING or self.runtime.errors_have_text:
            self._service(stream.component).report(str(state))
        return Answer()

    async def _restart(self, stream: Stream, request: JsonObject) -> Answer:
        service = self._asked(stream, request)
        if not service.is_linked:
            raise ServiceError(f"Unit ggl.{service.name}.service not found.")
        self.services.restart(service.name)
        return Answer({"restartStatus": "SUCCEEDED"})

    async def _stop(self, stream: Stream, request: JsonObject) -> Answer:
        self._asked(stream, request).ask(LifecycleRequest.HALT)
        return Answer({"stopStatus": "SUCCEEDED"})

    async def _pause(self, stream: Stream, request: JsonObject) -> Answer:
        service = self._asked(stream, request, LIFECYCLE)
        if service.state is not State.RUNNING:
            raise InvalidArgumentsError(f"Component {service.name} is not running")
        service.pause()
        return Answer()

    async def _resume(self, stream: Stream, request: JsonObject) -> Answer:
        service = self._asked(stream, request, LIFECYCLE)
        if not service.is_paused:
            raise InvalidArgumentsError(f"Component {service.name} is not paused")
        service.resume()
        return Answer()

    async def _take_metrics(self, stream: Stream, request: JsonObject) -> Answer:
        """Check and accept the metrics, as classic does for AWS's own components; here nothing reads them."""
        if not stream.component.startswith("aws.greengrass."):
            raise UnauthorizedError(f"{stream.component} is not authorized to perform {stream.operation}")
        metrics = request.get("metrics")
        if not isinstance(metrics, list) or not metrics:
            raise InvalidArgumentsError("metrics must be a list with at least one item")
        for metric in metrics:
            written = metric if isinstance(metric, dict) else {}
            value, unit = written.get("value"), str(written.get("unit"))
            if not isinstance(value, int | float) or value < 0 or not written.get("name"):
                raise InvalidArgumentsError("a metric has no name, or no value of 0 or more")
            if unit not in _METRIC_UNITS:
                raise InvalidArgumentsError(f"the unit {unit} is not one of {', '.join(sorted(_METRIC_UNITS))}")
        return Answer()

    async def _validate_token(self, stream: Stream, request: JsonObject) -> Answer:
        if stream.component not in _ASKS_ABOUT_TOKENS:
            raise UnauthorizedError(f"{stream.component} is not authorized to perform {stream.operation}")
        if self.component_of(str(request.get("token") or "")) is None:
            raise InvalidTokenError("no component has this token")
        return Answer({"isValid": True})

    async def _details(self, stream: Stream, request: JsonObject) -> Answer:
        return Answer({"componentDetails": self._describe(self._asked(stream, request))})

    async def _list(self, stream: Stream, _request: JsonObject) -> Answer:
        self.access.check(stream.component, CLI, "ListComponents", "*")
        return Answer({"components": [self._describe(service) for service in self.services.all()]})

    def _asked(self, stream: Stream, request: JsonObject, service: str = CLI) -> Service:
        name = request.get("componentName")
        if not isinstance(name, str) or not name:
            raise InvalidArgumentsError("componentName is missing")
        self.access.check(stream.component, service, stream.operation, name)
        return self._service(name)

    def _service(self, name: str) -> Service:
        service = self.services.get(name)
        if service is None:
            raise ResourceNotFoundError(f"no component {name}", resourceType="component", resourceName=name)
        return service

    def _describe(self, service: Service) -> JsonObject:
        return {
            "componentName": service.name,
            "version": service.component.version,
            "state": service.state,
            "configuration": self.configuration.of(service.name),
        }
