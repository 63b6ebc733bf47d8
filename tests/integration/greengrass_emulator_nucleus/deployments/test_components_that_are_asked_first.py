"""Components that are asked before a deployment changes them: may this configuration be, may the update go on."""

from typing import Any

import pytest
from awsiot.greengrasscoreipc.model import ConfigurationValidityReport, InvalidArgumentsError

A, B = "com.example.a", "com.example.b"


def _validate(client: Any, events: Any) -> Any:
    asked = events()
    client.subscribe_to_validate_configuration_updates(**asked.handlers())
    return asked


def _report(client: Any, deployment_id: str, status: str, message: str = "") -> None:
    report = ConfigurationValidityReport(status=status, deployment_id=deployment_id, message=message)
    client.send_configuration_validity_report(configuration_validity_report=report)


def _release(number: str) -> dict[str, Any]:
    return {A: {"RESET": ["/desired"], "MERGE": {"desired": {"release": number, "models": {"m": f"{number}.0.0"}}}}}


def test_a_rejected_configuration_changes_nothing(classic: Any, events: Any) -> None:
    classic.give(A)
    classic.deploy(f"{A}=1.0.0", update=_release("1"))
    client, pid = classic.speak_as(A), classic.pid(A)
    asked, changes = _validate(client, events), events()
    client.subscribe_to_configuration_update(key_path=[], **changes.handlers())
    deployment = classic.ask_deployment(f"{A}=1.0.0", update=_release("2"))
    event = asked.next().validate_configuration_update_event
    assert event.deployment_id == deployment
    assert event.configuration["desired"] == {"release": "2", "models": {"m": "2.0.0"}}
    _report(client, deployment, "REJECTED", "the golden samples differ")
    ended = classic.ended(deployment)
    assert ended.detailed == "FAILED_NO_STATE_CHANGE"
    assert "the golden samples differ" in ended.cause
    assert client.get_configuration(key_path=["desired"]).value["release"] == "1"
    assert (classic.pid(A), changes.waiting()) == (pid, [])
    with pytest.raises(InvalidArgumentsError) as late:
        _report(client, deployment, "ACCEPTED")
    assert "never made" in late.value.message


def test_an_accepted_configuration_arrives_without_a_restart(classic: Any, events: Any) -> None:
    classic.give(A)
    classic.deploy(f"{A}=1.0.0", update=_release("1"))
    client, pid = classic.speak_as(A), classic.pid(A)
    asked, changes = _validate(client, events), events()
    client.subscribe_to_configuration_update(key_path=[], **changes.handlers())
    deployment = classic.ask_deployment(f"{A}=1.0.0", update=_release("2"))
    asked.next()
    assert changes.waiting() == []
    _report(client, deployment, "ACCEPTED")
    assert classic.ended(deployment).status == "SUCCEEDED"
    paths = {tuple(changes.next().configuration_update_event.key_path) for _ in range(2)}
    assert paths == {("desired", "release"), ("desired", "models", "m")}
    assert classic.pid(A) == pid
    # Unchanged: nobody is asked.
    assert classic.deploy(f"{A}=1.0.0", update=_release("2")).status == "SUCCEEDED"
    assert asked.waiting() == []


def test_validation_is_not_asked_for_with_a_new_version(classic: Any, events: Any) -> None:
    classic.give(A, "1.0.0")
    classic.deploy(f"{A}=1.0.0")
    asked = _validate(classic.speak_as(A), events)
    classic.give(A, "1.1.0")
    assert classic.deploy(f"{A}=1.1.0", update=_release("2")).status == "SUCCEEDED"
    assert asked.waiting() == []


def test_a_second_subscription_is_ignored_while_the_first_is_open(classic: Any, events: Any) -> None:
    classic.give(A)
    classic.deploy(f"{A}=1.0.0")
    first_client, second_client = classic.speak_as(A), classic.speak_as(A)
    first, second = events(), events()
    _, operation = first_client.subscribe_to_validate_configuration_updates(**first.handlers())
    second_client.subscribe_to_validate_configuration_updates(**second.handlers())
    deployment = classic.ask_deployment(f"{A}=1.0.0", update=_release("1"))
    _report(second_client, first.next().validate_configuration_update_event.deployment_id, "ACCEPTED")
    assert classic.ended(deployment).status == "SUCCEEDED"
    operation.close().result(10)
    # Closing the first removes the listener: the second is deaf.
    assert classic.deploy(f"{A}=1.0.0", update=_release("2")).status == "SUCCEEDED"
    assert second.waiting() == []


def test_an_update_waits_while_a_component_asks_to(classic: Any, events: Any) -> None:
    classic.give(A)
    classic.deploy(f"{A}=1.0.0")
    client, told = classic.speak_as(A), events()
    client.subscribe_to_component_updates(**told.handlers())
    classic.give(B, run="exit 0")
    deployment = classic.ask_deployment(f"{B}=1.0.0")
    event = told.next().pre_update_event
    assert (event.deployment_id, event.is_ggc_restarting) == (deployment, False)
    client.defer_component_update(deployment_id=deployment, recheck_after_ms=300)
    assert told.next().pre_update_event.deployment_id == deployment
    assert classic.state(B) == ""
    client.defer_component_update(deployment_id=deployment, recheck_after_ms=0)
    assert classic.ended(deployment).status == "SUCCEEDED"
    assert told.next().post_update_event.deployment_id == deployment
    with pytest.raises(InvalidArgumentsError):
        client.defer_component_update(deployment_id="none", recheck_after_ms=0)


def test_a_rollback_asks_no_component(classic: Any, events: Any) -> None:
    classic.give(A, configuration={"n": 1})
    classic.give(B)
    classic.deploy(f"{A}=1.0.0", f"{B}=1.0.0")
    client, asked = classic.speak_as(A), events()
    client.subscribe_to_validate_configuration_updates(**asked.handlers())
    classic.give(B, "2.0.0", run="exit 3")
    deployment = classic.ask_deployment(f"{A}=1.0.0", f"{B}=2.0.0", update={A: {"MERGE": {"n": 2}}})
    event = asked.next().validate_configuration_update_event
    assert event.configuration == {"n": 2}
    report = ConfigurationValidityReport(status="ACCEPTED", deployment_id=event.deployment_id)
    client.send_configuration_validity_report(configuration_validity_report=report)
    assert classic.ended(deployment).detailed == "FAILED_ROLLBACK_COMPLETE"
    assert client.get_configuration().value == {"n": 1}
    assert asked.waiting() == []
