"""``greengrass-config.yml``: the seed's example, this repository's own, and each way in which a value can be wrong."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from shared_schema.config import Config, find_config
from shared_schema.diagnostics import Diagnostic, dotted
from shared_schema.documents import read_document, read_text_document

FaultsIn = Callable[[str, type[BaseModel]], list[Diagnostic]]
REPOSITORY = Path(__file__).parents[3]
SEED = Path(__file__).parent / "seed-example.yml"


def component(**keys: Any) -> str:
    """Return a config with one component, which is right except for the given keys."""
    return yaml.safe_dump({"custom-components": {"a": {"component-name": "com.example.a", "root": "a", **keys}}})


def test_the_seeds_own_example_is_read_key_by_key() -> None:
    config = read_document(SEED, Config).value
    (found,) = config.custom_components.values()
    assert found.component_name == "component-name"
    assert found.build.build_system == "zip"
    assert found.region == "eu-west-1"
    assert found.component_dependencies["aws.greengrass.Nucleus"].dependency_type == "SOFT"
    assert found.component_dependencies["name_of_component2"].version_requirement == "x.x.x"
    assert found.artifacts is not None
    assert found.artifacts[0].uri.endswith("app.zip")
    assert found.artifacts[0].permission is not None
    assert found.artifacts[0].permission.execute == "OWNER"
    assert found.lifecycle is not None
    assert found.lifecycle.set_env is not None
    assert "MODEL_DIR" in found.lifecycle.set_env
    assert set(found.lifecycle.scripts()) == {"install", "run"}
    assert not isinstance(found.lifecycle.run, str | None)
    assert found.lifecycle.run.requires_privilege is True


def test_the_repositorys_own_config_is_right() -> None:
    config = read_document(REPOSITORY / "greengrass-config.yml", Config).value
    digits = config.custom_components["digits"]
    assert digits.model is not None
    assert digits.model.package_group == "digits"
    assert config.custom_components["agent"].agent is not None


def test_the_build_is_zip_unless_said_otherwise() -> None:
    config = read_text_document(component(), Config, file="c.yml").value
    assert config.custom_components["a"].build.build_system == "zip"


def test_the_seeds_second_name_is_found_when_the_first_is_missing(tmp_path: Path) -> None:
    assert find_config(tmp_path).name == "greengrass-config.yml"
    (tmp_path / "gg-config.yml").touch()
    assert find_config(tmp_path).name == "gg-config.yml"
    (tmp_path / "greengrass-config.yml").touch()
    assert find_config(tmp_path).name == "greengrass-config.yml"


WRONG: list[tuple[str, dict[str, Any], str, str]] = [
    ("custom_without_a_command", {"build": {"build_system": "custom"}}, "build", "add it beside build_system"),
    ("command_without_custom", {"build": {"custom_build_command": ["x"]}}, "build", 'set build_system: "custom"'),
    ("empty_command", {"build": {"build_system": "custom", "custom_build_command": []}}, "build", ""),
    ("command_as_one_string", {"build": {"build_system": "custom", "custom_build_command": "a b"}}, "build", "list"),
    ("zip_of_a_distribution", {"build": {"distribution": "mlops-at-edge"}}, "build", "take them out"),
    (
        "distribution_of_others",
        {"build": {"build_system": "python", "distribution": "numpy"}},
        "build.distribution",
        "mlops-at-edge",
    ),
    ("python_without_packages", {"build": {"build_system": "python"}}, "build", "list them"),
    ("packages_without_python", {"build": {"packages": ["x"]}}, "build", "take them out"),
    ("unknown_system", {"build": {"build_system": "zipp"}}, "build.build_system", "did you mean 'zip'?"),
    ("unknown_platform", {"build": {"build_system": "python", "packages": ["x"], "platforms": ["win"]}}, "build", ""),
    ("managed_without_group", {"model": {"sagemaker-managed": True}}, "model", "add package-group"),
    ("group_unmanaged", {"model": {"sagemaker-managed": False, "package-group": "g"}}, "model", "sagemaker-managed"),
    ("group_name", {"model": {"sagemaker-managed": True, "package-group": "a_b"}}, "model.package-group", ""),
    ("agent_and_model", {"agent": {}, "model": {"sagemaker-managed": False}}, "", "make two components"),
    ("manifests_and_lifecycle", {"Manifests": [{}], "Lifecycle": {"run": "x"}}, "", "move these into the manifests"),
    ("run_and_startup", {"Lifecycle": {"run": "x", "startup": "y"}}, "Lifecycle", "keep one of them"),
    ("unarchive", {"Artifacts": [{"URI": "s3://b/a.zip", "Unarchive": "TAR"}]}, "Artifacts[0].Unarchive", ""),
    ("permission", {"Artifacts": [{"URI": "s3://b/a", "Permission": {"Read": "EVERYBODY"}}]}, "Artifacts[0]", ""),
    ("dependency_type", {"ComponentDependencies": {"b": {"VersionRequirement": "1", "DependencyType": "SOFTER"}}},
     "ComponentDependencies.b.DependencyType", "did you mean 'SOFT'?"),
    ("component_name", {"component-name": "two words"}, "component-name", "use 1 to 128 letters"),
    ("region", {"region": "Ireland"}, "region", "write one such as eu-west-1"),
    ("timeout", {"build": {"timeout": 0}}, "build.timeout", ""),
]  # fmt: skip


@pytest.mark.parametrize(("keys", "path", "remedy"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG])
def test_a_wrong_value_is_placed_with_a_remedy(
    faults_in: FaultsIn, keys: dict[str, Any], path: str, remedy: str
) -> None:
    (fault,) = faults_in(component(**keys), Config)
    assert dotted(fault.place.path).startswith(f"custom-components.a{'.' if path else ''}{path}")
    assert fault.place.line > 0
    assert remedy in fault.remedy
    assert fault.remedy


def test_an_agent_needs_the_application_that_its_topics_begin_with(faults_in: FaultsIn) -> None:
    (fault,) = faults_in(component(agent={}, build={"build_system": "python", "packages": ["x"]}), Config)
    assert "application" in f"{fault.problem} {fault.remedy}"


def test_a_config_without_components_is_a_fault(faults_in: FaultsIn) -> None:
    (fault,) = faults_in("custom-components: {}\n", Config)
    assert dotted(fault.place.path) == "custom-components"


def test_a_key_that_no_topic_could_carry_is_a_fault(faults_in: FaultsIn) -> None:
    (fault,) = faults_in("custom-components: {a/b: {component-name: a, root: r}}\n", Config)
    assert "a/b" in str(fault)


@pytest.mark.parametrize("bucket", ["Upper", "ab", "a..b", "192.168.1.1", "-a-", "under_score", "xn--a"])
def test_a_name_that_s3_would_refuse_is_a_fault(faults_in: FaultsIn, bucket: str) -> None:
    (fault,) = faults_in(f"artifact-bucket: {bucket!r}\n{component()}", Config)
    assert dotted(fault.place.path) == "artifact-bucket"
    assert "3 to 63" in fault.remedy
