"""``cloud-publisher policies render`` makes complete documents from the config's stages."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from infra_policies import document_names

OURS = re.compile(r"\$\{[A-Za-z]+\}")


def rendered(publisher: Any, config: Path, stage: str, out: Path) -> dict[str, Any]:
    answer = publisher("policies", "render", "--stage", stage, "--config", config, "--out", out)
    assert answer.exit_code == 0, answer.err
    return {path.name.removesuffix(".json"): json.loads(path.read_text()) for path in out.glob("*.json")}


@pytest.mark.parametrize("stage", ["dev", "preprod", "prod"])
def test_every_document_is_rendered_with_no_parameter_left(
    publisher: Any, config: Path, tmp_path: Path, stage: str
) -> None:
    documents = rendered(publisher, config, stage, tmp_path / "out")
    assert tuple(sorted(documents)) == document_names()
    assert not OURS.search(json.dumps(documents))


def test_variables_of_aws_stay_for_aws_to_fill_in(publisher: Any, config: Path, tmp_path: Path) -> None:
    documents = rendered(publisher, config, "prod", tmp_path / "out")
    assert "client/${iot:Connection.Thing.ThingName}" in json.dumps(documents["core-device"])
    assert "thing/${credentials-iot:ThingName}" in json.dumps(documents["token-exchange-role"])


def test_a_stage_gets_its_own_account_group_and_external_id(publisher: Any, config: Path, tmp_path: Path) -> None:
    documents = rendered(publisher, config, "prod", tmp_path / "out")
    deploy = json.dumps(documents["deploy-role"])
    assert "arn:aws:iot:eu-west-1:333333333333:thinggroup/fleet" in deploy
    assert "222222222222" not in deploy
    trust = documents["deploy-role.trust"]["Statement"][0]
    assert trust["Principal"] == {"AWS": "arn:aws:iam::111111111111:role/MlopsPipelineRole"}
    assert trust["Condition"] == {"StringEquals": {"sts:ExternalId": "example-prod"}}


def test_the_bucket_and_the_key_know_the_roles_of_every_stage(publisher: Any, config: Path, tmp_path: Path) -> None:
    documents = rendered(publisher, config, "prod", tmp_path / "out")
    for name in ("artifact-bucket", "artifact-key"):
        text = json.dumps(documents[name])
        for account in ("111111111111", "222222222222", "333333333333"):
            assert f"arn:aws:iam::{account}:role/MlopsTokenExchangeRole" in text


def test_bucket_access_names_the_roles_of_devices(publisher: Any, edited: Any, tmp_path: Path) -> None:
    config = edited(
        "    external-id: example-prod\n",
        "    external-id: example-prod\n    bucket-access: ['arn:aws:iam::333333333333:role/Line1Devices']\n",
    )
    bucket = json.dumps(rendered(publisher, config, "dev", tmp_path / "out")["artifact-bucket"])
    assert "arn:aws:iam::333333333333:role/Line1Devices" in bucket
    assert "arn:aws:iam::333333333333:role/MlopsTokenExchangeRole" not in bucket


def test_a_config_without_a_registry_grants_nothing_of_it(publisher: Any, edited: Any, tmp_path: Path) -> None:
    config = edited("    model: {sagemaker-managed: true, package-group: digits}\n", "")
    build = rendered(publisher, config, "dev", tmp_path / "out")["build-role"]
    assert "ReadTheRegistry" not in [statement["Sid"] for statement in build["Statement"]]
    assert "ReadModelData" in [statement["Sid"] for statement in build["Statement"]]


def test_a_canary_may_be_deployed_to_where_the_stage_has_one_and_nowhere_else(
    publisher: Any, config: Path, tmp_path: Path
) -> None:
    canary = "arn:aws:iot:eu-west-1:333333333333:thinggroup/canary"
    prod = rendered(publisher, config, "prod", tmp_path / "prod")
    of_canary = {
        each["Sid"]: each for each in prod["deploy-role"]["Statement"] if canary in json.dumps(each["Resource"])
    }
    assert {sid: each["Action"] for sid, each in of_canary.items()} == {
        "TheCanaryToo": ["iot:CreateJob", "iot:DescribeThingGroup"]
    }
    assert canary in json.dumps(prod["operator-role"])
    preprod = rendered(publisher, config, "preprod", tmp_path / "preprod")
    assert "anary" not in json.dumps(preprod)


def test_another_partition_is_kept_throughout(publisher: Any, edited: Any, tmp_path: Path) -> None:
    edited("arn:aws:", "arn:aws-cn:")
    config = edited("eu-west-1", "cn-north-1")
    documents = rendered(publisher, config, "prod", tmp_path / "out")
    text = json.dumps(documents)
    assert "arn:aws:" not in text
    assert "s3.cn-north-1.amazonaws.com.cn" in text


def test_rendering_twice_gives_the_same_bytes(publisher: Any, config: Path, tmp_path: Path) -> None:
    rendered(publisher, config, "prod", tmp_path / "one")
    rendered(publisher, config, "prod", tmp_path / "two")
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


def test_json_says_what_each_document_is_attached_to(publisher: Any, config: Path) -> None:
    answer = publisher("policies", "render", "--stage", "prod", "--config", config, "--json")
    by_name = {each["name"]: each for each in json.loads(answer.out)["policies"]}
    assert (by_name["artifact-key"]["kind"], by_name["artifact-key"]["account"]) == ("key", "111111111111")
    assert (by_name["core-device"]["kind"], by_name["core-device"]["account"]) == ("iot", "333333333333")
    assert by_name["deploy-role.trust"]["kind"] == "trust"


def test_the_bucket_may_come_from_the_command_line(publisher: Any, edited: Any, tmp_path: Path) -> None:
    config = edited("artifact-bucket: example-artifacts\n", "")
    out = tmp_path / "out"
    words = ("policies", "render", "--stage", "prod", "--config", config, "--out", out)
    assert publisher(*words).exit_code == 2
    assert publisher(*words, "--bucket", "other-artifacts").exit_code == 0
    assert "arn:aws:s3:::other-artifacts" in (out / "artifact-bucket.json").read_text()


def test_a_folder_that_cannot_be_written_to_is_named(publisher: Any, config: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    answer = publisher("policies", "render", "--stage", "prod", "--config", config, "--out", tmp_path / "file")
    assert answer.exit_code == 2
    assert "cannot be written to" in answer.err
