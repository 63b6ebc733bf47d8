"""``cloud-publisher build``: from the approved models and this repository to artifacts and ``dist/release.json``."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cloud_publisher.cli.options import (
    BucketOption,
    ConfigOption,
    DevExternalIdOption,
    DevRoleOption,
    DistOption,
    RegionOption,
    TemplateOption,
)
from cloud_publisher.cli.output import JsonOption, Output

if TYPE_CHECKING:
    from cloud_publisher.build.planning import Planner
    from cloud_publisher.validation.sources import Sources
    from shared_schema.json_value import JsonObject
    from shared_schema.release import Release


class BuildProgress:
    """Shows a build's progress: a line for each step, and on a terminal a bar for each transfer."""

    def __init__(self, output: Output) -> None:
        self._output = output

    def step(self, key: str, text: str) -> None:
        """Show one step, or one line of a build's output."""
        self._output.say(f"{key}: {text}")

    @contextmanager
    def transfer(self, key: str, what: str, size: int) -> Iterator[Callable[[int], None]]:
        """Show a download or upload of ``size`` bytes."""
        self.step(key, f"{what} ({size} bytes)")
        with self._output.bar(key, size) as advance:
            yield advance


BumpOption = Annotated[
    Literal["major", "minor", "patch"],
    typer.Option("--bump", help="How versions go up, but for the registry's models: these count by package."),
]


def build(
    config: ConfigOption = None,
    deployment: TemplateOption = None,
    dist: DistOption = Path("dist"),
    bucket: BucketOption = None,
    bump: BumpOption = "patch",
    region: RegionOption = None,
    role_arn: DevRoleOption = None,
    external_id: DevExternalIdOption = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="List what of each folder is left out.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Build what changed, upload it to the dev account's bucket, and write dist/release.json."""
    from cloud_publisher.build.dist import write_dist
    from cloud_publisher.build.planning import Planner
    from cloud_publisher.build.release_building import build_release
    from cloud_publisher.errors import WorkFailedError
    from cloud_publisher.session import Access, open_account
    from cloud_publisher.validation.repository import valid_sources

    output = Output(as_json=as_json)
    sources = valid_sources(config, deployment)
    chosen = bucket_of(bucket, sources)
    account = open_account(Access(region or sources.config.value.region, role_arn, external_id))
    planner = Planner(account, chosen, sources, dist, bump)
    try:
        if verbose:
            _list_left_out(planner, output)
        release = build_release(planner, BuildProgress(output))
        write_dist(dist, release, sources)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise WorkFailedError(
            f"cannot use {error.filename or dist}: {error.strerror or error}",
            "free the file, the folder or the disk, and run it again",
        ) from error
    output.show(_as_json(release, dist), "")
    output.table(
        ("component", "version", "", "artifacts"),
        [
            (each.name, each.version, "reused" if each.reused else "built", ", ".join(a.uri for a in each.artifacts))
            for each in release.components
        ],
    )
    built = sum(not each.reused for each in release.components)
    if not as_json:
        output.say(
            f"{dist / 'release.json'}: nothing has changed, nothing was built or uploaded"
            if built == 0
            else f"{dist / 'release.json'}: {built} built, {len(release.components) - built} reused"
        )


def bucket_of(given: str | None, sources: "Sources") -> str:
    """The artifact bucket. Raises ``WrongUseError`` without one."""
    from cloud_publisher.errors import WrongUseError

    chosen = given or sources.config.value.artifact_bucket
    if not chosen:
        raise WrongUseError(
            "there is no artifact bucket",
            "give --bucket, set ARTIFACT_BUCKET, or write artifact-bucket: into the config",
        )
    return chosen


def _list_left_out(planner: "Planner", output: Output) -> None:
    from cloud_publisher.build.content import source_files

    for key, component in planner.sources.components.items():
        left_out: list[str] = []
        # A custom build sees its folder whole.
        if component.build.build_system != "custom":
            with source_files(component, planner.place(component), left_out=left_out):
                pass
        for name in left_out:
            output.say(f"{key}: left out: {name}")


def _as_json(release: "Release", dist: Path) -> "JsonObject":
    return {
        "release": str(dist / "release.json"),
        "built": [each.name for each in release.components if not each.reused],
        "reused": [each.name for each in release.components if each.reused],
        "components": [
            {
                "key": each.key,
                "name": each.name,
                "version": each.version,
                "kind": each.kind,
                "reused": each.reused,
                "content-digest": each.content_digest,
                "model-digest": each.model.digest if each.model else None,
                "artifacts": [{"uri": a.uri, "sha256": a.sha256, "size": a.size} for a in each.artifacts],
            }
            for each in release.components
        ],
    }
