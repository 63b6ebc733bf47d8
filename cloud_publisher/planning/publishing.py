"""What `publish` would do in an account. Reads only."""

from cloud_publisher.publishing.component_versions import PublishedVersion
from cloud_publisher.publishing.publish import Versions, find_versions
from shared_schema.plan import ComponentPublishing
from shared_schema.release import Release, ReleaseComponent


def plan_publishing(release: Release, versions: Versions) -> list[ComponentPublishing]:
    """Return what would be done with each component. Raises what `publish` raises for a version that is not ours."""
    found = find_versions(release, versions)
    return [_publishing(component, found[component.name]) for component in release.components]


def _publishing(component: ReleaseComponent, found: PublishedVersion | None) -> ComponentPublishing:
    name, version = component.name, component.version
    if found is None:
        return ComponentPublishing(name=name, version=version, action="create")
    match found.state:
        case "DEPLOYABLE":
            return ComponentPublishing(name=name, version=version, action="unchanged")
        case "FAILED":
            because = f"it is FAILED: {found.reason}"
            return ComponentPublishing(name=name, version=version, action="create again", because=because)
        case state:
            return ComponentPublishing(name=name, version=version, action="wait for", because=f"it is {state}")
