"""The largest messages of a device about a deployment: its agent's shadow and health, and lite's fleet status."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from cloud_publisher.sizes.job_message import AN_ID
from cloud_publisher.sizes.lite_memory import json_bytes
from shared_schema.desired_state import DesiredModel, DesiredState
from shared_schema.json_value import JsonObject
from shared_schema.messages import AgentState, Health, Latency, ModelHealth, Reason, StateReason, Verdict
from shared_schema.shadow import Said, Serving, ShadowModel, ShadowReport

_LONGEST_REASON: Final = max(Reason, key=len)
_WHEN: Final = datetime(2026, 11, 29, 12, 34, 56, 123456, tzinfo=UTC)
_AGENT: Final = "100.100.100"


def shadow_bytes(state: DesiredState, thing: str) -> int:
    """Return the bytes of ``state.reported`` in the shadow ``mlops`` if each model is REJECTED, without any words."""
    models = {
        name: ShadowModel(
            serves=Serving(model.version, model.digest),
            said=Said(state.release, model.version, model.digest, Verdict.REJECTED, _LONGEST_REASON),
        )
        for name, model in state.models.items()
    }
    report = ShadowReport(
        thing=thing,
        timestamp=_WHEN,
        agent_version=_AGENT,
        state=AgentState.DEGRADED,
        release=state.release,
        models=models,
        reason=max(StateReason, key=len),
    )
    return json_bytes(report.model_dump(mode="json", by_alias=True))


def health_bytes(state: DesiredState, thing: str) -> int:
    """Return the bytes of one health with every model; the agent sends it in as many parts as it needs."""
    health = Health(
        thing=thing,
        timestamp=_WHEN,
        sequence=1_000_000,
        state=AgentState.DEGRADED,
        agent_version=_AGENT,
        release=state.release,
        models={name: _model_health(model) for name, model in state.models.items()},
        channels=["validated", "subscribed"],
        cpu=100.5,
        rss=1_000_000_000,
        free_disk=100_000_000_000,
        dropped_frames=1_000_000,
        dropped_messages=1_000_000,
    )
    return len(health.encoded())


def fleet_status_bytes(components: Mapping[str, str], arn: str, thing: str, *, deployed: bool) -> int:
    """Return the bytes of lite's fleet status.

    Source: gg-fleet-statusd/src/fleet_status_service.c, publish_fleet_status_update.
    ``deployed``: the status after a deployment, which reports it; else the daily one.
    """
    status: JsonObject = {
        "ggcVersion": "2.6.0",
        "platform": "linux",
        "architecture": "aarch64",
        "runtime": "aws_nucleus_lite",
        "thing": thing,
        "sequenceNumber": 100_000,
        "timestamp": 1_795_544_309_000,
        "messageType": "COMPLETE",
        "trigger": "THING_GROUP_DEPLOYMENT" if deployed else "NETWORK_RECONFIGURE",
        "overallDeviceStatus": "UNHEALTHY",
        "components": [
            {
                "componentName": name,
                "version": version,
                "fleetConfigArns": [arn],
                "isRoot": True,
                "status": "FINISHED",
            }
            for name, version in components.items()
        ],
        "deploymentInformation": _of_deployment(arn) if deployed else {},
    }
    return json_bytes(status)


def _of_deployment(arn: str) -> JsonObject:
    return {
        "status": "SUCCEEDED",
        "fleetConfigurationArnForStatus": arn,
        "deploymentId": AN_ID,
        "statusDetails": {"detailedStatus": "SUCCESSFUL"},
        "unchangedRootComponents": [],
    }


def _model_health(model: DesiredModel) -> ModelHealth:
    return ModelHealth(
        version=model.version,
        digest=model.digest,
        provider="CPUExecutionProvider",
        requests=1_000_000,
        errors=1_000,
        throughput=123.45,
        latency_ms=Latency(p50=12.34, p95=23.45, p99=34.56, max=123.45),
    )
