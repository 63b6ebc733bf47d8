"""Pictures as cameras and people make them, and what is none: each is read rightly, or named and refused."""

import struct

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edge_agent.errors import UnreadableFrameError
from edge_agent.tasks.images import as_wanted, decode_image
from edge_agent.tasks.preparing import Placement, preprocessor
from shared_schema.model_manifest import Preprocessing

RGB = Preprocessing(size=[8, 8], colour="rgb")
GRAY = Preprocessing(size=[8, 8], colour="gray")


def scene() -> NDArray[np.uint8]:
    """32 high, 48 wide; the left half is blue, the right one red (BGR)."""
    image = np.zeros((32, 48, 3), np.uint8)
    image[:, :24, 0] = image[:, 24:, 2] = 200
    return image


def encoded(kind: str, image: NDArray[np.generic]) -> bytes:
    return bytes(cv2.imencode(kind, image)[1].tobytes())


def turned(jpeg: bytes, orientation: int) -> bytes:
    """The JPEG with an EXIF segment that says how it is to be turned (EXIF 2.3, tag 0x0112)."""
    tiff = b"II*\x00\x08\x00\x00\x00" + struct.pack("<HHHIHHI", 1, 0x0112, 3, 1, orientation, 0, 0)
    body = b"Exif\x00\x00" + tiff
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + jpeg[2:]


def test_a_picture_is_turned_as_its_exif_says() -> None:
    plain = decode_image(encoded(".jpg", scene()), "a.jpg", RGB)
    upright = decode_image(turned(encoded(".jpg", scene()), 6), "a.jpg", RGB)
    assert plain.shape == (32, 48, 3)
    assert upright.shape == (48, 32, 3)
    assert upright[5, 16, 0] > 150, "turned to the right, the left half is above"
    assert upright[40, 16, 2] > 150
    assert decode_image(turned(encoded(".jpg", scene()), 6), "a.jpg", GRAY).shape == (48, 32)


def test_transparency_is_left_out_and_sixteen_bits_become_eight() -> None:
    see_through = np.dstack([scene(), np.full((32, 48), 7, np.uint8)])
    np.testing.assert_array_equal(decode_image(encoded(".png", see_through), "a.png", RGB), scene())
    deep = scene().astype(np.uint16) * 257
    read = decode_image(encoded(".png", deep), "a.png", RGB)
    assert read.dtype == np.uint8
    np.testing.assert_allclose(read, scene(), atol=1)


def test_a_cmyk_picture_becomes_bgr() -> None:
    # A baseline JPEG of four components by hand: 8 × 8, Adobe's CMYK (inverted), every pixel the same.
    read = decode_image(cmyk_jpeg(), "a.jpg", RGB)
    assert read.shape == (8, 8, 3)
    assert decode_image(cmyk_jpeg(), "a.jpg", GRAY).shape == (8, 8)


def cmyk_jpeg() -> bytes:
    quantise = b"\xff\xdb" + struct.pack(">HB", 67, 0) + bytes([1] * 64)
    frame = b"\xff\xc0" + struct.pack(">HBHHB", 20, 8, 8, 8, 4) + b"".join(bytes([n, 0x11, 0]) for n in range(1, 5))
    # One code in each table: category 0 (no difference), and end of block.
    tables = b"".join(b"\xff\xc4" + struct.pack(">HB", 20, kind) + bytes([1] + [0] * 15) + b"\x00" for kind in (0, 16))
    scan = b"\xff\xda" + struct.pack(">HB", 14, 4) + b"".join(bytes([n, 0]) for n in range(1, 5)) + b"\x00\x3f\x00"
    adobe = b"\xff\xee" + struct.pack(">H", 14) + b"Adobe\x00\x64\x00\x00\x00\x00\x00"
    return b"\xff\xd8" + adobe + quantise + frame + tables + scan + b"\x00" + b"\xff\xd9"


