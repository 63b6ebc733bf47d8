"""Which versions a deployment comes to."""

import asyncio
from collections.abc import Mapping

import nodesemver
import pytest
from greengrass_emulator.nucleus.deployments.document import FleetConfiguration
from greengrass_emulator.nucleus.deployments.resolution import resolve, satisfies
from greengrass_emulator.nucleus.errors import DeploymentFailed
from greengrass_emulator.nucleus.recipes.component import Component, Dependency, Lifecycle
from greengrass_emulator.nucleus.runtimes import CLASSIC, LITE

Catalogue = dict[str, dict[str, dict[str, tuple[str, bool]]]]


class _Shelf:
    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    async def candidate(self, name: str, requirements: Mapping[str, str]) -> Component:
        versions = [
            version
            for version in self._catalogue.get(name, {})
            if all(satisfies(version, each) for each in requirements.values())
        ]
        if not versions:
            raise DeploymentFailed(f"nothing for {name}", "NO_AVAILABLE_COMPONENT_VERSION")
        best = nodesemver.rsort(versions, False)[0]
        dependencies = {each: Dependency(*rest) for each, rest in self._catalogue[name][best].items()}
        return Component(name, best, {}, dependencies, Lifecycle(), ())


def _resolve(catalogue: Catalogue, **targets: dict[str, str]) -> dict[str, str]:
    found = asyncio.run(resolve(targets, _Shelf(catalogue), CLASSIC))
    return {name: component.version for name, component in found.items()}


def test_hard_and_soft_dependencies_are_both_brought_in() -> None:
    catalogue: Catalogue = {
        "app": {"1.0.0": {"lib": ("^1.0.0", True), "model": (">=2.0.0 <3.0.0", False)}},
        "lib": {"1.0.0": {}, "1.4.0": {}, "2.0.0": {}},
        "model": {"2.1.0": {}, "3.0.0": {}},
    }
    assert _resolve(catalogue, group={"app": "1.0.0"}) == {"app": "1.0.0", "lib": "1.4.0", "model": "2.1.0"}


def test_every_requirement_holds_whoever_was_asked_first() -> None:
    catalogue: Catalogue = {
        "a": {"1.0.0": {"lib": ("^1.0.0", True)}},
        "b": {"1.0.0": {"lib": ("<=1.2.0", True)}},
        "lib": {"1.2.0": {}, "1.4.0": {"only-newer": ("*", True)}},
        "only-newer": {"1.0.0": {}},
    }
    expected = {"a": "1.0.0", "b": "1.0.0", "lib": "1.2.0"}
    assert _resolve(catalogue, one={"a": "1.0.0"}, two={"b": "1.0.0"}) == expected


def test_targets_that_name_different_versions_fail() -> None:
    catalogue: Catalogue = {"a": {"1.0.0": {}, "2.0.0": {}}}
    assert _resolve(catalogue, one={"a": "1.0.0"}, two={"a": "1.0.0"}) == {"a": "1.0.0"}
    with pytest.raises(DeploymentFailed, match="nothing for a"):
        _resolve(catalogue, one={"a": "1.0.0"}, two={"a": "2.0.0"})


def test_a_circle_is_named() -> None:
    catalogue: Catalogue = {"a": {"1.0.0": {"b": ("*", True)}}, "b": {"1.0.0": {"a": ("*", False)}}}
    with pytest.raises(DeploymentFailed, match="a -> b -> a"):
        _resolve(catalogue, one={"a": "1.0.0"})


def test_the_nucleus_is_there_and_does_not_update_itself() -> None:
    catalogue: Catalogue = {"a": {"1.0.0": {"aws.greengrass.Nucleus": (">=2.0.0 <3.0.0", False)}}}
    assert _resolve(catalogue, one={"a": "1.0.0"}) == {"a": "1.0.0"}
    catalogue["a"]["1.0.0"]["aws.greengrass.Nucleus"] = ("^3.0.0", True)
    with pytest.raises(DeploymentFailed, match="this device runs"):
        _resolve(catalogue, one={"a": "1.0.0"})
    assert asyncio.run(resolve({"one": {"a": "1.0.0"}}, _Shelf(catalogue), LITE)).keys() == {"a"}


def test_a_jobs_document_becomes_a_deployment() -> None:
    document = {
        "deploymentId": "d-1",
        "deploymentName": "x",
        "configurationArn": "arn:aws:greengrass:eu-west-1:1:configuration:thinggroup/line-1:7",
        "targetArn": "arn",
        "creationTimestamp": 1,
        "components": {
            "a": {"version": "1.0.0", "configurationUpdate": {"merge": {"x": 1}, "reset": ["/y"]}},
            "b": {"version": "2.0.0", "runWith": {}},
        },
        "failureHandlingPolicy": "DO_NOTHING",
        "componentUpdatePolicy": {"action": "SKIP_NOTIFY_COMPONENTS", "timeout": 7},
    }
    deployment = FleetConfiguration.model_validate(document).deployment("job-1")
    assert (deployment.kind, deployment.target, deployment.validation_id) == (
        "THING_GROUP",
        "thinggroup/line-1",
        "job-1",
    )
    assert deployment.roots() == {"a": "1.0.0", "b": "2.0.0"}
    assert (deployment.components["a"].merge, deployment.components["a"].reset) == ({"x": 1}, ("/y",))
    assert (deployment.rolls_back, deployment.notifies, deployment.validation_timeout) == (False, False, 20.0)
    document["configurationArn"] = arn = "arn:aws:greengrass:eu-west-1:1:configuration:thing/t:2"
    deployment = FleetConfiguration.model_validate(document).deployment()
    assert (deployment.kind, deployment.target, deployment.validation_id) == ("THING", "thing/t", arn)
