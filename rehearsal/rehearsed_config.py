"""What a rehearsal adds to the pipeline's copy of a config, so that it can feed the devices and count predictions.

The repository itself is never changed, and the copy not either if it needs nothing of this.
"""

import json
import shutil
from pathlib import Path

from rehearsal import asking
from rehearsal.feeding import Feeding, Lane, predictions_file
from rehearsal.repository_config import AgentComponent, read_config
from rehearsal.world import AgentPlace, Device
from shared_schema.config import find_config
from shared_schema.json_value import JsonObject

ASKING = "rehearsal-asking"
"""Key and folder of the component that sends requests to topics."""
_SINK = "rehearsal"
_PREDICTIONS = "rehearsal-predictions.jsonl"


def agent_place(agent: AgentComponent) -> AgentPlace:
    """Return where the agent is found on a device, once the config is prepared."""
    return AgentPlace(agent.name, predictions_file(agent.settings) or _PREDICTIONS)


def folder_of(lane: Lane, device: Device) -> Path:
    """Return the folder of a device that a lane's frames are put into."""
    if lane.by_topic:
        return device.work_of(_asking_name(device.agent.name)) / asking.FOLDER / lane.source
    return device.work / lane.path


def prepare_config(source: Path, agent: AgentComponent, feeding: Feeding, *, region: str) -> list[str]:
    """Write what is needed into the copy's config. Return in words what was changed.

    ``region`` is that of the emulated accounts.
    """
    path = find_config(source)
    config = read_config(path)
    told: list[str] = []
    if config.region not in {None, region}:
        told.append(f"region: {region} in place of {config.region}, since the emulated accounts are there")
        config.region = region
    if predictions_file(agent.settings) is None:
        told.append(f"a JSON-lines sink {_SINK}, to count predictions by")
        _add_sink(config.components[agent.key])
    topics = {lane.source: lane.path for lane in feeding.lanes if lane.by_topic}
    if topics:
        told.append(f"a component that sends requests to {', '.join(sorted(set(topics.values())))}")
        config.components[ASKING] = _asking_component(agent.name, sorted(set(topics.values())))
        folder = source / ASKING
        folder.mkdir()
        shutil.copyfile(asking.__file__, folder / "asking.py")
        (folder / "topics.json").write_text(json.dumps(topics), encoding="utf-8")
    if told:
        config.write(path)
    return told


def _add_sink(component: JsonObject) -> None:
    agent = component["agent"]
    settings = agent.get("settings") if isinstance(agent, dict) else None
    sinks = settings.get("sinks") if isinstance(settings, dict) else None
    # Without sinks the agent has a default one, which keeps enough.
    if isinstance(sinks, dict):
        sinks[_SINK] = {"type": "json-lines", "path": _PREDICTIONS}


def _asking_name(agent: str) -> str:
    return f"{agent}.rehearsal-asking"


def _asking_component(agent: str, topics: list[str]) -> JsonObject:
    name = _asking_name(agent)
    rights: JsonObject = {
        f"{name}:pubsub:1": {
            "policyDescription": "Requests to the agent",
            "operations": ["aws.greengrass#PublishToTopic"],
            "resources": [*topics],
        },
        f"{name}:pubsub:2": {
            "policyDescription": "The agent's answers",
            "operations": ["aws.greengrass#SubscribeToTopic"],
            "resources": [f"{topic}/reply" for topic in topics],
        },
    }
    return {
        "component-name": name,
        "root": ASKING,
        "ComponentConfiguration": {"DefaultConfiguration": {"accessControl": {"aws.greengrass.ipc.pubsub": rights}}},
        "Artifacts": [
            {"URI": "s3://BUCKET_NAME/COMPONENT_NAME/COMPONENT_VERSION/asking.zip", "Unarchive": "ZIP"},
        ],
        "Lifecycle": {"Run": 'exec python3 -u "{artifacts:decompressedPath}/asking/asking.py"'},
    }
