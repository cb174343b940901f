"""Pictures in, H.264 access units out: Annex B, no B-frames, headers in every key frame, no delay.

libx264 as PyAV 14 to 18 carry it. Key frames are asked for by time, not by counting frames, so that
they are evenly spread when frames are skipped or a film has a variable frame rate.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any, Self

import av
import numpy as np
import numpy.typing as npt
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType

from device.domain.errors import Permanent
from device.ports import VideoFormat, VideoPacket

Planes = npt.NDArray[np.uint8]

_NEVER = 1 << 20


def exact_rate(frame_rate: float) -> Fraction:
    """Return a frame rate as the fraction that was meant: 29.97 is 2997/100, not its binary neighbour."""
    return Fraction(repr(frame_rate))


def stamp_ns(index: int, rate: Fraction) -> int:
    """Return when picture number ``index`` is due, in nanoseconds after picture 0, rounded down."""
    return index * 1_000_000_000 * rate.denominator // rate.numerator


def black(width: int, height: int) -> Planes:
    """Return a black picture as planar YUV 4:2:0 (height * 3 / 2 rows)."""
    planes = np.full((height * 3 // 2, width), 128, dtype=np.uint8)
    planes[:height] = 16
    return planes


class Encoder:
    """One stream. Every picture gives exactly one packet, at once."""

    def __init__(self, form: VideoFormat, bitrate_bps: int, keyframe_interval_s: float) -> None:
        rate = exact_rate(form.frame_rate).limit_denominator(60_000)
        self._interval_ns = round(keyframe_interval_s * 1_000_000_000)
        # A frame that is early by less than half a frame is the one that was meant to be a key frame.
        self._slack_ns = round(500_000_000 / rate)
        self._context = _open(form, rate, bitrate_bps)
        self._index = 0
        self._key_due_ns: int | None = None

    def encode(self, planes: Planes, pts_ns: int) -> VideoPacket:
        """Return the access unit of a planar YUV 4:2:0 picture seen at ``pts_ns``."""
        frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        key = self._key_due_ns is None or pts_ns >= self._key_due_ns - self._slack_ns
        # An index, not a time, goes through the encoder: nothing is rounded on the way.
        frame.pts, frame.time_base = self._index, self._context.time_base
        frame.pict_type = PictureType.I if key else PictureType.NONE
        self._index += 1
        packets = self._context.encode(frame)
        if len(packets) != 1 or packets[0].is_keyframe != key:
            raise Permanent("libx264 on this machine does not encode without delay; install PyAV 14 or newer")
        if key:
            self._plan_key(pts_ns)
        return VideoPacket(bytes(packets[0]), pts_ns, key)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        # Without delay there is nothing left inside; this only tells libx264 that it may let go.
        self._context.encode(None)

    def _plan_key(self, pts_ns: int) -> None:
        due_ns = pts_ns if self._key_due_ns is None else self._key_due_ns
        missed = max(0, pts_ns - due_ns) // self._interval_ns
        self._key_due_ns = due_ns + (missed + 1) * self._interval_ns


def _open(form: VideoFormat, rate: Fraction, bitrate_bps: int) -> VideoCodecContext:
    context = av.CodecContext.create("libx264", "w")
    context.width, context.height, context.pix_fmt = form.width, form.height, "yuv420p"
    context.framerate, context.time_base = rate, 1 / rate
    context.bit_rate = bitrate_bps
    context.gop_size = _NEVER
    context.max_b_frames = 0
    context.options = {
        "preset": "ultrafast",
        "tune": "zerolatency",
        "forced-idr": "1",
        "sc_threshold": "0",
        "x264-params": "repeat-headers=1:annexb=1:scenecut=0",
    }
    context.open()
    return context


def plane_views(planes: Planes) -> tuple[Planes, Planes, Planes]:
    """Return views of the Y, U and V planes of a planar YUV 4:2:0 picture."""
    rows, width = planes.shape
    height = rows * 2 // 3
    chroma: Any = planes[height:].reshape(2, height // 2, width // 2)
    return planes[:height], chroma[0], chroma[1]
