"""A camera in a process of its own: when libcamera hangs or crashes, that process is killed and started anew.

Sound, light and button go on in the recorder meanwhile, and the idle recorder carries none of the camera's
libraries. The process exists from start, aim or prepare to stop, no longer.
"""

from __future__ import annotations

import pickle
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from device.domain.consent import AimLeave, Permit, WarmLeave
from device.domain.errors import Busy, LeerblikError, Stuck, Temporary
from device.domain.mask import Polygon, write_polygons
from device.drivers._source import require_permit
from device.drivers.camera._child import Child
from device.drivers.camera._leave import require_leave, require_warm_leave
from device.ports import FootageSink, VideoFormat


@dataclass(frozen=True, slots=True)
class Limits:
    """How long it may take until the lens is open, to make a still, to obey, and to close.

    ``ready_limit_s``: until the lens of a camera that stands ready is open; after that it is opened anew.
    """

    open_limit_s: float = 30.0
    obey_limit_s: float = 1.0
    stop_limit_s: float = 3.0
    ready_limit_s: float = 5.0


_QUIET_S = 2.0
# What does not need the camera's process lets go of the guard within less than this.
_GRACE_S = 0.25
_FASTEST = 1000


def _nothing_to_check() -> None:
    """Take the camera's presence for granted until it is opened."""


