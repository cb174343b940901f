"""Any film as a lens: for demonstrations, tests and for replaying a lesson that went wrong.

The film keeps its own time stamps, also when its frame rate varies; its first picture is at the origin.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.container import InputContainer
from av.video.stream import VideoStream

from device.domain.consent import AimLeave, Permit, WarmLeave
from device.domain.errors import Permanent
from device.domain.mask import Polygon
from device.domain.settings import REQUIRED, Setting
from device.drivers._film import LENGTH, open_film, picture_stream, pictures
from device.drivers._source import require_permit
from device.drivers._take import SECOND_NS, SPEED, Take
from device.drivers.camera._curtain import Curtain
from device.drivers.camera._h264 import (
    Encoder,
    Planes,
    plane_views,
)
from device.drivers.camera._leave import require_leave
from device.drivers.camera._options import BITRATE, KEYFRAME_INTERVAL
from device.drivers.camera._paint import as_array, layers
from device.drivers.camera._still import masked_still
from device.drivers.camera._worker import CameraWorker
from device.ports import Camera, FootageSink, VideoFormat

OPTIONS = (
    Setting("path", str, "the film that is shown", REQUIRED, "/var/lib/leerblik/films/lesson.mp4"),
    Setting("max_width", int, "larger pictures are scaled down to this width", 1920, 1280, 160, 4096),
    Setting("max_height", int, "larger pictures are scaled down to this height", 1080, 720, 90, 4096),
    Setting("frame_rate", float, "at most so many frames per second, 0 for all", 0.0, 25.0, 0.0, 120.0),
    BITRATE,
    KEYFRAME_INTERVAL,
    SPEED,
    LENGTH,
)

VIEW = ("path",)
_SLOWEST, _FASTEST, _USUAL = Fraction(1), Fraction(120), Fraction(25)
_SQUARE = Fraction(1)
_EARLY = 0.1


def build(options: Mapping[str, Any]) -> Camera:
    """Return the camera; the film is not opened before it is asked for."""
    return FileCamera(
        Path(options["path"]),
        Bounds(options["max_width"], options["max_height"], options["frame_rate"]),
        options["bitrate_bps"],
        options["keyframe_interval_s"],
        options["speed"],
        options["length_s"],
    )


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a film may be at most; a rate of 0 means its own."""

    width: int
    height: int
    frame_rate: float


@dataclass(frozen=True, slots=True)
class _Shape:
    """How pictures are delivered: ``turns`` are quarter turns against the clock, after scaling.

    ``thinned`` when there are more of them than were asked for.
    """

    form: VideoFormat
    turns: int
    thinned: bool


