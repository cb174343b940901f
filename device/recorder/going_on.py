"""A note in memory about the lesson that is being recorded, so that a recorder that died can go on with it.

It lies in the runtime folder (tmpfs) and is gone with the power: after a cut nobody may be filmed who did not
see the press. Written every second, because the time of the last line is when the picture was lost.
"""

from __future__ import annotations

import json
import logging
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from device.domain.errors import Permanent
from device.domain.identifiers import is_ulid
from device.domain.strict import Fields, parse_object

NAME = "lesson.json"
# Whoever died longer ago than this, or this often in one lesson, does not open the lens again by itself.
LATEST_NS = 60_000_000_000
MOST_TIMES = 5
_FAR_NS = 1 << 62
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class GoingOn:
    """A lesson that was being recorded at ``alive_ns``; times are of the monotonic clock.

    ``since_ns`` is when it began, ``zero_ns`` the stamp of its first picture, ``filmed_ns`` that of the newest
    one that was written (a recorder that stood still was alive without filming), ``times`` how often it was
    gone on with already, ``ends_ns`` when its booked time is over (None: nothing says so), ``booking`` the one that
    it was begun under ("": none), ``sound`` whether it may be heard.
    """

    recording: str
    boot_id: str
    since_ns: int
    zero_ns: int
    filmed_ns: int
    alive_ns: int
    blanked: bool
    warned: bool
    pressed_by: str
    times: int
    booking: str
    sound: bool
    ends_ns: int | None = None

    def may_go_on(self, boot_id: str, now_ns: int) -> bool:
        """Tell whether it is so fresh that the people in the room are still those who saw the press."""
        fresh = 0 <= now_ns - self.alive_ns < LATEST_NS
        return self.boot_id == boot_id and fresh and self.times < MOST_TIMES


class Memo:
    """Keeps the note of the lesson that is being recorded. Belongs to the recorder's loop."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._note: GoingOn | None = None

    def keep(self, note: GoingOn) -> None:
        """Replace the note. When memory is full there is none then: an old one could say that nothing is hidden."""
        self._note = note
        try:
            write(self._folder, note)
        except OSError as error:
            _log.debug("the note about this lesson could not be written: %s", error)
            self.forget()

    def hide(self, blanked: bool, now_ns: int) -> None:
        """Note that picture and sound are hidden from now on, or shown; of a lesson that is noted already."""
        if self._note is not None:
            self.keep(replace(self._note, blanked=blanked, alive_ns=now_ns))

    def forget(self) -> None:
        """Nobody goes on with this lesson."""
        self._note = None
        remove(self._folder)


def write(folder: Path, note: GoingOn) -> None:
    """Replace the note; OSError when memory is full."""
    fresh = folder / f".{NAME}"
    # A new file for nobody else: what stands in the note opens the lens.
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
        file.write(json.dumps(asdict(note)).encode())
    fresh.replace(folder / NAME)


def remove(folder: Path) -> None:
    """Forget the lesson: it was ended on purpose. Harmless when there is none."""
    (folder / NAME).unlink(missing_ok=True)


def read(folder: Path) -> GoingOn | None:
    """Return the note, or None when there is none that can be read."""
    try:
        data = (folder / NAME).read_bytes()
    except FileNotFoundError:
        return None
    try:
        return _read(data)
    except Permanent as error:
        _log.warning("the note about the lesson before is damaged: %s", error)
        return None


def _read(data: bytes) -> GoingOn:
    fields = Fields(parse_object(data, "the note"), "note")
    recording = fields.take("recording", str)
    if not is_ulid(recording):
        raise Permanent(f"note.recording is not the name of a recording: {recording!r}")
    note = GoingOn(
        recording=recording,
        boot_id=fields.take("boot_id", str),
        **{key: fields.integer(key, 0, _FAR_NS) for key in ("since_ns", "zero_ns", "filmed_ns", "alive_ns")},
        blanked=fields.take("blanked", bool),
        warned=fields.take("warned", bool),
        pressed_by=fields.take("pressed_by", str),
        times=fields.integer("times", 0, _FAR_NS),
        booking=fields.take("booking", str),
        sound=fields.take("sound", bool),
        ends_ns=fields.take_optional("ends_ns", int),
    )
    fields.done()
    return note
