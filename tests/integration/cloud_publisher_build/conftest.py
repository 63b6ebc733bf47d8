"""What these tests share: a repository in a folder, a bucket and a package group of their own, the command itself."""

import io
import json
import tarfile
import textwrap
import uuid
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from greengrass_emulator.cloud.cloud import Cloud

ACCOUNT = "dev"
SDK = Path(__file__).parents[3] / ".venv-sagemaker" / "bin" / "python"
"""The SageMaker SDK's own environment, which `make test-sdk` sets up."""
collect_ignore = [] if SDK.exists() else ["test_packages_of_the_sagemaker_sdk.py"]


SIMPLE_APP = """\
app:
  component-name: PREFIX.app
  root: app
  Artifacts:
    - URI: "s3://BUCKET_NAME/COMPONENT_NAME/COMPONENT_VERSION/app.zip"
      Unarchive: ZIP
  Lifecycle: {Run: exit 0}
"""


class Repository:
    """A repository that grows as a test needs it. ``prefix`` keeps its components apart from other tests'."""

    def __init__(self, folder: Path, prefix: str) -> None:
        self.folder = folder
        self.prefix = prefix

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(textwrap.dedent(content), encoding="utf-8")
        return path

    def config(self, components: str, *, top: str = "") -> None:
        """Write the config; ``PREFIX`` in it stands for this test's prefix."""
        text = f"{textwrap.dedent(top)}custom-components:\n{textwrap.indent(textwrap.dedent(components), '  ')}"
        self.write("greengrass-config.yml", text.replace("PREFIX", self.prefix))

    def simple_app(self, more: str = "") -> None:
        """One component ``PREFIX.app``, built by zip from ``app/``; ``more`` goes on where that ends."""
        self.write("app/main.py", "print('one')\n")
        self.config(SIMPLE_APP + textwrap.dedent(more))

    @property
    def release(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads((self.folder / "dist/release.json").read_text())
        return document

    def component(self, key: str) -> dict[str, Any]:
        found: dict[str, Any] = next(each for each in self.release["components"] if each["key"] == key)
        return found

    def recipe(self, key: str) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.component(key)["recipe"])
        return document


class Bucket:
    """The artifact bucket, as a test looks into it."""

    def __init__(self, name: str, s3: Any) -> None:
        self.name = name
        self.s3 = s3

    def keys(self) -> list[str]:
        return [each["Key"] for each in self.s3.list_objects_v2(Bucket=self.name).get("Contents", [])]

    def artifacts(self) -> list[str]:
        return [key for key in self.keys() if key.startswith("artifacts/") and ".mlops-release." not in key]

    def read(self, uri: str) -> bytes:
        body: bytes = self.s3.get_object(Bucket=self.name, Key=uri.removeprefix(f"s3://{self.name}/"))["Body"].read()
        return body

    def zip(self, uri: str) -> zipfile.ZipFile:
        return zipfile.ZipFile(io.BytesIO(self.read(uri)))


class Registry:
    """A model package group of the test's own."""

    def __init__(self, group: str, bucket: Bucket, sagemaker: Any) -> None:
        self.group = group
        self.bucket = bucket
        self.sagemaker = sagemaker
        self._count = 0
        sagemaker.create_model_package_group(ModelPackageGroupName=group)

    def register(self, archive: bytes, status: str = "Approved", **container: Any) -> str:
        """A package whose data are ``archive``, or what ``container`` says. Returns its ARN."""
        self._count += 1
        key = f"models/{self.group}/{self._count}/model.tar.gz"
        self.bucket.s3.put_object(Bucket=self.bucket.name, Key=key, Body=archive)
        arn: str = self.sagemaker.create_model_package(
            ModelPackageGroupName=self.group,
            ModelApprovalStatus=status,
            InferenceSpecification={
                "Containers": [container or {"Image": "image", "ModelDataUrl": f"s3://{self.bucket.name}/{key}"}],
                "SupportedContentTypes": ["application/x-npy"],
                "SupportedResponseMIMETypes": ["application/x-npy"],
            },
        )["ModelPackageArn"]
        return arn


def tar_of(files: dict[str, bytes]) -> bytes:
    """A ``model.tar.gz`` of files by name."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def onnx_model(scores: int = 2, size: int = 8) -> bytes:
    """A real graph: a gray picture in, ``probabilities`` out."""
    from onnx import TensorProto, helper

    pixels = size * size
    graph = helper.make_graph(
        [
            helper.make_node("Flatten", ["image"], ["row"], axis=1),
            helper.make_node("MatMul", ["row", "weights"], ["sums"]),
            helper.make_node("Softmax", ["sums"], ["probabilities"], axis=1),
        ],
        "tiny",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["N", 1, size, size])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["N", scores])],
        [helper.make_tensor("weights", TensorProto.FLOAT, [pixels, scores], [0.5] * pixels * scores)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    content: bytes = model.SerializeToString()
    return content


MANIFEST = """\
file: tiny.onnx
task: classification
labels: ["0", "1"]
preprocessing: {size: [8, 8], colour: gray}
golden:
  samples:
    - {input: golden/one.png, expect: {label: "1"}}
vetting: {timeout: 20}
"""


@pytest.fixture
def unique() -> str:
    """A word that no other test has."""
    return f"b{uuid.uuid4().hex[:10]}"


@pytest.fixture
def cloud(greengrass_cloud: Cloud) -> Cloud:
    return greengrass_cloud


@pytest.fixture
def bucket(cloud: Cloud, unique: str) -> Bucket:
    s3 = cloud.client("s3", account=ACCOUNT)
    s3.create_bucket(Bucket=unique, CreateBucketConfiguration={"LocationConstraint": cloud.region})
    return Bucket(unique, s3)


@pytest.fixture
def registry(cloud: Cloud, bucket: Bucket, unique: str) -> Registry:
    return Registry(unique, bucket, cloud.client("sagemaker", account=ACCOUNT))


@pytest.fixture
def repository(tmp_path: Path, unique: str) -> Repository:
    folder = tmp_path / "repository"
    folder.mkdir()
    return Repository(folder, unique)


@pytest.fixture
def digits(repository: Repository, registry: Registry) -> Repository:
    """A hot-reloadable model component without code of its own."""
    repository.write("digits/model.yaml", MANIFEST)
    repository.write("digits/golden/one.png", b"a picture")
    repository.write("digits/.gitkeep", "")
    repository.config(
        f"""\
        digits:
          component-name: PREFIX.digits
          root: digits
          model: {{sagemaker-managed: true, package-group: {registry.group}, name: model.tar.gz}}
          Artifacts:
            - URI: "s3://BUCKET_NAME/COMPONENT_NAME/COMPONENT_VERSION/digits.zip"
              Unarchive: ZIP
              Permission: {{Read: ALL}}
          Lifecycle: {{Run: exit 0}}
        """
    )
    return repository


@pytest.fixture
def run(
    cloud_publisher: Callable[..., Any],
    cloud: Cloud,
    bucket: Bucket,
    repository: Repository,
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[..., Any]:
    """``cloud-publisher`` in the dev account and the repository, as CodeBuild would."""
    for name, value in cloud.environment(ACCOUNT).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("ARTIFACT_BUCKET", bucket.name)
    monkeypatch.chdir(repository.folder)
    return cloud_publisher
