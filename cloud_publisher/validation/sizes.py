"""Checks whether the release would be too large for nucleus lite, or for any nucleus, as `deploy` measures it.

Yields notes only: which nuclei a target has, and what else is on it, is not known here.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

from pydantic import ValidationError

from cloud_publisher.deploying.content.merging import merge_release
from cloud_publisher.deploying.content.template_checks import UnfitTemplateError
from cloud_publisher.fleet.targets import Target, parse_target
from cloud_publisher.recipes.component_recipe import RecipeSource, recipe_of, recipe_sources
from cloud_publisher.sizes.deployment_sizes import deployment_figures, place_of
from cloud_publisher.sizes.figure import Figure, recipe_figures
from cloud_publisher.validation.sources import Sources
from shared_schema.deployment import DeploymentTemplate
from shared_schema.diagnostics import Diagnostic
from shared_schema.json_value import JsonObject
from shared_schema.messages import Channel
from shared_schema.release import Release, ReleaseComponent, ReleaseModel

_A_VERSION = "9.0.0"
_A_DIGEST = "A" * 43
_NOBODYS = "arn:aws:iot:eu-west-1:111111111111:thinggroup/the-line"
_LONGEST_BUCKET = "b" * 63


def check_sizes(sources: Sources) -> Iterator[Diagnostic]:
    """Yield notes about the recipes, and about the deployment to each stage's target with this repository's content."""
    components = list(_components(sources))
    for source, component, document in components:
        key = (source.key.removesuffix(".desired"),)
        for figure in recipe_figures(source.name, component.recipe, document):
            if figure.over:
                yield sources.note(key, f"on nucleus lite: {figure.warning}")
    agent = next((source.key for source, *_ in components if source.kind == "agent"), None)
    if agent is None:
        return
    release = _release(sources, [component for _, component, _ in components])
    noted = set[str]()
    for target in _targets(sources):
        for lite in (False, True):
            for figure in _figures(sources, release, target, lite=lite):
                # One note for all stages: they only differ in the length of their groups' names.
                if figure.over and figure.what not in noted:
                    noted.add(figure.what)
                    where = "with nucleus lite in the target" if lite else "at any target"
                    refused = ", and deploy refuses it" if figure.binding else ""
                    yield sources.note((agent,), f"{where}: {figure.words}{refused}: {figure.why}; {figure.remedy}")


def _figures(sources: Sources, release: Release, target: Target, *, lite: bool) -> list[Figure]:
    template = sources.template.value if sources.template else DeploymentTemplate()
    channel = Channel.SUBSCRIBED if lite else Channel.VALIDATED
    try:
        content = merge_release(release, template, None, channel=channel, number=int(release.built.timestamp()))
    except UnfitTemplateError:
        # `deploy`, and the check of the template, report it.
        return []
    return deployment_figures(content, place_of(target, (), lite=lite))


def _components(sources: Sources) -> Iterator[tuple[RecipeSource, ReleaseComponent, JsonObject]]:
    """Return each component of the release that this repository would make, with its recipe as a document."""
    for source in recipe_sources(sources.config.value, sources.hot_reloaded):
        try:
            recipe = recipe_of(source, _A_VERSION, bucket=_LONGEST_BUCKET, versions={})
        except ValidationError:
            continue  # the check of the recipes reports it
        manifest = sources.manifests.get(source.key) if source.kind == "model" else None
        timeout = manifest.value.vetting.timeout if manifest else 60.0
        model = ReleaseModel(digest=_A_DIGEST, vetting_timeout=timeout) if source.kind == "model" else None
        component = ReleaseComponent(
            key=source.key,
            name=source.name,
            version=_A_VERSION,
            kind=source.kind,
            content_digest="0" * 64,
            reused=False,
            recipe=recipe.text(),
            model=model,
        )
        yield source, component, recipe.canonical()


def _release(sources: Sources, components: list[ReleaseComponent]) -> Release:
    config = sources.config.value
    agent = next((each.agent for each in config.custom_components.values() if each.agent), None)
    return Release(
        built=datetime.now(UTC),
        bucket=_LONGEST_BUCKET,
        region="eu-west-1",
        application=config.application,
        settings=agent.settings if agent else None,
        components=components,
    )


def _targets(sources: Sources) -> list[Target]:
    """Return the stages' targets and canaries; without a stage, a target with a name of a usual length."""
    stages = sources.config.value.stages.values()
    arns = [arn for stage in stages for arn in (stage.target, stage.canary) if arn]
    return [parse_target(arn) for arn in arns or [_NOBODYS]]
