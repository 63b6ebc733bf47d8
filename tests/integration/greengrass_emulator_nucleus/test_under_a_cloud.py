"""A nucleus under the emulated cloud: deployments of groups and things, files from S3, messages, credentials."""

import io
import json
import socket
import threading
import time
import uuid
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import boto3
import pytest
import urllib3
import yaml
from awsiot.greengrasscoreipc.model import ConfigurationValidityReport, ServiceError

from greengrass_emulator.cloud.cloud import Cloud
from greengrass_emulator.cloud.provisioning import provision_device
from greengrass_emulator.cloud.seeding import SeededCloud, create_thing_group

STAY = "echo $SVCUID > svcuid; exec sleep 1000"
ACCOUNT = "prod"
SKIP_NOTIFY = {"action": "SKIP_NOTIFY_COMPONENTS", "timeoutInSeconds": 60}


class Relay:
    """A wire to the broker that can be cut and joined again."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._joined = threading.Event()
        self._joined.set()
        self._ends: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._spawn(self._accept)

    def _spawn(self, work: Callable[..., None], *arguments: Any) -> None:
        thread = threading.Thread(target=work, args=arguments)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            if not self._joined.is_set():
                near.close()
                continue
            far = socket.create_connection(("127.0.0.1", self._to))
            self._ends += [near, far]
            self._spawn(self._pump, near, far)
            self._spawn(self._pump, far, near)

    @staticmethod
    def _pump(source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def cut(self) -> None:
        self._joined.clear()
        for end in self._ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self._ends.clear()

    def join(self) -> None:
        self._joined.set()

    def close(self) -> None:
        self.cut()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(5)


class Site:
    """A thing group of its own, with one device in it, and component names of its own."""

    def __init__(self, cloud: Cloud, seeded: SeededCloud, folder: Path, make_device: Any, runtime: str) -> None:
        mark = uuid.uuid4().hex[:8]
        self.cloud = cloud
        self.bucket = seeded.bucket
        self.greengrass = cloud.client("greengrassv2", account=ACCOUNT)
        self.group = f"line-{mark}"
        self.thing = f"camera-{mark}"
        self.a, self.b = f"com.example.a{mark}", f"com.example.b{mark}"
        self.group_arn = create_thing_group(cloud, self.group, account=ACCOUNT)
        self.folder = provision_device(cloud, folder, account=ACCOUNT, thing=self.thing, groups=(self.group,))
        self.relay = Relay(cloud.doors(ACCOUNT).broker_port)
        config = yaml.safe_load(self.folder.config_path.read_text())
        nucleus = config["services"]["aws.greengrass.Nucleus"]["configuration"]
        nucleus["artifactChecksumRetryPauseSeconds"] = 0
        nucleus["mqtt"]["port"] = self.relay.port
        self.folder.config_path.write_text(yaml.safe_dump(config))
        self.device = make_device(runtime, self.folder.config_path)

    def upload(self, name: str, entries: dict[str, str]) -> str:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for entry, text in entries.items():
                archive.writestr(entry, text)
        key = f"artifacts/{self.a}/{name}"
        self.cloud.client("s3", account="dev").put_object(Bucket=self.bucket, Key=key, Body=packed.getvalue())
        return f"s3://{self.bucket}/{key}"

    def publish(self, name: str, version: str = "1.0.0", artifacts: tuple[str, ...] = (), **lifecycle: Any) -> None:
        configuration = lifecycle.pop("configuration", {})
        recipe = {
            "RecipeFormatVersion": "2020-01-25",
            "ComponentName": name,
            "ComponentVersion": version,
            "ComponentConfiguration": {"DefaultConfiguration": configuration},
            "ComponentDependencies": lifecycle.pop("dependencies", {}),
            "Manifests": [
                {
                    "Platform": {"os": "linux", "runtime": "*"},
                    "Lifecycle": lifecycle or {"run": STAY},
                    "Artifacts": [{"Uri": uri, "Unarchive": "ZIP", "Permission": {"Read": "ALL"}} for uri in artifacts],
                }
            ],
        }
        arn = self.greengrass.create_component_version(inlineRecipe=json.dumps(recipe))["arn"]
        self.wait(lambda: self._is_deployable(arn))

    def _is_deployable(self, arn: str) -> bool:
        status = self.greengrass.describe_component(arn=arn)["status"]
        assert status["componentState"] != "FAILED", status
        return bool(status["componentState"] == "DEPLOYABLE")

    @staticmethod
    def wait(look: Callable[[], Any], seconds: float = 20) -> Any:
        deadline = time.monotonic() + seconds
        while not (seen := look()):
            assert time.monotonic() < deadline, "not in time"
            time.sleep(0.05)
        return seen

    def ask(
        self,
        target: str = "",
        merge: dict[str, Any] | None = None,
        update_policy: dict[str, Any] | None = None,
        **versions: str,
    ) -> str:
        names = {"a": self.a, "b": self.b}
        components: dict[str, Any] = {
            names[key]: {"componentVersion": version.replace("_", ".")} for key, version in versions.items()
        }
        for key, value in (merge or {}).items():
            components[names[key]]["configurationUpdate"] = {"reset": ["/desired"], "merge": json.dumps(value)}
        policies = {
            "failureHandlingPolicy": "ROLLBACK",
            "componentUpdatePolicy": update_policy or SKIP_NOTIFY,
            "configurationValidationPolicy": {"timeoutInSeconds": 1},
        }
        answer = self.greengrass.create_deployment(
            targetArn=target or self.group_arn, components=components, deploymentPolicies=policies
        )
        return str(answer["deploymentId"])

    def ended(self, deployment_id: str) -> dict[str, Any]:
        def look() -> dict[str, Any] | None:
            listed = self.greengrass.list_effective_deployments(coreDeviceThingName=self.thing)
            for each in listed["effectiveDeployments"]:
                over = each["coreDeviceExecutionStatus"] not in {"QUEUED", "IN_PROGRESS"}
                if each["deploymentId"] == deployment_id and over:
                    return dict(each)
            return None

        found: dict[str, Any] = self.wait(look)
        return found

    def deploy(self, *arguments: Any, **options: Any) -> dict[str, Any]:
        return self.ended(self.ask(*arguments, **options))

    def installed(self) -> dict[str, tuple[str, str]]:
        listed = self.greengrass.list_installed_components(coreDeviceThingName=self.thing, topologyFilter="ALL")
        return {
            each["componentName"]: (each["componentVersion"], each["lifecycleState"])
            for each in listed["installedComponents"]
            if each["componentName"] in {self.a, self.b}
        }


@pytest.fixture
def make_site(
    greengrass_cloud: Cloud, seeded_cloud: SeededCloud, tmp_path: Path, make_device: Any
) -> Iterator[Callable[[str], Site]]:
    made: list[Site] = []

    def make(runtime: str) -> Site:
        site = Site(greengrass_cloud, seeded_cloud, tmp_path / f"device-{len(made)}", make_device, runtime)
        made.append(site)
        site.wait(lambda: site.device.status().connected)
        return site

    yield make
    for site in made:
        site.device.stop()
        site.relay.close()


@pytest.fixture(params=["classic", "lite"])
def site(request: pytest.FixtureRequest, make_site: Callable[[str], Site]) -> Site:
    return make_site(request.param)


def test_a_groups_deployment_brings_files_configuration_and_a_process(site: Site) -> None:
    uri = site.upload("model.zip", {"model.txt": "the first"})
    site.publish(site.a, artifacts=(uri,), configuration={"n": 1})
    site.publish(site.b, dependencies={site.a: {"VersionRequirement": "^1.0.0", "DependencyType": "SOFT"}})
    ended = site.deploy(b="1.0.0", merge={"b": {"m": 2}})
    assert ended["coreDeviceExecutionStatus"] == "SUCCEEDED"
    unpacked = site.device.root / "packages/artifacts-unarchived" / site.a / "1.0.0/model/model.txt"
    assert unpacked.read_text() == "the first"
    assert site.device.speak_as(site.b).get_configuration().value == {"m": 2}
    assert site.installed() == {site.a: ("1.0.0", "RUNNING"), site.b: ("1.0.0", "RUNNING")}
    core = site.greengrass.get_core_device(coreDeviceThingName=site.thing)
    assert (core["status"], core["runtime"]) == ("HEALTHY", f"aws_nucleus_{site.device.runtime}")
    # What the next deployment leaves out is removed.
    site.publish(site.a, "1.1.0", configuration={"n": 1})
    assert site.deploy(a="1.1.0")["coreDeviceExecutionStatus"] == "SUCCEEDED"
    site.wait(lambda: set(site.device.status().components) == {site.a})
    assert site.installed() == {site.a: ("1.1.0", "RUNNING")}


def test_a_failed_deployment_says_why_on_classic_and_rolls_back(site: Site) -> None:
    site.publish(site.a, configuration={"n": 1})
    site.publish(site.a, "2.0.0", run="exit 9")
    site.deploy(a="1.0.0")
    ended = site.deploy(a="2.0.0")
    assert ended["coreDeviceExecutionStatus"] == "FAILED"
    if site.device.runtime == "classic":
        assert ended["reason"].startswith("FAILED_ROLLBACK_COMPLETE")
        assert ended["statusDetails"]["errorStack"] == [
            "DEPLOYMENT_FAILURE",
            "COMPONENT_UPDATE_ERROR",
            "COMPONENT_BROKEN",
        ]
        assert site.installed() == {site.a: ("1.0.0", "RUNNING")}
    else:
        assert "reason" not in ended
        assert site.installed() == {site.a: ("2.0.0", "BROKEN")}
        assert site.greengrass.get_core_device(coreDeviceThingName=site.thing)["status"] == "UNHEALTHY"


def test_validation_carries_the_job_id_and_times_out_for_one_that_never_subscribed(
    make_site: Callable[[str], Site], events: Any
) -> None:
    site = make_site("classic")
    for name in (site.a, site.b):
        site.publish(name)
    site.deploy(a="1.0.0", b="1.0.0", merge={"a": {"n": 1}, "b": {"n": 1}})
    client, asked = site.device.speak_as(site.a), events()
    client.subscribe_to_validate_configuration_updates(**asked.handlers())

    def answer(status: str, message: str | None = None) -> str:
        event = asked.next().validate_configuration_update_event
        report = ConfigurationValidityReport(status=status, deployment_id=event.deployment_id, message=message)
        client.send_configuration_validity_report(configuration_validity_report=report)
        return str(event.deployment_id)

    deployment = site.ask(a="1.0.0", b="1.0.0", merge={"a": {"n": 2}, "b": {"n": 1}})
    job_id = site.greengrass.get_deployment(deploymentId=deployment)["iotJobId"]
    assert answer("ACCEPTED") == job_id
    assert site.ended(deployment)["coreDeviceExecutionStatus"] == "SUCCEEDED"

    deployment = site.ask(a="1.0.0", b="1.0.0", merge={"a": {"n": 3}, "b": {"n": 1}})
    answer("REJECTED", "not good enough")
    ended = site.ended(deployment)
    assert ended["reason"].startswith("FAILED_NO_STATE_CHANGE")
    assert "not good enough" in ended["reason"]
    assert ended["statusDetails"]["errorStack"][-1] == "COMPONENT_CONFIGURATION_NOT_VALID"

    deployment = site.ask(a="1.0.0", b="1.0.0", merge={"a": {"n": 4}, "b": {"n": 2}})
    answer("ACCEPTED")
    ended = site.ended(deployment)
    assert "Timed out after 1 s" in ended["reason"]
    assert site.b in ended["reason"]
    assert client.get_configuration().value == {"n": 2}


def test_silence_lets_an_update_go_on_and_skipping_asks_nobody(make_site: Callable[[str], Site], events: Any) -> None:
    site = make_site("classic")
    site.publish(site.a)
    site.publish(site.b)
    site.deploy(a="1.0.0")
    told = events()
    site.device.speak_as(site.a).subscribe_to_component_updates(**told.handlers())
    notify = {"action": "NOTIFY_COMPONENTS", "timeoutInSeconds": 1}
    assert site.deploy(a="1.0.0", b="1.0.0", update_policy=notify)["coreDeviceExecutionStatus"] == "SUCCEEDED"
    assert told.next().pre_update_event is not None
    assert told.next().post_update_event is not None
    assert "did not answer the notification" in site.device.log()
    assert site.deploy(a="1.0.0")["coreDeviceExecutionStatus"] == "SUCCEEDED"
    assert told.next().pre_update_event is None


def test_lite_ignores_retain(site: Site, events: Any, everything_allowed: Any) -> None:
    site.publish(site.a, configuration=everything_allowed)
    site.deploy(a="1.0.0")
    client, heard = site.device.speak_as(site.a), events()
    topic = f"dt/{site.thing}/kept"
    client.publish_to_iot_core(topic_name=topic, qos="1", payload=b"kept", retain=True)
    client.subscribe_to_iot_core(topic_name=topic, qos="1", **heard.handlers())
    if site.device.runtime == "classic":
        assert heard.next().message.payload == b"kept"
    else:
        assert heard.none_within(0.5)


def test_a_things_own_deployment_comes_by_its_shadow(make_site: Callable[[str], Site]) -> None:
    site = make_site("classic")
    site.publish(site.a)
    thing_arn = site.cloud.client("iot", account=ACCOUNT).describe_thing(thingName=site.thing)["thingArn"]
    ended = site.deploy(thing_arn, a="1.0.0")
    assert ended["coreDeviceExecutionStatus"] == "COMPLETED"
    # A device intersects the exact versions that all its targets name.
    site.publish(site.a, "2.0.0")
    ended = site.deploy(a="2.0.0")
    assert ended["coreDeviceExecutionStatus"] == "FAILED"
    assert "COMPONENT_VERSION_REQUIREMENTS_NOT_MET" in ended["statusDetails"]["errorStack"]
    assert site.installed() == {site.a: ("1.0.0", "RUNNING")}


def test_files_that_are_wrong_or_gone_fail_the_deployment(make_site: Callable[[str], Site]) -> None:
    site = make_site("classic")
    uri = site.upload("wrong.zip", {"x": "as published"})
    site.publish(site.a, artifacts=(uri,))
    site.upload("wrong.zip", {"x": "changed afterwards"})
    ended = site.deploy(a="1.0.0")
    assert ended["statusDetails"]["errorStack"][-1] == "ARTIFACT_CHECKSUM_MISMATCH"
    assert site.device.log().count("an artifact's digest is wrong") == 10
    uri = site.upload("gone.zip", {"x": "y"})
    site.publish(site.b, artifacts=(uri,))
    site.cloud.client("s3", account="dev").delete_object(Bucket=site.bucket, Key=uri.partition(f"{site.bucket}/")[2])
    ended = site.deploy(b="1.0.0")
    assert ended["statusDetails"]["errorStack"][-1] == "S3_HEAD_OBJECT_RESOURCE_NOT_FOUND"
    assert site.installed() == {}


def test_messages_go_to_iot_core_and_come_from_it(
    site: Site, events: Any, everything_allowed: Any, greengrass_cloud: Cloud
) -> None:
    site.publish(site.a, configuration=everything_allowed)
    site.deploy(a="1.0.0")
    client, heard = site.device.speak_as(site.a), events()
    client.subscribe_to_iot_core(topic_name=f"cmd/app/{site.thing}/+", qos="1", **heard.handlers())
    greengrass_cloud.publish(f"cmd/app/{site.thing}/report", b'{"x": 1}', account=ACCOUNT)
    message = heard.next().message
    assert (message.topic_name, message.payload) == (f"cmd/app/{site.thing}/report", b'{"x": 1}')
    shadow = f"$aws/things/{site.thing}/shadow/name/mlops/update"
    payload = json.dumps({"state": {"reported": {"release": "7"}}}).encode()
    client.publish_to_iot_core(topic_name=shadow, qos="1", payload=payload)
    data = greengrass_cloud.client("iot-data", account=ACCOUNT)

    def reported() -> Any:
        with suppress(data.exceptions.ResourceNotFoundException):
            answer = data.get_thing_shadow(thingName=site.thing, shadowName="mlops")
            return json.loads(answer["payload"].read())["state"]["reported"]
        return None

    assert site.wait(reported) == {"release": "7"}


def test_offline_classic_keeps_messages_and_lite_loses_them(site: Site, events: Any, everything_allowed: Any) -> None:
    site.publish(site.a, configuration=everything_allowed)
    site.deploy(a="1.0.0")
    client, heard = site.device.speak_as(site.a), events()
    topic = f"dt/app/{site.thing}/health"
    client.subscribe_to_iot_core(topic_name=topic, qos="1", **heard.handlers())
    site.relay.cut()
    site.wait(lambda: not site.device.status().connected)
    if site.device.runtime == "classic":
        client.publish_to_iot_core(topic_name=topic, qos="1", payload=b"kept")
        with pytest.raises(ServiceError) as dropped:
            client.publish_to_iot_core(topic_name=topic, qos="0", payload=b"dropped")
        assert "offline" in dropped.value.message
    else:
        with pytest.raises(ServiceError):
            client.publish_to_iot_core(topic_name=topic, qos="1", payload=b"lost")
        with pytest.raises(ServiceError):
            client.subscribe_to_iot_core(topic_name="other", qos="1", **events().handlers())
    site.relay.join()
    site.wait(lambda: site.device.status().connected)
    client.publish_to_iot_core(topic_name=topic, qos="1", payload=b"after")
    said = [heard.next().message.payload]
    if site.device.runtime == "classic":
        said.append(heard.next().message.payload)
    assert said == ([b"kept", b"after"] if site.device.runtime == "classic" else [b"after"])


def test_a_deployment_made_while_the_device_is_away_reaches_it_later(make_site: Callable[[str], Site]) -> None:
    site = make_site("classic")
    site.publish(site.a)
    site.relay.cut()
    site.wait(lambda: not site.device.status().connected)
    deployment = site.ask(a="1.0.0")
    site.relay.join()
    assert site.ended(deployment)["coreDeviceExecutionStatus"] == "SUCCEEDED"


def test_a_deployment_that_a_killed_nucleus_had_begun_is_carried_out_after_it(site: Site) -> None:
    site.publish(site.a, configuration={"n": 1})
    site.publish(site.a, "2.0.0", install="if [ ! -e once ]; then touch once; exec sleep 1000; fi", run=STAY)
    site.deploy(a="1.0.0")
    deployment = site.ask(a="2.0.0", merge={"a": {"n": 2}})
    site.wait((site.device.work(site.a) / "once").exists)
    site.device.kill()
    (site.device.root / "nucleus.json").unlink()
    (site.device.work(site.a) / "svcuid").unlink()
    site.device.start()
    assert site.ended(deployment)["coreDeviceExecutionStatus"] == "SUCCEEDED"
    assert site.installed() == {site.a: ("2.0.0", "RUNNING")}
    assert site.device.speak_as(site.a).get_configuration().value == {"n": 2}


def test_components_get_the_roles_credentials_for_their_token(make_site: Callable[[str], Site]) -> None:
    site = make_site("classic")
    site.publish(site.a, run="env > environment; " + STAY)
    site.deploy(a="1.0.0")
    token = site.device.token(site.a)
    lines = (site.device.work(site.a) / "environment").read_text().splitlines()
    environment = dict(line.split("=", 1) for line in lines if "=" in line)
    assert environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"] == token
    assert Path(environment["GG_ROOT_CA_PATH"]).is_file()
    uri = environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"]
    given = urllib3.request("GET", uri, headers={"Authorization": token}).json()
    sts = boto3.client(
        "sts",
        region_name="eu-west-1",
        endpoint_url=site.cloud.endpoint_url,
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["Token"],
    )
    assert ":assumed-role/GreengrassV2TokenExchangeRole/" in sts.get_caller_identity()["Arn"]
    assert urllib3.request("GET", uri, headers={"Authorization": "wrong"}).status == 403
    assert urllib3.request("GET", uri + "more", headers={"Authorization": token}).status == 404


def test_a_device_that_left_a_group_forgets_its_components(make_site: Callable[[str], Site]) -> None:
    site = make_site("classic")
    site.publish(site.a)
    site.publish(site.b)
    site.deploy(a="1.0.0")
    iot = site.cloud.client("iot", account=ACCOUNT)
    other_arn = create_thing_group(site.cloud, f"{site.group}-next", account=ACCOUNT)
    iot.remove_thing_from_thing_group(thingGroupName=site.group, thingName=site.thing)
    iot.add_thing_to_thing_group(thingGroupName=f"{site.group}-next", thingName=site.thing)
    assert site.deploy(other_arn, b="1.0.0")["coreDeviceExecutionStatus"] == "SUCCEEDED"
    site.wait(lambda: set(site.device.status().components) == {site.b})


def test_an_idle_nucleus_costs_little(site: Site) -> None:
    psutil = pytest.importorskip("psutil")
    site.publish(site.a, artifacts=(site.upload("model.zip", {"x": "y"}),))
    site.deploy(a="1.0.0")
    process = psutil.Process(site.device.process.pid)
    assert process.memory_info().rss < 80 * 1024 * 1024
