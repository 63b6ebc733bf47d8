"""Puts health, confirmations, shadow updates and replies into the publish queue. Called by the control thread only."""

import logging
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TypedDict

import psutil

from edge_agent.component_environment import AGENT_VERSION
from edge_agent.memory import Memory
from edge_agent.reporting.parts import health_parts, shadow_updates
from edge_agent.reporting.publish_queue import OutgoingMessage, PublishQueue
from edge_agent.serving.served_models import Served
from edge_agent.snapshot import Snapshot
from shared_schema.messages import (
    MAXIMUM_BYTES,
    CommandReply,
    Confirmation,
    Health,
    ModelConfirmation,
    ModelHealth,
    SaidChannel,
)
from shared_schema.shadow import Said, Serving, ShadowModel, ShadowReport
from shared_schema.topics import Command, Topics

logger = logging.getLogger(__name__)
_SHADOW: Final = "shadow"


class _Envelope(TypedDict):
    """What every message to the cloud carries."""

    thing: str
    timestamp: datetime
    sequence: int


class Reporter:
    """``topics`` is set once the application is known; before that nothing is sent."""

    def __init__(self, thing: str, work: Path, publish_queue: PublishQueue, memory: Memory) -> None:
        self.topics: Topics | None = None
        self._thing = thing
        self._work = work
        self._publish_queue = publish_queue
        self._memory = memory
        self._sequence = 0
        self._told_gone: tuple[str, ...] = ()
        self._process = psutil.Process(os.getpid())
        self._process.cpu_percent()

    def health(self, now: Snapshot) -> None:
        """Queue the agent's health. A newer one replaces an older one that still waits."""
        if self.topics is None:
            return
        message = Health(
            **self._envelope(),
            state=now.state,
            agent_version=AGENT_VERSION,
            release=now.release,
            models={name: _model_health(served) for name, served in now.serving.items()},
            channels=list[SaidChannel](now.channels),
            cpu=self._process.cpu_percent(),
            rss=self._process.memory_info().rss,
            free_disk=self._free_disk(),
            dropped_frames=now.dropped,
            dropped_messages=self._publish_queue.lost,
            last_error=now.last_error,
            reason=now.reason,
            why=now.why,
            jail=list(now.jail) if now.jail is not None else None,
        )
        self._post(self.topics.health, *health_parts(message), kind="health")

    def shadow(self, now: Snapshot) -> None:
        """Queue the named shadow's reported state. Models that are gone are written once as null: a shadow merges."""
        if self.topics is None:
            return
        if self._told_gone and not self._publish_queue.holds(_SHADOW):
            left = [name for name in self._memory.says.in_shadow if name not in self._told_gone]
            self._memory.in_shadow(tuple(left))
        models = {
            name: _shadow_model(now.serving.get(name), now.confirmations.get(name))
            for name in sorted({*now.serving, *now.confirmations})
        }
        gone = [name for name in self._memory.says.in_shadow if name not in models]
        report = ShadowReport(
            thing=self._thing,
            timestamp=datetime.now(UTC),
            agent_version=AGENT_VERSION,
            state=now.state,
            release=now.release,
            models=models,
            reason=now.reason,
            why=now.why,
        )
        self._post(self.topics.shadow_update, *shadow_updates(report, gone), kind=_SHADOW)
        self._told_gone = tuple(gone)
        self._memory.in_shadow(tuple(sorted({*models, *gone})))

    def confirm(self, model: str, confirmation: ModelConfirmation, deployment: str | None) -> None:
        """Queue the confirmation of one model of a release. ``deployment``: the one that proposed it, if known."""
        logger.info(
            "confirmed",
            extra={
                "model": model,
                "version": confirmation.version,
                "release": confirmation.release,
                "verdict": confirmation.verdict,
                "reason": confirmation.reason or "",
                "words": confirmation.words or "",
            },
        )
        if self.topics is None:
            return
        message = Confirmation(
            **self._envelope(),
            **confirmation.model_dump(),
            model=model,
            agent_version=AGENT_VERSION,
            deployment=deployment,
        )
        self._post(self.topics.confirmation, message.encoded())

    def reply(self, command: Command, request: str | None, *, ok: bool, words: str) -> None:
        """Queue the reply to a command."""
        if self.topics is not None:
            message = CommandReply(**self._envelope(), command=command, ok=ok, words=words, request=request)
            self._post(self.topics.reply(command), message.encoded())

    def _envelope(self) -> _Envelope:
        self._sequence += 1
        return {"thing": self._thing, "timestamp": datetime.now(UTC), "sequence": self._sequence}

    def _post(self, topic: str, *payloads: bytes, kind: str | None = None) -> None:
        largest = max(len(payload) for payload in payloads)
        if largest > MAXIMUM_BYTES:
            logger.warning("message too large", extra={"topic": topic, "bytes": largest})
        self._publish_queue.post(*(OutgoingMessage(topic, payload, kind) for payload in payloads))

    def _free_disk(self) -> int:
        try:
            return shutil.disk_usage(self._work).free
        except OSError:
            return 0


def _model_health(served: Served) -> ModelHealth:
    reading = served.handle.meter.read()
    wanted = served.handle.model.manifest.runtime.providers[0]
    provider = served.handle.model.provider
    return ModelHealth(
        version=served.target.version,
        digest=served.target.digest,
        provider=provider,
        provider_wanted=wanted if wanted != provider else None,
        requests=reading.requests,
        errors=reading.errors,
        throughput=reading.throughput,
        latency_ms=reading.latency,
    )


def _shadow_model(served: Served | None, confirmation: ModelConfirmation | None) -> ShadowModel:
    serves = Serving(served.target.version, served.target.digest) if served is not None else None
    if confirmation is None:
        return ShadowModel(serves=serves)
    said = Said(
        confirmation.release,
        confirmation.version,
        confirmation.digest,
        confirmation.verdict,
        confirmation.reason,
        confirmation.words,
    )
    return ShadowModel(serves=serves, said=said)
