"""``greengrass-emulator deploy``: a local deployment, as ``greengrass-cli deployment create`` makes one.

It uses the nucleus's own IPC, with the token that the nucleus writes for its command line.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from pydantic import TypeAdapter, ValidationError

from greengrass_emulator.errors import NucleusError, WrongUse
from greengrass_emulator.json_value import JsonObject

if TYPE_CHECKING:
    from greengrass_emulator.devices.local_deployment import LocalDeployment

FailurePolicy = Literal["ROLLBACK", "DO_NOTHING"]
_UPDATES = 'write {"NAME": {"MERGE": {…}, "RESET": ["/…"]}}, or name a file of it'


def deploy(
    root: Annotated[Path, typer.Option(help="The device's root folder.")],
    merge: Annotated[list[str] | None, typer.Option(help="NAME=VERSION: a component to have. May be repeated.")] = None,
    remove: Annotated[list[str] | None, typer.Option(help="NAME: a component to remove. May be repeated.")] = None,
    recipe_dir: Annotated[Path | None, typer.Option(help="Recipes to take in.")] = None,
    artifact_dir: Annotated[Path | None, typer.Option(help="Artifacts to take in: NAME/VERSION/FILE.")] = None,
    update_config: Annotated[
        str | None, typer.Option(help='JSON, or a file of it: {"NAME": {"MERGE": {…}, "RESET": ["/…"]}}.')
    ] = None,
    failure_policy: Annotated[FailurePolicy, typer.Option(help="What a failure does.")] = "ROLLBACK",
    wait: Annotated[float, typer.Option(help="Seconds to wait for its end; 0 does not wait.")] = 120.0,
) -> None:
    """Deploy components to a device that runs on this machine, without a cloud."""
    from greengrass_emulator.devices.local_deployment import deploy_locally, wait_for_deployment

    request = _request(merge, remove, recipe_dir, artifact_dir, update_config, failure_policy)
    deployment_id = deploy_locally(root, request)
    if wait > 0:
        ended = wait_for_deployment(root, deployment_id, wait)
        typer.echo(f"{ended.status} {ended.detailed} {ended.id}")
        if ended.status != "SUCCEEDED":
            raise NucleusError(f"the deployment ended {ended.detailed}: {ended.cause}", f"see {root / 'logs'}")


def _request(
    merge: list[str] | None,
    remove: list[str] | None,
    recipe_dir: Path | None,
    artifact_dir: Path | None,
    update_config: str | None,
    failure_policy: FailurePolicy,
) -> "LocalDeployment":
    from greengrass_emulator.devices.local_deployment import LocalDeployment

    adds: dict[str, str] = {}
    for each in merge or []:
        name, equals, version = each.partition("=")
        if not (name and equals and version):
            raise WrongUse(f"--merge {each}: is not NAME=VERSION", "write it as in --merge com.example.hello=1.0.0")
        adds[name] = version
    for folder in (recipe_dir, artifact_dir):
        if folder is not None and not folder.is_dir():
            raise WrongUse(f"{folder}: is not a folder", "name the folder that holds the recipes or artifacts")
    return LocalDeployment(adds, tuple(remove or ()), recipe_dir, artifact_dir, _updates(update_config), failure_policy)


def _updates(given: str | None) -> dict[str, JsonObject]:
    if given is None:
        return {}
    text = given if given.lstrip().startswith("{") else Path(given).read_text(encoding="utf-8")
    try:
        return TypeAdapter(dict[str, JsonObject]).validate_json(text)
    except ValidationError as error:
        raise WrongUse(f"--update-config: is not JSON of components ({error.errors()[0]['msg']})", _UPDATES) from error
