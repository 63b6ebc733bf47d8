"""Who may say what by IPC, asked with AWS's own client: tokens, policies, arguments, and what a runtime lacks."""

from typing import Any

import pytest
from awsiot.eventstreamrpc import ConnectionClosedError, StreamClosedError
from awsiot.greengrasscoreipc.model import (
    BinaryMessage,
    InvalidArgumentsError,
    InvalidTokenError,
    JsonMessage,
    Metric,
    PublishMessage,
    ResourceNotFoundError,
    ServiceError,
    UnauthorizedError,
)

from .two_components import A, B, now, two

# The refusal and the end of the connection race to the client.
REFUSED = "access denied|socket is closed"


def _json(message: dict[str, Any]) -> PublishMessage:
    return PublishMessage(json_message=JsonMessage(message=message))


def _binary(message: bytes) -> PublishMessage:
    return PublishMessage(binary_message=BinaryMessage(message=message))


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
    first, second = two(device, everything_allowed)
    heard, others = events(), events()
    second.subscribe_to_topic(topic="scans/+/result", **heard.handlers())
    first.subscribe_to_topic(topic="scans/#", receive_mode="RECEIVE_MESSAGES_FROM_OTHERS", **others.handlers())
    first.publish_to_topic(topic="scans/1/result", publish_message=_json({"n": 1}))
    first.publish_to_topic(topic="scans/1/other", publish_message=_json({"n": 2}))
    second.publish_to_topic(topic="scans/2", publish_message=_binary(b"\0\1"))
    message = heard.next().json_message
    assert (message.message, message.context.topic) == ({"n": 1}, "scans/1/result")
    if device.runtime == "lite":
        # It has no such mode: one's own come back.
        assert [others.next().json_message.message for _ in range(2)] == [{"n": 1}, {"n": 2}]
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


def test_wrong_arguments_are_named(classic: Any, everything_allowed: Any) -> None:
    first, _ = two(classic, everything_allowed)
    for call, said in (
        (lambda: first.publish_to_topic(topic="a/#", publish_message=_json({})), "wildcards"),
        (lambda: first.publish_to_topic(topic="a", publish_message=PublishMessage()), "jsonMessage"),
        (lambda: first.publish_to_iot_core(topic_name="a", qos="2", payload=b""), "qos"),
        (lambda: first.update_state(state="FINISHED"), "state"),
        (lambda: first.update_configuration(value_to_merge=None, timestamp=now()), "valueToMerge"),
        (lambda: first.update_configuration(value_to_merge={"n": 1}), "timestamp"),
        (
            lambda: first.update_configuration(value_to_merge={"accessControl": {}}, timestamp=now()),
            "not allowed for following fields",
        ),
        (
            lambda: first.update_configuration(
                key_path=["accessControl", "x"], value_to_merge={"y": 1}, timestamp=now()
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
    first, _ = two(device, everything_allowed)
    with pytest.raises(ServiceError):
        first.publish_to_iot_core(topic_name="a", qos="1", payload=b"x")


def test_lite_answers_service_error_to_what_it_does_not_have(lite: Any, events: Any, everything_allowed: Any) -> None:
    first, _ = two(lite, everything_allowed)
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
    first, _ = two(lite, everything_allowed)
    heard = events()
    first.subscribe_to_topic(topic="a", **heard.handlers())
    first.publish_to_iot_core_async(topic_name="a", qos="1", payload=b"x" * 8_000).add_done_callback(lambda _: None)
    assert heard.closed.get(timeout=40)

    def is_closed() -> bool:
        try:
            first.get_configuration()
        except (ConnectionClosedError, RuntimeError):
            return True
        return False

    wait_until(is_closed)


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
    client, _ = two(classic, everything_allowed)
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
