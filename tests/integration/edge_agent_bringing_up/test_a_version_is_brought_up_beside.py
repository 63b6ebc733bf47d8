"""A new version beside the one that serves, on lite: what goes well, and what an agent that fails brings back."""

import signal
import subprocess
from pathlib import Path

import pytest

from .stand_ins import CONFIRMS, ENDS, IS_SILENT, Site, eventually

pytestmark = pytest.mark.installs


def test_the_first_version_installs_itself_and_the_nucleuss_process_becomes_the_agent(site: Site) -> None:
    site.artifact("1.0.0", "import tinylib\n" + CONFIRMS, needs="tinylib==1.0")
    process = site.start("1.0.0")
    site.until("1.0.0 began", "1.0.0 confirmed")
    assert site.pid("1.0.0 began") == process.pid
    assert site.standing() == ["1.0.0"]
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=10) == 128 + signal.SIGTERM

    again = site.start("1.0.0")
    site.until("1.0.0 began", "1.0.0 confirmed")
    assert site.pid("1.0.0 began") == again.pid
    assert site.log().count("msg=installing ") == 1


def test_a_first_version_that_cannot_be_installed_ends_with_pips_words_in_the_log(site: Site) -> None:
    site.artifact("1.0.0", needs="tinylib==2.0")
    assert site.start("1.0.0").wait(timeout=60) == 1
    assert "No matching distribution found for tinylib==2.0" in site.log()
    assert "level=ERROR" in site.log()
    assert "Traceback" not in site.log()
    assert site.standing() == []


def test_the_old_one_serves_until_the_new_one_is_whole_and_goes_when_that_has_confirmed(site: Site) -> None:
    site.served("1.0.0")
    site.artifact("1.1.0", "import tinylib\ntime.sleep(1)\n" + CONFIRMS, needs="tinylib==1.0")
    process = site.start("1.1.0")
    site.until("1.0.0 began", "1.0.0 confirmed")
    site.until("1.0.0 ended", "1.1.0 began")
    assert site.standing() == ["1.0.0", "1.1.0"]
    site.until("1.1.0 began", "1.1.0 confirmed")
    eventually(lambda: site.standing() == ["1.1.0"], what="the old one's end")
    assert site.current() == "1.1.0"
    assert site.install_failure() is None
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=10) == 128 + signal.SIGTERM
    assert site.said()[-1] == "1.1.0 ended"

    alone = site.start("1.1.0")
    site.until("1.1.0 began", "1.1.0 confirmed")
    assert site.pid("1.1.0 began") == alone.pid


def test_one_that_ends_before_it_has_confirmed_anything_gives_the_old_one_back(site: Site) -> None:
    site.served("1.0.0")
    site.artifact("1.1.0", ENDS)
    process = site.start("1.1.0")
    site.until("1.1.0 began", "1.0.0 began", "1.0.0 confirmed")
    assert site.pid("1.0.0 began") == process.pid
    said = site.install_failure()
    assert said == {
        "version": "1.1.0",
        "words": "it ended with 3 before it had confirmed anything; its log says why",
    }
    assert site.current() == "1.0.0"


def test_it_is_tried_as_often_as_both_nuclei_do_and_then_the_old_one_is_kept(site: Site) -> None:
    site.served("1.0.0")
    site.artifact("1.1.0", ENDS)
    for number in range(4):
        process = site.start("1.1.0")
        site.until(*(["1.1.0 began"] if number < 3 else ["1.0.0 ended"]), "1.0.0 began", "1.0.0 confirmed")
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=10)
        assert (site.install_failure() or {})["version"] == "1.1.0"
    assert site.said().count("1.1.0 began") == 3

    site.artifact("1.1.0", CONFIRMS)
    site.start("1.1.0")
    site.until("1.1.0 began", "1.1.0 confirmed")
    assert site.install_failure() is None


