"""`mlops-rehearsal run --repository …` with models of a team's own: pictures and tables, by folder and by topic."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from .teams import colours, model_component, new_repository, wear, write_colours, write_wear

pytestmark = [pytest.mark.models, pytest.mark.timeout(1200)]
GOOD, BETTER, BAD = (
    [[4.0, 0, 0], [0, 4.0, 0], [0, 0, 4.0]],
    [[9.0, 0, 0], [0, 9.0, 0], [0, 0, 9.0]],
    [[0, 0, 9.0], [0, 9.0, 0], [9.0, 0, 0]],
)
FINE_AND_WORN = [[-1.0, 1.0], [-1.0, 1.0]]


def rehearse(repository: Path, *words: str) -> tuple[int, str]:
    """The exit code and what was printed, by a rehearsal in the repository's folder."""
    done = subprocess.run(
        [*(sys.executable, "-m", "rehearsal", "run"), *("--repository", ".", "--devices", "2"), *words],
        cwd=repository,
        capture_output=True,
        text=True,
        timeout=1180,
        check=False,
        env={**os.environ, "COLUMNS": "300"},
    )
    return done.returncode, done.stdout + done.stderr


def rows(printed: str) -> dict[str, tuple[str, str]]:
    """By claim: the mark and what was seen, of the table at the end."""
    found = re.findall(r"^│ (.) │[^│]*│ ([^│]+?) *│ ([^│]+?) *│$", printed, re.MULTILINE)
    return {claim: (mark, seen) for mark, claim, seen in found}


def test_pictures_from_a_folder_and_tables_by_topic_in_a_folder_with_a_name_that_people_give(tmp_path: Path) -> None:
    registry = {"sagemaker-managed": True, "package-group": "werk-colours"}
    models = {
        "colours": model_component("colours", registry, "Modelle/Farben & Töne"),
        "wear": model_component("wear", {"sagemaker-managed": False, "name": "models/wear.tar.gz"}, "Modelle/wear"),
    }
    settings = {
        "sources": {
            "drop-box": {"type": "folder", "path": "pictures", "model": "colours"},
            "line": {"type": "topic", "topic": "line/asks", "model": "wear"},
        },
        "sinks": {"cloud": {"type": "iot-core", "rate": 1}},
    }
    repository = new_repository(tmp_path / "Größe & Maß", models, settings, region="us-east-1")
    root = repository / "Modelle/Farben & Töne"
    write_colours(root)
    write_wear(repository / "Modelle/wear")
    for name, weights in (("9", GOOD), ("10", BETTER), ("bad", BAD)):
        colours(root / "versions" / name, weights)
    first = wear(tmp_path / "wear = one", FINE_AND_WORN)
    code, printed = rehearse(repository, "--model-data", f"wear={first}")
    table = rows(printed)
    assert code == 0, printed
    assert "✗" not in printed
    assert table["every device serves and confirms colours 1.0.0, wear 1.0.0"] == ("✓", "3 of 3 devices")
    assert table["every device serves and confirms colours 2.0.0, wear 1.0.0"] == ("✓", "3 of 3 devices")
    assert table["each deploy exits with 5: rejected by the devices' own checks"][0] == "✓"
    assert table["every device confirms colours 2.0.0, wear 1.0.0 again"][0] == "✓"
    assert "none lost, none twice" in table["every frame has exactly one prediction"][1]
    assert "all answered" in table["every request on a local topic is answered"][1]
    assert re.search(r"^colours 2\.0\.0 gave \d+ predictions\.$", printed, re.MULTILINE), printed
    assert re.search(r"^wear 1\.0\.0 gave \d+ predictions\.$", printed, re.MULTILINE), printed


def test_one_version_of_one_model_is_released_and_the_table_says_what_was_left_out(tmp_path: Path) -> None:
    models = {"wear": model_component("wear", {"sagemaker-managed": True, "package-group": "wear"}, "wear")}
    sources = {"tables": {"type": "folder", "path": "tables"}}
    repository = new_repository(tmp_path / "team", models, {"sources": sources})
    write_wear(repository / "wear")
    wear(repository / "wear/versions/1", FINE_AND_WORN)
    code, printed = rehearse(repository)
    table = rows(printed)
    assert code == 0, printed
    assert table["every device serves and confirms 1.0.0"] == ("✓", "3 of 3 devices")
    mark, seen = table["a running agent takes the next version of a model"]
    assert (mark, "give the next one too: --model-data wear=FOLDER" in seen) == ("–", True)
    mark, seen = table["devices refuse a bad version, and the pipeline goes back to the good one"]
    assert (mark, "by --bad wear=FOLDER, or in its versions/bad" in seen) == ("–", True)
    assert "none lost, none twice" in table["every frame has exactly one prediction"][1]
    assert table["nothing is deployed"][0] == "✓"
