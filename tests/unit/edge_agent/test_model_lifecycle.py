"""The states of a model's version follow each other as drawn, and in no other way."""

import itertools

import pytest

from edge_agent.serving.lifecycle import FOLLOWS, IllegalTransitionError, ModelLife, ModelState, Target

TARGET = Target("digits", "com.example.digits", "4.0.0", "A" * 43, "7")


def test_a_good_model_goes_from_proposed_to_serving_to_retired() -> None:
    life = ModelLife(TARGET)
    for state in (ModelState.VETTING, ModelState.READY, ModelState.SERVING, ModelState.RETIRED):
        life = life.to(state)
    assert life.state is ModelState.RETIRED


def test_a_rejected_model_never_serves() -> None:
    rejected = ModelLife(TARGET).to(ModelState.VETTING).to(ModelState.REJECTED)
    with pytest.raises(IllegalTransitionError, match=r"digits 4\.0\.0 cannot go from REJECTED to SERVING"):
        rejected.to(ModelState.SERVING)


@pytest.mark.parametrize(("one", "other"), list(itertools.product(ModelState, ModelState)))
def test_every_other_step_is_refused(one: ModelState, other: ModelState) -> None:
    life = ModelLife(TARGET, state=one)
    if other in FOLLOWS[one]:
        assert life.to(other).state is other
    else:
        with pytest.raises(IllegalTransitionError):
            life.to(other)
