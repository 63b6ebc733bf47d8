"""What a change of a recipe, or of a key, asks of its component."""

import pytest
from greengrass_emulator.nucleus.lifecycle.restart_rules import request_for_deployment, request_for_key_path
from greengrass_emulator.nucleus.lifecycle.states import LifecycleRequest
from greengrass_emulator.nucleus.lifecycle.steps import Plan
from greengrass_emulator.nucleus.recipes.component import Component, Dependency, Lifecycle, Step

TIMEOUT = frozenset({("startup", "timeout")})


def _plan(
    version: str = "1.0.0",
    *,
    run: Step | None = None,
    dependencies: tuple[str, ...] = (),
    user: str | None = None,
    setenv: dict[str, str] | None = None,
    **steps: Step,
) -> Plan:
    hard = {name: Dependency("*", True) for name in dependencies}
    lifecycle = Lifecycle({"install": Step("i"), "run": run or Step("run"), **steps}, setenv or {})
    return Plan(Component("c", version, {}, hard, lifecycle, ()), lifecycle, user)


def _timed(*, number: bool, stored: bool) -> Plan:
    lifecycle = Lifecycle({"startup": Step("go", timeout=900)}, {}, TIMEOUT if number else frozenset())
    return Plan(Component("c", "1.0.0", {}, {}, lifecycle, ()), lifecycle, None, stored)


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        (_plan(), _plan(), None),
        (_plan(), _plan(run=Step("run differently")), LifecycleRequest.RESTART),
        (_plan(), _plan(setenv={"A": "1"}), LifecycleRequest.RESTART),
        (_plan(), _plan(install=Step("j")), LifecycleRequest.REINSTALL),
        (_plan(), _plan(bootstrap=Step("b")), LifecycleRequest.REINSTALL),
        (_plan(), _plan("1.0.1"), LifecycleRequest.REINSTALL),
        (_plan(), _plan(user="u"), LifecycleRequest.REINSTALL),
        (_plan(), _plan(dependencies=("d",)), LifecycleRequest.RESTART),
        (_plan(dependencies=("d",)), _plan(), None),
    ],
)
def test_a_changed_plan_requests(old: Plan, new: Plan, wanted: LifecycleRequest | None) -> None:
    assert request_for_deployment(old, new) == wanted


@pytest.mark.parametrize(
    ("new", "wanted"),
    [
        (_plan(shutdown=Step("s")), None),
        (_plan(setenv={"Version": "2"}), LifecycleRequest.REINSTALL),
        (_plan(run=Step("run", environment={"INSTALL": "x"})), LifecycleRequest.REINSTALL),
        (_plan(run=Step("run", timeout=5)), LifecycleRequest.RESTART),
        (_plan(recover=Step("r")), LifecycleRequest.RESTART),
    ],
)
def test_classic_asks_each_key_above_a_leaf_of_the_lifecycle(new: Plan, wanted: LifecycleRequest | None) -> None:
    assert request_for_deployment(_plan(), new) == wanted


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("c/configuration/desired/models/digits/version", LifecycleRequest.REINSTALL),
        ("c/configuration/desired/models/digits/digest", None),
        ("c/configuration/VERSION/x", LifecycleRequest.REINSTALL),
        ("c/configuration/Install", LifecycleRequest.REINSTALL),
        ("c/configuration/runwith/posixUser", LifecycleRequest.REINSTALL),
        ("c/runWith/systemResourceLimits/cpus", None),
        ("c/configuration/LifeCycle", LifecycleRequest.RESTART),
        ("c/configuration/SETENV/A", LifecycleRequest.RESTART),
        ("c/configuration/shutdown/version", None),
        ("c/configuration/versions", None),
    ],
)
def test_of_a_changed_leaf_every_key_above_it_is_asked_in_any_case(path: str, wanted: LifecycleRequest | None) -> None:
    assert request_for_key_path(path.split("/")) == wanted


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        (_timed(number=True, stored=True), _timed(number=True, stored=False), LifecycleRequest.RESTART),
        (_timed(number=True, stored=False), _timed(number=True, stored=True), LifecycleRequest.RESTART),
        (_timed(number=True, stored=False), _timed(number=True, stored=False), None),
        (_timed(number=True, stored=True), _timed(number=True, stored=True), None),
        (_timed(number=False, stored=True), _timed(number=False, stored=False), None),
        (_timed(number=False, stored=False), _timed(number=True, stored=False), LifecycleRequest.RESTART),
    ],
)
def test_a_number_that_was_read_back_is_another_and_a_text_is_the_same(
    old: Plan, new: Plan, wanted: LifecycleRequest | None
) -> None:
    assert request_for_deployment(old, new) == wanted
