"""A badge reader that types like a keyboard: a known badge is one press, and whose badge it was is who pressed."""

from __future__ import annotations

import logging
import os
import select
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from device.domain.errors import Busy, LeerblikError
from device.domain.settings import REQUIRED, Setting
from device.drivers.trigger._badge import BadgeLine, check_hashes, check_salt, hash_badge
from device.drivers.trigger._codes import read_codes
from device.drivers.trigger._keyboard import Keyboard, find_keyboard
from device.ports import Edge, Trigger

_TABLE = "trigger.evdev_badge"
_EXAMPLE = "6e340b9cffb37a989ca544e6bb780a2c=teacher-1"
_LOOK_AGAIN_S = 1.0
_NS_PER_S = 1_000_000_000
_log = logging.getLogger(__name__)

OPTIONS = (
    Setting(
        "reader", str, "name of the reader as in /proc/bus/input/devices, or a path below /dev/input",
        REQUIRED, "/dev/input/by-id/usb-badge-reader-event-kbd",
    ),
    Setting("badges", list, "hash of each badge and whose it is, by code or initials", [], [_EXAMPLE]),
    Setting(
        "salt", str, "made up once at random for all badges, at least 16 characters",
        REQUIRED, "example: make your own",
    ),
    Setting("again_s", float, "seconds for which a badge that stays on the reader is one press", 2.0, 5.0, 0, 60),
)  # fmt: skip


def verify(options: Mapping[str, Any]) -> None:
    """Raise Permanent when a badge stands in the settings in clear, or twice, or the salt is too short."""
    check_hashes(options["badges"], f"{_TABLE}.badges")
    _whose(options)
    check_salt(options["salt"], f"{_TABLE}.salt")


def build(options: Mapping[str, Any], *, find: Callable[[], Keyboard] | None = None) -> Trigger:
    """Return the trigger. ``find`` returns the keyboard, and raises Temporary while there is none."""
    verify(options)
    reader = options["reader"]
    return BadgeTrigger(
        find or (lambda: find_keyboard(reader)),
        _whose(options),
        options["salt"],
        round(options["again_s"] * _NS_PER_S),
    )


def _whose(options: Mapping[str, Any]) -> dict[str, str]:
    return read_codes(options["badges"], f"{_TABLE}.badges", _EXAMPLE)


class BadgeTrigger:
    """Reports a press (down and up at once) for each known badge; an unknown one is a line in the log.

    A reader that is unplugged is looked for until it is back.
    """

    def __init__(
        self, find: Callable[[], Keyboard], badges: Mapping[str, str], salt: str, again_ns: int
    ) -> None:
        self._find = find
        self._badges = badges
        self._salt = salt
        self._again_ns = again_ns
        self._guard = threading.Lock()
        self._watch: _Watch | None = None

    def start(self, on_edge: Callable[[Edge], None]) -> None:
        """Listen to the reader; Temporary when it is not there."""
        with self._guard:
            if self._watch is not None:
                raise Busy("the badge reader is already being listened to; stop it first")
            presses = _Presses(self._badges, self._salt, self._again_ns)
            self._watch = _Watch(self._find, presses, on_edge)
            self._watch.start()

    def stop(self) -> None:
        """Let go of the reader."""
        with self._guard:
            watch, self._watch = self._watch, None
        if watch is not None:
            watch.close()


class _Presses:
    """Makes presses of keys."""

    def __init__(self, badges: Mapping[str, str], salt: str, again_ns: int) -> None:
        self._badges = badges
        self._salt = salt
        self._again_ns = again_ns
        self._line = BadgeLine()
        self._last: tuple[str, int] | None = None

    def key(self, code: int, at_ns: int) -> tuple[Edge, ...]:
        """Return the edges of a press when this key ended the number of a known badge."""
        number = self._line.key(code, at_ns)
        if number is None:
            return ()
        hashed = hash_badge(number, self._salt)
        last, self._last = self._last, (hashed, at_ns)
        if last is not None and last[0] == hashed and at_ns - last[1] < self._again_ns:
            return ()
        who = self._badges.get(hashed)
        if who is None:
            _log.warning("a badge that belongs to no teacher was held to the reader; nothing was started")
            return ()
        return Edge(True, at_ns, who=who), Edge(False, at_ns, who=who)

    def forget(self) -> None:
        """The reader is gone in the middle of a number."""
        self._line.forget()


class _Watch(threading.Thread):
    """Reads the keyboard, and looks for it again when it is gone."""

    def __init__(
        self, find: Callable[[], Keyboard], presses: _Presses, on_edge: Callable[[Edge], None]
    ) -> None:
        super().__init__(name="badge", daemon=True)
        self._find = find
        self._presses = presses
        self._on_edge = on_edge
        self._keyboard: Keyboard | None = find()
        self._closed = False
        self._end = os.eventfd(0, os.EFD_CLOEXEC)

    def close(self) -> None:
        """Report nothing more."""
        self._closed = True
        os.eventfd_write(self._end, 1)
        if threading.current_thread() is not self:
            self.join()

    def run(self) -> None:
        """Work until :meth:`close`."""
        while not self._closed:
            if self._keyboard is None:
                self._look_again()
            else:
                self._listen(self._keyboard)
        if self._keyboard is not None:
            self._keyboard.close()
        os.close(self._end)

    def _listen(self, keyboard: Keyboard) -> None:
        select.select([keyboard.fileno(), self._end], [], [])
        try:
            codes = [] if self._closed else keyboard.pressed()
        except OSError:
            _log.warning("the badge reader is gone; it is looked for until it is back")
            keyboard.close()
            self._keyboard = None
            self._presses.forget()
            return
        at_ns = time.monotonic_ns()
        for code in codes:
            for edge in self._presses.key(code, at_ns):
                if not self._closed:
                    self._on_edge(edge)

    def _look_again(self) -> None:
        try:
            self._keyboard = self._find()
            _log.info("the badge reader is back")
        except LeerblikError:
            select.select([self._end], [], [], _LOOK_AGAIN_S)
