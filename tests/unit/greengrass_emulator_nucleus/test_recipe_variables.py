"""What variables become."""

from pathlib import Path

import pytest
from greengrass_emulator.nucleus.recipes.component import Lifecycle, Step
from greengrass_emulator.nucleus.recipes.variables import Neighbour, Variables
from greengrass_emulator.nucleus.runtimes import CLASSIC, LITE, Runtime


def _variables(runtime: Runtime) -> Variables:
    own = Neighbour("own", "1.0.0", {"text": "t", "object": {"n": 1}, "list": [1, "x"], "number": 5, "true": True})
    other = Neighbour("other.one", "2.0.0", {"key": "of the other"})
    return Variables(runtime, Path("/gg"), "thing-1", own, {"other.one": other})


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("{artifacts:path}", "/gg/packages/artifacts/own/1.0.0"),
        ("{artifacts:decompressedPath}/x", "/gg/packages/artifacts-unarchived/own/1.0.0/x"),
        ("{work:path}", "/gg/work/own"),
        ("{kernel:rootPath} {iot:thingName}", "/gg thing-1"),
        ("{configuration:/text} {configuration:/object}", 't {"n":1}'),
        ("{configuration:/list} {configuration:/number} {configuration:/true}", '[1,"x"] 5 true'),
        ("{other.one:configuration:/key}", "of the other"),
        ("{other.one:artifacts:path}", "/gg/packages/artifacts/other.one/2.0.0"),
        ("{nobody:artifacts:path}", "{nobody:artifacts:path}"),
        ("{configuration:/absent}", "{configuration:/absent}"),
        ("${HOME} {} {a}", "${HOME} {} {a}"),
    ],
)
def test_classic_fills_in_what_it_knows_and_leaves_the_rest(text: str, filled: str) -> None:
    assert _variables(CLASSIC).fill(text) == filled


@pytest.mark.parametrize(
    ("script", "run"),
    [
        ("ls {artifacts:path}", "ls /gg/packages/artifacts/own/1.0.0/"),
        ("echo {configuration:/text}{configuration:/object}", 'echo t{"n":1}'),
        ("one; echo ${HOME}; two", "one; echo $"),
        ("one; {other.one:configuration:/key}; two", "one; "),
        ("one; {configuration:/absent}; two", "one; "),
        ("one; { two; }", "one; "),
        ("one {" + "x" * 300 + ":y} two", "one "),
        ("one { two", "one "),
    ],
)
def test_lite_cuts_a_script_at_what_it_does_not_know(script: str, run: str) -> None:
    assert _variables(LITE).fill_lifecycle(Lifecycle({"run": Step(script)})).steps["run"].script == run


def test_lite_exports_the_environment_unquoted() -> None:
    lifecycle = Lifecycle({"run": Step("go", environment={"B": "{iot:thingName}"})}, {"A": "x y"})
    assert _variables(LITE).fill_lifecycle(lifecycle).steps["run"].script == "export A=x y\nexport B=thing-1\ngo"
