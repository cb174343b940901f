"""A webcam: found without opening it, fitted into the film, and missed with a sentence."""

from __future__ import annotations

import errno
import struct
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.domain.errors import Permanent, Temporary
from device.drivers.camera._nodes import find, problem, read_node, webcams
from device.drivers.camera._webcam import Encoding, Source, Webcam, fit, open_webcam
from device.ports import VideoFormat
from tests.support.cameras import driver, leave
from tests.support.permits import permit
from tests.support.sinks import CollectingSink

FORM = VideoFormat(320, 180, 30.0)
CAPTURE, METADATA, STREAMING, OF_THE_NODE = 0x1, 0x00800000, 0x04000000, 0x80000000


def answer(of_node: int, driver_name: bytes = b"uvcvideo", of_device: int = OF_THE_NODE) -> bytes:
    return struct.pack("16s32s32sIII12x", driver_name, b"A camera", b"usb-1", 1, of_device, of_node)


def test_a_node_that_delivers_pictures_is_a_webcam() -> None:
    node = read_node(Path("/dev/video0"), answer(CAPTURE | STREAMING))
    assert (node.driver, node.card) == ("uvcvideo", "A camera")


def test_the_second_node_of_a_webcam_is_none() -> None:
    both = OF_THE_NODE | CAPTURE | METADATA | STREAMING
    with pytest.raises(Permanent, match="delivers no pictures"):
        read_node(Path("/dev/video1"), answer(METADATA | STREAMING, of_device=both))


def test_a_machine_without_a_webcam_says_so(tmp_path: Path) -> None:
    with pytest.raises(Temporary, match="no webcam was found; plug one in"):
        find("", tmp_path)


def test_what_is_no_camera_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "video0").touch()
    (tmp_path / "video1").symlink_to("/dev/null")
    (tmp_path / "video2").mkdir()
    assert webcams(sorted(tmp_path.iterdir())) == []


@pytest.mark.parametrize("what", ["file", "/dev/null", "folder"])
def test_something_else_under_the_name_of_a_webcam_is_refused(tmp_path: Path, what: str) -> None:
    path = {"file": tmp_path / "film", "folder": tmp_path}.get(what, Path(what))
    if what == "file":
        path.touch()
    camera = driver("v4l2", {"device": str(path)})
    with pytest.raises(Permanent, match="is no camera; name the webcam's device"):
        camera.format()
    with pytest.raises(Permanent, match="is no camera"):
        camera.start(permit(sound=False), CollectingSink(), 0)


def test_a_webcam_that_is_unplugged_is_temporary(tmp_path: Path) -> None:
    camera = driver("v4l2", {"device": str(tmp_path / "video0")})
    for attempt in (
        camera.format,
        lambda: camera.start(permit(sound=False), CollectingSink(), 0),
        lambda: camera.aim(leave()),
    ):
        with pytest.raises(Temporary, match=r"there is no webcam at .*; plug it in"):
            attempt()


def test_libav_is_told_apart_as_well(tmp_path: Path) -> None:
    with pytest.raises(Temporary, match="plug it in"):
        open_webcam(tmp_path / "video0", FORM, "mjpeg")
    with pytest.raises(Permanent, match="is no camera"):
        open_webcam(Path("/dev/null"), FORM, "any")


@pytest.mark.parametrize(
    ("number", "kind", "words"),
    [
        (errno.EBUSY, Temporary, "used by another program"),
        (errno.EACCES, Permanent, "group video"),
        (errno.ENODEV, Temporary, "plug it in"),
        (errno.EIO, Temporary, "does not work"),
    ],
)
def test_each_trouble_has_its_sentence(number: int, kind: type[Exception], words: str) -> None:
    found = problem(Path("/dev/video0"), number, "the system's words")
    assert type(found) is kind
    assert words in str(found)


def test_an_odd_size_is_refused() -> None:
    with pytest.raises(Permanent, match="even"):
        driver("v4l2", {"width": 641})


class _Unplugged:
    """A container whose device goes away after some pictures, as libav reports it."""

    def __init__(self, pictures: int) -> None:
        self._inner = av.open("testsrc2=size=320x180:rate=30", format="lavfi")
        self._pictures = pictures

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._inner.close()

    @property
    def streams(self) -> Any:
        return self._inner.streams

    def demux(self, stream: Any) -> Iterator[Any]:
        for number, packet in enumerate(self._inner.demux(stream)):
            if number == self._pictures:
                raise OSError(errno.ENODEV, "No such device")
            yield packet


def test_a_webcam_that_is_pulled_out_while_filming_ends_with_a_sentence() -> None:
    container: Any = _Unplugged(20)
    camera = Webcam(FORM, Encoding(400_000, 1.0), lambda: Source(Path("/dev/video0"), container))
    sink = CollectingSink()
    camera.start(permit(sound=False), sink, time.monotonic_ns())
    sink.wait(lambda: bool(sink.camera_problems), "the loss to be told")
    camera.stop()
    assert len(sink.packets) == 20
    assert "there is no webcam at /dev/video0; plug it in" in sink.camera_problems[0]


def test_aiming_with_a_webcam_that_is_pulled_out_is_told() -> None:
    container: Any = _Unplugged(0)
    camera = Webcam(FORM, Encoding(400_000, 1.0), lambda: Source(Path("/dev/video0"), container))
    with pytest.raises(Temporary, match="plug it in"):
        camera.aim(leave())
    camera.stop()


@given(st.integers(2, 60).map(lambda half: half * 2), st.integers(2, 60).map(lambda half: half * 2))
def test_a_picture_of_any_shape_is_fitted_in_whole_and_undistorted(width: int, height: int) -> None:
    white = np.full((height * 3 // 2, width), 128, np.uint8)
    white[:height] = 220
    frame = av.VideoFrame.from_ndarray(white, format="yuv420p")
    planes = fit(frame, VideoFormat(80, 60, 30.0))
    assert planes.shape == (90, 80)
    lit = np.argwhere(planes[:60] > 180)
    (top, left), (bottom, right) = lit.min(axis=0), lit.max(axis=0)
    across, down = right - left + 1, bottom - top + 1
    assert across >= 78 or down >= 58
    scale = min(80 / width, 60 / height)
    assert abs(across - width * scale) <= 2
    assert abs(down - height * scale) <= 2
