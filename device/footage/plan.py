"""What a lesson's footage shall be, how far it is, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

from device.footage.queue import Bounds
from device.ports import AudioFormat, VideoFormat

_NS_PER_US = 1000


@dataclass(frozen=True, slots=True)
class FootagePlan:
    """What to write and where; recipients are those who will be able to read it.

    ``boot_id`` says to which boot the monotonic times in the journal belong.
    """

    folder: Path
    recipients: Sequence[X25519PublicKey]
    video: VideoFormat
    audio: AudioFormat | None
    segment_s: float = 30.0
    audio_bitrate_bps: int = 96_000
    bounds: Bounds = field(default_factory=Bounds)
    boot_id: str = ""


@dataclass(slots=True)
class FootageSummary:
    """How much was written and lost; the journal holds the details."""

    duration_us: int = 0
    frames: int = 0
    dropped_frames: int = 0


class Progress:
    """What the threads around the writer tell each other; each value has one who writes it.

    ``zero_ns`` is the film's time zero, ``written_ns`` until when there is film.
    """

    def __init__(self, zero_ns: int | None) -> None:
        self.zero_ns = zero_ns
        self.written_ns = zero_ns or 0
        self.refusal: OSError | None = None
        self.summary = FootageSummary()

    def refuse(self, error: OSError) -> None:
        """Remember what the syncing thread met; the segment belongs to the writing thread, which acts on it."""
        self.refusal = error

    def offset_us(self, at_ns: int) -> int:
        """Return the place in the film of a moment."""
        return max(0, at_ns - (self.zero_ns or 0)) // _NS_PER_US
