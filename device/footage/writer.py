"""The thread that turns packets into sealed segments; the camera never waits for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

from device.footage.aac import AacEncoder
from device.footage.interleave import Interleaver
from device.footage.journal import Journal
from device.footage.mux import VideoTemplate
from device.footage.packets import NS_PER_S, AudioPacket
from device.footage.queue import Bounds, CameraInlet, FootageQueue, MicrophoneInlet
from device.footage.segment import Segment
from device.footage.syncing import Syncing
from device.ports import AudioBlock, AudioFormat, FootageSink, VideoFormat, VideoPacket

_NS_PER_US = 1000


@dataclass(frozen=True, slots=True)
class FootagePlan:
    """What to write and where; recipients are those who will be able to read it."""

    folder: Path
    recipients: Sequence[X25519PublicKey]
    video: VideoFormat
    audio: AudioFormat | None
    segment_s: float = 30.0
    audio_bitrate_bps: int = 96_000
    bounds: Bounds = field(default_factory=Bounds)


@dataclass(slots=True)
class FootageSummary:
    """How much was written and lost; the journal holds the details."""

    duration_us: int = 0
    frames: int = 0
    dropped_frames: int = 0


class FootageWriter:
    """From :meth:`start` to :meth:`stop` everything that reaches the inlets is sealed and stored.

    ``notify(kind, sentence)`` is called from several threads when the camera ended or failed, when
    pictures are dropped, and with kind 'card_failed' when the card refuses: then what was written is
    kept and the recording must stop.
    """

    def __init__(
        self,
        plan: FootagePlan,
        journal: Journal,
        new_name: Callable[[], str],
        notify: Callable[[str, str], None],
    ) -> None:
        self._plan = plan
        self._journal = journal
        self._new_name = new_name
        self._notify = notify
        self._queue = FootageQueue(plan.bounds, notify)
        self._interleaver = Interleaver(expects_audio=plan.audio is not None)
        self._aac: AacEncoder | None = None
        self._early_audio: list[AudioBlock] = []
        self._template: VideoTemplate | None = None
        self._segment: Segment | None = None
        self._zero_ns: int | None = None
        self._last_video_ns = 0
        self._failed = False
        self._sound_is_away = False
        self._sync_error: OSError | None = None
        self._summary = FootageSummary()
        self._syncing = Syncing(self._remember_sync_error)
        self._thread = threading.Thread(target=self._run, name="footage-writer", daemon=True)
        self.camera_inlet: FootageSink = CameraInlet(self._queue, notify)
        self.microphone_inlet: FootageSink = MicrophoneInlet(self._queue, notify)

    def start(self) -> None:
        """Begin to write."""
        self._syncing.start()
        self._thread.start()

    def stop(self) -> FootageSummary:
        """Write what is still queued, end the segment, and return what there is."""
        self._queue.close()
        self._thread.join()
        self._syncing.stop()
        return self._summary

    def set_aside_sound(self) -> None:
        """The microphone is gone: pictures wait for it no longer, until it is back."""
        self._sound_is_away = True
        self._interleaver.expect_no_audio()

    @property
    def zero_ns(self) -> int | None:
        """The stamp of the first picture, or None before there is one."""
        return self._zero_ns

    @property
    def newest_ns(self) -> int | None:
        """The stamp of the newest picture that came in, written or not."""
        return self._queue.newest_ns

    @property
    def written_us(self) -> int:
        """Length of the film so far."""
        return 0 if self._zero_ns is None else self._offset_us(self._last_video_ns)

    @property
    def sound_blocks(self) -> int:
        """Blocks of sound that came in so far; a watchdog reads it."""
        return self._queue.audio_blocks_taken

    @property
    def dropped_frames(self) -> int:
        """Pictures lost so far because the card could not keep up."""
        return self._summary.dropped_frames

    def _run(self) -> None:
        try:
            self._work()
        except Exception as error:  # noqa: BLE001  # top of a thread: whatever it was, the recorder must hear of it
            self._fail(f"the footage could not be written: {type(error).__name__}: {error}")

    def _work(self) -> None:
        while not self._queue.drained:
            item = self._queue.get(timeout_s=0.1, audio=not self._interleaver.audio_is_far_ahead)
            if item is None and not self._queue.closed:
                self._write_ready()
                continue
            if item is None:
                item = self._queue.get(timeout_s=0)
            if item is not None:
                self._take(item)
            self._write_ready()
        self._finish()

    def _remember_sync_error(self, error: OSError) -> None:
        # Called from the syncing thread; the segment belongs to the writer thread, which acts on it.
        self._sync_error = error

    def _take(self, item: VideoPacket | AudioBlock) -> None:
        if isinstance(item, VideoPacket):
            if self._zero_ns is None:
                self._begin(item)
            self._interleaver.add_video(item, time.monotonic_ns())
            return
        if self._aac is None:
            self._early_audio.append(item)
            return
        packets = self._aac.encode(item)
        if packets and self._sound_is_away:
            self._sound_is_away = False
            self._note("microphone_back", at_us=self._offset_us(packets[0].pts_ns))
        for packet in packets:
            self._interleaver.add_audio(packet)
        self._queue.written(item)

    def _begin(self, first: VideoPacket) -> None:
        self._zero_ns = first.pts_ns
        self._template = VideoTemplate(first)
        if self._plan.audio is not None:
            self._aac = AacEncoder(self._plan.audio, self._plan.audio_bitrate_bps, first.pts_ns)
        early, self._early_audio = self._early_audio, []
        for block in early:
            self._take(block)

    def _write_ready(self, *, flush: bool = False) -> None:
        if self._sync_error is not None:
            self._card_failed(self._sync_error)
        for packet in self._interleaver.ready(time.monotonic_ns(), flush=flush):
            try:
                self._write(packet)
            except OSError as error:
                self._card_failed(error)
            if isinstance(packet, VideoPacket):
                self._queue.written(packet)
        self._collect_drops()

    def _write(self, packet: VideoPacket | AudioPacket) -> None:
        if self._failed:
            return
        if isinstance(packet, AudioPacket):
            if self._segment is not None:
                self._segment.audio(packet)
            return
        if self._is_time_to_rotate(packet):
            self._close_segment(packet.pts_ns)
        if self._segment is None:
            self._open_segment(packet)
        assert self._segment is not None  # opened just above
        self._segment.video(packet, time.monotonic_ns())
        self._last_video_ns = packet.pts_ns
        self._summary.frames += 1

    def _is_time_to_rotate(self, packet: VideoPacket) -> bool:
        if self._segment is None or not packet.key:
            return False
        return packet.pts_ns - self._segment.start_ns >= self._plan.segment_s * NS_PER_S

    def _open_segment(self, first: VideoPacket) -> None:
        assert self._template is not None  # made with the first picture
        plan = self._plan
        name = self._new_name()
        rate_hz = plan.audio.rate_hz if plan.audio else 0
        # Microseconds are what the manifest carries, so the segment begins exactly on one.
        offset_us = self._offset_us(first.pts_ns)
        start_ns = self._zero() + offset_us * _NS_PER_US
        start_samples = -(-offset_us * rate_hz // 1_000_000)
        self._journal.write("segment_opened", object=name, offset_us=offset_us)
        self._segment = Segment(
            plan.folder, name, plan.recipients, self._template, plan.audio,
            plan.video.frame_rate, start_ns, start_samples,
        )  # fmt: skip
        self._syncing.watch(self._segment)

    def _close_segment(self, end_ns: int) -> None:
        segment, self._segment = self._segment, None
        if segment is None:
            return
        self._syncing.watch(None)
        entry = segment.close(self._offset_us(segment.start_ns), self._offset_us(end_ns))
        self._summary.duration_us = self._offset_us(end_ns)
        self._journal.write(
            "segment_closed", object=entry.object, offset_us=entry.offset_us, duration_us=entry.duration_us,
            size_bytes=entry.size_bytes, sha256=entry.sha256,
        )  # fmt: skip

    def _finish(self) -> None:
        self._add_last_sound()
        self._write_ready(flush=True)
        end_ns = self._last_video_ns + round(NS_PER_S / self._plan.video.frame_rate)
        self._queue.end(end_ns)
        self._collect_drops()
        try:
            self._close_segment(end_ns)
        except OSError as error:
            self._card_failed(error)
        if self._template is not None:
            self._template.close()

    def _add_last_sound(self) -> None:
        """Take the last frames out of the encoder, as far as there are pictures to them."""
        last_ns = self._interleaver.last_video_ns or self._last_video_ns
        for packet in self._aac.flush() if self._aac is not None else []:
            if packet.pts_ns <= last_ns:
                self._interleaver.add_audio(packet)

    def _collect_drops(self) -> None:
        for drop in self._queue.take_drops():
            self._summary.dropped_frames += drop.frames
            from_us, to_us = self._offset_us(drop.from_ns), self._offset_us(drop.to_ns)
            self._note("dropped", frames=drop.frames, from_us=from_us, to_us=to_us)

    def _note(self, event: str, **values: int) -> None:
        try:
            self._journal.write(event, **values)
        except OSError as error:
            self._card_failed(error)

    def _card_failed(self, error: OSError) -> None:
        self._fail(f"the card refused to store footage: {error.strerror or error}")

    def _fail(self, sentence: str) -> None:
        """Keep what was written as it is, write nothing more, and say so once."""
        if self._failed:
            return
        self._failed = True
        segment, self._segment = self._segment, None
        self._notify("card_failed", sentence)
        if segment is not None:
            self._syncing.watch(None)
            segment.abandon()

    def _zero(self) -> int:
        return self._zero_ns or 0

    def _offset_us(self, at_ns: int) -> int:
        return max(0, at_ns - self._zero()) // _NS_PER_US
