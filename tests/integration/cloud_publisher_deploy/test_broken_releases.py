"""What `publish` and `deploy` say of a broken release, template or plan, before they ask the cloud anything."""

from pathlib import Path

import pytest

from cloud_publisher.cli.main import main

BROKEN = Path(__file__).parents[2] / "broken" / "releases"


@pytest.mark.parametrize("name", sorted(path.name for path in BROKEN.iterdir()))
def test_each_broken_release_gets_the_words_that_it_must_get(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # Nobody is there: a call would fail with other words.
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    for variable in ("TARGET_ARN", "ROLE_TARGET", "EXTERNAL_ID", "ARTIFACT_BUCKET", "AWS_REGION"):
        monkeypatch.delenv(variable, raising=False)
    folder = BROKEN / name
    monkeypatch.chdir(folder)
    words = (folder / "arguments.txt").read_text(encoding="utf-8").split()
    monkeypatch.setattr("sys.argv", ["cloud-publisher", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    out, err = capsys.readouterr()
    assert err == (folder / "expected.txt").read_text(encoding="utf-8")
    assert (ended.value.code, out) == (2, "")
