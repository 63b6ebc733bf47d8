"""What components can do by IPC, asked with AWS's own client."""

import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from awsiot.eventstreamrpc import ConnectionClosedError, StreamClosedError
from awsiot.greengrasscoreipc.model import (
    BinaryMessage,
    FailedUpdateConditionCheckError,
    InvalidArgumentsError,
    InvalidTokenError,
    JsonMessage,
    Metric,
    PublishMessage,
    ResourceNotFoundError,
    ServiceError,
    UnauthorizedError,
)

A, B = "com.example.a", "com.example.b"
# The refusal and the end of the connection race to the client.
REFUSED = "access denied|socket is closed"


def _now() -> datetime:
    return datetime.now(UTC)


def _json(message: dict[str, Any]) -> PublishMessage:
    return PublishMessage(json_message=JsonMessage(message=message))


def _binary(message: bytes) -> PublishMessage:
    return PublishMessage(binary_message=BinaryMessage(message=message))


def _two(device: Any, configuration: dict[str, Any]) -> tuple[Any, Any]:
    device.give(A, configuration=configuration)
    device.give(B, configuration=configuration)
    assert device.deploy(f"{A}=1.0.0", f"{B}=1.0.0").status == "SUCCEEDED"
    return device.speak_as(A), device.speak_as(B)


def test_an_unknown_token_is_refused(device: Any) -> None:
    with pytest.raises(Exception, match=REFUSED):
        device.connect("nobody")


def test_a_token_ends_with_its_component(device: Any) -> None:
    device.give(A)
    device.deploy(f"{A}=1.0.0")
    token = device.token(A)
    device.connect(token)
    device.deploy(remove=(A,))
    with pytest.raises(Exception, match=REFUSED):
        device.connect(token)


def test_local_messages_reach_the_subscribers_of_the_topic(device: Any, events: Any, everything_allowed: Any) -> None:
    first, second = _two(device, everything_allowed)
    heard, others = events(), events()
    second.subscribe_to_topic(topic="scans/+/result", **heard.handlers())
    first.subscribe_to_topic(topic="scans/#", receive_mode="RECEIVE_MESSAGES_FROM_OTHERS", **others.handlers())
    first.publish_to_topic(topic="scans/1/result", publish_message=_json({"n": 1}))
    first.publish_to_topic(topic="scans/1/other", publish_message=_json({"n": 2}))
    second.publish_to_topic(topic="scans/2", publish_message=_binary(b"\0\1"))
    message = heard.next().json_message
    assert (message.message, message.context.topic) == ({"n": 1}, "scans/1/result")
    assert others.next().binary_message.message == b"\0\1"
    assert heard.waiting() == others.waiting() == []


def test_what_no_policy_allows_is_unauthorized(device: Any, events: Any) -> None:
    policy = {"p": {"operations": ["aws.greengrass#PublishToTopic"], "resources": ["dt/{iot:thingName}/+"]}}
    device.give(A, configuration={"accessControl": {"aws.greengrass.ipc.pubsub": policy}})
    device.deploy(f"{A}=1.0.0")
    client = device.speak_as(A)
    message = _json({})
    for call in (
        lambda: client.publish_to_topic(topic="dt/other/x", publish_message=message),
        lambda: client.publish_to_topic(topic="dt/thing-1/x/y", publish_message=message),
        lambda: client.subscribe_to_topic(topic="dt/thing-1/x", **events().handlers()),
        lambda: client.publish_to_iot_core(topic_name="dt/thing-1/x", qos="1", payload=b""),
    ):
        with pytest.raises(UnauthorizedError):
            call()
    # Lite fills the thing's name in; classic only with interpolateComponentConfiguration.
    if device.runtime == "lite":
        client.publish_to_topic(topic="dt/thing-1/x", publish_message=message)
    else:
        with pytest.raises(UnauthorizedError) as caught:
            client.publish_to_topic(topic="dt/thing-1/x", publish_message=message)
        assert "com.example.a is not authorized" in caught.value.message


