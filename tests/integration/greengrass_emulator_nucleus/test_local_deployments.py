"""Deployments from this machine: versions, files, configuration, validation, notification, and what goes wrong."""

import json
import os
import subprocess
import sys
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from awsiot.greengrasscoreipc.model import ConfigurationValidityReport, InvalidArgumentsError

A, B, M = "com.example.a", "com.example.b", "com.example.model"
STAY = "echo $SVCUID > svcuid; exec sleep 1000"


def _validate(client: Any, events: Any) -> Any:
    asked = events()
    client.subscribe_to_validate_configuration_updates(**asked.handlers())
    return asked


def _report(client: Any, deployment_id: str, status: str, message: str = "") -> None:
    report = ConfigurationValidityReport(status=status, deployment_id=deployment_id, message=message)
    client.send_configuration_validity_report(configuration_validity_report=report)


def _release(number: str) -> dict[str, Any]:
    return {A: {"RESET": ["/desired"], "MERGE": {"desired": {"release": number, "models": {"m": f"{number}.0.0"}}}}}


def test_the_command_line_deploys_and_says_how_it_ended(device: Any) -> None:
    device.give(A)
    device.give(B, run="exit 0")

    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "greengrass_emulator.cli.main", *arguments, "--root", str(device.root)]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    given = ("--recipe-dir", str(device.recipes))
    done = run("deploy", *given, "--merge", f"{A}=1.0.0", "--merge", f"{B}=1.0.0")
    assert (done.returncode, done.stdout.split()[:2]) == (0, ["SUCCEEDED", "SUCCESSFUL"]), done.stderr
    status = json.loads(run("status", "--json").stdout)
    assert {name: each["version"] for name, each in status["components"].items()} == {A: "1.0.0", B: "1.0.0"}
    assert f"{A} 1.0.0" in run("status").stdout
    done = run("deploy", "--remove", B)
    assert done.returncode == 0
    assert set(device.status().components) == {A}
    for arguments, code, said in (
        (("deploy", "--merge", f"{A}=9.9.9"), 1, "no version of"),
        (("deploy", "--merge", A), 2, "NAME=VERSION"),
        (("deploy", "--recipe-dir", "/nowhere"), 2, "no folder"),
        (("deploy", "--update-config", "{"), 2, "no JSON"),
        (("deploy", "--failure-policy", "MAYBE"), 2, "DO_NOTHING"),
    ):
        failed = run(*arguments)
        assert (failed.returncode, said in failed.stderr) == (code, True), (arguments, failed.stderr)
        assert "Traceback" not in failed.stderr


def test_the_command_line_says_that_no_nucleus_runs(tmp_path: Path) -> None:
    for arguments in (("deploy", "--merge", "a=1.0.0"), ("status",)):
        command = [sys.executable, "-m", "greengrass_emulator.cli.main", *arguments, "--root", str(tmp_path)]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert (ended.returncode, "Start one with" in ended.stderr) == (1, True)


def test_a_merge_lies_over_what_runs_and_a_default_never_replaces_it(device: Any) -> None:
    device.give(A, "1.0.0", configuration={"kept": 1, "deep": {"x": 1}, "list": [1, 2]})
    device.deploy(f"{A}=1.0.0", update={A: {"MERGE": {"deep": {"y": 2}, "list": [3]}}})
    expected = {"kept": 1, "deep": {"x": 1, "y": 2}, "list": [3]}
    assert device.speak_as(A).get_configuration().value == expected
    device.give(A, "1.1.0", configuration={"kept": 9, "deep": {"x": 9, "z": 9}, "new": {"a": True}})
    (device.work(A) / "svcuid").unlink()
    device.deploy(f"{A}=1.1.0")
    expected = {"kept": 1, "deep": {"x": 1, "y": 2, "z": 9}, "list": [3], "new": {"a": True}}
    assert device.speak_as(A).get_configuration().value == expected
    device.deploy(f"{A}=1.1.0", update={A: {"RESET": ["/deep/y", "/kept", "/nothing/here"]}})
    changed = device.speak_as(A).get_configuration().value
    # What was reset falls back to the recipe's default, if it has one.
    assert (changed["deep"], changed["kept"]) == ({"x": 1, "z": 9}, 9)


