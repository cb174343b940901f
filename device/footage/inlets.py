"""What a driver is given to deliver to: each camera and each microphone its own end of the queue."""

from __future__ import annotations

from collections.abc import Callable

from device.footage.queue import FootageQueue
from device.ports import AudioBlock, VideoPacket


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

    def privacy_failed(self, problem: str) -> None:
        """A mask could not be painted; black was delivered instead."""
        self._notify("privacy_failed", problem)

    def microphone_failed(self, problem: str) -> None:
        """The microphone stopped delivering."""
        self._notify("microphone_failed", problem)


class CameraInlet(_Inlet):
    """The sink for a camera: it waits for room for pictures.

    Each start of a camera has an inlet of its own. Nothing counts that comes through an earlier one, but a
    privacy that failed.
    """

    def __init__(self, queue: FootageQueue, notify: Callable[[str, str], None], camera: int = 0) -> None:
        super().__init__(queue, notify)
        self._camera = camera

    def video(self, packet: VideoPacket) -> bool:
        """Take a picture, or return False: it was dropped and counted, or its camera was replaced."""
        return self._queue.put_video(packet, self._camera)

    def camera_ended(self) -> None:
        """The source has no more pictures."""
        if self._queue.is_current(self._camera):
            super().camera_ended()

    def camera_failed(self, problem: str) -> None:
        """The camera stopped delivering."""
        if self._queue.is_current(self._camera):
            super().camera_failed(problem)

    def wait_for_room(self, timeout_s: float) -> bool:
        """Wait until a picture would be taken."""
        return self._queue.wait_for_video_room(timeout_s)


class MicrophoneInlet(_Inlet):
    """The sink for a microphone: it waits for room for sound, so neither can starve the other."""

    def wait_for_room(self, timeout_s: float) -> bool:
        """Wait until sound would be taken."""
        return self._queue.wait_for_audio_room(timeout_s)
