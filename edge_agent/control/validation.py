"""The validated channel: the nucleus asks, the loader vets, and the answer goes back before anything is committed."""

import itertools
import logging
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from edge_agent.control.decisions import Applied
from edge_agent.control.reading import read_settings
from edge_agent.control.reconciler import Reconciler
from edge_agent.errors import ArtifactError, InvalidSettingsError, NucleusError
from edge_agent.inference.model_folder import model_folder
from edge_agent.nucleus.events import ValidationAsked
from edge_agent.serving.loader import Judge, Judged, Loader
from edge_agent.serving.served_models import Target
from edge_agent.vetting.protocol import Outcome, refused
from shared_schema.desired_state import FORM, KEY, NotWhole, UnknownForm, read_desired_state
from shared_schema.messages import Channel, ModelConfirmation, Reason, Verdict

logger = logging.getLogger(__name__)
_MOST: Final = 16


class ValidationLink(Protocol):
    """The part of `NucleusLink` that is used here."""

    def report_validity(self, deployment: str, *, accepted: bool, words: str | None = None) -> None: ...


@dataclass(frozen=True, slots=True)
class _Asked:
    deployment: str
    job: Judge
    absent: tuple[tuple[Target, Outcome], ...]
    """The models whose artifact is not there. They are refused without vetting."""


class Validation:
    """Used by the control thread only."""

    def __init__(self, root: Path, loader: Loader, reconciler: Reconciler, link: ValidationLink) -> None:
        self._root = root
        self._loader = loader
        self._reconciler = reconciler
        self._link = link
        self._tickets = itertools.count(1)
        self._asked: dict[int, _Asked] = {}
        self._deployments: OrderedDict[str, str] = OrderedDict()

    def deployment_of(self, release: str) -> str | None:
        """Return the job id or configuration ARN of the deployment that proposed a release, if one did."""
        return self._deployments.get(release)

    def asked(self, event: ValidationAsked) -> None:
        """Answer at once if there is nothing to vet. Else give the loader the job."""
        document = event.configuration.get(KEY) if isinstance(event.configuration, Mapping) else None
        if not document:
            self._answer(event.deployment, None)
            return
        state = read_desired_state(document)
        if isinstance(state, NotWhole):
            self._answer(event.deployment, f"the proposed desired state is not whole: {state.reason}; deploy again")
            return
        if isinstance(state, UnknownForm):
            words = f"the desired state has form {state.form}, and this agent reads {FORM}: deploy a newer agent first"
            self._answer(event.deployment, words)
            return
        try:
            read_settings(state.settings)
        except InvalidSettingsError as error:
            self._answer(event.deployment, str(error))
            return
        self._remember(state.release, event.deployment)
        self._abandon_earlier()
        proposal = Applied(state, Channel.VALIDATED)
        there: list[tuple[Target, Path]] = []
        absent: list[tuple[Target, Outcome]] = []
        for model in sorted(state.models):
            target = proposal.target(model)
            try:
                there.append((target, model_folder(self._root, target.component, target.version)))
            except ArtifactError as error:
                absent.append((target, refused(Reason.ARTIFACT, str(error))))
        ticket = next(self._tickets)
        serving = tuple(
            (target.model, folder)
            for target, _ in there
            if (folder := self._reconciler.folder_of(target.model)) is not None
        )
        job = Judge(ticket, tuple(there), serving)
        self._asked[ticket] = _Asked(event.deployment, job, tuple(absent))
        if not there:
            self.judged(Judged(job, ()))
        elif not self._loader.submit(job):
            del self._asked[ticket]
            self._answer(event.deployment, "the agent has too much to vet already; deploy again later")

    def judged(self, answer: Judged) -> None:
        """Report the loader's verdicts to the nucleus, and confirm each refusal to the cloud."""
        asked = self._asked.pop(answer.job.ticket, None)
        if asked is None:
            return
        bad = [(target, outcome) for target, outcome in (*asked.absent, *answer.outcomes) if not outcome.accepted]
        words = "; ".join(f"{target.model} {target.version} ({out.reason}): {out.words}" for target, out in bad)
        self._answer(asked.deployment, words[:900] or None)
        for target, outcome in bad:
            self._reconciler.conclude(
                target.model,
                ModelConfirmation(
                    release=target.release,
                    component=target.component,
                    version=target.version,
                    digest=target.digest,
                    verdict=Verdict.REJECTED,
                    reason=outcome.reason,
                    words=outcome.words,
                    steps_ms=outcome.steps_ms,
                ),
            )

    def _abandon_earlier(self) -> None:
        """End the earlier vetting: a nucleus asks again only if it has given the earlier deployment up."""
        for asked in self._asked.values():
            asked.job.abandoned.set()
            self._answer(asked.deployment, "a later deployment took this one's place while it was vetted")
        self._asked.clear()

    def _answer(self, deployment: str, against: str | None) -> None:
        verdict = {"deployment": deployment, "accepted": against is None, "words": against or ""}
        try:
            self._link.report_validity(deployment, accepted=against is None, words=against)
            logger.info("validity reported", extra=verdict)
        except NucleusError as error:
            # Without an answer the nucleus fails the deployment after its timeout.
            logger.warning("validity not reported", extra={**verdict, "error": str(error)})

    def _remember(self, release: str, deployment: str) -> None:
        self._deployments[release] = deployment
        while len(self._deployments) > _MOST:
            self._deployments.popitem(last=False)
