"""MQTT's rules for topics and filters, which the local topics follow as well (classic since 2.6)."""


def topic_matches(topic_filter: str, topic: str) -> bool:
    """Whether a message on ``topic`` goes to a subscription of ``topic_filter``.

    A filter that begins with a wildcard does not take in topics that begin with ``$`` (MQTT 3.1.1, 4.7.2).
    """
    wanted, given = topic_filter.split("/"), topic.split("/")
    if topic.startswith("$") and wanted[0] in {"+", "#"}:
        return False
    for place, level in enumerate(wanted):
        if level == "#":
            return True
        if place >= len(given) or level not in {"+", given[place]}:
            return False
    return len(wanted) == len(given)


def is_filter(topic: str) -> bool:
    """Whether this is a filter, so that nothing can be published on it."""
    return "+" in topic or "#" in topic
