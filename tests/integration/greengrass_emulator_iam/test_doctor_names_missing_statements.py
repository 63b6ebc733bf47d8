"""`cloud-publisher doctor` under enforced permissions: it finds nothing with the shipped policies, and names each
statement that is taken away."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from awscrt import mqtt

from cloud_publisher.cli.main import main

BUCKET = "example-artifacts"
SECONDS = 30
ARTIFACT = "artifacts/greengrass/com.example.doctor/1.0.0/doctor.zip"
Doctor = Callable[..., tuple[int, dict[str, Any], str]]


@pytest.fixture(scope="module")
def artifact(enforced: Any) -> str:
    """The URI of an artifact that the build role has uploaded."""
    enforced.build("s3").put_object(Bucket=BUCKET, Key=ARTIFACT, Body=b"PK", IfNoneMatch="*")
    return f"s3://{BUCKET}/{ARTIFACT}"


@pytest.fixture(scope="module")
def core_devices(enforced: Any) -> tuple[str, ...]:
    """A device of prod's fleet and one of its canary, which have sent their first status."""
    things = ("camera", "first")
    for thing in things:
        report_health(enforced, thing)
    deadline = time.monotonic() + SECONDS
    greengrass = enforced.admin("greengrassv2", "prod")
    while not {each["coreDeviceThingName"] for each in greengrass.list_core_devices()["coreDevices"]} >= {*things}:
        assert time.monotonic() < deadline, "the devices' health has not arrived"
        time.sleep(0.05)
    return things


def report_health(enforced: Any, thing: str) -> None:
    """Connect as the thing, and send the status that a nucleus sends when it starts."""
    connection = enforced.mqtt(thing, thing)
    connection.connect().result(SECONDS)
    health = {"ggcVersion": "2.14.3", "runtime": "aws_nucleus_classic", "thing": thing, "messageType": "COMPLETE"}
    topic = f"$aws/things/{thing}/greengrassv2/health/json"
    done, _ = connection.publish(topic, json.dumps(health).encode(), mqtt.QoS.AT_LEAST_ONCE)
    done.result(SECONDS)
    connection.disconnect().result(SECONDS)


@pytest.fixture
def doctor(
    enforced: Any,
    artifact: str,
    core_devices: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Doctor:
    """Runs the doctor as the pipeline's role would, beside a release that was built."""
    monkeypatch.chdir(tmp_path)
    for name, value in enforced.answer["pipeline"].items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.delenv("ARTIFACT_BUCKET", raising=False)
    component = {
        "key": "doctor",
        "name": "com.example.doctor",
        "version": "1.0.0",
        "kind": "application",
        "content-digest": "a" * 64,
        "reused": False,
        "recipe": "{}",
        "artifacts": [{"uri": artifact, "sha256": "b" * 64, "size": 2}],
    }
    release = {"schema": 1, "built": "2026-11-24T20:00:00Z", "bucket": BUCKET, "region": "eu-west-1"}
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist/release.json").write_text(json.dumps(release | {"components": [component]}))
    (tmp_path / "greengrass-config.yml").write_text((enforced.state / "greengrass-config.yml").read_text())

    def command(*words: str, stage: str = "prod") -> tuple[int, dict[str, Any], str]:
        monkeypatch.setattr("sys.argv", ["cloud-publisher", "doctor", "--stage", stage, "--json", *words])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), json.loads(out), err

    return command


def failed_checks(document: dict[str, Any]) -> dict[str, list[str]]:
    return {each["check"]: each["statements"] for each in document["checks"] if each["state"] == "failed"}


def test_with_the_shipped_policies_every_stage_can_work(doctor: Doctor) -> None:
    for stage in ("dev", "preprod", "prod"):
        code, document, err = doctor(stage=stage)
        assert (code, failed_checks(document), err) == (0, {}, "")
        names = [each["check"] for each in document["checks"]]
        for name in ("role", "account", "bucket location", "bucket head", "bucket get", "key", "target", "tags"):
            assert name in names
    states = {each["check"]: each["state"] for each in document["checks"]}
    assert states["bucket get"] == states["key"] == states["tags"] == "well"
    # Of prod, the last one, which has devices and a canary.
    assert states["devices"] == states["confirmations"] == states["canary"] == "well"


@pytest.mark.parametrize(
    ("document", "sid", "check"),
    [
        ("deploy-role", "FindTheBucket", "bucket location"),
        ("artifact-bucket", "NucleiFindTheBucket", "bucket location"),
        ("deploy-role", "ReadArtifacts", "bucket head"),
        ("artifact-bucket", "ReadArtifacts", "bucket get"),
        ("deploy-role", "DecryptThroughS3", "bucket get"),
        ("artifact-key", "ReadThroughS3", "bucket get"),
        ("deploy-role", "ReadOurThingGroup", "target"),
        ("deploy-role", "PublishOurComponents", "components"),
        ("deploy-role", "Deploy", "deployments"),
        ("deploy-role", "ReadAndTagDeployments", "tags"),
        ("deploy-role", "TheCanaryToo", "canary"),
        ("deploy-role", "ReadDevices", "devices"),
        ("deploy-role", "ReadTheirJobs", "devices"),
        ("deploy-role", "ReadThingsAndConfirmations", "confirmations"),
    ],
)
def test_a_statement_that_is_missing_is_named(
    enforced: Any, doctor: Doctor, document: str, sid: str, check: str
) -> None:
    with enforced.without(document, sid):
        code, answer, _ = doctor()
    assert code == 1
    assert f"{document}#{sid}" in failed_checks(answer)[check]


