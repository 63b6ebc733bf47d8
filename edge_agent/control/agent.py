"""The agent: one control thread that takes events and timers, and owns everything that runs beside it."""

import logging
import signal
import time
from dataclasses import dataclass
from typing import Final

from edge_agent.control.admission import GivingWay, admitted
from edge_agent.control.bounds import AS_DEPLOYED, Bounds
from edge_agent.control.busy_topic import BusyTopic
from edge_agent.control.commands import Commands
from edge_agent.control.condition import Circumstances, condition
from edge_agent.control.consent import Consent
from edge_agent.control.doors import Doors
from edge_agent.control.failed_install import FailedInstall
from edge_agent.control.hearing import Heard, Hearing
from edge_agent.control.last_confirmed import LastConfirmed, as_confirmed
from edge_agent.control.memory import Memory
from edge_agent.control.obedience import LOOK_AGAIN, Obedience
from edge_agent.control.reading import Reading
from edge_agent.control.refusals import Refusals
from edge_agent.control.renewal import Renewal
from edge_agent.control.running import Running
from edge_agent.control.soundness import Soundness
from edge_agent.control.timers import Timers
from edge_agent.control.validation import Validation
from edge_agent.errors import NotAllowedError, NucleusError
from edge_agent.inference.session import RUNTIME_VERSION
from edge_agent.nucleus.inbox import (
    CommandCame,
    ConnectionLost,
    Event,
    Hint,
    Inbox,
    Stop,
    StreamEnded,
    Subscribed,
    SubscriptionRefused,
    UpdateAsked,
    ValidationAsked,
)
from edge_agent.nucleus.link import Link, LinkTo
from edge_agent.nucleus.local_topics import LocalTopics
from edge_agent.pipeline.plumbing import Plumbing, Posts
from edge_agent.pipeline.tally import Tally
from edge_agent.reporting.outbox import Letter, Outbox
from edge_agent.reporting.published_predictions import PublishedPredictions
from edge_agent.reporting.reporter import Reporter, Snapshot
from edge_agent.serving.budget import MemoryBudget
from edge_agent.serving.kept import Kept
from edge_agent.serving.loader import Brought, Judged, Loader
from edge_agent.serving.slots import Slots
from edge_agent.surroundings import Surroundings
from edge_agent.version import AGENT_VERSION
from edge_agent.vetting.verdicts import Verdicts
from edge_agent.work_folder import WorkFolder
from shared_schema.messages import ModelConfirmation
from shared_schema.settings import AgentSettings, Source
from shared_schema.topics import Topics, local_echo

logger = logging.getLogger(__name__)
_LONGEST_WAIT: Final = 5.0
_FAREWELL: Final = 0.4  # seconds for the last messages; classic kills five seconds after SIGTERM


@dataclass(frozen=True, slots=True)
class Ways:
    """How the agent hears and is heard: ``link`` puts into ``inbox``, and gives ``topics`` what comes locally."""

    inbox: Inbox
    topics: LocalTopics
    link: Link


def run_agent(around: Surroundings, folder: WorkFolder, link_to: LinkTo, bounds: Bounds = AS_DEPLOYED) -> int:
    """Run an agent until it ends; the process's exit code, which is never 0."""
    inbox, topics = Inbox(), LocalTopics()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda received, _: inbox.put_surely(Stop(received)))
    # The kernel tells the holder of a file lease of the next writer by SIGIO, which would end the process.
    signal.signal(signal.SIGIO, signal.SIG_IGN)
    logger.info("starting", extra={"version": AGENT_VERSION, "component": around.component})
    link = link_to(inbox.put, topics.came)
    refusals = Refusals(around.work, bounds)
    code = admitted(link, inbox, folder, refusals, bounds)
    if code is not None:
        link.close()
        return code
    # Nothing of the folder is read before it is ours.
    return Agent(around, Ways(inbox, topics, link), folder, refusals, bounds).run()


