"""The agent's IPC rights, no more than it uses: publish its own topics, receive its commands, its local topics.

The thing is ``+``: classic replaces ``{iot:thingName}`` only if a nucleus option says so, and the thing's IoT policy
restricts it to its own name anyway (docs/architecture.md, "Topics and messages"). Shape: AWS's "Authorize
components to use IPC".
"""

from shared_schema.json_value import JsonObject
from shared_schema.settings import AgentSettings, LocalTopicSink, TopicSource
from shared_schema.topics import ANY_THING, COMMANDS, Topics, local_echo


def agent_access_control(component: str, application: str, settings: AgentSettings) -> JsonObject:
    """Return the value of ``accessControl`` in the agent's default configuration."""
    topics = Topics(application, ANY_THING)
    published = [
        topics.health,
        topics.confirmation,
        topics.prediction("+"),
        *(topics.reply(command) for command in COMMANDS),
        topics.shadow_update,
    ]
    control: JsonObject = {
        "aws.greengrass.ipc.mqttproxy": {
            f"{component}:mqttproxy:1": _policy(
                "Health, confirmations, predictions, replies and the named shadow",
                ["aws.greengrass#PublishToIoTCore"],
                published,
            ),
            f"{component}:mqttproxy:2": _policy(
                "Commands", ["aws.greengrass#SubscribeToIoTCore"], [topics.command(command) for command in COMMANDS]
            ),
            # A right that was added later has an entry of its own: classic keeps an older default's lists when an
            # agent is upgraded, and takes new keys over (docs/greengrass-facts.md, "Configuration").
            f"{component}:mqttproxy:3": _policy(
                "Whether commands are still heard",
                ["aws.greengrass#PublishToIoTCore", "aws.greengrass#SubscribeToIoTCore"],
                [topics.echo],
            ),
        }
    }
    asked = sorted({source.topic for source in settings.sources.values() if isinstance(source, TopicSource)})
    local = {sink.topic for sink in settings.sinks.values() if isinstance(sink, LocalTopicSink)}
    local |= {source.reply for source in settings.sources.values() if isinstance(source, TopicSource)}
    pubsub: JsonObject = {}
    if local:
        pubsub[f"{component}:pubsub:1"] = _policy(
            "Predictions to other components", ["aws.greengrass#PublishToTopic"], sorted(local)
        )
    if asked:
        pubsub[f"{component}:pubsub:2"] = _policy(
            "Requests of other components", ["aws.greengrass#SubscribeToTopic"], asked
        )
    if settings.busy.topic is not None:
        pubsub[f"{component}:pubsub:3"] = _policy(
            "Whether the line may be disturbed", ["aws.greengrass#SubscribeToTopic"], [settings.busy.topic]
        )
    if settings.local_topics:
        pubsub[f"{component}:pubsub:4"] = _policy(
            "Whether local topics are still heard",
            ["aws.greengrass#PublishToTopic", "aws.greengrass#SubscribeToTopic"],
            [local_echo(component)],
        )
    if pubsub:
        control["aws.greengrass.ipc.pubsub"] = pubsub
    return control


def _policy(description: str, operations: list[str], resources: list[str]) -> JsonObject:
    return {"policyDescription": description, "operations": [*operations], "resources": [*resources]}
