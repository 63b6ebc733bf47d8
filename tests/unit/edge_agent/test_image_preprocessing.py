"""From an image file to a graph's input."""

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge_agent.errors import UnreadableFrameError
from edge_agent.tasks.images import decode_image
from edge_agent.tasks.preparing import preprocessor
from shared_schema.model_manifest import Preprocessing

GRAY = Preprocessing(size=[8, 8], colour="gray")


def test_gray_pixels_are_scaled_back_to_what_was_scanned() -> None:
    scan = np.arange(64, dtype=np.float32).reshape(8, 8) % 17
    pixels = np.round(scan * 255 / 16).astype(np.uint8)
    prepared = preprocessor(Preprocessing(size=[8, 8], colour="gray", scale=16 / 255), np.float32)(pixels)
    assert prepared.shape == (1, 1, 8, 8)
    assert prepared.dtype == np.float32
    np.testing.assert_allclose(prepared[0, 0], scan, atol=0.04)


def test_mean_and_std_are_taken_by_channel_in_rgb_order() -> None:
    wanted = Preprocessing(size=[1, 1], colour="rgb", mean=[1.0, 2.0, 3.0], std=[1.0, 2.0, 4.0])
    bgr = np.array([[[30, 20, 10]]], np.uint8)
    assert preprocessor(wanted, np.float32)(bgr).reshape(3).tolist() == [9.0, 9.0, 6.75]


def test_layout_and_element_type_are_the_graphs() -> None:
    wanted = Preprocessing(size=[4, 6], colour="bgr", layout="nhwc")
    prepared = preprocessor(wanted, np.uint8)(np.full((4, 6, 3), 200, np.uint8))
    assert prepared.shape == (1, 4, 6, 3)
    assert prepared.dtype == np.uint8
    assert (prepared == 200).all()


def test_letterbox_keeps_the_aspect_and_pads() -> None:
    wanted = Preprocessing(size=[10, 10], colour="gray", resize="letterbox", pad=7)
    prepared = preprocessor(wanted, np.float32)(np.full((10, 20), 99, np.uint8))[0, 0]
    assert (prepared[:2] == 7).all()
    assert (prepared[-3:] == 7).all()
    assert (prepared[3:7] == 99).all()


def test_stretch_fills_the_whole_input() -> None:
    prepared = preprocessor(GRAY, np.float32)(np.full((10, 20), 99, np.uint8))
    assert prepared.shape == (1, 1, 8, 8)
    assert (prepared == 99).all()


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", "is empty"), (b"plain text", "is no image"), (b"\x89PNG\r\n\x1a\n half", "is no image")],
)
def test_what_is_no_image_is_named(content: bytes, words: str) -> None:
    with pytest.raises(UnreadableFrameError, match=rf"frame\.png {words}"):
        decode_image(content, "frame.png", GRAY)


def test_a_picture_that_unfolds_into_gigabytes_is_refused(tmp_path: Path) -> None:
    """In a process of its own: cv2 reads its limit once, and this one has imported it already."""
    path = tmp_path / "bomb.png"
    path.write_bytes(cv2.imencode(".png", np.zeros((20_000, 20_000), np.uint8))[1].tobytes())
    program = (
        "import sys; from pathlib import Path\n"
        "from edge_agent.tasks.images import decode_image\n"
        "from shared_schema.model_manifest import Preprocessing\n"
        "decode_image(Path(sys.argv[1]).read_bytes(), 'bomb.png', Preprocessing(size=[8, 8], colour='gray'))\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "UnreadableFrameError: bomb.png" in done.stderr
