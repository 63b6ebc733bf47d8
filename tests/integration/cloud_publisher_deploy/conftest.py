"""What these tests share: a target of their own in the one cloud, releases, devices that play their part over MQTT,
and the command itself, run in this process."""

import hashlib
import json
import queue
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import pytest
from awscrt import mqtt
from awsiot import mqtt_connection_builder
from greengrass_emulator.cloud.cloud import Cloud
from greengrass_emulator.cloud.provisioning import provision_device

from shared_schema.desired_state import FORMS, DesiredState, higher_release, read_desired_state
from shared_schema.messages import not_brought_up
from shared_schema.names import digest_text

ACCOUNT = "preprod"
SECONDS = 30  # only bounds a hang
Part = Literal["confirms", "refuses", "breaks", "says nothing", "never takes it", "holds", "cannot install"]
NO_WHEEL = "No matching distribution found for onnxruntime==1.32"


@pytest.fixture
def unique() -> str:
    """A word that no other test has."""
    return f"t{uuid.uuid4().hex[:10]}"


@pytest.fixture
def cloud(greengrass_cloud: Cloud) -> Cloud:
    return greengrass_cloud


@pytest.fixture
def greengrass(cloud: Cloud) -> Any:
    return cloud.client("greengrassv2", account=ACCOUNT)


@pytest.fixture
def target(cloud: Cloud, unique: str) -> str:
    """A thing group's ARN."""
    arn: str = cloud.client("iot", account=ACCOUNT).create_thing_group(thingGroupName=unique)["thingGroupArn"]
    return arn


@pytest.fixture
def run(
    cloud_publisher: Callable[..., Any], cloud: Cloud, target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Any]:
    """``cloud-publisher`` in the account, with the target and its folder as CodeBuild would give them."""
    for name, value in cloud.environment(ACCOUNT).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("TARGET_ARN", target)
    monkeypatch.chdir(tmp_path)
    return cloud_publisher


class ReleaseWriter:
    """Writes ``dist/release.json``: an agent, its ``.desired``, and a model, none of which has an artifact."""

    def __init__(self, folder: Path, prefix: str) -> None:
        self._folder = folder
        self._dist = folder / "dist"
        self.agent = f"{prefix}.agent"
        self.model = f"{prefix}.digits"
        self.application = f"{prefix}.app"

    def write(
        self,
        *,
        model: str = "1.0.0",
        agent: str = "1.0.0",
        with_agent: bool = True,
        forms: tuple[str, ...] = FORMS,
        **more: Any,
    ) -> Path:
        """``model`` and ``agent`` are versions, ``forms`` are what the agent reads; ``more`` takes the place of keys of
        the document."""
        components = [self.component("app", self.application, "1.0.0", "application")]
        if with_agent:
            components = [
                self.component("agent", self.agent, agent, "agent", forms=list(forms)),
                self.component("agent.desired", f"{self.agent}.desired", "1.0.0", "desired"),
                self.component(
                    "digits", self.model, model, "model", model={"digest": digest_of(model), "vetting-timeout": 60.0}
                ),
            ]
        document = {
            "schema": 1,
            "built": datetime.now(UTC).isoformat(),
            "bucket": "mlops-artifacts",
            "region": "eu-west-1",
            "application": "lines",
            "settings": {"health": {"interval": 10}} if with_agent else None,
            "components": components,
        } | more
        self._dist.mkdir(exist_ok=True)
        path = self._dist / "release.json"
        path.write_text(json.dumps({key: value for key, value in document.items() if value is not None}))
        return path

    def stages(self, stages: Mapping[str, Any]) -> None:
        """Writes the config of the source: these stages, and no bucket."""
        app = {"component-name": "app", "root": "app"}
        document = {"stages": stages, "custom-components": {"app": app}}
        (self._folder / "greengrass-config.yml").write_text(json.dumps(document))

    def template(self, **document: Any) -> None:
        """Writes ``dist/deployment.json``."""
        self._dist.mkdir(exist_ok=True)
        (self._dist / "deployment.json").write_text(json.dumps(document))

    @staticmethod
    def component(
        key: str, name: str, version: str, kind: str, *, uris: tuple[str, ...] = (), digest: str = "", **more: Any
    ) -> dict[str, Any]:
        recipe = {
            "RecipeFormatVersion": "2020-01-25",
            "ComponentName": name,
            "ComponentVersion": version,
            "Manifests": [
                {
                    "Platform": {"os": "linux"},
                    "Lifecycle": {"run": "exit 0"},
                    "Artifacts": [{"Uri": uri} for uri in uris],
                }
            ],
        }
        return {
            "key": key,
            "name": name,
            "version": version,
            "kind": kind,
            "content-digest": digest or content_digest_of(f"{name} {version}"),
            "reused": False,
            "recipe": json.dumps(recipe, indent=2),
            **more,
        }


def content_digest_of(text: str) -> str:
    """Some content digest, another for another text."""
    return hashlib.sha256(text.encode()).hexdigest()


