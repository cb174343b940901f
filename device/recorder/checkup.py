"""Looks at the device while nothing is recorded: is everything there that a lesson needs?

What is missing does not keep the recorder from coming up: it is said (light, status, journal), tried again, and
used from the moment it is there.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable

from device.domain.errors import LeerblikError
from device.footage.packets import NS_PER_S
from device.ports import Edge
from device.recorder.desk import Desk, Machine
from device.recorder.health import Health
from device.recorder.late import LateIndicators, LateTriggers
from device.recorder.nurse import CARD_FULL
from device.recorder.tidings import Tidings

_EVERY_NS = 5 * NS_PER_S
# Looking for a camera can take a process and seconds: an absent one is looked for less and less often. A press
# looks at once.
_LOOK_AGAIN_S = 0.1
_CAMERA_EVERY_NS = tuple(seconds * NS_PER_S for seconds in (5, 10, 20, 40, 60))
Aside = Callable[[Callable[[], None]], None]


def in_a_thread(work: Callable[[], None]) -> None:
    """Do something slow beside the loop."""
    threading.Thread(target=work, name="checkup", daemon=True).start()


class Checkup:
    """Belongs to the recorder's loop. ``hears`` tells whether sound was agreed on, so that a microphone is needed."""

    def __init__(
        self,
        machine: Machine,
        desk: Desk,
        health: Health,
        tidings: Tidings,
        lights: LateIndicators,
        buttons: LateTriggers,
        reserve_bytes: int,
        *,
        hears: Callable[[], bool],
        aside: Aside = in_a_thread,
    ) -> None:
        self._machine = machine
        self._desk = desk
        self._health = health
        self._tidings = tidings
        self._lights = lights
        self._buttons = buttons
        self._reserve_bytes = reserve_bytes
        self._hears = hears
        self._aside = aside
        self._due_ns = self._camera_due_ns = 0
        self._misses = 0
        self._looks_at_camera = False
        self._seen: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._clock_was_trusted = machine.clock.trusted()

    def look(self, on_edge: Callable[[Edge], None], *, idle: bool) -> None:
        """Look, now and then; lens and microphone only while nothing else uses them."""
        before = self._health.problems
        self._lights.try_again(self._health.note)
        self._buttons.try_again(on_edge, self._health.note)
        now_ns = self._machine.clock.monotonic_ns()
        self._look_at_camera(now_ns, idle=idle)
        if now_ns >= self._due_ns:
            self._due_ns = now_ns + _EVERY_NS
            self._look_at_clock()
            if idle:
                self._look_at_parts()
        if self._health.problems != before:
            self._desk.refresh_light()

    def let_go(self) -> None:
        """Give up a look at the camera that is going on: a lesson is to begin, and the camera may be hanging."""
        # It may be over, and nobody have heard of it yet: then the camera is left as it is, perhaps ready to film.
        self._hear_of_camera(0.0)
        while self._looks_at_camera:
            # Its thread may come to the camera only after this.
            with contextlib.suppress(LeerblikError):
                self._machine.camera.stop()
            self._hear_of_camera(_LOOK_AGAIN_S)

    def _hear_of_camera(self, timeout_s: float) -> None:
        with contextlib.suppress(queue.Empty):
            self._seen.get(timeout=timeout_s)
            self._looks_at_camera = False

    def _look_at_parts(self) -> None:
        self._health.note("microphone", self._machine.microphone.missing() if self._hears() else "")
        full = self._desk.free_bytes() < self._reserve_bytes
        self._health.note("card", CARD_FULL if full else "")

    def _look_at_camera(self, now_ns: int, *, idle: bool) -> None:
        if idle and not self._looks_at_camera and now_ns >= self._camera_due_ns:
            self._looks_at_camera = True
            self._aside(self._find_camera)
        try:
            problem = self._seen.get_nowait()
        except queue.Empty:
            return
        self._looks_at_camera = False
        self._misses = self._misses + 1 if problem else 0
        waits = _CAMERA_EVERY_NS[min(self._misses, len(_CAMERA_EVERY_NS)) - 1] if problem else _EVERY_NS
        self._camera_due_ns = now_ns + waits
        if idle:  # else a lesson has begun meanwhile, and knows better
            self._health.note("camera", problem)

    def _find_camera(self) -> None:
        try:
            self._machine.camera.format()
        except LeerblikError as error:
            self._seen.put(str(error))
        else:
            self._seen.put("")

    def _look_at_clock(self) -> None:
        trusted = self._machine.clock.trusted()
        if trusted and not self._clock_was_trusted:
            self._tidings.tell("clock_trusted")
        self._clock_was_trusted = trusted
