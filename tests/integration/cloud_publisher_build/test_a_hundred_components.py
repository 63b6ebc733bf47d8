"""A hundred components with one changed: one is built, one uploaded, one published; and the calls do not grow."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from cloud_publisher.artifacts import inventory

Run = Callable[..., Any]
COMPONENT = """\
c{number:03}:
  component-name: PREFIX.c{number:03}
  root: c{number:03}
  Artifacts: [{{URI: "s3://BUCKET_NAME/COMPONENT_NAME/COMPONENT_VERSION/app.zip", Unarchive: ZIP}}]
  Lifecycle: {{Run: exit 0}}
"""


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Iterator[Counter[str]]:
    """Every call to AWS by its operation; the calls themselves are made."""
    from botocore.client import BaseClient

    counted: Counter[str] = Counter()
    make = BaseClient._make_api_call  # type: ignore[attr-defined]

    def count(client: Any, operation: str, asked: Any) -> Any:
        counted[operation] += 1
        return make(client, operation, asked)

    monkeypatch.setattr(BaseClient, "_make_api_call", count)
    return counted


def _write(repository: Any, count: int) -> None:
    for number in range(count):
        repository.write(f"c{number:03}/main.py", f"print({number})\n")
    repository.config("".join(COMPONENT.format(number=number) for number in range(count)))


def test_one_of_a_hundred_changed_is_built_uploaded_and_published_alone(
    run: Run, repository: Any, bucket: Any, calls: Counter[str]
) -> None:
    _write(repository, 100)
    assert run("build").code == 0
    assert run("publish").code == 0
    before = set(bucket.artifacts())
    repository.write("c042/main.py", "print('changed')\n")
    calls.clear()
    built = run("build", "--json")
    assert built.code == 0, built.err
    assert sum(calls.values()) < 15, calls
    assert built.json["built"] == [f"{repository.prefix}.c042"]
    assert len(built.json["reused"]) == 99
    (new,) = set(bucket.artifacts()) - before
    assert new == f"artifacts/greengrass/{repository.prefix}.c042/1.0.1/app.zip"
    published = run("publish", "--json").json["components"]
    assert [each["component"] for each in published if each["action"] == "created"] == [f"{repository.prefix}.c042"]


def test_when_nothing_changed_nothing_is_written_and_no_record_is_read(
    run: Run, repository: Any, bucket: Any, calls: Counter[str]
) -> None:
    _write(repository, 12)
    run("build")
    before = bucket.keys()
    calls.clear()
    assert "nothing has changed" in run("build").out
    assert bucket.keys() == before
    assert calls["GetObject"] == 1
    assert calls["PutObject"] == 0


def test_without_an_index_each_record_is_read_and_the_versions_are_the_same(
    run: Run, repository: Any, bucket: Any
) -> None:
    _write(repository, 12)
    run("build")
    first = [(each["name"], each["version"]) for each in repository.release["components"]]
    for key in bucket.keys():  # noqa: SIM118 - no mapping
        if ".mlops-release.index/" in key:
            bucket.s3.delete_object(Bucket=bucket.name, Key=key)
    assert "nothing has changed" in run("build").out
    assert [(each["name"], each["version"]) for each in repository.release["components"]] == first


def test_an_index_of_another_publisher_is_passed_over(run: Run, repository: Any, bucket: Any) -> None:
    _write(repository, 12)
    run("build")
    (key,) = [key for key in bucket.keys() if ".mlops-release.index/" in key]  # noqa: SIM118
    newest = f"{key.rpartition('/')[0]}/0000000000-{'0' * 16}.json"
    bucket.s3.put_object(Bucket=bucket.name, Key=newest, Body=b'{"schema": 99}')
    assert "nothing has changed" in run("build").out


def test_an_artifact_that_is_gone_is_built_again_though_the_index_has_it(
    run: Run, repository: Any, bucket: Any
) -> None:
    _write(repository, 12)
    run("build")
    bucket.s3.delete_object(Bucket=bucket.name, Key=f"artifacts/greengrass/{repository.prefix}.c003/1.0.0/app.zip")
    assert run("build", "--json").json["built"] == [f"{repository.prefix}.c003"]
    assert repository.component("c003")["version"] == "1.0.1"


def test_a_full_bucket_is_listed_component_by_component(
    run: Run, repository: Any, calls: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _write(repository, 12)
    run("build")
    monkeypatch.setattr(inventory, "_COMPONENTS_A_PAGE", 1000)
    calls.clear()
    assert "nothing has changed" in run("build").out
    assert calls["ListObjectsV2"] >= 12
