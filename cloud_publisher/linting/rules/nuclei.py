"""Rules about the rights that a nucleus grants, and about what lite does not support."""

ROWS: tuple[tuple[str, str, str, str, str], ...] = (
    # Access control
    (
        "GG701",
        "error",
        "malformed access control",
        "the nucleus ignores the policy, and the component has no rights",
        "write SERVICE: {ID: {policyDescription, operations, resources}}",
    ),
    ("GG702", "error", "unknown IPC service", "no such service reads the policy", "correct its name"),
    (
        "GG703",
        "error",
        "unknown IPC operation",
        "the service has no such operation, so nothing is granted",
        "correct its name",
    ),
    (
        "GG704",
        "error",
        "every topic of IoT Core",
        "one component may then publish for the whole device",
        "list the topics that it needs",
    ),
    ("GG705", "warning", "repeated policy id", "a policy's id is to be unique", "number them"),
    # Lite
    (
        "GG801",
        "error",
        "no manifest for lite",
        "nucleus lite takes only manifests that name a runtime",
        "add runtime: aws_nucleus_lite, or '*'",
    ),
    (
        "GG802",
        "error",
        "manifest without Artifacts (lite)",
        "nucleus lite wants the list in every manifest",
        "add Artifacts: []",
    ),
    (
        "GG803",
        "error",
        "step or key that lite lacks",
        "nucleus lite has no shutdown, recover and Skipif",
        "do it in run, or leave it out",
    ),
    (
        "GG804",
        "warning",
        "startup (lite)",
        "nucleus lite ends it with a systemd-notify of systemd 254; Debian 12 has 252",
        "use run",
    ),
    (
        "GG805",
        "warning",
        "number or boolean in YAML (lite)",
        "nucleus lite turns numbers and booleans of a YAML default configuration into text",
        "publish the recipe as JSON, or expect text",
    ),
    (
        "GG806",
        "warning",
        "IPC service that lite lacks",
        "nucleus lite answers ServiceError",
        "do without it, or use the classic nucleus",
    ),
    (
        "GG807",
        "warning",
        "long text in the configuration (lite)",
        "nucleus lite answers ServiceError for a text over about 1,000 bytes",
        "put it into a file of the artifact",
    ),
    (
        "GG808",
        "error",
        "value too long for the configuration (lite)",
        "nucleus lite writes no text or list of more than 1,024 bytes of JSON: the deployment fails",
        "put it into a file of the artifact, or use an object instead of the list",
    ),
    (
        "GG809",
        "warning",
        "install (lite)",
        "a new version whose install fails, or is interrupted, stays down until it is deployed again: neither it nor "
        "the previous version starts after a crash or a reboot",
        "install in run, beside the running version, and switch when it is complete",
    ),
    ("GG810", "warning", "bootstrap (lite)", "nucleus lite reboots the device for it", "do it in run"),
    (
        "GG811",
        "warning",
        "recipe too long (lite)",
        "nucleus lite reads no recipe of more than 8,196 bytes: the deployment fails",
        "keep scripts in the artifact, have each once, and fewer manifests",
    ),
    (
        "GG812",
        "warning",
        "recipe too wide, too deep or too full (lite)",
        "nucleus lite goes through 255 objects (a key with its value is two), 15 levels, and 16,384 bytes of its "
        "memory: the deployment fails",
        "write fewer manifests, steps and defaults; keep what is large in a file of the artifact",
    ),
)