@pytest.mark.parametrize("kind", [".jpg", ".png"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.97])
def test_half_a_picture_is_none(kind: str, share: float) -> None:
    noise = np.random.default_rng(7).integers(0, 255, (64, 64, 3), np.uint8)
    whole = encoded(kind, noise)
    assert decode_image(whole, "a", RGB).shape == noise.shape
    with pytest.raises(UnreadableFrameError, match=r"a is no image|a cannot be decoded"):
        decode_image(whole[: int(len(whole) * share)], "a", RGB)


def test_a_truncated_picture_with_a_thumbnail_is_none() -> None:
    thumbnail = encoded(".jpg", scene())
    body = b"Exif\x00\x00" + thumbnail
    whole = encoded(".jpg", np.random.default_rng(7).integers(0, 255, (64, 64, 3), np.uint8))
    whole = whole[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + whole[2:]
    assert decode_image(whole, "a.jpg", RGB).shape == (64, 64, 3)
    with pytest.raises(UnreadableFrameError):
        decode_image(whole[:-400], "a.jpg", RGB)


def test_a_cameras_pixels_become_what_a_files_would_be() -> None:
    assert as_wanted(scene(), GRAY).shape == (32, 48)
    assert as_wanted(np.zeros((4, 4), np.uint8), RGB).shape == (4, 4, 3)
    assert as_wanted(scene(), RGB) is not None


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16, np.uint8, np.int8])
@pytest.mark.parametrize("layout", ["nchw", "nhwc"])
@pytest.mark.parametrize("colour", ["rgb", "bgr", "gray"])
def test_every_form_of_input_holds_the_same_numbers(dtype: type[np.generic], layout: str, colour: str) -> None:
    channels = 1 if colour == "gray" else 3
    mean, std = [3.0, 2.0, 1.0][:channels], [1.0, 2.0, 4.0][:channels]
    wanted = Preprocessing.model_validate(
        {"size": [6, 4], "colour": colour, "layout": layout, "scale": 0.5, "mean": mean, "std": std}
    )
    pixels = np.random.default_rng(3).integers(0, 255, (6, 4) if channels == 1 else (6, 4, 3), np.uint8)
    ordered = pixels.reshape(6, 4, channels)[:, :, :: -1 if colour == "rgb" else 1].astype(np.float64)
    expected = (ordered * 0.5 - np.array(mean)) / np.array(std)
    if np.issubdtype(dtype, np.integer):
        bounds = np.iinfo(dtype)
        expected = np.clip(np.rint(expected), bounds.min, bounds.max)
    if layout == "nchw":
        expected = expected.transpose(2, 0, 1)
    prepared = preprocessor(wanted, dtype)(pixels)
    assert prepared.dtype == dtype
    assert prepared.flags.c_contiguous
    np.testing.assert_allclose(prepared[0].astype(np.float64), expected, rtol=2e-3, atol=1e-3)


def test_frames_of_changing_sizes_leave_nothing_of_the_last_one_behind() -> None:
    wanted = Preprocessing(size=[10, 10], colour="gray", resize="letterbox", pad=7)
    prepare = preprocessor(wanted, np.float32)
    prepare(np.full((20, 10), 99, np.uint8))
    wide = prepare(np.full((10, 20), 50, np.uint8))[0, 0]
    assert (wide[:2] == 7).all()
    assert (wide[3:7] == 50).all()


def test_boxes_come_back_into_the_pixels_of_the_image() -> None:
    pixels = np.zeros((100, 200, 3), np.uint8)
    letterbox = Placement(pixels, Preprocessing(size=[100, 100], resize="letterbox"))
    stretch = Placement(pixels, Preprocessing(size=[100, 100]))
    inside = np.array([[10.0, 35.0, 20.0, 45.0]], np.float32)
    np.testing.assert_allclose(letterbox.to_image(inside), [[20, 20, 40, 40]])
    np.testing.assert_allclose(stretch.to_image(inside), [[20, 35, 40, 45]])
