"""A fault from a shell: one component's IPC connection is gone, and nobody else's."""

import subprocess
import sys
from typing import Any

import pytest
from awsiot.greengrasscoreipc.model import BinaryMessage, PublishMessage

A, B = "com.example.a", "com.example.b"


def fault(device: Any, *words: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "greengrass_emulator.cli.main", "fault", *words, "--root", str(device.root)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_a_component_whose_ipc_is_cut_has_no_connection_until_it_is_mended(
    device: Any, events: Any, everything_allowed: dict[str, Any]
) -> None:
    for name in (A, B):
        device.give(name, configuration=everything_allowed)
    device.deploy(f"{A}=1.0.0", f"{B}=1.0.0")
    pid, of_a, of_b = device.pid(A), events(), events()
    device.speak_as(A).subscribe_to_topic(topic="t", **of_a.handlers())
    device.speak_as(B).subscribe_to_topic(topic="t", **of_b.handlers())

    done = fault(device, "cut-ipc", A)
    assert (done.returncode, done.stdout) == (0, f"thing-1: {A} has no IPC connection; mend-ipc undoes it\n")
    assert of_a.closed.get(timeout=40)
    with pytest.raises(Exception, match=r"CLOSED|closed"):
        device.speak_as(A)
    # The command line's and the other component's are as they were.
    message = PublishMessage(binary_message=BinaryMessage(message=b"to whoever hears"))
    device.speak_as(B).publish_to_topic(topic="t", publish_message=message)
    assert of_b.next().binary_message.message == b"to whoever hears"
    assert of_b.closed.empty()
    assert device.pid(A) == pid

    assert fault(device, "mend-ipc", A).stdout == f"thing-1: {A} may connect again\n"
    device.speak_as(A).publish_to_topic(topic="t", publish_message=message)
    assert of_b.next().binary_message.message == b"to whoever hears"


def test_only_a_component_that_is_there_can_be_cut(classic: Any) -> None:
    classic.give(A)
    classic.deploy(f"{A}=1.0.0")
    done = fault(classic, "cut-ipc", B)
    assert done.returncode == 2
    assert f"{B} is not a component of thing-1" in done.stderr
    assert f"name one that is there: {A}" in done.stderr
    assert not classic.status().ipc_cut
