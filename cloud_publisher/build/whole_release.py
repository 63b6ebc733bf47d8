"""Makes a release, and its entry of a new component: the same whether it is built or only planned."""

from collections.abc import Sequence
from datetime import UTC, datetime

from cloud_publisher.build.planning import Planned, Planner
from shared_schema.release import Release, ReleaseArtifact, ReleaseComponent, ReleaseModel


def release_of(planner: Planner, components: Sequence[ReleaseComponent]) -> Release:
    """Return the release of these components, with the current time."""
    config = planner.sources.config.value
    agent = next((each.agent for each in config.custom_components.values() if each.agent), None)
    return Release(
        schema_=1,
        built=datetime.now(UTC).replace(microsecond=0),
        bucket=planner.bucket,
        region=planner.account.region,
        application=config.application,
        settings=agent.settings if agent else None,
        components=list(components),
    )


def new_component(
    planned: Planned, model: ReleaseModel | None, artifacts: Sequence[ReleaseArtifact] = ()
) -> ReleaseComponent:
    """Return the entry of a component whose version is new."""
    return ReleaseComponent(
        key=planned.key,
        name=planned.name,
        version=planned.version,
        kind=planned.source.kind,
        content_digest=planned.content_digest,
        reused=False,
        recipe=planned.recipe,
        artifacts=list(artifacts),
        model=model,
        forms=list(planned.forms),
    )
