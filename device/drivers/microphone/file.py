"""The sound of any film as a microphone, in step with the picture that ``camera/file.py`` shows of it.

Like a microphone it is never absent: where the film has a picture but no sound yet, or no more, it
delivers silence.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import av
from av.audio.stream import AudioStream
from av.container import InputContainer

from device.domain.consent import Permit
from device.domain.settings import REQUIRED, Setting
from device.drivers._film import LENGTH, first_picture_ns, open_film, sound_stream, sounds
from device.drivers._take import SECOND_NS, SPEED
from device.drivers.microphone._voice import BYTES_PER_SAMPLE, Voice, in_blocks, samples_per_block
from device.ports import AudioFormat, FootageSink, Level, Microphone

OPTIONS = (
    Setting("path", str, "the film whose sound is heard", REQUIRED, "/var/lib/leerblik/films/lesson.mp4"),
    SPEED,
    LENGTH,
    Setting("rate_hz", int, "samples per second to deliver", 48_000, 16_000, 8_000, 192_000),
    Setting("channels", int, "1 or 2 channels to deliver, 0 for the film's own (at most 2)", 0, 1, 0, 2),
)

SLIP_NS = 40_000_000


def build(options: Mapping[str, Any]) -> Microphone:
    """Return the microphone; the film is not opened before it is asked for."""
    return FileMicrophone(
        Path(options["path"]), options["speed"], options["rate_hz"], options["channels"], options["length_s"]
    )


class FileMicrophone:
    """Sample 0 belongs to the film's first picture: sound before it is cut, before a late start is silence."""

    def __init__(self, path: Path, speed: str, rate_hz: int, channels: int, length_s: float) -> None:
        self._path = path
        self._rate_hz = rate_hz
        self._channels = channels
        self._length = round(length_s * rate_hz) or None
        self._voice = Voice("film microphone", speed)

    def format(self) -> AudioFormat | None:
        """Return what it will deliver, None for a silent film; Permanent when it cannot be read."""
        with open_film(self._path) as film:
            stream = sound_stream(film)
            if stream is None:
                return None
            own = min(2, stream.channels)
            return AudioFormat(self._rate_hz, self._channels or own)

    def missing(self) -> str:
        """Return that the film is missing, or ""."""
        return "" if self._path.is_file() else f"there is no film {self._path}"

    def start(self, permit: Permit, sink: FootageSink, origin_ns: int) -> None:
        """Begin at the film's first picture, which is shown at ``origin_ns``."""
        form = self.format()
        blocks = iter(()) if form is None else _blocks(self._path, form, self._length)
        self._voice.start(permit, sink, origin_ns, form or AudioFormat(self._rate_hz, 1), blocks)

    def mute(self, muted: bool) -> None:
        """Deliver zeros until told otherwise."""
        self._voice.mute(muted)

    def stop(self) -> None:
        """Fall silent."""
        self._voice.stop()

    def levels(self) -> tuple[Level, ...]:
        """Return how loud the last second was; empty while not started."""
        return self._voice.levels()


def _blocks(path: Path, form: AudioFormat, length: int | None) -> Iterator[tuple[int, bytes]]:
    """Yield blocks of the film's first ``length`` samples, None for all of them."""
    zero_ns = first_picture_ns(path)
    with open_film(path) as film:
        stream = sound_stream(film)
        if stream is None:
            return
        pieces = _pieces(film, stream, form, zero_ns)
        for index, data in in_blocks(pieces, samples_per_block(form.rate_hz), form.channels):
            if length is not None and index >= length:
                return
            kept = None if length is None else (length - index) * BYTES_PER_SAMPLE * form.channels
            yield index, data[:kept]


def _pieces(
    film: InputContainer, stream: AudioStream, form: AudioFormat, zero_ns: int
) -> Iterator[tuple[int, bytes]]:
    layout = "mono" if form.channels == 1 else "stereo"
    resampler = av.AudioResampler(format="s16", layout=layout, rate=form.rate_hz)
    track = _Track(form)
    for at_ns, frame in sounds(film, stream):
        yield from track.align(at_ns, zero_ns, frame.samples * SECOND_NS // frame.sample_rate)
        for piece in resampler.resample(frame):
            yield from track.take(piece.to_ndarray().tobytes())
    for piece in resampler.resample(None):
        yield from track.take(piece.to_ndarray().tobytes())
    yield from track.silent_until(_end_ns(film) - zero_ns)


def _end_ns(film: InputContainer) -> int:
    """Return when the film ends on its own clock, as far as its container says."""
    if film.duration is None:
        return 0
    return ((film.start_time or 0) + film.duration) * SECOND_NS // av.time_base


class _Track:
    """Adjoining samples from the first picture on: holes become silence, what overlaps is cut."""

    def __init__(self, form: AudioFormat) -> None:
        self._rate_hz = form.rate_hz
        self._frame_bytes = BYTES_PER_SAMPLE * form.channels
        self._due_ns: int | None = None
        self._index = 0
        self._surplus = 0

    def align(self, at_ns: int | None, zero_ns: int, length_ns: int) -> Iterator[tuple[int, bytes]]:
        """Note that samples of ``length_ns`` come that belong at ``at_ns``; yield silence for a hole."""
        if self._due_ns is None:
            self._due_ns = zero_ns
            slip_ns = 0 if at_ns is None else at_ns - zero_ns
            tolerated_ns = 0
        else:
            slip_ns = 0 if at_ns is None else at_ns - self._due_ns
            # Small jitter of a container's stamps is not a hole: it comes and goes, and samples are the clock.
            tolerated_ns = SLIP_NS
        if abs(slip_ns) > tolerated_ns:
            self._due_ns += slip_ns
            samples = slip_ns * self._rate_hz // SECOND_NS
            self._surplus += max(0, -samples)
            yield from self._silence(samples)
        self._due_ns += length_ns

    def take(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Yield samples with their index, without those that lie before the first picture or overlap."""
        cut = min(self._surplus, len(data) // self._frame_bytes)
        self._surplus -= cut
        kept = data[cut * self._frame_bytes :]
        if kept:
            yield self._index, kept
            self._index += len(kept) // self._frame_bytes

    def silent_until(self, end_ns: int) -> Iterator[tuple[int, bytes]]:
        """Yield silence up to a time after the first picture."""
        yield from self._silence(end_ns * self._rate_hz // SECOND_NS - self._index)

    def _silence(self, samples: int) -> Iterator[tuple[int, bytes]]:
        # In pieces of a second: a hole may be hours long.
        for done in range(0, samples, self._rate_hz):
            yield from self.take(bytes(min(self._rate_hz, samples - done) * self._frame_bytes))
