"""Webcams by their device nodes: asked what they are, without opening the lens."""

from __future__ import annotations

import errno
import fcntl
import os
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from device.domain.errors import Permanent, Temporary

# struct v4l2_capability of linux/videodev2.h: driver, card, bus, version, capabilities, those of this node, reserved.
_CAPABILITY = struct.Struct("16s32s32sIII12x")
_QUERYCAP = 0x80685600
_CAPTURE, _STREAMING = 0x1, 0x04000000
_WEBCAM = "uvcvideo"
# Parts of the Pi that look like cameras: receivers of camera modules, encoders, image processors.
_NO_WEBCAMS = ("bcm2835", "unicam", "rp1-cfe", "pispbe", "rpi-hevc", "rpivid")


@dataclass(frozen=True, slots=True)
class Node:
    """A device node that delivers pictures."""

    path: Path
    driver: str
    card: str


def find(given: str, folder: Path = Path("/dev")) -> Node:
    """Return the webcam at this path, or the first one when no path is given.

    Temporary when there is none now; Permanent when the path is something else, or may not be opened.
    """
    if given:
        return _look(Path(given))
    nodes = webcams(sorted(folder.glob("video*"), key=lambda path: (len(path.name), path.name)))
    if not nodes:
        raise Temporary("no webcam was found; plug one in, then try again")
    return nodes[0]


def webcams(paths: Sequence[Path]) -> list[Node]:
    """Return what delivers pictures among these nodes, USB webcams first."""
    nodes: list[Node] = []
    for path in paths:
        try:
            node = _look(path)
        except (Temporary, Permanent):
            continue
        if not node.driver.startswith(_NO_WEBCAMS):
            nodes.append(node)
    return sorted(nodes, key=lambda node: node.driver != _WEBCAM)


def _look(path: Path) -> Node:
    answer = bytearray(_CAPABILITY.size)
    try:
        number = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            fcntl.ioctl(number, _QUERYCAP, answer)
        finally:
            os.close(number)
    except OSError as error:
        raise problem(path, error.errno, error.strerror) from None
    return read_node(path, bytes(answer))


def read_node(path: Path, answer: bytes) -> Node:
    """Return what a node said of itself; Permanent when it is no source of pictures."""
    driver, card, _, _, of_device, of_node = _CAPABILITY.unpack(answer)
    # The highest bit says that the last field is filled in.
    abilities = of_node if of_device & 0x80000000 else of_device
    if not abilities & _CAPTURE or not abilities & _STREAMING:
        raise Permanent(
            f"{path} ({_text(card)}) delivers no pictures; choose another of the webcam's devices"
        )
    return Node(path, _text(driver), _text(card))


def problem(path: Path, number: int | None, words: str | None) -> Temporary | Permanent:
    """Return the sentence for what the system said about a webcam: an error's number and its words."""
    if number in (errno.ENOENT, errno.ENODEV, errno.ENXIO):
        return Temporary(f"there is no webcam at {path}; plug it in, then try again")
    if number == errno.EBUSY:
        return Temporary(f"the webcam at {path} is used by another program; close that one, then try again")
    if number in (errno.EACCES, errno.EPERM):
        return Permanent(f"the webcam at {path} may not be opened by this user; add it to the group video")
    if number in (errno.ENOTTY, errno.EINVAL, errno.EISDIR):
        return Permanent(f"{path} is no camera; name the webcam's device, for example /dev/video0")
    return Temporary(f"the webcam at {path} does not work ({words}); unplug it and plug it in again")


def _text(field: bytes) -> str:
    return field.split(b"\0", 1)[0].decode("utf-8", errors="replace")