def test_configuration_alone_restarts_nothing_on_classic_and_the_component_on_lite(
    device: Any, wait_until: Any
) -> None:
    device.give(A)
    device.give(B)
    device.deploy(f"{A}=1.0.0", f"{B}=1.0.0")
    before = {name: device.pid(name) for name in (A, B)}
    device.deploy(f"{A}=1.0.0", update={A: {"MERGE": {"n": 1}}})
    assert device.pid(B) == before[B]
    if device.runtime == "classic":
        assert device.pid(A) == before[A]
    else:
        wait_until(lambda: device.pid(A) != before[A])


def test_a_new_text_of_a_step_restarts_also_if_only_a_variable_changed_it(classic: Any, wait_until: Any) -> None:
    classic.give(A, configuration={"n": 1}, run="echo {configuration:/n} >> runs; exec sleep 1000")
    classic.deploy(f"{A}=1.0.0")
    first = classic.pid(A)
    classic.deploy(f"{A}=1.0.0", update={A: {"MERGE": {"n": 2}}})
    wait_until(lambda: classic.pid(A) != first)
    assert (classic.work(A) / "runs").read_text().split() == ["1", "2"]


def test_followers_see_one_event_for_each_leaf_and_can_catch_it_half_done(device: Any, events: Any) -> None:
    device.give(A)
    device.give(B, configuration={"desired": {f"key-{n}": 0 for n in range(200)}}, run="exit 0")
    device.deploy(f"{A}=1.0.0", f"{B}=1.0.0")
    client, heard = device.speak_as(A), events()
    client.subscribe_to_configuration_update(component_name=B, key_path=[], **heard.handlers())
    desired = {f"key-{n}": 1 for n in range(200)}
    deployment = device.ask_deployment(f"{B}=1.0.0", update={B: {"RESET": ["/desired"], "MERGE": {"desired": desired}}})
    first = heard.next()
    seen = client.get_configuration(component_name=B, key_path=[]).value.get("desired", {})
    assert device.ended(deployment).status == "SUCCEEDED"
    assert client.get_configuration(component_name=B, key_path=["desired"]).value == desired
    changed = {tuple(each.configuration_update_event.key_path) for each in (first, *(heard.next() for _ in range(199)))}
    assert changed == {("desired", f"key-{n}") for n in range(200)}
    assert set(seen.values()) <= {0, 1}


def test_a_rejected_configuration_changes_nothing(classic: Any, events: Any) -> None:
    classic.give(A)
    classic.deploy(f"{A}=1.0.0", update=_release("1"))
    client, pid = classic.speak_as(A), classic.pid(A)
    asked, changes = _validate(client, events), events()
    client.subscribe_to_configuration_update(key_path=[], **changes.handlers())
    deployment = classic.ask_deployment(f"{A}=1.0.0", update=_release("2"))
    event = asked.next().validate_configuration_update_event
    assert event.deployment_id == deployment
    assert event.configuration["desired"] == {"release": "2", "models": {"m": "2.0.0"}}
    _report(client, deployment, "REJECTED", "the golden samples differ")
    ended = classic.ended(deployment)
    assert ended.detailed == "FAILED_NO_STATE_CHANGE"
    assert "the golden samples differ" in ended.cause
    assert client.get_configuration(key_path=["desired"]).value["release"] == "1"
    assert (classic.pid(A), changes.waiting()) == (pid, [])
    with pytest.raises(InvalidArgumentsError) as late:
        _report(client, deployment, "ACCEPTED")
    assert "never made" in late.value.message


def test_an_accepted_configuration_arrives_without_a_restart(classic: Any, events: Any) -> None:
    classic.give(A)
    classic.deploy(f"{A}=1.0.0", update=_release("1"))
    client, pid = classic.speak_as(A), classic.pid(A)
    asked, changes = _validate(client, events), events()
    client.subscribe_to_configuration_update(key_path=[], **changes.handlers())
    deployment = classic.ask_deployment(f"{A}=1.0.0", update=_release("2"))
    asked.next()
    assert changes.waiting() == []
    _report(client, deployment, "ACCEPTED")
    assert classic.ended(deployment).status == "SUCCEEDED"
    paths = {tuple(changes.next().configuration_update_event.key_path) for _ in range(2)}
    assert paths == {("desired", "release"), ("desired", "models", "m")}
    assert classic.pid(A) == pid
    # Unchanged: nobody is asked.
    assert classic.deploy(f"{A}=1.0.0", update=_release("2")).status == "SUCCEEDED"
    assert asked.waiting() == []


