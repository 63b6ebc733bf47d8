"""MQTT's rules for topics and filters, which also hold for local topics (classic since 2.6)."""


def topic_matches(topic_filter: str, topic: str) -> bool:
    """Return whether ``topic_filter`` matches ``topic``.

    A filter that begins with a wildcard does not match topics that begin with ``$`` (MQTT 3.1.1, 4.7.2).
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
    """Return whether this is a filter with wildcards, to which nothing can be published."""
    return "+" in topic or "#" in topic
