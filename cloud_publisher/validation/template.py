"""Checks the deployment template against the release: its versions, and what it must leave to `deploy`."""

import json
from collections.abc import Iterator

from cloud_publisher.recipes.component_recipe import LATEST
from cloud_publisher.validation.remedies import nearest_or
from cloud_publisher.validation.sources import Note, Sources
from shared_schema.desired_state import KEY
from shared_schema.documents import Fault


def check_template(sources: Sources) -> Iterator[Fault | Note]:
    """Yield the faults of each component of ``deployment.json``."""
    template = sources.template
    if template is None:
        return
    names = sources.names()
    for name, component in template.value.components.items():
        way = ("components", name)
        version = component.component_version
        if name not in names and version in {None, LATEST}:
            problem = "has no version" if version is None else f"{LATEST} is this release's version"
            yield template.fault(
                way if version is None else (*way, "componentVersion"),
                f"{problem}, and the release has no component {name!r}",
                nearest_or(name, names, "write its exact version"),
            )
        update = component.configuration_update
        if update and update.merge and name in names and KEY in json.loads(update.merge):
            yield template.fault(
                (*way, "configurationUpdate", "merge"),
                f"{KEY!r} is where `deploy` writes the desired state",
                "take it out; the agent's settings go under agent.settings of the config",
            )
