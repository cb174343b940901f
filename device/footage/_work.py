"""What the writing thread does all lesson long: takes from the queue, puts in order of time, hands to the film.

Loaded when a lesson begins, because libav comes with it.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from device.footage._film import Film
from device.footage.aac import AacEncoder
from device.footage.interleave import Interleaver
from device.footage.journal import Journal
from device.footage.mux import Unreadable, VideoTemplate
from device.footage.packets import NS_PER_S, AudioPacket
from device.footage.plan import FootagePlan, Progress
from device.footage.queue import FootageQueue, Item, Lost
from device.ports import AudioBlock, VideoPacket

# Sound that comes before the first picture is cut where that begins; a picture is never this late.
_PICTURE_LATENCY_NS = 2 * NS_PER_S


class Work:
    """Belongs to the writing thread. :meth:`run` returns when the queue is closed and the film ended."""

    def __init__(
        self,
        plan: FootagePlan,
        journal: Journal,
        queue: FootageQueue,
        film: Film,
        progress: Progress,
        notify: Callable[[str, str], None],
    ) -> None:
        self._plan = plan
        self._journal = journal
        self._queue = queue
        self._film = film
        self._progress = progress
        self._notify = notify
        self._interleaver = Interleaver(tracks=plan.audio.tracks if plan.audio else 0)
        self._aac: list[AacEncoder] = []
        self._early_audio: deque[AudioBlock] = deque()
        self._begun = False
        self._camera_is_late = False
        self._sound_is_away = False
        self._needs_key = False
        self._failed = False

    def run(self) -> None:
        """Work until the queue is closed and empty, and end the film."""
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

    def _take(self, item: Item) -> None:
        if isinstance(item, VideoPacket):
            if not self._begun and not self._is_picture(item):
                self._queue.written(item)
                return
            if not self._begun:
                self._begin(item)
            self._interleaver.add_video(item, time.monotonic_ns())
        elif isinstance(item, AudioBlock):
            self._hear(item)
        elif item is Lost.SOUND:
            self._sound_is_away = True
            self._interleaver.expect_no_audio()
        else:
            self._lose_camera()

    def _is_picture(self, first: VideoPacket) -> bool:
        """Look at what a film would begin with."""
        try:
            VideoTemplate(first).close()
        except Unreadable as error:
            self._blame_camera(error)
            return False
        return True

    def _begin(self, first: VideoPacket) -> None:
        plan, progress = self._plan, self._progress
        if progress.zero_ns is None:
            progress.zero_ns = first.pts_ns
            self._note("began", zero_ns=first.pts_ns, boot_id=plan.boot_id)
        self._begun = True
        self._aac = [
            AacEncoder(
                plan.audio, plan.audio_bitrate_bps, progress.zero_ns, first_ns=first.pts_ns, track=track
            )
            for track in range(plan.audio.tracks if plan.audio else 0)
            if plan.audio is not None
        ]
        while self._early_audio:
            self._hear(self._early_audio.popleft())

    def _hear(self, block: AudioBlock) -> None:
        if not self._begun:
            self._keep_early(block)
            return
        if self._aac:
            if self._sound_is_away:
                self._sound_is_away = False
                self._note("microphone_back", at_us=self._progress.offset_us(block.pts_ns))
            for packet in self._aac[block.track].encode(block):
                self._interleaver.add_audio(packet)
        self._queue.written(block)

    def _keep_early(self, block: AudioBlock) -> None:
        """Keep sound that came before the first picture; all that has room, unless the camera is lost."""
        self._early_audio.append(block)
        if self._camera_is_late:
            self._forget_early()

    def _forget_early(self) -> None:
        early = self._early_audio
        while early and early[-1].pts_ns - early[0].pts_ns > _PICTURE_LATENCY_NS:
            self._queue.written(early.popleft())

    def _lose_camera(self) -> None:
        """Write what is there; from now on sound goes on without pictures."""
        if not self._begun:
            self._camera_is_late = True
            self._forget_early()
            return
        self._write_ready(flush=True)
        self._interleaver.expect_no_pictures()
        try:
            self._film.lose_camera(time.monotonic_ns())
        except OSError as error:
            self._card_failed(error)

    def _write_ready(self, *, flush: bool = False) -> None:
        if self._progress.refusal is not None:
            self._card_failed(self._progress.refusal)
        now_ns = time.monotonic_ns()
        for packet in self._interleaver.ready(now_ns, flush=flush):
            if not self._failed:
                self._write(packet, now_ns)
            if isinstance(packet, VideoPacket):
                self._queue.written(packet)
        self._film.tick(now_ns)
        self._collect_drops()

    def _write(self, packet: VideoPacket | AudioPacket, now_ns: int) -> None:
        if isinstance(packet, VideoPacket) and self._needs_key:
            if not packet.key:
                return
            self._needs_key = False
        try:
            self._film.write(packet, now_ns)
        except Unreadable as error:
            self._blame_camera(error)
        except OSError as error:
            self._card_failed(error)

    def _blame_camera(self, error: Unreadable) -> None:
        """Write no picture up to the next key frame, and have the camera restarted."""
        self._needs_key = True
        self._notify("camera_failed", f"the camera delivered something that is no picture ({error})")

    def _finish(self) -> None:
        self._add_last_sound()
        self._write_ready(flush=True)
        self._queue.end(self._film.end_ns)
        self._collect_drops()
        try:
            self._film.close()
        except OSError as error:
            self._card_failed(error)

    def _add_last_sound(self) -> None:
        """Take the last frames out of the encoders, as far as there are pictures to them or the camera is lost."""
        last_ns = self._interleaver.last_video_ns or self._film.last_video_ns
        for packet in [packet for encoder in self._aac for packet in encoder.flush()]:
            if self._film.stands_still or packet.pts_ns <= last_ns:
                self._interleaver.add_audio(packet)

    def _collect_drops(self) -> None:
        if self._progress.zero_ns is None:
            return  # they have no place in the film yet
        for drop in self._queue.take_drops():
            self._progress.summary.dropped_frames += drop.frames
            from_us, to_us = self._progress.offset_us(drop.from_ns), self._progress.offset_us(drop.to_ns)
            self._note("dropped", frames=drop.frames, from_us=from_us, to_us=to_us)

    def _note(self, event: str, **values: object) -> None:
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
        self._notify("card_failed", sentence)
        self._film.abandon()
