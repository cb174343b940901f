"""The bounded queue between camera and card: when the card cannot keep up, frames are dropped visibly.

Nothing here waits, except for sources that ask to. A packet counts against its bound until the writer
says that it is written, so the memory of a recording does not depend on its length.
"""

from __future__ import annotations

import enum
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from device.ports import AudioBlock, VideoPacket

_SOUND_LEAD_NS = 100_000_000


class Lost(enum.Enum):
    """Stands in the queue behind the last that came from a device, and before what comes when it is back."""

    CAMERA = "camera"
    SOUND = "sound"


Item = VideoPacket | AudioBlock | Lost


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
        self._video: deque[VideoPacket | Lost] = deque()
        self._audio: deque[AudioBlock | Lost] = deque()
        self._video_bytes = self._video_packets = self._audio_bytes = 0
        self._drop_from_ns: int | None = None
        self._drop_frames = 0
        self._drops: list[Drop] = []
        self._closed = False
        self._end_ns: int | None = None
        self._camera = 0
        self.camera_is_lost = False
        self.newest_ns: int | None = None
        self.audio_blocks_taken = 0
        self.audio_blocks_dropped = 0

    def lose_camera(self) -> None:
        """No picture will come for a while; the next one that is taken is a key frame."""
        with self._changed:
            self._lose_camera()

    def lose_sound(self) -> None:
        """No sound will come for a while."""
        with self._changed:
            if not self._closed:
                self._audio.append(Lost.SOUND)
                self._changed.notify_all()

    def next_camera(self) -> int:
        """Return the number of a camera that was started anew; pictures of the ones before are ignored."""
        with self._changed:
            self._lose_camera()
            self._camera += 1
            return self._camera

    def is_current(self, camera: int) -> bool:
        """Tell whether this is the camera whose pictures count."""
        with self._changed:
            return camera == self._camera

    def put_video(self, packet: VideoPacket, camera: int = 0) -> bool:
        """Take a picture, or drop it and everything up to the next key frame (it could not be decoded)."""
        with self._changed:
            if camera != self._camera or self._is_over(packet.pts_ns):
                return False
            self.newest_ns = packet.pts_ns
            needs_key = self._drop_from_ns is not None or self.camera_is_lost
            if self._closed or not self._video_room() or (needs_key and not packet.key):
                self._drop(packet)
                return False
            self.camera_is_lost = False
            self._end_drop(packet.pts_ns)
            self._video.append(packet)
            self._video_bytes += len(packet.data)
            self._video_packets += 1
            self._changed.notify_all()
            return True

    def put_audio(self, block: AudioBlock) -> bool:
        """Take sound, or drop it."""
        with self._changed:
            if self._is_over(block.pts_ns):
                return False
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

        Pictures and sound come in order of time, the sound a little earlier: pictures wait for it. With
        ``audio=False`` sound stays where it is: the writer has enough of it for now.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._video or (audio and self._audio) or self._closed, timeout_s)
            if audio and self._audio and not self._picture_is_first():
                return self._audio.popleft()
            return self._video.popleft() if self._video else None

    def written(self, item: Item) -> None:
        """The writer is done with an item: its room is free again."""
        with self._changed:
            if isinstance(item, VideoPacket):
                self._video_bytes -= len(item.data)
                self._video_packets -= 1
            elif isinstance(item, AudioBlock):
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

    def end_at(self, at_ns: int) -> None:
        """Take nothing that is of this moment or later, however long its source still delivers."""
        with self._changed:
            self._end_ns = at_ns

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

    def _is_over(self, at_ns: int) -> bool:
        return self._end_ns is not None and at_ns >= self._end_ns

    def _video_room(self) -> bool:
        bounds = self._bounds
        return self._video_bytes < bounds.video_bytes and self._video_packets < bounds.video_packets

    def _audio_room(self) -> bool:
        return self._audio_bytes < self._bounds.audio_bytes

    def _picture_is_first(self) -> bool:
        if not self._video:
            return False
        picture, sound = self._video[0], self._audio[0]
        if isinstance(picture, Lost) or isinstance(sound, Lost):
            return isinstance(picture, Lost)
        return sound.pts_ns > picture.pts_ns + _SOUND_LEAD_NS

    def _lose_camera(self) -> None:
        if self._closed or self.camera_is_lost:
            return
        self.camera_is_lost = True
        self._video.append(Lost.CAMERA)
        self._changed.notify_all()

    def _drop(self, packet: VideoPacket) -> None:
        if self._closed:
            return
        if self._drop_from_ns is None:
            self._drop_from_ns = packet.pts_ns
            if self._video_room():
                self._notify("dropping", "the camera came back without a key frame; it is waited for")
            else:
                self._notify("dropping", "the card cannot keep up; pictures are being dropped and counted")
        self._drop_frames += 1

    def _end_drop(self, at_ns: int) -> None:
        if self._drop_from_ns is None:
            return
        self._drops.append(Drop(self._drop_from_ns, max(at_ns, self._drop_from_ns), self._drop_frames))
        self._drop_from_ns, self._drop_frames = None, 0
