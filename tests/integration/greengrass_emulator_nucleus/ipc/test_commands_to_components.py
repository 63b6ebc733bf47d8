"""What a component may order by IPC: others described, restarted, stopped and paused, deployments cancelled."""

import time
import uuid
from typing import Any

import pytest
from awsiot.greengrasscoreipc.model import (
    InvalidArgumentsError,
    ResourceNotFoundError,
    UnauthorizedError,
)

from .two_components import A, B, two


def test_classic_describes_and_restarts_components_for_those_who_may(
    classic: Any, everything_allowed: Any, wait_until: Any
) -> None:
    first, second = two(classic, everything_allowed)
    details = first.get_component_details(component_name=B).component_details
    assert (details.component_name, details.version, details.state) == (B, "1.0.0", "RUNNING")
    assert {each.component_name for each in first.list_components().components} == {A, B}
    before = classic.pid(B)
    assert second.restart_component(component_name=B).restart_status == "SUCCEEDED"
    wait_until(lambda: classic.state(B) == "RUNNING" and classic.pid(B) != before)
    assert first.stop_component(component_name=B).stop_status == "SUCCEEDED"
    classic.until_state(B, "FINISHED")


def test_without_a_policy_for_the_command_line_nothing_of_it_is_allowed(classic: Any) -> None:
    first, _ = two(classic, {})
    for call in (
        first.list_components,
        lambda: first.restart_component(component_name=B),
        lambda: first.create_local_deployment(root_component_versions_to_add={}),
    ):
        with pytest.raises(UnauthorizedError):
            call()


def test_a_paused_component_stands_still_until_it_is_resumed(
    classic: Any, everything_allowed: Any, wait_until: Any
) -> None:
    count = "n=0; while :; do n=$((n+1)); echo $n > count; sleep 0.02; done"
    classic.give(A, configuration=everything_allowed)
    classic.give(B, run=count)
    assert classic.deploy(f"{A}=1.0.0", f"{B}=1.0.0").status == "SUCCEEDED"
    client, file = classic.speak_as(A), classic.work(B) / "count"
    client.pause_component(component_name=B)

    def stands_still() -> list[str]:
        before = file.read_text()
        time.sleep(0.3)
        # It may stand between emptying the file and writing to it.
        return [before] if before == file.read_text() else []

    (stood_at,) = wait_until(stands_still)
    assert (file.read_text(), classic.state(B)) == (stood_at, "RUNNING")
    client.resume_component(component_name=B)
    wait_until(lambda: file.read_text() not in {"", stood_at})
    client.pause_component(component_name=B)
    # One that stands still can be ended all the same.
    assert client.stop_component(component_name=B).stop_status == "SUCCEEDED"
    classic.until_state(B, "FINISHED")
    with pytest.raises(InvalidArgumentsError) as caught:
        client.pause_component(component_name=B)
    assert "not running" in caught.value.message


def test_pausing_needs_a_policy_of_the_lifecycle_service(classic: Any) -> None:
    client, _ = two(classic, {})
    for call in (client.pause_component, client.resume_component):
        with pytest.raises(UnauthorizedError):
            call(component_name=B)


def test_a_local_deployment_can_be_cancelled_until_it_changes_the_device(
    classic: Any, everything_allowed: Any, events: Any, wait_until: Any
) -> None:
    client, _ = two(classic, everything_allowed)
    told = events()
    client.subscribe_to_component_updates(**told.handlers())
    C, D = "com.example.c", "com.example.d"
    classic.give(C)
    classic.give(D)
    begun, waits = classic.ask_deployment(f"{C}=1.0.0"), classic.ask_deployment(f"{D}=1.0.0")
    # It waits for an answer that does not come: nothing is changed yet.
    assert told.next().pre_update_event.deployment_id == begun
    listed = {each.deployment_id: each for each in client.list_local_deployments().local_deployments}
    assert (listed[begun].status, listed[waits].status) == ("IN_PROGRESS", "QUEUED")
    assert listed[begun].created_on
    for each in (waits, begun):
        assert "submitted" in client.cancel_local_deployment(deployment_id=each).message
    for each in (begun, waits):
        wait_until(
            lambda each=each: client.get_local_deployment_status(deployment_id=each).deployment.status == "CANCELED"
        )
    assert set(classic.status().components) == {A, B}
    assert "already finished" in client.cancel_local_deployment(deployment_id=begun).message
    with pytest.raises(ResourceNotFoundError):
        client.cancel_local_deployment(deployment_id=str(uuid.uuid4()))
    assert [each.status for each in classic.status().deployments[-2:]] == ["CANCELED", "CANCELED"]
