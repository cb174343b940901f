"""A webcam through libav: decoded, covered, encoded again; for the process that holds the lens."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer

from device.domain.consent import AimLeave, Permit, WarmLeave
from device.domain.errors import LeerblikError, Permanent, Temporary
from device.domain.mask import Polygon
from device.drivers._source import require_permit
from device.drivers.camera._curtain import Curtain
from device.drivers.camera._h264 import Encoder, Planes, black, plane_views
from device.drivers.camera._leave import require_leave
from device.drivers.camera._nodes import problem
from device.drivers.camera._paint import as_array, layers
from device.drivers.camera._stamps import Timeline
from device.drivers.camera._still import masked_still
from device.drivers.camera._worker import CameraWorker
from device.ports import FootageSink, VideoFormat

_STILL_LIMIT_S = 10.0


@dataclass(frozen=True, slots=True)
class Encoding:
    """Bits per second, and seconds between key frames."""

    bitrate_bps: int
    keyframe_interval_s: float


@dataclass(frozen=True, slots=True)
class Source:
    """An open webcam, and what it is called when it fails."""

    path: Path
    container: InputContainer


def open_webcam(path: Path, form: VideoFormat, input_format: str) -> Source:
    """Open the lens; Temporary when the webcam is absent or taken, Permanent when this is none."""
    options = {"video_size": f"{form.width}x{form.height}", "framerate": f"{form.frame_rate:g}"}
    if input_format != "any":
        options["input_format"] = input_format
    try:
        return Source(path, av.open(str(path), "r", format="v4l2", options=options))
    except (av.FFmpegError, OSError) as error:
        raise problem(path, error.errno, error.strerror) from None


class Webcam:
    """One take, or one time of aiming, at a time. A read that hangs ends with the process only."""

    def __init__(self, form: VideoFormat, encoding: Encoding, open_source: Callable[[], Source]) -> None:
        self._form = form
        self._encoding = encoding
        self._open_source = open_source
        self._worker = CameraWorker("webcam")
        self._viewer = CameraWorker("webcam")
        self._curtain = Curtain()
        self._view = _View()
        self._frames = 0

    def format(self) -> VideoFormat:
        """Return what was configured: other pictures are fitted in."""
        return self._form

    def start(self, permit: Permit, sink: FootageSink, origin_ns: int) -> None:
        """Open the lens and film."""
        require_permit(permit)
        self._worker.require_idle()
        source = self._open_source()
        self._frames = 0
        self._worker.start(lambda stop: self._film(source, sink, origin_ns, stop), sink.camera_failed)

    def blank(self, blanked: bool) -> None:
        """Deliver black pictures until told otherwise."""
        self._curtain.blank(blanked)

    def mask(self, polygons: Sequence[Polygon]) -> None:
        """Paint these areas black from the next start and the next still on."""
        self._curtain.mask(polygons)

    def aim(self, leave: AimLeave) -> bytes:
        """Return a picture of this moment; the lens stays open."""
        require_leave(leave)
        self._worker.require_idle()
        self._worker.spend()
        if not self._viewer.busy:
            source, view = self._open_source(), _View()
            self._view = view
            self._viewer.start(lambda stop: self._look(source, view, stop), view.fail)
        return masked_still(self._curtain, self._view.next())

    def prepare(self, leave: WarmLeave) -> None:
        """Stand ready; its libraries are loaded, and the webcam itself is opened when it films."""
        self._worker.prepare(leave)

    def is_prepared(self) -> bool:
        """Tell whether it stands ready."""
        return self._worker.is_ready

    def stop(self) -> None:
        """Close the lens."""
        self._worker.stop()
        self._viewer.stop()

    def frames(self) -> int:
        """Return how many pictures were filmed since the start."""
        return self._frames

    def _film(self, source: Source, sink: FootageSink, origin_ns: int, stop: threading.Event) -> None:
        width, height = self._form.width, self._form.height
        cover = self._curtain.hang(width, height, sink.privacy_failed)
        timeline = Timeline()
        encoding = self._encoding
        with Encoder(self._form, encoding.bitrate_bps, encoding.keyframe_interval_s) as encoder:
            for stamp_ns, planes in self._pictures(source, stop):
                pts_ns = timeline.monotonic_ns(stamp_ns)
                if pts_ns < origin_ns:
                    continue
                cover.draw(layers(planes, "YUV420", width, height))
                packet = encoder.encode(planes, pts_ns)
                self._frames += 1
                sink.video(packet)

    def _look(self, source: Source, view: _View, stop: threading.Event) -> None:
        for _, planes in self._pictures(source, stop):
            view.show(planes)

    def _pictures(self, source: Source, stop: threading.Event) -> Iterator[tuple[int | None, Planes]]:
        """Yield (stamp by the webcam, picture) until asked to stop; Temporary when it ends by itself."""
        with source.container as container:
            frames = _decoded(source, container)
            while not stop.is_set():
                frame = next(frames, None)
                if frame is None:
                    raise Temporary(
                        f"the webcam at {source.path} delivers no pictures any more; plug it in again"
                    )
                yield _stamp_ns(frame), fit(frame, self._form)


class _View:
    """The newest picture while aiming; older ones are gone."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._newest: Planes | None = None
        self._problem = ""

    def show(self, planes: Planes) -> None:
        """Put a picture up."""
        with self._changed:
            self._newest = planes
            self._changed.notify_all()

    def fail(self, sentence: str) -> None:
        """Tell why there will be none."""
        with self._changed:
            self._problem = sentence
            self._changed.notify_all()

    def next(self) -> Planes:
        """Return a picture that comes after this call; Temporary when none comes."""
        with self._changed:
            self._newest = None
            self._changed.wait_for(lambda: self._newest is not None or self._problem, _STILL_LIMIT_S)
            if self._newest is None:
                raise Temporary(
                    self._problem or "the webcam shows no picture; unplug it and plug it in again"
                )
            return self._newest