def test_validation_is_not_asked_for_with_a_new_version(classic: Any, events: Any) -> None:
    classic.give(A, "1.0.0")
    classic.deploy(f"{A}=1.0.0")
    asked = _validate(classic.speak_as(A), events)
    classic.give(A, "1.1.0")
    assert classic.deploy(f"{A}=1.1.0", update=_release("2")).status == "SUCCEEDED"
    assert asked.waiting() == []


def test_a_second_subscription_is_ignored_while_the_first_is_open(classic: Any, events: Any) -> None:
    classic.give(A)
    classic.deploy(f"{A}=1.0.0")
    first_client, second_client = classic.speak_as(A), classic.speak_as(A)
    first, second = events(), events()
    _, operation = first_client.subscribe_to_validate_configuration_updates(**first.handlers())
    second_client.subscribe_to_validate_configuration_updates(**second.handlers())
    deployment = classic.ask_deployment(f"{A}=1.0.0", update=_release("1"))
    _report(second_client, first.next().validate_configuration_update_event.deployment_id, "ACCEPTED")
    assert classic.ended(deployment).status == "SUCCEEDED"
    operation.close().result(10)
    # Closing the first removes the listener: the second is deaf.
    assert classic.deploy(f"{A}=1.0.0", update=_release("2")).status == "SUCCEEDED"
    assert second.waiting() == []


def test_an_update_waits_while_a_component_asks_to(classic: Any, events: Any) -> None:
    classic.give(A)
    classic.deploy(f"{A}=1.0.0")
    client, told = classic.speak_as(A), events()
    client.subscribe_to_component_updates(**told.handlers())
    classic.give(B, run="exit 0")
    deployment = classic.ask_deployment(f"{B}=1.0.0")
    event = told.next().pre_update_event
    assert (event.deployment_id, event.is_ggc_restarting) == (deployment, False)
    client.defer_component_update(deployment_id=deployment, recheck_after_ms=300)
    assert told.next().pre_update_event.deployment_id == deployment
    assert classic.state(B) == ""
    client.defer_component_update(deployment_id=deployment, recheck_after_ms=0)
    assert classic.ended(deployment).status == "SUCCEEDED"
    assert told.next().post_update_event.deployment_id == deployment
    with pytest.raises(InvalidArgumentsError):
        client.defer_component_update(deployment_id="none", recheck_after_ms=0)


def test_unpacked_files_are_closed_to_others_until_their_component_runs(classic: Any) -> None:
    read = f"cat {{kernel:rootPath}}/packages/artifacts-unarchived/{M}/*/model/model.txt"
    classic.give(A, run=f"echo $SVCUID > svcuid; while [ ! -e go ]; do sleep 0.05; done; {read} > said 2>&1; {STAY}")
    classic.deploy(f"{A}=1.0.0")
    classic.give_zip(M, "1.0.0", "model.zip", {"model.txt": "for one"})
    artifacts = [{"Uri": "s3://bucket/model.zip", "Unarchive": "ZIP"}]
    # No step of the model's own runs yet: its dependency never starts.
    classic.give(B, startup=STAY)
    classic.give(
        M,
        artifacts=artifacts,
        dependencies={B: {"VersionRequirement": "1.0.0"}},
        run="cat {artifacts:decompressedPath}/model/model.txt > own",
    )
    classic.ask_deployment(f"{M}=1.0.0")
    client = classic.speak_as(B)
    (classic.work(A) / "go").touch()
    said = classic.work(A) / "said"
    classic.until_state(A, "RUNNING")
    _until_text(said, "Permission denied")
    client.update_state(state="RUNNING")
    classic.until_state(M, "FINISHED")
    assert (classic.work(M) / "own").read_text() == "for one"


