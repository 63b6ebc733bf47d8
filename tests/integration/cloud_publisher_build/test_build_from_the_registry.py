"""`build` of model components: which package is taken, how its data are unpacked, what the zip then holds."""

import io
import json
import tarfile
from collections.abc import Callable
from typing import Any

import pytest

from shared_schema.digests import model_digest_of_folder

from .conftest import onnx_model, tar_of

Run = Callable[..., Any]
GOOD = "digits/golden/one.png"


def test_without_code_of_its_own_the_package_and_the_folder_are_packed(
    run: Run, digits: Any, registry: Any, bucket: Any, tmp_path: Any
) -> None:
    arn = registry.register(tar_of({"tiny.onnx": onnx_model()}))
    ran = run("build")
    assert ran.code == 0, ran.err
    component = digits.component("digits")
    packed = bucket.zip(component["artifacts"][0]["uri"])
    assert packed.namelist() == ["golden/one.png", "model.yaml", "tiny.onnx"]
    for name in packed.namelist():
        packed.extract(name, tmp_path / "device")
    assert component["kind"] == "model"
    assert component["model"] == {
        "digest": model_digest_of_folder(tmp_path / "device"),
        "vetting-timeout": 20,
        "source": arn,
    }


def test_the_newest_approved_package_is_taken_and_gives_its_number_to_the_version(
    run: Run, digits: Any, registry: Any
) -> None:
    registry.register(tar_of({"tiny.onnx": onnx_model()}))
    newest = registry.register(tar_of({"tiny.onnx": onnx_model(), "notes.txt": b"second"}))
    registry.register(tar_of({"tiny.onnx": onnx_model(), "notes.txt": b"third"}), status="PendingManualApproval")
    registry.register(tar_of({"tiny.onnx": onnx_model(), "notes.txt": b"fourth"}), status="Rejected")
    assert run("build").code == 0
    component = digits.component("digits")
    assert (component["version"], component["model"]["source"]) == ("2.0.0", newest)


def test_a_change_beside_the_same_package_counts_the_last_number(run: Run, digits: Any, registry: Any) -> None:
    registry.register(tar_of({"tiny.onnx": onnx_model()}))
    run("build")
    digits.write(GOOD, b"a better picture")
    run("build", "--bump", "major")
    assert digits.component("digits")["version"] == "1.0.1"


def test_going_back_to_an_earlier_package_reuses_its_version(run: Run, digits: Any, registry: Any) -> None:
    registry.register(tar_of({"tiny.onnx": onnx_model()}))
    run("build")
    first = digits.component("digits")
    bad = registry.register(tar_of({"tiny.onnx": onnx_model(), "notes.txt": b"bad"}))
    run("build")
    assert digits.component("digits")["version"] == "2.0.0"
    registry.sagemaker.update_model_package(ModelPackageArn=bad, ModelApprovalStatus="Rejected")
    ran = run("build")
    assert "1.0.0 has this content already" in ran.out
    assert digits.component("digits") == {**first, "reused": True}


def test_an_uncompressed_tree_is_taken_as_it_is(run: Run, digits: Any, registry: Any, bucket: Any) -> None:
    for name, content in (("tiny.onnx", onnx_model()), ("extra/words.txt", b"words")):
        bucket.s3.put_object(Bucket=bucket.name, Key=f"trees/one/{name}", Body=content)
    source = {"S3Uri": f"s3://{bucket.name}/trees/one/", "S3DataType": "S3Prefix", "CompressionType": "None"}
    registry.register(b"", Image="image", ModelDataSource={"S3DataSource": source})
    ran = run("build")
    assert ran.code == 0, ran.err
    names = bucket.zip(digits.component("digits")["artifacts"][0]["uri"]).namelist()
    assert names == ["extra/words.txt", "golden/one.png", "model.yaml", "tiny.onnx"]
    run("build")
    assert digits.component("digits")["reused"]