def test_one_that_never_says_that_it_runs_gives_the_old_one_back_too(site: Site) -> None:
    site.served("1.0.0")
    site.artifact("1.1.0", IS_SILENT)
    site.start("1.1.0", within=1)
    site.until("1.1.0 began", "1.1.0 ended", "1.0.0 began", "1.0.0 confirmed")
    assert "did not run within 1 s" in (site.install_failure() or {})["words"]


def test_one_that_the_nucleus_ends_during_its_trial_is_no_failure(site: Site) -> None:
    site.served("1.0.0")
    site.artifact("1.1.0", IS_SILENT)
    for _ in range(4):
        process = site.start("1.1.0")
        site.until("1.1.0 began")
        eventually(lambda: "on trial" in site.log(), what="the trial")
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 128 + signal.SIGTERM
    assert site.said().count("1.1.0 began") == 4
    assert site.install_failure() is None


def test_its_way_back_to_the_earlier_version_needs_no_trial(site: Site) -> None:
    site.served("1.0.0")
    site.artifact("1.1.0", ENDS)
    process = site.start("1.1.0")
    site.until("1.1.0 began", "1.0.0 began", "1.0.0 confirmed")
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=10)
    back = site.start("1.0.0")
    site.until("1.0.0 began", "1.0.0 confirmed")
    assert site.pid("1.0.0 began") == back.pid
    assert site.install_failure() is None


def test_an_old_one_that_crashes_while_the_new_one_is_installed_is_begun_again(site: Site) -> None:
    site.artifact("1.0.0", "confirm()\ntime.sleep(0.5)\nos._exit(9)\n")
    site.start("1.0.0").wait(timeout=10)
    site.artifact("1.1.0", needs="tinylib==1.0")
    site.start("1.1.0")
    site.until("1.1.0 began", "1.1.0 confirmed")
    assert site.said().count("1.0.0 began") > 2
    assert "two-at-once" not in " ".join(site.said())


def test_no_version_is_left_over_and_at_most_one_old_one_is_kept(site: Site) -> None:
    for version in ("1.0.0", "1.1.0", "1.2.0"):
        site.artifact(version)
        assert site.step(version, "install").returncode == 0
        process = subprocess.Popen(site.command(version, "start"), cwd=site.work)
        site.until(f"{version} began", f"{version} confirmed")
        assert site.pid(f"{version} began") == process.pid
        process.terminate()
        process.wait(timeout=10)
    assert site.standing() == ["1.1.0", "1.2.0"]


def test_on_classic_a_roll_back_finds_the_earlier_version_as_it_was(site: Site) -> None:
    site.artifact("1.0.0")
    site.artifact("1.1.0", ENDS)
    assert site.step("1.0.0", "install").returncode == 0
    made = (site.versions / "1.0.0/made.json").stat().st_mtime_ns
    assert site.step("1.1.0", "install").returncode == 0
    assert site.step("1.1.0", "start").returncode == 3
    again = site.step("1.0.0", "install")
    assert (again.returncode, again.stderr) == (0, "")
    assert (site.versions / "1.0.0/made.json").stat().st_mtime_ns == made


def test_on_classic_what_was_never_installed_is_not_started(site: Site) -> None:
    site.artifact("1.0.0")
    ended = site.step("1.0.0", "start")
    assert ended.returncode == 1
    assert "its install step has not run to its end" in ended.stderr


def test_a_device_that_cannot_make_environments_says_what_to_install(site: Site, tmp_path: Path) -> None:
    site.artifact("1.0.0", needs="tinylib==1.0")
    site.work.mkdir(parents=True)
    python, *rest = site.command("1.0.0", "install")
    lacking = "import sys, runpy; sys.modules['ensurepip'] = None; sys.argv.pop(0)"
    command = [python, "-IS", "-c", f"{lacking}; runpy.run_path(sys.argv[0], None, '__main__')", *rest[1:]]
    ended = subprocess.run(command, cwd=site.work, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert "install the package python3-venv (apt install python3-venv), then deploy again" in ended.stderr
    assert "Traceback" not in ended.stderr
