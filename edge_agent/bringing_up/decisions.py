"""Decides what to do next, from the content of the work folder. Pure."""

from typing import Final, NamedTuple

from edge_agent.bringing_up.standing import Standing, Wanted

MOST_TRIALS: Final = 3
"""A version that confirms nothing is started so often, and then no more. Both nuclei allow as many starts."""


class Serve(NamedTuple):
    """Become the agent in this folder. There is nothing else to do."""

    folder: str


class Install(NamedTuple):
    """Install the wanted version, while the agent in ``serving`` serves, if there is one."""

    serving: str | None


class Try(NamedTuple):
    """Start the agent in ``folder``. If it ends before it has confirmed anything, go back to ``fallback``."""

    folder: str
    fallback: str


class Keep(NamedTuple):
    """Become the agent in ``folder`` although another version is wanted: that one has failed too often."""

    folder: str
    words: str


def next_step(standing: Standing, wanted: Wanted) -> Serve | Install | Try | Keep:
    """Return the next step towards the wanted version. Without a version to fall back to, there is no trial."""
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
    """Return the folder of the wanted version, if it is whole. If the artifact cannot be read, any of that version."""
    for folder, made in standing.whole.items():
        if (made.version, made.made_from) == wanted or (made.version == wanted.version and not wanted.made_from):
            return folder
    return None


def has_confirmed(standing: Standing, version: str) -> bool:
    """Return whether this version was the last one to confirm anything."""
    return standing.confirmed == version


def to_remove(standing: Standing, keep: str | None) -> list[str]:
    """Return the versions to remove for a new one: all but ``keep``, or but the fallback if ``keep`` is not whole."""
    kept = keep if keep in standing.whole else _fallback(standing, None)
    return [folder for folder in standing.whole if folder != kept]


def free_name(standing: Standing, version: str) -> str:
    """Return a free folder name for a version: the version itself, or with a number if that is taken."""
    name, number = version, 2
    while name in standing.whole:
        name, number = f"{version}.{number}", number + 1
    return name


def _fallback(standing: Standing, ready: str | None) -> str | None:
    """Return another whole version: what served last, else what confirmed last, else any.

    Never one that failed its trial.
    """
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
