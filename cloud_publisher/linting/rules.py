"""Every rule of the linter: its code, how bad it is, what it is about, why, and what to do. docs/lint.md is made of it.

A code is never given to another rule. Sources: AWS's component recipe reference, its "Authorize components to use
IPC", botocore's service model, and greengrass-facts.md for what the two nuclei do.
"""

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. ``why`` says what would happen otherwise, ``remedy`` what to do in general."""

    code: str
    severity: Severity
    title: str
    why: str
    remedy: str


_TABLE: tuple[tuple[str, Severity, str, str, str], ...] = (
    # The file
    ("GG001", "error", "no recipe", "the file is missing, is no YAML or JSON, or holds something else", "correct it"),
    ("GG002", "error", "a key stands twice", "parsers take the last one in silence", "keep one of the two"),
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
    ("GG008", "error", "placeholder left over", "it reaches the device as it stands", "write the value itself"),
    ("GG009", "error", "key in another case (lite)", "nucleus lite compares keys by case", "write it canonically"),
    # The component
    (
        "GG101",
        "error",
        "malformed component name",
        "the API takes 1 to 128 letters, digits, '.', '_' and '-'",
        "rename the component",
    ),
    ("GG102", "error", "version that is none", "versions are semantic: major.minor.patch", "write one such as 1.0.0"),
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
        "version range that is none",
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
    ("GG205", "error", "unknown dependency type", "there are HARD and SOFT", "write HARD or SOFT"),
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
    # Artifacts
    (
        "GG401",
        "error",
        "artifact URI of no known kind",
        "nuclei download from s3:, docker: and lambda: alone",
        "write s3://BUCKET/KEY",
    ),
    (
        "GG402",
        "error",
        "artifact outside the bucket",
        "devices may read the artifact bucket alone",
        "upload it there, and name it",
    ),
    (
        "GG403",
        "warning",
        "artifacts in several buckets",
        "the devices' role must reach every one of them",
        "keep a component's artifacts in one bucket",
    ),
    (
        "GG404",
        "error",
        "URI without a file name",
        "a nucleus downloads one object, no folder",
        "add the object's file name",
    ),
    ("GG405", "error", "unknown Unarchive", "a nucleus unpacks ZIP, or NONE", "write ZIP or NONE"),
    ("GG406", "error", "unknown permission", "there are NONE, OWNER and ALL", "write one of them"),
    ("GG407", "warning", "digest given", "the cloud computes Digest and Algorithm itself", "take both out"),
    (
        "GG408",
        "error",
        "path of no artifact",
        "the script reads a file that no artifact brings: it fails on the device",
        "name the artifact (for a zip its name without .zip), or list it",
    ),
    (
        "GG409",
        "error",
        "two artifacts of one name",
        "one overwrites the other in the same folder",
        "give each its own name",
    ),
    (
        "GG410",
        "error",
        "zip that is none",
        "a nucleus unpacks nothing but zip files",
        "name it .zip, or take Unarchive out",
    ),
    # Lifecycles
    ("GG501", "error", "unknown lifecycle step", "a nucleus runs only the steps that it knows", "correct its spelling"),
    ("GG502", "error", "run with startup", "a nucleus takes exactly one of them", "keep one of the two"),
    (
        "GG503",
        "error",
        "nothing to run (lite)",
        "nucleus lite fails a component without run or startup",
        "add run: exit 0",
    ),
    ("GG504", "error", "step without a script", "there is nothing to run", "add Script"),
    (
        "GG505",
        "error",
        "timeout that is none",
        "a time-out is a whole number of seconds above 0",
        "write such a number",
    ),
    ("GG506", "error", "flag that is none", "the nucleus takes true and false", "write true or false"),
    (
        "GG507",
        "error",
        "Skipif that is none",
        "a nucleus knows `onpath PROGRAM` and `exists PATH`",
        "write one of these",
    ),
    ("GG508", "error", "unknown key in a step", "a nucleus ignores it", "correct its spelling, or take it out"),
    (
        "GG509",
        "error",
        "selection that nothing has",
        "the manifest selects a part of the global lifecycle that is not there",
        "correct the selection",
    ),
    # Variables
    (
        "GG601",
        "error",
        "unknown variable",
        "classic leaves it as it stands, lite cuts the script there",
        "write one that the recipe reference has",
    ),
    (
        "GG602",
        "error",
        "variable of no direct dependency",
        "the nucleus fills in variables of direct dependencies alone",
        "add the component to ComponentDependencies",
    ),
    (
        "GG603",
        "warning",
        "configuration without a default",
        "it stays as it stands where no deployment sets it",
        "add a default",
    ),
    (
        "GG604",
        "error",
        "another component's variable (lite)",
        "nucleus lite fills in a component's own variables alone",
        "pass the value by configuration",
    ),
    (
        "GG605",
        "error",
        "brace in a script (lite)",
        "nucleus lite takes it for a variable, and runs only what stands after it",
        "write $X for a shell's ${X}, and move other braces into a file of the artifact",
    ),
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
        "one component may then speak as the whole device",
        "list the topics that it needs",
    ),
    ("GG705", "warning", "policy id that stands twice", "a policy's id is to be unique", "number them"),
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
        "step or key that lite has not",
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
        "nucleus lite makes text of a YAML default configuration's numbers and booleans",
        "publish the recipe as JSON, or expect text",
    ),
    (
        "GG806",
        "warning",
        "IPC service that lite has not",
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
    # GDK projects
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

RULES: dict[str, Rule] = {row[0]: Rule(*row) for row in _TABLE}
"""The rules by their codes."""