def _until_text(path: Path, text: str) -> None:
    import time

    deadline = time.monotonic() + 10
    while not (path.exists() and text in path.read_text()):
        assert time.monotonic() < deadline, path.read_text() if path.exists() else "nothing"
        time.sleep(0.05)


def test_read_all_opens_unpacked_files_to_every_component_at_once(classic: Any) -> None:
    classic.give_zip(M, "1.0.0", "model.zip", {"deep/model.txt": "for all"})
    permission = {"Read": "ALL"}
    classic.give(M, run="exit 0", artifacts=[{"Uri": "s3://b/model.zip", "Unarchive": "ZIP", "Permission": permission}])
    classic.deploy(f"{M}=1.0.0")
    file = classic.root / "packages/artifacts-unarchived" / M / "1.0.0/model/deep/model.txt"
    assert (file.read_text(), file.stat().st_mode & 0o777) == ("for all", 0o444)
    if os.geteuid() == 0:
        # A component runs without root's right to write anywhere.
        classic.give(A, run=f"touch {file.parent}/new 2> said; exit 0")
        classic.deploy(f"{A}=1.0.0")
        classic.until_state(A, "FINISHED")
        assert "Permission denied" in (classic.work(A) / "said").read_text()


@pytest.mark.parametrize("entry", ["../outside.txt", "/absolute.txt", "a/../../outside.txt", "..\\outside.txt"])
def test_a_zip_that_leads_out_of_its_folder_is_refused_whole(classic: Any, entry: str) -> None:
    classic.give_zip(M, "1.0.0", "model.zip", {"good.txt": "x", entry: "x"})
    classic.give(M, run="exit 0", artifacts=[{"Uri": "s3://b/model.zip", "Unarchive": "ZIP"}])
    ended = classic.deploy(f"{M}=1.0.0")
    assert ended.detailed == "FAILED_NO_STATE_CHANGE"
    assert "leads out of its folder" in ended.cause
    assert classic.status().components == {}
    assert list(classic.folder.rglob("*.txt")) == []


def test_a_zip_that_is_none_is_refused(device: Any) -> None:
    folder = device.artifacts / M / "1.0.0"
    folder.mkdir(parents=True)
    (folder / "model.zip").write_bytes(b"PK\3\4 and then nothing")
    device.give(M, run="exit 0", artifacts=[{"Uri": "s3://b/model.zip", "Unarchive": "ZIP"}])
    ended = device.deploy(f"{M}=1.0.0")
    assert (ended.status, "cannot be unpacked" in ended.cause) == ("FAILED", True)


def test_the_current_and_the_previous_version_stay_on_the_disk(device: Any) -> None:
    for version in ("1.0.0", "2.0.0", "3.0.0"):
        device.give_zip(M, version, "model.zip", {"v.txt": version})
        device.give(M, version, run="exit 0", artifacts=[{"Uri": "s3://b/model.zip", "Unarchive": "ZIP"}])
        assert device.deploy(f"{M}={version}").status == "SUCCEEDED"
        for given in (device.recipes, device.artifacts / M):
            subprocess.run(["rm", "-r", str(given)], check=True)
            given.mkdir()
    kept = {path.name for path in (device.root / "packages/artifacts-unarchived" / M).iterdir()}
    assert kept == ({"2.0.0", "3.0.0"} if device.runtime == "classic" else {"3.0.0"})