def fit(frame: Any, form: VideoFormat) -> Planes:
    """Return a decoded picture as planar YUV 4:2:0 of this size, undistorted, with black at the sides if needed."""
    scale = min(form.width / frame.width, form.height / frame.height)
    width, height = (max(2, round(side * scale / 2) * 2) for side in (frame.width, frame.height))
    inner = as_array(frame.reformat(width=width, height=height, format="yuv420p").to_ndarray())
    if (width, height) == (form.width, form.height):
        return inner
    outer = black(form.width, form.height)
    left, top = (form.width - width) // 4 * 2, (form.height - height) // 4 * 2
    for part, (onto, of) in enumerate(zip(plane_views(outer), plane_views(inner), strict=True)):
        half = 2 if part else 1
        x, y = left // half, top // half
        onto[y : y + of.shape[0], x : x + of.shape[1]] = of
    return outer


def _decoded(source: Source, container: InputContainer) -> Iterator[Any]:
    try:
        for packet in container.demux(container.streams.video[0]):
            try:
                yield from packet.decode()
            except av.error.InvalidDataError:
                continue  # a picture that was damaged on the cable
    except (av.FFmpegError, OSError) as error:
        raise _lost(source.path, error.errno, error.strerror) from None


def _lost(path: Path, number: int | None, words: str | None) -> LeerblikError:
    """Return the sentence for a webcam that was there a moment ago."""
    known = problem(path, number, words)
    if isinstance(known, Permanent):
        return Temporary(f"the webcam at {path} stopped ({words}); unplug it and plug it in again")
    return known


def _stamp_ns(frame: Any) -> int | None:
    if frame.pts is None or frame.time_base is None:
        return None
    return int(frame.pts * 1_000_000_000 * frame.time_base.numerator // frame.time_base.denominator)
