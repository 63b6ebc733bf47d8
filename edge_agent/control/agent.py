"""The agent: one control thread that takes events and timers, and owns everything that runs beside it."""

import logging
import time
from dataclasses import dataclass
from typing import Final

from edge_agent.component_environment import AGENT_VERSION, ComponentEnvironment
from edge_agent.control.agent_status import StatusInputs, agent_status
from edge_agent.control.busy_topic import BusyTopic
from edge_agent.control.commands import Commands
from edge_agent.control.connection_keeper import ConnectionCallbacks, ConnectionKeeper
from edge_agent.control.consent import Consent
from edge_agent.control.ending import Ending, GivingWay
from edge_agent.control.event_queue import Event, EventQueue, Stop
from edge_agent.control.failed_install import FailedInstall
from edge_agent.control.host_checks import HostChecks
from edge_agent.control.last_confirmed import LastConfirmed, as_confirmed
from edge_agent.control.reading import Reading
from edge_agent.control.reconciler import LOOK_AGAIN, Reconciler
from edge_agent.control.refusals import Refusals
from edge_agent.control.renewal import Renewal
from edge_agent.control.running import Running
from edge_agent.control.subscriptions import Subscriptions
from edge_agent.control.timing import Bounds, Timers
from edge_agent.control.validation import Validation
from edge_agent.control.watches import Watches
from edge_agent.errors import NucleusError
from edge_agent.inference.session import RUNTIME_VERSION
from edge_agent.memory import Memory
from edge_agent.nucleus.events import (
    CommandCame,
    ConnectionLost,
    Hint,
    LocalTopics,
    StreamEnded,
    Subscribed,
    SubscriptionRefused,
    UpdateAsked,
    ValidationAsked,
)
from edge_agent.nucleus.link import Link
from edge_agent.pipeline.opening import Posts
from edge_agent.pipeline.pipelines import Pipelines
from edge_agent.pipeline.tally import Tally
from edge_agent.processes.template import Template
from edge_agent.reporting.publishing import Publishing
from edge_agent.reporting.reporter import Reporter
from edge_agent.serving.budget import MemoryBudget
from edge_agent.serving.loader import Judged, Loaded, Loader
from edge_agent.serving.model_cache import ModelCache
from edge_agent.serving.served_models import ServedModels
from edge_agent.snapshot import Snapshot
from edge_agent.vetting.copies import Copies
from edge_agent.vetting.verdicts import Verdicts
from edge_agent.vetting.vetter import Vetter
from edge_agent.work_folder import WorkFolder
from shared_schema.messages import ModelConfirmation
from shared_schema.settings import AgentSettings, Source
from shared_schema.topics import Topics, local_echo

logger = logging.getLogger(__name__)
_LONGEST_WAIT: Final = 5.0


@dataclass(frozen=True, slots=True)
class Communication:
    """How the agent communicates: ``link`` puts events into ``event_queue``, and gives local messages to ``topics``."""

    event_queue: EventQueue
    topics: LocalTopics
    link: Link


