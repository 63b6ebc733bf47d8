"""The function in fleet-health.yaml, run as CloudFormation calls it, against the emulator's fleet index."""

import sys
import types
from typing import Any

import boto3
import pytest
import yaml
from greengrass_emulator.cloud.cloud import Cloud

from infra_policies import CLOUDFORMATION

ACCOUNT = "prod"
OFF = {"thingIndexingMode": "OFF"}


class Template(yaml.SafeLoader):
    """CloudFormation's short forms are of no concern here."""


Template.add_multi_constructor("!", lambda _loader, suffix, _node: suffix)


@pytest.fixture
def iot(greengrass_cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Any:
    for name, value in greengrass_cloud.environment(ACCOUNT).items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    # The function asks boto3's default session, which would keep the credentials of an earlier test.
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    return greengrass_cloud.client("iot", account=ACCOUNT)


def called(event: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> str:
    """Runs the function. Returns what CloudFormation is told."""
    whole = yaml.load((CLOUDFORMATION / "fleet-health.yaml").read_text(), Template)  # noqa: S506 - a SafeLoader
    code = whole["Resources"]["IndexingFunction"]["Properties"]["Code"]["ZipFile"]
    told: list[str] = []
    answering: Any = types.ModuleType("cfnresponse")
    answering.SUCCESS, answering.FAILED = "SUCCESS", "FAILED"
    answering.send = lambda _event, _context, status, _data, _id, reason="": told.append(f"{status}{reason}")
    monkeypatch.setitem(sys.modules, "cfnresponse", answering)
    names: dict[str, Any] = {}
    exec(compile(code, "fleet-health.yaml", "exec"), names)  # noqa: S102 - our own template's
    assert names["boto3"] is boto3
    names["handler"](event, None)
    (said,) = told
    return said


def test_the_shadow_is_added_and_the_rest_of_the_index_left_as_it_is(iot: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = {
        "thingIndexingMode": "REGISTRY_AND_SHADOW",
        "namedShadowIndexingMode": "ON",
        "filter": {"namedShadowNames": ["theirs"]},
        "customFields": [{"name": "attributes.line", "type": "String"}],
    }
    try:
        assert called({"RequestType": "Create"}, monkeypatch) == "SUCCESS"
        fresh = iot.get_indexing_configuration()["thingIndexingConfiguration"]
        assert (fresh["thingIndexingMode"], fresh["filter"]) == ("REGISTRY", {"namedShadowNames": ["mlops"]})
        iot.update_indexing_configuration(thingIndexingConfiguration=theirs)
        assert called({"RequestType": "Update"}, monkeypatch) == "SUCCESS"
        both = iot.get_indexing_configuration()["thingIndexingConfiguration"]
        assert both["thingIndexingMode"] == "REGISTRY_AND_SHADOW"
        assert both["filter"] == {"namedShadowNames": ["mlops", "theirs"]}
        assert both["customFields"] == theirs["customFields"]
        assert called({"RequestType": "Delete"}, monkeypatch) == "SUCCESS"
        assert iot.get_indexing_configuration()["thingIndexingConfiguration"] == both
    finally:
        iot.update_indexing_configuration(thingIndexingConfiguration=OFF)


def test_a_refusal_is_told_to_cloudformation(iot: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    shadows = {"namedShadowNames": [f"shadow-{number}" for number in range(10)]}
    full = {"thingIndexingMode": "REGISTRY", "namedShadowIndexingMode": "ON", "filter": shadows}
    iot.update_indexing_configuration(thingIndexingConfiguration=full)
    try:
        said = called({"RequestType": "Create"}, monkeypatch)
        assert said.startswith("FAILED")
        assert "At most 10 named shadows" in said
    finally:
        iot.update_indexing_configuration(thingIndexingConfiguration=OFF)
