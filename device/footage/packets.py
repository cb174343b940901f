"""What goes from the encoders to the muxer."""

from __future__ import annotations

from dataclasses import dataclass

NS_PER_S = 1_000_000_000
US_PER_S = 1_000_000


@dataclass(frozen=True, slots=True)
class AudioPacket:
    """One AAC frame; ``pts`` counts samples from the start of the film, ``pts_ns`` is the same in time.

    ``track`` counts from 0, as in :class:`device.ports.AudioBlock`.
    """

    data: bytes
    pts: int
    duration: int
    pts_ns: int
    track: int = 0
