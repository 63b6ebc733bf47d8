"""What a component says of itself, and asks about others."""

from dataclasses import dataclass
from typing import Any

from greengrass_emulator.nucleus.configuration.store import ConfigurationStore
from greengrass_emulator.nucleus.ipc.access import Access
from greengrass_emulator.nucleus.ipc.answers import InvalidArgumentsError, ResourceNotFoundError
from greengrass_emulator.nucleus.ipc.authorization import CLI
from greengrass_emulator.nucleus.ipc.connection import Answer, Handler, Stream
from greengrass_emulator.nucleus.lifecycle.service import Service
from greengrass_emulator.nucleus.lifecycle.services import Services
from greengrass_emulator.nucleus.lifecycle.states import State, Wish
from greengrass_emulator.nucleus.runtimes import Runtime


@dataclass(frozen=True, slots=True)
class ComponentOperations:
    """UpdateState, RestartComponent, StopComponent, GetComponentDetails, ListComponents."""

    services: Services
    configuration: ConfigurationStore
    access: Access
    runtime: Runtime

    def handlers(self) -> dict[str, Handler]:
        return {
            "UpdateState": self._update_state,
            "RestartComponent": self._restart,
            "StopComponent": self._stop,
            "GetComponentDetails": self._details,
            "ListComponents": self._list,
        }

    async def _update_state(self, stream: Stream, request: dict[str, Any]) -> Answer:
        state = request.get("state")
        if state not in {State.RUNNING, State.ERRORED}:
            raise InvalidArgumentsError(f"state is {state}; it is RUNNING or ERRORED")
        # Lite takes ERRORED and does nothing with it.
        if state == State.RUNNING or self.runtime.errors_have_text:
            self._service(stream.component).report(str(state))
        return Answer()

    async def _restart(self, stream: Stream, request: dict[str, Any]) -> Answer:
        service = self._asked(stream, request)
        self.services.restart(service.name)
        return Answer({"restartStatus": "SUCCEEDED"})

    async def _stop(self, stream: Stream, request: dict[str, Any]) -> Answer:
        self._asked(stream, request).ask(Wish.HALT)
        return Answer({"stopStatus": "SUCCEEDED"})

    async def _details(self, stream: Stream, request: dict[str, Any]) -> Answer:
        return Answer({"componentDetails": self._describe(self._asked(stream, request))})

    async def _list(self, stream: Stream, _request: dict[str, Any]) -> Answer:
        self.access.check(stream.component, CLI, "ListComponents", "*")
        return Answer({"components": [self._describe(service) for service in self.services.all()]})

    def _asked(self, stream: Stream, request: dict[str, Any]) -> Service:
        name = request.get("componentName")
        if not isinstance(name, str) or not name:
            raise InvalidArgumentsError("componentName is missing")
        self.access.check(stream.component, CLI, stream.operation, name)
        return self._service(name)

    def _service(self, name: str) -> Service:
        service = self.services.get(name)
        if service is None:
            raise ResourceNotFoundError(f"no component {name}", resourceType="component", resourceName=name)
        return service

    def _describe(self, service: Service) -> dict[str, Any]:
        return {
            "componentName": service.name,
            "version": service.component.version,
            "state": service.state,
            "configuration": self.configuration.of(service.name),
        }
