"""`deploy --wait` and `status` of a fleet with an index, under a role that may search it and under one that may not."""

import json
import queue
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from awscrt import mqtt

ACCOUNT = "333333333333"
GROUP = f"arn:aws:iot:eu-west-1:{ACCOUNT}:thinggroup/line"
DEPLOY, STATUS = "MlopsDeployRole", "MlopsOperatorRole"
"""Who deploys, and who looks."""
LINE = [f"line-{number:02}" for number in range(11)]
MODEL = {"digest": "k" * 43, "vetting-timeout": 60.0}
SECONDS = 60
NO_INDEX = "no fleet index"
DENIED = f"{NO_INDEX} (AccessDeniedException): each shadow is read by itself"
WAITING = ("deploy", "--wait", "--timeout", "60", "--interval", "0.3", "--json")
Run = Callable[..., Any]


class Thing:
    """A core device's side of MQTT, in place of its nucleus and its agent."""

    def __init__(self, enforced: Any, name: str) -> None:
        self._topic = f"$aws/things/{name}"
        self._name = name
        self._accepted: dict[str, queue.Queue[dict[str, Any]]] = {}
        self._connection = enforced.mqtt(name, name)
        self._connection.connect().result(SECONDS)
        health = {"ggcVersion": "2.14.3", "runtime": "aws_nucleus_classic", "thing": name, "messageType": "COMPLETE"}
        self._publish("greengrassv2/health/json", health)

    def confirms(self) -> None:
        """It carries out its deployment, and serves what is desired there."""
        execution = self._ask("jobs/$next/get", {})["execution"]
        for status in ("IN_PROGRESS", "SUCCEEDED"):
            self._ask(f"jobs/{execution['jobId']}/update", {"status": status})
        components = execution["jobDocument"]["components"].values()
        desired = next(
            each["configurationUpdate"]["merge"]["desired"] for each in components if each.get("configurationUpdate")
        )
        _, version, digest = desired["models"]["digits"].split(":")
        said = f"{desired['release']}:{version}:{digest}:CONFIRMED"
        reported = {
            "schema": 1,
            "thing": self._name,
            "timestamp": "2026-11-24T20:00:00Z",
            "agentVersion": "1.0.0",
            "state": "SERVING",
            "release": desired["release"],
            "models": {"digits": {"serves": f"{version}:{digest}", "said": said}},
        }
        self._publish("shadow/name/mlops/update", {"state": {"reported": reported}})
        # It may not hear of its shadow; what it asks afterwards is answered afterwards.
        self._ask("jobs/$next/get", {})

    def close(self) -> None:
        self._connection.disconnect().result(SECONDS)

    def _ask(self, topic: str, document: object) -> dict[str, Any]:
        """Publish it, and wait until it is accepted."""
        if topic not in self._accepted:
            came = self._accepted[topic] = queue.Queue(10)
            subscribed, _ = self._connection.subscribe(
                f"{self._topic}/{topic}/accepted",
                mqtt.QoS.AT_LEAST_ONCE,
                lambda payload, **_: came.put_nowait(json.loads(payload)),
            )
            subscribed.result(SECONDS)
        self._publish(topic, document)
        return self._accepted[topic].get(timeout=SECONDS)

    def _publish(self, topic: str, document: object) -> None:
        done, _ = self._connection.publish(
            f"{self._topic}/{topic}", json.dumps(document).encode(), mqtt.QoS.AT_LEAST_ONCE
        )
        done.result(SECONDS)


def component(key: str, name: str, kind: str, version: str = "1.0.0", **more: Any) -> dict[str, Any]:
    recipe = {
        "RecipeFormatVersion": "2020-01-25",
        "ComponentName": name,
        "ComponentVersion": version,
        "Manifests": [{"Platform": {"os": "linux"}, "Lifecycle": {"run": "exit 0"}}],
    }
    named = {"key": key, "name": name, "version": version, "kind": kind, "content-digest": "a" * 64, "reused": False}
    return {**named, "recipe": json.dumps(recipe), **more}


def write_release(folder: Path, version: str) -> None:
    """``dist/release.json`` with a version of the model."""
    release = {
        "schema": 1,
        "built": "2026-11-24T20:00:00Z",
        "bucket": "example-artifacts",
        "region": "eu-west-1",
        "application": "lines",
        "settings": {"health": {"interval": 10}},
        "components": [
            component("agent", "com.example.line.agent", "agent", forms=["2"]),
            component("agent.desired", "com.example.line.agent.desired", "desired"),
            component("digits", "com.example.line.digits", "model", version, model=MODEL),
        ],
    }
    (folder / "dist").mkdir(exist_ok=True)
    (folder / "dist/release.json").write_text(json.dumps(release))


