"""Every error of the agent stands in one tree, and says what happened and what to do on one line."""

import importlib
import inspect
import pkgutil
import subprocess
import sys
from pathlib import Path

import edge_agent
from edge_agent import errors
from edge_agent.errors import EdgeAgentError, NotAllowedError, RefusedModelError, UnreadableFrameError
from shared_schema.messages import Reason

REPOSITORY = Path(__file__).parents[3]


def test_no_error_stands_outside_the_tree() -> None:
    names = [each.name for each in pkgutil.walk_packages(edge_agent.__path__, "edge_agent.")]
    own = {
        found
        for name in names
        if not name.endswith("__main__")
        for found in vars(importlib.import_module(name)).values()
        if inspect.isclass(found) and issubclass(found, Exception) and found.__module__.startswith("edge_agent")
    }
    assert {RefusedModelError, NotAllowedError} < own
    assert [each for each in own if not issubclass(each, EdgeAgentError)] == []
    assert {each.__name__ for each in own} <= set(vars(errors)), "an error is defined elsewhere"


def test_the_text_is_problem_and_remedy_on_one_line() -> None:
    refused = RefusedModelError(Reason.GRAPH, "the graph has no output 'b'", "set postprocessing.output to 'a'")
    assert (refused.problem, refused.remedy) == ("the graph has no output 'b'", "set postprocessing.output to 'a'")
    assert str(refused) == "the graph has no output 'b'; set postprocessing.output to 'a'"
    assert str(UnreadableFrameError("a.png is empty")) == "a.png is empty"


def test_they_are_there_before_any_wheel_is() -> None:
    program = f"import sys; sys.path.insert(0, {str(REPOSITORY)!r}); import edge_agent.bringing_up.parenting"
    done = subprocess.run([sys.executable, "-IS", "-c", program], capture_output=True, text=True, check=False)
    assert done.stderr == ""