def test_one_uncompressed_object_is_taken_as_it_is_and_a_change_in_a_tree_is_new_content(
    run: Run, digits: Any, registry: Any, bucket: Any
) -> None:
    bucket.s3.put_object(Bucket=bucket.name, Key="one/tiny.onnx", Body=onnx_model())
    uri = f"s3://{bucket.name}/one"
    source = {"S3Uri": f"{uri}/tiny.onnx", "S3DataType": "S3Object", "CompressionType": "None"}
    registry.register(b"", Image="image", ModelDataSource={"S3DataSource": source})
    assert run("build").code == 0
    names = bucket.zip(digits.component("digits")["artifacts"][0]["uri"]).namelist()
    assert names == ["golden/one.png", "model.yaml", "tiny.onnx"]
    # A prefix need not end with a slash; nothing of its neighbour "one-more/" is taken.
    bucket.s3.put_object(Bucket=bucket.name, Key="one-more/tiny.onnx", Body=b"another's")
    source = {"S3Uri": uri, "S3DataType": "S3Prefix", "CompressionType": "None"}
    registry.register(b"", Image="image", ModelDataSource={"S3DataSource": source})
    assert run("build").code == 0
    assert digits.component("digits")["version"] == "2.0.0"
    bucket.s3.put_object(Bucket=bucket.name, Key="one/words.txt", Body=b"words")
    assert run("build").code == 0
    assert digits.component("digits")["version"] == "2.0.1"
    names = bucket.zip(digits.component("digits")["artifacts"][0]["uri"]).namelist()
    assert names == ["golden/one.png", "model.yaml", "tiny.onnx", "words.txt"]


def test_a_model_that_no_registry_manages_is_the_object_of_its_bucket(
    run: Run, digits: Any, registry: Any, bucket: Any
) -> None:
    bucket.s3.put_object(Bucket=bucket.name, Key="given/tiny.onnx", Body=onnx_model())
    text = (digits.folder / "greengrass-config.yml").read_text()
    group = f"model: {{sagemaker-managed: true, package-group: {registry.group}, name: model.tar.gz}}"
    other = f"model: {{sagemaker-managed: false, name: given/tiny.onnx}}\n    bucket: {bucket.name}"
    digits.write("greengrass-config.yml", text.replace(group, other))
    ran = run("build")
    assert ran.code == 0, ran.err
    assert digits.component("digits")["version"] == "1.0.0"
    assert digits.component("digits")["model"]["source"] == f"s3://{bucket.name}/given/tiny.onnx"


def test_a_model_without_a_manifest_is_handed_on_as_the_archive_that_it_is(
    run: Run, repository: Any, registry: Any, bucket: Any
) -> None:
    archive = tar_of({"car-detection.pt": b"weights"})
    registry.register(archive)
    repository.write("cars/.gitkeep", "")
    repository.config(
        f"""\
        cars:
          component-name: PREFIX.cars
          root: cars
          model: {{sagemaker-managed: true, package-group: {registry.group}, name: model.tar.gz}}
          Artifacts: [{{URI: "s3://BUCKET_NAME/COMPONENT_NAME/COMPONENT_VERSION/model.tar.gz"}}]
          Lifecycle:
            Install: tar -xzf {{artifacts:path}}/model.tar.gz
            Run: exit 0
        """
    )
    assert run("build").code == 0
    component = repository.component("cars")
    assert component["kind"] == "application"
    assert bucket.read(component["artifacts"][0]["uri"]) == archive


def test_a_folder_s_file_beside_a_model_archive_is_packed_with_it(
    run: Run, repository: Any, registry: Any, bucket: Any
) -> None:
    registry.register(tar_of({"weights.pt": b"weights"}))
    repository.write("cars/labels.txt", "car\n")
    repository.config(
        f"""\
        cars:
          component-name: PREFIX.cars
          root: cars
          model: {{sagemaker-managed: true, package-group: {registry.group}, name: model.tar.gz}}
          Artifacts: [{{URI: "s3://BUCKET_NAME/COMPONENT_NAME/COMPONENT_VERSION/model.tar.gz"}}]
          Lifecycle: {{Run: exit 0}}
        """
    )
    assert run("build").code == 0
    with tarfile.open(fileobj=io.BytesIO(bucket.read(repository.component("cars")["artifacts"][0]["uri"]))) as packed:
        assert packed.getnames() == ["labels.txt", "weights.pt"]


