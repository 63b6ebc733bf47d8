"""A local deployment by the nucleus's own IPC, as ``greengrass-cli deployment create`` makes one.

It uses the token that the nucleus writes for its command line. It needs no cloud.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from greengrass_emulator.errors import NucleusError
from greengrass_emulator.json_value import JsonObject
from greengrass_emulator.nucleus.status_file import DeploymentStatus, read_status

_POLL = 0.1


@dataclass(frozen=True, slots=True)
class LocalDeployment:
    """The components to deploy and to remove. ``updates`` is ``{"NAME": {"MERGE": {…}, "RESET": ["/…"]}}``."""

    merge: Mapping[str, str] = field(default_factory=dict)
    remove: tuple[str, ...] = ()
    recipes: Path | None = None
    artifacts: Path | None = None
    updates: Mapping[str, JsonObject] = field(default_factory=dict)
    failure_policy: Literal["ROLLBACK", "DO_NOTHING"] = "ROLLBACK"


def deploy_locally(root: Path, deployment: LocalDeployment) -> str:
    """Request a deployment from the nucleus that serves a root folder. Return its id. Raises ``NucleusError``."""
    from awsiot.greengrasscoreipc import connect  # noqa: PLC0415 - a third of a second, which `--help` need not pay
    from awsiot.greengrasscoreipc.clientv2 import GreengrassCoreIPCClientV2  # noqa: PLC0415
    from awsiot.greengrasscoreipc.model import GreengrassCoreIPCError  # noqa: PLC0415

    try:
        info = json.loads((root / "cli_ipc_info" / "user-0.json").read_text(encoding="utf-8"))
        client = GreengrassCoreIPCClientV2(
            client=connect(ipc_socket=info["domain_socket_path"], authtoken=info["cli_auth_token"])
        )
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise NucleusError(
            f"{root}: no nucleus answers here ({error})", "start one with `greengrass-emulator nucleus`"
        ) from error
    try:
        answer = client.create_local_deployment(
            root_component_versions_to_add=dict(deployment.merge),
            root_components_to_remove=list(deployment.remove),
            component_to_configuration=dict(deployment.updates),
            recipe_directory_path=str(deployment.recipes.resolve()) if deployment.recipes else None,
            artifacts_directory_path=str(deployment.artifacts.resolve()) if deployment.artifacts else None,
            failure_handling_policy=deployment.failure_policy,
        )
        return str(answer.deployment_id)
    except GreengrassCoreIPCError as error:
        raise NucleusError(
            f"the nucleus refuses the deployment: {type(error).__name__} {error}",
            f"see {root / 'logs' / 'greengrass.log'}",
        ) from error
    finally:
        client.close()


def wait_for_deployment(root: Path, deployment_id: str, seconds: float) -> DeploymentStatus:
    """Return the deployment once it has ended, with success or not. Raises ``NucleusError`` if it does not end in time.

    It reads the status file: lite has no operation for a deployment's status.
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        status = read_status(root)
        if status is None:
            raise NucleusError(f"{root}: the nucleus has ended", f"see {root / 'logs' / 'greengrass.log'}")
        for each in status.deployments:
            if each.id == deployment_id and each.status in {"SUCCEEDED", "FAILED", "REJECTED"}:
                return each
        time.sleep(_POLL)
    raise NucleusError(
        f"the deployment {deployment_id} was not done within {seconds:g} s", f"see {root / 'logs' / 'greengrass.log'}"
    )