def test_a_component_reads_and_follows_anothers_configuration_and_updates_only_its_own(
    device: Any, events: Any
) -> None:
    first, second = _two(device, {"desired": {"release": "1", "models": {"m": "1.0.0"}}, "n": 5})
    assert first.get_configuration(component_name=B, key_path=["desired", "models"]).value == {"m": "1.0.0"}
    assert first.get_configuration(key_path=["n"]).value == {"n": 5}
    heard = events()
    first.subscribe_to_configuration_update(component_name=B, key_path=[], **heard.handlers())
    merge = {"models": {"m": "2.0.0"}, "release": "1"}
    second.update_configuration(key_path=["desired"], value_to_merge=merge, timestamp=_now())
    event = heard.next().configuration_update_event
    # One event for each leaf that changes, and none for one that stays.
    assert (event.component_name, event.key_path) == (B, ["desired", "models", "m"])
    assert heard.none_within(0.2)
    assert first.get_configuration(key_path=["desired"]).value["models"] == {"m": "1.0.0"}
    assert second.get_configuration().value["desired"] == {"release": "1", "models": {"m": "2.0.0"}}


def test_a_key_that_is_not_there_can_neither_be_read_nor_followed(device: Any, events: Any) -> None:
    first, _ = _two(device, {"n": 5})
    for call in (
        lambda: first.get_configuration(key_path=["nothing"]),
        lambda: first.get_configuration(component_name="com.example.nobody"),
        lambda: first.subscribe_to_configuration_update(key_path=["nothing"], **events().handlers()),
    ):
        with pytest.raises(ResourceNotFoundError) as caught:
            call()
        assert (caught.value.message is None) == (device.runtime == "lite")


def test_wrong_arguments_are_named(classic: Any, everything_allowed: Any) -> None:
    first, _ = _two(classic, everything_allowed)
    for call, said in (
        (lambda: first.publish_to_topic(topic="a/#", publish_message=_json({})), "wildcards"),
        (lambda: first.publish_to_topic(topic="a", publish_message=PublishMessage()), "jsonMessage"),
        (lambda: first.publish_to_iot_core(topic_name="a", qos="2", payload=b""), "qos"),
        (lambda: first.update_state(state="FINISHED"), "state"),
        (lambda: first.update_configuration(value_to_merge=None, timestamp=_now()), "valueToMerge"),
        (lambda: first.update_configuration(value_to_merge={"n": 1}), "timestamp"),
        (
            lambda: first.update_configuration(value_to_merge={"accessControl": {}}, timestamp=_now()),
            "not allowed for following fields",
        ),
        (
            lambda: first.update_configuration(
                key_path=["accessControl", "x"], value_to_merge={"y": 1}, timestamp=_now()
            ),
            "not allowed for following fields",
        ),
        (lambda: first.get_local_deployment_status(deployment_id="no UUID"), "UUID"),
        (lambda: first.cancel_local_deployment(deployment_id="no UUID"), "UUID"),
        (lambda: first.resume_component(component_name=B), "not paused"),
    ):
        with pytest.raises(InvalidArgumentsError) as caught:
            call()
        assert said in caught.value.message
    with pytest.raises(ResourceNotFoundError) as missing:
        first.restart_component(component_name="com.example.nobody")
    assert missing.value.resource_name == "com.example.nobody"


def test_without_a_cloud_nothing_is_sent_to_iot_core(device: Any, everything_allowed: Any) -> None:
    first, _ = _two(device, everything_allowed)
    with pytest.raises(ServiceError):
        first.publish_to_iot_core(topic_name="a", qos="1", payload=b"x")


def test_lite_answers_service_error_to_what_it_does_not_have(lite: Any, events: Any, everything_allowed: Any) -> None:
    first, _ = _two(lite, everything_allowed)
    for call in (
        lambda: first.subscribe_to_validate_configuration_updates(**events().handlers()),
        lambda: first.subscribe_to_component_updates(**events().handlers()),
        first.list_components,
        lambda: first.get_thing_shadow(thing_name="t"),
    ):
        with pytest.raises(ServiceError) as caught:
            call()
        assert not caught.value.message


def test_lite_closes_the_connection_at_a_frame_over_ten_thousand_bytes(
    lite: Any, events: Any, everything_allowed: Any, wait_until: Any
) -> None:
    first, _ = _two(lite, everything_allowed)
    heard = events()
    first.subscribe_to_topic(topic="a", **heard.handlers())
    first.publish_to_iot_core_async(topic_name="a", qos="1", payload=b"x" * 8_000).add_done_callback(lambda _: None)
    assert heard.closed.get(timeout=10)

    def is_closed() -> bool:
        try:
            first.get_configuration()
        except (ConnectionClosedError, RuntimeError):
            return True
        return False

    wait_until(is_closed)


def test_lite_gives_out_no_long_text(lite: Any) -> None:
    first, second = _two(lite, {"long": "x" * 1_001, "short": "x" * 1_000})
    assert first.get_configuration(key_path=["short"]).value == {"short": "x" * 1_000}
    with pytest.raises(ServiceError):
        second.get_configuration(key_path=["long"])


