"""What goes wrong in a cloud, ordered from the emulator: a rerun finishes the work, and nothing is done twice."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
WAIT = ("deploy", "--wait", "--timeout", "60", "--interval", "0.3")
KILLED = Path(__file__).parent / "killed_after_a_change.py"


@pytest.fixture
def faults(cloud: Any) -> Iterator[Any]:
    with cloud.faults as ordered:
        yield ordered


@pytest.fixture
def versions(release: Any, greengrass: Any) -> Callable[[], dict[str, Any]]:
    """When each component of the release was created, by its name; absent where it was not."""

    def get() -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name in (release.agent, f"{release.agent}.desired", release.model):
            arn = f"arn:aws:greengrass:eu-west-1:222222222222:components:{name}"
            try:
                listed = greengrass.list_component_versions(arn=arn)["componentVersions"]
            except greengrass.exceptions.ResourceNotFoundException:
                continue
            (version,) = listed
            found[name] = greengrass.describe_component(arn=version["arn"])["creationTimestamp"]
        return found

    return get


@pytest.mark.parametrize("operation", ["CreateComponentVersion", "DescribeComponent"])
def test_publish_goes_on_when_it_is_throttled(run: Run, release: Any, faults: Any, operation: str) -> None:
    release.write()
    faults.throttle(f"greengrassv2:{operation}", times=2, account="preprod")
    assert run("publish").code == 0


def test_publish_that_stays_throttled_says_so_and_a_rerun_finishes_it(
    run: Run, release: Any, faults: Any, versions: Any
) -> None:
    release.write()
    faults.throttle("greengrassv2:CreateComponentVersion", times=1000, account="preprod")
    done = run("publish")
    assert done.code == 1
    assert "AWS was busy" in done.err
    faults.clear()
    assert run("publish").code == 0
    assert len(versions()) == 3


def test_an_answer_that_was_lost_after_a_version_was_created_is_asked_for_again(
    run: Run, release: Any, faults: Any, versions: Any
) -> None:
    release.write()
    faults.lose_answer("greengrassv2:CreateComponentVersion", times=1, account="preprod")
    done = run("publish", "--json")
    assert done.code == 0, done.err
    assert {each["action"] for each in done.json["components"]} == {"created"}
    before = versions()
    assert run("publish").code == 0
    assert versions() == before


@pytest.mark.parametrize("times", [1, 1000], ids=["one answer", "every answer"])
def test_an_answer_that_was_lost_after_a_deployment_was_made_makes_no_second_one(
    run: Run, release: Any, faults: Any, device: Any, revisions: Any, times: int
) -> None:
    release.write()
    assert run("publish").code == 0
    device()
    faults.lose_answer("greengrassv2:CreateDeployment", times=times, account="preprod")
    assert run(*WAIT).code == (0 if times == 1 else 1)
    faults.clear()
    assert run(*WAIT).code == 0
    assert len(revisions()) == 1


def test_an_outcome_whose_tag_was_lost_is_computed_anew(
    run: Run, release: Any, faults: Any, device: Any, revisions: Any, deployed: Any
) -> None:
    release.write()
    assert run("publish").code == 0
    device()
    faults.throttle("greengrassv2:TagResource", times=1000, account="preprod")
    assert run(*WAIT).code == 1
    assert "mlops:outcome" not in (deployed().get("tags") or {})
    faults.clear()
    assert run(*WAIT).code == 0
    assert deployed()["tags"]["mlops:outcome"] == "confirmed"
    assert len(revisions()) == 1


def test_a_session_that_expires_while_devices_are_waited_for_is_told_and_a_rerun_waits_on(
    run: Run,
    release: Any,
    faults: Any,
    device: Any,
    revisions: Any,
    cloud: Any,
    seeded_cloud: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in cloud.environment("dev").items():
        monkeypatch.setenv(name, value)
    role = ("--role-arn", seeded_cloud.deploy_role_arns["preprod"], "--external-id", seeded_cloud.external_id)
    release.write()
    assert run("publish", *role).code == 0
    late = device()
    late.part = "says nothing"

    def expire() -> None:
        while not late.got:
            time.sleep(0.02)
        faults.expire_sessions(account="preprod")

    other = threading.Thread(target=expire)
    other.start()
    done = run(*WAIT, *role)
    other.join()
    assert done.code == 1, done.out
    assert "renew the credentials" in done.err
    late.part = "confirms"
    again = run("deploy", "--wait", "--timeout", "1.5", *role, "--json")
    # The device may have confirmed by then, or not yet: either way it is the same deployment.
    assert again.code in (0, 6), again.err
    assert [each["action"] for each in again.json["deployments"]] == ["unchanged"]
    assert len(revisions()) == 1


@pytest.fixture
def killed(run: Run, tmp_path: Path) -> Callable[..., Counter[str]]:
    """Runs a command again and again, each time until its first change; returns the changes of all the runs."""

    def command(*words: str) -> Counter[str]:
        log = tmp_path / "changes"
        log.write_text("")
        for _ in range(12):
            ended = subprocess.run(
                [sys.executable, str(KILLED), str(log), *words],
                cwd=tmp_path,
                env=dict(os.environ),
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            if ended.returncode != -signal.SIGKILL:
                assert ended.returncode == 0, ended.stderr
                break
        return Counter(log.read_text().split())

    return command


def test_publish_that_is_killed_after_each_change_does_nothing_twice(killed: Any, release: Any, versions: Any) -> None:
    release.write()
    # Several are in flight: one kill may leave more than one behind that the cloud has made.
    assert set(killed("publish")) == {"CreateComponentVersion"}
    assert len(versions()) == 3
    assert killed("publish") == {}


def test_a_deploy_of_two_steps_that_is_killed_after_each_change_does_nothing_twice(
    killed: Any, run: Run, release: Any, device: Any, deployed: Any, revisions: Any
) -> None:
    release.write(model="1.0.0", agent="1.0.0")
    assert run("publish").code == 0
    device()
    assert run(*WAIT).code == 0
    release.write(model="2.0.0", agent="1.1.0")
    assert run("publish").code == 0
    assert killed(*WAIT) == {"CreateDeployment": 2, "TagResource": 2}
    assert deployed()["components"][release.model]["componentVersion"] == "2.0.0"
    assert deployed()["tags"]["mlops:outcome"] == "confirmed"
    assert len(revisions()) == 3


def at_once(folder: Path, *words: str) -> list[dict[str, Any]]:
    """What a command says that two pipelines run at the same time; both must end well."""
    command = [sys.executable, "-m", "cloud_publisher", *words, "--json"]
    both = [
        subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    ended = [each.communicate(timeout=60) for each in both]
    assert [each.returncode for each in both] == [0, 0], ended
    return [json.loads(out) for out, _ in ended]


def test_two_pipelines_that_bring_the_same_release_at_once_both_end_well(
    run: Run, release: Any, tmp_path: Path, versions: Any, revisions: Any
) -> None:
    release.write()
    published = at_once(tmp_path, "publish")
    # Whoever came second found it there, was told of the conflict, or was given the first one's answer by its token.
    assert [len(each["components"]) for each in published] == [3, 3]
    assert len(versions()) == 3
    one, other = (each["deployments"][0]["deployment"] for each in at_once(tmp_path, "deploy"))
    assert revisions() == [one] == [other]


def test_a_release_whose_version_was_taken_by_another_content_meanwhile_is_refused(
    run: Run, release: Any, greengrass: Any
) -> None:
    path = release.write()
    document = json.loads(path.read_text())
    agent = document["components"][0]
    greengrass.create_component_version(inlineRecipe=agent["recipe"].encode(), tags={"mlops:content-digest": "f" * 64})
    done = run("publish")
    assert done.code == 1
    assert "f" * 64 in done.err
    assert agent["content-digest"] in done.err


def test_an_artifact_that_the_account_may_not_reach_fails_its_version_and_a_rerun_mends_it(
    run: Run, release: Any, cloud: Any, unique: str, faults: Any
) -> None:
    s3 = cloud.client("s3", account="preprod")
    s3.create_bucket(Bucket=unique, CreateBucketConfiguration={"LocationConstraint": cloud.region})
    s3.put_object(Bucket=unique, Key="artifacts/app.zip", Body=b"zip")
    uri = f"s3://{unique}/artifacts/app.zip"
    release.write(
        components=[release.component("app", release.application, "1.0.0", "application", uris=(uri,))], settings=None
    )
    faults.take_away("s3")
    failed = run("publish")
    assert failed.code == 1
    assert uri in failed.err
    faults.clear()
    mended = run("publish", "--json")
    assert mended.code == 0, mended.out
    assert [each["action"] for each in mended.json["components"]] == ["created again"]