def test_a_missing_fleet_index_is_reported_and_nothing_fails_without_it(enforced: Any, doctor: Doctor) -> None:
    def told() -> dict[str, Any]:
        code, answer, _ = doctor()
        assert code == 0
        (check,) = [each for each in answer["checks"] if each["check"] == "fleet index"]
        (note,) = [each for each in answer["diagnostics"] if each["code"] == "fleet-index"]
        assert (note["severity"], note["problem"]) == ("note", check["words"])
        return {**check, "remedy": note["remedy"]}

    off = told()
    assert (off["state"], "fleet-health.yaml" in off["remedy"]) == ("not checked", True)
    iot = enforced.admin("iot", "prod")
    shadow = {"namedShadowIndexingMode": "ON", "filter": {"namedShadowNames": ["mlops"]}}
    iot.update_indexing_configuration(thingIndexingConfiguration={"thingIndexingMode": "REGISTRY"} | shadow)
    try:
        assert "is being built" in told()["words"]
        with enforced.without("deploy-role", "SearchTheFleetIndex"):
            denied = told()
        assert denied["state"] == "not checked"
        assert denied["statements"] == ["deploy-role#SearchTheFleetIndex"]
    finally:
        iot.update_indexing_configuration(thingIndexingConfiguration={"thingIndexingMode": "OFF"})


def test_a_role_that_may_not_be_assumed_ends_the_round_and_names_its_trust(doctor: Doctor, tmp_path: Path) -> None:
    config = tmp_path / "greengrass-config.yml"
    config.write_text(config.read_text().replace("external-id: example-prod", "external-id: another"))
    code, answer, _ = doctor()
    assert code == 1
    assert failed_checks(answer)["role"] == [
        "deploy-role.trust#OnlyThePipelineOfTheDevAccount",
        "pipeline-role#BecomeTheDeployRoles",
    ]
    assert [each["state"] for each in answer["checks"]] == ["failed", "not checked"]
    refused, note = answer["diagnostics"]
    assert (refused["code"], refused["severity"], refused["path"]) == ("role", "error", "stages.prod")
    assert refused["file"] == config.name
    assert refused["remedy"].endswith("pipeline-role#BecomeTheDeployRoles")
    assert (note["code"], note["severity"], note["remedy"]) == ("all-else", "note", None)


def test_a_target_without_a_device_is_reported(doctor: Doctor) -> None:
    _, answer, _ = doctor(stage="preprod")
    devices = next(each for each in answer["checks"] if each["check"] == "devices")
    assert (devices["state"], devices["words"]) == ("not checked", "the target has no core device yet")
    assert "confirmations" not in [each["check"] for each in answer["checks"]]


def test_a_canary_that_deploy_would_refuse_is_reported(enforced: Any, doctor: Doctor) -> None:
    iot = enforced.admin("iot", "prod")
    iot.add_thing_to_thing_group(thingGroupName="canary", thingName="camera")
    try:
        assert "camera is in the canary and in the target" in words_of("canary", doctor)
    finally:
        iot.remove_thing_from_thing_group(thingGroupName="canary", thingName="camera")
    iot.remove_thing_from_thing_group(thingGroupName="canary", thingName="first")
    try:
        assert "has no core device: it can confirm nothing" in words_of("canary", doctor)
    finally:
        iot.add_thing_to_thing_group(thingGroupName="canary", thingName="first")


def words_of(check: str, doctor: Doctor) -> str:
    code, answer, _ = doctor()
    assert code == 1
    return next(str(each["words"]) for each in answer["checks"] if each["check"] == check)


def test_another_key_than_the_config_s_is_reported(doctor: Doctor, tmp_path: Path) -> None:
    config = tmp_path / "greengrass-config.yml"
    text = config.read_text()
    key = next(line for line in text.splitlines() if line.strip().startswith("key:"))
    config.write_text(text.replace(key, key[:-4] + "0000"))
    _, answer, _ = doctor()
    assert failed_checks(answer)["key"] == ["artifact-bucket#NoOtherKey"]


def test_a_bucket_in_another_region_and_an_unknown_target_are_reported(doctor: Doctor, tmp_path: Path) -> None:
    config = tmp_path / "greengrass-config.yml"
    head, dev = config.read_text().split("stages:", 1)
    text = f"{head}stages:{dev.replace('region: eu-west-1', 'region: eu-central-1', 1)}"
    config.write_text(text.replace("333333333333:thinggroup/fleet", "333333333333:thinggroup/fleets"))
    _, answer, _ = doctor()
    wrong = {each["check"]: each["words"] for each in answer["checks"] if each["state"] == "failed"}
    assert wrong["bucket location"] == f"{BUCKET} is in eu-west-1, and not in eu-central-1"
    # The role's policy names the thing group that it may see, so another one is refused.
    assert "fleets" in wrong["target"]


def test_every_statement_that_the_doctor_can_name_exists() -> None:
    import re

    from infra_policies import FOLDER

    source = Path(__file__).parents[3] / "cloud_publisher" / "doctor"
    named = {
        found for path in source.glob("*.py") for found in re.findall(r'"([a-z.-]+#[A-Za-z0-9]+)"', path.read_text())
    }
    assert len(named) > 12
    for each in named:
        document, _, sid = each.partition("#")
        statements = json.loads((FOLDER / "documents" / f"{document}.json").read_text())["Statement"]
        assert sid in {statement["Sid"] for statement in statements}, each
