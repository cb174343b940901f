"""The words of the press grammar and the state it works on; what they mean stands in ``device.domain.session``."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class StopReason(enum.Enum):
    """Why a recording ended."""

    PRESS = "press"
    MAXIMUM_LENGTH = "maximum_length"
    SOURCE_ENDED = "source_ended"
    CAMERA_FAILED = "camera_failed"
    LOW_SPACE = "low_space"
    CARD_FAILED = "card_failed"
    PRIVACY_FAILED = "privacy_failed"
    LIGHT_FAILED = "light_failed"
    END_OF_BOOKING = "end_of_booking"
    SHUTDOWN = "shutdown"


@dataclass(frozen=True, slots=True)
class Rules:
    """The times of the grammar in nanoseconds."""

    double_ns: int = 400_000_000
    blank_hold_ns: int = 3_000_000_000
    stop_hold_ns: int = 3_000_000_000
    discard_hold_ns: int = 5_000_000_000
    discard_window_ns: int = 60_000_000_000
    tap_ns: int = 1_000_000_000
    restart_pause_ns: int = 2_000_000_000
    maximum_ns: int = 50 * 60 * 1_000_000_000
    warning_ns: int = 60_000_000_000


class EventKind(enum.Enum):
    """What can happen to a session."""

    DOWN = "down"
    UP = "up"
    PRIVACY = "privacy"
    COVERED = "covered"
    UNCOVERED = "uncovered"
    POWER = "power"
    TICK = "tick"
    STARTED = "started"
    REFUSED = "refused"
    ENDED = "ended"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened at a time; ``reason`` only with ENDED, ``who`` (a code) only with DOWN and UP.

    ``ends_ns`` only with STARTED: when the time that was booked for this lesson is over (None: nothing says so).
    """

    kind: EventKind
    at_ns: int
    reason: StopReason | None = None
    who: str = ""
    ends_ns: int | None = None


class Effect(enum.Enum):
    """What the recorder must do now."""

    START = "start"
    STOP = "stop"
    MARK = "mark"
    BLANK = "blank"
    UNBLANK = "unblank"
    REFUSE_COVERED = "refuse_covered"
    DISCARD = "discard"
    WARN = "warn"
    POWER_OFF = "power_off"


@dataclass(frozen=True, slots=True)
class Action:
    """An effect, the time of the press that caused it, for STOP the reason and for START who pressed."""

    effect: Effect
    at_ns: int
    reason: StopReason | None = None
    who: str = ""


class Phase(enum.Enum):
    """Whether the lens is open; while STARTING and STOPPING it is being opened or closed."""

    IDLE = "idle"
    STARTING = "starting"
    RECORDING = "recording"
    BLANKED = "blanked"
    STOPPING = "stopping"


@dataclass(frozen=True, slots=True)
class Session:
    """The whole state of the grammar.

    ``down_ns``: since when the button is down and its meaning is open; ``down_who``: whose it is;
    ``down_on_blank``: it came down while blanked. ``single_ns``: when a press began that is a stop unless
    a second one follows; ``single_up_ns``: when it was released. ``swallow_up``: the release belongs to a
    press that already had its effect. ``hidden_ns``: since when a button has blanked. ``covered``: the lens
    is behind its cover. ``powering_off``: POWER_OFF was asked for, nothing starts any more. ``ends_ns``: when
    the time that was booked for this lesson is over, decided when it began.
    """

    phase: Phase = Phase.IDLE
    since_ns: int = 0
    stopped_ns: int | None = None
    down_ns: int | None = None
    down_who: str = ""
    down_on_blank: bool = False
    single_ns: int | None = None
    single_up_ns: int | None = None
    swallow_up: bool = False
    warned: bool = False
    hidden_ns: int | None = None
    covered: bool = False
    powering_off: bool = False
    ends_ns: int | None = None
