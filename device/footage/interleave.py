"""Puts pictures and sound in one order of time, without letting a silent microphone hold up the picture."""

from __future__ import annotations

from collections import deque

from device.footage.packets import AudioPacket
from device.ports import VideoPacket

_AUDIO_AHEAD_PACKETS = 256


class Interleaver:
    """Holds a picture back until the sound has reached it, for at most ``patience_ns``.

    It waits in vain only once: a microphone that fell silent holds nothing up any more.

    Pure bookkeeping: the caller gives the time, from any steady clock.
    """

    def __init__(self, *, expects_audio: bool, patience_ns: int = 500_000_000) -> None:
        self._expects_audio = expects_audio
        self._patience_ns = patience_ns
        self._video: deque[tuple[int, VideoPacket]] = deque()
        self._audio: deque[AudioPacket] = deque()
        self._audio_until_ns = 0
        self._audio_is_late = False

    def add_video(self, packet: VideoPacket, now_ns: int) -> None:
        """Add the next picture, at the time it came in."""
        self._video.append((now_ns, packet))

    def add_audio(self, packet: AudioPacket) -> None:
        """Add the next frame of sound."""
        self._audio.append(packet)
        # It is (again) worth waiting for: a cut made before it comes would cost its first frames.
        self._audio_is_late = False
        self._expects_audio = True
        self._audio_until_ns = packet.pts_ns

    @property
    def last_video_ns(self) -> int | None:
        """The stamp of the newest picture that is held back, or None when none is."""
        return self._video[-1][1].pts_ns if self._video else None

    def expect_no_audio(self) -> None:
        """Let pictures go without waiting; until sound comes all the same."""
        self._expects_audio = False

    @property
    def audio_is_far_ahead(self) -> bool:
        """Whether there is more sound here than any picture will wait for."""
        return len(self._audio) > _AUDIO_AHEAD_PACKETS

    def ready(self, now_ns: int, *, flush: bool = False) -> list[VideoPacket | AudioPacket]:
        """Return what can be written now, in order of time; with ``flush`` everything."""
        out: list[VideoPacket | AudioPacket] = []
        while self._video and (flush or self._may_go(now_ns)):
            _, packet = self._video.popleft()
            while self._audio and self._audio[0].pts_ns < packet.pts_ns:
                out.append(self._audio.popleft())
            out.append(packet)
        if flush:
            out.extend(self._audio)
            self._audio.clear()
        return out

    def _may_go(self, now_ns: int) -> bool:
        came_ns, packet = self._video[0]
        if not self._expects_audio:
            return True
        if packet.pts_ns <= self._audio_until_ns:
            self._audio_is_late = False
            return True
        # Once the sound has let one picture wait in vain, the next ones do not wait until it is back.
        self._audio_is_late = self._audio_is_late or now_ns - came_ns >= self._patience_ns
        return self._audio_is_late
