"""A full disk, a read-only work folder and a clock that was turned back are reported, for as long as they last."""

from pathlib import Path

from edge_agent.control.host_checks import HostChecks


class Clocks:
    def __init__(self) -> None:
        self.wall = 1_800_000_000.0
        self.steady = 10.0

    def go_on(self, seconds: float) -> None:
        self.wall += seconds
        self.steady += seconds


def checks_of(work: Path, clocks: Clocks) -> HostChecks:
    return HostChecks(work, lambda: clocks.wall, lambda: clocks.steady)


def troubles(host_checks: HostChecks) -> tuple[str, ...]:
    host_checks.look()
    return host_checks.troubles


def test_a_healthy_device_has_no_troubles(tmp_path: Path) -> None:
    clocks = Clocks()
    host_checks = checks_of(tmp_path, clocks)
    for _ in range(3):
        clocks.go_on(60)
        assert troubles(host_checks) == ()


def test_a_work_folder_that_cannot_be_written_is_said_until_it_can(tmp_path: Path) -> None:
    clocks = Clocks()
    (tmp_path / "state").write_text("a file where a folder should be")
    host_checks = checks_of(tmp_path, clocks)
    assert "state cannot be written (File exists)" in troubles(host_checks)[0]
    (tmp_path / "state").unlink()
    clocks.go_on(10)
    assert troubles(host_checks) == ()


def test_a_file_system_without_a_free_byte_is_said() -> None:
    """Linux's /proc has none, and is always there."""
    clocks = Clocks()
    (words,) = troubles(checks_of(Path("/proc/self/task/.."), clocks))
    assert "cannot be written" in words or "is full" in words


def test_a_clock_turned_back_is_said_in_the_same_words_until_it_has_caught_up(tmp_path: Path) -> None:
    clocks = Clocks()
    host_checks = checks_of(tmp_path, clocks)
    clocks.go_on(60)
    troubles(host_checks)
    clocks.wall -= 600
    clocks.go_on(10)
    first = troubles(host_checks)
    assert "turned back by 590 s" in first[0]
    clocks.go_on(60)
    assert troubles(host_checks) == first
    clocks.go_on(600)
    assert troubles(host_checks) == ()


def test_a_clock_that_was_put_right_by_being_turned_back_is_forgiven_after_an_hour(tmp_path: Path) -> None:
    clocks = Clocks()
    host_checks = checks_of(tmp_path, clocks)
    clocks.wall -= 10 * 365 * 86_400
    clocks.go_on(10)
    assert troubles(host_checks) != ()
    clocks.go_on(3_700)
    assert troubles(host_checks) == ()
    clocks.go_on(60)
    assert troubles(host_checks) == ()


def test_a_small_step_back_is_what_time_services_do(tmp_path: Path) -> None:
    clocks = Clocks()
    host_checks = checks_of(tmp_path, clocks)
    clocks.wall -= 2
    assert troubles(host_checks) == ()
