"""ResolveComponentCandidates: the highest version that satisfies every requirement, with its recipe.

Devices call it over their own endpoint (the nucleus's ComponentServiceHelper). The nucleus chooses the manifest.
"""

from collections.abc import Mapping

from greengrass_emulator.cloud.api_errors import (
    AccessDeniedException,
    ResourceNotFoundException,
    ValidationException,
)
from greengrass_emulator.cloud.control_plane.component_store import ComponentVersion
from greengrass_emulator.cloud.control_plane.plane import AccountPlane
from greengrass_emulator.cloud.control_plane.requests import ComponentCandidate, ResolveComponentCandidates
from greengrass_emulator.cloud.control_plane.versions import is_range, satisfies_all


def resolve_component_candidates(plane: AccountPlane, request: ResolveComponentCandidates) -> Mapping[str, object]:
    """Return one version for each candidate. Raises ``ResourceNotFoundException`` if no version satisfies it."""
    resolved = [_resolve(plane, candidate) for candidate in request.component_candidates]
    return {
        "resolvedComponentVersions": [
            {
                "arn": version.arn,
                "componentName": version.recipe.name,
                "componentVersion": version.recipe.version,
                "recipe": version.recipe.text.encode(),
                "vendorGuidance": "ACTIVE",
            }
            for version in resolved
        ]
    }


def refuse_resolution(*_: object) -> Mapping[str, object]:
    """Refuse the call at the API's own endpoint, whatever the credentials (API reference)."""
    raise AccessDeniedException(
        "ResolveComponentCandidates is answered at the data plane endpoint, to a device's certificate"
    )


def _resolve(plane: AccountPlane, candidate: ComponentCandidate) -> ComponentVersion:
    name = candidate.component_name
    if not name:
        raise ValidationException("Each candidate must have a componentName")
    requirements = candidate.version_requirements
    for dependent, wanted in requirements.items():
        if not is_range(wanted):
            raise ValidationException(f"The requirement {wanted!r} of {dependent} for {name} is not an npm range")
    # An account's own component hides a public one of the same name.
    for store in (plane.components, plane.public):
        for version in store.versions_of(name):
            if version.state == "DEPLOYABLE" and satisfies_all(version.recipe.version, requirements.values()):
                return version
    listed = ", ".join(f"{dependent} requires {wanted}" for dependent, wanted in requirements.items()) or "none"
    raise ResourceNotFoundException(
        f"No version of component {name} satisfies the requirements: {listed}",
        resource_id=name,
        resource_type="COMPONENT",
    )
