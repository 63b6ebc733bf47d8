"""Rules about a GDK project around a recipe."""

from cloud_publisher.linting.rules.rule import Row

ROWS: tuple[Row, ...] = (
    ("GG901", "error", "malformed gdk-config.json", "the GDK refuses it", "correct it by the GDK's reference"),
    (
        "GG902",
        "error",
        "component and recipe differ",
        "the GDK builds by the name in gdk-config.json",
        "use one name in both, or {COMPONENT_NAME}",
    ),
    (
        "GG903",
        "error",
        "not exactly one recipe",
        "the GDK wants one recipe beside gdk-config.json",
        "keep one recipe.yaml or recipe.json",
    ),
)
