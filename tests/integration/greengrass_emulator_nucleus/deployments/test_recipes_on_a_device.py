"""How a nucleus of each kind reads a recipe, and what it says of one that is wrong."""

import json
from typing import Any

A, B, M = "com.example.a", "com.example.b", "com.example.model"

STAY = "echo $SVCUID > svcuid; exec sleep 1000"


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
        "no name": ({**good, "ComponentName": "", "Manifests": [manifest]}, "is invalid"),
        "a name that leads out": ({**good, "ComponentName": "../../out", "Manifests": [manifest]}, "is invalid"),
        "a version that leads out": (
            {**good, "ComponentVersion": "1.0.0/../..", "Manifests": [manifest]},
            "not a semantic version",
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
            "not a version requirement",
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
    assert "is not a recipe" in classic.deploy(f"{M}=1.0.0").cause
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
        {"Platform": {"os": "linux", "runtime": "*"}, "Selections": ["mine", "linux"], "Artifacts": []},
    ]
    recipe["Lifecycle"] = {
        word: {"run": f"echo {word} > said; echo $SVCUID > svcuid; {STAY}"} for word in ("all", "mine", "linux")
    }
    (device.recipes / "recipe.json").write_text(json.dumps(recipe))
    assert device.deploy(f"{B}=1.0.0").status == "SUCCEEDED"
    device.token(B)
    assert (device.work(B) / "said").read_text().strip() == {"classic": "mine", "lite": "linux"}[device.runtime]
