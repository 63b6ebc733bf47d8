"""The release that a build would make, and why each component would be built. Builds nothing."""

from dataclasses import dataclass

from cloud_publisher.artifacts.keys import artifact_uri
from cloud_publisher.artifacts.listings import newest_listing
from cloud_publisher.artifacts.uploaded import check_bucket
from cloud_publisher.build.planning import Planned, Planner
from cloud_publisher.build.whole_release import new_component, release_of
from cloud_publisher.deploying.plan.build_reasons import build_reasons
from cloud_publisher.deploying.plan.differences import UNKNOWN_DIGEST
from shared_schema.plan import ComponentBuild
from shared_schema.release import Release, ReleaseComponent, ReleaseModel


@dataclass(frozen=True, slots=True)
class ReleaseToBe:
    """A release before it is built, and what the build would do for each component."""

    release: Release
    builds: list[ComponentBuild]


def release_to_be(planner: Planner) -> ReleaseToBe:
    """Plan the build. Raises ``ModelUnavailableError``, ``BuildFailedError``, ``CloudError``."""
    check_bucket(planner.account.s3, planner.bucket)
    planned = list(planner.plan())
    release = release_of(planner, [each.reused or _to_be(planner, each) for each in planned])
    return ReleaseToBe(release, [_build(planner, each) for each in planned])


def built_already(release: Release) -> ReleaseToBe:
    """Return a plan for a release that is already built: nothing is to be built."""
    builds = [
        ComponentBuild(
            key=each.key,
            name=each.name,
            version=each.version,
            kind=each.kind,
            content_digest=each.content_digest,
            action="reuse",
        )
        for each in release.components
    ]
    return ReleaseToBe(release, builds)


def _to_be(planner: Planner, planned: Planned) -> ReleaseComponent:
    manifest = planner.sources.manifests.get(planned.key) if planned.source.kind == "model" else None
    model = None
    if manifest is not None:
        model = ReleaseModel(digest=UNKNOWN_DIGEST, vetting_timeout=manifest.value.vetting.timeout)
    return new_component(planned, model)


def _build(planner: Planner, planned: Planned) -> ComponentBuild:
    uploads = [
        artifact_uri(planner.bucket, planned.name, planned.version, name)
        for name in planned.source.artifact_names(planned.version)
    ]
    return ComponentBuild(
        key=planned.key,
        name=planned.name,
        version=planned.version,
        kind=planned.source.kind,
        content_digest=planned.content_digest,
        action="reuse" if planned.reused else "build",
        because=[] if planned.reused else _because(planner, planned),
        uploads=[] if planned.reused else uploads,
    )


def _because(planner: Planner, planned: Planned) -> list[str]:
    if planned.content_digest in planned.uploaded.recorded:
        return ["it was built, and its artifacts are not all in the bucket any more"]
    found = newest_listing(planner.account.s3, planner.bucket, planned.uploaded)
    if found is None:
        return ["it was never built"]
    version, listing = found
    if listing is None:
        return [f"its content differs from {version}'s, of which the bucket has no listing"]
    return [f"since {version}: {reason}" for reason in build_reasons(listing, dict(planned.content.listing), version)]
