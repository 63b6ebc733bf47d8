"""The two runtimes side by side: each difference between classic and lite is a line in this table.

Source: docs/greengrass-facts.md, "Lifecycle", "Nucleus lite", "IPC"; lite's figures from its own
source (recipe2unit, ggconfigd, ggipcd).
"""

from dataclasses import dataclass
from typing import Literal

RuntimeName = Literal["classic", "lite"]

_BOTH = frozenset(
    {
        "PublishToTopic",
        "SubscribeToTopic",
        "PublishToIoTCore",
        "SubscribeToIoTCore",
        "GetConfiguration",
        "UpdateConfiguration",
        "SubscribeToConfigurationUpdate",
        "CreateLocalDeployment",
        "RestartComponent",
        "UpdateState",
        "ValidateAuthorizationToken",
    }
)
_CLASSIC_ONLY = frozenset(
    {
        "SubscribeToValidateConfigurationUpdates",
        "SendConfigurationValidityReport",
        "SubscribeToComponentUpdates",
        "DeferComponentUpdate",
        "GetComponentDetails",
        "ListComponents",
        "StopComponent",
        "PauseComponent",
        "ResumeComponent",
        "PutComponentMetric",
        "GetLocalDeploymentStatus",
        "ListLocalDeployments",
        "CancelLocalDeployment",
    }
)
_OF_FURTHER_COMPONENTS = frozenset(
    {
        "GetSecretValue",
        "GetThingShadow",
        "UpdateThingShadow",
        "DeleteThingShadow",
        "ListNamedShadowsForThing",
        "SubscribeToCertificateUpdates",
        "VerifyClientDeviceIdentity",
        "GetClientDeviceAuthToken",
        "AuthorizeClientDeviceAction",
        "CreateDebugPassword",
    }
)
"""Operations of the secret manager, the shadow manager, client device auth, and the CLI component. Not emulated."""


@dataclass(frozen=True, slots=True)
class Runtime:
    """The behaviour of one runtime. Sizes in bytes, times in seconds."""

    name: RuntimeName
    fleet_name: str
    nucleus_component: str
    version: str
    operations: frozenset[str]
    modelled: frozenset[str]
    """Operations of its service model, including those that only other components answer."""
    largest_frame: int
    has_daemons: bool
    """It consists of several processes, and each can restart by itself (``daemons.py``)."""
    has_units: bool
    """systemd runs its components from unit files (``deployments/lite_units.py``)."""
    has_fixed_buffers: bool
    """It refuses what is too large for its buffers, mostly in silence (``lite_sizes.py``)."""
    admits_by_unit: bool
    """A process without a token gives its component's name, which its unit proves (``ipc/admission.py``)."""
    reads_receive_mode: bool
    """Lite also delivers a component's own local messages to it (ggpubsubd has no ``receiveMode``)."""
    largest_text: int | None
    """The longest configuration text that IPC returns."""
    errors_have_text: bool
    reads_recipes_by_case: bool
    wants_runtime_in_platform: bool
    cuts_scripts_at_unknown_variables: bool
    folders_end_with_slash: bool
    interpolates_access_control: bool
    removal_is_an_event: bool
    removal_ends_subscriptions: bool
    """ggconfigd deletes the subscribers of a key with the key (db_interface.c, ggconfig_delete_key)."""
    refuses_older_updates: bool
    """Lite does not overwrite what was written later, and still answers with success (ggconfigd/src/db_interface.c)."""
    replaces_values_by_objects: bool
    """And the reverse. Lite refuses both (``configuration/lite_writes.py``)."""
    rolls_back: bool
    waits_for_hard_dependencies: bool
    hides_unpacked_files: bool
    startup_may_return: bool
    """Lite ends a ``startup`` with ``systemd-notify --stopping``, which needs systemd 254 (Debian 12 has 252)."""
    has_shutdown_and_recover: bool
    """It has ``uninstall``, too."""
    reads_skip_if: bool
    ends_runs_that_take_too_long: bool
    counts_starts: bool
    """What makes a component BROKEN: its errors, or systemd's limit of starts (``lifecycle/tolerance.py``)."""
    runs_as_nucleus_by_default: bool
    """Lite does not start a component without ``runWithDefault`` (recipe2unit writes ``User=`` from it)."""
    reads_run_with: bool
    """A deployment's ``runWith``: ggdeploymentd ignores it."""
    changes_user_by_sudo: bool
    """With sudo come its changes to the environment (``lifecycle/sudo.py``). Lite has systemd's ``User=``."""
    components_outlive_it: bool
    """A JVM that is killed leaves its components running, and the next one starts them once more beside (seen on
    2.18.0). Lite's are systemd's own: here they end with the one process that stands for all of its daemons."""
    restarts_by_keys_of_configuration: bool
    """For a changed leaf it checks every key above the leaf (``lifecycle/restart_rules.py``)."""
    numbers_change_when_stored: bool
    """Its store returns a lifecycle's number as another type, which so counts as changed (seen on 2.18.0)."""
    configuration_keys_by_case: bool
    """Classic's keys are case-insensitive: ``Aa`` and ``aA`` are one (config/CaseInsensitiveString.java)."""
    pause_before_retry: float
    spools: bool
    retains: bool


