"""Aim mode: single stills for pointing the camera, for two minutes after a press at the device itself.

Somebody asks for it (the coach, on the page or the command line); the next press at the device opens the lens
instead of recording. The lights show it, the next press or the end of the time closes it, nothing is kept. One
still a second at most: it is for pointing a camera, not for watching a class.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait

from device import systemd
from device.domain.consent import AimLeave, Reason, Refusal, authorise_aim, lens_reasons
from device.domain.errors import Busy, LeerblikError, Refused, Stuck, Temporary
from device.footage.packets import NS_PER_S
from device.ports import Camera, Clock, Edge, Signal
from device.recorder.face import Face
from device.recorder.masks import Masks

_ASKED_NS = 120 * NS_PER_S
_CLOSED = "the lens is closed: ask to aim, then press the button at the device itself"
# Far longer than it takes to kill a camera's process, and one more that was begun meanwhile.
_CLOSE_LIMIT_S = 20.0
_LOOK_AGAIN_S = 0.05
_log = logging.getLogger(__name__)


class Aiming:
    """Belongs to the recorder's loop; only a still is taken beside it, in a thread of its own.

    ``light_works`` and ``lens_covered`` tell how it is now, ``announce`` tells whoever follows the events.
    """

    def __init__(
        self,
        camera: Camera,
        clock: Clock,
        masks: Masks,
        face: Face,
        announce: Callable[[str], None],
        *,
        light_works: Callable[[], bool],
        lens_covered: Callable[[], bool],
    ) -> None:
        self._camera = camera
        self._clock = clock
        self._masks = masks
        self._face = face
        self._announce = announce
        self._light_works = light_works
        self._lens_covered = lens_covered
        self._asked_until_ns = 0
        self._leave: AimLeave | None = None
        self._looked_ns: int | None = None
        self._picture: Future[bytes] | None = None
        self._failed = self._closing = False

    @property
    def is_open(self) -> bool:
        """Whether the lens is open for aiming."""
        return self._leave is not None

    @property
    def left_s(self) -> float:
        """Seconds that the lens stays open for aiming, or that a press at the device would open it; 0: neither."""
        leave = self._leave  # it is asked from the still's thread, too
        until_ns = leave.until_ns if leave else self._asked_until_ns
        return max(0, until_ns - self._clock.monotonic_ns()) / NS_PER_S

    def ask(self) -> None:
        """Let the next press at the device open the lens for aiming."""
        self._asked_until_ns = self._clock.monotonic_ns() + _ASKED_NS

    def takes(self, edge: Edge) -> bool:
        """Take a press that is meant for aiming; False: it means what it always means.

        Where it may not open the lens, the room sees that, and it can be pressed again.
        """
        if not edge.down:
            return False
        if self._leave is not None:
            self.close()
            return True
        if edge.at_ns >= self._asked_until_ns:
            return False
        decision = authorise_aim(
            edge.at_ns, self._clock.monotonic_ns(), by_hand=edge.by_hand,
            light_works=self._light_works(), lens_covered=self._lens_covered(),
        )  # fmt: skip
        if isinstance(decision, Refusal):
            self._face.refuse_for(*decision.reasons)
        elif decision is not None:
            self._open(decision)
        return decision is not None

    def _open(self, leave: AimLeave) -> None:
        self._leave, self._asked_until_ns = leave, 0
        self._failed = self._closing = False
        # The light first, as for a lesson.
        self._face.show(Signal.AIMING)
        self._announce("aim_opened")

    def still(self) -> Future[bytes]:
        """Begin to take one JPEG; the camera may need its time, and the loop goes on meanwhile.

        Refused unless somebody pressed at the device for it, Busy when the one before it was just now. The future
        carries what the camera raised; then the lens is closed.
        """
        self.tick()
        leave, now_ns = self._leave, self._clock.monotonic_ns()
        if leave is None:
            raise Refused(_CLOSED)
        if self._is_looking or not leave.allows_still(self._looked_ns, now_ns):
            raise Busy("there is one picture a second at most; ask again in a moment")
        try:
            self._camera.mask(self._masks.drawn())
        except LeerblikError:
            self.close()
            raise
        self._looked_ns = now_ns
        picture = self._picture = Future()
        threading.Thread(target=self._look, args=(leave, picture), name="still", daemon=True).start()
        return picture

    def tick(self) -> None:
        """Close the lens when the time is over, when it failed, and when nobody can see any more that it is open."""
        if self._leave is None:
            return
        reasons = self._reasons()
        if reasons or self._failed or self._clock.monotonic_ns() >= self._leave.until_ns:
            self.close()
        if reasons:
            self._face.refuse_for(*reasons)

    def close(self) -> None:
        """Close the lens, also while a still is being taken. Harmless when it is closed.

        Stuck when the camera hangs: then only the end of this process closes it, and the lights go on to say
        that it is open.
        """
        if self._leave is None:
            return
        self._closing = True
        with systemd.patience(_CLOSE_LIMIT_S):
            self._close_camera()
        self._leave = None
        self._face.refresh(None)
        self._announce("aim_closed")

    def _reasons(self) -> tuple[Reason, ...]:
        return lens_reasons(light_works=self._light_works(), lens_covered=self._lens_covered())

    @property
    def _is_looking(self) -> bool:
        return self._picture is not None and not self._picture.done()

    def _close_camera(self) -> None:
        until_s = time.monotonic() + _CLOSE_LIMIT_S
        self._camera.stop()
        # The thread may have come to the camera only after that, and have opened it again.
        while self._picture is not None and self._is_looking:
            if time.monotonic() >= until_s:
                raise Stuck("the camera hangs and cannot be closed")
            wait([self._picture], _LOOK_AGAIN_S)
            self._camera.stop()

    # --- the thread

    def _look(self, leave: AimLeave, picture: Future[bytes]) -> None:
        problem: LeerblikError | None = None
        jpeg = b""
        try:
            jpeg = self._camera.aim(leave)
        except LeerblikError as error:
            problem = error
        except Exception as error:  # noqa: BLE001  # top of a thread: whatever it was, who asked hears of it
            _log.error("the camera failed", exc_info=True)
            problem = Temporary(f"the camera failed ({type(error).__name__}: {error}); check its cable")
        self._failed = problem is not None
        if self._closing:
            problem = Refused(_CLOSED)
        if problem is None:
            picture.set_result(jpeg)
        else:
            picture.set_exception(problem)
