"""The bounded queue between camera and card: when the card cannot keep up, frames are dropped visibly.

Nothing here waits, except for sources that ask to. A packet counts against its bound until the writer
says that it is written, so the memory of a recording does not depend on its length.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from device.ports import AudioBlock, VideoPacket

Item = VideoPacket | AudioBlock


@dataclass(frozen=True, slots=True)
class Bounds:
    """The most that may wait: bytes of each kind, and packets of video (12 s at 30 frames a second)."""

    video_bytes: int = 24 << 20
    video_packets: int = 360
    audio_bytes: int = 4 << 20


@dataclass(frozen=True, slots=True)
class Drop:
    """A run of pictures that were lost: first and first-after stamp, and how many."""

    from_ns: int
    to_ns: int
    frames: int


class FootageQueue:
    """Takes packets from the drivers' threads and hands them to the one writer thread."""

    def __init__(self, bounds: Bounds, notify: Callable[[str, str], None]) -> None:
        self._bounds = bounds
        self._notify = notify
        self._changed = threading.Condition()
        self._video: deque[VideoPacket] = deque()
        self._audio: deque[AudioBlock] = deque()
        self._video_bytes = self._video_packets = self._audio_bytes = 0
        self._drop_from_ns: int | None = None
        self._drop_frames = 0
        self._drops: list[Drop] = []
        self._closed = False
        self.newest_ns: int | None = None
        self.audio_blocks_taken = 0
        self.audio_blocks_dropped = 0

    def put_video(self, packet: VideoPacket) -> bool:
        """Take a picture, or drop it and everything up to the next key frame (it could not be decoded)."""
        with self._changed:
            self.newest_ns = packet.pts_ns
            if self._closed or not self._video_room() or (self._drop_from_ns is not None and not packet.key):
                self._drop(packet)
                return False
            self._end_drop(packet.pts_ns)
            self._video.append(packet)
            self._video_bytes += len(packet.data)
            self._video_packets += 1
            self._changed.notify_all()
            return True

    def put_audio(self, block: AudioBlock) -> bool:
        """Take sound, or drop it."""
        with self._changed:
            if self._closed or not self._audio_room():
                self.audio_blocks_dropped += 1
                return False
            self._audio.append(block)
            self.audio_blocks_taken += 1
            self._audio_bytes += len(block.data)
            self._changed.notify_all()
            return True

    def get(self, timeout_s: float, *, audio: bool = True) -> Item | None:
        """Return the next item, or None after the timeout or when closed and empty.

        With ``audio=False`` sound stays where it is: the writer has enough of it for now.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._video or (audio and self._audio) or self._closed, timeout_s)
            if audio and self._audio:
                return self._audio.popleft()
            return self._video.popleft() if self._video else None

    def written(self, item: Item) -> None:
        """The writer is done with an item: its room is free again."""
        with self._changed:
            if isinstance(item, VideoPacket):
                self._video_bytes -= len(item.data)
                self._video_packets -= 1
            else:
                self._audio_bytes -= len(item.data)
            self._changed.notify_all()

    def wait_for_video_room(self, timeout_s: float) -> bool:
        """Wait until a picture would be taken."""
        with self._changed:
            return self._changed.wait_for(lambda: self._closed or self._video_room(), timeout_s)

    def wait_for_audio_room(self, timeout_s: float) -> bool:
        """Wait until sound would be taken."""
        with self._changed:
            return self._changed.wait_for(lambda: self._closed or self._audio_room(), timeout_s)

    def close(self) -> None:
        """Take nothing more; what is there can still be fetched."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    @property
    def closed(self) -> bool:
        """Whether it takes nothing more."""
        with self._changed:
            return self._closed

    @property
    def drained(self) -> bool:
        """Whether it is closed and empty."""
        with self._changed:
            return self._closed and not self._video and not self._audio

    def take_drops(self) -> list[Drop]:
        """Return the finished runs of lost pictures since the last call."""
        with self._changed:
            drops, self._drops = self._drops, []
            return drops

    def end(self, at_ns: int) -> None:
        """End a run of lost pictures that lasts until the end of the recording."""
        with self._changed:
            self._end_drop(at_ns)

    def _video_room(self) -> bool:
        bounds = self._bounds
        return self._video_bytes < bounds.video_bytes and self._video_packets < bounds.video_packets

    def _audio_room(self) -> bool:
        return self._audio_bytes < self._bounds.audio_bytes

    def _drop(self, packet: VideoPacket) -> None:
        if self._closed:
            return
        if self._drop_from_ns is None:
            self._drop_from_ns = packet.pts_ns
            self._notify("dropping", "the card cannot keep up; pictures are being dropped and counted")
        self._drop_frames += 1

    def _end_drop(self, at_ns: int) -> None:
        if self._drop_from_ns is None:
            return
        self._drops.append(Drop(self._drop_from_ns, max(at_ns, self._drop_from_ns), self._drop_frames))
        self._drop_from_ns, self._drop_frames = None, 0


class _Inlet:
    """One driver's end of the queue: the FootageSink it is given."""

    def __init__(self, queue: FootageQueue, notify: Callable[[str, str], None]) -> None:
        self._queue = queue
        self._notify = notify

    def video(self, packet: VideoPacket) -> bool:
        """Take a picture, or return False: it was dropped and counted."""
        return self._queue.put_video(packet)

    def audio(self, block: AudioBlock) -> bool:
        """Take sound, or return False: it was dropped and counted."""
        return self._queue.put_audio(block)

    def camera_ended(self) -> None:
        """The source has no more pictures."""
        self._notify("camera_ended", "the source has no more pictures")

    def camera_failed(self, problem: str) -> None:
        """The camera stopped delivering."""
        self._notify("camera_failed", problem)

    def microphone_failed(self, problem: str) -> None:
        """The microphone stopped delivering."""
        self._notify("microphone_failed", problem)


class CameraInlet(_Inlet):
    """The sink for a camera: it waits for room for pictures."""

    def wait_for_room(self, timeout_s: float) -> bool:
        """Wait until a picture would be taken."""
        return self._queue.wait_for_video_room(timeout_s)


class MicrophoneInlet(_Inlet):
    """The sink for a microphone: it waits for room for sound, so neither can starve the other."""

    def wait_for_room(self, timeout_s: float) -> bool:
        """Wait until sound would be taken."""
        return self._queue.wait_for_audio_room(timeout_s)
