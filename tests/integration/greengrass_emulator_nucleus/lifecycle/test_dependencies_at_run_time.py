"""What becomes of components when one that they depend on ends, restarts or is renewed."""

import subprocess
from typing import Any

A, B = "com.example.a", "com.example.b"


def test_a_hard_dependency_restarts_its_dependents_and_a_soft_one_does_not(classic: Any, wait_until: Any) -> None:
    hard, soft = "com.example.hard", "com.example.soft"
    classic.give(B)
    for name, kind in ((hard, "HARD"), (soft, "SOFT")):
        classic.give(name, dependencies={B: {"VersionRequirement": "^1.0.0", "DependencyType": kind}})
    assert classic.deploy(f"{hard}=1.0.0", f"{soft}=1.0.0").status == "SUCCEEDED"
    assert set(classic.status().components) == {B, hard, soft}
    before = {name: classic.pid(name) for name in (B, hard, soft)}
    subprocess.run(["kill", "-KILL", str(before[B])], check=True)
    wait_until(lambda: classic.state(hard) == "RUNNING" and classic.pid(hard) != before[hard])
    assert classic.pid(B) != before[B]
    assert classic.pid(soft) == before[soft]


def test_on_lite_a_hard_dependency_that_ends_stops_its_dependents(lite: Any) -> None:
    lite.give(B, run="sleep 0.6")
    lite.give(A, dependencies={B: {"VersionRequirement": "^1.0.0", "DependencyType": "HARD"}})
    lite.deploy(f"{A}=1.0.0")
    lite.until_state(B, "FINISHED")
    lite.until_state(A, "FINISHED")
    assert lite.status().components[A].pid is None


def test_on_lite_a_new_version_of_a_hard_dependency_restarts_and_of_a_soft_one_does_not(
    lite: Any, wait_until: Any
) -> None:
    for kind in ("HARD", "SOFT"):
        lite.give(f"{A}.{kind}", dependencies={B: {"VersionRequirement": ">=1.0.0", "DependencyType": kind}})
    lite.give(B, "1.0.0")
    lite.deploy(f"{B}=1.0.0", f"{A}.HARD=1.0.0", f"{A}.SOFT=1.0.0")
    hard, soft = lite.pid(f"{A}.HARD"), lite.pid(f"{A}.SOFT")
    lite.give(B, "2.0.0")
    assert lite.deploy(f"{B}=2.0.0").status == "SUCCEEDED"
    wait_until(lambda: lite.pid(f"{A}.HARD") != hard)
    assert lite.pid(f"{A}.SOFT") == soft
