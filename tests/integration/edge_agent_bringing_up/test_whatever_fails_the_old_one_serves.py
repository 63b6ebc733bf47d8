"""An installation that fails or is interrupted at any of its steps: the earlier version serves, and can go on to."""

import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from .stand_ins import Site, eventually

pytestmark = pytest.mark.installs

MIB = 1 << 20


def _is_the_old_one(site: Site, words: str) -> None:
    failure = eventually(site.install_failure, what="words for the agent")
    assert failure["version"] == "1.1.0"
    assert words in failure["words"]
    assert site.said() == ["1.0.0 began", "1.0.0 confirmed"]
    assert site.standing() == ["1.0.0"]


def test_a_wheel_that_is_missing(site: Site) -> None:
    site.served()
    site.artifact("1.1.0", needs="otherlib==1.0")
    process = site.start("1.1.0")
    _is_the_old_one(site, "No matching distribution found for otherlib==1.0")
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=10) == 128 + signal.SIGTERM
    # The next start tries again, and what was said holds no longer once it went well.
    site.artifact("1.1.0")
    site.start("1.1.0")
    site.until("1.1.0 began", "1.1.0 confirmed")
    assert site.install_failure() is None


@pytest.mark.parametrize(
    ("step", "data", "largest"), [("its packages", MIB, MIB // 2), ("venv", 0, MIB), ("wheels", 12 * MIB, 8 * MIB)]
)
def test_a_file_that_the_disk_does_not_take(site: Site, step: str, data: int, largest: int) -> None:
    site.served()
    folder = site.artifact("1.1.0", needs="tinylib==1.0", data=data)
    if step == "wheels":
        (folder / "edge_agent/data").unlink()
    site.start("1.1.0", largest_file=largest)
    _is_the_old_one(site, "File too large")


def test_a_disk_that_is_full(site: Site) -> None:
    site.served()
    site.artifact("1.1.0", needs="tinylib==1.0", data=8 * MIB)
    kept = site.work.rename(site.root / "kept")
    site.work.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", site.work], check=False).returncode != 0:
        pytest.skip("no file system can be mounted here")
    try:
        subprocess.run(["cp", "-a", f"{kept}/.", site.work], check=True)
        site.start("1.1.0")
        _is_the_old_one(site, "No space left on device")
    finally:
        site.power_cut()
        # Whoever was killed may not be gone yet.
        subprocess.run(["umount", "--lazy", site.work], check=True)


def _copying(site: Site) -> bool:
    return any(site.versions.glob(".*.new/packages"))


def _installing(site: Site) -> bool:
    return any(site.versions.glob(".*.new/venv/lib/*/site-packages/pip"))


def _switched(site: Site) -> bool:
    return "1.1.0 began" in site.said()


@pytest.mark.parametrize(
    ("at", "whole_device"),
    [(_copying, False), (_installing, False), (_installing, True), (_switched, False), (_switched, True)],
    ids=["killed-copying", "killed-pip", "rebooted-pip", "killed-switched", "rebooted-switched"],
)
def test_it_is_interrupted(site: Site, at: Callable[[Site], bool], whole_device: bool) -> None:
    site.served()
    needs = None if at is _switched else "tinylib==1.0"
    site.artifact("1.1.0", "time.sleep(1)\nconfirm()\nwhile True: time.sleep(60)\n", needs=needs)
    process = site.start("1.1.0")
    eventually(lambda: at(site), what="that step")
    if whole_device:
        site.power_cut()
    else:
        process.kill()
        process.wait(timeout=10)
        # Nobody is left to serve beside what the nucleus starts next, and nothing to write where that installs.
        eventually(lambda: not site.processes(), within=10, what=f"the end of {site.processes()}")
        (site.work / "said").unlink()
    if at is not _switched:
        assert site.current() == "1.0.0"

    site.start("1.1.0")
    site.until("1.1.0 began", "1.1.0 confirmed")
    assert "two-at-once" not in " ".join(site.said())
    if at is not _switched:
        assert site.said()[:2] == ["1.0.0 began", "1.0.0 confirmed"]
    eventually(lambda: site.standing() == ["1.1.0"], what="the end of all that was left over")


def test_the_nucleus_ends_it_while_it_installs(site: Site) -> None:
    site.served()
    site.artifact("1.1.0", needs="tinylib==1.0")
    process = site.start("1.1.0")
    eventually(lambda: _copying(site) and site.said() == ["1.0.0 began", "1.0.0 confirmed"], what="the installation")
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=10) == 128 + signal.SIGTERM
    assert site.said()[-1] == "1.0.0 ended"
    eventually(lambda: not site.processes(), within=10, what="the end of all")


def test_an_environment_of_another_python_is_made_anew(site: Site) -> None:
    site.served()
    mark = site.versions / "1.0.0/made.json"
    mark.write_text(mark.read_text().replace("cpython-3", "cpython-2"))
    site.start("1.0.0")
    site.until("1.0.0 began", "1.0.0 confirmed")
    assert "msg=installed " in site.log()


def test_a_link_that_leads_nowhere_and_files_that_are_none_are_passed_over(site: Site) -> None:
    site.served()
    (site.versions / "current").unlink()
    (site.versions / "current").symlink_to("nowhere")
    (site.versions / "trial.json").write_text("[")
    (site.work / "state/memory.json").write_bytes(b"\xff")
    Path(site.versions / "1.2.3").mkdir()
    site.artifact("1.1.0")
    site.start("1.1.0")
    site.until("1.0.0 began", "1.0.0 confirmed", "1.0.0 ended", "1.1.0 began", "1.1.0 confirmed")