def test_lite_forgets_who_follows_a_key_that_is_reset(lite: Any, events: Any) -> None:
    first, _ = _two(lite, {"desired": {"release": "1"}})
    follows_key, follows_all = events(), events()
    first.subscribe_to_configuration_update(component_name=B, key_path=["desired"], **follows_key.handlers())
    first.subscribe_to_configuration_update(component_name=B, key_path=[], **follows_all.handlers())
    update = {B: {"RESET": ["/desired"], "MERGE": {"desired": {"release": "2"}}}}
    assert lite.deploy(f"{B}=1.0.0", update=update).status == "SUCCEEDED"
    assert follows_all.next().configuration_update_event.key_path == ["desired", "release"]
    assert follows_key.none_within(0.3)


def test_classic_describes_and_restarts_components_for_those_who_may(
    classic: Any, everything_allowed: Any, wait_until: Any
) -> None:
    first, second = _two(classic, everything_allowed)
    details = first.get_component_details(component_name=B).component_details
    assert (details.component_name, details.version, details.state) == (B, "1.0.0", "RUNNING")
    assert {each.component_name for each in first.list_components().components} == {A, B}
    before = classic.pid(B)
    assert second.restart_component(component_name=B).restart_status == "SUCCEEDED"
    wait_until(lambda: classic.state(B) == "RUNNING" and classic.pid(B) != before)
    assert first.stop_component(component_name=B).stop_status == "SUCCEEDED"
    classic.until_state(B, "FINISHED")


def test_without_a_policy_for_the_command_line_nothing_of_it_is_allowed(classic: Any) -> None:
    first, _ = _two(classic, {})
    for call in (
        first.list_components,
        lambda: first.restart_component(component_name=B),
        lambda: first.create_local_deployment(root_component_versions_to_add={}),
    ):
        with pytest.raises(UnauthorizedError):
            call()


def test_an_update_that_was_said_before_what_stands_is_refused(classic: Any) -> None:
    first, _ = _two(classic, {"n": 1})
    first.update_configuration(value_to_merge={"n": 2, "m": 1}, timestamp=_now())
    with pytest.raises(FailedUpdateConditionCheckError):
        first.update_configuration(value_to_merge={"n": 3}, timestamp=_now() - timedelta(minutes=1))
    assert first.get_configuration().value == {"n": 2, "m": 1}
    first.update_configuration(key_path=["m"], value_to_merge=4, timestamp=_now())
    assert first.get_configuration().value == {"n": 2, "m": 4}


def test_lite_leaves_an_older_update_undone_and_says_nothing(lite: Any) -> None:
    first, _ = _two(lite, {"n": 1})
    first.update_configuration(value_to_merge={"n": 2}, timestamp=_now())
    first.update_configuration(value_to_merge={"n": 3, "m": 1}, timestamp=_now() - timedelta(minutes=1))
    assert first.get_configuration().value == {"n": 2, "m": 1}


def test_when_a_value_was_written_outlives_the_nucleus(make_device: Any) -> None:
    device = make_device("classic")
    _two(device, {"n": 1, "deep/er": {"m": 1}})
    said_at = _now()
    device.speak_as(A).update_configuration(value_to_merge={"deep/er": {"m": 2}}, timestamp=said_at)
    assert device.stop() == 0
    for svcuid in device.root.glob("work/*/svcuid"):
        svcuid.unlink()
    device.start()
    client = device.speak_as(A)
    with pytest.raises(FailedUpdateConditionCheckError):
        client.update_configuration(
            key_path=["deep/er"], value_to_merge={"m": 3}, timestamp=said_at - timedelta(seconds=1)
        )
    client.update_configuration(key_path=["new"], value_to_merge=5, timestamp=said_at - timedelta(seconds=1))
    assert client.get_configuration().value == {"n": 1, "deep/er": {"m": 2}, "new": 5}


