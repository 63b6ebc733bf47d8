"""Scenario 7: `edge-agent run --config FILE` beside the fleet: the same agent, with a file in place of a nucleus."""

import os
import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import yaml
from greengrass_emulator.interruption import ctrl_c_held_back

from rehearsal.candidates import Candidate
from rehearsal.cloud_view import objects_of
from rehearsal.errors import RehearsalError
from rehearsal.extended.context import ScenarioContext, comes_true
from rehearsal.extended.deploy_repository import CAMERA, DIGITS
from rehearsal.feeder import Frame, read_predictions
from rehearsal.processes import process_environment
from rehearsal.timeline import Proof
from rehearsal.world import BUCKET
from shared_schema.digests import model_digest_of_folder
from shared_schema.documents.writing import write_whole
from shared_schema.json_value import JsonObject
from shared_schema.messages import Prediction

_SCENARIO = "7 no nucleus"
_SCANS = 10
_ENDED = 128 + signal.SIGTERM
_SECONDS_TO_END = 10.0


def without_nucleus(context: ScenarioContext) -> Iterator[Proof]:
    """Serve two of the fleet's published models, one after the other, in one process that no nucleus started."""
    bench = _Bench(context.rehearsal.world.folder / "bench")
    linear, better = (bench.unpack(_published(context, model)) for model in context.digits.good)
    scans = context.feeder.frames()
    bench.apply(linear)
    agent = _start(context, bench)
    found = bench.ask("first", scans[:_SCANS])
    yield Proof(
        _SCENARIO,
        "`edge-agent run --config FILE` serves the model that the file names",
        agent.poll() is None and _all_of(found, linear),
        f"pid {agent.pid}: {_shown(found)}",
    )
    bench.apply(better)
    took_over = comes_true(lambda: bench.serves(better))
    found = bench.ask("second", scans[_SCANS : 2 * _SCANS])
    yield Proof(
        _SCENARIO,
        "the file names another model: the agent checks it and predicts with it, in the same process",
        took_over and agent.poll() is None and _all_of(found, better) and linear.digest != better.digest,
        f"pid {agent.pid}: {_shown(found)}",
    )
    agent.terminate()
    ended = comes_true(lambda: agent.poll() is not None, _SECONDS_TO_END)
    frames = [each.frame for each in bench.predictions()]
    yield Proof(
        _SCENARIO,
        f"SIGTERM ends it with {_ENDED}; every scan has exactly one prediction",
        ended and agent.returncode == _ENDED and sorted(frames) == sorted(bench.fed),
        f"exit code {agent.returncode}, {len(bench.fed)} scans, {len(frames)} predictions",
    )


@dataclass(frozen=True, slots=True)
class _Model:
    """A model's folder, and its digest."""

    folder: Path
    digest: str


class _Bench:
    """A folder with a config file, its models, and what the agent makes of its scans."""

    def __init__(self, folder: Path) -> None:
        self._work = folder / "work"
        self._models = folder / "models"
        self.config = folder / "line.yaml"
        self.log = folder / "agent.log"
        self.fed: list[str] = []
        (self._work / "images").mkdir(parents=True)

    @property
    def command(self) -> list[str]:
        """The command line that starts the agent."""
        words = ["run", "--config", str(self.config), "--work", str(self._work)]
        return [sys.executable, "-m", "edge_agent", *words]

    def unpack(self, archive: bytes) -> _Model:
        """Unpack a published model into a folder."""
        with zipfile.ZipFile(BytesIO(archive)) as opened:
            to = self._models / str(len(list(self._models.glob("*"))))
            opened.extractall(to)
        return _Model(to, model_digest_of_folder(to))

    def apply(self, model: _Model) -> None:
        """Write the config file so that it names this model, as an editor does."""
        config: JsonObject = {
            "thing": "bench",
            "models": {DIGITS: {"folder": str(model.folder.relative_to(self.config.parent))}},
            "settings": {
                "health": {"interval": 1},
                "sources": {CAMERA: {"type": "folder", "path": "images"}},
                "sinks": {"file": {"type": "json-lines"}},
            },
        }
        write_whole(self.config, yaml.safe_dump(config, sort_keys=False))

    def ask(self, name: str, scans: list[Frame]) -> list[Prediction]:
        """Feed scans, wait for their predictions, and return them."""
        frames = []
        for number, scan in enumerate(scans):
            frame = f"{name}-{number:02}-{scan.label}.png"
            beside = self._work / frame
            beside.write_bytes(scan.path.read_bytes())
            beside.rename(self._work / "images" / frame)
            frames.append(frame)
        self.fed += frames
        comes_true(lambda: {each.frame for each in self.predictions()} >= set(frames))
        return [each for each in self.predictions() if each.frame in frames]

    def predictions(self) -> list[Prediction]:
        """Return all predictions so far."""
        return list(read_predictions(self._work / "predictions.jsonl"))

    def serves(self, model: _Model) -> bool:
        """Return whether the agent has confirmed the model, in the file that it writes instead of a message."""
        path = self._work / "said" / "confirmation.json"
        return (
            path.exists() and model.digest in (written := path.read_text(encoding="utf-8")) and "CONFIRMED" in written
        )


def _start(context: ScenarioContext, bench: _Bench) -> "subprocess.Popen[bytes]":
    with bench.log.open("ab") as output, ctrl_c_held_back():
        agent = subprocess.Popen(
            bench.command,
            cwd=bench.config.parent,
            env=process_environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        context.stack.callback(_end, agent)
    context.rehearsal.timeline.add("bench", f"edge-agent run --config {bench.config.name}")
    return agent


def _end(agent: "subprocess.Popen[bytes]") -> None:
    """Kill the agent's process group, which has its vetting processes too."""
    if agent.poll() is None:
        os.killpg(agent.pid, signal.SIGKILL)
        agent.wait(_SECONDS_TO_END)


def _published(context: ScenarioContext, model: Candidate) -> bytes:
    """Return the artifact of a released model. Raises ``RehearsalError`` if there is none."""
    s3 = context.rehearsal.world.cloud.client("s3")
    ends = f"/{context.released_as(model)}/{DIGITS}.zip"
    key = next((each for each in objects_of(s3, BUCKET, "artifacts/") if each.endswith(ends)), None)
    if key is None:
        raise RehearsalError(
            f"s3://{BUCKET} has no artifact of {DIGITS} {context.released_as(model)}",
            "run the first scenarios, which publish it",
        )
    content: bytes = s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
    return content


def _all_of(found: list[Prediction], model: _Model) -> bool:
    """Return whether each scan has one prediction by this model, and most are right."""
    right = sum(str(each.output.get("label")) == Path(each.frame).stem.split("-")[-1] for each in found)
    return len(found) == _SCANS and {each.digest for each in found} == {model.digest} and right > _SCANS // 2


def _shown(found: list[Prediction]) -> str:
    return f"{len(found)} scans by {', '.join(sorted({each.version for each in found})) or 'no model'}"
