"""How large a release is where it goes: what it takes of lite's limits, and what devices say of it, by models.

Printed from the product's own functions, for component names of 25 characters, model names of 10, the settings of this
repository's config, and one group of 8 characters. Run: python -m benchmarks.document_sizes
"""

import json
from pathlib import Path

from cloud_publisher.deploying.deployment import DeployedComponent, DeploymentContent
from cloud_publisher.documents import read_config
from cloud_publisher.fleet.targets import parse_target
from cloud_publisher.sizes.deployment_sizes import deployment_figures, place_of
from cloud_publisher.sizes.device_messages import fleet_status_bytes, health_bytes, shadow_bytes
from cloud_publisher.sizes.job_message import AN_ID, job_message
from cloud_publisher.sizes.lite_memory import deployment_memory, json_bytes
from shared_schema.desired_state import KEY, DesiredModel, DesiredState

MODELS = (8, 16, 20, 30)
AGENT = "com.example.edge-agent"
CHARACTERS = 25
TARGET = parse_target("arn:aws:iot:eu-west-1:111111111111:thinggroup/the-line")
THING = "press-04"
DIGEST = "A" * 43


def main() -> None:
    """Print the table."""
    agent = read_config(Path(__file__).parents[1] / "greengrass-config.yml").value.custom_components["agent"].agent
    settings = agent.settings.as_text() if agent else {}
    columns = (
        "models",
        "job document",
        "lite's memory",
        "desired state",
        "shadow",
        "health",
        "fleet status",
        "on lite",
    )
    print("".join(f"{column:>15}" for column in columns))
    for number in MODELS:
        state = desired_state(number, settings)
        content = deployment(state)
        message = job_message(content, TARGET, THING)
        versions = {name: each.version for name, each in content.components.items()}
        over = [each for each in deployment_figures(content, place_of(TARGET, [THING], lite=True)) if each.over]
        row = (
            number,
            json_bytes(message.document),
            deployment_memory(message.components, message.arn, AN_ID, AN_ID),
            json_bytes(state.sealed()),
            shadow_bytes(state, THING),
            health_bytes(state, THING),
            fleet_status_bytes(versions, message.arn, THING, deployed=True),
            "too large" if any(each.binding for each in over) else "a warning" if over else "fits",
        )
        print("".join(f"{value:>15}" for value in row))


def desired_state(models: int, settings: dict[str, object]) -> DesiredState:
    """A desired state of so many models."""
    named = {
        f"model-{number:04}": DesiredModel(
            component=f"com.example.{number:04}".ljust(CHARACTERS, "x"), version="4.0.0", digest=DIGEST
        )
        for number in range(models)
    }
    return DesiredState(release="1795544309", models=named, settings=settings)


def deployment(state: DesiredState) -> DeploymentContent:
    """The deployment that delivers it on the subscribed channel, and nothing else."""
    follower = DeployedComponent("1.0.0", json.dumps({KEY: state.sealed()}), (f"/{KEY}",))
    models = {model.component: DeployedComponent(model.version) for model in state.models.values()}
    return DeploymentContent({AGENT: DeployedComponent("1.0.0"), f"{AGENT}.desired": follower, **models})


if __name__ == "__main__":
    main()
