"""What can be deployed to, and what is refused as a target."""

from collections.abc import Callable
from typing import Any

import pytest

from .deploying import WAIT

Run = Callable[..., Any]


def test_a_single_thing_is_a_target_too(run: Run, published: Any, device: Any, cloud: Any, target: str) -> None:
    published()
    alone = device("alone", groups=())
    thing = target.replace(":thinggroup/", ":thing/") + "-alone"
    done = run("deploy", "--target-arn", thing, "--json")
    assert done.code == 0, done.err
    assert done.json["channel"] == "validated"
    assert run("deploy", "--target-arn", thing, "--wait", "--timeout", "1").code == 6
    assert run("status", "--target-arn", thing).code == 4
    assert alone.thing in run("status", "--target-arn", thing).err


def test_a_device_with_two_targets_of_ours_is_refused(
    run: Run, release: Any, published: Any, device: Any, cloud: Any, unique: str, greengrass: Any, revisions: Any
) -> None:
    published()
    iot = cloud.client("iot", account="preprod")
    other = iot.create_thing_group(thingGroupName=f"{unique}-other")["thingGroupArn"]
    both = device("both", groups=(unique, f"{unique}-other"))
    greengrass.create_deployment(targetArn=other, components={release.model: {"componentVersion": "1.0.0"}})
    done = run(*WAIT)
    assert done.code == 2
    assert f"{both.thing} gets {release.model} from {other}" in done.err
    assert revisions() == []


def test_an_unknown_target_is_wrong_use(run: Run, published: Any, target: str) -> None:
    published()
    done = run("deploy", "--target-arn", f"{target}-not")
    assert done.code == 2
    assert "there is no thing group" in done.err


def test_a_target_of_another_account_is_wrong_use(run: Run, published: Any, target: str) -> None:
    published()
    done = run("deploy", "--target-arn", target.replace("222222222222", "333333333333"))
    assert done.code == 2
    assert target in done.err


@pytest.mark.parametrize("arn", ["lines", "arn:aws:s3:::bucket", "arn:aws:iot:eu-west-1:1:thinggroup/x"])
def test_a_target_that_is_none_is_wrong_use(run: Run, release: Any, arn: str) -> None:
    release.write()
    done = run("deploy", "--target-arn", arn)
    assert done.code == 2
    assert "is no target" in done.err
