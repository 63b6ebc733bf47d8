"""The tables of emulator/README.md name a test for every operation and rule; each named test exists."""

import re
from pathlib import Path

from awsiot.greengrasscoreipc.clientv2 import GreengrassCoreIPCClientV2
from greengrass_emulator.service_models import service_model

REPOSITORY = Path(__file__).parents[3]
ROWS = [line for line in (REPOSITORY / "emulator" / "README.md").read_text().splitlines() if line.startswith("| ")]
NAMED = {name for row in ROWS for name in re.findall(r"`(test_\w+)`", row)}


def test_every_test_that_the_table_names_exists() -> None:
    written = {
        name
        for path in (REPOSITORY / "tests").rglob("test_*.py")
        for name in re.findall(r"^(?:async )?def (test_\w+)\(", path.read_text(), re.MULTILINE)
    }
    assert NAMED - written == set()
    assert len(NAMED) > 50


def test_every_row_has_a_test_or_says_that_it_has_none() -> None:
    rows = [row for row in ROWS if not row.startswith(("| operation |", "| rule |", "| fault |", "| **"))]
    assert [row for row in rows if "`test_" not in row and not row.endswith("| — |")] == []


def test_every_operation_of_ipc_is_in_the_table() -> None:
    calls = [name for name in vars(GreengrassCoreIPCClientV2) if not name.startswith("_") and name != "close"]
    operations = {"".join(part.capitalize() for part in name.removesuffix("_async").split("_")) for name in calls}
    listed = "\n".join(ROWS).lower()
    assert [name for name in sorted(operations) if f"`{name.lower()}`" not in listed] == []
    assert len(operations) > 30


def test_every_operation_of_the_service_is_in_the_table() -> None:
    assert [name for name in service_model("greengrassv2").operation_names if f"`{name}`" not in "\n".join(ROWS)] == []