def test_a_group_with_no_approved_package_is_one_clear_error(run: Run, digits: Any, registry: Any, bucket: Any) -> None:
    registry.register(tar_of({"tiny.onnx": onnx_model()}), status="PendingManualApproval")
    ran = run("build")
    assert ran.code == 1
    assert f"the model package group {registry.group!r} has no Approved package" in ran.err
    assert "approve one in the registry" in ran.err
    _nothing_half_done(digits, bucket)


def _escaping() -> bytes:
    return tar_of({"tiny.onnx": b"x", "../../etc/passwd": b"root"})


def _linking_out() -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        entry = tarfile.TarInfo("tiny.onnx")
        entry.type, entry.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(entry)
    return packed.getvalue()


@pytest.mark.parametrize(
    ("archive", "words"),
    [
        (_escaping(), "would write outside its folder"),
        (_linking_out(), "would write outside its folder"),
        (tar_of({"tiny.onnx": bytes(200_000), "more": onnx_model()})[:-60], "is broken or truncated"),
        (b"no archive at all", "is broken or truncated"),
        (tar_of({}), "is empty"),
    ],
    ids=["leaves its folder", "links out", "truncated", "no archive", "empty"],
)
def test_a_bad_archive_is_one_clear_error(
    archive: bytes, words: str, run: Run, digits: Any, registry: Any, bucket: Any
) -> None:
    arn = registry.register(archive)
    ran = run("build")
    assert ran.code == 1
    assert ran.err.startswith(f"error: the archive of {arn} {words}")
    _nothing_half_done(digits, bucket)


def test_model_data_that_are_gone_are_one_clear_error(run: Run, digits: Any, registry: Any, bucket: Any) -> None:
    registry.register(b"", Image="image", ModelDataUrl=f"s3://{bucket.name}/models/gone.tar.gz")
    ran = run("build")
    assert ran.code == 1
    assert f"the model data s3://{bucket.name}/models/gone.tar.gz of" in ran.err
    assert "is not there" in ran.err


@pytest.mark.parametrize(
    ("scores", "size", "files", "words"),
    [
        (3, 8, {}, "there are 2 labels, and the output 'probabilities' float [N, 3] has 3 scores"),
        (2, 16, {}, "the input 'image' float [N, 1, 16, 16] is not what preprocessing makes: [1, 1, 8, 8]"),
        (2, 8, {"tiny.onnx": b"no graph"}, "tiny.onnx is no valid ONNX model"),
        (2, 8, {"tiny.onnx": None}, "tiny.onnx is not in the component"),
    ],
    ids=["labels", "size", "no graph", "no file"],
)
def test_a_graph_that_is_not_what_the_manifest_says_never_gets_to_a_device(
    scores: int,
    size: int,
    files: dict[str, bytes | None],
    words: str,
    run: Run,
    digits: Any,
    registry: Any,
    bucket: Any,
) -> None:
    held = {"tiny.onnx": onnx_model(scores, size), "other.txt": b"x", **files}
    registry.register(tar_of({name: content for name, content in held.items() if content is not None}))
    ran = run("build")
    assert ran.code == 1
    assert words in ran.err
    assert "nothing was uploaded" in ran.err
    _nothing_half_done(digits, bucket)


def test_a_file_that_both_the_folder_and_the_package_have_is_an_error(run: Run, digits: Any, registry: Any) -> None:
    registry.register(tar_of({"tiny.onnx": onnx_model(), "model.yaml": b"another"}))
    ran = run("build")
    assert ran.code == 1
    assert "both its folder and its model package have a file 'model.yaml'" in ran.err


def test_errors_are_json_too(run: Run, digits: Any) -> None:
    ran = run("build", "--json")
    assert ran.code == 1
    document = json.loads(ran.out)
    assert document["error"] == "ModelUnavailable"
    assert document["exit-code"] == 1
    assert document["remedy"].startswith("approve one")


def _nothing_half_done(repository: Any, bucket: Any) -> None:
    assert bucket.artifacts() == []
    assert not (repository.folder / "dist").exists()
