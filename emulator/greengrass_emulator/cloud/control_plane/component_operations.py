"""The API's operations on component versions."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from greengrass_emulator.cloud.accounts import Caller
from greengrass_emulator.cloud.api_errors import (
    ConflictException,
    ResourceNotFoundException,
    ValidationException,
)
from greengrass_emulator.cloud.control_plane import requests
from greengrass_emulator.cloud.control_plane.artifact_check import CheckRequest
from greengrass_emulator.cloud.control_plane.component_store import (
    PUBLIC_OWNER,
    ComponentStore,
    ComponentVersion,
    component_arn,
    read_component_arn,
)
from greengrass_emulator.cloud.control_plane.plane import AccountPlane
from greengrass_emulator.cloud.control_plane.recipe_reading import read_recipe, recipe_as, with_digests
from greengrass_emulator.cloud.control_plane.request_tokens import page

_NO_MESSAGE = "NONE"


def create_component_version(
    plane: AccountPlane, caller: Caller, request: requests.CreateComponentVersion
) -> Mapping[str, object]:
    """Create a version as ``REQUESTED``; the artifact checker makes it ``DEPLOYABLE`` or ``FAILED``."""
    if (answered := plane.tokens.answer("CreateComponentVersion", request.client_token)) is not None:
        return answered
    if request.inline_recipe is None:
        raise ValidationException("inlineRecipe is required; components from Lambda functions are not emulated")
    recipe = read_recipe(request.inline_recipe)
    known = plane.components.find(recipe.name, recipe.version)
    if known is not None:
        raise ConflictException(
            f"Component [{recipe.name} : {recipe.version}] for account [{plane.account.id}] already exists "
            f"with state: [{known.state}]",
            resource_id=known.arn,
            resource_type="COMPONENT",
        )
    arn = f"{component_arn(plane.account.region, plane.account.id, recipe.name)}:versions:{recipe.version}"
    created = ComponentVersion(arn, recipe, datetime.now(UTC), tags=request.tags)
    check = CheckRequest(
        recipe, caller, partial(_check_started, plane, created), partial(_check_finished, plane, created)
    )
    plane.checker.submit(check)
    plane.components.put(created)
    answer: dict[str, object] = {
        "arn": arn,
        "componentName": recipe.name,
        "componentVersion": recipe.version,
        "creationTimestamp": created.created,
        "status": {"componentState": "REQUESTED", "message": _NO_MESSAGE, "errors": {}},
    }
    plane.tokens.keep("CreateComponentVersion", request.client_token, answer)
    return answer


def _same(plane: AccountPlane, created: ComponentVersion) -> ComponentVersion | None:
    # It may have been deleted, and created again, during the check of its artifacts.
    known = plane.components.find(created.recipe.name, created.recipe.version)
    return known if known is not None and known.created == created.created else None


def _check_started(plane: AccountPlane, created: ComponentVersion) -> None:
    with plane.lock:
        if (known := _same(plane, created)) is not None:
            plane.components.put(replace(known, state="INITIATED"))


def _check_finished(
    plane: AccountPlane, created: ComponentVersion, digests: Mapping[str, str], errors: Mapping[str, str]
) -> None:
    with plane.lock:
        known = _same(plane, created)
        if known is None:
            return
        if errors:
            listed = ", ".join(f"{uri} = {reason}" for uri, reason in errors.items())
            message = f"Invalid Input: Encountered following errors in Artifacts: {{{listed}}}"
            plane.components.put(replace(known, state="FAILED", message=message, errors=dict(errors)))
        else:
            recipe = with_digests(known.recipe, digests)
            plane.components.put(replace(known, state="DEPLOYABLE", message=_NO_MESSAGE, recipe=recipe))


def describe_component(plane: AccountPlane, _: Caller, request: requests.OfComponent) -> Mapping[str, object]:
    """Return a version's metadata and status."""
    found = find_version(plane, request.arn)
    return {
        "arn": found.arn,
        "componentName": found.recipe.name,
        "componentVersion": found.recipe.version,
        "creationTimestamp": found.created,
        "publisher": found.recipe.publisher,
        "description": found.recipe.description,
        "status": found.status(),
        "platforms": _platforms(found),
        "tags": dict(found.tags) or None,
    }