CLASSIC = Runtime(
    name="classic",
    fleet_name="aws_nucleus_classic",
    nucleus_component="aws.greengrass.Nucleus",
    version="2.18.0",
    operations=_BOTH | _CLASSIC_ONLY,
    modelled=_BOTH | _CLASSIC_ONLY | _OF_FURTHER_COMPONENTS,
    largest_frame=16 * 1024 * 1024,
    has_daemons=False,
    has_units=False,
    has_fixed_buffers=False,
    admits_by_unit=False,
    reads_receive_mode=True,
    largest_text=None,
    errors_have_text=True,
    reads_recipes_by_case=False,
    wants_runtime_in_platform=False,
    cuts_scripts_at_unknown_variables=False,
    folders_end_with_slash=False,
    interpolates_access_control=False,
    removal_is_an_event=True,
    removal_ends_subscriptions=False,
    refuses_older_updates=True,
    replaces_values_by_objects=True,
    rolls_back=True,
    waits_for_hard_dependencies=True,
    hides_unpacked_files=True,
    startup_may_return=True,
    has_shutdown_and_recover=True,
    reads_skip_if=True,
    ends_runs_that_take_too_long=True,
    counts_starts=False,
    runs_as_nucleus_by_default=True,
    reads_run_with=True,
    changes_user_by_sudo=True,
    components_outlive_it=True,
    restarts_by_keys_of_configuration=True,
    numbers_change_when_stored=True,
    configuration_keys_by_case=False,
    pause_before_retry=0.0,
    spools=True,
    retains=True,
)

LITE = Runtime(
    name="lite",
    fleet_name="aws_nucleus_lite",
    nucleus_component="aws.greengrass.NucleusLite",
    version="2.6.0",
    operations=_BOTH,
    modelled=_BOTH | _CLASSIC_ONLY | _OF_FURTHER_COMPONENTS,
    largest_frame=10_000,
    has_daemons=True,
    has_units=True,
    has_fixed_buffers=True,
    admits_by_unit=True,
    reads_receive_mode=False,
    largest_text=1_000,
    errors_have_text=False,
    reads_recipes_by_case=True,
    wants_runtime_in_platform=True,
    cuts_scripts_at_unknown_variables=True,
    folders_end_with_slash=True,
    interpolates_access_control=True,
    removal_is_an_event=False,
    removal_ends_subscriptions=True,
    refuses_older_updates=False,
    replaces_values_by_objects=False,
    rolls_back=False,
    waits_for_hard_dependencies=False,
    hides_unpacked_files=False,
    startup_may_return=False,
    has_shutdown_and_recover=False,
    reads_skip_if=False,
    ends_runs_that_take_too_long=False,
    counts_starts=True,
    runs_as_nucleus_by_default=False,
    reads_run_with=False,
    changes_user_by_sudo=False,
    components_outlive_it=False,
    restarts_by_keys_of_configuration=False,
    numbers_change_when_stored=False,
    configuration_keys_by_case=True,
    pause_before_retry=1.0,
    spools=False,
    retains=False,
)

RUNTIMES: dict[RuntimeName, Runtime] = {"classic": CLASSIC, "lite": LITE}
