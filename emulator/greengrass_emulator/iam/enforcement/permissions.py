"""Decides on a call for every endpoint of the cloud, records it, and logs what was missing.

A denial's log line has the statement that would have allowed it, for the policies' authors.
"""

import logging

from greengrass_emulator.iam.errors import InvalidPolicyError
from greengrass_emulator.iam.evaluator import Decision, MissingStatement, Outcome
from greengrass_emulator.iam.policy_sources import Judged, PolicySource, Verdict, judge
from greengrass_emulator.iam.recording import Recorder
from greengrass_emulator.iam.requests import Call, Principal

_log = logging.getLogger(__name__)


class Permissions:
    """Decides on calls by one source of policies. Thread-safe without a lock."""

    def __init__(self, source: PolicySource, recorder: Recorder | None = None) -> None:
        self._source = source
        self._recorder = recorder

    def judge(self, principal: Principal, call: Call) -> Verdict:
        """Return the verdict on a call. An unreadable policy denies, and is named in the log."""
        try:
            verdict = judge(principal, call, self._source)
        except InvalidPolicyError as fault:
            _log.error("policy unreadable, call denied", extra={"policy": fault.policy, "fault": fault.fault})
            decision = Decision(Outcome.EXPLICIT_DENY, (f"{fault.policy} (unreadable)",))
            verdict = Verdict(tuple(Judged(need, decision) for need in call.needs))
        if self._recorder is not None:
            self._recorder.record(principal, call, verdict)
        if verdict.denied is not None:
            _log_denial(principal, call, verdict.denied)
        return verdict


def refusal_text(principal: Principal, denied: Judged) -> str:
    """Return a denial's text as in AWS's messages. Source: IAM User Guide, "Access denied error messages"."""
    need, decision = denied.need, denied.decision
    text = f"User: {principal.shown} is not authorized to perform: {need.action} on resource: {need.resource}"
    if decision.outcome is Outcome.EXPLICIT_DENY:
        return f"{text} with an explicit deny in {', '.join(decision.decided_by)}"
    return f"{text} because {_sides(decision.missing)} the {need.action} action"


def _sides(missing: tuple[MissingStatement, ...]) -> str:
    kinds = {"identity": "identity-based", "trust": "role trust", "iot": "AWS IoT"}
    sides = [kinds.get(str(each.attached_to), "resource-based") for each in missing]
    return f"no {' and no '.join(sides) or 'identity-based'} policy allows"


def _log_denial(principal: Principal, call: Call, denied: Judged) -> None:
    _log.warning(
        "denied",
        extra={
            "principal": principal.shown,
            "operation": f"{call.service}:{call.operation}",
            "action": denied.need.action,
            "resource": denied.need.resource,
            "because_of": denied.need.because_of,
            "outcome": str(denied.decision.outcome),
            "denied_by": denied.decision.decided_by,
            "missing": [str(each) for each in denied.decision.missing],
        },
    )
