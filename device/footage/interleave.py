"""Puts pictures and sound in one order of time, without letting anything that fell silent hold up the rest."""

from __future__ import annotations

from collections import deque

from device.footage.packets import AudioPacket
from device.ports import VideoPacket

_AUDIO_AHEAD_PACKETS = 256


class _Track:
    """The sound of one microphone that waits for its pictures, and whether pictures wait for it."""

    def __init__(self) -> None:
        self.packets: deque[AudioPacket] = deque()
        self.expected = True
        self._until_ns = 0
        self._is_late = False

    def add(self, packet: AudioPacket) -> None:
        self.packets.append(packet)
        # It is (again) worth waiting for: a cut made before it comes would cost its first frames.
        self._is_late = False
        self.expected = True
        self._until_ns = packet.pts_ns

    def lets_go(self, packet: VideoPacket, waited: bool) -> bool:
        """Tell whether a picture may go; ``waited``: it had its time of waiting."""
        if not self.expected:
            return True
        if packet.pts_ns <= self._until_ns:
            self._is_late = False
            return True
        # Once the sound has let one picture wait in vain, the next ones do not wait until it is back.
        self._is_late = self._is_late or waited
        return self._is_late


class Interleaver:
    """Holds a picture back until the sound of every track has reached it, for at most ``patience_ns``.

    It waits in vain only once: a microphone that fell silent holds nothing up any more.

    Pure bookkeeping: the caller gives the time, from any steady clock.
    """

    def __init__(self, *, tracks: int, patience_ns: int = 500_000_000) -> None:
        self._tracks = tuple(_Track() for _ in range(tracks))
        self._patience_ns = patience_ns
        self._video: deque[tuple[int, VideoPacket]] = deque()
        self._expects_pictures = True

    def add_video(self, packet: VideoPacket, now_ns: int) -> None:
        """Add the next picture, at the time it came in."""
        self._expects_pictures = True
        self._video.append((now_ns, packet))

    def add_audio(self, packet: AudioPacket) -> None:
        """Add the next frame of sound of its track."""
        self._tracks[packet.track].add(packet)

    @property
    def last_video_ns(self) -> int | None:
        """The stamp of the newest picture that is held back, or None when none is."""
        return self._video[-1][1].pts_ns if self._video else None

    def expect_no_audio(self) -> None:
        """Let pictures go without waiting; until sound comes all the same."""
        for track in self._tracks:
            track.expected = False

    def expect_no_pictures(self) -> None:
        """Let sound go without waiting; until a picture comes."""
        self._expects_pictures = False

    @property
    def audio_is_far_ahead(self) -> bool:
        """Whether there is more sound here than any picture will wait for."""
        return any(len(track.packets) > _AUDIO_AHEAD_PACKETS for track in self._tracks)

    def ready(self, now_ns: int, *, flush: bool = False) -> list[VideoPacket | AudioPacket]:
        """Return what can be written now, in order of time; with ``flush`` everything."""
        out: list[VideoPacket | AudioPacket] = []
        while self._video and (flush or self._may_go(now_ns)):
            _, packet = self._video.popleft()
            out += self._sound_before(packet.pts_ns)
            out.append(packet)
        if flush or not (self._video or self._expects_pictures):
            out += self._sound_before(None)
        return out

    def _sound_before(self, at_ns: int | None) -> list[AudioPacket]:
        """Take out the sound before a moment (None: all of it), in order of time over all tracks."""
        out: list[AudioPacket] = []
        for track in self._tracks:
            while track.packets and (at_ns is None or track.packets[0].pts_ns < at_ns):
                out.append(track.packets.popleft())
        return sorted(out, key=lambda packet: packet.pts_ns)

    def _may_go(self, now_ns: int) -> bool:
        came_ns, packet = self._video[0]
        waited = now_ns - came_ns >= self._patience_ns
        return all(track.lets_go(packet, waited) for track in self._tracks)
