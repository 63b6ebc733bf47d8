"""The deploy repository of the extended rehearsal.

It has the rehearsed repository's agent with more to do, three more models, and one more program. It is written over
the pipeline's own copy; the repository itself is never changed.
"""

import shutil
from dataclasses import replace
from pathlib import Path

from rehearsal.errors import RehearsalError, WrongUse
from rehearsal.extended import asking_component, made_models
from rehearsal.feeding import Feeding, Lane
from rehearsal.model_data import VERSIONS, models_to_release
from rehearsal.repository_config import RepositoryConfig, agent_of, checked_config, read_config
from rehearsal.subject import Subject
from shared_schema.config import find_config
from shared_schema.json_value import JsonObject
from shared_schema.settings import AgentSettings

DIGITS = "digits"
MODELS = (DIGITS, *made_models.MADE)
IMAGES = "images"
ASKING = "com.example.asking"
_ASKING_PROGRAM = "{artifacts:decompressedPath}/asking/asking.py"
CAMERA, BELT, LINE, LAB = "camera", "belt", "line", "lab"
SOURCES = (CAMERA, BELT, LINE, LAB)
MAX_BYTES = 60_000
"""So small that the file is rotated soon, and so large that all that is kept is enough to count every prediction."""
KEPT_PICTURES, HARD_SAMPLES, UNSURE = 8, 6, 0.75
SURE, A_SECOND = 0.8, 2.0
BUSY_LIMIT = 6.0

SETTINGS: JsonObject = {
    "health": {"interval": 1},
    "shutdown": {"grace": 4},
    "busy": {"file": "busy", "recheck": 1, "limit": BUSY_LIMIT},
    "hard-samples": {"path": "hard-samples", "below": UNSURE, "keep": HARD_SAMPLES},
    "sources": {
        CAMERA: {"type": "folder", "path": IMAGES, "model": DIGITS},
        BELT: {
            "type": "video",
            "address": "belt.avi",
            "model": made_models.PARTS,
            "rate": 4,
            "drop": "block",
            "repeat": True,
        },
        LINE: {"type": "topic", "topic": "line/asks", "model": made_models.WEAR},
        LAB: {"type": "topic", "topic": "lab/asks", "model": made_models.DOSE},
    },
    "sinks": {
        "file": {"type": "json-lines", "path": "predictions.jsonl", "max-bytes": MAX_BYTES, "keep": 100},
        "floor": {"type": "local-topic", "topic": "factory/predictions"},
        "cloud": {"type": "iot-core", "rate": A_SECOND, "above": SURE, "on-change": True},
        "look": {"type": "annotated-images", "path": "annotated", "keep": KEPT_PICTURES, "rate": 4},
    },
}


def application_of(repository: Path) -> str:
    """Return the fleet's application, its topics' first level. Raises ``RehearsalError`` without agent or digits."""
    config = _config(repository)
    _agent(config, repository)
    return config.application


def extended_subject(repository: Path) -> Subject:
    """Return the digits of a repository, and the folder of scans that is fed. Raises ``WrongUse``."""
    config = checked_config(repository.absolute())
    models = [each for each in models_to_release(repository.absolute(), config) if each.key == DIGITS]
    if not models[0].scripted:
        raise WrongUse(
            f"{repository} has versions of {DIGITS}, and the extended rehearsal trains its own",
            f"leave out {models[0].component.root}/{VERSIONS}, or rehearse without --extended",
        )
    agent = replace(agent_of(config, repository), settings=AgentSettings.model_validate(SETTINGS))
    lane = Lane(DIGITS, CAMERA, IMAGES, by_topic=False)
    return Subject(repository.absolute(), models, agent, Feeding((lane,), {}))