def _broken_recipes() -> dict[str, tuple[Any, str]]:
    good = {"ComponentName": M, "ComponentVersion": "1.0.0"}
    manifest = {"Platform": {"os": "linux", "runtime": "*"}, "Artifacts": [], "Lifecycle": {"run": "exit 0"}}
    return {
        "no manifests": ({**good}, "has no Manifests"),
        "another platform": (
            {**good, "Manifests": [{**manifest, "Platform": {"os": "windows"}}]},
            "no manifest is for",
        ),
        "run and startup": (
            {**good, "Manifests": [{**manifest, "Lifecycle": {"run": "a", "startup": "b"}}]},
            "both run and startup",
        ),
        "no script": ({**good, "Manifests": [{**manifest, "Lifecycle": {"run": {"Timeout": 5}}}]}, "has no Script"),
        "no name": ({**good, "ComponentName": "", "Manifests": [manifest]}, "is none"),
        "a name that leads out": ({**good, "ComponentName": "../../out", "Manifests": [manifest]}, "is none"),
        "a version that leads out": (
            {**good, "ComponentVersion": "1.0.0/../..", "Manifests": [manifest]},
            "no semantic version",
        ),
        "a timeout without end": (
            {**good, "Manifests": [{**manifest, "Lifecycle": {"run": {"Script": "a", "Timeout": float("inf")}}}]},
            "give seconds",
        ),
        "a timeout in words": (
            {**good, "Manifests": [{**manifest, "Lifecycle": {"run": {"Script": "a", "Timeout": "long"}}}]},
            "give seconds",
        ),
        "an archive of another kind": (
            {**good, "Manifests": [{**manifest, "Artifacts": [{"Uri": "s3://b/m.tar", "Unarchive": "TAR"}]}]},
            "it is ZIP or NONE",
        ),
        "an artifact without place": ({**good, "Manifests": [{**manifest, "Artifacts": [{}]}]}, "no Uri"),
        "an artifact that is nowhere": (
            {**good, "Manifests": [{**manifest, "Artifacts": [{"Uri": "s3://b/absent.zip"}]}]},
            "no cloud to get",
        ),
        "a range that is none": (
            {**good, "Manifests": [manifest], "ComponentDependencies": {B: {"VersionRequirement": "one.two"}}},
            "no version requirement",
        ),
        "a dependency that is nowhere": (
            {**good, "Manifests": [manifest], "ComponentDependencies": {B: {"VersionRequirement": "^7.0.0"}}},
            "no version of com.example.b",
        ),
        "a circle": (
            {**good, "Manifests": [manifest], "ComponentDependencies": {M: {"VersionRequirement": "^1.0.0"}}},
            "in a circle",
        ),
        "another nucleus": (
            {
                **good,
                "Manifests": [manifest],
                "ComponentDependencies": {"aws.greengrass.Nucleus": {"VersionRequirement": "^9.0.0"}},
            },
            "this device runs",
        ),
    }


def test_a_recipe_that_is_wrong_fails_its_deployment_and_says_why(classic: Any) -> None:
    for what, (recipe, said) in _broken_recipes().items():
        (classic.recipes / "recipe.json").write_text(json.dumps(recipe))
        ended = classic.deploy(f"{M}=1.0.0")
        assert ended.detailed == "FAILED_NO_STATE_CHANGE", what
        assert said in ended.cause, (what, ended.cause)
        assert classic.status().components == {}, what
    (classic.recipes / "recipe.json").write_text("{not JSON")
    assert "is no recipe" in classic.deploy(f"{M}=1.0.0").cause
    (classic.recipes / "recipe.json").unlink()
    classic.give(M, run="exit 0")
    assert classic.deploy(f"{M}=1.0.0").status == "SUCCEEDED"


def test_classic_reads_keys_in_any_case_and_lite_does_not(device: Any) -> None:
    recipe = {
        "recipeFormatVersion": "2020-01-25",
        "componentName": M,
        "componentVersion": "1.0.0",
        "manifests": [
            {"platform": {"os": "linux", "runtime": "*"}, "lifecycle": {"Run": {"script": "exit 0"}}, "artifacts": []}
        ],
    }
    (device.recipes / "recipe.json").write_text(json.dumps(recipe))
    ended = device.deploy(f"{M}=1.0.0")
    assert ended.status == ("SUCCEEDED" if device.runtime == "classic" else "FAILED")


def test_lite_wants_artifacts_lists_and_runtimes_and_makes_texts_of_yaml_numbers(lite: Any) -> None:
    head = f"ComponentName: {M}\nComponentVersion: 1.0.0\nComponentConfiguration: {{DefaultConfiguration: {{n: 5}}}}\n"
    recipe = lite.recipes / "recipe.yaml"
    for manifest, said in (
        ("{Platform: {os: linux, runtime: '*'}, Lifecycle: {run: exit 0}}", "Artifacts list"),
        ("{Platform: {os: linux}, Lifecycle: {run: exit 0}, Artifacts: []}", "no manifest is for"),
    ):
        recipe.write_text(f"{head}Manifests: [{manifest}]")
        assert said in lite.deploy(f"{M}=1.0.0").cause
    recipe.write_text(
        f"{head}Manifests: [{{Platform: {{os: linux, runtime: '*'}}, Lifecycle: {{run: '{STAY}'}}, Artifacts: []}}]"
    )
    assert lite.deploy(f"{M}=1.0.0").status == "SUCCEEDED"
    assert lite.speak_as(M).get_configuration(key_path=["n"]).value == {"n": "5"}