@pytest.fixture
def run(cloud_publisher: Run, enforced: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """``cloud-publisher`` for prod, in a folder of its own: ``status`` by an operator, else by the pipeline."""
    monkeypatch.chdir(tmp_path)
    pipeline = {**enforced.answer["pipeline"], "TARGET_ARN": GROUP}
    role = {"ROLE_TARGET": f"arn:aws:iam::{ACCOUNT}:role/{DEPLOY}", "EXTERNAL_ID": "example-prod"}
    operator = enforced.operator()

    def command(*words: str) -> Any:
        for name in role:
            monkeypatch.delenv(name, raising=False)
        for name, value in {**pipeline, **(operator if "status" in words else role)}.items():
            monkeypatch.setenv(name, value)
        return cloud_publisher(*words)

    return command


@pytest.fixture
def line(enforced: Any) -> Iterator[None]:
    """Both roles may use the group too; the account has an index, which shows everything at once."""
    iam, iot = enforced.admin("iam", "prod"), enforced.admin("iot", "prod")
    allowed = {"Effect": "Allow", "Action": ["iot:CreateJob", "iot:DescribeThingGroup"], "Resource": GROUP}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    for role in (DEPLOY, STATUS):
        iam.put_role_policy(RoleName=role, PolicyName="line", PolicyDocument=document)
    fault(enforced, "lag-index", "0")
    shadow = {"namedShadowIndexingMode": "ON", "filter": {"namedShadowNames": ["mlops"]}}
    iot.update_indexing_configuration(thingIndexingConfiguration={"thingIndexingMode": "REGISTRY"} | shadow)
    yield
    iot.update_indexing_configuration(thingIndexingConfiguration={"thingIndexingMode": "OFF"})
    fault(enforced, "clear")
    for role in (DEPLOY, STATUS):
        iam.delete_role_policy(RoleName=role, PolicyName="line")


@pytest.fixture
def things(enforced: Any) -> Iterator[list[Thing]]:
    """The core devices of the group."""
    made: list[Thing] = []
    try:
        for name in LINE:
            made.append(Thing(enforced, name))
        yield made
    finally:
        for thing in made:
            thing.close()


def fault(enforced: Any, *words: str) -> None:
    command = [sys.executable, "-m", "greengrass_emulator.cli.main", "fault", *words, "--state", str(enforced.state)]
    subprocess.run(command, check=True, capture_output=True, timeout=60)


def asked_by(enforced: Any, role: str, operation: str, *, allowed: bool) -> set[str]:
    """What a role's calls of one kind were about. Each is recorded once, and other tests' are among them."""
    found = set()
    for text in (enforced.state / "calls.jsonl").read_text().splitlines():
        call = json.loads(text)
        if (call["operation"], call["allowed"]) == (operation, allowed) and role in call["principal"]["arn"]:
            found |= {need["resource"].rpartition("/")[2] for need in call["needs"]}
    return found


def confirmed(status: Any) -> set[str]:
    """The devices that the table shows as released, with the later version."""
    assert status.code == 0, status.err
    return {
        each["thing"]
        for each in status.json["devices"]
        if each["as-released"] and each["agent"]["models"]["digits"]["said"].split(":")[1] == "2.0.0"
    }


def test_a_role_that_may_not_search_the_index_reads_each_shadow_and_says_so(
    enforced: Any, run: Run, line: None, things: list[Thing], tmp_path: Path
) -> None:
    def bring(version: str) -> None:
        write_release(tmp_path, version)
        for command in ("publish", "deploy"):
            done = run(command)
            assert done.code == 0, done.err
        for thing in things:
            thing.confirms()

    bring("1.0.0")
    for words in (WAITING, ("status", "--json")):
        done = run("--debug", *words)
        assert (done.code, NO_INDEX in done.err) == (0, False), done.out + done.err
    for role in (DEPLOY, STATUS):
        assert "AWS_Things" in asked_by(enforced, role, "SearchIndex", allowed=True)
        assert not asked_by(enforced, role, "GetThingShadow", allowed=True) & set(LINE)

    bring("2.0.0")
    with (
        enforced.without("deploy-role", "SearchTheFleetIndex"),
        enforced.without("operator-role", "SearchTheFleetIndex"),
    ):
        waited = run("--debug", *WAITING)
        seen = run("--debug", "status", "--json")
        assert "fleet index" not in run("status").err
    assert (waited.code, waited.json["outcome"]) == (0, "confirmed"), waited.err
    assert confirmed(seen) == set(LINE)
    assert [done.err.count(DENIED) for done in (waited, seen)] == [1, 1]
    for role in (DEPLOY, STATUS):
        assert "AWS_Things" in asked_by(enforced, role, "SearchIndex", allowed=False)
        assert asked_by(enforced, role, "GetThingShadow", allowed=True) >= set(LINE)