def test_what_was_written_after_a_deployment_was_made_outweighs_its_merge(classic: Any, events: Any) -> None:
    first, _ = _two(classic, {"n": 1, "m": 1, "gone": 1})
    told = events()
    first.subscribe_to_component_updates(**told.handlers())
    update = {A: {"RESET": ["/gone"], "MERGE": {"n": 2, "m": 2, "gone": 2}}}
    deployment = classic.ask_deployment(f"{A}=1.0.0", update=update)
    assert told.next().pre_update_event.deployment_id == deployment
    first.update_configuration(value_to_merge={"n": 7, "gone": 7}, timestamp=_now())
    first.defer_component_update(deployment_id=deployment, recheck_after_ms=0)
    assert classic.ended(deployment).status == "SUCCEEDED"
    # What is reset does not stand any more, however young it was.
    assert first.get_configuration().value == {"n": 7, "m": 2, "gone": 2}
    # The next one was made later.
    assert told.next().post_update_event.deployment_id == deployment
    deployment = classic.ask_deployment(f"{A}=1.0.0", update=update)
    assert told.next().pre_update_event.deployment_id == deployment
    first.defer_component_update(deployment_id=deployment, recheck_after_ms=0)
    assert classic.ended(deployment).status == "SUCCEEDED"
    assert first.get_configuration().value == {"n": 2, "m": 2, "gone": 2}


def test_a_way_back_leaves_values_as_old_as_they_were(classic: Any) -> None:
    first, _ = _two(classic, {"n": 1})
    said_at = _now()
    first.update_configuration(value_to_merge={"n": 2}, timestamp=said_at)
    classic.give(A, "2.0.0", run="exit 3")
    ended = classic.deploy(f"{A}=2.0.0", update={A: {"MERGE": {"n": 9}}})
    assert ended.detailed == "FAILED_ROLLBACK_COMPLETE"
    client = classic.speak_as(A)
    assert client.get_configuration().value == {"n": 2}
    client.update_configuration(value_to_merge={"n": 3}, timestamp=said_at + timedelta(milliseconds=5))
    assert client.get_configuration().value == {"n": 3}


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
    client, _ = _two(classic, {})
    for call in (client.pause_component, client.resume_component):
        with pytest.raises(UnauthorizedError):
            call(component_name=B)


MANAGER = "aws.greengrass.StreamManager"


def _with_manager(device: Any, configuration: dict[str, Any]) -> tuple[Any, Any]:
    device.give(MANAGER, configuration=configuration)
    device.give(A, configuration=configuration)
    assert device.deploy(f"{MANAGER}=1.0.0", f"{A}=1.0.0").status == "SUCCEEDED"
    return device.speak_as(A), device.speak_as(MANAGER)


def test_only_the_stream_manager_may_ask_about_tokens(device: Any, everything_allowed: Any) -> None:
    ours, theirs = _with_manager(device, everything_allowed)
    with pytest.raises(UnauthorizedError):
        ours.validate_authorization_token(token=device.token(A))
    assert theirs.validate_authorization_token(token=device.token(A)).is_valid
    with pytest.raises(InvalidTokenError):
        theirs.validate_authorization_token(token="nobody")


def test_metrics_are_taken_from_components_of_aws_only(classic: Any, everything_allowed: Any) -> None:
    ours, theirs = _with_manager(classic, everything_allowed)
    metric = Metric(name="n", unit="COUNT", value=1)
    with pytest.raises(UnauthorizedError):
        ours.put_component_metric(metrics=[metric])
    theirs.put_component_metric(metrics=[metric])
    with pytest.raises(InvalidArgumentsError):
        theirs.put_component_metric(metrics=[Metric(name="n", unit="COUNT", value=-1)])


def test_what_classic_has_only_with_other_components_closes_its_stream(
    classic: Any, everything_allowed: Any, events: Any
) -> None:
    # GetSecretValue without the secret manager, shadows without the shadow manager: not even an error with a name.
    client, _ = _two(classic, everything_allowed)
    for call in (
        lambda: client.get_secret_value(secret_id="s"),
        lambda: client.get_thing_shadow(thing_name="t"),
        lambda: client.update_thing_shadow(thing_name="t", payload=b"{}"),
        lambda: client.delete_thing_shadow(thing_name="t"),
        lambda: client.list_named_shadows_for_thing(thing_name="t"),
        client.create_debug_password,
        lambda: client.verify_client_device_identity(credential=None),
        lambda: client.get_client_device_auth_token(credential=None),
        client.authorize_client_device_action,
        lambda: client.subscribe_to_certificate_updates(certificate_options=None, **events().handlers()),
        lambda: client.subscribe_to_iot_core_connection_status(**events().handlers()),
    ):
        with pytest.raises(StreamClosedError):
            call()
    assert client.get_configuration().value == everything_allowed


def test_a_local_deployment_can_be_cancelled_until_it_changes_the_device(
    classic: Any, everything_allowed: Any, events: Any, wait_until: Any
) -> None:
    client, _ = _two(classic, everything_allowed)
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
