"""A device of its own group under the emulated cloud, and what is published and deployed for it."""

import io
import json
import time
import uuid
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from greengrass_emulator.cloud.cloud import Cloud
from greengrass_emulator.cloud.provisioning import provision_device
from greengrass_emulator.cloud.seeding import SeededCloud, create_thing_group

from .relay import Relay

STAY = "echo $SVCUID > svcuid; exec sleep 1000"

ACCOUNT = "prod"

SKIP_NOTIFY = {"action": "SKIP_NOTIFY_COMPONENTS", "timeoutInSeconds": 60}


class Site:
    """A thing group of its own, with one device in it, and component names of its own."""

    def __init__(self, cloud: Cloud, seeded: SeededCloud, folder: Path, make_device: Any, runtime: str) -> None:
        mark = uuid.uuid4().hex[:8]
        self.cloud = cloud
        self.bucket = seeded.bucket
        self.greengrass = cloud.client("greengrassv2", account=ACCOUNT)
        self.group = f"line-{mark}"
        self.thing = f"camera-{mark}"
        self.a, self.b = f"com.example.a{mark}", f"com.example.b{mark}"
        self.group_arn = create_thing_group(cloud, self.group, account=ACCOUNT)
        self.folder = provision_device(cloud, folder, account=ACCOUNT, thing=self.thing, groups=(self.group,))
        self.relay = Relay(cloud.endpoints(ACCOUNT).broker_port)
        config = yaml.safe_load(self.folder.config_path.read_text())
        nucleus = config["services"]["aws.greengrass.Nucleus"]["configuration"]
        nucleus["artifactChecksumRetryPauseSeconds"] = 0
        nucleus["mqtt"]["port"] = self.relay.port
        self.folder.config_path.write_text(yaml.safe_dump(config))
        self.device = make_device(runtime, self.folder.config_path)

    def upload(self, name: str, entries: dict[str, str]) -> str:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for entry, text in entries.items():
                archive.writestr(entry, text)
        key = f"artifacts/{self.a}/{name}"
        self.cloud.client("s3", account="dev").put_object(Bucket=self.bucket, Key=key, Body=packed.getvalue())
        return f"s3://{self.bucket}/{key}"

    def publish(self, name: str, version: str = "1.0.0", artifacts: tuple[str, ...] = (), **lifecycle: Any) -> None:
        configuration = lifecycle.pop("configuration", {})
        recipe = {
            "RecipeFormatVersion": "2020-01-25",
            "ComponentName": name,
            "ComponentVersion": version,
            "ComponentConfiguration": {"DefaultConfiguration": configuration},
            "ComponentDependencies": lifecycle.pop("dependencies", {}),
            "Manifests": [
                {
                    "Platform": {"os": "linux", "runtime": "*"},
                    "Lifecycle": lifecycle or {"run": STAY},
                    "Artifacts": [{"Uri": uri, "Unarchive": "ZIP", "Permission": {"Read": "ALL"}} for uri in artifacts],
                }
            ],
        }
        arn = self.greengrass.create_component_version(inlineRecipe=json.dumps(recipe))["arn"]
        self.wait(lambda: self._is_deployable(arn))

    def _is_deployable(self, arn: str) -> bool:
        status = self.greengrass.describe_component(arn=arn)["status"]
        assert status["componentState"] != "FAILED", status
        return bool(status["componentState"] == "DEPLOYABLE")

    @staticmethod
    def wait(look: Callable[[], Any], seconds: float = 20) -> Any:
        deadline = time.monotonic() + seconds
        while not (seen := look()):
            assert time.monotonic() < deadline, "not in time"
            time.sleep(0.05)
        return seen

    def ask(
        self,
        target: str = "",
        merge: dict[str, Any] | None = None,
        update_policy: dict[str, Any] | None = None,
        **versions: str,
    ) -> str:
        names = {"a": self.a, "b": self.b}
        components: dict[str, Any] = {
            names[key]: {"componentVersion": version.replace("_", ".")} for key, version in versions.items()
        }
        for key, value in (merge or {}).items():
            components[names[key]]["configurationUpdate"] = {"reset": ["/desired"], "merge": json.dumps(value)}
        policies = {
            "failureHandlingPolicy": "ROLLBACK",
            "componentUpdatePolicy": update_policy or SKIP_NOTIFY,
            "configurationValidationPolicy": {"timeoutInSeconds": 1},
        }
        answer = self.greengrass.create_deployment(
            targetArn=target or self.group_arn, components=components, deploymentPolicies=policies
        )
        return str(answer["deploymentId"])

    def ended(self, deployment_id: str) -> dict[str, Any]:
        def look() -> dict[str, Any] | None:
            listed = self.greengrass.list_effective_deployments(coreDeviceThingName=self.thing)
            for each in listed["effectiveDeployments"]:
                over = each["coreDeviceExecutionStatus"] not in {"QUEUED", "IN_PROGRESS"}
                if each["deploymentId"] == deployment_id and over:
                    return dict(each)
            return None

        found: dict[str, Any] = self.wait(look)
        return found

    def deploy(self, *arguments: Any, **options: Any) -> dict[str, Any]:
        return self.ended(self.ask(*arguments, **options))

    def installed(self) -> dict[str, tuple[str, str]]:
        listed = self.greengrass.list_installed_components(coreDeviceThingName=self.thing, topologyFilter="ALL")
        return {
            each["componentName"]: (each["componentVersion"], each["lifecycleState"])
            for each in listed["installedComponents"]
            if each["componentName"] in {self.a, self.b}
        }
