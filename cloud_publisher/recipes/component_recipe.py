"""Makes a component's recipe, for its version and the other versions of the release.

The same function makes the recipe to publish and the one in the content digest, in which the component's own version
is left open (docs/architecture.md, "Digests and versions").
"""

from collections.abc import Mapping
from dataclasses import dataclass

from cloud_publisher.artifacts.keys import artifact_uri, name_in_uri
from cloud_publisher.recipes.agent_recipe import LITE, agent_configuration, agent_lifecycle, agent_manifests
from cloud_publisher.recipes.architectures import architectures_of, manifests_by_architecture
from cloud_publisher.recipes.placeholders import BUCKET, NAME, VERSION, filled_everywhere, filled_name
from shared_schema.config import Component, Config
from shared_schema.recipe import Artifact, Configuration, Dependency, Lifecycle, Manifest, Platform, Recipe
from shared_schema.release import Kind, desired_component_name

OPEN_VERSION = "0.0.0-open"
"""Placeholder for the component's own version if that is left open."""
LATEST = "x.x.x"
"""As a version requirement: this release's version of that component."""
_EVERYWHERE = Platform(os="linux", runtime="*")
"""Both runtimes: lite takes only manifests that name one, and classic ignores it."""


@dataclass(frozen=True, slots=True)
class RecipeSource:
    """One component of a release, before it has a version. ``component`` is None for ``<agent>.desired``."""

    key: str
    name: str
    kind: Kind
    component: Component | None
    application: str | None
    publisher: str | None

    def artifact_names(self, version: str = OPEN_VERSION) -> list[str]:
        """The file names of its artifacts, each once, in the recipe's order."""
        recipe = recipe_of(self, version, bucket="bucket", versions={})
        names = [name_in_uri(artifact.uri) for manifest in recipe.manifests for artifact in manifest.artifacts]
        return list(dict.fromkeys(names))

    def architectures(self, version: str) -> dict[str, set[str | None]]:
        """By artifact, the architectures of the manifests that list it; None stands for a manifest without one."""
        found: dict[str, set[str | None]] = {}
        for manifest in recipe_of(self, version, bucket="bucket", versions={}).manifests:
            architecture = manifest.platform.architecture if manifest.platform else None
            for artifact in manifest.artifacts:
                names = found.setdefault(name_in_uri(artifact.uri), set())
                names.add(None if architecture in {"*", "all"} else architecture)
        return found

    def awaited(self) -> list[str]:
        """The components whose version in this release its recipe needs."""
        wanted = self.component.component_dependencies if self.component else {}
        return [name for name, dependency in wanted.items() if LATEST in dependency.version_requirement]


def recipe_sources(config: Config, hot_reloaded: frozenset[str]) -> list[RecipeSource]:
    """Return every component of the release: the config's, and ``<agent>.desired`` after its agent.

    ``hot_reloaded`` has the keys of the model components that have a manifest.
    """
    sources: list[RecipeSource] = []
    for key, component in config.custom_components.items():
        kind: Kind = "agent" if component.agent else "model" if key in hot_reloaded else "application"
        publisher = component.publisher or config.publisher
        source = RecipeSource(key, component.component_name, kind, component, config.application, publisher)
        sources.append(source)
        if kind == "agent":
            desired = desired_component_name(component.component_name)
            sources.append(RecipeSource(f"{key}.desired", desired, "desired", None, config.application, publisher))
    return sources


def recipe_of(source: RecipeSource, version: str, *, bucket: str, versions: Mapping[str, str]) -> Recipe:
    """Return the recipe of ``source`` at ``version``. ``versions`` has the release's versions by component name.

    A dependency that is not in ``versions`` keeps its ``x.x.x``. Raises ``pydantic.ValidationError`` if the config
    makes no valid recipe, which `validate` reports before.
    """
    component = source.component
    if component is None:
        return _desired_recipe(source, version)
    values = {BUCKET: bucket, NAME: source.name, VERSION: version}

    def placed(artifact: Artifact) -> Artifact:
        name = filled_name(name_in_uri(artifact.uri), values)
        return artifact.model_copy(update={"uri": artifact_uri(bucket, source.name, version, name)})

    if source.kind == "agent":
        manifests = agent_manifests(component, placed(_agent_artifact(source, component)))
        configuration: Configuration | None = agent_configuration(component, source.application or "")
        lifecycle = agent_lifecycle(component)
    else:
        manifests = [
            manifest.model_copy(update={"artifacts": [placed(artifact) for artifact in manifest.artifacts]})
            for manifest in _manifests(component)
        ]
        configuration, lifecycle = component.component_configuration, None
    recipe = Recipe(
        component_name=source.name,
        component_version=version,
        component_description=component.description,
        component_publisher=source.publisher,
        component_configuration=configuration,
        component_dependencies=_dependencies(component, versions) or None,
        manifests=manifests,
        lifecycle=lifecycle,
    )
    recipe = Recipe.model_validate(filled_everywhere(recipe.canonical(), values))
    if component.build.build_system == "python" and component.agent is None and component.manifests is None:
        architectures = architectures_of(component.build)
        if len(architectures) > 1:
            manifests = manifests_by_architecture(recipe.manifests[0], architectures)
            recipe = recipe.model_copy(update={"manifests": manifests})
    return recipe


def _manifests(component: Component) -> list[Manifest]:
    if component.manifests is not None:
        return component.manifests
    return [Manifest(platform=_EVERYWHERE, lifecycle=component.lifecycle, artifacts=component.artifacts or [])]


def _agent_artifact(source: RecipeSource, component: Component) -> Artifact:
    if component.artifacts:
        return component.artifacts[0]
    return Artifact(uri=f"s3://{BUCKET}/{NAME}/{VERSION}/{source.key}.zip", unarchive="ZIP")


def _dependencies(component: Component, versions: Mapping[str, str]) -> dict[str, Dependency]:
    return {
        name: dependency.model_copy(
            update={"version_requirement": dependency.version_requirement.replace(LATEST, versions.get(name, LATEST))}
        )
        for name, dependency in component.component_dependencies.items()
    }


def _desired_recipe(source: RecipeSource, version: str) -> Recipe:
    """Return the recipe of ``<agent>.desired``, the subscribed channel's carrier: no artifact, a ``run`` that ends."""
    lifecycle = Lifecycle(run="exit 0")
    return Recipe(
        component_name=source.name,
        component_version=version,
        component_description="Carries the desired state that the agent follows",
        component_publisher=source.publisher,
        manifests=[
            Manifest(name="lite", platform=Platform(os="linux", runtime=LITE), lifecycle=lifecycle),
            Manifest(name="classic", platform=Platform(os="linux"), lifecycle=lifecycle),
        ],
    )
