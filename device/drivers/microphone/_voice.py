"""What the microphones without hardware share: samples are counted, paced, muted and delivered in blocks."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from device.domain.consent import Permit
from device.drivers._source import Worker, require_sound
from device.drivers._take import SECOND_NS, Take
from device.ports import AudioBlock, AudioFormat, FootageSink, Level

if TYPE_CHECKING:
    # numpy comes with it: only a lesson needs it.
    from device.drivers.microphone._meter import Meter

BLOCKS_PER_SECOND = 50
BYTES_PER_SAMPLE = 2


class Voice:
    """Delivers blocks of s16le from an iterator in a thread of its own; the samples are the clock."""

    def __init__(self, name: str, speed: str) -> None:
        self._name = name
        self._speed = speed
        self._worker = Worker(name)
        self._muted = threading.Event()
        self._meter: Meter | None = None
        self._until_ns = 0

    def start(
        self,
        permit: Permit,
        sink: FootageSink,
        origin_ns: int,
        form: AudioFormat,
        blocks: Iterable[tuple[int, bytes]],
    ) -> None:
        """Deliver ``(index of the first sample, data)``; index 0 sounds at ``origin_ns``."""
        require_sound(permit)
        from device.drivers.microphone._meter import Meter

        meter = Meter(self._name, origin_ns)
        self._until_ns = origin_ns

        def speak(stop: threading.Event) -> None:
            with Take(self._speed, permit, sink, origin_ns, stop) as take:
                self._speak(take, form, blocks, meter)

        self._worker.start(speak, sink.microphone_failed)
        self._meter = meter

    def mute(self, muted: bool) -> None:
        """Deliver zeros until told otherwise."""
        if muted:
            self._muted.set()
        else:
            self._muted.clear()

    def stop(self) -> None:
        """Stop delivering; nothing comes after this returned."""
        self._worker.stop()
        self._meter = None

    def levels(self) -> tuple[Level, ...]:
        """Return how loud the last second of what was delivered is; empty while not started."""
        meter = self._meter
        return () if meter is None else (meter.level(self._until_ns),)

    def _speak(
        self, take: Take, form: AudioFormat, blocks: Iterable[tuple[int, bytes]], meter: Meter
    ) -> None:
        from device.drivers.microphone._meter import as_samples

        for index, data in blocks:
            end = index + len(data) // (BYTES_PER_SAMPLE * form.channels)
            # A block exists once its last sample has sounded.
            end_ns = take.origin_ns + sample_ns(end, form.rate_hz)
            if not take.wait(end_ns):
                return
            muted = self._muted.is_set()
            meter.mute(muted, end_ns)
            meter.take(as_samples(data, form.channels), end_ns)
            self._until_ns = end_ns
            heard = bytes(len(data)) if muted else data
            take.sink.audio(AudioBlock(heard, take.origin_ns + sample_ns(index, form.rate_hz)))


def sample_ns(index: int, rate_hz: int) -> int:
    """Return when a sample sounds, in nanoseconds after sample 0, rounded down."""
    return index * SECOND_NS // rate_hz


def samples_per_block(rate_hz: int) -> int:
    """Return the length of a block of about 20 ms."""
    return rate_hz // BLOCKS_PER_SECOND


def in_blocks(
    pieces: Iterable[tuple[int, bytes]], size_samples: int, channels: int
) -> Iterator[tuple[int, bytes]]:
    """Cut adjoining pieces of any length into blocks of one size; only the last may be shorter."""
    frame_bytes = BYTES_PER_SAMPLE * channels
    waiting = bytearray()
    at: int | None = None
    for index, data in pieces:
        at = index if at is None else at
        waiting += data
        while len(waiting) >= size_samples * frame_bytes:
            yield at, bytes(waiting[: size_samples * frame_bytes])
            del waiting[: size_samples * frame_bytes]
            at += size_samples
    if waiting and at is not None:
        yield at, bytes(waiting)