class FileCamera:
    """Decodes a film and encodes it again, so that it can be blanked and cut like a lens."""

    def __init__(
        self,
        path: Path,
        bounds: Bounds,
        bitrate_bps: int,
        keyframe_interval_s: float,
        speed: str,
        length_s: float,
    ) -> None:
        self._path = path
        self._bounds = bounds
        self._encoding = (bitrate_bps, keyframe_interval_s)
        self._speed = speed
        self._length_ns = round(length_s * SECOND_NS) or None
        self._worker = CameraWorker("film camera")
        self._curtain = Curtain()
        self._frames = 0

    def format(self) -> VideoFormat:
        """Return what it will deliver; Permanent when the film is missing or has no picture."""
        return self._shape().form

    def start(self, permit: Permit, sink: FootageSink, origin_ns: int) -> None:
        """Show the film from its beginning; Permanent like :meth:`format`."""
        require_permit(permit)
        shape = self._shape()
        self._worker.start(
            lambda stop: self._show(shape, Take(self._speed, permit, sink, origin_ns, stop, picture=True)),
            sink.camera_failed,
        )

    def blank(self, blanked: bool) -> None:
        """Deliver black pictures until told otherwise; the film goes on behind them."""
        self._curtain.blank(blanked)

    def mask(self, polygons: Sequence[Polygon]) -> None:
        """Paint these areas black from the next start on."""
        self._curtain.mask(polygons)

    def aim(self, leave: AimLeave) -> bytes:
        """Return the first picture of the film; nothing stays open behind it."""
        require_leave(leave)
        self._worker.require_idle()
        self._worker.spend()
        shape = self._shape()
        with open_film(self._path) as film:
            _, frame = next(self._chosen(film, shape))
            return masked_still(self._curtain, _planes(frame, shape))

    def prepare(self, leave: WarmLeave) -> None:
        """Stand ready; the film is opened when it is shown."""
        self._worker.prepare(leave)

    def is_prepared(self) -> bool:
        """Tell whether it stands ready."""
        return self._worker.is_ready

    def stop(self) -> None:
        """Close the film."""
        self._worker.stop()

    def frames(self) -> int:
        """Return how many pictures were shown since the start."""
        return self._frames

    def _shape(self) -> _Shape:
        with open_film(self._path) as film:
            stream = picture_stream(film, self._path)
            for _, frame in pictures(film, stream):
                return _shape(frame, stream.sample_aspect_ratio or _SQUARE, _rate(stream), self._bounds)
        raise Permanent(f"{self._path} has no picture that can be decoded; choose another film")

    def _show(self, shape: _Shape, take: Take) -> None:
        self._frames = 0
        with take:
            with open_film(self._path) as film, Encoder(shape.form, *self._encoding) as encoder:
                ended = self._deliver(take, film, encoder, shape)
            if ended:
                take.sink.camera_ended()

    def _deliver(self, take: Take, film: InputContainer, encoder: Encoder, shape: _Shape) -> bool:
        """Return True at the end of the film, False when asked to stop."""
        width, height = shape.form.width, shape.form.height
        cover = self._curtain.hang(width, height, take.sink.privacy_failed)
        for since_ns, frame in self._chosen(film, shape):
            if not take.wait(take.origin_ns + since_ns):
                return False
            planes = _planes(frame, shape)
            cover.draw(layers(planes, "YUV420", width, height))
            packet = encoder.encode(planes, take.origin_ns + since_ns)
            self._frames += 1
            take.sink.video(packet)
        return True

    def _chosen(self, film: InputContainer, shape: _Shape) -> Iterator[tuple[int, av.VideoFrame]]:
        """Yield pictures with the time since the first, thinned out to the rate that was asked for."""
        first_ns: int | None = None
        last_slot = -1
        for at_ns, frame in pictures(film, picture_stream(film, self._path)):
            first_ns = at_ns if first_ns is None else first_ns
            if self._length_ns is not None and at_ns - first_ns >= self._length_ns:
                return
            # A film's stamps are rounded: a picture that is a little early belongs to its slot all the same.
            slot = int((at_ns - first_ns) * shape.form.frame_rate / SECOND_NS + _EARLY)
            if shape.thinned and slot == last_slot:
                continue
            last_slot = slot
            yield at_ns - first_ns, frame


def _rate(stream: VideoStream) -> Fraction:
    rate = stream.guessed_rate or stream.average_rate or _USUAL
    return min(max(rate, _SLOWEST), _FASTEST)


def _shape(frame: av.VideoFrame, pixel: Fraction, rate: Fraction, bounds: Bounds) -> _Shape:
    """Return how pictures are delivered; ``pixel`` is how much wider than high one of the film's is."""
    turns = round(frame.rotation / 90) % 4
    across = float(frame.width * pixel)
    high = float(frame.height)
    width, height = (high, across) if turns % 2 else (across, high)
    scale = min(1.0, bounds.width / width, bounds.height / height)
    thinned = 0 < bounds.frame_rate < rate
    form = VideoFormat(
        _even(width * scale), _even(height * scale), bounds.frame_rate if thinned else float(rate)
    )
    return _Shape(form, turns, thinned)


def _even(pixels: float) -> int:
    return max(16, int(pixels + 1e-6) // 2 * 2)


def _planes(frame: av.VideoFrame, shape: _Shape) -> Planes:
    width, height = shape.form.width, shape.form.height
    if shape.turns % 2:
        width, height = height, width
    scaled: Any = frame.reformat(width=width, height=height, format="yuv420p").to_ndarray()
    if shape.turns == 0:
        return as_array(scaled)
    turned = [np.rot90(plane, shape.turns) for plane in plane_views(scaled)]
    flat = np.concatenate([plane.ravel() for plane in turned])
    return flat.reshape(-1, shape.form.width)