def write_repository(source: Path) -> None:
    """Turn the pipeline's copy of a repository into the extended one. Raises ``RehearsalError`` if it has no agent."""
    config = _config(source)
    key, agent = _agent(config, source)
    written = agent["agent"]
    agent["agent"] = {**(written if isinstance(written, dict) else {}), "settings": SETTINGS}
    config.components = {
        key: agent,
        DIGITS: config.components[DIGITS],
        **{model: _model_component(model) for model in made_models.MADE},
        "asking": _asking_component(),
    }
    config.write(find_config(source))
    for model in made_models.MADE:
        made_models.write_component(source / "model_components" / model, model)
    program = source / "components" / "asking" / "asking.py"
    program.parent.mkdir(parents=True)
    shutil.copyfile(asking_component.__file__, program)


def renew_agent(source: Path) -> None:
    """Change the agent's description in the config, which makes a new version of the same agent."""
    config = _config(source)
    _, agent = _agent(config, source)
    agent["description"] = f"{agent.get('description', 'The edge agent')}, renewed"
    config.write(find_config(source))


def put_wheels_in(source: Path, *, python: str) -> None:
    """Have the agent built with the wheels of what it requires, for this machine and a version of Python.

    The component that asks brings none, and would fail with a bare Python: it goes over to the agent's environment.
    """
    config = _config(source)
    _, agent = _agent(config, source)
    build = agent["build"]
    agent["build"] = {
        **(build if isinstance(build, dict) else {}),
        "wheels": True,
        "platforms": ["this"],
        "python": python,
    }
    installed = f"../{agent['component-name']}/versions/current/venv/bin/python"
    wait = f"until [ -x {installed} ]; do sleep 1; done"
    config.components["asking"]["Lifecycle"] = {"Run": f"{wait}; exec {installed} -u {_ASKING_PROGRAM}"}
    config.write(find_config(source))


def _config(repository: Path) -> RepositoryConfig:
    path = find_config(repository)
    config = read_config(path)
    if DIGITS not in config.components:
        raise RehearsalError(
            f"{path} has no {DIGITS}, and the extended rehearsal adds its models to the digits",
            "rehearse this project's own repository, or one of `cloud-publisher init`",
        )
    return config


def _agent(config: RepositoryConfig, source: Path) -> tuple[str, JsonObject]:
    found = next(((key, each) for key, each in config.components.items() if "agent" in each), None)
    if found is None:
        raise RehearsalError(f"{find_config(source)}: no component is the agent", "rehearse a repository that has one")
    return found


def _model_component(model: str) -> JsonObject:
    return {
        "component-name": f"com.example.{model}",
        "root": f"model_components/{model}",
        "model": {"sagemaker-managed": False, "name": made_models.package_key(model)},
        "Artifacts": [
            {
                "URI": f"s3://BUCKET_NAME/COMPONENT_NAME/COMPONENT_VERSION/{model}.zip",
                "Unarchive": "ZIP",
                "Permission": {"Read": "ALL"},
            }
        ],
        "Lifecycle": {"Run": "exit 0"},
    }


def _asking_component() -> JsonObject:
    rights: JsonObject = {
        f"{ASKING}:pubsub:1": {
            "policyDescription": "Requests to the agent",
            "operations": ["aws.greengrass#PublishToTopic"],
            "resources": ["line/asks", "lab/asks"],
        },
        f"{ASKING}:pubsub:2": {
            "policyDescription": "Answers and predictions",
            "operations": ["aws.greengrass#SubscribeToTopic"],
            "resources": ["line/asks/reply", "lab/asks/reply", "factory/predictions"],
        },
    }
    return {
        "component-name": ASKING,
        "root": "components/asking",
        "ComponentConfiguration": {"DefaultConfiguration": {"accessControl": {"aws.greengrass.ipc.pubsub": rights}}},
        "Artifacts": [
            {"URI": "s3://BUCKET_NAME/COMPONENT_NAME/COMPONENT_VERSION/asking.zip", "Unarchive": "ZIP"},
        ],
        "Lifecycle": {"Run": f"exec python3 -u {_ASKING_PROGRAM}"},
    }
