"""What to do next, from what stands in the work folder: pure functions, without a file or a process."""

from typing import Final, NamedTuple

from edge_agent.bringing_up.standing import Standing, Wanted

MOST_TRIALS: Final = 3
"""Starts of a version that confirms nothing, after which it is not tried again: as many as both nuclei allow."""


class Serve(NamedTuple):
    """Become the agent in this folder: there is nothing else to do."""

    folder: str


class Install(NamedTuple):
    """Make the wanted version, while the agent in ``serving`` serves, if there is one."""

    serving: str | None


class Try(NamedTuple):
    """Start the agent in ``folder``, and give ``fallback`` back if it ends before it has confirmed anything."""

    folder: str
    fallback: str


class Keep(NamedTuple):
    """Become the agent in ``folder`` although another is wanted: that one was tried often enough."""

    folder: str
    words: str


def next_step(standing: Standing, wanted: Wanted) -> Serve | Install | Try | Keep:
    """What brings the wanted version up, or keeps up what serves. What has nothing to fall back on is not on trial."""
    ready = folder_of(standing, wanted)
    fallback = _fallback(standing, ready)
    if ready is None:
        return Install(fallback)
    if fallback is None:
        return Serve(ready)
    trial = standing.trial
    tried = trial is not None and (trial.version, trial.made_from) == wanted
    if trial is not None and tried and trial.begun >= MOST_TRIALS and not has_confirmed(standing, wanted.version):
        return Keep(fallback, trial.words)
    return Try(ready, fallback)


def folder_of(standing: Standing, wanted: Wanted) -> str | None:
    """The folder in which the wanted version stands whole; any of that version where its files cannot be read."""
    for folder, made in standing.whole.items():
        if (made.version, made.made_from) == wanted or (made.version == wanted.version and not wanted.made_from):
            return folder
    return None


def has_confirmed(standing: Standing, version: str) -> bool:
    """Whether no other version has confirmed anything since this one did."""
    return standing.confirmed == version


def to_remove(standing: Standing, keep: str | None) -> list[str]:
    """The whole versions that make room for a new one: all but ``keep``, and where that is none, but the last."""
    kept = keep if keep in standing.whole else _fallback(standing, None)
    return [folder for folder in standing.whole if folder != kept]


def free_name(standing: Standing, version: str) -> str:
    """A folder for a version: its own name, or a further one where other files of that version stand."""
    name, number = version, 2
    while name in standing.whole:
        name, number = f"{version}.{number}", number + 1
    return name


def _fallback(standing: Standing, ready: str | None) -> str | None:
    """Of what else is whole: what served last, else what confirmed last, else any; never what failed its own trial."""
    trial = standing.trial
    failed = (trial.version, trial.made_from) if trial is not None else None
    others = {
        folder: made
        for folder, made in standing.whole.items()
        if folder != ready and (made.version, made.made_from) != failed
    }
    if standing.current in others:
        return standing.current
    confirmed = [folder for folder, made in others.items() if made.version == standing.confirmed]
    return next(iter([*confirmed, *reversed(others)]), None)
