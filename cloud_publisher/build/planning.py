"""Plans a build, component by component: reuse a version that has the same content, or build the next one.

Reads the registry, the bucket and the account's component versions; changes nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path

from cloud_publisher.artifacts.inventory import Inventory, take_inventory
from cloud_publisher.artifacts.uploaded import Uploaded
from cloud_publisher.build.agent_forms import forms_read_by
from cloud_publisher.build.content import Content, Place, content_of, source_files
from cloud_publisher.cloud_errors import asking
from cloud_publisher.errors import CloudError
from cloud_publisher.recipes.component_recipe import RecipeSource, recipe_of, recipe_sources
from cloud_publisher.registry.resolving import ResolvedModel, resolve_model
from cloud_publisher.session import Account
from cloud_publisher.validation.sources import Sources
from cloud_publisher.versions import Bump, next_version
from shared_schema.config import Component
from shared_schema.release import ReleaseComponent


@dataclass(frozen=True, slots=True)
class Planned:
    """One component of the planned release. ``reused`` is the version that has this content; if None, it is built."""

    source: RecipeSource
    version: str
    content: Content
    recipe: str
    """The recipe's text, as it will be published."""
    model: ResolvedModel | None
    reused: ReleaseComponent | None
    uploaded: Uploaded
    forms: tuple[str, ...] = ()
    """Of the agent: the forms of the desired state that its sources read."""

    @property
    def key(self) -> str:
        return self.source.key

    @property
    def name(self) -> str:
        return self.source.name

    @property
    def content_digest(self) -> str:
        return self.content.digest

    @property
    def component(self) -> Component | None:
        return self.source.component


@dataclass(frozen=True, slots=True)
class Planner:
    """Plans the components of one repository against one account and bucket. ``dist`` is never part of a component."""

    account: Account
    bucket: str
    sources: Sources
    dist: Path
    bump: Bump

    def plan(self) -> Iterator[Planned]:
        """Yield each component after those whose version its recipe needs.

        Raises ``ModelUnavailableError``, ``BuildFailedError``, ``CloudError``.
        """
        versions: dict[str, str] = {}
        sources = in_order(recipe_sources(self.sources.config.value, self.sources.hot_reloaded))
        inventory = take_inventory(self.account.s3, self.bucket, [source.name for source in sources])
        for source in sources:
            planned = self._plan_one(source, versions, inventory)
            versions[source.name] = planned.version
            yield planned

    def place(self, component: Component | None) -> Place:
        """Return where a component's sources are; ``<agent>.desired`` has none."""
        folder = self.sources.folder
        return Place(folder, self.sources.root(component) if component else folder, self.dist)

    def _plan_one(self, source: RecipeSource, versions: dict[str, str], inventory: Inventory) -> Planned:
        component = source.component
        model = None
        if component is not None and component.model is not None:
            model = resolve_model(self.account, component, component.model, bucket=self.bucket)
        content = content_of(
            source,
            place=self.place(component),
            model=model,
            bucket=self.bucket,
            versions=versions,
        )
        uploaded = inventory.uploaded[source.name]
        reused = inventory.recorded(source.name, content.digest)
        if reused is not None:
            # The component's key in the config may have changed since: it is not part of the content.
            reused = reused.model_copy(update={"key": source.key, "kind": source.kind, "reused": True})
            return Planned(source, reused.version, content, reused.recipe, model, reused, uploaded)
        version = next_version(
            uploaded.versions | published_versions(self.account, source.name),
            bump=self.bump,
            package_version=model.version if model else None,
        )
        recipe = recipe_of(source, version, bucket=self.bucket, versions=versions)
        forms: tuple[str, ...] = ()
        if component is not None and component.agent is not None:
            with source_files(component, self.place(component)) as files:
                forms = forms_read_by(files)
        return Planned(source, version, content, recipe.text(), model, None, uploaded, forms)


def in_order(sources: list[RecipeSource]) -> list[RecipeSource]:
    """Return the components ordered so that each comes after those whose version its recipe needs."""
    by_name = {source.name: source for source in sources}
    order = TopologicalSorter[str]()
    for source in sources:
        order.add(source.name, *(name for name in source.awaited() if name in by_name))
    return [by_name[name] for name in order.static_order()]


def published_versions(account: Account, name: str) -> frozenset[str]:
    """Return the versions of a component that the account has, in any state. Raises ``CloudError``."""
    arn = account.component_arn(name)
    try:
        with asking(f"list the published versions of {name}"):
            pages = account.greengrass.get_paginator("list_component_versions").paginate(arn=arn)
            return frozenset(each["componentVersion"] for page in pages for each in page["componentVersions"])
    except CloudError as error:
        if error.code == "ResourceNotFoundException":
            return frozenset()
        raise