def test_removing_a_component_stops_it_and_forgets_its_configuration(device: Any, alive: Any) -> None:
    device.give(A, dependencies={B: {"VersionRequirement": "1.0.0", "DependencyType": "SOFT"}})
    device.give(B)
    device.deploy(f"{A}=1.0.0", update={A: {"MERGE": {"n": 1}}})
    pids = [device.pid(A), device.pid(B)]
    assert device.deploy(remove=(A,)).status == "SUCCEEDED"
    # B came only as a dependency of A, and goes with it.
    assert device.status().components == {}
    assert not any(alive(pid) for pid in pids)
    (device.work(A) / "svcuid").unlink()
    device.give(A)
    device.deploy(f"{A}=1.0.0")
    assert device.speak_as(A).get_configuration().value == {}


def _zip_with(device: Any, fill: Any) -> Any:
    folder = device.artifacts / M / "1.0.0"
    folder.mkdir(parents=True)
    with zipfile.ZipFile(folder / "model.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("good.txt", "good")
        fill(archive)
    device.give(M, run="exit 0", artifacts=[{"Uri": "s3://b/model.zip", "Unarchive": "ZIP"}])
    return device.deploy(f"{M}=1.0.0")


def _says_to_be_large(archive: zipfile.ZipFile) -> None:
    for number in range(3):
        archive.writestr(f"zeros-{number}", b"\0" * 1_000_000)
        archive.infolist()[-1].file_size = 2**32 - 2


def _one_name_for_a_file_and_a_folder(archive: zipfile.ZipFile) -> None:
    archive.writestr("both", "x")
    archive.writestr("both/below", "x")


def _locked(archive: zipfile.ZipFile) -> None:
    archive.writestr("locked", "x")
    archive.infolist()[-1].flag_bits |= 1


def _packed_in_no_known_way(archive: zipfile.ZipFile) -> None:
    archive.writestr("odd", "x")
    archive.infolist()[-1].compress_type = 99


@pytest.mark.parametrize(
    ("fill", "said"),
    [
        (_says_to_be_large, "unpacks to more than"),
        (_one_name_for_a_file_and_a_folder, "cannot be unpacked"),
        (_locked, "encrypted"),
        (_packed_in_no_known_way, "cannot be unpacked"),
    ],
)
def test_a_zip_that_cannot_be_meant_is_refused_whole(classic: Any, fill: Any, said: str) -> None:
    ended = _zip_with(classic, fill)
    assert ended.detailed == "FAILED_NO_STATE_CHANGE"
    assert said in ended.cause
    assert not list((classic.root / "packages").rglob("good.txt"))
    assert classic.status().components == {}


def test_a_link_in_a_zip_becomes_a_file_that_leads_nowhere(classic: Any, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")

    def fill(archive: zipfile.ZipFile) -> None:
        link = zipfile.ZipInfo("link")
        link.create_system, link.external_attr = 3, 0o120777 << 16
        archive.writestr(link, str(tmp_path / "secret"))

    assert _zip_with(classic, fill).status == "SUCCEEDED"
    unpacked = classic.root / "packages/artifacts-unarchived" / M / "1.0.0/model/link"
    assert not unpacked.is_symlink()
    assert unpacked.read_text() == str(tmp_path / "secret")


def test_an_unchanged_merge_is_applied_again_over_what_the_component_wrote(classic: Any, events: Any) -> None:
    classic.give(A, configuration={"n": 1})
    update = {A: {"MERGE": {"n": 2}}}
    classic.deploy(f"{A}=1.0.0", update=update)
    client, heard = classic.speak_as(A), events()
    client.update_configuration(value_to_merge={"n": 3, "own": 4}, timestamp=datetime.now(UTC))
    client.subscribe_to_configuration_update(key_path=[], **heard.handlers())
    assert classic.deploy(f"{A}=1.0.0", update=update).status == "SUCCEEDED"
    assert heard.next().configuration_update_event.key_path == ["n"]
    assert client.get_configuration().value == {"n": 2, "own": 4}


def test_a_way_back_asks_nobody(classic: Any, events: Any) -> None:
    classic.give(A, configuration={"n": 1})
    classic.give(B)
    classic.deploy(f"{A}=1.0.0", f"{B}=1.0.0")
    client, asked = classic.speak_as(A), events()
    client.subscribe_to_validate_configuration_updates(**asked.handlers())
    classic.give(B, "2.0.0", run="exit 3")
    deployment = classic.ask_deployment(f"{A}=1.0.0", f"{B}=2.0.0", update={A: {"MERGE": {"n": 2}}})
    event = asked.next().validate_configuration_update_event
    assert event.configuration == {"n": 2}
    report = ConfigurationValidityReport(status="ACCEPTED", deployment_id=event.deployment_id)
    client.send_configuration_validity_report(configuration_validity_report=report)
    assert classic.ended(deployment).detailed == "FAILED_ROLLBACK_COMPLETE"
    assert client.get_configuration().value == {"n": 1}
    assert asked.waiting() == []


def test_a_way_back_that_fails_too_is_said(classic: Any) -> None:
    # The first version works once only.
    classic.give(A, run="[ ! -e once ] || exit 4; touch once; " + STAY)
    classic.deploy(f"{A}=1.0.0")
    classic.give(A, "2.0.0", run="exit 3")
    ended = classic.deploy(f"{A}=2.0.0")
    assert ended.detailed == "FAILED_UNABLE_TO_ROLLBACK"
    assert "run ended with 3" in ended.cause
    assert "run ended with 4" in ended.cause


def test_lite_goes_component_by_component_and_leaves_what_it_has_done(lite: Any) -> None:
    lite.give(A, configuration={"n": 1})
    lite.deploy(f"{A}=1.0.0")
    # B sorts behind A in what is asked for, and its artifact is nowhere.
    lite.give(B, artifacts=[{"Uri": "s3://b/absent.zip"}])
    ended = lite.deploy(f"{A}=1.0.0", f"{B}=1.0.0", update={A: {"MERGE": {"n": 2}}})
    assert (ended.status, "no cloud to get" in ended.cause) == ("FAILED", True)
    assert lite.speak_as(A).get_configuration().value == {"n": 2}


def test_a_manifest_is_chosen_by_platform_and_a_lifecycle_by_selection(device: Any) -> None:
    def manifest(word: str, **platform: str) -> dict[str, Any]:
        lifecycle = {"run": f"echo {word} > said; {STAY}"}
        return {"Platform": platform, "Lifecycle": lifecycle, "Artifacts": []}

    recipe = {
        "ComponentName": A,
        "ComponentVersion": "1.0.0",
        "Manifests": [
            manifest("windows", os="windows", runtime="*"),
            manifest("other", os="linux", architecture="no-such", runtime="*"),
            manifest("lite", os="linux", runtime="aws_nucleus_lite"),
            manifest("classic", os="linux"),
        ],
    }
    (device.recipes / "recipe.json").write_text(json.dumps(recipe))
    assert device.deploy(f"{A}=1.0.0").status == "SUCCEEDED"
    device.token(A)
    assert (device.work(A) / "said").read_text().strip() == device.runtime
    recipe["ComponentName"] = B
    recipe["Manifests"] = [
        {"Platform": {"os": "linux", "runtime": "*"}, "Selections": ["mine", "all"], "Artifacts": []},
    ]
    recipe["Lifecycle"] = {
        "run": {"all": f"echo all > said; {STAY}", "mine": f"echo mine > said; echo $SVCUID > svcuid; {STAY}"}
    }
    (device.recipes / "recipe.json").write_text(json.dumps(recipe))
    assert device.deploy(f"{B}=1.0.0").status == "SUCCEEDED"
    device.token(B)
    assert (device.work(B) / "said").read_text().strip() == "mine"
