"""``greengrass-emulator deploy``: a local deployment, as ``greengrass-cli deployment create`` makes one.

It goes through the nucleus's own IPC, with the token that the nucleus leaves for its command line.
"""

import json
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from greengrass_emulator.errors import NucleusError, WrongUse

_POLL = 0.1


def deploy(
    root: Annotated[Path, typer.Option(help="The device's root folder.")],
    merge: Annotated[list[str] | None, typer.Option(help="NAME=VERSION: a component to have. May be repeated.")] = None,
    remove: Annotated[list[str] | None, typer.Option(help="NAME: a component to remove. May be repeated.")] = None,
    recipe_dir: Annotated[Path | None, typer.Option(help="Recipes to take in.")] = None,
    artifact_dir: Annotated[Path | None, typer.Option(help="Artifacts to take in: NAME/VERSION/FILE.")] = None,
    update_config: Annotated[
        str | None, typer.Option(help='JSON, or a file of it: {"NAME": {"MERGE": {…}, "RESET": ["/…"]}}.')
    ] = None,
    failure_policy: Annotated[str, typer.Option(help="ROLLBACK or DO_NOTHING.")] = "ROLLBACK",
    wait: Annotated[float, typer.Option(help="Seconds to wait for its end; 0 does not wait.")] = 120.0,
) -> None:
    """Deploy components to a device that runs on this machine, with no cloud at all."""
    request = _request(merge, remove, recipe_dir, artifact_dir, update_config, failure_policy)
    deployment_id = _create(root, request)
    if wait > 0:
        _wait(root, deployment_id, wait)


def _request(
    merge: list[str] | None,
    remove: list[str] | None,
    recipe_dir: Path | None,
    artifact_dir: Path | None,
    update_config: str | None,
    failure_policy: str,
) -> dict[str, Any]:
    adds: dict[str, str] = {}
    for each in merge or []:
        name, equals, version = each.partition("=")
        if not (name and equals and version):
            raise WrongUse(f"--merge {each}: is no NAME=VERSION.")
        adds[name] = version
    for folder in (recipe_dir, artifact_dir):
        if folder is not None and not folder.is_dir():
            raise WrongUse(f"{folder}: is no folder.")
    if failure_policy not in {"ROLLBACK", "DO_NOTHING"}:
        raise WrongUse(f"--failure-policy {failure_policy}: is neither ROLLBACK nor DO_NOTHING.")
    return {
        "root_component_versions_to_add": adds,
        "root_components_to_remove": remove or [],
        "component_to_configuration": _updates(update_config),
        "recipe_directory_path": str(recipe_dir.resolve()) if recipe_dir else None,
        "artifacts_directory_path": str(artifact_dir.resolve()) if artifact_dir else None,
        "failure_handling_policy": failure_policy,
    }


def _updates(given: str | None) -> dict[str, Any]:
    if given is None:
        return {}
    text = given if given.lstrip().startswith("{") else Path(given).read_text(encoding="utf-8")
    try:
        updates = json.loads(text)
    except ValueError as error:
        raise WrongUse(f"--update-config: is no JSON ({error}).") from error
    if not isinstance(updates, dict) or not all(isinstance(each, dict) for each in updates.values()):
        raise WrongUse('--update-config: is no object of {"NAME": {"MERGE": {…}, "RESET": ["/…"]}}.')
    return updates


def _create(root: Path, request: dict[str, Any]) -> str:
    from awsiot.greengrasscoreipc import connect
    from awsiot.greengrasscoreipc.clientv2 import GreengrassCoreIPCClientV2
    from awsiot.greengrasscoreipc.model import GreengrassCoreIPCError

    try:
        info = json.loads((root / "cli_ipc_info" / "user-0.json").read_text(encoding="utf-8"))
        client = GreengrassCoreIPCClientV2(
            client=connect(ipc_socket=info["domain_socket_path"], authtoken=info["cli_auth_token"])
        )
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise NucleusError(
            f"{root}: no nucleus answers here ({error}). Start one with `greengrass-emulator nucleus`."
        ) from error
    try:
        return str(client.create_local_deployment(**request).deployment_id)
    except GreengrassCoreIPCError as error:
        raise NucleusError(f"the nucleus refuses the deployment: {type(error).__name__} {error}") from error
    finally:
        client.close()


def _wait(root: Path, deployment_id: str, seconds: float) -> None:
    """Watch the status file: lite has no operation to ask how a deployment goes."""
    from greengrass_emulator.nucleus.status_file import read_status

    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        status = read_status(root)
        if status is None:
            raise NucleusError(f"{root}: the nucleus has ended.")
        for each in status.deployments:
            if each.id == deployment_id and each.status in {"SUCCEEDED", "FAILED", "REJECTED"}:
                typer.echo(f"{each.status} {each.detailed} {each.id}")
                if each.status != "SUCCEEDED":
                    raise NucleusError(f"the deployment ended {each.detailed}: {each.cause}")
                return
        time.sleep(_POLL)
    raise NucleusError(f"the deployment {deployment_id} was not done within {seconds:g} s. See logs/greengrass.log.")
