"""A camera that stands ready while a lesson is booked, so that a lesson begins with the press and not a second later.

Everything is done but the opening of the lens: no picture is taken before the press, so there is nothing that could
be recorded or seen. Only while a press would record a booked lesson, and never while anything is the matter with
the device: then its lights say that, and the camera is closed. The lights show that it stands ready.
"""

from __future__ import annotations

import contextlib
import logging
import queue
from collections.abc import Callable

from device import systemd
from device.domain.consent import Refusal, WarmLeave
from device.domain.errors import LeerblikError, Temporary
from device.footage.packets import NS_PER_S
from device.ports import Camera, Clock
from device.recorder.checkup import Aside
from device.recorder.health import Health
from device.recorder.judging import Judge

# How often it is asked whether it may; what was covered or is used otherwise closes it at once.
_EVERY_NS = 2 * NS_PER_S
# After a lesson the room sees first what became of it.
_REST_NS = 10 * NS_PER_S
# One that fails is tried less and less often, until it stood ready for longer than the last of these.
_PAUSES_NS = tuple(seconds * NS_PER_S for seconds in (5, 10, 20, 40, 60))
_LOOK_AGAIN_S = 0.1
_CLOSE_LIMIT_S = 20.0
DIED = "the camera stood ready and does not any more; it is started anew, check its cable"
Announce = Callable[[str], None]
_log = logging.getLogger(__name__)


class Warm:
    """Belongs to the recorder's loop; only getting ready is done ``aside``. ``announce`` tells whoever follows.

    ``wished``: as it is set; without it nothing here does anything.
    """

    def __init__(
        self,
        camera: Camera,
        clock: Clock,
        judge: Judge,
        health: Health,
        announce: Announce,
        *,
        wished: bool,
        aside: Aside,
    ) -> None:
        self._camera = camera
        self._clock = clock
        self._judge = judge
        self._health = health
        self._announce = announce
        self._wished = wished
        self._aside = aside
        self._leave: WarmLeave | None = None
        self._getting_ready = False
        self._done: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._misses = 0
        self._again_ns = self._due_ns = self._since_ns = 0
        self._allowed: WarmLeave | None = None

    @property
    def is_on(self) -> bool:
        """Whether the camera stands ready."""
        return self._leave is not None and not self._getting_ready

    def look(self, *, free: bool) -> bool:
        """Get ready, or close; called often. ``free``: nobody else uses the lens or is about to.

        Returns whether the lights must say something else now.
        """
        was_on, problems = self.is_on, self._health.problems
        now_ns = self._clock.monotonic_ns()
        self._hear(now_ns)
        in_time = self._leave is not None and now_ns < self._leave.until_ns
        if self.is_on and in_time and not self._camera.is_prepared():
            self._fail(DIED, now_ns)
        leave = self._wanted(now_ns, free=free)
        if self._leave is not None and (leave is None or not in_time):
            self.close()
        elif leave is not None and self._leave is None and now_ns >= self._again_ns:
            self._begin(leave)
        return self.is_on is not was_on or self._health.problems != problems

    def _begin(self, leave: WarmLeave) -> None:
        self._leave, self._getting_ready = leave, True
        self._aside(lambda: self._get_ready(leave))

    def make_way(self) -> None:
        """Give up getting ready: a lesson is to begin. What stands ready stays so, and is used."""
        if self.is_on and not self._camera.is_prepared():
            self._leave = None  # whoever looked at the camera just now has stopped it
        if not self._getting_ready:
            return
        with systemd.patience(_CLOSE_LIMIT_S):
            while self._getting_ready:
                # Its thread may come to the camera only after this.
                with contextlib.suppress(LeerblikError):
                    self._camera.stop()
                with contextlib.suppress(queue.Empty):
                    self._done.get(timeout=_LOOK_AGAIN_S)
                    self._getting_ready = False
        self._leave = None

    def taken(self) -> None:
        """A lesson has begun: the camera is no longer this one's, and what was decided before it is decided anew."""
        self._leave = None
        self._rest(self._clock.monotonic_ns())

    def close(self) -> None:
        """Let the camera stand ready no longer; harmless when it does not. Stuck when it hangs."""
        was_on = self.is_on
        self.make_way()
        if was_on:
            self._leave, self._misses = None, 0
            with systemd.patience(_CLOSE_LIMIT_S):
                self._camera.stop()
            self._announce("warm_closed")

    def _wanted(self, now_ns: int, *, free: bool) -> WarmLeave | None:
        """Return leave to stand ready now; None when it may not."""
        if not free:
            self._rest(now_ns)
        if not (self._wished and free) or self._judge.lens_covered or self._health.problems:
            self._allowed, self._due_ns = None, 0
            return None
        if now_ns >= self._due_ns:
            self._due_ns = now_ns + _EVERY_NS
            decision = self._judge.warm()
            self._allowed = None if isinstance(decision, Refusal) else decision
        over = self._allowed is not None and now_ns >= self._allowed.until_ns
        return None if over else self._allowed

    def _rest(self, now_ns: int) -> None:
        self._again_ns = max(self._again_ns, now_ns + _REST_NS)
        self._allowed, self._due_ns = None, 0

    def _hear(self, now_ns: int) -> None:
        try:
            problem = self._done.get_nowait()
        except queue.Empty:
            return
        self._getting_ready = False
        if problem:
            self._fail(problem, now_ns)
        else:
            self._since_ns = now_ns
            self._announce("warm_opened")

    def _fail(self, problem: str, now_ns: int) -> None:
        """Show the fault, close, and try again later."""
        if self.is_on and now_ns - self._since_ns > _PAUSES_NS[-1]:
            self._misses = 0
        self._leave = None
        with contextlib.suppress(Temporary), systemd.patience(_CLOSE_LIMIT_S):
            self._camera.stop()
        self._again_ns = now_ns + _PAUSES_NS[min(self._misses, len(_PAUSES_NS) - 1)]
        self._misses += 1
        self._health.note("camera", problem)

    # --- the thread

    def _get_ready(self, leave: WarmLeave) -> None:
        try:
            self._camera.prepare(leave)
        except LeerblikError as error:
            self._done.put(str(error))
        except Exception as error:  # noqa: BLE001  # top of a thread: whatever it was, the loop hears of it
            _log.error("the camera failed", exc_info=True)
            self._done.put(f"the camera failed ({type(error).__name__}: {error}); check its cable")
        else:
            self._done.put("")
