"""What a change of a recipe, or of a key, asks of its component."""

import pytest

from greengrass_emulator.nucleus.lifecycle.restart_rules import wish_of_deployment, wish_of_key_path
from greengrass_emulator.nucleus.lifecycle.states import Wish
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
    ("old", "new", "wish"),
    [
        (_plan(), _plan(), None),
        (_plan(), _plan(run=Step("run differently")), Wish.RESTART),
        (_plan(), _plan(setenv={"A": "1"}), Wish.RESTART),
        (_plan(), _plan(install=Step("j")), Wish.REINSTALL),
        (_plan(), _plan(bootstrap=Step("b")), Wish.REINSTALL),
        (_plan(), _plan("1.0.1"), Wish.REINSTALL),
        (_plan(), _plan(user="u"), Wish.REINSTALL),
        (_plan(), _plan(dependencies=("d",)), Wish.RESTART),
        (_plan(dependencies=("d",)), _plan(), None),
    ],
)
def test_a_change_asks_for(old: Plan, new: Plan, wish: Wish | None) -> None:
    assert wish_of_deployment(old, new) == wish


@pytest.mark.parametrize(
    ("new", "wish"),
    [
        (_plan(shutdown=Step("s")), None),
        (_plan(setenv={"Version": "2"}), Wish.REINSTALL),
        (_plan(run=Step("run", environment={"INSTALL": "x"})), Wish.REINSTALL),
        (_plan(run=Step("run", timeout=5)), Wish.RESTART),
        (_plan(recover=Step("r")), Wish.RESTART),
    ],
)
def test_classic_asks_each_key_above_a_leaf_of_the_lifecycle(new: Plan, wish: Wish | None) -> None:
    assert wish_of_deployment(_plan(), new) == wish


@pytest.mark.parametrize(
    ("path", "wish"),
    [
        ("c/configuration/desired/models/digits/version", Wish.REINSTALL),
        ("c/configuration/desired/models/digits/digest", None),
        ("c/configuration/VERSION/x", Wish.REINSTALL),
        ("c/configuration/Install", Wish.REINSTALL),
        ("c/configuration/runwith/posixUser", Wish.REINSTALL),
        ("c/runWith/systemResourceLimits/cpus", None),
        ("c/configuration/LifeCycle", Wish.RESTART),
        ("c/configuration/SETENV/A", Wish.RESTART),
        ("c/configuration/shutdown/version", None),
        ("c/configuration/versions", None),
    ],
)
def test_of_a_changed_leaf_every_key_above_it_is_asked_in_any_case(path: str, wish: Wish | None) -> None:
    assert wish_of_key_path(path.split("/")) == wish


@pytest.mark.parametrize(
    ("old", "new", "wish"),
    [
        (_timed(number=True, stored=True), _timed(number=True, stored=False), Wish.RESTART),
        (_timed(number=True, stored=False), _timed(number=True, stored=True), Wish.RESTART),
        (_timed(number=True, stored=False), _timed(number=True, stored=False), None),
        (_timed(number=True, stored=True), _timed(number=True, stored=True), None),
        (_timed(number=False, stored=True), _timed(number=False, stored=False), None),
        (_timed(number=False, stored=False), _timed(number=True, stored=False), Wish.RESTART),
    ],
)
def test_a_number_that_was_read_back_is_another_and_a_text_is_the_same(old: Plan, new: Plan, wish: Wish | None) -> None:
    assert wish_of_deployment(old, new) == wish
