"""Rules about a recipe's artifacts."""

ROWS: tuple[tuple[str, str, str, str, str], ...] = (
    (
        "GG401",
        "error",
        "artifact URI of no known kind",
        "nuclei only download from s3:, docker: and lambda:",
        "write s3://BUCKET/KEY",
    ),
    (
        "GG402",
        "error",
        "artifact outside the bucket",
        "devices may only read the artifact bucket",
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
    ("GG406", "error", "unknown permission", "valid are NONE, OWNER and ALL", "write one of them"),
    ("GG407", "warning", "digest given", "the cloud computes Digest and Algorithm itself", "take both out"),
    (
        "GG408",
        "error",
        "path of no artifact",
        "the script reads a file that no artifact has: it fails on the device",
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
        "artifact that is no zip",
        "a nucleus only unpacks zip files",
        "name it .zip, or take Unarchive out",
    ),
)
