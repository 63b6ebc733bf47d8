"""What the bringing-up program does next, decided by the content of the work folder."""

from edge_agent.bringing_up.decisions import (
    MOST_TRIALS,
    Install,
    Keep,
    Serve,
    Try,
    free_name,
    next_step,
    to_remove,
)
from edge_agent.bringing_up.standing import Made, Standing, Trial, Wanted

OLD, NEW = Made("1.0.0", "old", has_venv=True), Made("1.1.0", "new", has_venv=True)
WANTED = Wanted("1.1.0", "new")


def test_with_nothing_there_it_installs_and_nobody_serves_meanwhile() -> None:
    assert next_step(Standing({}), WANTED) == Install(None)


def test_with_an_earlier_version_there_that_one_serves_while_the_new_one_is_installed() -> None:
    assert next_step(Standing({"1.0.0": OLD}, current="1.0.0"), WANTED) == Install("1.0.0")
    # The link was never made, or leads nowhere.
    assert next_step(Standing({"1.0.0": OLD}, current="0.9.0"), WANTED) == Install("1.0.0")


def test_with_nothing_else_there_it_is_served_without_a_parent() -> None:
    assert next_step(Standing({"1.1.0": NEW}, current="1.1.0"), WANTED) == Serve("1.1.0")
    assert next_step(Standing({"1.1.0": NEW}), WANTED) == Serve("1.1.0")


def test_an_installed_one_that_has_not_confirmed_is_on_trial_whether_it_was_switched_to_or_not() -> None:
    both = {"1.0.0": OLD, "1.1.0": NEW}
    for current in ("1.0.0", "1.1.0", None):
        assert next_step(Standing(both, current, confirmed="1.0.0"), WANTED) == Try("1.1.0", "1.0.0")


def test_one_that_ended_too_often_without_a_confirmation_is_not_tried_again() -> None:
    both = {"1.0.0": OLD, "1.1.0": NEW}
    tried = Trial("1.1.0", "new", MOST_TRIALS, "ended")
    assert next_step(Standing(both, "1.0.0", tried, "1.0.0"), WANTED) == Keep("1.0.0", "ended")
    fewer = tried._replace(begun=MOST_TRIALS - 1)
    assert next_step(Standing(both, "1.0.0", fewer, "1.0.0"), WANTED) == Try("1.1.0", "1.0.0")
    # Other files of that version: the trial was of what it is no longer.
    again = Wanted("1.1.0", "mended")
    assert next_step(Standing(both, "1.0.0", tried, "1.0.0"), again) == Install("1.0.0")


def test_what_failed_its_trial_is_nothing_to_fall_back_on() -> None:
    both = {"1.0.0": OLD, "1.1.0": NEW}
    tried = Trial("1.1.0", "new", 1, "ended")
    assert next_step(Standing(both, "1.0.0", tried), Wanted("1.0.0", "old")) == Serve("1.0.0")
    assert next_step(Standing(both, "1.1.0", tried), Wanted("1.2.0", "newer")) == Install("1.0.0")


def test_one_old_version_stays_and_all_others_make_room() -> None:
    three = {"0.9.0": OLD._replace(version="0.9.0"), "1.0.0": OLD, "1.1.0": NEW}
    assert to_remove(Standing(three, "1.0.0"), "1.0.0") == ["0.9.0", "1.1.0"]
    assert to_remove(Standing(three, "gone", confirmed="0.9.0"), None) == ["1.0.0", "1.1.0"]


def test_other_files_of_a_version_that_stands_get_a_folder_of_their_own() -> None:
    assert free_name(Standing({"1.0.0": OLD}), "1.1.0") == "1.1.0"
    assert free_name(Standing({"1.1.0": NEW, "1.1.0.2": NEW}), "1.1.0") == "1.1.0.3"
