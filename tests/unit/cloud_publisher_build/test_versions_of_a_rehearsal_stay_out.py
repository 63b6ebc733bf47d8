"""`versions/` of a model's component is the rehearsal's: it is in no build, and changes no version."""

from pathlib import Path

import pytest

from cloud_publisher.build.content import Place, source_files
from shared_schema.config import Component


@pytest.mark.parametrize(("keys", "packed"), [({"model": {"sagemaker-managed": False}}, []), ({}, ["versions/1/a"])])
def test_only_a_model_s_own_folder_of_that_name_is_left_out(
    keys: dict[str, object], packed: list[str], tmp_path: Path
) -> None:
    for name in ("versions/1/a", "data/versions/b", "model.yaml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    component = Component.model_validate({"component-name": "wear", "root": "wear", **keys})
    left_out: list[str] = []
    with source_files(component, Place(tmp_path, tmp_path, tmp_path / "dist"), left_out=left_out) as found:
        files = [file.name for file in found]
    assert files == sorted(["data/versions/b", "model.yaml", *packed])
    assert left_out == ([] if packed else ["versions/"])
