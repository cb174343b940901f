"""The seams between the recorder and the world. A driver is one file that fulfils one of these.

Every time is in nanoseconds of the monotonic clock (``*_ns``): a step of the wall clock moves nothing.
Each seam has a contract suite in ``tests/contracts`` that every driver joins.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from device.domain.consent import AimLeave, Permit, WarmLeave
from device.domain.mask import Polygon


@dataclass(frozen=True, slots=True)
class VideoFormat:
    """Pixels and the nominal frame rate in frames per second."""

    width: int
    height: int
    frame_rate: float


@dataclass(frozen=True, slots=True)
class AudioFormat:
    """Signed 16-bit little-endian samples, channels interleaved; ``channels`` is that of each track."""

    rate_hz: int
    channels: int
    tracks: int = 1


@dataclass(frozen=True, slots=True)
class VideoPacket:
    """One H.264 access unit in Annex B form. Key frames carry SPS and PPS. No B-frames: order is time."""

    data: bytes
    pts_ns: int
    key: bool


@dataclass(frozen=True, slots=True)
class AudioBlock:
    """Samples in a row; ``pts_ns`` is the time of the first, derived by counting samples.

    ``track`` counts from 0; a microphone delivers every track over the same time, each in its own blocks.
    """

    data: bytes
    pts_ns: int
    track: int = 0


@dataclass(frozen=True, slots=True)
class Level:
    """How loud one microphone was during the last second, in decibels below full scale (0 is the loudest).

    ``clipping``: samples stood at full scale within the last second. ``silent_s``: for how many seconds nothing
    was heard that a working microphone in a room would hear.
    """

    name: str
    peak_dbfs: float
    rms_dbfs: float
    clipping: bool
    silent_s: float


class FootageSink(Protocol):
    """Where a camera and a microphone deliver. Safe from any thread and never blocks."""

    def video(self, packet: VideoPacket) -> bool:
        """Take a packet, or return False: it was dropped and counted."""
        ...

    def audio(self, block: AudioBlock) -> bool:
        """Take a block, or return False: it was dropped and counted."""
        ...

    def wait_for_room(self, timeout_s: float) -> bool:
        """Wait until there is room again. Only for sources that can wait without losing anything."""
        ...

    def camera_ended(self) -> None:
        """The source has no more pictures (a film that was played to its end)."""
        ...

    def camera_failed(self, problem: str) -> None:
        """The camera stopped delivering for this reason; footage so far is kept."""
        ...

    def privacy_failed(self, problem: str) -> None:
        """A mask could not be painted; black was delivered instead, and the lesson must end."""
        ...

    def microphone_failed(self, problem: str) -> None:
        """The microphone stopped delivering for this reason; the picture goes on."""
        ...


class Camera(Protocol):
    """A lens with an encoder behind it. It is opened by a permit and delivers from its own thread.

    After :meth:`stop` returns, nothing more is delivered and the lens is closed. A camera can be
    started again. The first packet is a key frame with ``pts_ns >= origin_ns``; stamps strictly rise.
    """

    def format(self) -> VideoFormat:
        """Return what it will deliver; Temporary when the camera is absent, Permanent when it cannot work."""
        ...

    def start(self, permit: Permit, sink: FootageSink, origin_ns: int) -> None:
        """Open the lens. Nothing seen before ``origin_ns`` is delivered. Busy when already started."""
        ...

    def blank(self, blanked: bool) -> None:
        """Deliver black pictures (before the encoder) until told otherwise."""
        ...

    def mask(self, polygons: Sequence[Polygon]) -> None:
        """Paint these areas black, before the encoder, in every picture from the next start on.

        Also in every still of :meth:`aim`. It fails closed: see :meth:`FootageSink.privacy_failed`.
        """
        ...

    def aim(self, leave: AimLeave) -> bytes:
        """Return one JPEG of what the lens sees now, no wider than 1280 pixels.

        Opens the lens when it is closed and leaves it open for the next still, until :meth:`stop`, which may come
        from another thread while this waits for the camera, and ends that. Busy while started; Temporary when the
        camera is absent.
        """
        ...

    def prepare(self, leave: WarmLeave) -> None:
        """Get everything ready for the next :meth:`start` but the lens itself: no picture is taken before that.

        It lasts until :meth:`stop`, :meth:`start` or :meth:`aim`, and ends by itself when the leave does. Once more
        while it lasts: for as long as the new leave says. Busy while started; Temporary when the camera is absent.
        """
        ...

    def is_prepared(self) -> bool:
        """Tell whether it still stands ready, without asking the camera anything."""
        ...

    def stop(self) -> None:
        """Close the lens; returns when the last packet was delivered. Harmless when not started.

        From any thread: a :meth:`start`, :meth:`format`, :meth:`aim` or :meth:`prepare` that another thread is
        waiting for is given up at once and raises Temporary there. Only what begins after that opens the lens again.
        Stuck when it does not close in time: then only the end of the process closes it.
        """
        ...

    def frames(self) -> int:
        """Return how many frames were captured since the start; a watchdog reads it."""
        ...


class Microphone(Protocol):
    """A source of sound, under the same rules as :class:`Camera`; never started without permission."""

    def format(self) -> AudioFormat | None:
        """Return what it will deliver, or None: there is no sound."""
        ...

    def missing(self) -> str:
        """Return in a sentence what is missing now, or "": cheap, and without opening anything."""
        ...

    def start(self, permit: Permit, sink: FootageSink, origin_ns: int) -> None:
        """Open the microphone. Refused when the permit does not include sound."""
        ...

    def mute(self, muted: bool) -> None:
        """Deliver silence until told otherwise."""
        ...

    def stop(self) -> None:
        """Close it; returns when the last block was delivered. Harmless when not started."""
        ...

    def levels(self) -> tuple[Level, ...]:
        """Return how loud each microphone is, teacher's first; empty while not started."""
        ...