class Agent:
    """The agent of one process. Make it once the link is connected and the work folder is ours, and run it once."""

    def __init__(
        self,
        environment: ComponentEnvironment,
        communication: Communication,
        template: Template,
        folder: WorkFolder,
        refusals: Refusals,
        bounds: Bounds,
    ) -> None:
        work = environment.work
        self._event_queue = communication.event_queue
        self._timers = Timers()
        self._local_topics = communication.topics
        self._link = communication.link
        self._refusals = refusals
        self._ending = Ending(GivingWay(bounds.alone, folder.asked))
        self._publishing = Publishing(self._link, environment.thing, bounds.messages)
        self._memory = Memory(work / "state" / "memory.json")
        copies = work / "state" / "copies"
        model_cache = ModelCache(work / "state" / "model-cache", copies)
        verdicts = Verdicts(work / "state" / "verdicts", AGENT_VERSION, RUNTIME_VERSION)
        vetter = Vetter(template)
        self._loader = Loader(verdicts, model_cache, Copies(copies), vetter, self._event_queue.put_surely)
        self._served_models = ServedModels(self._loader.close)
        self._tally = Tally()
        self._reporter = Reporter(environment.thing, work, self._publishing.messages, self._memory)
        self._reconciler = Reconciler(
            environment.root, self._served_models, self._loader, model_cache, self._memory, self._confirm
        )
        self._validation = Validation(environment.root, self._loader, self._reconciler, self._link)
        self._commands = Commands(self._reconciler, self._reporter, self._report)
        self._subscriptions = Subscriptions(self._link, environment)
        self._pipelines = Pipelines(
            work,
            self._served_models,
            Posts(self._local_topics, self._publishing.post_local, self._publishing.predictions.post),
            self._model_of,
            self._tally,
        )
        self._last_confirmed = LastConfirmed(work / "state" / "last-confirmed.json")
        self._reading = Reading(self._subscriptions, self._reconciler, self._last_confirmed, self._apply_settings)
        self._budget = MemoryBudget(self._served_models)
        self._host_checks = HostChecks(work)
        self._failed_install = FailedInstall(work)
        self._busy = BusyTopic(self._local_topics)
        self._consent = Consent(work, self._busy, self._link)
        self._running = Running(self._link, self._subscriptions, self._reading, self._reconciler, self._memory)
        callbacks = ConnectionCallbacks(self._named, self._online, self._subscribed, self._refused)
        renewal = Renewal(
            self._link, self._subscriptions, environment.component, bounds, lambda: self._publishing.reached
        )
        self._connection_keeper = ConnectionKeeper(
            self._link, self._subscriptions, renewal, environment.thing, self._timers, bounds, callbacks
        )
        self._local_topics.listen(local_echo(environment.component), renewal.heard_locally)
        self._watches = Watches(
            self._timers,
            lambda: self._reading.settings,
            {
                "frames": self._look_after_the_frames,
                "memory": self._look_after_the_memory,
                "host": self._host_checks.look,
            },
        )
        self._last: Snapshot | None = None

    def run(self) -> int:
        """Run until a signal comes, or until the agent must not go on. Return the exit code."""
        self._loader.start()
        self._publishing.start()
        self._connection_keeper.connected()
        self._watches.begin(time.monotonic())
        while self._ending.code is None:
            event = self._event_queue.take(self._timers.wait(time.monotonic(), _LONGEST_WAIT))
            if event is not None:
                self._take(event)
            for name in self._timers.due(time.monotonic()):
                self._due(name)
            self._after()
        self._end()
        return self._ending.code

    def _take(self, event: Event) -> None:
        match event:
            case Hint():
                self._reading.hinted()
                self._read()
            case ValidationAsked():
                self._validation.asked(event)
            case UpdateAsked(deployment):
                self._consent.asked(deployment, self._reading.settings.busy, time.monotonic())
            case Loaded():
                self._reconciler.loaded(event)
            case Judged():
                self._validation.judged(event)
            case CommandCame():
                if not self._connection_keeper.echoed(event):
                    self._commands.came(event, time.monotonic())
            case Subscribed() | SubscriptionRefused() | StreamEnded() | ConnectionLost():
                self._connection_keeper.took(event)
            case Stop(number):
                self._ending.signalled(number)

    def _due(self, name: str) -> None:
        match name:
            case "read" | "reconcile":
                self._read()
            case "artifact":
                self._reconciler.look_again(time.monotonic())
            case "health":
                self._reporter.health(self._snapshot())
            case _:
                if not self._watches.due(name, time.monotonic()):
                    self._connection_keeper.due(name)

    def _after(self) -> None:
        """Run the periodic work, after each event and each timer."""
        if self._ending.code is not None:
            return
        if self._reconciler.waits and not self._timers.is_set("artifact"):
            self._soon("artifact", LOOK_AGAIN)
        if not self._timers.is_set("health"):
            self._soon("health", self._reading.settings.health.interval)
        if not self._timers.is_set("reconcile"):
            self._soon("reconcile", self._reading.settings.reconcile.interval)
        longest_frame = self._reading.settings.watchdog.limit
        self._ending.give_way(time.monotonic(), connected=self._link.connected, longest_frame=longest_frame)
        now = self._snapshot()
        if not self._running.say(now, time.monotonic()):
            self._ending.failed()
        self._tell_changes(now)

    def _tell_changes(self, now: Snapshot) -> None:
        if now.differs(self._last):
            if self._last is None or now.state is not self._last.state:
                logger.info("state", extra={"state": now.state, "why": now.why or ""})
            self._last = now
            self._report()
            self._keep()

    def _keep(self) -> None:
        """Keep what is confirmed by now, for a start at which the desired state cannot be read."""
        reconciler = self._reconciler
        if reconciler.applied is not None and not reconciler.under_way:
            state = as_confirmed(reconciler.applied, self._served_models.serving(), reconciler.confirmations)
            if state is not None:
                self._last_confirmed.keep(state)

    def _look_after_the_frames(self) -> None:
        hung = self._pipelines.hung(self._reading.settings.watchdog.limit)
        if hung is not None:
            self._tally.error(hung)
            self._ending.hangs(hung)
            self._tell_changes(self._snapshot())

    def _look_after_the_memory(self) -> None:
        self._budget.keep(self._reading.settings.memory.budget)

    def _named(self, topics: Topics) -> None:
        self._reporter.topics = self._publishing.predictions.topics = topics
        # Report again: without topics nothing could be sent so far.
        self._last = None

    def _refused(self) -> None:
        # On lite a restart gives this component a new token. Classic would start the agent of another nucleus.
        if not self._running.rolls_back and self._refusals.refused(time.monotonic()):
            self._ending.failed()

    def _online(self) -> None:
        self._refusals.accepted()
        self._publishing.retry_now()

    def _subscribed(self) -> None:
        self._running.channels_known()
        self._reading.hinted()
        self._read()

    def _read(self) -> None:
        if not self._link.connected:
            # It is read again once the connection is back.
            return
        try:
            pause = self._reading.read(time.monotonic())
        except NucleusError as error:
            logger.warning("desired state not read", extra={"error": str(error)})
            pause = self._reading.pause()
        if pause is None:
            self._timers.clear("read")
        else:
            self._soon("read", pause)

    def _apply_settings(self, settings: AgentSettings) -> None:
        self._pipelines.apply(settings)
        self._busy.listen(settings.busy.topic)
        if self._subscriptions.listen(settings.local_topics):
            self._soon("subscribe", 0.0)
        self._timers.clear("health")
        self._timers.clear("reconcile")

    def _confirm(self, model: str, confirmation: ModelConfirmation) -> None:
        self._reporter.confirm(model, confirmation, self._validation.deployment_of(confirmation.release))

    def _report(self) -> None:
        now = self._snapshot()
        self._reporter.health(now)
        self._reporter.shadow(now)

    def _snapshot(self) -> Snapshot:
        inputs = StatusInputs(
            waiting=self._reading.waiting,
            settings=self._reading.settings,
            settings_wrong=self._reading.settings_wrong,
            channels=self._subscriptions.channels,
            dropped=self._pipelines.dropped,
            last_error=self._tally.last,
            troubles=(
                *self._tally.troubles,
                *self._pipelines.troubles,
                *self._host_checks.troubles,
                *self._subscriptions.troubles,
            ),
            hung=self._ending.hung,
            unknown=self._reading.unknown,
            not_installed=self._failed_install.words(),
            jail=self._loader.jail,
        )
        return agent_status(self._reconciler, self._served_models.serving(), inputs, self._model_of)

    def _end(self) -> None:
        self._pipelines.stop(self._ending.grace(self._reading.settings.shutdown.grace))
        self._publishing.stop()
        self._loader.stop(0.2)
        self._link.close()
        logger.info("ended", extra={"code": self._ending.code})

    def _model_of(self, source: Source) -> str | None:
        """Return the model for a source's frames: the one that it names, or the only one."""
        if source.model is not None:
            return source.model
        models = self._reconciler.desired
        return models[0] if len(models) == 1 else None

    def _soon(self, name: str, seconds: float) -> None:
        self._timers.set(name, time.monotonic() + seconds)