class Agent:
    """Made once its link is connected and the work folder is its own; run once, and gone with its process."""

    def __init__(
        self, around: Surroundings, ways: Ways, folder: WorkFolder, refusals: Refusals, bounds: Bounds
    ) -> None:
        work = around.work
        self._around = around
        self._inbox = ways.inbox
        self._timers = Timers()
        self._local_topics = ways.topics
        self._link = ways.link
        self._refusals = refusals
        self._giving_way = GivingWay(bounds.alone, folder.asked)
        self._reached = False
        self._outbox = Outbox("outbox", self._publish, most=bounds.messages)
        self._local = Outbox("local-outbox", self._link.publish_local, most=1024, patient=False)
        self._flood = Outbox("prediction-outbox", self._link.publish, most=bounds.messages)
        self._predictions = PublishedPredictions(around.thing, self._flood)
        self._memory = Memory(work / "state" / "memory.json")
        kept = Kept(work / "state" / "kept")
        verdicts = Verdicts(work / "state" / "verdicts", AGENT_VERSION, RUNTIME_VERSION)
        self._loader = Loader(verdicts, kept, self._inbox.put_surely)
        self._slots = Slots(self._loader.close)
        self._tally = Tally()
        self._reporter = Reporter(around.thing, work, self._outbox, self._memory)
        self._obedience = Obedience(around.root, self._slots, self._loader, kept, self._memory, self._confirm)
        self._validation = Validation(around.root, self._loader, self._obedience, self._link)
        self._commands = Commands(self._obedience, self._reporter, self._report)
        self._doors = Doors(self._link, around)
        self._plumbing = Plumbing(
            work,
            self._slots,
            Posts(
                self._local_topics,
                lambda topic, payload: self._local.post(Letter(topic, payload)),
                self._predictions.post,
            ),
            self._model_of,
            self._tally,
        )
        self._last_confirmed = LastConfirmed(work / "state" / "last-confirmed.json")
        self._reading = Reading(self._doors, self._obedience, self._last_confirmed, self._apply)
        self._budget = MemoryBudget(self._slots)
        self._soundness = Soundness(work)
        self._failed_install = FailedInstall(work)
        self._busy = BusyTopic(self._local_topics)
        self._consent = Consent(work, self._busy, self._link)
        self._running = Running(self._link, self._doors, self._reading, self._obedience, self._memory)
        heard = Heard(self._named, self._online, self._subscribed, self._refused)
        renewal = Renewal(self._link, self._doors, around.component, bounds, lambda: self._reached)
        self._hearing = Hearing(self._link, self._doors, renewal, around.thing, self._timers, bounds, heard)
        self._local_topics.listen(local_echo(around.component), renewal.heard_locally)
        self._hung: str | None = None
        self._last: Snapshot | None = None
        self._grace: float | None = None
        """Seconds for what is in hand at the end, where the settings' are not meant."""
        self._code: int | None = None

    def run(self) -> int:
        """Until a signal, or until the agent finds that it must not go on; the exit code."""
        self._loader.start()
        self._outbox.start()
        self._local.start()
        self._flood.start()
        self._hearing.connected()
        while self._code is None:
            event = self._inbox.take(self._timers.wait(time.monotonic(), _LONGEST_WAIT))
            if event is not None:
                self._take(event)
            for name in self._timers.due(time.monotonic()):
                self._due(name)
            self._after()
        self._end()
        return self._code

    def _take(self, event: Event) -> None:
        match event:
            case Hint():
                self._reading.hinted()
                self._read()
            case ValidationAsked():
                self._validation.asked(event)
            case UpdateAsked(deployment):
                self._consent.asked(deployment, self._reading.settings.busy, time.monotonic())
            case Brought():
                self._obedience.brought(event)
            case Judged():
                self._validation.judged(event)
            case CommandCame():
                if not self._hearing.echoed(event):
                    self._commands.came(event, time.monotonic())
            case Subscribed() | SubscriptionRefused() | StreamEnded() | ConnectionLost():
                self._hearing.took(event)
            case Stop(number):
                logger.info("ending", extra={"signal": number})
                self._code = 128 + number

    def _due(self, name: str) -> None:
        match name:
            case "read" | "reconcile":
                self._read()
            case "artifact":
                self._obedience.look_again(time.monotonic())
            case "health":
                self._reporter.health(self._snapshot())
            case _:
                self._hearing.due(name)

    def _after(self) -> None:
        """What follows from whatever has just happened."""
        if self._code is not None:
            return
        if self._obedience.waits and not self._timers.is_set("artifact"):
            self._soon("artifact", LOOK_AGAIN)
        if not self._timers.is_set("health"):
            self._soon("health", self._reading.settings.health.interval)
        if not self._timers.is_set("reconcile"):
            self._soon("reconcile", self._reading.settings.reconcile.interval)
        self._budget.keep(self._reading.settings.memory.budget)
        self._look_after_the_frames()
        self._give_way()
        now = self._snapshot()
        if not self._running.say(now, time.monotonic()):
            self._code = 1
        if now.differs(self._last):
            if self._last is None or now.state is not self._last.state:
                logger.info("state", extra={"state": now.state, "why": now.why or ""})
            self._last = now
            self._report()
            self._keep()

    def _keep(self) -> None:
        """Keep what is confirmed by now, for a start at which the desired state cannot be understood."""
        obedience = self._obedience
        if obedience.obeyed is not None and not obedience.under_way:
            state = as_confirmed(obedience.obeyed, self._slots.serving(), obedience.confirmations)
            if state is not None:
                self._last_confirmed.keep(state)

    def _look_after_the_frames(self) -> None:
        """A model that hangs never comes back: say so, and end. Both nuclei start anew what ended with 1."""
        self._hung = self._plumbing.hung(self._reading.settings.watchdog.limit)
        if self._hung is not None:
            logger.error("hung: ending, so that the nucleus starts the agent anew", extra={"why": self._hung})
            self._tally.error(self._hung)
            self._grace = 0.0
            self._code = 1

    def _give_way(self) -> None:
        """Another agent was started on our folder, and our nucleus is gone: finish what is in hand, and end."""
        if self._giving_way.due(time.monotonic(), connected=self._link.connected):
            logger.warning("giving way: another agent asks for the work folder, and our nucleus is gone")
            self._grace = self._reading.settings.watchdog.limit
            self._code = 1

    def _named(self, topics: Topics) -> None:
        self._reporter.topics = self._predictions.topics = topics
        # Nothing that happened so far could be said.
        self._last = None

    def _refused(self) -> None:
        # A restart gives a token where the nucleus is lite; on classic it is another nucleus's agent that is started.
        if not self._running.rolls_back and self._refusals.refused(time.monotonic()):
            self._code = 1

    def _online(self) -> None:
        self._refusals.accepted()
        self._outbox.retry_now()
        self._flood.retry_now()

    def _subscribed(self) -> None:
        self._running.doors_known()
        self._reading.hinted()
        self._read()

    def _read(self) -> None:
        if not self._link.connected:
            # What comes meanwhile is read once it is back.
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

    def _apply(self, settings: AgentSettings) -> None:
        self._plumbing.apply(settings)
        self._busy.listen(settings.busy.topic)
        if self._doors.listen(settings.heard):
            self._soon("subscribe", 0.0)
        self._timers.clear("health")
        self._timers.clear("reconcile")

    def _publish(self, topic: str, payload: bytes) -> None:
        """By the outbox's thread."""
        try:
            self._link.publish(topic, payload)
        except NotAllowedError:
            raise
        except NucleusError:
            self._reached = False
            raise
        self._reached = True

    def _confirm(self, model: str, confirmation: ModelConfirmation) -> None:
        self._reporter.confirm(model, confirmation, self._validation.deployment_of(confirmation.release))

    def _report(self) -> None:
        now = self._snapshot()
        self._reporter.health(now)
        self._reporter.shadow(now)

    def _snapshot(self) -> Snapshot:
        around = Circumstances(
            waiting=self._reading.waiting,
            settings=self._reading.settings,
            settings_wrong=self._reading.settings_wrong,
            doors=self._doors.open,
            dropped=self._plumbing.dropped,
            last_error=self._tally.last,
            around=(*self._tally.troubles, *self._soundness.troubles(), *self._doors.troubles),
            hung=self._hung,
            unknown=self._reading.unknown,
            not_installed=self._failed_install.words(),
        )
        return condition(self._obedience, self._slots.serving(), around, self._model_of)

    def _end(self) -> None:
        grace = self._reading.settings.shutdown.grace if self._grace is None else self._grace
        self._plumbing.stop(grace)
        self._outbox.stop(_FAREWELL)
        self._local.stop(0.05)
        self._flood.stop(0.05)
        self._loader.stop(0.2)
        self._link.close()
        logger.info("ended", extra={"code": self._code})

    def _model_of(self, source: Source) -> str | None:
        """Which model looks at a source's frames: the one that it names, or the only one."""
        if source.model is not None:
            return source.model
        obeyed = self._obedience.obeyed
        models = list(obeyed.state.models) if obeyed is not None else []
        return models[0] if len(models) == 1 else None

    def _soon(self, name: str, seconds: float) -> None:
        self._timers.set(name, time.monotonic() + seconds)
