"""`publish`: creates every component version of a release in the account, and waits until each is DEPLOYABLE.

A version is immutable: one with our content digest is left as it is, one with another digest is an error. One of ours
that FAILED, for example since the role may not read the bucket or use its key, is deleted and created again.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from cloud_publisher.errors import TimedOutError, VersionTakenError, WorkFailedError
from cloud_publisher.publishing.component_versions import PublishedVersion
from cloud_publisher.publishing.in_flight import each_in_flight
from shared_schema.digests import sha256_of_document
from shared_schema.json_value import JsonObject
from shared_schema.release import Release, ReleaseComponent

FIRST_INTERVAL = 0.2
MOST_SECONDS_BETWEEN_LOOKS = 5.0
Action = Literal["created", "created again", "unchanged", "waited for"]


class Versions(Protocol):
    """The calls that publishing makes. Called by several threads."""

    def find(self, name: str, version: str) -> PublishedVersion | None: ...

    def create(
        self, name: str, version: str, recipe: str, *, digest: str, token: str, forms: Sequence[str] = ()
    ) -> None: ...

    def delete(self, version: PublishedVersion) -> None: ...


@dataclass(frozen=True, slots=True)
class Published:
    """One component version that is DEPLOYABLE, and what was done for it."""

    name: str
    version: str
    action: Action

    def as_json(self) -> JsonObject:
        """For ``--json``."""
        return {"component": self.name, "version": self.version, "action": self.action}


def publish(
    release: Release,
    versions: Versions,
    *,
    timeout: float,
    tell: Callable[[str], None],
    monotonic: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> list[Published]:
    """Create the missing versions, and wait until all are DEPLOYABLE, for at most ``timeout`` seconds.

    Raises ``WorkFailedError`` for a version with another content digest (before anything is created), and for those
    that turn FAILED, with the cloud's own reason; ``TimedOutError``; ``CloudError``.
    """
    found = find_versions(release, versions)
    actions: dict[str, Action] = {}
    asked = each_in_flight(lambda each: _ask_for(each, found[each.name], versions), release.components)
    for component, action in zip(release.components, asked, strict=True):
        actions[component.name] = action
        if action != "unchanged":
            tell(f"{component.name} {component.version}: {action}")
    waiting = [component for component in release.components if actions[component.name] != "unchanged"]
    _wait(waiting, versions, timeout=timeout, tell=tell, monotonic=monotonic, sleep=sleep)
    return [Published(each.name, each.version, actions[each.name]) for each in release.components]


def find_versions(release: Release, versions: Versions) -> dict[str, PublishedVersion | None]:
    """Return what the account has of each component's version, by name.

    Raises ``WorkFailedError`` for versions with another content, and ``CloudError``.
    """
    there = list(each_in_flight(lambda each: versions.find(each.name, each.version), release.components))
    _refuse_foreign(list(zip(release.components, there, strict=True)))
    return {component.name: found for component, found in zip(release.components, there, strict=True)}


def _ask_for(component: ReleaseComponent, found: PublishedVersion | None, versions: Versions) -> Action:
    if found is not None and found.state == "DEPLOYABLE":
        return "unchanged"
    if found is not None and found.state != "FAILED":
        return "waited for"
    if found is not None:
        versions.delete(found)
    try:
        versions.create(
            component.name,
            component.version,
            component.recipe,
            digest=component.content_digest,
            token=client_token(component, found),
            forms=component.forms,
        )
    except VersionTakenError:
        _refuse_foreign([(component, versions.find(component.name, component.version))])
        return "waited for"
    return "created again" if found is not None else "created"


def client_token(component: ReleaseComponent, failed: PublishedVersion | None) -> str:
    """Return the client token: from the content digest, and from the creation time of the failed version to replace.

    AWS answers a token of the last 8 hours with the earlier result: without the time, the version would stay FAILED.
    """
    return sha256_of_document(
        {
            "component": component.name,
            "version": component.version,
            "digest": component.content_digest,
            "replaces": failed.created.isoformat() if failed else "",
        }
    )


def _refuse_foreign(found: Sequence[tuple[ReleaseComponent, PublishedVersion | None]]) -> None:
    faults = [
        f"{component.name} {component.version} is published with {_digest(there)}, and the release's is "
        f"{component.content_digest}"
        for component, there in found
        if there is not None and there.digest != component.content_digest
    ]
    if faults:
        raise WorkFailedError(
            "\n".join(faults),
            "a version is immutable: build again, so that it gets the next version (both accounts' versions count), "
            "or delete the one that is there if nothing uses it",
        )
    withdrawn = [
        f"{component.name} {component.version} is DEPRECATED in the account"
        for component, there in found
        if there is not None and there.state == "DEPRECATED"
    ]
    if withdrawn:
        raise WorkFailedError("\n".join(withdrawn), "build again with a change, so that it gets a version of its own")


def _digest(there: PublishedVersion) -> str:
    return f"content digest {there.digest}" if there.digest else "no content digest (not by this tool)"


def _wait(
    waiting: list[ReleaseComponent],
    versions: Versions,
    *,
    timeout: float,
    tell: Callable[[str], None],
    monotonic: Callable[[], float],
    sleep: Callable[[float], None],
) -> None:
    deadline = monotonic() + timeout
    interval = FIRST_INTERVAL
    failed: list[str] = []
    while waiting:
        still: list[ReleaseComponent] = []
        looks = each_in_flight(lambda each: versions.find(each.name, each.version), waiting)
        for component, there in zip(waiting, looks, strict=True):
            if there is not None and there.state == "DEPLOYABLE":
                tell(f"{component.name} {component.version}: DEPLOYABLE")
            elif there is not None and there.state == "FAILED":
                failed.append(f"{component.name} {component.version} FAILED: {there.reason}")
            else:
                still.append(component)
        waiting = still
        if not waiting:
            break
        left = deadline - monotonic()
        if left <= 0:
            names = ", ".join(f"{each.name} {each.version}" for each in waiting)
            raise TimedOutError(
                "\n".join([*failed, f"not DEPLOYABLE after {timeout:g} s: {names}"]),
                "run publish again: it goes on where this one ended",
            )
        sleep(min(interval, left))
        interval = min(interval * 1.5, MOST_SECONDS_BETWEEN_LOOKS)
    if failed:
        raise WorkFailedError(
            "\n".join(failed),
            "let the target account read the artifacts (the bucket's policy, its key's policy, and this role), and "
            "run publish again: it creates a failed version again",
        )