def get_component(plane: AccountPlane, _: Caller, request: requests.GetComponent) -> Mapping[str, object]:
    """Return a version's recipe, with the digests that the cloud added."""
    found = find_version(plane, request.arn)
    return {
        "recipeOutputFormat": request.recipe_output_format,
        "recipe": recipe_as(found.recipe, request.recipe_output_format),
        "tags": dict(found.tags) or None,
    }


def list_components(plane: AccountPlane, _: Caller, request: requests.ListComponents) -> Mapping[str, object]:
    """Return components with their latest version: the account's own, or the public ones."""
    public = request.scope == "PUBLIC"
    store = plane.public if public else plane.components
    owner = PUBLIC_OWNER if public else plane.account.id
    names, token = page(store.names(), request.max_results, request.next_token)
    return {"components": [_listed(plane, store, owner, name) for name in names], "nextToken": token}


def list_component_versions(
    plane: AccountPlane, _: Caller, request: requests.ListComponentVersions
) -> Mapping[str, object]:
    """Return a component's versions, the highest first; empty for an unknown component."""
    reference = read_component_arn(request.arn)
    known = _store(plane, reference.owner).versions_of(reference.name)
    versions, token = page(known, request.max_results, request.next_token)
    listed = [{"componentName": v.recipe.name, "componentVersion": v.recipe.version, "arn": v.arn} for v in versions]
    return {"componentVersions": listed, "nextToken": token}


def delete_component(plane: AccountPlane, _: Caller, request: requests.OfComponent) -> Mapping[str, object]:
    """Remove a version from the account. Devices that have it keep it (AWS, DeleteComponent)."""
    found = find_version(plane, request.arn)
    if read_component_arn(found.arn).owner == PUBLIC_OWNER:
        raise ValidationException("A public component cannot be deleted")
    if found.state in {"REQUESTED", "INITIATED"}:
        raise ConflictException(
            f"Component [{found.recipe.name} : {found.recipe.version}] is still being created",
            resource_id=found.arn,
            resource_type="COMPONENT",
        )
    plane.components.remove(found.recipe.name, found.recipe.version)
    return {}


def get_component_version_artifact(
    plane: AccountPlane, _: Caller, request: requests.GetComponentVersionArtifact
) -> Mapping[str, object]:
    """Refuse: only public and Lambda components have artifacts that the service keeps, and the emulated ones have none.

    A private component's artifact is in its owner's bucket; a device downloads it with its own credentials.
    """
    found = find_version(plane, request.arn)
    name = request.artifact_name
    raise ResourceNotFoundException(
        f"Component [{found.recipe.name} : {found.recipe.version}] has no artifact {name} that the service keeps",
        resource_id=name,
        resource_type="ARTIFACT",
    )


def find_version(plane: AccountPlane, arn: str) -> ComponentVersion:
    """Return the version of an ARN. Raises ``ResourceNotFoundException``."""
    reference = read_component_arn(arn)
    found = _store(plane, reference.owner).find(reference.name, reference.version or "")
    if found is None:
        raise ResourceNotFoundException(
            f"Component [{reference.name} : {reference.version}] for account [{plane.account.id}] does not exist",
            resource_id=arn,
            resource_type="COMPONENT",
        )
    return found


def _store(plane: AccountPlane, owner: str) -> ComponentStore:
    if owner == PUBLIC_OWNER:
        return plane.public
    return plane.components if owner == plane.account.id else ComponentStore()


def _platforms(version: ComponentVersion) -> list[Mapping[str, object]]:
    return [{"name": name, "attributes": dict(attributes)} for name, attributes in version.recipe.platforms]


def _listed(plane: AccountPlane, store: ComponentStore, owner: str, name: str) -> Mapping[str, object]:
    latest = store.versions_of(name)[0]
    return {
        "arn": component_arn(plane.account.region, owner, name),
        "componentName": name,
        "latestVersion": {
            "arn": latest.arn,
            "componentVersion": latest.recipe.version,
            "creationTimestamp": latest.created,
            "description": latest.recipe.description,
            "publisher": latest.recipe.publisher,
            "platforms": _platforms(latest),
        },
    }
