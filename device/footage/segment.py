"""One segment on the card: muxer, seal and file as one thing."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

from device.domain.manifest import SegmentEntry
from device.footage.boxes import BoxWriter
from device.footage.durable import DurableFile
from device.footage.mux import SegmentMuxer, VideoTemplate
from device.footage.packets import AudioPacket
from device.footage.seal import SUFFIX, SealedWriter
from device.ports import AudioFormat, VideoPacket

_FILL_AFTER_NS = 500_000_000
# Longer than what SegmentMuxer.push_out() puts in, so that it never takes the place of sound.
_PUSH_AFTER_NS = 750_000_000


class Segment:
    """Takes packets with stamps of the recording and stores them from its own time zero."""

    def __init__(
        self,
        folder: Path,
        name: str,
        recipients: Sequence[X25519PublicKey],
        template: VideoTemplate,
        audio: AudioFormat | None,
        frame_rate: float,
        start_ns: int,
        start_samples: int,
    ) -> None:
        self.name = name
        self.start_ns = start_ns
        self._start_samples = start_samples
        self._file = DurableFile(folder / f"{name}{SUFFIX}")
        try:
            self._sealed = SealedWriter(self._file, recipients)
        except OSError:
            self._let_file_go()
            raise
        self._boxes = BoxWriter(self._sealed)
        self._muxer = SegmentMuxer(self._boxes, template, audio, frame_rate)
        self._waiting_since_ns: int | None = None
        self._fed_ns: int | None = None

    def video(self, packet: VideoPacket, now_ns: int) -> None:
        """Write a picture."""
        self._muxer.video(packet, packet.pts_ns - self.start_ns)
        self._fed_ns = now_ns
        self._let_go(now_ns)

    def audio(self, packet: AudioPacket, now_ns: int) -> bool:
        """Write a frame of sound; False when it came too late for this segment and was left out."""
        if packet.pts < self._start_samples:
            return False
        self._fed_ns = now_ns
        return self._muxer.audio(packet, packet.pts - self._start_samples)

    def stand_still(self, now_ns: int) -> None:
        """No pictures come any more, sound perhaps: write the last picture, and from now on :meth:`tick`."""
        self._muxer.stand_still()
        self._let_go(now_ns)

    def tick(self, now_ns: int) -> None:
        """See to it that nothing waits in memory for a packet that does not come."""
        if self._fed_ns is not None and now_ns - self._fed_ns >= _PUSH_AFTER_NS:
            self._fed_ns = None
            self._muxer.push_out()
            self._boxes.fill_chunk()
        self._let_go(now_ns)

    def sync(self) -> None:
        """Put it on the card; called from the syncing thread."""
        self._file.sync()

    def close(self, offset_us: int, end_us: int) -> SegmentEntry:
        """End the segment whole and return its entry for the manifest; OSError when the card refuses."""
        try:
            self._muxer.close()
            self._boxes.close()
            self._file.close()
        except OSError:
            self.abandon()
            raise
        return SegmentEntry(
            object=self.name,
            offset_us=offset_us,
            duration_us=end_us - offset_us,
            size_bytes=self._file.size_bytes,
            sha256=self._file.sha256,
            complete=True,
        )

    def abandon(self) -> None:
        """Let go after an error of the card: what is there stays there, as after a crash."""
        self._boxes.ignore_rest()
        self._muxer.close()
        self._let_file_go()

    def _let_file_go(self) -> None:
        with contextlib.suppress(OSError):
            self._file.close()

    def _let_go(self, now_ns: int) -> None:
        """See to it that no fragment waits in memory much longer than half a second."""
        if not self._sealed.pending_bytes or not self._boxes.between_boxes:
            self._waiting_since_ns = None
        elif self._waiting_since_ns is None:
            self._waiting_since_ns = now_ns
        elif now_ns - self._waiting_since_ns >= _FILL_AFTER_NS:
            self._boxes.fill_chunk()
            self._waiting_since_ns = None
