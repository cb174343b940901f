"""The way of a recording from press to destruction: one table of transitions, one writer per status.

``interrupted``, ``unclaimed`` and ``untrusted_clock`` are flags of a recording, not statuses.
"""

from __future__ import annotations

import enum

from device.domain.errors import Refused


class Status(enum.Enum):
    """Where a recording is on its way."""

    RECORDING = "recording"
    HELD = "held"
    RELEASED = "released"
    UPLOADING = "uploading"
    DELIVERED = "delivered"
    DISCARDED = "discarded"
    PURGED = "purged"
    WITHDRAWN = "withdrawn"
    DESTROYED = "destroyed"


class Writer(enum.Enum):
    """The process that writes a status; the word is also the name of its unit and subcommand."""

    RECORDER = "recorder"
    SYNC = "sync"
    WEB = "web"


WRITERS: dict[Status, Writer] = {
    Status.RECORDING: Writer.RECORDER,
    Status.HELD: Writer.RECORDER,
    Status.RELEASED: Writer.RECORDER,
    Status.DISCARDED: Writer.RECORDER,
    Status.PURGED: Writer.RECORDER,
    Status.UPLOADING: Writer.SYNC,
    Status.DELIVERED: Writer.SYNC,
    Status.DESTROYED: Writer.SYNC,
    Status.WITHDRAWN: Writer.RECORDER,
}

TRANSITIONS: dict[Status, frozenset[Status]] = {
    Status.RECORDING: frozenset({Status.HELD}),
    Status.HELD: frozenset({Status.RELEASED, Status.DISCARDED}),
    Status.RELEASED: frozenset({Status.UPLOADING, Status.DISCARDED}),
    Status.UPLOADING: frozenset({Status.DELIVERED}),
    Status.DELIVERED: frozenset({Status.PURGED, Status.WITHDRAWN}),
    Status.DISCARDED: frozenset({Status.PURGED}),
    Status.PURGED: frozenset({Status.WITHDRAWN}),
    Status.WITHDRAWN: frozenset({Status.DESTROYED}),
    Status.DESTROYED: frozenset(),
}


def check_transition(current: Status, new: Status, writer: Writer) -> None:
    """Raise Refused unless ``writer`` may move a recording from ``current`` to ``new``."""
    if new not in TRANSITIONS[current]:
        possible = ", ".join(sorted(status.value for status in TRANSITIONS[current])) or "nothing"
        raise Refused(f"a recording that is {current.value} cannot become {new.value}; possible: {possible}")
    if WRITERS[new] is not writer:
        raise Refused(f"only {WRITERS[new].value} may write the status {new.value}, not {writer.value}")


def may_purge(previous: Status, *, receipt_accepted: bool) -> bool:
    """Tell whether local footage may be destroyed: the teacher said no, or a valid receipt says it arrived."""
    return previous is Status.DISCARDED or (previous is Status.DELIVERED and receipt_accepted)


def may_withdraw(current: Status, *, receipt_accepted: bool) -> bool:
    """Tell whether there is a copy elsewhere that a withdrawal must reach (purged after discard has none)."""
    return receipt_accepted and Status.WITHDRAWN in TRANSITIONS[current]


def may_release(current: Status, *, unclaimed: bool, cooling_off_left_s: float) -> bool:
    """Tell whether a held recording may leave the device: claimed, and after the cooling-off."""
    return current is Status.HELD and not unclaimed and cooling_off_left_s <= 0
