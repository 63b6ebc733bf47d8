"""Greengrass's data plane and the credentials provider, asked with the device's certificate.

``DataPlane`` has the blocking calls; ``CloudCandidates`` resolves component versions by them.
"""

import asyncio
import base64
import json
import logging
import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import urllib3
from pydantic import BaseModel, ConfigDict, Field

from greengrass_emulator.json_value import JsonObject
from greengrass_emulator.nucleus.clock import DeviceClock
from greengrass_emulator.nucleus.cloud.reaching import RETRIES, Trust
from greengrass_emulator.nucleus.deployments.packages import PackageStore
from greengrass_emulator.nucleus.errors import CloudAway, DeploymentFailed
from greengrass_emulator.nucleus.recipes.component import Component
from greengrass_emulator.nucleus.recipes.platform import Platform
from greengrass_emulator.nucleus.runtimes import Runtime
from greengrass_emulator.nucleus.settings import CloudSettings

_log = logging.getLogger(__name__)
_TIMEOUT = urllib3.Timeout(connect=5, read=30)
_EARLY = timedelta(minutes=5)


class _Answer(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Credentials(_Answer):
    """Temporary credentials from the device's role alias."""

    access_key: str = Field(alias="accessKeyId")
    secret_key: str = Field(alias="secretAccessKey")
    token: str = Field(alias="sessionToken")
    expires: datetime = Field(alias="expiration")


class _GivenCredentials(_Answer):
    credentials: Credentials


class _Version(_Answer):
    version: str = Field(alias="componentVersion")
    recipe: str
    """In base64."""


class _Resolved(_Answer):
    versions: tuple[_Version, ...] = Field(alias="resolvedComponentVersions", min_length=1)


class _ThingGroup(_Answer):
    name: str = Field(alias="thingGroupName")


class _ThingGroups(_Answer):
    groups: tuple[_ThingGroup, ...] | None = Field(default=None, alias="thingGroups")


class DataPlane:
    """One device's requests. Safe to use from several threads."""

    def __init__(
        self, settings: CloudSettings, thing: str, runtime: Runtime, platform: Platform, clock: DeviceClock
    ) -> None:
        self._clock = clock
        self._trust = Trust(settings.root_ca, clock)
        self._settings = settings
        self._thing = thing
        self._runtime = runtime
        self._platform = platform
        self._http = urllib3.PoolManager(
            cert_file=str(settings.certificate),
            key_file=str(settings.private_key),
            ca_certs=str(settings.root_ca),
            timeout=_TIMEOUT,
            retries=RETRIES,
        )
        self._lock = threading.Lock()
        self._credentials: Credentials | None = None

    def close(self) -> None:
        self._http.clear()

    def credentials(self) -> Credentials:
        """Return the role alias's credentials, cached until shortly before they expire.

        Raises DeploymentFailed if they are refused, CloudAway if nobody answers.
        """
        with self._lock:
            known = self._credentials
            if known is None or known.expires - _EARLY < self._now():
                known = self._credentials = self._fetch_credentials()
            return known

    def resolve(self, name: str, requirements: Mapping[str, str]) -> tuple[str, str]:
        """Return the best version of a component and its recipe's text. Raises DeploymentFailed, or CloudAway."""
        attributes: JsonObject = {
            "os": self._platform.os,
            "architecture": self._platform.architecture,
            "runtime": self._runtime.fleet_name,
        }
        request: JsonObject = {
            "platform": {"attributes": attributes},
            "componentCandidates": [{"componentName": name, "versionRequirements": {**requirements}}],
        }
        status, body = self._ask("POST", "/greengrass/v2/resolveComponentCandidates", request)
        if status != 200:
            raise _refused(name, requirements, status, body)
        found = _Resolved.model_validate(body).versions[0]
        return found.version, base64.b64decode(found.recipe).decode()

    def thing_groups(self) -> tuple[str, ...] | None:
        """Return the device's thing groups, or None if the cloud cannot be asked."""
        status, body = self._ask("GET", f"/greengrass/v2/coreDevices/{quote(self._thing)}/thingGroups")
        if status != 200:
            return None
        return tuple(each.name for each in _ThingGroups.model_validate(body).groups or ())

    def _fetch_credentials(self) -> Credentials:
        path = f"/role-aliases/{quote(self._settings.role_alias)}/credentials"
        status, body = self._ask("GET", path, headers={"x-amzn-iot-thingname": self._thing})
        if status != 200:
            raise DeploymentFailed(
                f"the credentials endpoint refused {self._settings.role_alias} ({status}: {_message(body)}). "
                "See that the role alias exists, that its role trusts it, and that the thing's policy allows it.",
                "ARTIFACT_DOWNLOAD_ERROR",
                "CREDENTIAL_ENDPOINT_AUTH_FAILURE",
            )
        return _GivenCredentials.model_validate(body).credentials

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock.now(), UTC)

    def _ask(
        self, method: str, path: str, request: JsonObject | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, JsonObject]:
        sent = {"accept": "application/json", **(headers or {})}
        body = None
        if request is not None:
            sent["content-type"] = "application/json"
            body = json.dumps(request).encode()
        if (fault := self._trust.fault()) is not None:
            raise CloudAway(f"{self._settings.data_plane} cannot be reached: {fault}")
        try:
            answer = self._http.request(method, self._settings.data_plane + path, body=body, headers=sent)
        except urllib3.exceptions.HTTPError as error:
            raise CloudAway(f"{self._settings.data_plane} cannot be reached: {error}") from error
        try:
            document = json.loads(answer.data or b"{}")
        except ValueError:
            document = {}
        return answer.status, document if isinstance(document, dict) else {}


class CloudCandidates:
    """Asks the cloud first. Without a network it takes what is on the disk."""

    def __init__(self, data_plane: DataPlane, packages: PackageStore) -> None:
        self._data_plane = data_plane
        self._packages = packages

    async def candidate(self, name: str, requirements: Mapping[str, str]) -> Component:
        """Return the best version. Raises DeploymentFailed."""
        try:
            version, recipe = await asyncio.to_thread(self._data_plane.resolve, name, requirements)
        except CloudAway as error:
            _log.warning("the cloud cannot be asked for versions", extra={"component": name, "reason": str(error)})
            try:
                return await self._packages.candidate(name, requirements)
            except DeploymentFailed as failure:
                raise DeploymentFailed(f"{failure}; and {error}", "NETWORK_ERROR") from failure
        component = self._packages.read(recipe, f"the recipe of {name} {version}")
        self._packages.save_recipe(recipe, name, version)
        return component


def _refused(name: str, requirements: Mapping[str, str], status: int, body: JsonObject) -> DeploymentFailed:
    wanted = ", ".join(f"{who} wants {requirement}" for who, requirement in requirements.items())
    if status == 404:
        return DeploymentFailed(
            f"no version of {name} meets the requirements ({wanted}): {_message(body)}. Publish one.",
            "NO_AVAILABLE_COMPONENT_VERSION",
            "COMPONENT_VERSION_REQUIREMENTS_NOT_MET",
        )
    code = "RESOLVE_COMPONENT_CANDIDATES_ACCESS_DENIED" if status == 403 else "CLOUD_API_ERROR"
    return DeploymentFailed(f"{name} could not be resolved ({status}: {_message(body)})", code)


def _message(body: JsonObject) -> str:
    return str(body.get("message") or body.get("Message") or "no reason given")
