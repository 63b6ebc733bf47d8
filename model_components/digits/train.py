"""Trains one version of the digits model and leaves it in a folder, as a training job leaves it for SageMaker.

Three kinds: a linear one, a better one (``mlp``), and a bad one (``shuffled``), whose labels were shuffled before
training: its graph is as good as the others', and only golden samples tell it from them.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from scans import split
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MaxAbsScaler
from skops.io import dump

# skops, not joblib: a pickle runs whatever its author wants in the build account, this only what is on a list.
MODEL_FILE = "model.skops"
METRICS_FILE = "metrics.json"
KINDS = ("linear", "mlp", "shuffled")
_SEED = 7
Metrics = dict[str, str | int | float]


def train(kind: str, out: Path) -> Metrics:
    """Train, measure on the held-out scans, write ``model.skops`` and ``metrics.json``; returns the metrics.

    Raises ``OSError`` when the folder cannot be written.
    """
    seen, held_out = split()
    labels = seen.labels
    if kind == "shuffled":
        labels = np.random.default_rng(_SEED).permutation(labels)
    model = make_pipeline(MaxAbsScaler(), _classifier(kind)).fit(seen.pixels, labels)
    metrics: Metrics = {
        "kind": kind,
        "accuracy": round(float(model.score(held_out.pixels, held_out.labels)), 4),
        "trained-on": len(seen),
        "held-out": len(held_out),
    }
    _write(model, metrics, out)
    return metrics


def main(words: list[str] | None = None) -> int:
    """Train one kind. Exit code 0, or 1 when the folder cannot be written."""
    parser = argparse.ArgumentParser(description="Train one version of the digits model.")
    parser.add_argument("--kind", choices=KINDS, default="mlp", help="which version (default: mlp)")
    parser.add_argument("--out", type=Path, required=True, help="the folder to write to; made when it is missing")
    arguments = parser.parse_args(words)
    try:
        metrics = train(arguments.kind, arguments.out)
    except OSError as error:
        print(f"cannot write the model to {arguments.out}: {error}", file=sys.stderr)
        return 1
    print(json.dumps(metrics))
    return 0


def _classifier(kind: str) -> Any:
    if kind == "mlp":
        return MLPClassifier((128, 64), max_iter=400, tol=1e-3, random_state=_SEED)
    # Strong regularisation keeps this one plainly behind the MLP, and its training short.
    return LogisticRegression(C=0.05, max_iter=400)


def _write(model: Pipeline, metrics: Metrics, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    dump(model, out / MODEL_FILE)
    (out / METRICS_FILE).write_text(json.dumps(metrics, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
