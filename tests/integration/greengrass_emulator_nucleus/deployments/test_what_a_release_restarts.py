"""What restarts a component on classic that a person would not think of: keys of its configuration, and numbers."""

from typing import Any

import pytest

A = "com.example.a"
STAY = "echo $SVCUID > svcuid; exec sleep 1000"
RUN = "echo run >> steps; " + STAY


def _steps(device: Any) -> list[str]:
    path = device.work(A) / "steps"
    return path.read_text().split() if path.exists() else []


@pytest.mark.parametrize(
    ("merge", "more"),
    [
        ({"desired": {"models": {"digits": {"version": "2.0.0"}}}}, ["install", "run"]),
        ({"deep": {"Install": {"x": 1}}}, ["install", "run"]),
        ({"runwith": "x"}, ["install", "run"]),
        ({"SetEnv": {"x": "1"}}, ["run"]),
        ({"lifecycle": {"x": "1"}}, ["run"]),
        ({"shutdown": {"version": "1"}}, []),
        ({"models": {"digits": "com.example.digits:2.0.0"}, "n": 5}, []),
    ],
)
def test_a_key_of_its_configuration_reinstalls_restarts_or_leaves_a_component(
    classic: Any, merge: dict[str, Any], more: list[str]
) -> None:
    classic.give(A, install="echo install >> steps", run=RUN)
    classic.deploy(f"{A}=1.0.0")
    classic.token(A)
    (classic.work(A) / "svcuid").unlink()
    before, pid = _steps(classic), classic.pid(A)
    assert classic.deploy(f"{A}=1.0.0", update={A: {"MERGE": merge}}).status == "SUCCEEDED"
    if more:
        classic.token(A)
    assert _steps(classic)[len(before) :] == more
    assert (classic.pid(A) == pid) == (not more)
    # The same again changes nothing, and asks for nothing.
    pid = classic.pid(A)
    assert classic.deploy(f"{A}=1.0.0", update={A: {"MERGE": merge}}).status == "SUCCEEDED"
    assert classic.pid(A) == pid


def test_a_component_that_writes_such_a_key_reinstalls_itself(classic: Any, wait_until: Any) -> None:
    from datetime import UTC, datetime

    classic.give(A, install="echo install >> steps", run=RUN)
    classic.deploy(f"{A}=1.0.0")
    speaker, before = classic.speak_as(A), len(_steps(classic))
    speaker.update_configuration(value_to_merge={"my": {"Version": "2"}}, timestamp=datetime.now(UTC))
    wait_until(lambda: _steps(classic)[before:] == ["install", "run"])


@pytest.mark.parametrize(("timeout", "restarts"), [(900, 1), ("900", 0)])
def test_a_number_in_a_step_restarts_at_the_first_deployment_after_a_start_and_after_a_way_back(
    make_device: Any, timeout: Any, restarts: int
) -> None:
    device = make_device("classic")

    def give(version: str = "1.0.0", run: str = RUN) -> None:
        device.give(A, version, run={"Script": run, "Timeout": timeout})

    def runs_of_two_deployments() -> list[int]:
        counts = []
        for number in range(2):
            before = len(_steps(device))
            assert device.deploy(f"{A}=1.0.0", update={A: {"MERGE": {"n": number}}}).status == "SUCCEEDED"
            counts.append(len(_steps(device)) - before)
        return counts

    give()
    device.deploy(f"{A}=1.0.0")
    assert runs_of_two_deployments() == [0, 0]
    device.stop()
    device.start().until_state(A, "RUNNING")
    assert runs_of_two_deployments() == [restarts, 0]
    give("2.0.0", "exit 3")
    assert device.deploy(f"{A}=2.0.0").detailed == "FAILED_ROLLBACK_COMPLETE"
    assert runs_of_two_deployments() == [restarts, 0]


def test_keys_that_differ_in_case_alone_are_one(classic: Any, events: Any) -> None:
    from datetime import UTC, datetime

    classic.give(A, configuration={"Aa": {"n": 1}})
    classic.deploy(f"{A}=1.0.0", update={A: {"MERGE": {"aA": {"N": 2, "m": 3}}}})
    speaker, told = classic.speak_as(A), events()
    assert speaker.get_configuration().value == {"Aa": {"n": 2, "m": 3}}
    assert speaker.get_configuration(key_path=["AA", "M"]).value == {"m": 3}
    speaker.subscribe_to_configuration_update(key_path=["aa"], **told.handlers())
    speaker.update_configuration(key_path=["AA"], value_to_merge={"M": 4}, timestamp=datetime.now(UTC))
    assert told.next().configuration_update_event.key_path == ["Aa", "m"]
    assert classic.deploy(f"{A}=1.0.0", update={A: {"RESET": ["/AA/N"]}}).status == "SUCCEEDED"
    assert speaker.get_configuration().value == {"Aa": {"m": 4, "n": 1}}


def test_on_lite_keys_that_differ_in_case_are_two_and_no_key_restarts_by_its_name(lite: Any) -> None:
    lite.give(A, configuration={"Aa": {"n": 1}}, run=RUN)
    lite.deploy(f"{A}=1.0.0", update={A: {"MERGE": {"aA": {"N": 2}}}})
    assert lite.speak_as(A).get_configuration().value == {"Aa": {"n": 1}, "aA": {"N": 2}}