class Button(enum.Enum):
    """What an edge is about: which button, switch or input it came from."""

    RECORD = "record"
    PRIVACY = "privacy"  # blanks while recording, and ends that
    COVER = "cover"  # down while the lens is covered
    POWER = "power"  # shut down, or the battery is nearly empty: finish the segment first


@dataclass(frozen=True, slots=True)
class Edge:
    """A button that went down or came up, at a time.

    ``who`` is the code of the teacher whose colour button or badge it was, or empty; never a name.
    ``by_hand``: somebody stands at the device; a program that presses (control socket) is no hand.
    """

    down: bool
    at_ns: int
    button: Button = Button.RECORD
    who: str = ""
    by_hand: bool = True


class Trigger(Protocol):
    """A button, or what stands in for one; one trigger reports the edges of one button."""

    def start(self, on_edge: Callable[[Edge], None]) -> None:
        """Begin to report edges, debounced and alternating, from any thread.

        Temporary when what it listens to is not there (yet); it can then be started again later.
        A switch that is down at the start is reported at once.
        """
        ...

    def stop(self) -> None:
        """Report nothing more. Harmless when not started."""
        ...


class Signal(enum.Enum):
    """What a person in the room must be able to tell apart, by rhythm as well as colour."""

    READY = "ready"
    RECORDING = "recording"
    IMPAIRED = "impaired"  # it records, but picture or sound is missing
    MARKED = "marked"
    BLANKED = "blanked"
    ENDING_SOON = "ending_soon"
    ANNOUNCED = "announced"  # a booked lesson begins within a minute; a press cancels it
    WARM = "warm"  # a lesson is booked for now: the camera stands ready, and its lens sees nothing yet
    AIMING = "aiming"  # the lens is open for pointing the camera; nothing is recorded
    WIPING = "wiping"  # the device is about to be wiped; nothing is recorded
    HELD = "held"
    DISCARDED = "discarded"
    REFUSED = "refused"
    FAULT = "fault"
    OFF = "off"


class Indicator(Protocol):
    """A light, a buzzer, a line on a terminal."""

    @property
    def works(self) -> bool:
        """Whether people in the room can see it now; nothing is recorded unless one of them can be seen.

        False once it was closed, while what was shown last could not be shown, and for one that nobody sees.
        """
        ...

    def show(self, signal: Signal) -> None:
        """Show a signal at once. Momentary ones (MARKED, REFUSED, DISCARDED) fall back to the last lasting one."""
        ...

    def close(self) -> None:
        """Go dark. Harmless twice."""
        ...


class Clock(Protocol):
    """The times of this machine."""

    def monotonic_ns(self) -> int:
        """Return nanoseconds that never jump; comparable within one boot only."""
        ...

    def now(self) -> datetime:
        """Return the wall time, aware, in UTC."""
        ...

    def trusted(self) -> bool:
        """Tell whether the wall time was synchronised since boot."""
        ...

    def boot_id(self) -> str:
        """Return the identity of this boot."""
        ...


@dataclass(frozen=True, slots=True)
class Board:
    """How the board is; None where it cannot tell. "Past": since it was switched on."""

    temperature_c: float | None = None
    undervoltage_now: bool | None = None
    undervoltage_past: bool | None = None
