"""What every scenario of the extended rehearsal needs: its context, what the devices show, and waiting for it."""

import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path

from rehearsal.candidates import Candidate, Candidates
from rehearsal.context import Rehearsal
from rehearsal.errors import RehearsalError
from rehearsal.extended.deploy_repository import DIGITS, MODELS, SOURCES
from rehearsal.extended.made_models import upload_make
from rehearsal.extended.mqtt_listener import MqttListener
from rehearsal.feeder import Feeder, read_predictions
from rehearsal.world import BUCKET, Device
from shared_schema.messages import Prediction, Verdict
from shared_schema.release import Release
from shared_schema.shadow import ShadowReport

PATIENCE = 30.0
"""Seconds to wait for what a device usually does within a few."""
_PAUSE = 0.1


@dataclass(frozen=True, slots=True)
class ScenarioContext:
    """The rehearsal with its feeder, a listener in each account, and a device of each runtime."""

    rehearsal: Rehearsal
    feeder: Feeder
    listeners: Mapping[str, MqttListener]
    stack: ExitStack
    """Ends what a scenario has started, also if the scenario fails."""
    recorded: dict[str, datetime] = field(default_factory=dict)
    """By device: the timestamp of the shadow that is on the timeline already."""

    @property
    def devices(self) -> list[Device]:
        return self.rehearsal.world.devices

    @property
    def lite(self) -> Device:
        return next(device for device in self.devices if device.runtime == "lite")

    @property
    def classic(self) -> Device:
        return next(device for device in self.devices if device.runtime == "classic")

    def listener(self, device: Device) -> MqttListener:
        """Return the listener in the device's account."""
        return self.listeners[device.account]

    def upload_make(self, model: str, *, make: int) -> None:
        """Upload a make of a model to where the next build reads it."""
        upload_make(self.rehearsal.world.cloud.client("s3"), BUCKET, model, make=make)
        self.rehearsal.timeline.add("bucket", f"{model}: make {make}")

    @property
    def digits(self) -> Candidates:
        """The versions of the digits: two good ones, and a bad one."""
        return self.rehearsal.of(DIGITS)

    @property
    def bad_digits(self) -> Candidate:
        """The version of the digits that devices must refuse."""
        if self.digits.bad is None:
            raise RehearsalError("there are no bad digits", "play it with the digits' own scripts")
        return self.digits.bad

    def released_as(self, version: Candidate) -> str:
        """Return the version that a candidate's component has or will have."""
        if version.released_as is None:
            raise RehearsalError(f"nobody knows the version of {version.name} before its build", "use the registry")
        return version.released_as

    def release(self) -> Release:
        """Return the last build's release."""
        return self.rehearsal.release()

    def versions(self) -> dict[str, str]:
        """Return the versions of the last release's models."""
        return {each.key: each.version for each in self.release().of_kind("model")}

    def confirmed(self, device: Device) -> bool:
        """Return whether the device serves and confirms all models of the last release, by version and digest."""
        models = self.shadow(device).models
        for each in self.release().of_kind("model"):
            model = models.get(each.key)
            confirmation = model.said if model else None
            if (
                model is None
                or confirmation is None
                or each.model is None
                or confirmation.verdict is not Verdict.CONFIRMED
            ):
                return False
            wanted = (each.version, each.model.digest)
            if (confirmation.version, confirmation.digest) != wanted or (model.version, model.digest) != wanted:
                return False
        return True

    def shadow(self, device: Device) -> ShadowReport:
        """Return the device's named shadow. Raises ``LookupError`` if it has none yet."""
        report = device.view.shadow(device.name)
        if self.recorded.get(device.name) != report.timestamp:
            self.recorded[device.name] = report.timestamp
            self.rehearsal.timeline.record_message(
                device.name, f"{report.state}, release {report.release}", when=report.timestamp
            )
        return report


def predictions_of(device: Device, source: str) -> list[Prediction]:
    """Return a source's predictions so far, the oldest first."""
    return [each for each in read_predictions(device.predictions) if each.source == source]


def serves_all(device: Device, since: datetime) -> bool:
    """Return whether every source has a prediction later than ``since``."""
    found = {each.source for each in read_predictions(device.predictions) if each.timestamp > since}
    return found == set(SOURCES)


def serves(device: Device, source: str, version: str, since: datetime) -> bool:
    """Return whether a source's newest prediction is later than ``since``, and of this version."""
    found = predictions_of(device, source)
    return bool(found) and found[-1].timestamp > since and found[-1].version == version


def serving(context: ScenarioContext, device: Device) -> dict[str, str | None]:
    """Return the version of each model in the shadow."""
    return {name: model.version for name, model in context.shadow(device).models.items() if name in MODELS}


def agent_log(device: Device) -> str:
    """Return what the agent has logged so far."""
    path: Path = device.folder.root / "logs" / f"{device.agent.name}.log"
    return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""


def pids(context: ScenarioContext) -> dict[str, int | None]:
    """Return the agents' process ids by device."""
    return {device.name: device.agent_pid() for device in context.devices}


def comes_true(holds: Callable[[], object], seconds: float | None = None) -> bool:
    """Return whether it holds within ``seconds`` (default ``PATIENCE``). A ``LookupError`` counts as not yet."""
    ends = time.monotonic() + (PATIENCE if seconds is None else seconds)
    while True:
        try:
            if holds():
                return True
        except LookupError:
            pass
        if time.monotonic() > ends:
            return False
        time.sleep(_PAUSE)


def where_it_comes_true(
    devices: Iterable[Device], holds: Callable[[Device], object], seconds: float | None = None
) -> list[str]:
    """Return the names of the devices for which it holds in time. All devices share one deadline."""
    ends = time.monotonic() + (PATIENCE if seconds is None else seconds)
    return [device.name for device in devices if comes_true(partial(holds, device), max(0.0, ends - time.monotonic()))]
