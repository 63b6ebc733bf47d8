"""Greengrass's data plane and the credentials provider, asked with the device's certificate. Blocking calls."""

import base64
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import urllib3

from greengrass_emulator.nucleus.clock import DeviceClock
from greengrass_emulator.nucleus.cloud.trust import Trust
from greengrass_emulator.nucleus.errors import CloudAway, DeploymentFailed
from greengrass_emulator.nucleus.recipes.platform import Platform
from greengrass_emulator.nucleus.runtimes import Runtime
from greengrass_emulator.nucleus.settings import CloudSettings

_TIMEOUT = urllib3.Timeout(connect=5, read=30)
_RETRIES = urllib3.Retry(total=3, backoff_factor=0.3, status_forcelist=(500, 502, 503, 504), allowed_methods=None)
_EARLY = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Credentials:
    """Temporary credentials from the device's role alias."""

    access_key: str
    secret_key: str
    token: str
    expires: datetime


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
            retries=_RETRIES,
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
        attributes = {
            "os": self._platform.os,
            "architecture": self._platform.architecture,
            "runtime": self._runtime.fleet_name,
        }
        request = {
            "platform": {"attributes": attributes},
            "componentCandidates": [{"componentName": name, "versionRequirements": dict(requirements)}],
        }
        status, body = self._ask("POST", "/greengrass/v2/resolveComponentCandidates", request)
        if status != 200:
            raise _refused(name, requirements, status, body)
        found = body["resolvedComponentVersions"][0]
        return str(found["componentVersion"]), base64.b64decode(found["recipe"]).decode()

    def thing_groups(self) -> tuple[str, ...] | None:
        """Return the device's thing groups, or None if the cloud cannot be asked."""
        status, body = self._ask("GET", f"/greengrass/v2/coreDevices/{quote(self._thing)}/thingGroups")
        if status != 200:
            return None
        return tuple(str(group["thingGroupName"]) for group in body.get("thingGroups") or [])

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
        given = body["credentials"]
        return Credentials(
            given["accessKeyId"],
            given["secretAccessKey"],
            given["sessionToken"],
            datetime.fromisoformat(given["expiration"]),
        )

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock.now(), UTC)

    def _ask(
        self, method: str, path: str, request: Any = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, dict[str, Any]]:
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


def _refused(name: str, requirements: Mapping[str, str], status: int, body: Mapping[str, Any]) -> DeploymentFailed:
    wanted = ", ".join(f"{who} wants {requirement}" for who, requirement in requirements.items())
    if status == 404:
        return DeploymentFailed(
            f"no version of {name} meets the requirements ({wanted}): {_message(body)}. Publish one.",
            "NO_AVAILABLE_COMPONENT_VERSION",
            "COMPONENT_VERSION_REQUIREMENTS_NOT_MET",
        )
    code = "RESOLVE_COMPONENT_CANDIDATES_ACCESS_DENIED" if status == 403 else "CLOUD_API_ERROR"
    return DeploymentFailed(f"{name} could not be resolved ({status}: {_message(body)})", code)


def _message(body: Mapping[str, Any]) -> str:
    return str(body.get("message") or body.get("Message") or "no reason given")