class ApartCamera:
    """Fulfils the Camera port for the driver that ``target`` (``module:function``) builds from ``options``.

    ``form`` is what it will deliver, if that is known without asking the camera; ``check_present`` raises
    Temporary when the camera is absent, cheaply.
    """

    def __init__(
        self,
        target: str,
        options: Mapping[str, Any],
        *,
        form: VideoFormat | None = None,
        check_present: Callable[[], None] = _nothing_to_check,
        limits: Limits | None = None,
    ) -> None:
        self._target = target
        self._options = dict(options)
        self._known = self._format = form
        self._check_present = check_present
        self._limits = limits or Limits()
        self._guard = threading.Lock()
        self._wishes = threading.Lock()
        self._child: Child | None = None
        self._filming = False
        self._blanked = False
        self._polygons: tuple[Polygon, ...] = ()
        self._until_ns = 0
        self._prepared = False
        self._trouble: LeerblikError | None = None
        self._quiet_until_s = 0.0
        self._frames = 0

    def format(self) -> VideoFormat:
        """Return what it will deliver; the camera is asked once, and again after it failed.

        What is wrong with it is remembered for a minute, so that looking at it now and then costs nothing.
        """
        with self._guard:
            if not self._filming:
                self._check_present()
            if self._format is None:
                self._format = self._ask_format()
            return self._format

    def start(self, permit: Permit, sink: FootageSink, origin_ns: int) -> None:
        """Open the lens; returns when it is open, raises what the driver raised, Temporary after 30 s."""
        require_permit(permit)
        with self._guard:
            if self._filming:
                raise Busy("the camera has already been started; stop it first")
            self._frames = 0
            if not self._start_prepared(permit, sink, origin_ns):
                self._start_in(self._living_child(), permit, sink, origin_ns, self._limits.open_limit_s)
            self._filming, self._trouble = True, None

    def _start_prepared(self, permit: Permit, sink: FootageSink, origin_ns: int) -> bool:
        """Open the lens of a camera that stands ready; False when that does not work: then it is opened anew."""
        child = self._child
        if child is None or not self.is_prepared():
            return False
        try:
            self._start_in(child, permit, sink, origin_ns, self._limits.ready_limit_s)
        except Temporary:
            if child.abandoned:
                raise
            return False
        return True

    def _start_in(
        self, child: Child, permit: Permit, sink: FootageSink, origin_ns: int, limit_s: float
    ) -> None:
        self._child, self._prepared = child, False
        child.deliver_to(sink)
        try:
            with self._wishes:
                child.tell(
                    "start", pickle.dumps(permit), origin_ns=origin_ns, blanked=self._blanked,
                    polygons=write_polygons(self._polygons),
                )  # fmt: skip
            child.answer(limit_s)
        except LeerblikError:
            self._give_up(child)
            raise

    def blank(self, blanked: bool) -> None:
        """Deliver black pictures until told otherwise; it takes hold also while the lens is being opened.

        A process that films and does not obey within a second is killed.
        """
        with self._wishes:
            self._blanked = blanked
            child = self._child
            if child is None:
                return
            waits = self._filming and not child.is_calling
            child.tell("blank", blanked=blanked, answer=waits)
        if waits:
            # Killed or dead: then the sink hears of it, and nothing is delivered at all.
            with suppress(LeerblikError):
                child.answer(self._limits.obey_limit_s)

    def mask(self, polygons: Sequence[Polygon]) -> None:
        """Paint these areas black from the next start and the next still on."""
        self._polygons = tuple(polygons)

    def aim(self, leave: AimLeave) -> bytes:
        """Return a still. The lens stays open until :meth:`stop`, at most until the leave ends."""
        require_leave(leave)
        with self._guard:
            if self._filming:
                raise Busy("the camera is recording; a still can be had when the lesson is over")
            child = self._child = self._living_child()
            self._prepared = False
            try:
                self._until_ns = leave.until_ns
                child.tell("aim", pickle.dumps(leave), polygons=write_polygons(self._polygons))
                return child.answer(self._limits.open_limit_s).payload
            except LeerblikError:
                self._give_up(child)
                raise

    def prepare(self, leave: WarmLeave) -> None:
        """Have a process stand ready that has done everything but open the lens; it ends with the leave."""
        require_warm_leave(leave)
        with self._guard:
            if self._filming:
                raise Busy("the camera is recording; it need not be held ready")
            self._check_present()
            child = self._child = self._living_child()
            try:
                self._until_ns = leave.until_ns
                child.tell("prepare", pickle.dumps(leave))
                child.answer(self._limits.open_limit_s)
            except LeerblikError:
                self._give_up(child)
                raise
            self._prepared = True

    def is_prepared(self) -> bool:
        """Tell whether a process stands ready."""
        child = self._child
        in_time = time.monotonic_ns() < self._until_ns
        return self._prepared and in_time and child is not None and child.alive

    def stop(self) -> None:
        """Close the lens; a camera that does not close in time loses its process, and that closes it.

        Stuck as long as not even that closes it: then whatever is asked of this camera says so.

        A start, a format or a still that another thread is waiting for loses its process at once.
        """
        with self._guard_at_once():
            child, self._child, self._filming = self._child, None, False
            self._prepared = False
            if child is not None and not child.alive:
                self._format = self._known
        if child is not None:
            try:
                child.end(self._limits.stop_limit_s)
            except Stuck:
                self._child = child  # it may have the lens open: it must not be forgotten
                raise
            finally:
                self._frames = child.frames

    def frames(self) -> int:
        """Return how many frames were captured since the start."""
        child = self._child
        return child.frames if child is not None else self._frames

    @contextmanager
    def _guard_at_once(self) -> Iterator[None]:
        """Hold the guard. Whoever has it and waits for a process does not get its answer: the process is killed."""
        while not self._guard.acquire(timeout=_GRACE_S):
            child = self._child
            if child is not None:
                child.abandon()
        try:
            yield
        finally:
            self._guard.release()

    def _living_child(self) -> Child:
        """Return the process that films, aims or stands ready, or a new one; when its time is over, it is closing."""
        if self._child is not None:
            in_time = self._filming or time.monotonic_ns() < self._until_ns
            if self._child.alive and in_time:
                return self._child
            self._child.end(self._limits.stop_limit_s)
        return Child(self._target, self._options)

    def _ask_format(self) -> VideoFormat:
        """Ask the camera, but not again and again when it has trouble: each time costs a process."""
        if self._trouble is not None and time.monotonic() < self._quiet_until_s:
            raise type(self._trouble)(str(self._trouble))
        if self._filming and self._child is not None and not self._child.alive:
            raise Temporary(self._child.ended)
        in_use = self._child is not None
        child = self._child = self._living_child()
        try:
            child.tell("format")
            form = _read_format(child.answer(self._limits.open_limit_s).values)
        except LeerblikError as trouble:
            if not self._filming:
                if not child.abandoned:
                    self._trouble, self._quiet_until_s = trouble, time.monotonic() + _QUIET_S
                self._give_up(child)
            raise
        if not in_use:
            self._give_up(child)
        return form

    def _give_up(self, child: Child) -> None:
        """End a process that is of no use any more; what it said about its format is asked again."""
        self._format = self._known
        child.end(self._limits.stop_limit_s)
        # Not before: until it has ended, another thread that stops the camera must find it.
        self._child = None


def _read_format(values: Mapping[str, Any]) -> VideoFormat:
    match values.get("format"):
        case [int(width), int(height), int() | float() as frame_rate] if 0 < frame_rate < _FASTEST:
            return VideoFormat(width, height, frame_rate)
    raise Temporary("the camera's process said something unintelligible; check the camera's cable")
