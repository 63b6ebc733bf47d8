"""What is measured, against what, in one run: `make bench`."""

import os

# For the baselines, which import onnxruntime in processes of their own: it sends telemetry otherwise.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