def digest_of(text: str) -> str:
    """Some model digest, another for another text."""
    return digest_text(hashlib.sha256(text.encode()).digest())


@pytest.fixture
def release(tmp_path: Path, unique: str) -> ReleaseWriter:
    return ReleaseWriter(tmp_path, unique)


class PlayedDevice:
    """A core device that plays its part in each deployment: over MQTT, as nucleus and agent would. Its own thread
    takes jobs from a bounded queue; ``stop`` ends it."""

    def __init__(self, cloud: Cloud, folder: Path, thing: str, groups: tuple[str, ...], runtime: str) -> None:
        device = provision_device(cloud, folder, account=ACCOUNT, thing=thing, groups=groups)
        self.thing = thing
        self.part: Part = "confirms"
        self.refuses: str | None = None
        """A version of the model that it refuses, whatever its part."""
        self.agent = "1.0.0"
        """The version of its agent; a deployment brings another, unless its part is that it cannot install one."""
        self.got: list[str] = []
        self._runtime = runtime
        self._configurations: dict[str, dict[str, Any]] = {}
        self._sequence = 0
        self._jobs: queue.Queue[dict[str, Any] | None] = queue.Queue(100)
        self._connection = mqtt_connection_builder.mtls_from_path(
            endpoint="localhost",
            port=cloud.endpoints(ACCOUNT).broker_port,
            cert_filepath=str(device.folder / "thing.cert.pem"),
            pri_key_filepath=str(device.folder / "thing.key.pem"),
            ca_filepath=str(device.folder / "root.ca.pem"),
            client_id=thing,
            clean_session=True,
            keep_alive_secs=30,
        )
        self._connection.connect().result(SECONDS)
        for topic in ("notify-next", "$next/get/accepted"):
            subscribed, _ = self._connection.subscribe(
                f"$aws/things/{thing}/jobs/{topic}", mqtt.QoS.AT_LEAST_ONCE, self._hear
            )
            subscribed.result(SECONDS)
        self._thread = threading.Thread(target=self._work, name=f"device {thing}")
        self._thread.start()
        self.report_health({})
        self._publish(f"$aws/things/{thing}/jobs/$next/get", {})

    def stop(self) -> None:
        self._jobs.put(None)
        self._thread.join(SECONDS)
        self._connection.disconnect().result(SECONDS)

    def report_health(self, components: dict[str, str]) -> None:
        self._sequence += 1
        self._publish(
            f"$aws/things/{self.thing}/greengrassv2/health/json",
            {
                "ggcVersion": "2.14.3",
                "platform": "linux",
                "architecture": "amd64",
                "runtime": f"aws_nucleus_{self._runtime}",
                "thing": self.thing,
                "overallDeviceStatus": "HEALTHY",
                "sequenceNumber": self._sequence,
                "timestamp": int(time.time() * 1000),
                "messageType": "COMPLETE",
                "trigger": "NUCLEUS_LAUNCH",
                "components": [
                    {"componentName": n, "version": v, "status": "RUNNING", "isRoot": True, "fleetConfigArns": []}
                    for n, v in components.items()
                ],
            },
        )

    def says(
        self,
        release: str,
        digest: str,
        version: str,
        verdict: str,
        *,
        serves: str | None = None,
        why: str | None = None,
    ) -> None:
        """Writes the shadow, as the agent would."""
        words = ":golden:3 of 20 golden samples agree" if verdict == "REJECTED" else ""
        now = serves or (digest if verdict == "CONFIRMED" else digest_of("before"))
        reported = {
            "schema": 1,
            "thing": self.thing,
            "timestamp": datetime.now(UTC).isoformat(),
            "agentVersion": self.agent,
            "state": "DEGRADED" if why else "SERVING",
            "reason": "install" if why else None,
            "why": why,
            "release": release,
            "models": {
                "digits": {
                    "serves": f"{version if verdict == 'CONFIRMED' else '0.9.0'}:{now}",
                    "said": f"{release}:{version}:{digest}:{verdict}{words}",
                }
            },
        }
        self.writes(reported)

    def writes(self, reported: dict[str, Any]) -> None:
        """Writes this into the shadow."""
        self._publish(f"$aws/things/{self.thing}/shadow/name/mlops/update", {"state": {"reported": reported}})

    def _hear(self, payload: bytes, **_: object) -> None:
        execution = json.loads(payload).get("execution") or {}
        if execution.get("status") == "QUEUED":
            self._jobs.put_nowait(execution)

    def _work(self) -> None:
        while (execution := self._jobs.get()) is not None:
            self._play(execution)

    def _play(self, execution: dict[str, Any]) -> None:
        document = execution["jobDocument"]
        if document["deploymentId"] in self.got:
            return
        self.got.append(document["deploymentId"])
        if self.part == "never takes it":
            return
        update = f"$aws/things/{self.thing}/jobs/{execution['jobId']}/update"
        self._publish(update, {"status": "IN_PROGRESS"})
        state = self._desired(document)
        versions = {model.version for model in state.models.values()} if state else set()
        refuses = bool(versions) and (self.part == "refuses" or self.refuses in versions)
        ends = {"status": "SUCCEEDED", "statusDetails": {"detailed-deployment-status": "SUCCESSFUL"}}
        if self.part == "breaks" or (refuses and self._runtime == "classic"):
            status = "FAILED_NO_STATE_CHANGE" if refuses else "FAILED_ROLLBACK_COMPLETE"
            cause = "the agent refused the configuration" if refuses else "com.example.broken is BROKEN"
            details = {"detailed-deployment-status": status, "deployment-failure-cause": cause}
            # Nucleus lite gives no cause (ggdeploymentd/src/iot_jobs_listener.c, update_job).
            ends = {"status": "FAILED", **({"statusDetails": details} if self._runtime == "classic" else {})}
        self._publish(update, ends)
        if ends["status"] == "SUCCEEDED":
            self.report_health({name: spec["version"] for name, spec in document["components"].items()})
        said = {"confirms": "CONFIRMED", "cannot install": "CONFIRMED", "holds": "HELD"}
        verdict = "REJECTED" if refuses else said.get(self.part)
        wanted = _agent_of(document["components"]) or self.agent
        why = not_brought_up(wanted, NO_WHEEL) if self.part == "cannot install" else None
        if ends["status"] == "SUCCEEDED" and why is None:
            self.agent = wanted
        if state is not None and verdict:
            for model in state.models.values():
                self.says(state.release, model.digest, model.version, verdict, why=why)

    def _desired(self, document: dict[str, Any]) -> DesiredState | None:
        for name, spec in document["components"].items():
            update = spec.get("configurationUpdate") or {}
            if "desired" in update.get("merge", {}):
                self._configurations[name] = update["merge"]["desired"]
        states = [read_desired_state(each) for each in self._configurations.values()]
        found = states[0] if states else None
        for each in states[1:]:
            found = higher_release(found, each) if found is not None else each
        return found if isinstance(found, DesiredState) else None

    def _publish(self, topic: str, document: object) -> None:
        done, _ = self._connection.publish(topic, json.dumps(document).encode(), mqtt.QoS.AT_LEAST_ONCE)
        done.result(SECONDS)


