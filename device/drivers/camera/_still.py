"""One picture for pointing the camera, as a JPEG."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import av
import numpy as np

from device.domain.errors import Permanent, Temporary
from device.drivers.camera._curtain import Curtain
from device.drivers.camera._paint import Layers, Plane, layers

MAX_WIDTH = 1280


def masked_still(curtain: Curtain, planes: Plane) -> bytes:
    """Paint the masks on a planar YUV 4:2:0 picture and return it as JPEG; Permanent when they cannot be."""
    rows, width = planes.shape
    height = rows * 2 // 3
    problems: list[str] = []
    cover = curtain.hang(width, height, problems.append, aiming=True)
    cover.draw(layers(planes, "YUV420", width, height))
    if problems:
        raise Permanent(problems[0])
    return jpeg(planes)


def planar(picture: Layers) -> Plane:
    """Return a copy of a picture as planar YUV 4:2:0 without padding."""
    colours = picture.chroma
    if picture.across == 2:
        colours = (picture.chroma[0][:, 0::2], picture.chroma[0][:, 1::2])
    flat = np.concatenate([np.ravel(plane) for plane in (picture.luma, *colours)])
    return flat.reshape(-1, picture.luma.shape[1])


def jpeg(planes: Plane) -> bytes:
    """Return a planar YUV 4:2:0 picture as JPEG, no wider than :data:`MAX_WIDTH` pixels."""
    frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
    scale = min(1.0, MAX_WIDTH / frame.width)
    width, height = (round(side * scale / 2) * 2 for side in (frame.width, frame.height))
    context: Any = av.CodecContext.create("mjpeg", "w")
    context.width, context.height, context.pix_fmt = width, height, "yuvj420p"
    context.time_base = Fraction(1, 25)
    context.options = {"qmin": "2", "qmax": "5"}
    small = frame.reformat(width=width, height=height, format="yuvj420p")
    small.pts = 0
    packets = [bytes(packet) for packet in (*context.encode(small), *context.encode(None))]
    if not packets:
        raise Temporary("the still could not be made; try again")
    return packets[0]
