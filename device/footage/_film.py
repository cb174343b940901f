"""Cuts the stream of packets into segments, and writes into the journal what a crash must not take away.

Loaded when a lesson begins, because libav comes with it.
"""

from __future__ import annotations

from collections.abc import Callable

from device.footage.journal import Journal
from device.footage.mux import Unreadable, VideoTemplate
from device.footage.packets import NS_PER_S, AudioPacket
from device.footage.plan import FootagePlan, Progress
from device.footage.segment import Segment
from device.footage.syncing import Syncing
from device.ports import VideoPacket

_NS_PER_US = 1000


class Film:
    """Takes packets in order of time. OSError when the card refuses; then :meth:`abandon` it.

    Unreadable when a packet is no picture; the next key frame can be written.

    ``stands_still``: the camera is lost, and sound goes on alone in the segment that is open.
    """

    def __init__(
        self,
        plan: FootagePlan,
        journal: Journal,
        syncing: Syncing,
        progress: Progress,
        new_name: Callable[[], str],
    ) -> None:
        self._plan = plan
        self._journal = journal
        self._syncing = syncing
        self._progress = progress
        self._new_name = new_name
        self._rate_hz = plan.audio.rate_hz if plan.audio else 0
        self._template: VideoTemplate | None = None
        self._segment: Segment | None = None
        self._sound_until_ns = 0
        self.last_video_ns = 0
        self.stands_still = False

    def write(self, packet: VideoPacket | AudioPacket, now_ns: int) -> None:
        """Write a picture or a frame of sound; sound before the first picture is left out."""
        if isinstance(packet, VideoPacket):
            self._write_picture(packet, now_ns)
        elif self._segment is not None and self._segment.audio(packet, now_ns):
            self._sound_until_ns = packet.pts_ns + packet.duration * NS_PER_S // self._rate_hz
            if self.stands_still:
                self._progress.written_ns = max(self._progress.written_ns, self._sound_until_ns)

    def lose_camera(self, now_ns: int) -> None:
        """Let the last picture stand while the sound goes on; without sound, the segment ends here."""
        if self._segment is None:
            return
        end_ns = self.end_ns
        self.stands_still = True
        self._journal.write("camera_lost", at_us=self._progress.offset_us(end_ns))
        if self._plan.audio is None:
            self._close_segment(end_ns)
        else:
            self._segment.stand_still(now_ns)

    def tick(self, now_ns: int) -> None:
        """See to it that nothing lingers in memory while no pictures come; called several times a second."""
        if self.stands_still and self._segment is not None:
            self._segment.tick(now_ns)

    @property
    def end_ns(self) -> int:
        """Where the film would end now: with its last picture, or with its sound while that goes on alone."""
        picture_ns = self.last_video_ns + round(NS_PER_S / self._plan.video.frame_rate)
        return max(picture_ns, self._sound_until_ns) if self.stands_still else picture_ns

    def close(self) -> None:
        """End the film."""
        try:
            self._close_segment(self.end_ns)
        finally:
            self._drop_template()

    def abandon(self) -> None:
        """Keep what was written as it is, and let go."""
        segment, self._segment = self._segment, None
        if segment is not None:
            self._syncing.watch(None)
            segment.abandon()

    def _write_picture(self, packet: VideoPacket, now_ns: int) -> None:
        if packet.pts_ns <= self.last_video_ns:
            raise Unreadable("its stamps go backwards")
        if self.stands_still:
            self._go_on(packet)
        elif self._is_time_to_rotate(packet):
            self._close_segment(packet.pts_ns)
        if self._segment is None:
            self._segment = self._open_segment(packet)
            self._syncing.watch(self._segment)
        self._segment.video(packet, now_ns)
        self.last_video_ns = self._progress.written_ns = packet.pts_ns
        self._progress.summary.frames += 1

    def _go_on(self, first: VideoPacket) -> None:
        """The camera is back, perhaps with another encoder: what it delivers begins a segment of its own."""
        template = VideoTemplate(first)  # before anything: what is no picture does not bring the camera back
        self._journal.write("camera_back", at_us=self._progress.offset_us(first.pts_ns))
        self._close_segment(first.pts_ns)
        self._drop_template()
        self._template = template
        self.stands_still = False

    def _is_time_to_rotate(self, packet: VideoPacket) -> bool:
        if self._segment is None or not packet.key:
            return False
        return packet.pts_ns - self._segment.start_ns >= self._plan.segment_s * NS_PER_S

    def _open_segment(self, first: VideoPacket) -> Segment:
        plan = self._plan
        if self._template is None:
            self._template = VideoTemplate(first)
        name = self._new_name()
        # Microseconds are what the manifest carries, so the segment begins exactly on one.
        offset_us = self._progress.offset_us(first.pts_ns)
        start_ns = (self._progress.zero_ns or 0) + offset_us * _NS_PER_US
        start_samples = -(-offset_us * self._rate_hz // 1_000_000)
        self._journal.write(
            "segment_opened", object=name, offset_us=offset_us, mono_ns=first.pts_ns, boot_id=plan.boot_id
        )
        return Segment(
            plan.folder, name, plan.recipients, self._template, plan.audio,
            plan.video.frame_rate, start_ns, start_samples,
        )  # fmt: skip

    def _close_segment(self, end_ns: int) -> None:
        segment, self._segment = self._segment, None
        if segment is None:
            return
        self._syncing.watch(None)
        entry = segment.close(self._progress.offset_us(segment.start_ns), self._progress.offset_us(end_ns))
        self._progress.summary.duration_us = self._progress.offset_us(end_ns)
        self._journal.write(
            "segment_closed", object=entry.object, offset_us=entry.offset_us, duration_us=entry.duration_us,
            size_bytes=entry.size_bytes, sha256=entry.sha256,
        )  # fmt: skip

    def _drop_template(self) -> None:
        template, self._template = self._template, None
        if template is not None:
            template.close()