def _agent_of(components: Mapping[str, Any]) -> str | None:
    """The version of the component that has a ``.desired`` beside it."""
    return next((each["version"] for name, each in components.items() if f"{name}.desired" in components), None)


@pytest.fixture
def device(cloud: Cloud, unique: str, greengrass: Any, tmp_path: Path) -> Iterator[Callable[..., PlayedDevice]]:
    """Makes core devices of the target, known to the cloud before this returns."""
    made: list[PlayedDevice] = []

    def make(name: str = "one", runtime: str = "classic", groups: tuple[str, ...] | None = None) -> PlayedDevice:
        thing = f"{unique}-{name}"
        played = PlayedDevice(cloud, tmp_path / thing, thing, (unique,) if groups is None else groups, runtime)
        made.append(played)
        pages = greengrass.get_paginator("list_core_devices")
        until(lambda: thing in {d["coreDeviceThingName"] for page in pages.paginate() for d in page["coreDevices"]})
        return played

    yield make
    for each in made:
        each.stop()


def until(true: Callable[[], object]) -> None:
    """Waits for something that comes true within a few seconds."""
    deadline = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.02)


@pytest.fixture
def theirs(greengrass: Any, release: ReleaseWriter) -> str:
    """The name of another team's component, of which 3.1.0 can be deployed."""
    component = release.component("x", f"{release.agent}-theirs", "3.1.0", "application")
    arn = greengrass.create_component_version(inlineRecipe=component["recipe"].encode())["arn"]
    # The service looks at a new version in the background, and refuses to deploy it before that.
    until(lambda: greengrass.describe_component(arn=arn)["status"]["componentState"] == "DEPLOYABLE")
    return str(component["name"])


@pytest.fixture
def deployed(greengrass: Any, target: str) -> Callable[[], dict[str, Any]]:
    """The target's current deployment, as the API has it, with ``merge`` parsed."""

    def get() -> dict[str, Any]:
        (found,) = greengrass.list_deployments(targetArn=target)["deployments"]
        whole: dict[str, Any] = greengrass.get_deployment(deploymentId=found["deploymentId"])
        for spec in whole["components"].values():
            update = spec.get("configurationUpdate", {})
            if "merge" in update:
                update["merge"] = json.loads(update["merge"])
        return whole

    return get


@pytest.fixture
def revisions(greengrass: Any, target: str) -> Callable[[], list[str]]:
    """The ids of all the target's deployments, the newest first."""

    def get() -> list[str]:
        found = greengrass.list_deployments(targetArn=target, historyFilter="ALL")["deployments"]
        return [each["deploymentId"] for each in found]

    return get
