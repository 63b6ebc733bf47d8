"""Rules about a recipe's file, component, dependencies and platforms."""

from cloud_publisher.linting.rules.rule import Row

ROWS: tuple[Row, ...] = (
    # The file
    ("GG001", "error", "no recipe", "the file is missing, is no YAML or JSON, or holds something else", "correct it"),
    ("GG002", "error", "repeated key", "parsers silently use the last one", "keep one of the two"),
    (
        "GG003",
        "error",
        "unknown key",
        "the cloud ignores or refuses what the recipe reference does not have",
        "correct its spelling, or take it out",
    ),
    ("GG004", "error", "missing key", "the cloud refuses the recipe", "add it"),
    ("GG005", "error", "wrong type", "the cloud refuses the recipe", "write the type that is asked for"),
    ("GG006", "error", "unknown format version", "there is one version of the recipe format", 'write "2020-01-25"'),
    (
        "GG007",
        "error",
        "too large",
        "a recipe may have 16,000 bytes",
        "move long scripts into the artifact, and call them from the lifecycle",
    ),
    ("GG008", "error", "placeholder left over", "it reaches the device unchanged", "write the value itself"),
    ("GG009", "error", "key in another case (lite)", "nucleus lite compares keys by case", "write it canonically"),
    # The component
    (
        "GG101",
        "error",
        "malformed component name",
        "the API takes 1 to 128 letters, digits, '.', '_' and '-'",
        "rename the component",
    ),
    ("GG102", "error", "invalid version", "versions are semantic: major.minor.patch", "write one such as 1.0.0"),
    (
        "GG103",
        "error",
        "unknown component type",
        "the nucleus knows generic, plugin, lambda and nucleus",
        "take ComponentType out: the cloud sets it",
    ),
    # Dependencies
    (
        "GG201",
        "error",
        "invalid version range",
        "nuclei read npm's range syntax, and fail the deployment for anything else",
        "write one such as '>=1.0.0 <2.0.0' or ^1.2.0",
    ),
    (
        "GG202",
        "error",
        "range that no version fits",
        "the deployment fails: no version can be resolved",
        "swap or widen its ends",
    ),
    ("GG203", "error", "self dependency", "a component cannot wait for itself", "take it out"),
    ("GG204", "error", "dependency cycle", "a nucleus starts dependencies first", "take one of them out"),
    ("GG205", "error", "unknown dependency type", "valid are HARD and SOFT", "write HARD or SOFT"),
    (
        "GG206",
        "error",
        "agent depends on a hot-reloaded model",
        "every new version of the model would change the agent's recipe and restart it",
        "take it out: the deployment lists models by themselves",
    ),
    (
        "GG207",
        "error",
        "hard dependency on a hot-reloaded model",
        "the nucleus restarts the dependent with every version of the model",
        "make it SOFT, or ask the agent for predictions",
    ),
    (
        "GG208",
        "warning",
        "range without the version beside it",
        "the recipe that was given with it has a version that the range leaves out",
        "widen the range",
    ),
    # Platforms
    (
        "GG301",
        "error",
        "unknown operating system",
        "no device matches it, so the manifest is never taken",
        "write linux, darwin, windows or all",
    ),
    (
        "GG302",
        "error",
        "unknown architecture",
        "no device matches it, so the manifest is never taken",
        "write amd64, aarch64, arm, x86 or *",
    ),
    ("GG303", "error", "unknown runtime", "no nucleus matches it", "write aws_nucleus_lite or *"),
    (
        "GG304",
        "warning",
        "manifest that is never taken",
        "a nucleus takes the first manifest that matches",
        "put the narrower manifest first",
    ),
    (
        "GG305",
        "warning",
        "platform key that looks misspelled",
        "a nucleus takes it for an attribute of the device's own, which nothing matches",
        "correct its spelling",
    ),
)
