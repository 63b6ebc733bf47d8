"""What a nucleus gives a component: its variables of the environment, and its steps with their variables filled in."""

from collections.abc import Iterable
from pathlib import Path

from greengrass_emulator.nucleus.configuration.store import ConfigurationStore
from greengrass_emulator.nucleus.device_python import programs_of, without_the_emulators
from greengrass_emulator.nucleus.lifecycle.processes import DEVICE_MARK, environment_of_nucleus
from greengrass_emulator.nucleus.recipes.component import Component, Lifecycle
from greengrass_emulator.nucleus.recipes.variables import Neighbour, Variables
from greengrass_emulator.nucleus.runtimes import Runtime
from greengrass_emulator.nucleus.settings import DeviceSettings


def filled_lifecycle(
    component: Component,
    deployed: Iterable[Component],
    configuration: ConfigurationStore,
    settings: DeviceSettings,
    runtime: Runtime,
) -> Lifecycle:
    """Return a component's steps with their variables filled in. ``deployed`` has all components of the device."""
    versions = {each.name: each.version for each in deployed}

    def neighbour(name: str, version: str) -> Neighbour:
        return Neighbour(name, version, configuration.of(name))

    return Variables(
        runtime,
        settings.root,
        settings.thing,
        neighbour(component.name, component.version),
        {name: neighbour(name, versions[name]) for name in component.dependencies if name in versions},
    ).fill_lifecycle(component.lifecycle)


def component_environment(
    token: str, settings: DeviceSettings, runtime: Runtime, *, socket: Path, credentials_uri: str | None
) -> dict[str, str]:
    """Return the environment of a component's steps. ``token`` is its SVCUID.

    ``credentials_uri`` is the token exchange service's; None without a cloud.
    """
    environment = {
        **without_the_emulators(environment_of_nucleus(), programs_of(settings)),
        DEVICE_MARK: str(settings.root),
        "SVCUID": token,
        "AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT": str(socket),
        "AWS_IOT_THING_NAME": settings.thing,
        "AWS_REGION": settings.region,
        "AWS_DEFAULT_REGION": settings.region,
        "GGC_VERSION": runtime.version,
    }
    if credentials_uri is not None:
        environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = credentials_uri
        environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = token
    if settings.root_ca is not None:
        environment["GG_ROOT_CA_PATH"] = str(settings.root_ca)
    return environment
