"""A device's folder: ``config.yaml`` in the real nucleus's spelling, read into what the nucleus needs.

A folder without endpoints is a device without a cloud: it takes local deployments only.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from greengrass_emulator.json_value import JsonValue
from greengrass_emulator.nucleus.errors import DeviceFolderInvalid


class _System(BaseModel):
    model_config = ConfigDict(extra="ignore")

    rootpath: Path
    thing_name: str = Field(alias="thingName", min_length=1)
    certificate: Path | None = Field(default=None, alias="certificateFilePath")
    private_key: Path | None = Field(default=None, alias="privateKeyPath")
    root_ca: Path | None = Field(default=None, alias="rootCaPath")


class _Emulator(BaseModel):
    """What no real nucleus has."""

    model_config = ConfigDict(extra="forbid")

    python: Path | None = None


class _Mqtt(BaseModel):
    model_config = ConfigDict(extra="ignore")

    port: int = Field(default=8883, gt=0, lt=65536)
    spooler_bytes: int = Field(default=2_621_440, alias="spoolerMaxSizeInBytes", gt=0)
    version: Literal["mqtt3", "mqtt5"] = "mqtt5"


class _RunWithDefault(BaseModel):
    model_config = ConfigDict(extra="ignore")

    posix_user: str | None = Field(default=None, alias="posixUser")


class _NucleusConfiguration(BaseModel):
    model_config = ConfigDict(extra="ignore")

    region: str = Field(default="eu-west-1", alias="awsRegion")
    role_alias: str | None = Field(default=None, alias="iotRoleAlias")
    data_endpoint: str | None = Field(default=None, alias="iotDataEndpoint")
    data_plane: str | None = Field(default=None, alias="greengrassDataPlaneEndpoint")
    s3_endpoint: str | None = Field(default=None, alias="s3EndpointUrl")
    mqtt: _Mqtt = Field(default_factory=_Mqtt)
    run_with: _RunWithDefault = Field(default_factory=_RunWithDefault, alias="runWithDefault")
    interpolate: bool = Field(default=False, alias="interpolateComponentConfiguration")
    checksum_pause: float = Field(default=60.0, alias="artifactChecksumRetryPauseSeconds", ge=0)


@dataclass(frozen=True, slots=True)
class CloudSettings:
    """The endpoints of a device's cloud, and the device's certificate."""

    region: str
    role_alias: str
    mqtt_host: str
    mqtt_port: int
    spooler_bytes: int
    is_mqtt3: bool
    """``mqtt.version``. Here both speak MQTT 3.1.1; with ``mqtt3`` the first subscriptions come later."""
    data_plane: str
    s3_endpoint: str | None
    certificate: Path
    private_key: Path
    root_ca: Path


@dataclass(frozen=True, slots=True)
class DeviceSettings:
    """All settings of a nucleus. ``cloud`` is None for a device without one."""

    root: Path
    thing: str
    region: str
    interpolate: bool
    checksum_pause: float
    """Seconds between two downloads of an artifact whose digest was wrong (ArtifactDownloader.java: a minute)."""
    root_ca: Path | None
    posix_user: str | None
    """The user for components whose deployment names none, as ``USER[:GROUP]`` (``runWithDefault``)."""
    python: Path | None
    """The environment whose ``python3`` components run with; None for a bare one."""
    cloud: CloudSettings | None


def read_device(config: Path) -> DeviceSettings:
    """Read a device's ``config.yaml``. Relative paths are relative to its folder.

    Raises DeviceFolderInvalid for a file that is missing, is not YAML, or lacks a part.
    """
    try:
        document = yaml.safe_load(config.read_text(encoding="utf-8"))
    except OSError as error:
        raise DeviceFolderInvalid(
            f"{config}: cannot be read ({error.strerror})", "provision the device, or name its config.yaml"
        ) from error
    except yaml.YAMLError as error:
        raise DeviceFolderInvalid(f"{config}: is not YAML ({error})", "provision the device again") from error
    try:
        system = _System.model_validate(_part(document, "system"))
        services = _part(document, "services", {})
        nucleus = _NucleusConfiguration.model_validate(_nucleus_configuration(services))
        emulator = _Emulator.model_validate(_part(document, "emulator", {}))
    except (ValidationError, TypeError) as error:
        raise DeviceFolderInvalid(f"{config}: {error}", "correct it, or provision the device again") from error
    base = config.parent.resolve()
    return DeviceSettings(
        root=(base / system.rootpath).resolve(),
        thing=system.thing_name,
        region=nucleus.region,
        interpolate=nucleus.interpolate,
        checksum_pause=nucleus.checksum_pause,
        root_ca=None if system.root_ca is None else base / system.root_ca,
        posix_user=nucleus.run_with.posix_user,
        python=_python(config, base, emulator),
        cloud=_cloud(config, base, system, nucleus),
    )


def _python(config: Path, base: Path, emulator: _Emulator) -> Path | None:
    if emulator.python is None:
        return None
    python = base / emulator.python
    if not has_python(python):
        # Components would find another Python, further down their PATH.
        raise DeviceFolderInvalid(
            f"{config}: emulator.python is {python}, which has no bin/python3 that can be run",
            "make that environment again, or provision the device with another --python",
        )
    return python


def has_python(environment: Path) -> bool:
    """Return whether a folder is an environment with a Python that can be run."""
    return os.access(environment / "bin" / "python3", os.X_OK)


def _part(document: JsonValue, key: str, default: JsonValue = None) -> JsonValue:
    if not isinstance(document, dict):
        raise TypeError("is not a mapping with the keys system and services.")
    return document.get(key, default)


def _nucleus_configuration(services: JsonValue) -> JsonValue:
    # On lite the component with this configuration has another name.
    for name in ("aws.greengrass.Nucleus", "aws.greengrass.NucleusLite"):
        if isinstance(services, dict) and name in services:
            return _part(services[name], "configuration", {})
    return {}


def _cloud(config: Path, base: Path, system: _System, nucleus: _NucleusConfiguration) -> CloudSettings | None:
    if nucleus.data_endpoint is None:
        return None
    needed = {
        "system.certificateFilePath": system.certificate,
        "system.privateKeyPath": system.private_key,
        "system.rootCaPath": system.root_ca,
        "greengrassDataPlaneEndpoint": nucleus.data_plane,
        "iotRoleAlias": nucleus.role_alias,
    }
    missing = sorted(name for name, value in needed.items() if value is None)
    if missing or not (system.certificate and system.private_key and system.root_ca and nucleus.data_plane):
        raise DeviceFolderInvalid(
            f"{config}: has iotDataEndpoint but not {', '.join(missing)}",
            "give them all for a device with a cloud, or none for one without",
        )
    return CloudSettings(
        region=nucleus.region,
        role_alias=nucleus.role_alias or "",
        mqtt_host=nucleus.data_endpoint,
        mqtt_port=nucleus.mqtt.port,
        spooler_bytes=nucleus.mqtt.spooler_bytes,
        is_mqtt3=nucleus.mqtt.version == "mqtt3",
        data_plane=nucleus.data_plane.rstrip("/"),
        s3_endpoint=nucleus.s3_endpoint,
        certificate=base / system.certificate,
        private_key=base / system.private_key,
        root_ca=base / system.root_ca,
    )
