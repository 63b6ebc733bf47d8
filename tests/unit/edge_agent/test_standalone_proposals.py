"""Whatever a model's digest is, a device without a nucleus takes the model over under a version that is one."""

from pathlib import Path

from edge_agent.standalone.config_file import Proposals, StandaloneConfig
from shared_schema.desired_state import DesiredState, read_desired_state
from shared_schema.digests import model_digest_of_folder


def test_a_digest_with_an_underscore_makes_a_version(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    for number in range(1_000):
        (folder / "model.yaml").write_text(f"number: {number}")
        if "_" in model_digest_of_folder(folder)[:16]:
            break
    config = StandaloneConfig.model_validate(
        {"application": "line", "thing": "press", "models": {"digits": {"folder": "model"}}}
    )
    read = read_desired_state(Proposals(tmp_path / "work").document(config, tmp_path))
    assert isinstance(read, DesiredState)
    assert "_" not in read.models["digits"].version
