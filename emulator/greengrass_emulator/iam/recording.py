"""The recording of calls: caller, needs and decision, one JSON line each.

It is written while permissions are enforced, and ``replay`` reads it. A device sends thousands of similar MQTT packets:
of equal calls only the first is written.
"""

import json
import threading
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, TextIO

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from greengrass_emulator.iam.errors import InvalidRecordingError
from greengrass_emulator.iam.evaluator import Outcome
from greengrass_emulator.iam.policy_sources import Verdict
from greengrass_emulator.iam.requests import Call, Need, Principal, PrincipalKind

_REMEMBERED = 20_000


class _Line(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RecordedPrincipal(_Line):
    """The caller, as ``Principal``."""

    kind: PrincipalKind
    account: str
    arn: str
    session_arn: str = ""
    thing: str = ""


class RecordedNeed(_Line):
    """One need, as ``Need``, with the decision and its statements, or the missing ones."""

    action: str
    resource: str
    owner: str
    context: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    because_of: str = ""
    outcome: Outcome
    decided_by: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


class RecordedCall(_Line):
    """One line of a recording. ``number`` counts from 1."""

    number: Annotated[int, Field(ge=1)]
    principal: RecordedPrincipal
    service: str
    operation: str
    region: str
    allowed: bool
    needs: tuple[RecordedNeed, ...]

    @property
    def caller(self) -> Principal:
        """The principal, for a decision."""
        who = self.principal
        return Principal(who.kind, who.account, who.arn, who.session_arn, who.thing)

    @property
    def call(self) -> Call:
        """The call, for a decision."""
        needs = tuple(Need(n.action, n.resource, n.owner, n.context, n.because_of) for n in self.needs)
        return Call(self.service, self.operation, self.region, needs)

    @property
    def title(self) -> str:
        """The call for people: ``GetObject of s3 by MlopsDeployRole``."""
        return f"{self.operation} of {self.service} by {self.principal.arn.rsplit('/', 1)[-1]}"


class Recorder:
    """Writes a recording. Used by many threads; ``close`` ends it."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._file: TextIO | None = path.open("w", encoding="utf-8")
        self._number = 0
        self._seen: OrderedDict[str, None] = OrderedDict()

    def record(self, principal: Principal, call: Call, verdict: Verdict) -> None:
        """Add a call, unless it has an equal one already. After ``close`` it does nothing."""
        line = {
            "principal": {
                "kind": principal.kind,
                "account": principal.account,
                "arn": principal.arn,
                "session_arn": principal.session_arn,
                "thing": principal.thing,
            },
            "service": call.service,
            "operation": call.operation,
            "region": call.region,
            "allowed": verdict.allowed,
            "needs": [
                {
                    "action": judged.need.action,
                    "resource": judged.need.resource,
                    "owner": judged.need.owner,
                    "context": dict(judged.need.context),
                    "because_of": judged.need.because_of,
                    "outcome": judged.decision.outcome,
                    "decided_by": judged.decision.decided_by,
                    "missing": [str(missing) for missing in judged.decision.missing],
                }
                for judged in verdict.judged
            ],
        }
        text = json.dumps(line)
        with self._lock:
            if self._file is None or text in self._seen:
                return
            self._seen[text] = None
            if len(self._seen) > _REMEMBERED:
                self._seen.popitem(last=False)
            self._number += 1
            self._file.write(f'{{"number": {self._number}, {text[1:]}\n')
            self._file.flush()

    def close(self) -> None:
        """End the recording."""
        with self._lock:
            if self._file is not None:
                self._file.close()
                self._file = None


def read_recording(path: Path) -> Iterator[RecordedCall]:
    """Read the calls of a recording. Raises ``InvalidRecordingError``, with its number, for an invalid line."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as fault:
        raise InvalidRecordingError(f"{path} cannot be read: {fault.strerror}", "record a run first") from fault
    for number, line in enumerate(lines, start=1):
        try:
            yield RecordedCall.model_validate_json(line)
        except ValidationError as fault:
            first = fault.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise InvalidRecordingError(
                f"{path}, line {number}: {where or 'the line'}: {first['msg']}", "record again"
            ) from fault
